//! The end of organizations and workspaces, and their return: deleted, restored, purged.

use tenantry_core::authz::{OrganizationRef, View};
use tenantry_core::error::Kind;
use tenantry_core::filter::Filter;
use tenantry_core::grant::{Person, RoleName};
use tenantry_core::organization::{
    NewOrganization, OrganizationChange, OrganizationField, OrganizationQuery,
};
use tenantry_core::page::Order;
use tenantry_core::permission::{BuiltinRole, Level, Permission, PermissionSet};
use tenantry_core::principal::NewServiceAccount;
use tenantry_core::resource::ContentRights;
use tenantry_core::role::NewRole;
use tenantry_core::workspace::Deleted;
use tenantry_testkit::estate::target;
use tenantry_testkit::{Member, TestCore};

use crate::asking::{called, every_workspace, first_page, kind, names, reason};

on_both_engines!(
    an_organization_comes_back_as_it_was,
    only_who_may_restore_sees_what_is_deleted,
    an_organization_in_use_needs_force,
    ownership_is_handed_over,
    who_may_transfer_hands_out_no_more_than_is_held,
    what_was_deleted_long_ago_is_purged,
);

async fn everything_named(core: &TestCore, who: &Member, deleted: Deleted) -> Vec<String> {
    let page = first_page(vec![Order::ascending(OrganizationField::Name)]);
    let query = OrganizationQuery { view: View::Both, deleted, filter: Filter::All, page };
    let list = core.list_organizations(&who.caller, query).await.unwrap().page.items;
    list.into_iter().map(|organization| organization.name).collect()
}

async fn an_organization_comes_back_as_it_was(core: TestCore) {
    let root = core.root().await;
    let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
    let made = core.organization(&ann, "Fen").await;
    core.workspace(&ann, made.id, "W").await;
    let by = || OrganizationRef::Id(made.id);
    let role = BuiltinRole::OrganizationMember;
    core.add_organization_user(&root.caller, by(), bob.id(), role).await.unwrap();
    let machine = NewServiceAccount::new("robot", role);
    let machine = core.create_service_account(&ann.caller, by(), machine).await.unwrap();

    assert_eq!(reason(core.undelete_organization(&ann.caller, by(), None).await), "organization.not_deleted");
    assert_eq!(kind(core.undelete_organization(&bob.caller, by(), None).await), Kind::Forbidden);
    let stale = core.delete_organization(&ann.caller, by(), Some(7.into()), true).await;
    assert_eq!(reason(stale), "organization.stale");
    let deleted = core.delete_organization(&ann.caller, by(), Some(1.into()), true).await.unwrap();
    assert_eq!((deleted.deleted_at.is_some(), deleted.version), (true, 2));
    assert_eq!(kind(core.undelete_organization(&bob.caller, by(), None).await), Kind::Hidden);
    let by_name = OrganizationRef::Name("Fen".into());
    assert_eq!(kind(core.undelete_organization(&ann.caller, by_name, None).await), Kind::Hidden);

    // Somebody else takes name and key meanwhile.
    let rival = core.organization(&bob, "Fen").await;
    assert_eq!(reason(core.undelete_organization(&ann.caller, by(), None).await), "organization.name_taken");
    core.delete_organization(&bob.caller, OrganizationRef::Id(rival.id), None, false).await.unwrap();
    let back = core.undelete_organization(&ann.caller, by(), Some(2.into())).await.unwrap();
    assert_eq!((back.key.as_str(), back.deleted_at, back.version), ("fen", None, 3));
    assert_eq!(names(&core, &ann, made.id, every_workspace()).await, ["W"]);
    core.get_organization(&bob.caller, by()).await.unwrap();
    let key = machine.api_key.secret.expose();
    assert_eq!(kind(core.authenticate(key).await), Kind::Unauthenticated, "its keys ended with it");
    assert_eq!(core.examine().await.unwrap(), []);
}

async fn only_who_may_restore_sees_what_is_deleted(core: TestCore) {
    let root = core.root().await;
    let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
    let (made, live) = (core.organization(&ann, "Gone").await, core.organization(&ann, "Live").await);
    let by = || OrganizationRef::Id(made.id);
    for organization in [by(), OrganizationRef::Id(live.id)] {
        let role = BuiltinRole::OrganizationAdmin;
        core.add_organization_user(&root.caller, organization, bob.id(), role).await.unwrap();
    }
    core.delete_organization(&ann.caller, by(), None, false).await.unwrap();
    for (who, shown) in [(&ann, true), (&root, true), (&bob, false)] {
        let expected: &[&str] = if shown { &["Gone", "Live"] } else { &["Live"] };
        assert_eq!(everything_named(&core, who, Deleted::Show).await, expected);
        assert_eq!(everything_named(&core, who, Deleted::Hide).await, ["Live"]);
        assert_eq!(core.find_organization(&who.caller, by()).await.is_ok(), shown);
        assert_eq!(kind(core.get_organization(&who.caller, by()).await), Kind::Hidden);
    }
    let mut narrow = ann.clone();
    narrow.caller.narrowing.organization = Some(live.id);
    assert_eq!(kind(core.find_organization(&narrow.caller, by()).await), Kind::Hidden);
    assert_eq!(kind(core.undelete_organization(&narrow.caller, by(), None).await), Kind::Hidden);
}

async fn an_organization_in_use_needs_force(core: TestCore) {
    let root = core.root().await;
    let made = core.create_organization(
        &root.caller,
        NewOrganization { name: "Fen".into(), ..NewOrganization::default() },
    );
    let by = OrganizationRef::Id(made.await.unwrap().id);
    // Its default workspace alone does not count.
    core.rehearsal().delete_organization(&root.caller, by.clone(), None, false).await.unwrap();
    core.create_workspace(&root.caller, by.clone(), called("W")).await.unwrap();
    let refused = core.delete_organization(&root.caller, by.clone(), None, false).await;
    assert_eq!(reason(refused), "organization.in_use");
    core.delete_organization(&root.caller, by, None, true).await.unwrap();
}

async fn ownership_is_handed_over(core: TestCore) {
    let root = core.root().await;
    let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
    let made = core.organization(&ann, "Fen").await;
    let by = || OrganizationRef::Id(made.id);
    assert_eq!((made.owner_name.as_str(), made.owner_email.as_deref()), ("ann", Some("ann@example.org")));
    let transfer = async |who: &Member, to: &Member, version: Option<i64>| {
        core.transfer_organization(&who.caller, by(), to.id(), version.map(Into::into)).await
    };
    assert_eq!(kind(transfer(&ann, &bob, None).await), Kind::Invalid, "a stranger");
    let role = BuiltinRole::OrganizationAdmin;
    core.add_organization_user(&root.caller, by(), bob.id(), role).await.unwrap();
    assert_eq!(kind(transfer(&bob, &bob, None).await), Kind::Forbidden);
    assert_eq!(reason(transfer(&ann, &bob, Some(9)).await), "organization.stale");
    let handed = transfer(&ann, &bob, Some(1)).await.unwrap();
    assert_eq!((handed.owner, handed.owner_name.as_str(), handed.version), (bob.id(), "bob", 2));
    assert_eq!(core.get_organization(&ann.caller, by()).await.unwrap(), handed);
    assert_eq!(core.examine().await.unwrap(), []);
}

/// Nor does anybody take it for themselves.
async fn who_may_transfer_hands_out_no_more_than_is_held(core: TestCore) {
    let root = core.root().await;
    let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
    let org = core.organization(&ann, "Fen").await.id;
    let by = || OrganizationRef::Id(org);
    let may_transfer = NewRole {
        id: None,
        level: Level::Organization,
        title: "Notary".into(),
        description: None,
        permissions: PermissionSet::of(&[Permission::UpdateOrganization, Permission::TransferOrganization]),
        content: ContentRights::NONE,
    };
    core.create_role(&ann.caller, by(), may_transfer).await.unwrap();
    let roles = vec![RoleName::Title("Notary".into())];
    core.add_user(&root.caller, by(), Person::Id(bob.id()), roles).await.unwrap();
    let transferred = core.transfer_organization(&bob.caller, by(), bob.id(), None).await;
    assert_eq!(reason(transferred), "role.exceeds_own");
    let change = OrganizationChange { owner: Some(bob.id()), ..OrganizationChange::default() };
    assert_eq!(reason(core.update_organization(&bob.caller, by(), change).await), "role.exceeds_own");
}

async fn what_was_deleted_long_ago_is_purged(core: TestCore) {
    let root = core.root().await;
    let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
    let (gone, kept) = (core.organization(&ann, "Gone").await, core.organization(&ann, "Kept").await);
    let at = |id| OrganizationRef::Id(id);
    for organization in [gone.id, kept.id] {
        for name in ["a", "b"] {
            core.workspace(&ann, organization, name).await;
        }
        let role = BuiltinRole::OrganizationMember;
        core.add_organization_user(&root.caller, at(organization), bob.id(), role).await.unwrap();
        core.invite(&ann.caller, at(organization), "x@example.org".into(), vec![RoleName::Builtin(role)])
            .await
            .unwrap();
    }
    let machine = NewServiceAccount::new("robot", BuiltinRole::OrganizationMember);
    core.create_service_account(&ann.caller, at(gone.id), machine).await.unwrap();
    let workspace = core.workspace(&ann, kept.id, "gone").await;
    core.invite(&ann.caller, target(kept.id, workspace.id), "x@example.org".into(), vec![]).await.unwrap();
    assert!(!core.purge().await.unwrap());
    core.delete_organization(&ann.caller, at(gone.id), None, true).await.unwrap();
    core.delete_workspace(&ann.caller, target(kept.id, workspace.id), None, true).await.unwrap();
    core.clock().advance_seconds(core.settings().retention_seconds - 1);
    assert!(!core.purge().await.unwrap());
    core.find_organization(&ann.caller, at(gone.id)).await.unwrap();
    core.clock().advance_seconds(1);
    let mut batches = 0;
    while core.purge().await.unwrap() {
        batches += 1;
    }
    assert_eq!(batches, 2);
    assert_eq!(kind(core.find_organization(&ann.caller, at(gone.id)).await), Kind::Hidden);
    let id = core.literal(gone.id.as_uuid());
    for table in
        ["workspaces", "projects", "roles", "grants", "reach", "invitations", "principals", "versions"]
    {
        assert_eq!(core.sql(&format!("SELECT COUNT(*) FROM {table} WHERE org_id = {id}")), "0", "{table}");
    }
    let every = crate::asking::every_workspace();
    let every = tenantry_core::workspace::WorkspaceQuery { deleted: Deleted::Show, ..every };
    assert_eq!(names(&core, &ann, kept.id, every).await, ["a", "b"]);
    assert_eq!(core.sql("SELECT COUNT(*) FROM audit_events WHERE action LIKE '%.purge'"), "2");
    assert_eq!(core.examine().await.unwrap(), []);
    // An id is never given again.
    let again = NewOrganization { id: Some(gone.id), name: "New".into(), ..NewOrganization::default() };
    assert_eq!(reason(core.create_organization(&root.caller, again).await), "organization.id_taken");
}
