//! Who is in a workspace: the list of users, and how many there are.

use axum::extract::State;
use axum::response::Response;
use axum::{Extension, Json};
use serde_json::{Map, Value, json};
use tenantry_aip::check::{Checked, Equality, Predicate, Test as Wanted};
use tenantry_aip::filter::Filter as Expression;
use tenantry_aip::order::OrderKey;
use tenantry_aip::{EnumName, EnumType, Field, FieldType, Schema};
use tenantry_core::authz::OrganizationRef;
use tenantry_core::filter::{Comparison, Filter, Test};
use tenantry_core::grant::{HeldRole, UserQuery, UserWithRoles};
use tenantry_core::ids::{OrganizationId, WorkspaceId};
use tenantry_core::permission::{BuiltinRole, Level, Permission};
use tenantry_core::principal::UserField;
use tenantry_core::text::fold;
use tenantry_core::{Core, Error, Result};
use tenantry_http::{Authenticated, Json as Body, Query, Refused, Segments, Served};

use crate::args::{judged_in_organization, judged_in_workspace, target};
use crate::body::Members;
use crate::error::refused;
use crate::page::{Ordering, PageTokens, Paging};
use crate::{Aip, names};

/// How many workspaces can be asked about at once.
const COUNT_MAX: usize = 1000;

static SCHEMA: Schema = Schema::new(
    &[
        Field::new("role", FieldType::Keyword),
        Field::new(
            "role_scope",
            FieldType::Enum(EnumType {
                names: &[
                    EnumName { name: "organization", aliases: &["ROLE_SCOPE_ORGANIZATION"] },
                    EnumName { name: "workspace", aliases: &["ROLE_SCOPE_WORKSPACE"] },
                ],
                ignore_case: true,
            }),
        ),
        Field::new("search", FieldType::Search),
        Field::new("display_name", FieldType::Text),
        Field::new("email", FieldType::Text),
    ],
    &["display_name", "email"],
);
const ORDERING: Ordering<UserField> = Ordering {
    paths: &["display_name", "email", "created_time", "updated_time"],
    fields: &[UserField::DisplayName, UserField::Email, UserField::CreatedAt, UserField::UpdatedAt],
    default: OrderKey { field: "created_time", descending: true },
};

/// `GET .../workspaces/{workspace}/users`.
pub(crate) async fn list_workspace_users(
    State(served): State<Served>,
    Extension(tokens): Extension<PageTokens>,
    Authenticated { caller, .. }: Authenticated<Aip>,
    Segments([organization, workspace]): Segments<2>,
    query: Query<Aip>,
) -> std::result::Result<Response, Refused<Aip>> {
    let core = &served.core;
    let target = target(&organization, &workspace);
    let method = ("ListWorkspaceUsers", &[organization.as_str(), &workspace][..]);
    let read = read_list(core, &tokens, &query, method);
    let needed = Permission::ReadWorkspaceUsers;
    let (paging, filter) = judged_in_workspace(core, &caller, &target, needed, read).await?;
    let found = core.get_organization(&caller, target.0.clone()).await?;
    let wanted = UserQuery { filter, page: paging.request.clone() };
    let page = core.list_workspace_users(&caller, target, wanted).await?;
    Ok(paging.answer(core, &tokens, "users", &page, |user| write(user, found.id)))
}

/// `POST .../workspaces:countUsers`: a number for each workspace asked for; one that cannot be seen fails the call.
pub(crate) async fn count_workspace_users(
    State(served): State<Served>,
    Authenticated { caller, .. }: Authenticated<Aip>,
    Segments([organization]): Segments<1>,
    Body { body, .. }: Body<Aip>,
) -> std::result::Result<Json<Value>, Refused<Aip>> {
    let core = &served.core;
    let by = OrganizationRef::parse(&organization);
    let read = read_ids(&body);
    let asked = judged_in_organization(core, &caller, &by, None, read).await?;
    // A malformed id is an unknown one: the nil id, which nothing has, stands for it.
    let id = |text: &str| WorkspaceId::parse(text).unwrap_or(WorkspaceId::from_uuid(uuid::Uuid::nil()));
    let mut ids: Vec<WorkspaceId> = asked.iter().map(|text| id(text)).collect();
    ids.sort_unstable();
    ids.dedup();
    let counts = core.count_workspace_users(&caller, by, ids).await?;
    let counted = |text: &str| counts.iter().find(|(known, _)| *known == id(text)).map(|(_, count)| *count);
    let answer: Map<String, Value> =
        asked.iter().map(|text| ((*text).to_owned(), counted(text).unwrap_or_default().into())).collect();
    Ok(Json(json!({"workspace_user_counts": answer})))
}

fn read_ids(body: &Value) -> Result<Vec<&str>> {
    let members = Members::of("", body, &["workspace_ids"], &[])?;
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

fn read_list(
    core: &Core,
    tokens: &PageTokens,
    query: &Query<Aip>,
    method: (&str, &[&str]),
) -> Result<(Paging<UserField>, Filter<UserField>)> {
    let expression =
        Expression::parse(query.one("filter")?.unwrap_or_default()).map_err(|error| refused(&error))?;
    let checked = SCHEMA.check(&expression).map_err(|error| refused(&error))?;
    let paging = Paging::read(core, tokens, query, method, &ORDERING, (&expression, false))?;
    Ok((paging, checked.map_or(Ok(Filter::All), |checked| filter(&checked))?))
}

fn filter(checked: &Checked) -> Result<Filter<UserField>> {
    let all = |parts: &[Checked]| parts.iter().map(filter).collect::<Result<Vec<_>>>();
    Ok(match checked {
        Checked::And(parts) => Filter::And(all(parts)?),
        Checked::Or(parts) => Filter::Or(all(parts)?),
        Checked::Not(part) => filter(part)?.not(),
        Checked::Test(predicate) => condition(predicate)?,
    })
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
            Ok(negated(*equality, Filter::Or(any)))
        }
        ("role_scope", Wanted::Enum(equality, name)) => {
            let level = if *name == "organization" { Level::Organization } else { Level::Workspace };
            let is = Filter::Is(UserField::RoleLevel, Test::Int(Comparison::Equal, level as i64));
            Ok(negated(*equality, is))
        }
        ("search", Wanted::Contains(part)) => Ok(Filter::Is(UserField::Search, Test::Contains(part.clone()))),
        ("search", Wanted::Present) => Ok(Filter::All),
        ("display_name", test) => crate::workspaces::text_filter(UserField::DisplayName, test),
        ("email", test) => crate::workspaces::text_filter(UserField::Email, test),
        _ => Err(Error::internal("the schema promised another field")),
    }
}

fn negated(equality: Equality, filter: Filter<UserField>) -> Filter<UserField> {
    match equality {
        Equality::Equal => filter,
        Equality::NotEqual => filter.not(),
    }
}

/// A user with every role held in the workspace and in its organization.
pub(crate) fn write(held: &UserWithRoles, organization: OrganizationId) -> Value {
    let user = &held.user;
    let mut who = Map::new();
    who.insert("name".to_owned(), format!("organizations/{organization}/users/{}", user.id).into());
    who.insert("display_name".to_owned(), user.shown_name().into());
    if let Some(email) = &user.email {
        who.insert("email".to_owned(), email.as_str().into());
    }
    let roles: Vec<Value> = held.roles.iter().map(write_role).collect();
    json!({"user": who, "roles": roles})
}

fn write_role(role: &HeldRole) -> Value {
    let name = role.builtin.map_or(role.title.as_str(), |builtin| names::builtin(builtin).1);
    let scope = match role.level {
        Level::Organization => "ROLE_SCOPE_ORGANIZATION",
        Level::Workspace => "ROLE_SCOPE_WORKSPACE",
        Level::Server | Level::Project => "ROLE_SCOPE_UNSPECIFIED",
    };
    json!({"name": name, "role_scope": scope})
}
