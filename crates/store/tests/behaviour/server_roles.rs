//! The role of a workspace's server, which nobody takes, changes or adds to: without it the workspace is shut.

use tenantry_core::Shower;
use tenantry_core::credential::Rotation;
use tenantry_core::error::Result;
use tenantry_core::filter::{Filter, ListQuery, Test};
use tenantry_core::grant::{Person, RoleName, Subject};
use tenantry_core::page::Order;
use tenantry_core::permission::{BuiltinRole, PermissionSet};
use tenantry_core::resource::{Action, ActionSet, Resource, ResourceKind, ShareSubject};
use tenantry_core::role::{Role, RoleChange, RoleField};
use tenantry_testkit::TestCore;
use tenantry_testkit::estate::target;
use uuid::Uuid;

use crate::asking::{first_page, reason};
use crate::content::{ENTER, RUN, Scene};

on_both_engines!(
    nobody_gives_or_takes_roles_of_a_server,
    nobody_changes_the_role_of_a_server,
    a_server_is_no_owner_of_its_workspace,
    a_new_key_gives_a_server_its_role_again,
    what_a_server_was_given_before_is_taken,
    a_new_key_widens_no_role_of_others,
    a_server_takes_no_role_that_others_hold,
    nothing_is_shared_with_a_server,
);

const KEPT: &str = "workspace.server_account";

impl Scene {
    fn of_server(&self) -> Subject {
        Subject::Principal(self.server.id())
    }

    /// Whether the server still is one.
    async fn serves(&self) -> bool {
        self.core.workspace_of_server(&self.server.caller).await.is_ok()
    }

    /// Gives the server a built-in role, as could be done before the rule.
    fn give_by_hand(&self, word: &str, level: i64, at: Uuid) {
        let [server, org, at, id] =
            [*self.server.id().as_uuid(), *self.org.as_uuid(), at, Uuid::from_u128(!at.as_u128())]
                .map(|id| self.core.literal(&id));
        self.core.sql(&format!(
            "INSERT INTO grants (org_id, id, subject_kind, subject_id, role_id, level, scope_id, created_at, created_by) \
             SELECT {org}, {id}, 'principal', {server}, id, {level}, {at}, 1, {server} FROM roles \
             WHERE org_id = {org} AND builtin = '{word}'"
        ));
    }

    /// The roles that the server holds in its workspace.
    async fn held_by_server(&self) -> Vec<Role> {
        let query = ListQuery {
            filter: Filter::Is(RoleField::HeldBy, Test::Id(*self.server.id().as_uuid())),
            page: first_page(vec![Order::ascending(RoleField::CreatedAt)]),
        };
        let place = target(self.org, self.workspace);
        self.core.list_roles(&self.ann.caller, place, BuiltinRole::word, query).await.unwrap().items
    }
}

async fn nobody_gives_or_takes_roles_of_a_server(core: TestCore) {
    let scene = Scene::of(core).await;
    let (core, ann, place) = (&scene.core, &scene.ann.caller, || target(scene.org, scene.workspace));
    let (server, viewer) = (scene.server.id(), || RoleName::Builtin(BuiltinRole::WorkspaceViewer));
    let held = RoleName::Id(scene.held_by_server().await[0].id);
    let refusals: [Result<()>; 6] = [
        core.remove_workspace_user(ann, place(), server, None).await,
        core.update_user(ann, place(), server, vec![viewer()], None).await.map(drop),
        core.add_user(ann, place(), Person::Id(server), vec![viewer()]).await.map(drop),
        core.assign_role(ann, place(), viewer(), scene.of_server()).await.map(drop),
        core.unassign_role(ann, place(), held.clone(), scene.of_server()).await,
        // Nor elsewhere.
        core.add_user(
            ann,
            place().0,
            Person::Id(server),
            vec![RoleName::Builtin(BuiltinRole::OrganizationMember)],
        )
        .await
        .map(drop),
    ];
    for refused in refusals {
        assert_eq!(reason(refused), KEPT);
    }
    assert!(scene.serves().await);
    // Its role is nothing special for others.
    core.assign_role(ann, place(), held.clone(), Subject::Principal(scene.bob.id())).await.unwrap();
    core.unassign_role(ann, place(), held, Subject::Principal(scene.bob.id())).await.unwrap();
}

async fn nobody_changes_the_role_of_a_server(core: TestCore) {
    let scene = Scene::of(core).await;
    let (core, ann, place) = (&scene.core, &scene.ann.caller, || target(scene.org, scene.workspace));
    let role = || async { RoleName::Id(scene.held_by_server().await[0].id) };
    let less = RoleChange { permissions: Some(PermissionSet::NONE), ..RoleChange::default() };
    assert_eq!(reason(core.update_role(ann, place(), role().await, less).await), KEPT);
    assert_eq!(reason(core.delete_role(ann, place(), role().await, None, true).await), KEPT);
    assert!(scene.serves().await);
    // Another role of the workspace is not the server's.
    let other = scene.role(&scene.ann, "Runner", PermissionSet::NONE, [RUN]).await.unwrap();
    core.delete_role(ann, place(), RoleName::Id(other.id), None, true).await.unwrap();
}

/// A database of before the rule may have one that was made an owner.
async fn a_server_is_no_owner_of_its_workspace(core: TestCore) {
    let scene = Scene::of(core).await;
    let (core, ann) = (&scene.core, Subject::Principal(scene.ann.id()));
    let (server, org) = (core.literal(scene.server.id().as_uuid()), core.literal(scene.org.as_uuid()));
    core.sql(&format!(
        "UPDATE grants SET role_id = (SELECT id FROM roles WHERE org_id = {org} AND builtin = 'workspace-owner') \
         WHERE subject_id = {server}"
    ));
    let place = || target(scene.org, scene.workspace);
    let owner = RoleName::Builtin(BuiltinRole::WorkspaceOwner);
    let left = core.unassign_role(&scene.ann.caller, place(), owner.clone(), ann).await;
    assert_eq!(reason(left), "member.last_owner");
    // Nor of any other, nor of the organization.
    core.unassign_role(&scene.ann.caller, place(), owner, scene.of_server()).await.unwrap();
    scene.give_by_hand("organization-owner", 1, *scene.org.as_uuid());
    let owner = RoleName::Builtin(BuiltinRole::OrganizationOwner);
    let member = RoleName::Builtin(BuiltinRole::OrganizationMember);
    core.assign_role(&scene.ann.caller, place().0, member, ann).await.unwrap();
    core.sql(&format!("UPDATE organizations SET owner_id = {}", core.literal(scene.bob.id().as_uuid())));
    let left = core.unassign_role(&scene.root.caller, place().0, owner, ann).await;
    assert_eq!(reason(left), "member.last_owner");
}

async fn a_new_key_gives_a_server_its_role_again(core: TestCore) {
    let scene = Scene::of(core).await;
    let (core, ann, place) = (&scene.core, &scene.ann.caller, || target(scene.org, scene.workspace));
    let (server, before) = (core.literal(scene.server.id().as_uuid()), scene.held_by_server().await);
    let taken = [
        vec![
            format!("DELETE FROM grants WHERE subject_id = {server}"),
            format!("DELETE FROM reach WHERE principal_id = {server}"),
        ],
        vec![
            "UPDATE roles SET permissions = 0 WHERE title = 'Workspace Server'".to_owned(),
            format!("UPDATE reach SET permissions = 0 WHERE principal_id = {server}"),
        ],
    ];
    for statements in taken {
        for statement in statements {
            core.sql(&statement);
        }
        let made = core.rotate_enrollment_key(ann, place(), Rotation::default()).await.unwrap();
        let client = scene.workspace.to_string();
        let issued = core.sign_in_client(&client, made.key.expose(), Shower::default()).await.unwrap();
        let caller = core.authenticate(issued.secret.expose()).await.unwrap();
        core.workspace_of_server(&caller).await.unwrap();
        let held = scene.held_by_server().await;
        assert_eq!((held.len(), held[0].id, held[0].permissions), (1, before[0].id, before[0].permissions));
        assert_eq!(core.examine().await.unwrap(), []);
    }
    // One that is gone is made again.
    core.sql(&format!("DELETE FROM grants WHERE subject_id = {server}"));
    core.sql(&format!("DELETE FROM reach WHERE principal_id = {server}"));
    core.sql("DELETE FROM roles WHERE title = 'Workspace Server'");
    core.rotate_enrollment_key(ann, place(), Rotation::default()).await.unwrap();
    let held = scene.held_by_server().await;
    assert_eq!((held.len(), held[0].permissions), (1, before[0].permissions));
    assert_eq!(core.examine().await.unwrap(), []);
}

async fn what_a_server_was_given_before_is_taken(core: TestCore) {
    let scene = Scene::of(core).await;
    let (core, ann, place) = (&scene.core, &scene.ann.caller, || target(scene.org, scene.workspace));
    let other = core.workspace(&scene.ann, scene.org, "Other").await.id;
    let (of_org, of_other) = (|| place().0, || target(scene.org, other));
    scene.give_by_hand("organization-member", 1, *scene.org.as_uuid());
    scene.give_by_hand("workspace-viewer", 2, *other.as_uuid());
    scene.give_by_hand("workspace-viewer", 2, *scene.workspace.as_uuid());
    let (viewer, member) = (BuiltinRole::WorkspaceViewer, BuiltinRole::OrganizationMember);
    core.unassign_role(ann, of_org(), RoleName::Builtin(member), scene.of_server()).await.unwrap();
    core.remove_workspace_user(ann, of_other(), scene.server.id(), None).await.unwrap();
    assert_eq!(reason(core.remove_workspace_user(ann, place(), scene.server.id(), None).await), KEPT);
    core.unassign_role(ann, place(), RoleName::Builtin(viewer), scene.of_server()).await.unwrap();
    assert_eq!(scene.held_by_server().await.len(), 1);
    assert!(scene.serves().await);
    assert_eq!(core.examine().await.unwrap(), []);
}

async fn a_new_key_widens_no_role_of_others(core: TestCore) {
    let scene = Scene::of(core).await;
    let (core, ann, place) = (&scene.core, &scene.ann.caller, || target(scene.org, scene.workspace));
    let before = scene.held_by_server().await.remove(0);
    let bob = Subject::Principal(scene.bob.id());
    core.assign_role(ann, place(), RoleName::Id(before.id), bob).await.unwrap();
    core.sql(&format!("UPDATE roles SET permissions = {} WHERE title = 'Workspace Server'", ENTER.bits()));
    core.sql(&format!(
        "UPDATE reach SET permissions = {} WHERE scope_id = {} AND principal_id <> {}",
        ENTER.bits(),
        core.literal(scene.workspace.as_uuid()),
        core.literal(scene.ann.id().as_uuid()),
    ));
    for _ in 0..2 {
        core.rotate_enrollment_key(ann, place(), Rotation::default()).await.unwrap();
        let held = scene.held_by_server().await;
        let mut held: Vec<_> = held.iter().map(|role| (role.title.as_str(), role.permissions)).collect();
        held.sort_by_key(|(title, _)| *title);
        let expected = [("Workspace Server", ENTER), ("Workspace Server 2", before.permissions)];
        assert_eq!(held, expected);
    }
    assert_eq!(core.examine().await.unwrap(), []);
}

/// Nobody could change it any more.
async fn a_server_takes_no_role_that_others_hold(core: TestCore) {
    let scene = Scene::of(core).await;
    let (core, ann, place) = (&scene.core, &scene.ann.caller, || target(scene.org, scene.workspace));
    let role = scene.held_by_server().await.remove(0).id;
    let bob = Subject::Principal(scene.bob.id());
    core.assign_role(ann, place(), RoleName::Id(role), bob).await.unwrap();
    let server = core.literal(scene.server.id().as_uuid());
    for gone in ["grants WHERE subject_id", "reach WHERE principal_id"] {
        core.sql(&format!("DELETE FROM {gone} = {server}"));
    }
    core.rotate_enrollment_key(ann, place(), Rotation::default()).await.unwrap();
    assert_eq!(scene.held_by_server().await[0].title, "Workspace Server 2");
    assert!(scene.serves().await);
    core.delete_role(ann, place(), RoleName::Id(role), None, true).await.unwrap();
}

async fn nothing_is_shared_with_a_server(core: TestCore) {
    let scene = Scene::of(core).await;
    let resource = Resource { project: None, kind: ResourceKind::Stack, id: Some(Uuid::from_u128(7)) };
    let share = async |actions: &[Action]| {
        let actions: ActionSet = actions.iter().copied().collect();
        let share = (resource, ShareSubject::Principal(scene.server.id()), actions);
        scene.core.share_resource(&scene.server.caller, scene.ann.id(), share).await
    };
    assert_eq!(reason(share(&[Action::Read]).await), KEPT);
    share(&[]).await.unwrap();
}
