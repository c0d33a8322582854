//! The role of a workspace's server, which nobody takes, changes or adds to: without it the workspace is shut.

use tenantry_core::Shower;
use tenantry_core::credential::Rotation;
use tenantry_core::error::Result;
use tenantry_core::filter::{Filter, ListQuery, Test};
use tenantry_core::grant::{Person, RoleName, Subject};
use tenantry_core::page::Order;
use tenantry_core::permission::{BuiltinRole, PermissionSet};
use tenantry_core::role::{Role, RoleChange, RoleField};
use tenantry_testkit::TestCore;
use tenantry_testkit::estate::target;

use crate::asking::{first_page, reason};
use crate::content::{RUN, Scene};

on_both_engines!(
    nobody_gives_or_takes_roles_of_a_server,
    nobody_changes_the_role_of_a_server,
    a_server_is_no_owner_of_its_workspace,
    a_new_key_gives_a_server_its_role_again,
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
    let place = target(scene.org, scene.workspace);
    let owner = RoleName::Builtin(BuiltinRole::WorkspaceOwner);
    let left = core.unassign_role(&scene.ann.caller, place, owner, ann).await;
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
