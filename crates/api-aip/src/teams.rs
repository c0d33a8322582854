//! Teams of an organization, and who is in them.

use axum::http::Method;
use serde_json::{Map, Value};
use tenantry_aip::filter::Filter as Expression;
use tenantry_aip::order::OrderKey;
use tenantry_core::authz::{OrganizationRef, View};
use tenantry_core::filter::ListQuery;
use tenantry_core::grant::Subject;
use tenantry_core::ids::{InvitationId, OrganizationId, PrincipalId, TeamId};
use tenantry_core::permission::Permission;
use tenantry_core::team::{
    NewTeam, TEAM_NAME_MAX, Team, TeamChange, TeamField, TeamMember, TeamMemberField, TeamMemberId,
};
use tenantry_core::text::DESCRIPTION_MAX;
use tenantry_core::{Core, Error, Result};
use tenantry_http::Routes;

use crate::args::{flag, judged_in_organization, or_missing};
use crate::body::Members;
use crate::change::{Change, Terms};
use crate::message::{Field, Kind, Message};
use crate::own::{id, object, time};
use crate::page::{Ordering, Paging};
use crate::read::Read;
use crate::resource::Answer;
use crate::{etag, filters, names};

pub(crate) const ROWS: &str = "teams";
pub(crate) const MEMBER_ROWS: &str = "members";
pub(crate) const TEAM: Message = Message {
    name: "Team",
    fields: &[
        Field::output("name", Kind::Name, "`organizations/{organization}/teams/{team}`."),
        Field::required("title", Kind::Text(TEAM_NAME_MAX), "What it is called, unique in the organization."),
        Field::optional("description", Kind::Text(DESCRIPTION_MAX), "What it is for."),
        Field::output("member_count", Kind::Count, "How many are in it, invitations apart."),
        Field::output("create_time", Kind::Time, "When it was made."),
        Field::output("update_time", Kind::Time, "When its title or description was last changed."),
        Field::etag(),
    ],
};
pub(crate) const MEMBER: Message = Message {
    name: "TeamMember",
    fields: &[
        Field::output("name", Kind::Name, "`organizations/{organization}/teams/{team}/members/{member}`."),
        Field::required("member", Kind::Name, MEMBER_ABOUT),
    ],
};
const MEMBER_ABOUT: &str = "Who it is: `users/{user}`, `serviceAccounts/{account}`, or `invitations/{invitation}` for whoever \
     accepts it; the name of the organization may stand before it.";
pub(crate) const ORDERING: Ordering<TeamField> = Ordering {
    paths: &["title", "create_time", "update_time"],
    fields: &[TeamField::Name, TeamField::CreatedAt, TeamField::UpdatedAt],
    default: OrderKey { field: "create_time", descending: true },
};
const MEMBER_ORDERING: Ordering<TeamMemberField> = Ordering {
    paths: &[],
    fields: &[TeamMemberField::AddedAt],
    default: OrderKey { field: "create_time", descending: false },
};
const READ: Option<Permission> = Some(Permission::ReadTeams);
const MANAGE: Option<Permission> = Some(Permission::ManageTeams);

/// The routes of all of it.
pub(crate) fn routes(routes: Routes) -> Routes {
    const TEAMS: &str = "/api/v1/organizations/{organization}/teams";
    const ONE: &str = "/api/v1/organizations/{organization}/teams/{team}";
    const MEMBERS: &str = "/api/v1/organizations/{organization}/teams/{team}/members";
    const MEMBER: &str = "/api/v1/organizations/{organization}/teams/{team}/members/{member}";
    use crate::openapi::teams as told;
    routes
        .route(Method::GET, TEAMS, list_teams, told::list_teams())
        .route(Method::POST, TEAMS, create_team, told::create_team())
        .route(Method::GET, ONE, get_team, told::get_team())
        .route(Method::PATCH, ONE, update_team, told::update_team())
        .route(Method::DELETE, ONE, delete_team, told::delete_team())
        .route(Method::GET, MEMBERS, list_team_members, told::list_team_members())
        .route(Method::POST, MEMBERS, add_team_member, told::add_team_member())
        .route(Method::GET, MEMBER, get_team_member, told::get_team_member())
        .route(Method::DELETE, MEMBER, remove_team_member, told::remove_team_member())
}

/// `GET .../organizations/{organization}/teams`, the newest first.
pub(crate) async fn list_teams(read: Read<1>) -> Answer {
    let by = OrganizationRef::parse(&read.path[0]);
    let wanted = || {
        let shown = read.fields_of_list(ROWS, &TEAM)?;
        let (expression, filter) = filters::titles(&read.query, TeamField::Name)?;
        let paging = Paging::read(&read, "ListTeams", &ORDERING, (&expression, false))?;
        let query = ListQuery { filter, page: paging.request.clone() };
        Ok((shown, paging, query))
    };
    let (shown, paging, query) =
        judged_in_organization(&read.core, &read.caller, &by, READ, wanted()).await?;
    let page = read.core.list_teams(&read.caller, by, query).await?;
    Ok(shown.list(&paging.answer(&read, ROWS, &page, write))?)
}

/// `GET .../teams/{team}`.
pub(crate) async fn get_team(read: Read<2>) -> Answer {
    let by = OrganizationRef::parse(&read.path[0]);
    let shown = judged_in_organization(&read.core, &read.caller, &by, READ, read.fields(&TEAM)).await?;
    let found = read.core.get_team(&read.caller, by, team_id(&read.path[1])).await?;
    Ok(shown.answer(write(&found)))
}

/// `POST .../organizations/{organization}/teams`.
pub(crate) async fn create_team(change: Change<1>) -> Answer {
    let by = OrganizationRef::parse(&change.path[0]);
    let read = || -> Result<(NewTeam, Terms)> {
        let members = Members::of(&TEAM, &change.body)?;
        let terms = change.terms_to_make()?;
        let title = members.text("title")?;
        let name = title.ok_or_else(|| Error::invalid("title", "missing", "expected a title"))?.to_owned();
        Ok((NewTeam { name, description: members.text("description")?.map(str::to_owned) }, terms))
    };
    let (new, terms) = judged_in_organization(&change.core, &change.caller, &by, MANAGE, read()).await?;
    let work = async move |core: Core, caller| core.create_team(&caller, by, new).await.map_err(in_words);
    change.make(terms, write, work).await
}

/// `PATCH .../teams/{team}` with `update_mask`.
pub(crate) async fn update_team(change: Change<2>) -> Answer {
    let by = OrganizationRef::parse(&change.path[0]);
    let read = || -> Result<(TeamChange, Terms)> {
        let members = Members::of(&TEAM, &change.body)?;
        let terms = change.terms(members.text("etag")?)?;
        let mask = change.mask(&TEAM)?;
        let named = |name: &str| mask.as_ref().map_or_else(|| members.has(name), |mask| mask.covers(name));
        let title = match (named("title"), members.text("title")?) {
            (true, None) => return Err(Error::invalid("title", "missing", "expected a title")),
            (true, Some(title)) => Some(title.to_owned()),
            (false, _) => None,
        };
        let description = || members.text("description").map(|text| text.map(str::to_owned));
        let wanted = TeamChange {
            name: title,
            description: named("description").then(description).transpose()?,
            expected_version: terms.expected_version.clone(),
        };
        Ok((wanted, terms))
    };
    let (wanted, terms) = judged_in_organization(&change.core, &change.caller, &by, MANAGE, read()).await?;
    let id = team_id(&change.path[1]);
    let work =
        async move |core: Core, caller| core.update_team(&caller, by, id, wanted).await.map_err(in_words);
    change.make(terms, write, work).await
}

/// `DELETE .../teams/{team}`: whoever was in it holds its roles no longer.
pub(crate) async fn delete_team(change: Change<2>) -> Answer {
    let by = OrganizationRef::parse(&change.path[0]);
    let read = || -> Result<_> { Ok((change.terms(None)?, flag(&change.query, "allow_missing")?)) };
    let judged = judged_in_organization(&change.core, &change.caller, &by, MANAGE, read());
    let (terms, allow_missing) = judged.await?;
    let (id, expected) = (team_id(&change.path[1]), terms.expected_version.clone());
    let work = async move |core: Core, caller| core.delete_team(&caller, by, id, expected).await;
    or_missing(allow_missing, change.make(terms, |(): &()| Value::Object(Map::new()), work).await)
}

/// `GET .../teams/{team}/members`, as they came to it.
pub(crate) async fn list_team_members(read: Read<2>) -> Answer {
    let by = OrganizationRef::parse(&read.path[0]);
    let wanted = || {
        let shown = read.fields_of_list(MEMBER_ROWS, &MEMBER)?;
        let none = Expression::default();
        Ok((shown, Paging::read(&read, "ListTeamMembers", &MEMBER_ORDERING, (&none, false))?))
    };
    let (shown, paging) = judged_in_organization(&read.core, &read.caller, &by, READ, wanted()).await?;
    let team = read.core.get_team(&read.caller, by.clone(), team_id(&read.path[1])).await?;
    let page = read.core.list_team_members(&read.caller, (by, team.id), paging.request.clone()).await?;
    Ok(shown.list(&paging.answer(&read, MEMBER_ROWS, &page, |member| write_member(&team, member)))?)
}

/// `GET .../teams/{team}/members/{member}`, by the id of the principal or invitation.
pub(crate) async fn get_team_member(read: Read<3>) -> Answer {
    let by = OrganizationRef::parse(&read.path[0]);
    let shown = judged_in_organization(&read.core, &read.caller, &by, READ, read.fields(&MEMBER)).await?;
    let team = read.core.get_team(&read.caller, by.clone(), team_id(&read.path[1])).await?;
    let found = read.core.get_team_member(&read.caller, (by, team.id), member_id(&read.path[2])).await?;
    Ok(shown.answer(write_member(&team, &found)))
}

/// `POST .../teams/{team}/members`: by who holds whatever the team holds.
pub(crate) async fn add_team_member(change: Change<2>) -> Answer {
    let by = OrganizationRef::parse(&change.path[0]);
    let read = || -> Result<(TeamMemberId, Terms)> {
        let members = Members::of(&MEMBER, &change.body)?;
        let terms = change.terms_to_make()?;
        let member = match read_party(members.text("member")?, "member")? {
            Subject::Principal(id) => TeamMemberId::Principal(id),
            Subject::Invitation(id) => TeamMemberId::Invitation(id),
            Subject::Team(_) => {
                return Err(Error::invalid("member", "kind", "a team cannot be in a team"));
            }
        };
        Ok((member, terms))
    };
    let (member, terms) = judged_in_organization(&change.core, &change.caller, &by, MANAGE, read()).await?;
    let at = (by, team_id(&change.path[1]));
    let work = async move |core: Core, caller| core.add_team_member(&caller, at, member).await;
    change.make(terms, |(team, made): &(Team, TeamMember)| write_member(team, made), work).await
}

/// `DELETE .../teams/{team}/members/{member}`: by who holds whatever the team holds.
pub(crate) async fn remove_team_member(change: Change<3>) -> Answer {
    let by = OrganizationRef::parse(&change.path[0]);
    let read =
        || -> Result<_> { Ok((change.terms_without_version()?, flag(&change.query, "allow_missing")?)) };
    let judged = judged_in_organization(&change.core, &change.caller, &by, MANAGE, read());
    let (terms, allow_missing) = judged.await?;
    change.core.check_organization(&change.caller, by.clone(), MANAGE, View::Both).await?;
    let at = (by, team_id(&change.path[1]));
    let id = member_id(&change.path[2]);
    let work = async move |core: Core, caller| {
        let member = match core.get_team_member(&caller, at.clone(), id).await {
            Ok(found) => found.id(),
            // Whether this request removed it before is known where it is written.
            Err(error) if error.kind == tenantry_core::Kind::NotFound => {
                TeamMemberId::Principal(PrincipalId::from_uuid(id))
            }
            Err(error) => return Err(error),
        };
        core.remove_team_member(&caller, at, member).await
    };
    or_missing(allow_missing, change.make(terms, |(): &()| Value::Object(Map::new()), work).await)
}

/// Who can hold a role, by name.
pub(crate) fn read_party(text: Option<&str>, field: &'static str) -> Result<Subject> {
    let text = text.filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| Error::invalid(field, "missing", "expected a name"))?;
    let unfit = || {
        let expected =
            "expected users/{user}, serviceAccounts/{account}, teams/{team} or invitations/{invitation}";
        Error::invalid(field, "form", expected)
    };
    let (rest, last) = text.rsplit_once('/').ok_or_else(unfit)?;
    let collection = match rest.rsplit_once('/') {
        Some((parent, collection)) if parent.starts_with("organizations/") => collection,
        Some(_) => return Err(unfit()),
        None => rest,
    };
    match collection {
        "users" | "serviceAccounts" => {
            Ok(Subject::Principal(id(last, PrincipalId::parse, PrincipalId::from_uuid)))
        }
        "teams" => Ok(Subject::Team(team_id(last))),
        "invitations" => Ok(Subject::Invitation(id(last, InvitationId::parse, InvitationId::from_uuid))),
        _ => Err(unfit()),
    }
}

/// The name of a principal of an organization.
pub(crate) fn principal_name(
    organization: OrganizationId,
    principal: &tenantry_core::principal::Principal,
) -> String {
    let collection = if principal.is_service_account() { "serviceAccounts" } else { "users" };
    format!("{}/{collection}/{}", names::organization(organization), principal.id)
}

/// The name of a team.
pub(crate) fn team_name(team: &Team) -> String {
    format!("{}/teams/{}", names::organization(team.organization), team.id)
}

fn team_id(text: &str) -> TeamId {
    id(text, TeamId::parse, TeamId::from_uuid)
}

fn member_id(text: &str) -> uuid::Uuid {
    tenantry_core::ids::parse_uuid(text).unwrap_or_default()
}

fn in_words(error: Error) -> Error {
    error.naming_fields(|field| (field == "name").then_some("title"))
}

fn write(team: &Team) -> Value {
    object([
        ("name", Some(team_name(team).into())),
        ("title", Some(team.name.as_str().into())),
        ("description", team.description.as_deref().map(Value::from)),
        ("member_count", Some(team.member_count.into())),
        ("create_time", Some(time(team.created_at))),
        ("update_time", Some(time(team.updated_at))),
        ("etag", Some(etag::write(team.version).into())),
    ])
}

fn write_member(team: &Team, member: &TeamMember) -> Value {
    let who = match member {
        TeamMember::Principal(principal) => principal_name(team.organization, principal),
        TeamMember::Invitation(invitation) => {
            format!("{}/invitations/{}", names::organization(team.organization), invitation.id)
        }
    };
    object([
        ("name", Some(format!("{}/members/{}", team_name(team), member.id().uuid()).into())),
        ("member", Some(who.into())),
    ])
}
