//! Giving people roles in an organization or a workspace, and taking them.

use serde_json::{Map, Value, json};
use tenantry_core::authz::{Needed, OrganizationRef, Place};
use tenantry_core::grant::{Added, Departure, Person, RoleName};
use tenantry_core::ids::PrincipalId;
use tenantry_core::permission::Permission;
use tenantry_core::principal::DISPLAY_NAME_MAX;
use tenantry_core::{Core, Error, Result};
use tenantry_http::Served;

use crate::args::{
    at_organization, at_workspace, flag, judged_at, judged_in_organization, judged_in_workspace, target,
};
use crate::body::Members;
use crate::change::{Change, Terms};
use crate::message::{Field, Kind, Message};
use crate::parents::check_parents;
use crate::resource::Answer;
use crate::roles::role_scopes;
use crate::{invites, names, users};

/// How many roles can be given at once.
pub(crate) const ROLES_MAX: usize = 50;
pub(crate) const PERSON: Message = Message {
    name: "Person",
    fields: &[
        Field::optional("name", Kind::Name, "`organizations/{organization}/users/{user}`."),
        Field::optional("display_name", Kind::Text(DISPLAY_NAME_MAX), "What the person is called."),
        Field::optional("email", Kind::Email, "The person's address."),
    ],
};
pub(crate) const GIVEN_ROLE: Message = Message {
    name: "GivenRole",
    fields: &[
        Field::required("name", Kind::Name, "Its short name, title or id, or its whole name."),
        Field::optional("role_scope", Kind::Choice(role_scopes), "Where it is given.").always(),
    ],
};
const GIVEN_ROLES: Kind = Kind::List(&Kind::Message(&GIVEN_ROLE), ROLES_MAX);
pub(crate) const MEMBER: Message = Message {
    name: "Member",
    fields: &[
        Field::required("user", Kind::Message(&PERSON), "Who it is, by `name` or by `email`."),
        Field::required("roles", GIVEN_ROLES, "Every role held there."),
        Field::output(
            "invitation",
            Kind::Message(&invites::PENDING),
            "Where the address was invited instead of being added.",
        )
        .once(),
    ],
};
/// What changes of a user.
pub(crate) const ROLES_OF_USER: Message = Message {
    name: "RolesOfUser",
    fields: &[
        Field::output("user", Kind::Message(&PERSON), "Who it is."),
        Field::required("roles", GIVEN_ROLES, "Every role to be held there."),
    ],
};
/// What somebody's removal comes to.
pub(crate) const DEPARTURE: Message = Message {
    name: "Departure",
    fields: &[
        Field::output("workspaces_left", Kind::Count, "In how many workspaces roles end.").sometimes(),
        Field::output(
            "workspaces_handed_over",
            Kind::List(&Kind::Name, usize::MAX),
            "Which workspaces go to the account owner.",
        )
        .sometimes(),
        Field::output("api_keys_revoked", Kind::Count, "How many API keys end.").sometimes(),
    ],
};

/// `POST .../organizations/{organization}/users`: a person by `user.name`, or by `user.email` (and `user.display_name`) as
/// far as the server's setting `add_people` goes. Where that makes an invitation, the answer has it instead of a
/// `user.name`.
pub(crate) async fn add_organization_user(change: Change<1>) -> Answer {
    add(&change, at_organization(&change.path)).await
}

/// `POST .../workspaces/{workspace}/users`: the same.
pub(crate) async fn add_workspace_user(change: Change<2>) -> Answer {
    add(&change, at_workspace(&change.path)).await
}

async fn add<const N: usize>(change: &Change<N>, place: Place) -> Answer {
    let read = || -> Result<(Person, Vec<RoleName>, Terms)> {
        let terms = change.terms_to_make()?;
        let members = Members::of(&MEMBER, &change.body)?;
        Ok((read_person(members.get("user"))?, read_roles(&place, members.list("roles")?)?, terms))
    };
    let needed = Needed::MANAGE_USERS;
    let (person, roles, terms) = judged_at(&change.core, &change.caller, &place, needed, read()).await?;
    check_parents(&change.core, &change.caller, &place, &change.body).await?;
    let work = async move |core: Core, caller| core.add_user(&caller, place, person, roles).await;
    let keep = |added: &Added| write_added(added, None);
    let show = |added: Added| write_added(&added, Some(&change.served));
    change.make_with_secret(terms, keep, show, work).await
}

/// `PATCH .../organizations/{organization}/users/{user}`: the roles given replace those held on the organization.
pub(crate) async fn update_organization_user(change: Change<2>) -> Answer {
    update(&change, at_organization(&change.path)).await
}

/// `PATCH .../workspaces/{workspace}/users/{user}`: the roles given replace those held in the workspace.
pub(crate) async fn update_workspace_user(change: Change<3>) -> Answer {
    update(&change, at_workspace(&change.path)).await
}

async fn update<const N: usize>(change: &Change<N>, place: Place) -> Answer {
    let read = || -> Result<(Vec<RoleName>, Terms)> {
        let terms = change.terms(None)?;
        change.mask(&ROLES_OF_USER)?;
        let members = Members::of(&ROLES_OF_USER, &change.body)?;
        Ok((read_roles(&place, members.list("roles")?)?, terms))
    };
    let needed = Needed::MANAGE_USERS;
    let (roles, terms) = judged_at(&change.core, &change.caller, &place, needed, read()).await?;
    check_parents(&change.core, &change.caller, &place, &change.body).await?;
    let user = read_user(&change.path[N - 1]);
    let expected = terms.expected_version.clone();
    let work = async move |core: Core, caller| core.update_user(&caller, place, user, roles, expected).await;
    change.make(terms, users::write_one, work).await
}

/// `DELETE .../organizations/{organization}/users/{user}`: ends everything that the person holds in the organization. With
/// `validate_only` the answer tells what that comes to; with `force` workspaces that nobody else owns go to the
/// organization's owner.
pub(crate) async fn remove_organization_user(change: Change<2>) -> Answer {
    let by = OrganizationRef::parse(&change.path[0]);
    let read = || -> Result<_> { Ok((change.terms(None)?, flag(&change.query, "force")?)) };
    let needed = Some(Permission::ManageOrganizationUsers);
    let (terms, force) = judged_in_organization(&change.core, &change.caller, &by, needed, read()).await?;
    let user = read_user(&change.path[1]);
    let told = terms.rehearses();
    let write = move |departure: &Departure| {
        if told { write_departure(departure) } else { Value::Object(Map::new()) }
    };
    let expected = terms.expected_version.clone();
    let work = async move |core: Core, caller| {
        core.remove_organization_user(&caller, by, user, expected, force).await
    };
    change.make(terms, write, work).await
}

/// `DELETE .../workspaces/{workspace}/users/{user}`: ends every role held directly in the workspace.
pub(crate) async fn remove_workspace_user(change: Change<3>) -> Answer {
    let target = target(&change.path[0], &change.path[1]);
    let needed = Permission::ManageWorkspaceUsers;
    let terms = change.terms(None);
    let terms = judged_in_workspace(&change.core, &change.caller, &target, needed, terms).await?;
    let user = read_user(&change.path[2]);
    let expected = terms.expected_version.clone();
    let work =
        async move |core: Core, caller| core.remove_workspace_user(&caller, target, user, expected).await;
    change.make(terms, |(): &()| Value::Object(Map::new()), work).await
}

/// A malformed id is an unknown one: the nil id, which nobody has, stands for it.
pub(crate) fn read_user(text: &str) -> PrincipalId {
    PrincipalId::parse(text).unwrap_or(PrincipalId::from_uuid(uuid::Uuid::nil()))
}

/// A user by `organizations/{organization}/users/{user}` or by the bare id.
pub(crate) fn read_user_name(name: &str) -> PrincipalId {
    read_user(name.rsplit_once("users/").map_or(name, |(_, id)| id))
}

fn read_person(value: Option<&Value>) -> Result<Person> {
    let missing = || Error::invalid("user", "missing", "expected user.name or user.email");
    let user = Members::within("user", &PERSON, value.ok_or_else(missing)?)?;
    match (user.text("name")?, user.text("email")?) {
        (Some(name), _) => Ok(Person::Id(read_user_name(name))),
        (None, Some(email)) => Ok(Person::Email {
            email: email.to_owned(),
            display_name: user.text("display_name")?.map(str::to_owned),
        }),
        (None, None) => Err(missing()),
    }
}

fn read_roles(place: &Place, list: &[Value]) -> Result<Vec<RoleName>> {
    if list.is_empty() {
        return Err(Error::invalid("roles", "missing", "expected at least one role"));
    }
    if list.len() > ROLES_MAX {
        return Err(Error::invalid("roles", "too_many", format!("expected at most {ROLES_MAX} roles")));
    }
    let (scope, short) = match place {
        Place::Organization(_) => ("ROLE_SCOPE_ORGANIZATION", "organization"),
        Place::Workspace(..) => ("ROLE_SCOPE_WORKSPACE", "workspace"),
    };
    list.iter()
        .map(|value| {
            let role = Members::within("roles", &GIVEN_ROLE, value)?;
            match role.text("role_scope")? {
                None | Some("ROLE_SCOPE_UNSPECIFIED") => {}
                Some(given) if given == scope || given == short => {}
                Some(_) => {
                    let expected = format!("expected {scope}: only roles of this parent are given here");
                    return Err(Error::invalid("roles.role_scope", "scope", expected));
                }
            }
            let name = role.text("name")?;
            Ok(names::role(name.ok_or_else(|| Error::invalid("roles.name", "missing", "expected a role"))?))
        })
        .collect()
}

/// With the addresses of pages, secrets are shown too.
fn write_added(added: &Added, served: Option<&Served>) -> Value {
    match added {
        Added::Member(user) => users::write_one(user),
        Added::Invited(invitation, secret) => {
            let invited = match served {
                Some(served) => invites::write_made(invitation, secret.as_ref(), served),
                None => invites::write_pending(invitation),
            };
            json!({"user": {"email": invitation.email}, "roles": [], "invitation": invited})
        }
    }
}

fn write_departure(departure: &Departure) -> Value {
    let handed_over = departure.handed_over.iter().filter(|workspace| workspace.is_live);
    let handed_over: Vec<_> =
        handed_over.map(|workspace| names::workspace(departure.organization, workspace.id)).collect();
    json!({
        "workspaces_left": departure.workspaces,
        "workspaces_handed_over": handed_over,
        "api_keys_revoked": departure.api_keys,
    })
}
