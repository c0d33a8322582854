//! Roles in the projects of a workspace's server, and what lets into a workspace besides a role in it.

use tenantry_core::authz::{OrganizationRef, Place, View, WorkspaceRef};
use tenantry_core::error::{Kind, Result};
use tenantry_core::filter::{Filter, ListQuery, Test};
use tenantry_core::grant::{Assignment, AssignmentField, RoleName, RolePlace, Scope, Subject};
use tenantry_core::page::Order;
use tenantry_core::permission::{BuiltinRole, Permission, PermissionSet};
use tenantry_core::resource::{Action, ActionSet, Allowed, Resource, ResourceKind, ShareSubject};
use tenantry_core::team::TeamMemberId;
use tenantry_testkit::estate::target;
use tenantry_testkit::{Member, TestCore};
use uuid::Uuid;

use crate::asking::{first_page, kind, reason};
use crate::content::{Scene, team};

on_both_engines!(
    a_role_counts_in_its_project_alone,
    a_role_in_a_project_lets_into_the_workspace,
    who_may_share_a_project_gives_roles_in_it,
    a_narrowed_credential_gives_no_more,
    roles_are_listed_with_their_projects,
    what_is_shared_lets_into_the_workspace,
    who_is_removed_loses_what_they_had_inside,
    a_project_that_is_gone_takes_its_roles_along,
    a_purged_workspace_leaves_no_project,
);

const ONE: Uuid = Uuid::from_u128(0x11);
const OTHER: Uuid = Uuid::from_u128(0x22);

fn project(id: Uuid) -> Resource {
    Resource { project: None, kind: ResourceKind::Project, id: Some(id) }
}

fn pipelines(project: Uuid) -> Resource {
    Resource { project: Some(project), kind: ResourceKind::Pipeline, id: None }
}

impl Scene {
    fn within(&self, project: Uuid) -> RolePlace {
        RolePlace::Project(OrganizationRef::Id(self.org), WorkspaceRef::Id(self.workspace), project)
    }

    async fn give_inside(
        &self,
        by: &Member,
        role: BuiltinRole,
        (to, project): (Subject, Uuid),
    ) -> Result<Assignment> {
        self.core.assign_role(&by.caller, self.within(project), RoleName::Builtin(role), to).await
    }

    async fn can(&self, who: &Member, action: Action, resource: Resource) -> bool {
        let server = &self.server.caller;
        self.core.check_resources(server, who.id(), action, vec![resource]).await.unwrap()[0]
    }

    /// Whether somebody sees the workspace.
    async fn enters(&self, who: &Member) -> bool {
        let place = target(self.org, self.workspace);
        self.core.get_workspace(&who.caller, place, View::Both).await.is_ok()
    }

    pub(crate) async fn share(&self, resource: Resource, with: ShareSubject, actions: &[Action]) {
        let actions: ActionSet = actions.iter().copied().collect();
        let share = (resource, with, actions);
        self.core.share_resource(&self.server.caller, self.ann.id(), share).await.unwrap();
    }
}

async fn a_role_counts_in_its_project_alone(core: TestCore) {
    let scene = Scene::of(core).await;
    let bob = Subject::Principal(scene.bob.id());
    scene.give_inside(&scene.ann, BuiltinRole::ProjectDeveloper, (bob, ONE)).await.unwrap();
    assert!(scene.can(&scene.bob, Action::Read, project(ONE)).await);
    assert!(scene.can(&scene.bob, Action::Update, pipelines(ONE)).await);
    assert!(!scene.can(&scene.bob, Action::Share, pipelines(ONE)).await);
    assert!(!scene.can(&scene.bob, Action::Read, project(OTHER)).await);
    assert!(!scene.can(&scene.bob, Action::Read, pipelines(OTHER)).await);
    // What is in no project is none of a project's.
    let stack = Resource { project: None, kind: ResourceKind::Stack, id: None };
    assert!(!scene.can(&scene.bob, Action::Read, stack).await);
    assert!(!scene.can(&scene.bob, Action::Read, Resource { id: None, ..project(ONE) }).await);
    let asked = |action, resource| {
        scene.core.allowed_resources(&scene.server.caller, scene.bob.id(), action, resource)
    };
    let projects = Resource { id: None, ..project(ONE) };
    assert_eq!(asked(Action::Read, projects).await.unwrap(), Allowed::Only(vec![ONE]));
    assert_eq!(asked(Action::Read, pipelines(ONE)).await.unwrap(), Allowed::All);
    assert_eq!(asked(Action::Read, pipelines(OTHER)).await.unwrap(), Allowed::Only(vec![]));
    // Nor is a role of another level given in a project, or one of projects on a workspace.
    let viewer = scene.give_inside(&scene.ann, BuiltinRole::WorkspaceViewer, (bob, ONE)).await;
    assert_eq!(reason(viewer), "role.place");
    let place = target(scene.org, scene.workspace);
    let name = RoleName::Builtin(BuiltinRole::ProjectViewer);
    assert_eq!(reason(scene.core.assign_role(&scene.ann.caller, place, name, bob).await), "role.place");
    let again = scene.give_inside(&scene.ann, BuiltinRole::ProjectDeveloper, (bob, ONE)).await;
    assert_eq!(reason(again), "role.assigned");
}

async fn a_role_in_a_project_lets_into_the_workspace(core: TestCore) {
    let scene = Scene::of(core).await;
    let group = team(&scene).await;
    assert!(!scene.enters(&scene.bob).await);
    scene.give_inside(&scene.ann, BuiltinRole::ProjectViewer, (Subject::Team(group), ONE)).await.unwrap();
    let (by, bob) = (|| OrganizationRef::Id(scene.org), TeamMemberId::Principal(scene.bob.id()));
    scene.core.add_team_member(&scene.ann.caller, (by(), group), bob).await.unwrap();
    assert!(scene.enters(&scene.bob).await);
    assert!(scene.can(&scene.bob, Action::Read, pipelines(ONE)).await);
    assert_eq!(scene.core.examine().await.unwrap(), []);
    let name = || RoleName::Builtin(BuiltinRole::ProjectViewer);
    let ann = &scene.ann.caller;
    let taken = scene.core.unassign_role(ann, scene.within(ONE), name(), Subject::Team(group)).await;
    taken.unwrap();
    assert!(!scene.enters(&scene.bob).await);
    let gone = scene.core.unassign_role(ann, scene.within(OTHER), name(), Subject::Team(group)).await;
    assert_eq!(kind(gone), Kind::NotFound);
    assert_eq!(scene.core.examine().await.unwrap(), []);
}

async fn who_may_share_a_project_gives_roles_in_it(core: TestCore) {
    let scene = Scene::of(core).await;
    let carl = scene.member("carl").await;
    let (to_bob, to_carl) = (Subject::Principal(scene.bob.id()), Subject::Principal(carl.id()));
    scene.give_inside(&scene.ann, BuiltinRole::ProjectAdmin, (to_bob, ONE)).await.unwrap();
    for role in [BuiltinRole::ProjectAdmin, BuiltinRole::ProjectViewer] {
        scene.give_inside(&scene.bob, role, (to_carl, ONE)).await.unwrap();
    }
    assert!(scene.can(&carl, Action::Share, project(ONE)).await);
    // Not in another project, and nothing on the workspace.
    let elsewhere = scene.give_inside(&scene.bob, BuiltinRole::ProjectViewer, (to_carl, OTHER)).await;
    assert_eq!(kind(elsewhere), Kind::Forbidden);
    let place = || target(scene.org, scene.workspace);
    let viewer = RoleName::Builtin(BuiltinRole::WorkspaceViewer);
    let on_all = scene.core.assign_role(&scene.bob.caller, place(), viewer, to_carl).await;
    assert_eq!(kind(on_all), Kind::Forbidden);
    // Who only works in a project gives nothing; who is no part of the workspace does not learn of it.
    let dora = scene.member("dora").await;
    let to_dora = Subject::Principal(dora.id());
    scene.give_inside(&scene.ann, BuiltinRole::ProjectDeveloper, (to_dora, OTHER)).await.unwrap();
    let by_developer = scene.give_inside(&dora, BuiltinRole::ProjectViewer, (to_carl, OTHER)).await;
    assert_eq!(kind(by_developer), Kind::Forbidden);
    let emil = scene.member("emil").await;
    let by_nobody = scene.give_inside(&emil, BuiltinRole::ProjectViewer, (to_carl, ONE)).await;
    assert_eq!(kind(by_nobody), Kind::Hidden);
    // A role that holds more than theirs is not given, nor taken from somebody.
    let content = PermissionSet::of(&[Permission::UpdateContent]);
    let staff = PermissionSet::of(&[Permission::ReadWorkspace, Permission::ManageWorkspaceUsers]);
    let managers = scene.role(&scene.ann, "Managers", staff, []).await.unwrap();
    scene.give(&scene.ann, &managers, Subject::Principal(emil.id())).await.unwrap();
    let exceeds = scene.give_inside(&emil, BuiltinRole::ProjectDeveloper, (to_carl, OTHER)).await;
    assert_eq!(reason(exceeds), "role.exceeds_own");
    let name = RoleName::Builtin(BuiltinRole::ProjectDeveloper);
    let taken = scene.core.unassign_role(&emil.caller, scene.within(OTHER), name, to_dora).await;
    assert_eq!(reason(taken), "role.exceeds_own");
    let removed = scene.core.remove_workspace_user(&emil.caller, place(), dora.id(), None).await;
    assert_eq!(reason(removed), "role.exceeds_own");
    let more = scene.role(&scene.ann, "More", staff.union(content), []).await.unwrap();
    scene.give(&scene.ann, &more, Subject::Principal(emil.id())).await.unwrap();
    let reads = PermissionSet::of(&[Permission::ReadContent, Permission::ReadProject]);
    let reader = scene.role(&scene.ann, "Reader", reads, []).await.unwrap();
    scene.give(&scene.ann, &reader, Subject::Principal(emil.id())).await.unwrap();
    scene.core.remove_workspace_user(&emil.caller, place(), dora.id(), None).await.unwrap();
    assert!(!scene.enters(&dora).await);
}

async fn a_narrowed_credential_gives_no_more(core: TestCore) {
    let scene = Scene::of(core).await;
    let carl = scene.member("carl").await;
    let (to_bob, to_carl) = (Subject::Principal(scene.bob.id()), Subject::Principal(carl.id()));
    scene.give_inside(&scene.ann, BuiltinRole::ProjectAdmin, (to_bob, ONE)).await.unwrap();
    let mut narrow = scene.bob.clone();
    let enter = PermissionSet::of(&[Permission::ReadOrganization, Permission::ReadWorkspace]);
    for left in [enter, enter.with(Permission::ManageWorkspaceUsers)] {
        narrow.caller.narrowing.permissions = Some(left);
        let given = scene.give_inside(&narrow, BuiltinRole::ProjectViewer, (to_carl, ONE)).await;
        assert_eq!(kind(given), Kind::Forbidden);
    }
    narrow.caller.narrowing.permissions = Some(
        enter
            .with(Permission::ManageWorkspaceUsers)
            .with(Permission::ReadProject)
            .with(Permission::ReadContent),
    );
    scene.give_inside(&narrow, BuiltinRole::ProjectViewer, (to_carl, ONE)).await.unwrap();
}

async fn roles_are_listed_with_their_projects(core: TestCore) {
    let scene = Scene::of(core).await;
    let bob = Subject::Principal(scene.bob.id());
    for project in [ONE, OTHER] {
        scene.give_inside(&scene.ann, BuiltinRole::ProjectViewer, (bob, project)).await.unwrap();
    }
    let list = async |by: &Member, place: Place, filter| {
        let page = first_page(vec![Order::ascending(AssignmentField::CreatedAt)]);
        let found = scene.core.list_assignments(&by.caller, place, ListQuery { filter, page }).await;
        let projects = found.unwrap().items.into_iter().filter_map(|it| match it.grant.scope {
            Scope::Project(at) => Some((at.workspace, at.project)),
            _ => None,
        });
        projects.collect::<Vec<_>>()
    };
    let (here, there) = ((scene.workspace, ONE), (scene.workspace, OTHER));
    let organization = || OrganizationRef::Id(scene.org).into();
    let workspace = || target(scene.org, scene.workspace).into();
    assert_eq!(list(&scene.ann, workspace(), Filter::All).await, [here, there]);
    assert_eq!(list(&scene.ann, organization(), Filter::All).await, [here, there]);
    let of_one = Filter::Is(AssignmentField::Project, Test::Id(ONE));
    assert_eq!(list(&scene.ann, workspace(), of_one).await, [here]);
    // Who may not see the people of the workspace sees none of theirs.
    assert_eq!(list(&scene.bob, organization(), Filter::All).await, []);
}

async fn what_is_shared_lets_into_the_workspace(core: TestCore) {
    let scene = Scene::of(core).await;
    let stack = Resource { project: None, kind: ResourceKind::Stack, id: Some(ONE) };
    let with = ShareSubject::Principal(scene.bob.id());
    scene.share(stack, with, &[Action::Read]).await;
    assert!(scene.enters(&scene.bob).await);
    assert!(scene.can(&scene.bob, Action::Read, stack).await);
    assert!(!scene.can(&scene.bob, Action::Read, Resource { id: Some(OTHER), ..stack }).await);
    scene.share(stack, with, &[]).await;
    assert!(!scene.enters(&scene.bob).await);
    scene.share(stack, with, &[Action::Read]).await;
    scene.core.forget_resources(&scene.server.caller, vec![stack]).await.unwrap();
    assert!(!scene.enters(&scene.bob).await);
    scene.share(stack, with, &[Action::Read]).await;
    let every = Resource { id: None, ..stack };
    scene.core.forget_resources(&scene.server.caller, vec![every]).await.unwrap();
    assert!(!scene.enters(&scene.bob).await);
    let group = team(&scene).await;
    scene.share(stack, ShareSubject::Team(group), &[Action::Read]).await;
    let (by, bob) = (|| OrganizationRef::Id(scene.org), TeamMemberId::Principal(scene.bob.id()));
    scene.core.add_team_member(&scene.ann.caller, (by(), group), bob).await.unwrap();
    assert!(scene.enters(&scene.bob).await);
    assert_eq!(scene.core.examine().await.unwrap(), []);
    scene.core.remove_team_member(&scene.ann.caller, (by(), group), bob).await.unwrap();
    assert!(!scene.enters(&scene.bob).await);
    assert_eq!(scene.core.examine().await.unwrap(), []);
}

async fn who_is_removed_loses_what_they_had_inside(core: TestCore) {
    let scene = Scene::of(core).await;
    let bob = Subject::Principal(scene.bob.id());
    let stack = Resource { project: None, kind: ResourceKind::Stack, id: Some(ONE) };
    scene.share(stack, ShareSubject::Principal(scene.bob.id()), &[Action::Read]).await;
    scene.give_inside(&scene.ann, BuiltinRole::ProjectViewer, (bob, ONE)).await.unwrap();
    let place = || target(scene.org, scene.workspace);
    scene.core.remove_workspace_user(&scene.ann.caller, place(), scene.bob.id(), None).await.unwrap();
    assert!(!scene.enters(&scene.bob).await);
    let viewer = RoleName::Builtin(BuiltinRole::WorkspaceContributor);
    scene.core.assign_role(&scene.ann.caller, place(), viewer, bob).await.unwrap();
    assert!(scene.enters(&scene.bob).await);
    assert!(!scene.can(&scene.bob, Action::Read, stack).await);
    assert!(!scene.can(&scene.bob, Action::Read, pipelines(ONE)).await);
    // Nor does somebody stay whom a share alone let in.
    let carl = scene.member("carl").await;
    scene.share(stack, ShareSubject::Principal(carl.id()), &[Action::Read]).await;
    assert!(scene.enters(&carl).await);
    scene.core.remove_workspace_user(&scene.ann.caller, place(), carl.id(), None).await.unwrap();
    assert!(!scene.enters(&carl).await);
    assert_eq!(scene.core.examine().await.unwrap(), []);
    assert_eq!(scene.core.sql("SELECT COUNT(*) FROM server_projects"), "0");
}

async fn a_project_that_is_gone_takes_its_roles_along(core: TestCore) {
    let scene = Scene::of(core).await;
    let carl = scene.member("carl").await;
    for (who, project) in [(&scene.bob, ONE), (&carl, OTHER)] {
        let to = Subject::Principal(who.id());
        scene.give_inside(&scene.ann, BuiltinRole::ProjectViewer, (to, project)).await.unwrap();
    }
    scene.core.forget_resources(&scene.server.caller, vec![project(ONE)]).await.unwrap();
    assert!(!scene.enters(&scene.bob).await);
    assert!(scene.enters(&carl).await);
    // Another project of the same id would start with nobody.
    scene
        .give_inside(&scene.ann, BuiltinRole::ProjectViewer, (Subject::Principal(carl.id()), ONE))
        .await
        .unwrap();
    assert!(!scene.can(&scene.bob, Action::Read, project(ONE)).await);
    assert_eq!(scene.core.examine().await.unwrap(), []);
}

async fn a_purged_workspace_leaves_no_project(core: TestCore) {
    let scene = Scene::of(core).await;
    let bob = Subject::Principal(scene.bob.id());
    scene.give_inside(&scene.ann, BuiltinRole::ProjectViewer, (bob, ONE)).await.unwrap();
    let place = || target(scene.org, scene.workspace);
    scene.core.delete_workspace(&scene.ann.caller, place(), None, true).await.unwrap();
    scene.core.clock().advance_seconds(scene.core.settings().retention_seconds);
    while scene.core.purge().await.unwrap() {}
    assert_eq!(scene.core.examine().await.unwrap(), []);
    assert_eq!(scene.core.sql("SELECT COUNT(*) FROM server_projects"), "0");
}
