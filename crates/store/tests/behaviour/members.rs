//! Who is in a workspace with which role: given, replaced, taken.

use tenantry_core::authz::{OrganizationRef, View};
use tenantry_core::error::Kind;
use tenantry_core::filter::{Filter, ListQuery, Test};
use tenantry_core::grant::{Person, RoleName};
use tenantry_core::ids::{OrganizationId, PrincipalId, RoleId, WorkspaceId};
use tenantry_core::page::Order;
use tenantry_core::permission::{BuiltinRole, Level, Permission, PermissionSet};
use tenantry_core::principal::{NewServiceAccount, UserField};
use tenantry_core::resource::ContentRights;
use tenantry_core::role::{NewRole, RoleField};
use tenantry_core::settings::{AddPeople, Settings};
use tenantry_testkit::estate::target;
use tenantry_testkit::{Member, TestCore};
use uuid::Uuid;

use crate::asking::{first_page, kind, reason, refusal};

on_both_engines!(
    members_are_added_once,
    strangers_are_invited,
    roles_are_replaced,
    the_last_owner_stays,
    who_owns_nothing_can_always_go,
    nobody_hands_out_more_than_they_hold,
    custom_roles_are_held,
    a_namesake_of_a_role_is_another,
    roles_of_the_server_are_not_an_organizations,
    counting_people,
);

struct Estate {
    root: Member,
    ann: Member,
    bob: Member,
    org: OrganizationId,
    workspace: WorkspaceId,
}

/// Ann owns the organization and the workspace, Bob is a member.
async fn estate(core: &TestCore) -> Estate {
    let root = core.root().await;
    let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
    let org = core.organization(&ann, "Org").await.id;
    let member = BuiltinRole::OrganizationMember;
    core.add_organization_user(&root.caller, OrganizationRef::Id(org), bob.id(), member).await.unwrap();
    let workspace = core.workspace(&ann, org, "W").await.id;
    Estate { root, ann, bob, org, workspace }
}

impl Estate {
    fn target(&self) -> (OrganizationRef, tenantry_core::authz::WorkspaceRef) {
        target(self.org, self.workspace)
    }
}

fn builtin(role: BuiltinRole) -> Vec<RoleName> {
    vec![RoleName::Builtin(role)]
}

fn at(email: &str) -> Person {
    Person::Email { email: email.to_owned(), display_name: None }
}

const VIEWER: BuiltinRole = BuiltinRole::WorkspaceViewer;
const EDITOR: BuiltinRole = BuiltinRole::WorkspaceEditor;
const OWNER: BuiltinRole = BuiltinRole::WorkspaceOwner;

async fn members_are_added_once(core: TestCore) {
    let e = estate(&core).await;
    let own = async |who: &Member| {
        let found = core.get_workspace(&who.caller, e.target(), View::OwnRoles).await;
        found.map(|found| found.seen.own_role())
    };
    assert_eq!(kind(own(&e.bob).await), Kind::Hidden);
    let add = async |person, role| core.add_user(&e.ann.caller, e.target(), person, builtin(role)).await;
    let added = add(at("BOB@example.org"), VIEWER).await.unwrap().member().unwrap();
    assert_eq!((added.user.id, added.roles[1].builtin), (e.bob.id(), Some(VIEWER)));
    assert_eq!(own(&e.bob).await.unwrap(), Some(VIEWER));
    assert_eq!(reason(add(Person::Id(e.bob.id()), EDITOR).await), "member.exists");
    assert_eq!(
        kind(add(Person::Id(PrincipalId::from_uuid(Uuid::from_u128(1))), VIEWER).await),
        Kind::Invalid
    );
    assert_eq!(kind(add(at("no address"), VIEWER).await), Kind::Invalid);
    let none = core.add_user(&e.ann.caller, e.target(), at("x@example.org"), vec![]).await;
    assert_eq!(kind(none), Kind::Invalid);
    assert_eq!(core.examine().await.unwrap(), []);
}

/// Nothing tells who has an account: a stranger with one and without one are invited alike.
async fn strangers_are_invited(core: TestCore) {
    let e = estate(&core).await;
    let carl = core.user(&e.root, "carl").await;
    for address in ["carl@example.org", "nobody@example.org"] {
        let added = core.add_user(&e.ann.caller, e.target(), at(address), builtin(VIEWER)).await;
        assert_eq!(added.unwrap().member(), None);
        let again = core.add_user(&e.ann.caller, e.target(), at(address), builtin(VIEWER)).await;
        assert_eq!(reason(again), "invitation.pending");
    }
    let by_id = core.add_user(&e.ann.caller, e.target(), Person::Id(carl.id()), builtin(VIEWER)).await;
    let nobody = Person::Id(PrincipalId::from_uuid(Uuid::from_u128(1)));
    let unreal = core.add_user(&e.ann.caller, e.target(), nobody, builtin(VIEWER)).await;
    assert_eq!(refusal(by_id), refusal(unreal));
    assert_eq!(kind(core.get_workspace(&carl.caller, e.target(), View::Both).await), Kind::Hidden);
}

async fn roles_are_replaced(core: TestCore) {
    let e = estate(&core).await;
    let update =
        async |who: PrincipalId, roles| core.update_user(&e.ann.caller, e.target(), who, roles, None).await;
    assert_eq!(kind(update(e.bob.id(), builtin(EDITOR)).await), Kind::NotFound);
    core.add_user(&e.ann.caller, e.target(), Person::Id(e.bob.id()), builtin(VIEWER)).await.unwrap();
    let two = vec![RoleName::Builtin(EDITOR), RoleName::Builtin(EDITOR), RoleName::Builtin(VIEWER)];
    assert_eq!(update(e.bob.id(), two).await.unwrap().roles.len(), 3);
    update(e.bob.id(), builtin(OWNER)).await.unwrap();
    let grants = format!(
        "SELECT COUNT(*) FROM grants WHERE scope_id = {} AND subject_id = {}",
        core.literal(e.workspace.as_uuid()),
        core.literal(e.bob.id().as_uuid())
    );
    assert_eq!(core.sql(&grants), "1");
    core.remove_workspace_user(&e.ann.caller, e.target(), e.bob.id(), None).await.unwrap();
    assert_eq!(kind(core.get_workspace(&e.bob.caller, e.target(), View::Both).await), Kind::Hidden);
    let again = core.remove_workspace_user(&e.ann.caller, e.target(), e.bob.id(), None).await;
    assert_eq!(kind(again), Kind::NotFound);
    assert_eq!(core.examine().await.unwrap(), []);
}

async fn the_last_owner_stays(core: TestCore) {
    let e = estate(&core).await;
    for who in [&e.ann, &e.root] {
        let removed = core.remove_workspace_user(&who.caller, e.target(), e.ann.id(), None).await;
        assert_eq!(reason(removed), "member.last_owner");
        let demoted = core.update_user(&who.caller, e.target(), e.ann.id(), builtin(EDITOR), None).await;
        assert_eq!(reason(demoted), "member.last_owner");
    }
    core.add_user(&e.ann.caller, e.target(), Person::Id(e.bob.id()), builtin(OWNER)).await.unwrap();
    core.remove_workspace_user(&e.bob.caller, e.target(), e.ann.id(), None).await.unwrap();
    assert_eq!(core.examine().await.unwrap(), []);
}

/// While who owns the organization is suspended, others can be removed all the same; not another owner, who is the last one
/// then.
async fn who_owns_nothing_can_always_go(core: TestCore) {
    let e = estate(&core).await;
    let carl = core.user(&e.root, "carl").await;
    let by = || OrganizationRef::Id(e.org);
    let remove = async |who: &Member| {
        core.remove_organization_user(&e.root.caller, by(), who.id(), None, false).await.map(drop)
    };
    core.set_suspended(&e.root.caller, e.ann.id(), true).await.unwrap();
    remove(&e.bob).await.unwrap();
    let owner = BuiltinRole::OrganizationOwner;
    core.add_organization_user(&e.root.caller, by(), carl.id(), owner).await.unwrap();
    assert_eq!(reason(remove(&carl).await), "member.last_owner");
    core.set_suspended(&e.root.caller, e.ann.id(), false).await.unwrap();
    remove(&carl).await.unwrap();
}

async fn nobody_hands_out_more_than_they_hold(core: TestCore) {
    let e = estate(&core).await;
    // May manage people, and no more than a viewer besides.
    let steward = NewRole {
        id: None,
        level: Level::Workspace,
        title: "Steward".into(),
        description: None,
        permissions: VIEWER.permissions().with(Permission::ManageWorkspaceUsers),
        content: ContentRights::NONE,
    };
    core.create_role(&e.ann.caller, OrganizationRef::Id(e.org), steward).await.unwrap();
    let steward = vec![RoleName::Title("steward".into())];
    core.add_user(&e.ann.caller, e.target(), Person::Id(e.bob.id()), steward).await.unwrap();
    let carl = core.user(&e.root, "carl").await;
    let viewer = BuiltinRole::OrganizationViewer;
    core.add_organization_user(&e.root.caller, OrganizationRef::Id(e.org), carl.id(), viewer).await.unwrap();

    let add =
        async |role| core.add_user(&e.bob.caller, e.target(), Person::Id(carl.id()), builtin(role)).await;
    for role in [OWNER, EDITOR] {
        assert_eq!(reason(add(role).await), "role.exceeds_own");
    }
    add(VIEWER).await.unwrap();
    let raise = core.update_user(&e.bob.caller, e.target(), e.bob.id(), builtin(OWNER), None).await;
    assert_eq!(reason(raise), "role.exceeds_own");
    let oust = core.remove_workspace_user(&e.bob.caller, e.target(), e.ann.id(), None).await;
    assert_eq!(reason(oust), "role.exceeds_own", "nor takes away more");
    let viewer = core.update_user(&carl.caller, e.target(), carl.id(), builtin(OWNER), None).await;
    assert_eq!(kind(viewer), Kind::Forbidden);

    // A token that is narrower than its owner hands out no more than the token holds.
    let mut narrow = e.ann.clone();
    let left = VIEWER.permissions().with(Permission::ManageWorkspaceUsers);
    narrow.caller.narrowing.permissions = Some(left);
    let update = core.update_user(&narrow.caller, e.target(), carl.id(), builtin(EDITOR), None).await;
    assert_eq!(reason(update), "role.exceeds_own");
}

async fn custom_roles_are_held(core: TestCore) {
    let e = estate(&core).await;
    let new = |title: &str, level, permissions| NewRole {
        id: None,
        level,
        title: title.to_owned(),
        description: Some(" ".into()),
        permissions,
        content: ContentRights::NONE,
    };
    let create =
        async |who: &Member, new| core.create_role(&who.caller, OrganizationRef::Id(e.org), new).await;
    let reader = PermissionSet::of(&[Permission::ReadWorkspace]);
    let made = create(&e.ann, new("Légère", Level::Workspace, reader)).await.unwrap();
    assert_eq!((made.description.as_deref(), made.builtin), (None, None));
    assert_eq!(kind(create(&e.ann, new("LÉGÈRE", Level::Workspace, reader)).await), Kind::AlreadyExists);
    create(&e.ann, new("Légère", Level::Organization, reader)).await.unwrap();
    assert_eq!(kind(create(&e.bob, new("Other", Level::Workspace, reader)).await), Kind::Forbidden);
    let server = PermissionSet::of(&[Permission::ManageServer]);
    assert_eq!(kind(create(&e.root, new("S", Level::Server, server)).await), Kind::Invalid);
    assert_eq!(kind(create(&e.root, new("S", Level::Organization, server)).await), Kind::Invalid);
    let organization = PermissionSet::of(&[Permission::DeleteOrganization]);
    assert_eq!(kind(create(&e.ann, new("S", Level::Workspace, organization)).await), Kind::Invalid);

    let roles = vec![RoleName::Id(made.id)];
    core.add_user(&e.ann.caller, e.target(), Person::Id(e.bob.id()), roles).await.unwrap();
    let seen = core.get_workspace(&e.bob.caller, e.target(), View::OwnRoles).await.unwrap().seen;
    assert_eq!((seen.own, seen.own_role()), (Some(reader), Some(VIEWER)));
    let unknown = vec![RoleName::Id(RoleId::from_uuid(Uuid::from_u128(5)))];
    let update = core.update_user(&e.ann.caller, e.target(), e.bob.id(), unknown, None).await;
    assert_eq!(kind(update), Kind::Invalid);

    let page = first_page(vec![Order::ascending(RoleField::CreatedAt)]);
    let list = core.list_roles(&e.ann.caller, e.target(), BuiltinRole::word, page).await.unwrap();
    let titles: Vec<_> = list.items.iter().map(|role| role.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "workspace-owner",
            "workspace-editor",
            "workspace-viewer",
            "workspace-contributor",
            "stack-admin",
            "Légère"
        ]
    );
    assert_eq!(core.examine().await.unwrap(), []);
}

/// A workspace's own role may be called like a built-in one. Neither a filter nor the version of who holds it takes it for that.
async fn a_namesake_of_a_role_is_another(core: TestCore) {
    let e = estate(&core).await;
    let reader = PermissionSet::of(&[Permission::ReadWorkspace]);
    let (title, level) = (VIEWER.word().to_owned(), Level::Workspace);
    let new = NewRole {
        id: None,
        level,
        title,
        description: None,
        permissions: reader,
        content: ContentRights::NONE,
    };
    let namesake = core.create_role(&e.ann.caller, e.target(), new).await.unwrap();
    let held = core.add_user(&e.ann.caller, e.target(), Person::Id(e.bob.id()), builtin(VIEWER)).await;
    let held = held.unwrap().member().unwrap();
    let seen = core.get_user(&e.ann.caller, e.target(), held.user.id).await.unwrap().version();
    let replace = async |roles| {
        core.update_user(&e.ann.caller, e.target(), e.bob.id(), roles, Some(seen.into())).await.map(drop)
    };
    replace(vec![RoleName::Id(namesake.id)]).await.unwrap();
    assert_eq!(reason(replace(builtin(VIEWER)).await), "member.stale");
    for (field, count) in [(UserField::Role, 0), (UserField::CustomRole, 1)] {
        let filter = Filter::Is(field, Test::Folded(VIEWER.word().to_owned()));
        let page = first_page(vec![Order::ascending(UserField::DisplayName)]);
        let query = ListQuery { filter, page };
        let found = core.list_users(&e.ann.caller, e.target(), query).await.unwrap();
        assert_eq!(found.items.len(), count, "{field:?}");
    }
}

async fn roles_of_the_server_are_not_an_organizations(core: TestCore) {
    let e = estate(&core).await;
    let org = || OrganizationRef::Id(e.org);
    for role in [BuiltinRole::ServerAdministrator, OWNER] {
        let add = core.add_organization_user(&e.root.caller, org(), e.bob.id(), role).await;
        assert_eq!(kind(add), Kind::Invalid);
        let invite =
            core.invite(&e.root.caller, org(), "x@example.org".into(), vec![RoleName::Builtin(role)]).await;
        assert_eq!(kind(invite), Kind::Invalid);
        let new = NewServiceAccount::new("bot", role);
        assert_eq!(kind(core.create_service_account(&e.root.caller, org(), new).await), Kind::Invalid);
    }
    let add = core.add_user(
        &e.root.caller,
        e.target(),
        Person::Id(e.bob.id()),
        builtin(BuiltinRole::OrganizationOwner),
    );
    assert_eq!(kind(add.await), Kind::Invalid);
    let unknown = core.set_suspended(&e.root.caller, PrincipalId::from_uuid(Uuid::from_u128(1)), true).await;
    assert_eq!(kind(unknown), Kind::NotFound);
}

async fn counting_people(core: TestCore) {
    let e = estate(&core).await;
    let second = core.workspace(&e.bob, e.org, "V").await.id;
    let account = NewServiceAccount::new("bot", BuiltinRole::OrganizationAdmin);
    let bot = core.create_service_account(&e.ann.caller, OrganizationRef::Id(e.org), account).await.unwrap();
    let bot = bot.account.id;
    core.add_user(&e.ann.caller, e.target(), Person::Id(bot), builtin(VIEWER)).await.unwrap();
    core.add_user(&e.ann.caller, e.target(), Person::Id(e.bob.id()), builtin(VIEWER)).await.unwrap();
    let count = async |who: &Member, ids| {
        core.count_workspace_users(&who.caller, OrganizationRef::Id(e.org), ids).await
    };
    let both = || vec![e.workspace, second];
    let mut counts = count(&e.ann, both()).await.unwrap();
    counts.sort_unstable();
    assert_eq!(counts, [(e.workspace, 2), (second, 1)], "people only");
    assert_eq!(count(&e.bob, both()).await.unwrap().len(), 2);
    assert_eq!(count(&e.ann, vec![]).await.unwrap(), []);
    let unknown = WorkspaceId::from_uuid(Uuid::from_u128(3));
    assert_eq!(kind(count(&e.ann, vec![e.workspace, unknown]).await), Kind::NotFound);
    assert_eq!(kind(count(&e.bob, vec![second, unknown]).await), Kind::Hidden);
    core.remove_workspace_user(&e.ann.caller, e.target(), e.bob.id(), None).await.unwrap();
    assert_eq!(kind(count(&e.bob, both()).await), Kind::Hidden);

    // Of a deleted one nobody is counted or listed, whoever asks.
    core.delete_workspace(&e.bob.caller, target(e.org, second), None, true).await.unwrap();
    let list = async |who: &Member| {
        let page = first_page(vec![Order::ascending(UserField::DisplayName)]);
        let query = ListQuery { filter: Filter::All, page };
        core.list_users(&who.caller, target(e.org, second), query).await
    };
    for who in [&e.ann, &e.bob] {
        assert_eq!(kind(count(who, vec![second]).await), Kind::NotFound);
        assert_eq!(kind(list(who).await), Kind::NotFound);
    }
    core.undelete_workspace(&e.bob.caller, target(e.org, second), None, None).await.unwrap();
    assert_eq!(count(&e.bob, vec![second]).await.unwrap(), [(second, 1)]);

    let mut narrow = e.ann.clone();
    narrow.caller.narrowing.permissions = Some(PermissionSet::of(&[Permission::ReadWorkspace]));
    assert_eq!(
        kind(count(&narrow, both()).await),
        Kind::Forbidden,
        "seeing a workspace is not seeing who is in it"
    );
}

/// With `known` an existing account becomes a member at once, with `provision` an unknown address gets one.
#[tokio::test]
async fn settings_say_who_is_added_at_once() {
    for (add_people, carl_is_added, dora_is_added) in [
        (AddPeople::Invite, false, false),
        (AddPeople::Known, true, false),
        (AddPeople::Provision, true, true),
    ] {
        let settings = Settings { add_people, ..Settings::default() };
        for core in
            [TestCore::sqlite_with(settings.clone()).await, TestCore::postgres_with(settings.clone()).await]
        {
            let e = estate(&core).await;
            core.user(&e.root, "carl").await;
            let person = |email: &str| Person::Email { email: email.into(), display_name: Some("D".into()) };
            // A credential for one workspace makes nobody a member of the organization.
            let mut narrow = e.ann.clone();
            narrow.caller.narrowing.workspaces = Some(vec![e.workspace]);
            let added = core.add_user(&narrow.caller, e.target(), person("eve@example.org"), builtin(VIEWER));
            assert_eq!(added.await.unwrap().member(), None, "{add_people:?}");
            for (email, at_once) in [("Carl@example.org", carl_is_added), ("dora@example.org", dora_is_added)]
            {
                let added = core.add_user(&e.ann.caller, e.target(), person(email), builtin(VIEWER)).await;
                assert_eq!(added.unwrap().member().is_some(), at_once, "{add_people:?} {email}");
            }
            assert_eq!(core.examine().await.unwrap(), []);
        }
    }
}
