//! Roles in the projects of workspaces' servers. Which projects there are, only the server knows; here a project comes to
//! be known by the first role that is given in it, and is forgotten when the server tells that it is gone.

use uuid::Uuid;

use super::{Scope, Subject};
use crate::audit::Act;
use crate::authz::{self, Needed, OrganizationRef, Place, PlaceScope, WorkspaceRef, Writable};
use crate::error::Result;
use crate::ids::{ServerProjectId, WorkspaceId};
use crate::permission::Permission;
use crate::resource::{Action, ContentRights, ResourceKind};
use crate::role;
use crate::store::Session;

/// A project of a workspace's server in which somebody holds a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ServerProject {
    /// What stands for it in grants. The server's own id could be that of anything else here.
    pub id: ServerProjectId,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Its id in the server.
    pub project: Uuid,
}

/// Where a role is given.
#[derive(Clone, Debug)]
pub enum RolePlace {
    /// On an organization or a workspace.
    Place(Place),
    /// In a project of a workspace's server, by its id there.
    Project(OrganizationRef, WorkspaceRef, Uuid),
}

impl<P: Into<Place>> From<P> for RolePlace {
    fn from(place: P) -> Self {
        Self::Place(place.into())
    }
}

/// Asks for the right to give and take roles there: who manages the people of a place may; in a project also who may share
/// it.
pub(super) async fn require_to_assign(
    session: &dyn Session,
    act: &Act,
    place: &RolePlace,
) -> Result<(Writable<PlaceScope>, Option<Uuid>)> {
    let (place, project) = match place {
        RolePlace::Place(place) => {
            let needed = Needed::MANAGE_USERS;
            return Ok((authz::require_change_at(session, &act.caller, needed, place).await?, None));
        }
        RolePlace::Project(organization, workspace, project) => {
            (Place::Workspace(organization.clone(), workspace.clone()), *project)
        }
    };
    let scope = authz::require_change_at(session, &act.caller, Needed::TO_ENTER, &place).await?;
    let sharing = ContentRights::from_iter([(ResourceKind::Project, Action::Share)]);
    let held = role::held_at(session, &scope, Some(project)).await?;
    if !held.all_content().includes(&sharing) {
        return Err(authz::lacking(Permission::ManageWorkspaceUsers));
    }
    Ok((scope, Some(project)))
}

/// Where in the place a role is held; none in a project in which nobody holds one.
pub(super) async fn find(
    session: &dyn Session,
    scope: &PlaceScope,
    project: Option<Uuid>,
) -> Result<Option<Scope>> {
    match (scope.workspace(), project) {
        (Some(workspace), Some(project)) => {
            Ok(session.find_server_project(scope, workspace, project).await?.map(Scope::Project))
        }
        _ => Ok(Some(scope.at())),
    }
}

/// The same; a project becomes known by it.
pub(super) async fn find_or_make(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<PlaceScope>,
    project: Option<Uuid>,
) -> Result<Scope> {
    if let Some(found) = find(session, scope, project).await? {
        return Ok(found);
    }
    let (Some(workspace), Some(project)) = (scope.workspace(), project) else { return Ok(scope.at()) };
    let made = ServerProject { id: ServerProjectId::generate(&*act.ids), workspace, project };
    session.insert_server_project(&scope.organization_scope(), &made).await?;
    Ok(Scope::Project(made))
}

/// Whether somebody was let in by a role in a project there, or by what is shared with them.
pub(super) async fn holds_any(session: &dyn Session, scope: &PlaceScope, subject: &Subject) -> Result<bool> {
    match scope.workspace() {
        Some(workspace) => Ok(session.has_shares(scope, workspace, subject).await?
            || !session.grants_inside(scope, subject, workspace).await?.is_empty()),
        None => Ok(false),
    }
}

/// Ends what somebody holds inside the server of a workspace that they are removed from: roles in projects, none of which
/// may exceed the caller's own, and what was shared with them, whatever it was: whoever manages the people of a workspace
/// could remove nobody otherwise with whom something is shared that they may not use themselves.
pub(super) async fn end(
    session: &dyn Session,
    scope: &Writable<PlaceScope>,
    subject: &Subject,
) -> Result<()> {
    let Some(workspace) = scope.workspace() else { return Ok(()) };
    let organization = scope.organization_scope();
    for grant in session.grants_inside(scope, subject, workspace).await? {
        if let (Some(role), Scope::Project(at)) = (session.find_role(scope, grant.role).await?, grant.scope) {
            role::require_to_hold(session, scope, Some(at.project), &role).await?;
        }
        session.delete_grant(&organization, &grant).await?;
    }
    session.end_shares(&organization, workspace, subject).await
}
