//! Role assignments: one role of one party at an organization or a workspace, or in a project of its server. A party is a user, a service account, a team,
//! or an invitation for whoever accepts it.

use axum::http::Method;
use serde_json::{Map, Value};
use tenantry_aip::filter::Filter as Expression;
use tenantry_aip::order::OrderKey;
use tenantry_core::authz::{Needed, Place, View, WorkspaceRef};
use tenantry_core::grant::{Assignment, AssignmentField, Party, RoleName, RolePlace, Scope};
use tenantry_core::ids::{GrantId, parse_uuid};
use tenantry_core::{Core, Error, Result};
use tenantry_http::Routes;

use crate::args::{at_organization, at_workspace, flag, judged_at, or_missing};
use crate::body::Members;
use crate::change::{Change, Terms};
use crate::message::{Field, Kind, Message};
use crate::names;
use crate::own::{id, object, time};
use crate::page::{Ordering, Paging};
use crate::read::Read;
use crate::resource::Answer;
use crate::teams::{principal_name, read_party, team_name};

pub(crate) const ROWS: &str = "role_assignments";
pub(crate) const ASSIGNMENT: Message = Message {
    name: "RoleAssignment",
    fields: &[
        Field::output(
            "name",
            Kind::Name,
            "The place where the role is held, then `/roleAssignments/{assignment}`.",
        ),
        Field::required("role", Kind::Name, "The role: a short name, a title, an id or a whole name."),
        Field::required(
            "member",
            Kind::Name,
            "Who holds it: `users/{user}`, `serviceAccounts/{account}`, `teams/{team}` or `invitations/{invitation}`; \
             the name of the organization may stand before it.",
        ),
        Field::optional(
            "project",
            Kind::Uuid,
            "The project of the workspace's own server in which it is held, by its id there.",
        ),
        Field::output("create_time", Kind::Time, "When it was given."),
    ],
};
const ORDERING: Ordering<AssignmentField> = Ordering {
    paths: &[],
    fields: &[AssignmentField::CreatedAt],
    default: OrderKey { field: "create_time", descending: true },
};

/// The routes of all of it.
pub(crate) fn routes(routes: Routes) -> Routes {
    const HERE: &str = "/api/v1/organizations/{organization}/roleAssignments";
    const ONE_HERE: &str = "/api/v1/organizations/{organization}/roleAssignments/{assignment}";
    const THERE: &str = "/api/v1/organizations/{organization}/workspaces/{workspace}/roleAssignments";
    const ONE_THERE: &str =
        "/api/v1/organizations/{organization}/workspaces/{workspace}/roleAssignments/{assignment}";
    use crate::openapi::assignments as told;
    routes
        .route(Method::GET, HERE, list_in_organization, told::list_organization_role_assignments())
        .route(Method::POST, HERE, create_in_organization, told::create_organization_role_assignment())
        .route(Method::GET, ONE_HERE, get_in_organization, told::get_organization_role_assignment())
        .route(Method::DELETE, ONE_HERE, delete_in_organization, told::delete_organization_role_assignment())
        .route(Method::GET, THERE, list_in_workspace, told::list_workspace_role_assignments())
        .route(Method::POST, THERE, create_in_workspace, told::create_workspace_role_assignment())
        .route(Method::GET, ONE_THERE, get_in_workspace, told::get_workspace_role_assignment())
        .route(Method::DELETE, ONE_THERE, delete_in_workspace, told::delete_workspace_role_assignment())
}

/// `GET .../organizations/{organization}/roleAssignments`: on it, and in its workspaces as far as the caller sees who has
/// roles there; the newest first.
pub(crate) async fn list_in_organization(read: Read<1>) -> Answer {
    list(&read, "ListOrganizationRoleAssignments", at_organization(&read.path)).await
}

/// `GET .../workspaces/{workspace}/roleAssignments`.
pub(crate) async fn list_in_workspace(read: Read<2>) -> Answer {
    list(&read, "ListWorkspaceRoleAssignments", at_workspace(&read.path)).await
}

async fn list<const N: usize>(read: &Read<N>, method: &str, place: Place) -> Answer {
    let wanted = || {
        let shown = read.fields_of_list(ROWS, &ASSIGNMENT)?;
        let none = Expression::default();
        Ok((shown, Paging::read(read, method, &ORDERING, (&none, false))?))
    };
    let needed = Needed::READ_USERS;
    let (shown, paging) = judged_at(&read.core, &read.caller, &place, needed, wanted()).await?;
    let page = read.core.list_assignments(&read.caller, place, paging.request.clone()).await?;
    Ok(shown.list(&paging.answer(read, ROWS, &page, write))?)
}

/// `GET .../organizations/{organization}/roleAssignments/{assignment}`.
pub(crate) async fn get_in_organization(read: Read<2>) -> Answer {
    get(&read, at_organization(&read.path)).await
}

/// `GET .../workspaces/{workspace}/roleAssignments/{assignment}`.
pub(crate) async fn get_in_workspace(read: Read<3>) -> Answer {
    get(&read, at_workspace(&read.path)).await
}

async fn get<const N: usize>(read: &Read<N>, place: Place) -> Answer {
    let needed = Needed::READ_USERS;
    let shown = judged_at(&read.core, &read.caller, &place, needed, read.fields(&ASSIGNMENT)).await?;
    let found = read.core.get_assignment(&read.caller, place, assignment_id(&read.path[N - 1])).await?;
    Ok(shown.answer(write(&found)))
}

/// `POST .../organizations/{organization}/roleAssignments`: a role on the organization.
pub(crate) async fn create_in_organization(change: Change<1>) -> Answer {
    create(&change, at_organization(&change.path)).await
}

/// `POST .../workspaces/{workspace}/roleAssignments`: a role in the workspace.
pub(crate) async fn create_in_workspace(change: Change<2>) -> Answer {
    create(&change, at_workspace(&change.path)).await
}

async fn create<const N: usize>(change: &Change<N>, place: Place) -> Answer {
    let read = || -> Result<_> {
        let members = Members::of(&ASSIGNMENT, &change.body)?;
        let terms: Terms = change.terms_to_make()?;
        let role = members.text("role")?.filter(|role| !role.is_empty());
        let role = role.ok_or_else(|| Error::invalid("role", "missing", "expected a role"))?;
        let at = match (&place, members.text("project")?.filter(|project| !project.is_empty())) {
            (Place::Workspace(organization, workspace), Some(project)) => {
                let project = parse_uuid(project);
                let wrong = || Error::invalid("project", "uuid", "expected a UUID of 36 characters");
                RolePlace::Project(organization.clone(), workspace.clone(), project.ok_or_else(wrong)?)
            }
            (Place::Organization(_), Some(_)) => {
                return Err(Error::invalid(
                    "project",
                    "place",
                    "expected none: only workspaces have projects",
                ));
            }
            (place, None) => place.clone().into(),
        };
        Ok((names::role(role), read_party(members.text("member")?, "member")?, at, terms))
    };
    let needed = Needed::MANAGE_USERS;
    let (role, party, at, terms) = judged_at(&change.core, &change.caller, &place, needed, read()).await?;
    let work = async move |core: Core, caller| core.assign_role(&caller, at, role, party).await;
    change.make(terms, write, work).await
}

/// `DELETE .../organizations/{organization}/roleAssignments/{assignment}`, on the organization or in a workspace of it.
pub(crate) async fn delete_in_organization(change: Change<2>) -> Answer {
    delete(&change, at_organization(&change.path)).await
}

/// `DELETE .../workspaces/{workspace}/roleAssignments/{assignment}`.
pub(crate) async fn delete_in_workspace(change: Change<3>) -> Answer {
    delete(&change, at_workspace(&change.path)).await
}

async fn delete<const N: usize>(change: &Change<N>, place: Place) -> Answer {
    let read =
        || -> Result<_> { Ok((change.terms_without_version()?, flag(&change.query, "allow_missing")?)) };
    let needed = Needed::MANAGE_USERS;
    let (terms, allow_missing) = judged_at(&change.core, &change.caller, &place, needed, read()).await?;
    permitted(change, &place).await?;
    let id = assignment_id(&change.path[N - 1]);
    let work = async move |core: Core, caller| {
        let found = core.get_assignment(&caller, place.clone(), id).await?;
        let (Place::Organization(organization) | Place::Workspace(organization, _)) = place;
        let place = match found.grant.scope {
            Scope::Workspace(workspace) => (organization, WorkspaceRef::Id(workspace)).into(),
            Scope::Project(at) => {
                RolePlace::Project(organization, WorkspaceRef::Id(at.workspace), at.project)
            }
            Scope::Server | Scope::Organization => organization.into(),
        };
        core.unassign_role(&caller, place, RoleName::Id(found.role.id), found.grant.subject).await
    };
    or_missing(allow_missing, change.make(terms, |(): &()| Value::Object(Map::new()), work).await)
}

/// Whether it may be done is said before whether there is anything to do it to.
async fn permitted<const N: usize>(change: &Change<N>, place: &Place) -> Result<()> {
    let (core, caller, needed) = (&change.core, &change.caller, Needed::MANAGE_USERS);
    match place.clone() {
        Place::Organization(organization) => {
            core.check_organization(caller, organization, Some(needed.organization), View::Both).await
        }
        Place::Workspace(organization, workspace) => {
            core.check_workspace(caller, (organization, workspace), needed.workspace, View::Both).await
        }
    }
}

fn assignment_id(text: &str) -> GrantId {
    id(text, GrantId::parse, GrantId::from_uuid)
}

fn write(Assignment { grant, role, party }: &Assignment) -> Value {
    let organization = names::organization(role.organization);
    let place = match grant.scope {
        Scope::Workspace(workspace) => names::workspace(role.organization, workspace),
        Scope::Project(at) => names::workspace(role.organization, at.workspace),
        Scope::Server | Scope::Organization => organization.clone(),
    };
    let project = match grant.scope {
        Scope::Project(at) => Some(at.project.to_string().into()),
        _ => None,
    };
    // A built-in role is one of every place, a custom one of the place where it was made.
    let role_name = match (role.builtin, role.workspace) {
        (Some(builtin), _) => format!("{place}/roles/{}", names::builtin(builtin).1),
        (None, Some(workspace)) => {
            format!("{}/roles/{}", names::workspace(role.organization, workspace), role.id)
        }
        (None, None) => format!("{organization}/roles/{}", role.id),
    };
    let member = match party {
        Party::Principal(principal) => principal_name(role.organization, principal),
        Party::Team(team) => team_name(team),
        Party::Invitation(invitation) => format!("{organization}/invitations/{}", invitation.id),
    };
    object([
        ("name", Some(format!("{place}/roleAssignments/{}", grant.id).into())),
        ("role", Some(role_name.into())),
        ("member", Some(member.into())),
        ("project", project),
        ("create_time", Some(time(grant.created_at))),
    ])
}
