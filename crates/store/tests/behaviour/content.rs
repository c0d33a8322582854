//! What roles hold inside the servers of workspaces.

use tenantry_core::Shower;
use tenantry_core::authz::OrganizationRef;
use tenantry_core::error::{Kind, Result};
use tenantry_core::filter::{Comparison, Filter, ListQuery, Test};
use tenantry_core::grant::{Person, RoleName, Subject};
use tenantry_core::ids::{OrganizationId, TeamId, WorkspaceId};
use tenantry_core::page::Order;
use tenantry_core::permission::{BuiltinRole, Level, Permission, PermissionSet};
use tenantry_core::resource::{Action, Allowed, ContentRights, Resource, ResourceKind, Rights, needle};
use tenantry_core::role::{NewRole, Role, RoleChange, RoleField, builtin_of_organization};
use tenantry_core::team::{NewTeam, TeamMemberId};
use tenantry_core::workspace::NewWorkspace;
use tenantry_testkit::estate::target;
use tenantry_testkit::{Member, TestCore};

use crate::asking::{first_page, kind, reason};

on_both_engines!(
    a_role_holds_pairs_beside_permissions,
    pairs_come_by_teams_and_go_with_roles,
    nobody_gives_or_takes_pairs_that_they_lack,
    an_offer_of_pairs_stands_while_its_maker_holds_them,
    a_narrowed_credential_stays_narrower,
    roles_of_an_organization_hold_no_pairs,
    roles_are_found_by_their_pairs,
);

pub(crate) const ENTER: PermissionSet = PermissionSet::of(&[Permission::ReadWorkspace]);
const STAFF: PermissionSet = ENTER
    .with(Permission::ReadWorkspaceUsers)
    .with(Permission::ManageWorkspaceUsers)
    .with(Permission::ReadWorkspaceRoles)
    .with(Permission::ManageWorkspaceRoles);
pub(crate) const RUN: (ResourceKind, Action) = (ResourceKind::Stack, Action::Create);
const TAG: (ResourceKind, Action) = (ResourceKind::Tag, Action::Update);

/// An organization with an enrolled workspace, its server, its owner, and somebody who only belongs to the organization.
pub(crate) struct Scene {
    pub(crate) core: TestCore,
    pub(crate) org: OrganizationId,
    pub(crate) workspace: WorkspaceId,
    pub(crate) root: Member,
    pub(crate) ann: Member,
    pub(crate) bob: Member,
    pub(crate) server: Member,
}

impl Scene {
    pub(crate) async fn of(core: TestCore) -> Self {
        let root = core.root().await;
        let ann = core.user(&root, "ann").await;
        let org = core.organization(&ann, "Org").await.id;
        let (workspace, server) = enrolled(&core, &ann, org, "W").await;
        let mut scene = Self { bob: ann.clone(), core, org, workspace, root, ann, server };
        scene.bob = scene.member("bob").await;
        scene
    }

    /// Somebody who belongs to the organization.
    pub(crate) async fn member(&self, name: &str) -> Member {
        let member = self.core.user(&self.root, name).await;
        let role = BuiltinRole::OrganizationMember;
        let by = OrganizationRef::Id(self.org);
        self.core.add_organization_user(&self.root.caller, by, member.id(), role).await.unwrap();
        member
    }

    pub(crate) async fn role(
        &self,
        by: &Member,
        title: &str,
        permissions: PermissionSet,
        content: impl IntoIterator<Item = (ResourceKind, Action)>,
    ) -> Result<Role> {
        let new = NewRole {
            id: None,
            level: Level::Workspace,
            title: title.to_owned(),
            description: None,
            permissions,
            content: content.into_iter().collect(),
        };
        self.core.create_role(&by.caller, target(self.org, self.workspace), new).await
    }

    pub(crate) async fn give(&self, by: &Member, role: &Role, to: Subject) -> Result<()> {
        let place = target(self.org, self.workspace);
        self.core.assign_role(&by.caller, place, RoleName::Id(role.id), to).await.map(drop)
    }

    /// Whether somebody may do this with every resource of the kind, as both questions answer it.
    pub(crate) async fn may(&self, who: &Member, (kind, action): (ResourceKind, Action)) -> bool {
        let every = Resource { project: None, kind, id: None };
        let server = &self.server.caller;
        let checked = self.core.check_resources(server, who.id(), action, vec![every]).await.unwrap();
        let listed = self.core.allowed_resources(server, who.id(), action, every).await.unwrap();
        assert_eq!(listed == Allowed::All, checked[0], "{kind:?} {action:?}");
        checked[0]
    }
}

/// A workspace with its server.
pub(crate) async fn enrolled(
    core: &TestCore,
    owner: &Member,
    org: OrganizationId,
    name: &str,
) -> (WorkspaceId, Member) {
    let new = NewWorkspace { name: name.to_owned(), ..NewWorkspace::default() };
    let made = core.enroll_workspace(&owner.caller, OrganizationRef::Id(org), new).await.unwrap();
    let workspace = made.detail.seen.workspace.id;
    let issued =
        core.sign_in_client(&workspace.to_string(), made.key.expose(), Shower::default()).await.unwrap();
    (workspace, core.member(issued.secret.expose()).await)
}

async fn a_role_holds_pairs_beside_permissions(core: TestCore) {
    let scene = Scene::of(core).await;
    let role = scene.role(&scene.ann, "Runner", ENTER, [RUN]).await.unwrap();
    assert_eq!(role.content, ContentRights::from_iter([RUN]));
    assert!(!scene.may(&scene.bob, RUN).await);
    scene.give(&scene.ann, &role, Subject::Principal(scene.bob.id())).await.unwrap();
    assert!(scene.may(&scene.bob, RUN).await);
    assert!(!scene.may(&scene.bob, (ResourceKind::Stack, Action::Read)).await);
    assert!(!scene.may(&scene.bob, TAG).await);
    let (core, ann, place) = (&scene.core, &scene.ann.caller, || target(scene.org, scene.workspace));
    let rights = |content: &[_]| Rights { content: content.iter().copied().collect(), ..Rights::default() };
    let change = RoleChange { add: rights(&[TAG]), remove: rights(&[RUN]), ..RoleChange::default() };
    let changed = core.update_role(ann, place(), RoleName::Id(role.id), change).await.unwrap();
    assert_eq!((changed.content, changed.version), (ContentRights::from_iter([TAG]), 2));
    assert!(scene.may(&scene.bob, TAG).await && !scene.may(&scene.bob, RUN).await);
    let change = RoleChange { content: Some(ContentRights::from_iter([RUN])), ..RoleChange::default() };
    core.update_role(ann, place(), RoleName::Id(role.id), change).await.unwrap();
    assert!(scene.may(&scene.bob, RUN).await && !scene.may(&scene.bob, TAG).await);
    // Pairs are good for nothing without the right to enter.
    let change = RoleChange { permissions: Some(PermissionSet::NONE), ..RoleChange::default() };
    core.update_role(ann, place(), RoleName::Id(role.id), change).await.unwrap();
    assert!(!scene.may(&scene.bob, RUN).await);
    assert_eq!(scene.core.examine().await.unwrap(), []);
}

async fn pairs_come_by_teams_and_go_with_roles(core: TestCore) {
    let scene = Scene::of(core).await;
    let team = team(&scene).await;
    let role = scene.role(&scene.ann, "Runner", ENTER, [RUN]).await.unwrap();
    scene.give(&scene.ann, &role, Subject::Team(team)).await.unwrap();
    assert!(!scene.may(&scene.bob, RUN).await);
    let (by, bob) = (|| OrganizationRef::Id(scene.org), TeamMemberId::Principal(scene.bob.id()));
    scene.core.add_team_member(&scene.ann.caller, (by(), team), bob).await.unwrap();
    assert!(scene.may(&scene.bob, RUN).await);
    scene.core.remove_team_member(&scene.ann.caller, (by(), team), bob).await.unwrap();
    assert!(!scene.may(&scene.bob, RUN).await);
    scene.give(&scene.ann, &role, Subject::Principal(scene.bob.id())).await.unwrap();
    assert!(scene.may(&scene.bob, RUN).await);
    let place = target(scene.org, scene.workspace);
    scene.core.delete_role(&scene.ann.caller, place, RoleName::Id(role.id), None, true).await.unwrap();
    assert!(!scene.may(&scene.bob, RUN).await);
}

pub(crate) async fn team(scene: &Scene) -> TeamId {
    let new = NewTeam { name: "Team".into(), description: None };
    let by = OrganizationRef::Id(scene.org);
    scene.core.create_team(&scene.ann.caller, by, new).await.unwrap().id
}

async fn nobody_gives_or_takes_pairs_that_they_lack(core: TestCore) {
    let scene = Scene::of(core).await;
    let carl = scene.member("carl").await;
    let staff = scene.role(&scene.ann, "Staff", STAFF, [RUN]).await.unwrap();
    scene.give(&scene.ann, &staff, Subject::Principal(scene.bob.id())).await.unwrap();
    let (bob, to) = (&scene.bob, Subject::Principal(carl.id()));
    let exceeds = "role.exceeds_own";
    // What one holds oneself may be given, whether by a role of one's own making or another.
    let same = scene.role(bob, "Same", ENTER, [RUN]).await.unwrap();
    scene.give(bob, &same, to).await.unwrap();
    assert!(scene.may(&carl, RUN).await);
    assert_eq!(reason(scene.role(bob, "More", ENTER, [RUN, TAG]).await), exceeds);
    let more = scene.role(&scene.ann, "More", ENTER, [RUN, TAG]).await.unwrap();
    assert_eq!(reason(scene.give(bob, &more, to).await), exceeds);
    let (core, place) = (&scene.core, || target(scene.org, scene.workspace));
    let add = Rights { content: ContentRights::from_iter([TAG]), ..Rights::default() };
    let wider = || RoleChange { add, ..RoleChange::default() };
    let change = core.update_role(&bob.caller, place(), RoleName::Id(same.id), wider()).await;
    assert_eq!(reason(change), exceeds);
    let person = || Person::Id(carl.id());
    let added = core.add_user(&bob.caller, place(), person(), vec![RoleName::Id(more.id)]).await;
    assert_eq!(reason(added), exceeds);
    // Nor taken, nor changed, nor deleted.
    scene.give(&scene.ann, &more, to).await.unwrap();
    let taken = core.unassign_role(&bob.caller, place(), RoleName::Id(more.id), to).await;
    assert_eq!(reason(taken), exceeds);
    let renamed = RoleChange { title: Some("Less".into()), ..RoleChange::default() };
    let renamed = core.update_role(&bob.caller, place(), RoleName::Id(more.id), renamed).await;
    assert_eq!(reason(renamed), exceeds);
    let deleted = core.delete_role(&bob.caller, place(), RoleName::Id(more.id), None, true).await;
    assert_eq!(reason(deleted), exceeds);
    core.unassign_role(&bob.caller, place(), RoleName::Id(same.id), to).await.unwrap();
    let team = team(&scene).await;
    scene.give(&scene.ann, &more, Subject::Team(team)).await.unwrap();
    let removed = core.remove_workspace_team(&bob.caller, place(), team).await;
    assert_eq!(reason(removed), exceeds);
    core.unassign_role(&scene.ann.caller, place(), RoleName::Id(more.id), Subject::Team(team)).await.unwrap();
    scene.give(bob, &same, Subject::Team(team)).await.unwrap();
    core.remove_workspace_team(&bob.caller, place(), team).await.unwrap();
    // Who holds the permission for every pair gives each of them.
    core.update_role(&scene.ann.caller, place(), RoleName::Id(same.id), wider()).await.unwrap();
}

/// Somebody who lost them meanwhile would give them after all.
async fn an_offer_of_pairs_stands_while_its_maker_holds_them(core: TestCore) {
    let scene = Scene::of(core).await;
    let (core, place) = (&scene.core, || target(scene.org, scene.workspace));
    let inviting = STAFF.with(Permission::ManageWorkspaceInvitations);
    let staff = scene.role(&scene.ann, "Staff", inviting, [RUN]).await.unwrap();
    let runner = scene.role(&scene.ann, "Runner", ENTER, [RUN]).await.unwrap();
    scene.give(&scene.ann, &staff, Subject::Principal(scene.bob.id())).await.unwrap();
    let guest = core.user(&scene.root, "guest").await;
    let roles = vec![RoleName::Id(runner.id)];
    let made = core.invite(&scene.bob.caller, place(), "guest@example.org".into(), roles).await.unwrap().0;
    let accept = || core.accept_invitation(&guest.caller, place().0, made.id, None);
    let change = |content: &[_]| RoleChange {
        content: Some(content.iter().copied().collect()),
        ..RoleChange::default()
    };
    core.update_role(&scene.ann.caller, place(), RoleName::Id(staff.id), change(&[TAG])).await.unwrap();
    assert_eq!(reason(accept().await), "invitation.inviter");
    core.update_role(&scene.ann.caller, place(), RoleName::Id(staff.id), change(&[RUN])).await.unwrap();
    accept().await.unwrap();
    assert!(scene.may(&guest, RUN).await);
}

async fn a_narrowed_credential_stays_narrower(core: TestCore) {
    let scene = Scene::of(core).await;
    let staff = scene.role(&scene.ann, "Staff", STAFF, [RUN]).await.unwrap();
    scene.give(&scene.ann, &staff, Subject::Principal(scene.bob.id())).await.unwrap();
    let mut narrow = scene.bob.clone();
    narrow.caller.narrowing.permissions = Some(STAFF);
    assert_eq!(reason(scene.role(&narrow, "Pair", ENTER, [RUN]).await), "role.exceeds_own");
    scene.role(&narrow, "No pair", ENTER, []).await.unwrap();
    // The pair is left by a credential that leaves the permission which holds it.
    narrow.caller.narrowing.permissions = Some(STAFF.with(Permission::UpdateContent));
    scene.role(&narrow, "Pair", ENTER, [RUN]).await.unwrap();
    let mut owner = scene.ann.clone();
    owner.caller.narrowing.permissions = Some(STAFF);
    assert_eq!(reason(scene.role(&owner, "Other", ENTER, [RUN]).await), "role.exceeds_own");
}

async fn roles_of_an_organization_hold_no_pairs(core: TestCore) {
    let scene = Scene::of(core).await;
    let new = |level| NewRole {
        id: None,
        level,
        title: "Role".into(),
        description: None,
        permissions: PermissionSet::NONE,
        content: ContentRights::from_iter([RUN]),
    };
    let make = async |level| {
        scene.core.create_role(&scene.ann.caller, OrganizationRef::Id(scene.org), new(level)).await
    };
    assert_eq!(kind(make(Level::Organization).await), Kind::Invalid);
    make(Level::Workspace).await.unwrap();
}

async fn roles_are_found_by_their_pairs(core: TestCore) {
    let scene = Scene::of(core).await;
    scene.role(&scene.ann, "A", ENTER, [RUN]).await.unwrap();
    scene.role(&scene.ann, "B", ENTER, [RUN, TAG]).await.unwrap();
    for ((resource, action), expected) in [
        ((Some(RUN.0), Some(RUN.1)), vec!["A", "B"]),
        ((Some(TAG.0), None), vec!["B"]),
        ((None, Some(TAG.1)), vec!["B"]),
        ((Some(TAG.0), Some(RUN.1)), vec![]),
    ] {
        let is = Test::Text(Comparison::Equal, needle(resource, action).unwrap());
        let page = first_page(vec![Order::ascending(RoleField::CreatedAt)]);
        let query = ListQuery { filter: Filter::Is(RoleField::Content, is), page };
        let place = target(scene.org, scene.workspace);
        let found = scene.core.list_roles(&scene.ann.caller, place, BuiltinRole::word, query).await.unwrap();
        let custom = found.items.iter().filter(|role| role.builtin.is_none());
        assert_eq!(custom.map(|role| &*role.title).collect::<Vec<_>>(), expected);
    }
}

/// What a database looks like that was made before there were stack administrators.
async fn without_stack_admins(core: &TestCore) -> (Member, OrganizationId) {
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    core.sql("DELETE FROM locator WHERE id IN (SELECT id FROM roles WHERE builtin = 'stack-admin')");
    core.sql("DELETE FROM roles WHERE builtin = 'stack-admin'");
    core.sql("UPDATE roles SET content = '' WHERE builtin IS NOT NULL");
    core.sql("UPDATE meta SET value = 0 WHERE name = 'built-in roles'");
    let new = NewRole {
        id: None,
        level: Level::Workspace,
        title: "stack-admin".into(),
        description: None,
        permissions: ENTER,
        content: ContentRights::NONE,
    };
    core.create_role(&root.caller, OrganizationRef::Id(org), new).await.unwrap();
    (root, org)
}

async fn require_stack_admins(core: &TestCore, root: &Member, org: OrganizationId) {
    let page = first_page(vec![Order::ascending(RoleField::Title)]);
    let query = ListQuery { filter: Filter::Is(RoleField::Builtin, Test::Present), page };
    let by = OrganizationRef::Id(org);
    let roles = core.list_every_role(&root.caller, by, BuiltinRole::word, query).await.unwrap().items;
    let mut words: Vec<_> = builtin_of_organization().map(BuiltinRole::word).collect();
    words.sort_unstable();
    assert_eq!(roles.iter().map(|role| role.builtin.unwrap().word()).collect::<Vec<_>>(), words);
    for role in roles {
        assert_eq!(role.content, role.builtin.unwrap().content(), "{role:?}");
        assert_eq!(
            core.get_any_role(&root.caller, OrganizationRef::Id(org), role.id).await.unwrap().id,
            role.id
        );
    }
    assert_eq!(core.examine().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_databases_get_newer_built_in_roles_on_postgres() {
    let core = TestCore::postgres().await;
    let (root, org) = without_stack_admins(&core).await;
    for seed in [1, 2] {
        require_stack_admins(&core.replica(seed).await, &root, org).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_databases_get_newer_built_in_roles_on_sqlite() {
    let directory = tempfile::TempDir::new().unwrap();
    let core = TestCore::in_directory(directory.path(), 0).await;
    let (root, org) = without_stack_admins(&core).await;
    drop(core);
    let core = TestCore::in_directory(directory.path(), 1).await;
    require_stack_admins(&core, &root, org).await;
}
