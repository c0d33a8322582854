//! `/organizations/{organization}/members`, and `/workspaces/{workspace}/members` with its former name
//! `/tenants/{workspace}/members`: everybody who has a role there, each with all roles held there.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use tenantry_core::authz::{OrganizationRef, Place, Thing, WorkspaceRef};
use tenantry_core::grant::{Member, PartyQuery, RoleName, Subject};
use tenantry_core::ids::{PrincipalId, RoleId, TeamId, WorkspaceId};
use tenantry_core::permission::BuiltinRole;
use tenantry_core::{Core, Error, Result};
use tenantry_http::{Authenticated, Refused, Segments, Served};

use crate::Zenml;
use crate::assignments::{MOST, PartyRead, RoleAssignment};
use crate::organizations::by_id;
use crate::params::{Params, missing};
use crate::roles::RoleRead;
use crate::teams::exactly_one;

/// Who has roles at a place: one of `user`, `team` and `invitation` is set.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.OrganizationMember")]
pub(crate) struct MemberRead<'a> {
    #[serde(flatten)]
    party: PartyRead<'a>,
    roles: Vec<RoleRead>,
}

impl<'a> From<&'a Member> for MemberRead<'a> {
    fn from(member: &'a Member) -> Self {
        Self {
            party: PartyRead::of(&member.party, member.roles.first()),
            roles: member.roles.iter().map(RoleRead::of).collect(),
        }
    }
}

/// `GET /organizations/{organization}/members`: the newest first.
pub(crate) async fn list_members(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization]): Segments<1>,
    params: Params,
) -> Result<Response, Refused<Zenml>> {
    let organization = by_id(&organization)?;
    let wanted = |name| Ok::<_, Refused<Zenml>>(params.choice(name)?.unwrap_or(true));
    let query = PartyQuery {
        role: params.id("role_id", RoleId::parse)?,
        users: wanted("include_users")?,
        service_accounts: wanted("include_service_accounts")?,
        teams: wanted("include_teams")?,
        invitations: wanted("include_invitations")?,
        skip: params.offset()?,
        limit: params.limit_of_all(MOST)?,
    };
    list(&served.core, &who, Place::Organization(organization), query).await
}

/// `DELETE /organizations/{organization}/members`: everything that the user has in the organization ends.
pub(crate) async fn remove_member(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization]): Segments<1>,
    params: Params,
) -> Result<Json<()>, Refused<Zenml>> {
    let organization = by_id(&organization)?;
    let user = params.id("user_id", PrincipalId::parse)?.ok_or_else(|| missing("user_id"))?;
    served.core.remove_organization_user(&who.caller, organization, user, None, false).await?;
    Ok(Json(()))
}

/// `GET /workspaces/{workspace}/members`: the newest first.
pub(crate) async fn list_workspace_members(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([workspace]): Segments<1>,
    params: Params,
) -> Result<Response, Refused<Zenml>> {
    let place = workspace_of(&served.core, &who, &workspace).await?.into();
    let query = PartyQuery {
        role: None,
        users: true,
        service_accounts: true,
        teams: true,
        invitations: true,
        skip: params.offset()?,
        limit: params.limit_of_all(MOST)?,
    };
    list(&served.core, &who, place, query).await
}

async fn list(
    core: &Core,
    who: &Authenticated<Zenml>,
    place: Place,
    query: PartyQuery,
) -> Result<Response, Refused<Zenml>> {
    let found = core.list_members(&who.caller, place, query).await?;
    Ok(Json(found.iter().map(MemberRead::from).collect::<Vec<_>>()).into_response())
}

/// `POST /workspaces/{workspace}/members`: gives a role to `user_id` or `team_id`: `role_id`, or that of a viewer.
pub(crate) async fn add_workspace_member(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([workspace]): Segments<1>,
    params: Params,
) -> Result<Response, Refused<Zenml>> {
    let place = workspace_of(&served.core, &who, &workspace).await?;
    let role = params.id("role_id", RoleId::parse)?.map(RoleName::Id);
    let role = role.unwrap_or(RoleName::Builtin(BuiltinRole::WorkspaceViewer));
    let subject = match holder(&params)? {
        Holder::User(user) => Subject::Principal(user),
        Holder::Team(team) => Subject::Team(team),
    };
    let made = served.core.assign_role(&who.caller, place, role, subject).await?;
    Ok(Json(RoleAssignment::of(&made)).into_response())
}

/// `DELETE /workspaces/{workspace}/members`: takes every role in the workspace from `user_id` or `team_id`.
pub(crate) async fn remove_workspace_member(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([workspace]): Segments<1>,
    params: Params,
) -> Result<Json<()>, Refused<Zenml>> {
    let place = workspace_of(&served.core, &who, &workspace).await?;
    let core = &served.core;
    match holder(&params)? {
        Holder::User(user) => core.remove_workspace_user(&who.caller, place, user, None).await?,
        Holder::Team(team) => core.remove_workspace_team(&who.caller, place, team).await?,
    }
    Ok(Json(()))
}

/// Who is given roles in a workspace here.
enum Holder {
    User(PrincipalId),
    Team(TeamId),
}

fn holder(params: &Params) -> Result<Holder, Refused<Zenml>> {
    let user = params.id("user_id", PrincipalId::parse)?.map(Holder::User);
    let team = params.id("team_id", TeamId::parse)?.map(Holder::Team);
    Ok(exactly_one([user, team], "expected either user_id or team_id")?)
}

async fn workspace_of(
    core: &Core,
    who: &Authenticated<Zenml>,
    text: &str,
) -> Result<(OrganizationRef, WorkspaceRef)> {
    let id = WorkspaceId::parse(text).ok_or_else(|| Error::hidden("workspace"))?;
    let organization = core.organization_of(&who.caller, Thing::Workspace(id)).await?;
    Ok((organization, WorkspaceRef::Id(id)))
}
