//! `/organizations/{organization}/teams`, `/teams`, `/teams/{team}/members`.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tenantry_core::authz::{OrganizationRef, Thing};
use tenantry_core::clock::Timestamp;
use tenantry_core::filter::{Comparison, Filter, ListQuery, Test};
use tenantry_core::ids::{InvitationId, OrganizationId, PrincipalId, TeamId};
use tenantry_core::page::{Order, PageRequest, Start};
use tenantry_core::team::{
    NewTeam, TEAM_MEMBERS_MAX, Team, TeamChange, TeamField, TeamMember, TeamMemberField, TeamMemberId,
};
use tenantry_core::{Core, Error, Kind, Result};
use tenantry_http::{Authenticated, Object, Refused, Segments, Served};

use crate::Zenml;
use crate::invitations::InvitationRead;
use crate::openapi::{Id, Time};
use crate::organizations::by_id;
use crate::params::Params;
use crate::roles::{NAME_MAX, in_body, present};
use crate::users::{UserRead, as_text};

/// The vendor's own limit.
pub(crate) const MOST: usize = 100;

/// A team.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.TeamRead")]
pub(crate) struct TeamRead {
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Id")]
    id: TeamId,
    name: String,
    description: Option<String>,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Time")]
    created: Timestamp,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Time")]
    updated: Timestamp,
    /// Invitations are not counted.
    member_count: u64,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Id")]
    organization_id: OrganizationId,
}

impl From<&Team> for TeamRead {
    fn from(team: &Team) -> Self {
        Self {
            id: team.id,
            name: team.name.clone(),
            description: team.description.clone(),
            created: team.created_at,
            updated: team.updated_at,
            member_count: team.member_count,
            organization_id: team.organization,
        }
    }
}

/// Who is in a team, or will be: one of both is set.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.TeamAssignment")]
pub(crate) struct TeamAssignment<'a> {
    user: Option<UserRead<'a>>,
    invitation: Option<InvitationRead<'a>>,
}

impl<'a> From<&'a TeamMember> for TeamAssignment<'a> {
    fn from(member: &'a TeamMember) -> Self {
        match member {
            TeamMember::Principal(principal) => {
                Self { user: Some(UserRead::known(principal)), invitation: None }
            }
            TeamMember::Invitation(invitation) => {
                Self { user: None, invitation: Some(InvitationRead::inside(invitation, None)) }
            }
        }
    }
}

/// `GET /organizations/{organization}/teams`: the newest first; `name` is the whole name.
pub(crate) async fn list_teams(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization]): Segments<1>,
    params: Params,
) -> Result<Json<Vec<TeamRead>>, Refused<Zenml>> {
    let organization = by_id(&organization)?;
    let filter = params.text("name")?.map_or(Filter::All, |name| {
        Filter::Is(TeamField::Name, Test::Text(Comparison::Equal, name.to_owned()))
    });
    let page = PageRequest {
        order: vec![Order::descending(TeamField::CreatedAt)],
        start: Start::Skip { from: None, rows: params.offset()? },
        limit: params.limit(MOST)?,
    };
    let found = served.core.list_teams(&who.caller, organization, ListQuery { filter, page }).await?;
    Ok(Json(found.items.iter().map(TeamRead::from).collect()))
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.TeamCreate")]
pub(crate) struct TeamCreate {
    #[schemars(length(min = 1, max = NAME_MAX))]
    name: String,
    description: Option<String>,
    #[schemars(with = "Id")]
    organization_id: String,
}

/// `POST /teams`: nobody is in it yet.
pub(crate) async fn create_team(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    tenantry_http::Json { body: Object(body), .. }: tenantry_http::Json<Zenml, Object<TeamCreate>>,
) -> Result<Json<TeamRead>, Refused<Zenml>> {
    let organization = in_body(&body.organization_id)?;
    require_length("name", &body.name, NAME_MAX)?;
    let new = NewTeam { name: body.name, description: body.description };
    let made = served.core.create_team(&who.caller, organization, new).await?;
    Ok(Json(TeamRead::from(&made)))
}

/// `GET /teams/{team}`.
pub(crate) async fn get_team(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([team]): Segments<1>,
) -> Result<Json<TeamRead>, Refused<Zenml>> {
    let (organization, id) = locate(&served.core, &who, &team).await?;
    let found = served.core.get_team(&who.caller, organization, id).await?;
    Ok(Json(TeamRead::from(&found)))
}

/// A member that is absent or `null` is left alone, but that `null` clears the description.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.TeamUpdate")]
#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
pub(crate) struct TeamUpdate {
    #[schemars(length(min = 1, max = NAME_MAX))]
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    description: Option<Option<String>>,
}

/// `PATCH /teams/{team}`.
pub(crate) async fn update_team(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([team]): Segments<1>,
    tenantry_http::Json { body: Object(body), .. }: tenantry_http::Json<Zenml, Object<TeamUpdate>>,
) -> Result<Json<TeamRead>, Refused<Zenml>> {
    let (organization, id) = locate(&served.core, &who, &team).await?;
    if let Some(name) = &body.name {
        require_length("name", name, NAME_MAX)?;
    }
    let change = TeamChange { name: body.name, description: body.description, expected_version: None };
    let changed = served.core.update_team(&who.caller, organization, id, change).await?;
    Ok(Json(TeamRead::from(&changed)))
}

/// `DELETE /teams/{team}`: whoever was in it holds its roles no longer.
pub(crate) async fn delete_team(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([team]): Segments<1>,
) -> Result<Json<()>, Refused<Zenml>> {
    let (organization, id) = locate(&served.core, &who, &team).await?;
    served.core.delete_team(&who.caller, organization, id, None).await?;
    Ok(Json(()))
}

/// `GET /teams/{team}/members`: all of them, as they came to it.
pub(crate) async fn list_team_members(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([team]): Segments<1>,
) -> Result<axum::response::Response, Refused<Zenml>> {
    use axum::response::IntoResponse;
    let at = locate(&served.core, &who, &team).await?;
    let page = PageRequest {
        order: vec![Order::ascending(TeamMemberField::AddedAt)],
        start: Start::Beginning,
        limit: usize::try_from(TEAM_MEMBERS_MAX).unwrap_or(usize::MAX),
    };
    let found = served.core.list_team_members(&who.caller, at, page).await?;
    let items: Vec<_> = found.items.iter().map(TeamAssignment::from).collect();
    Ok(Json(items).into_response())
}

/// `POST /teams/{team}/members` with either `user_id` or `invitation_id`.
pub(crate) async fn add_team_member(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([team]): Segments<1>,
    params: Params,
) -> Result<Json<()>, Refused<Zenml>> {
    let at = locate(&served.core, &who, &team).await?;
    served.core.add_team_member(&who.caller, at, member(&params)?).await?;
    Ok(Json(()))
}

/// `DELETE /teams/{team}/members` with either `user_id` or `invitation_id`.
pub(crate) async fn remove_team_member(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([team]): Segments<1>,
    params: Params,
) -> Result<Json<()>, Refused<Zenml>> {
    let at = locate(&served.core, &who, &team).await?;
    served.core.remove_team_member(&who.caller, at, member(&params)?).await?;
    Ok(Json(()))
}

fn member(params: &Params) -> Result<TeamMemberId, Refused<Zenml>> {
    let user = params.id("user_id", PrincipalId::parse)?.map(TeamMemberId::Principal);
    let invitation = params.id("invitation_id", InvitationId::parse)?.map(TeamMemberId::Invitation);
    Ok(exactly_one([user, invitation], "expected either user_id or invitation_id")?)
}

/// The one value that is given. None and several are refused as the vendor does: with 400.
pub(crate) fn exactly_one<T, const N: usize>(values: [Option<T>; N], expected: &'static str) -> Result<T> {
    let mut given = values.into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(value), None) => Ok(value),
        _ => Err(Error::new(Kind::Precondition, "query.exactly_one", expected)),
    }
}

async fn locate(core: &Core, who: &Authenticated<Zenml>, text: &str) -> Result<(OrganizationRef, TeamId)> {
    let id = TeamId::parse(text).ok_or_else(|| Error::hidden("team"))?;
    Ok((core.organization_of(&who.caller, Thing::Team(id)).await?, id))
}

/// Refuses a text that the vendor would not take.
pub(crate) fn require_length(field: &'static str, text: &str, most: usize) -> Result<()> {
    let length = text.chars().count();
    if length <= most {
        return Ok(());
    }
    let expected = format!("expected at most {most} characters, got {length}");
    Err(Error::invalid(field, "too_long", expected))
}
