//! Who is in an organization or a workspace, and how many there are.

use std::collections::HashMap;

use axum::extract::State;
use serde_json::{Map, Value, json};
use tenantry_aip::check::{Predicate, Test as Wanted};
use tenantry_aip::order::OrderKey;
use tenantry_aip::{Field, FieldType, Schema};
use tenantry_core::authz::{Needed, OrganizationRef, Place};
use tenantry_core::filter::{Comparison, Filter, ListQuery, Test};
use tenantry_core::grant::{HeldRole, UserWithRoles};
use tenantry_core::ids::WorkspaceId;
use tenantry_core::permission::{BuiltinRole, Level};
use tenantry_core::principal::UserField;
use tenantry_core::text::fold;
use tenantry_core::{Error, Result};
use tenantry_http::{Authenticated, Json as Body, Segments, Served};

use crate::args::{at_organization, at_workspace, judged_at, judged_in_organization};
use crate::body::Members;
use crate::message::{Field as Member, Kind, Message};
use crate::page::{Ordering, Paging};
use crate::people::{MEMBER, PERSON};
use crate::read::Read;
use crate::resource::{Answer, Resource};
use crate::roles::{SCOPES, level};
use crate::{Aip, etag, filters, names, people};

pub(crate) const ROWS: &str = "users";
/// How many workspaces can be asked about at once.
const COUNT_MAX: usize = 1000;
pub(crate) const COUNTED: Message = Message {
    name: "CountUsersRequest",
    fields: &[Member::required("workspace_ids", Kind::List(&Kind::Word, COUNT_MAX), "Ids of workspaces.")],
};
pub(crate) const COUNTS: Message = Message {
    name: "CountUsersResponse",
    fields: &[Member::output(
        "workspace_user_counts",
        Kind::Counts,
        "A number for each id, as it was asked.",
    )],
};

pub(crate) static SCHEMA: Schema = Schema::new(
    &[
        Field::new("role", FieldType::Keyword),
        Field::new("role_scope", SCOPES),
        Field::new("search", FieldType::Search),
        Field::new("display_name", FieldType::Text),
        Field::new("email", FieldType::Text),
    ],
    &["display_name", "email"],
);
pub(crate) const ORDERING: Ordering<UserField> = Ordering {
    paths: &["display_name", "email", "created_time", "updated_time"],
    fields: &[UserField::DisplayName, UserField::Email, UserField::CreatedAt, UserField::UpdatedAt],
    default: OrderKey { field: "created_time", descending: true },
};

/// `GET .../organizations/{organization}/users`: who holds a role on the organization.
pub(crate) async fn list_organization_users(read: Read<1>) -> Answer {
    list(&read, "ListOrganizationUsers", at_organization(&read.path)).await
}

/// `GET .../workspaces/{workspace}/users`: who holds a role in the workspace.
pub(crate) async fn list_workspace_users(read: Read<2>) -> Answer {
    list(&read, "ListWorkspaceUsers", at_workspace(&read.path)).await
}

async fn list<const N: usize>(read: &Read<N>, method: &str, place: Place) -> Answer {
    let wanted = || -> Result<_> {
        let (expression, filter) = filters::read(&read.query, &SCHEMA, condition)?;
        let paging = Paging::read(read, method, &ORDERING, (&expression, false))?;
        let query = ListQuery { filter, page: paging.request.clone() };
        Ok((read.fields_of_list(ROWS, &MEMBER)?, paging, query))
    };
    let needed = Needed::READ_USERS;
    let (shown, paging, query) = judged_at(&read.core, &read.caller, &place, needed, wanted()).await?;
    let page = read.core.list_users(&read.caller, place, query).await?;
    Ok(shown.list(&paging.answer(read, ROWS, &page, write))?)
}

/// `GET .../organizations/{organization}/users/{user}`: name and e-mail address.
pub(crate) async fn get_user_basic_info(read: Read<2>) -> Answer {
    let place = at_organization(&read.path);
    let shown = read.fields(&PERSON);
    let shown = judged_at(&read.core, &read.caller, &place, Needed::READ_USERS, shown).await?;
    let found = read.core.get_user(&read.caller, place, people::read_user(&read.path[1])).await?;
    Ok(shown.answer(etag::beside(write_person(&found), found.version())))
}

/// `GET .../workspaces/{workspace}/users/{user}`: the person with the roles held there.
pub(crate) async fn get_workspace_user(read: Read<3>) -> Answer {
    let place = at_workspace(&read.path);
    let needed = Needed::READ_USERS;
    let shown = judged_at(&read.core, &read.caller, &place, needed, read.fields(&MEMBER)).await?;
    let found = read.core.get_user(&read.caller, place, people::read_user(&read.path[2])).await?;
    Ok(shown.answer(write_one(&found)))
}

/// `POST .../workspaces:countUsers`: a number for each workspace asked for; one that cannot be seen fails the call.
pub(crate) async fn count_workspace_users(
    State(served): State<Served>,
    Authenticated { caller, .. }: Authenticated<Aip>,
    Segments([organization]): Segments<1>,
    Body { body, .. }: Body<Aip>,
) -> Answer {
    let core = &served.core;
    let by = OrganizationRef::parse(&organization);
    let read = read_ids(&body);
    let asked = judged_in_organization(core, &caller, &by, None, read).await?;
    // A malformed id is an unknown one: the nil id, which nothing has, stands for it.
    let id = |text: &str| WorkspaceId::parse(text).unwrap_or(WorkspaceId::from_uuid(uuid::Uuid::nil()));
    let mut ids: Vec<WorkspaceId> = asked.iter().map(|text| id(text)).collect();
    ids.sort_unstable();
    ids.dedup();
    let counts: HashMap<_, _> = core.count_workspace_users(&caller, by, ids).await?.into_iter().collect();
    let counted = |text: &str| counts.get(&id(text)).copied().unwrap_or_default();
    let answer: Map<String, Value> =
        asked.iter().map(|text| ((*text).to_owned(), counted(text).into())).collect();
    Ok(Resource::new(json!({"workspace_user_counts": answer})))
}

fn read_ids(body: &Value) -> Result<Vec<&str>> {
    let members = Members::of(&COUNTED, body)?;
    let list = members.list("workspace_ids")?;
    if list.is_empty() {
        return Err(Error::invalid("workspace_ids", "missing", "expected at least one id"));
    }
    if list.len() > COUNT_MAX {
        return Err(Error::invalid("workspace_ids", "too_many", format!("expected at most {COUNT_MAX} ids")));
    }
    let text = |id: &'_ Value| id.as_str().is_some();
    if !list.iter().all(text) {
        return Err(Error::invalid("workspace_ids", "form", "expected a list of strings"));
    }
    Ok(list.iter().filter_map(Value::as_str).collect())
}

fn condition(Predicate { field, test }: &Predicate) -> Result<Filter<UserField>> {
    match (*field, test) {
        ("role", Wanted::Keyword(equality, pattern)) => {
            let folded = pattern.map_pieces(fold);
            let called = |role: &BuiltinRole| {
                let (title, short) = names::builtin(*role);
                folded.matches(&fold(title)) || folded.matches(short)
            };
            let builtin = BuiltinRole::ALL.into_iter().filter(called);
            let mut any: Vec<_> = builtin
                .map(|role| Filter::Is(UserField::Role, Test::Folded(role.word().to_owned())))
                .collect();
            any.push(Filter::Is(UserField::CustomRole, Test::Like(folded.pieces().to_vec())));
            Ok(filters::negated(*equality, Filter::Or(any)))
        }
        ("role_scope", Wanted::Enum(equality, name)) => {
            let is = Filter::Is(UserField::RoleLevel, Test::Int(Comparison::Equal, level(name) as i64));
            Ok(filters::negated(*equality, is))
        }
        ("search", Wanted::Contains(part)) => Ok(Filter::Is(UserField::Search, Test::Contains(part.clone()))),
        ("search", Wanted::Present) => Ok(Filter::All),
        ("display_name", test) => filters::text(UserField::DisplayName, test),
        ("email", test) => filters::text(UserField::Email, test),
        _ => Err(Error::internal("the schema promised another field")),
    }
}

/// A user with every role held at a place.
pub(crate) fn write(held: &UserWithRoles) -> Value {
    let roles: Vec<Value> = held.roles.iter().map(write_role).collect();
    json!({"user": write_person(held), "roles": roles})
}

/// The same where it is not a row of a list: with the tag of its version.
pub(crate) fn write_one(held: &UserWithRoles) -> Value {
    etag::beside(write(held), held.version())
}

fn write_person(held: &UserWithRoles) -> Value {
    let (user, organization) = (&held.user, held.organization);
    let mut who = Map::new();
    who.insert("name".to_owned(), format!("organizations/{organization}/users/{}", user.id).into());
    who.insert("display_name".to_owned(), user.shown_name().into());
    if let Some(email) = &user.email {
        who.insert("email".to_owned(), email.as_str().into());
    }
    Value::Object(who)
}

fn write_role(role: &HeldRole) -> Value {
    let name = role.builtin.map_or(role.title.as_str(), |builtin| names::builtin(builtin).1);
    let scope = match role.level {
        Level::Organization => "ROLE_SCOPE_ORGANIZATION",
        Level::Workspace => "ROLE_SCOPE_WORKSPACE",
        Level::Project => "ROLE_SCOPE_PROJECT",
        Level::Server => "ROLE_SCOPE_UNSPECIFIED",
    };
    json!({"name": name, "role_scope": scope})
}
