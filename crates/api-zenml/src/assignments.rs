//! `/roles/{role}/assignments`: who has a role, given and taken one by one. Everything travels in the query.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use tenantry_core::Result;
use tenantry_core::authz::{OrganizationRef, Place, WorkspaceRef};
use tenantry_core::filter::{Filter, ListQuery, Test};
use tenantry_core::grant::{Assignment, AssignmentField, Party, RoleName, RolePlace, Scope, Subject};
use tenantry_core::ids::{
    InvitationId, OrganizationId, PrincipalId, RoleId, TeamId, WorkspaceId, parse_uuid,
};
use tenantry_core::page::{Order, PageRequest, Start};
use tenantry_core::role::Role;
use tenantry_http::{Authenticated, Refused, Segments, Served};
use uuid::Uuid;

use crate::Zenml;
use crate::invitations::InvitationRead;
use crate::openapi::Id;
use crate::params::{Params, missing};
use crate::roles::{self, RoleRead};
use crate::teams::{TeamRead, exactly_one};
use crate::users::{UserRead, as_text};

/// More rows than this are not answered at once. The vendor's clients do not page, so it is the default too.
pub(crate) const MOST: usize = 10_000;

/// One role of one party: one of `user`, `team` and `invitation` is set.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.RoleAssignment")]
pub(crate) struct RoleAssignment<'a> {
    #[serde(flatten)]
    party: PartyRead<'a>,
    role: RoleRead,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Id")]
    organization_id: OrganizationId,
    workspace_id: Option<String>,
    project_id: Option<String>,
}

impl<'a> RoleAssignment<'a> {
    pub(crate) fn of(assignment: &'a Assignment) -> Self {
        let Assignment { grant, role, party } = assignment;
        let (workspace_id, project_id) = match grant.scope {
            Scope::Workspace(id) => (Some(id.to_string()), None),
            Scope::Project(at) => (Some(at.workspace.to_string()), Some(at.project.to_string())),
            Scope::Server | Scope::Organization => (None, None),
        };
        Self {
            party: PartyRead::of(party, Some(role)),
            role: RoleRead::of(role),
            organization_id: role.organization,
            workspace_id,
            project_id,
        }
    }
}

/// Who can have a role.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.Party")]
pub(crate) struct PartyRead<'a> {
    user: Option<UserRead<'a>>,
    team: Option<TeamRead>,
    invitation: Option<InvitationRead<'a>>,
}

impl<'a> PartyRead<'a> {
    /// The party; `role` is the first that it has, which an invitation shows.
    pub(crate) fn of(party: &'a Party, role: Option<&Role>) -> Self {
        let mut read = Self { user: None, team: None, invitation: None };
        match party {
            Party::Principal(principal) => read.user = Some(UserRead::known(principal)),
            Party::Team(team) => read.team = Some(TeamRead::from(team)),
            Party::Invitation(invitation) => {
                read.invitation = Some(InvitationRead::inside(invitation, role));
            }
        }
        read
    }
}

/// `GET /roles/{role}/assignments`: the newest first. Of a role that is given in workspaces those of `workspace_id`, or of
/// every workspace of which the caller may see who has roles in it; of one that is given in projects likewise, or those of
/// `project_id`.
pub(crate) async fn list_assignments(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([role]): Segments<1>,
    params: Params,
) -> Result<Response, Refused<Zenml>> {
    let (home, role) = roles::find(&served.core, &who, &role).await?;
    let (workspace, project) = scope(&params)?;
    let (offset, limit) = (params.offset()?, params.limit_of_all(MOST)?);
    let place = match workspace {
        Some(workspace) => Place::Workspace(organization(home), WorkspaceRef::Id(workspace)),
        None => Place::Organization(organization(home)),
    };
    let page = PageRequest {
        order: vec![Order::descending(AssignmentField::CreatedAt)],
        start: Start::Skip { from: None, rows: offset },
        limit,
    };
    let mut filter = Filter::Is(AssignmentField::Role, Test::Id(*role.id.as_uuid()));
    if let Some(project) = project {
        filter = filter.and(Filter::Is(AssignmentField::Project, Test::Id(project)));
    }
    let found = served.core.list_assignments(&who.caller, place, ListQuery { filter, page }).await?;
    Ok(Json(found.items.iter().map(RoleAssignment::of).collect::<Vec<_>>()).into_response())
}

/// `POST /roles/{role}/assignments`: gives the role to exactly one of `user_id`, `team_id`, `invitation_id`.
pub(crate) async fn create_assignment(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([role]): Segments<1>,
    params: Params,
) -> Result<Response, Refused<Zenml>> {
    let (place, role) = target(&served, &who, &role, &params).await?;
    let core = &served.core;
    let made = core.assign_role(&who.caller, place, RoleName::Id(role), subject(&params)?).await?;
    Ok(Json(RoleAssignment::of(&made)).into_response())
}

/// `DELETE /roles/{role}/assignments`: takes the role from exactly one of `user_id`, `team_id`, `invitation_id`.
pub(crate) async fn delete_assignment(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([role]): Segments<1>,
    params: Params,
) -> Result<Json<()>, Refused<Zenml>> {
    let (place, role) = target(&served, &who, &role, &params).await?;
    served.core.unassign_role(&who.caller, place, RoleName::Id(role), subject(&params)?).await?;
    Ok(Json(()))
}

async fn target(
    served: &Served,
    who: &Authenticated<Zenml>,
    role: &str,
    params: &Params,
) -> Result<(RolePlace, RoleId), Refused<Zenml>> {
    let (home, role) = roles::find(&served.core, who, role).await?;
    let organization = organization(home);
    let place = match scope(params)? {
        (Some(workspace), Some(project)) => {
            RolePlace::Project(organization, WorkspaceRef::Id(workspace), project)
        }
        (Some(workspace), None) => (organization, WorkspaceRef::Id(workspace)).into(),
        (None, _) => organization.into(),
    };
    Ok((place, role.id))
}

/// The workspace that is named, and the project of its server.
fn scope(params: &Params) -> Result<(Option<WorkspaceId>, Option<Uuid>), Refused<Zenml>> {
    let workspace = params.id("workspace_id", WorkspaceId::parse)?;
    let project = params.id("project_id", parse_uuid)?;
    if project.is_some() && workspace.is_none() {
        return Err(missing("workspace_id").into());
    }
    Ok((workspace, project))
}

/// The organization of a role. Where in it the role is given, the request says, whatever the role was made for.
fn organization(home: Place) -> OrganizationRef {
    match home {
        Place::Organization(organization) | Place::Workspace(organization, _) => organization,
    }
}

fn subject(params: &Params) -> Result<Subject, Refused<Zenml>> {
    let user = params.id("user_id", PrincipalId::parse)?.map(Subject::Principal);
    let team = params.id("team_id", TeamId::parse)?.map(Subject::Team);
    let invitation = params.id("invitation_id", InvitationId::parse)?.map(Subject::Invitation);
    let expected = "expected exactly one of user_id, team_id and invitation_id";
    Ok(exactly_one([user, team, invitation], expected)?)
}
