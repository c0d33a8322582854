//! Organizations: made, found, renamed, handed over, deleted.

use tenantry_core::authz::{OrganizationRef, View};
use tenantry_core::error::Kind;
use tenantry_core::filter::{Comparison, Filter, Test};
use tenantry_core::ids::OrganizationId;
use tenantry_core::organization::{
    DefaultWorkspaces, Link, NewOrganization, OrganizationChange, OrganizationField, OrganizationQuery,
};
use tenantry_core::page::{Order, PageRequest};
use tenantry_core::permission::BuiltinRole;
use tenantry_core::settings::Settings;
use tenantry_core::workspace::Deleted;
use tenantry_testkit::{Member, TestCore};
use uuid::Uuid;

use crate::asking::{every_workspace, first_page, kind, names, reason, refusal};

on_both_engines!(
    is_found_by_id_name_and_key,
    names_and_keys_are_unique_on_the_server,
    an_id_of_the_clients_own_is_kept,
    a_deleted_one_is_out_of_reach_and_frees_its_name,
    lists_show_what_one_belongs_to,
    an_owner_hands_over,
    shared_default_workspace_comes_with_it,
    changes_are_kept_and_checked,
);

fn called(name: &str) -> NewOrganization {
    NewOrganization {
        name: name.to_owned(),
        default_workspaces: DefaultWorkspaces::None,
        ..Default::default()
    }
}

fn renamed(name: &str) -> OrganizationChange {
    OrganizationChange { name: Some(name.to_owned()), ..Default::default() }
}

async fn is_found_by_id_name_and_key(core: TestCore) {
    let root = core.root().await;
    let made = core.organization(&root, "Straße & Söhne").await;
    assert_eq!(made.key, "strasse-sohne".replace("strasse", "stra-e"), "a slug keeps what NFKD leaves of it");
    for text in
        [made.id.to_string(), made.id.to_string().to_uppercase(), "STRASSE & SÖHNE".into(), made.key.clone()]
    {
        let found = core.get_organization(&root.caller, OrganizationRef::parse(&text)).await;
        assert_eq!(found.unwrap(), made, "{text}");
    }
    for text in ["Strasse", "", "%", "stra_e-sohne"] {
        assert_eq!(
            kind(core.get_organization(&root.caller, OrganizationRef::parse(text)).await),
            Kind::Hidden
        );
    }
}

async fn names_and_keys_are_unique_on_the_server(core: TestCore) {
    let root = core.root().await;
    core.organization(&root, "North Sea").await;
    let second = core.organization(&root, "north-sea!").await;
    assert_eq!(second.key, "north-sea-2");
    for taken in ["NORTH sea", "north-sea", "North-Sea-2"] {
        let again = core.create_organization(&root.caller, called(taken)).await;
        assert_eq!(reason(again), "organization.name_taken", "{taken}");
    }
    let key = NewOrganization { key: Some("north-sea".into()), ..called("Other") };
    assert_eq!(reason(core.create_organization(&root.caller, key).await), "organization.key_taken");
    let key_like_a_name = NewOrganization { key: Some("north-sea-2".into()), ..called("Another") };
    assert_eq!(kind(core.create_organization(&root.caller, key_like_a_name).await), Kind::AlreadyExists);

    let by = OrganizationRef::Id(second.id);
    for taken in ["North SEA", "north-sea"] {
        let rename = core.update_organization(&root.caller, by.clone(), renamed(taken)).await;
        assert_eq!(reason(rename), "organization.name_taken", "{taken}");
    }
    // Its own name in other letters, and its own key, stand in nobody's way.
    for own in ["North-sea!", "north-sea-2"] {
        let rename = core.update_organization(&root.caller, by.clone(), renamed(own)).await.unwrap();
        assert_eq!((rename.name.as_str(), rename.key.as_str()), (own, "north-sea-2"));
    }
    // A number that is another's name is taken too.
    let named = NewOrganization { key: Some("own-key".into()), ..called("North-Sea-3") };
    core.create_organization(&root.caller, named).await.unwrap();
    assert_eq!(core.organization(&root, "north_sea").await.key, "north-sea-4");
}

async fn an_id_of_the_clients_own_is_kept(core: TestCore) {
    let root = core.root().await;
    let id = OrganizationId::from_uuid(Uuid::from_u128(7));
    let made =
        core.create_organization(&root.caller, NewOrganization { id: Some(id), ..called("Seven") }).await;
    assert_eq!(made.unwrap().id, id);
    for taken in [id, OrganizationId::SERVER, OrganizationId::from_uuid(*root.id().as_uuid())] {
        let again =
            core.create_organization(&root.caller, NewOrganization { id: Some(taken), ..called("Eight") });
        assert_eq!(reason(again.await), "organization.id_taken");
    }
}

async fn a_deleted_one_is_out_of_reach_and_frees_its_name(core: TestCore) {
    let root = core.root().await;
    let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
    let gone = core.organization(&ann, "Moor").await;
    let by = || OrganizationRef::Id(gone.id);
    assert_eq!(kind(core.delete_organization(&bob.caller, by(), None, false).await), Kind::Hidden);
    core.delete_organization(&ann.caller, by(), None, false).await.unwrap();
    for who in [&ann, &root, &bob] {
        assert_eq!(kind(core.get_organization(&who.caller, by()).await), Kind::Hidden);
        assert_eq!(kind(core.delete_organization(&who.caller, by(), None, false).await), Kind::Hidden);
        assert_eq!(kind(core.list_workspaces(&who.caller, by(), every_workspace()).await), Kind::Hidden);
    }
    let new = core.organization(&bob, "moor").await;
    assert_eq!(new.key, "moor");
    assert_eq!(kind(core.get_organization(&ann.caller, OrganizationRef::Id(new.id)).await), Kind::Hidden);
}

fn everything(filter: Filter<OrganizationField>, page: PageRequest<OrganizationField>) -> OrganizationQuery {
    OrganizationQuery { view: View::Both, deleted: Deleted::Hide, filter, page }
}

async fn listed(core: &TestCore, who: &Member, filter: Filter<OrganizationField>) -> Vec<String> {
    let page = first_page(vec![Order::ascending(OrganizationField::Name)]);
    let list = core.list_organizations(&who.caller, everything(filter, page)).await.unwrap();
    list.page.items.into_iter().map(|organization| organization.name).collect()
}

async fn lists_show_what_one_belongs_to(core: TestCore) {
    let root = core.root().await;
    let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
    for name in ["b", "A", "c_", "cx", "a"] {
        core.organization(&ann, name).await;
        if name == "A" {
            break;
        }
    }
    core.organization(&bob, "C").await;
    assert_eq!(listed(&core, &ann, Filter::All).await, ["A", "b"]);
    assert_eq!(listed(&core, &bob, Filter::All).await, ["C"]);
    assert_eq!(listed(&core, &root, Filter::All).await, ["A", "C", "b"], "by code point");

    let owned = |test| Filter::Is(OrganizationField::OwnerUsername, test);
    assert_eq!(listed(&core, &root, owned(Test::Folded("BOB".into()))).await, ["C"]);
    assert_eq!(listed(&core, &ann, owned(Test::Folded("bob".into()))).await, [""; 0]);
    let by_id = Filter::Is(OrganizationField::Owner, Test::Id(*ann.id().as_uuid()));
    assert_eq!(listed(&core, &root, by_id).await, ["A", "b"]);
    let late = Filter::Is(OrganizationField::CreatedAt, Test::Int(Comparison::Greater, i64::MAX));
    assert_eq!(listed(&core, &root, late.clone()).await, [""; 0]);
    assert_eq!(listed(&core, &root, late.not()).await.len(), 3);

    // What cannot sort is refused alike, and not by the database's words.
    let page = first_page(vec![Order::ascending(OrganizationField::Owner)]);
    let query = everything(Filter::All, page);
    assert_eq!(kind(core.list_organizations(&root.caller, query).await), Kind::Internal);
}

async fn an_owner_hands_over(core: TestCore) {
    let root = core.root().await;
    let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
    let made = core.organization(&ann, "Fen").await;
    let by = || OrganizationRef::Id(made.id);
    let to_bob = || OrganizationChange { owner: Some(bob.id()), ..Default::default() };
    let outside = core.update_organization(&ann.caller, by(), to_bob()).await;
    assert_eq!(kind(outside), Kind::Invalid, "only somebody of the organization can become its owner");

    let role = BuiltinRole::OrganizationAdmin;
    core.add_organization_user(&root.caller, by(), bob.id(), role).await.unwrap();
    let grab = core.update_organization(&bob.caller, by(), to_bob()).await;
    assert_eq!(kind(grab), Kind::Forbidden, "an admin does not make itself the owner");
    let handed = core.update_organization(&ann.caller, by(), to_bob()).await.unwrap();
    assert_eq!((handed.owner, handed.version), (bob.id(), 2));
    core.delete_organization(&bob.caller, by(), None, false).await.unwrap();
}

/// A limit that handing over passes by is none.
async fn nobody_is_handed_more_than_they_may_own(core: TestCore) {
    let root = core.root().await;
    let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
    let made = core.organization(&ann, "Fen").await;
    let own = core.organization(&bob, "Moor").await;
    let by = || OrganizationRef::Id(made.id);
    core.add_organization_user(&root.caller, by(), bob.id(), BuiltinRole::OrganizationAdmin).await.unwrap();
    let to_bob = || OrganizationChange { owner: Some(bob.id()), ..Default::default() };
    let refused = core.update_organization(&ann.caller, by(), to_bob()).await;
    assert_eq!(reason(refused), "organization.limit");
    let refused = core.transfer_organization(&ann.caller, by(), bob.id(), None).await;
    assert_eq!(reason(refused), "organization.limit");
    // To whom it belongs it may be handed again.
    core.transfer_organization(&ann.caller, by(), ann.id(), None).await.unwrap();
    core.delete_organization(&bob.caller, OrganizationRef::Id(own.id), None, true).await.unwrap();
    core.update_organization(&ann.caller, by(), to_bob()).await.unwrap();
}

fn one_each() -> Settings {
    Settings { organizations_per_owner: Some(1), ..Settings::default() }
}

#[tokio::test]
async fn nobody_is_handed_more_than_they_may_own_on_sqlite() {
    nobody_is_handed_more_than_they_may_own(TestCore::sqlite_with(one_each()).await).await;
}

#[tokio::test]
async fn nobody_is_handed_more_than_they_may_own_on_postgres() {
    nobody_is_handed_more_than_they_may_own(TestCore::postgres_with(one_each()).await).await;
}

async fn shared_default_workspace_comes_with_it(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let new = NewOrganization { default_workspaces: DefaultWorkspaces::Shared, ..called("Fen") };
    let made = core.create_organization(&ann.caller, new).await.unwrap();
    assert_eq!(names(&core, &ann, made.id, every_workspace()).await, ["Default"]);
    assert_eq!(core.examine().await.unwrap(), []);
}

async fn changes_are_kept_and_checked(core: TestCore) {
    let root = core.root().await;
    let made = core.organization(&root, "Fen").await;
    let by = || OrganizationRef::Id(made.id);
    core.clock().advance_seconds(5);
    let links = vec![Link { name: "Docs".into(), url: "https://example.org/\"'".into() }];
    let change = OrganizationChange {
        description: Some(Some("line 1\nline 2".into())),
        logo_url: Some(Some("https://example.org/l.png".into())),
        links: Some(links.clone()),
        ..Default::default()
    };
    let changed = core.update_organization(&root.caller, by(), change).await.unwrap();
    assert_eq!(changed.description.as_deref(), Some("line 1\nline 2"));
    assert_eq!((changed.links.clone(), changed.version), (links, 2));
    assert!(changed.updated_at > changed.created_at);
    assert_eq!(core.get_organization(&root.caller, by()).await.unwrap(), changed);

    let bad = OrganizationChange { logo_url: Some(Some("javascript:alert(1)".into())), ..Default::default() };
    assert_eq!(kind(core.update_organization(&root.caller, by(), bad).await), Kind::Invalid);
    let uuid_like = renamed("0190b0a0-0000-7000-8000-000000000000");
    let (refused, _, text) = refusal(core.update_organization(&root.caller, by(), uuid_like).await);
    assert_eq!((refused, text.contains("UUID")), (Kind::Invalid, true));
    assert_eq!(core.get_organization(&root.caller, by()).await.unwrap(), changed);
}
