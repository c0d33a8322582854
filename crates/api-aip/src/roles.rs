//! Roles: of an organization, and those that can be given in a workspace.

use serde_json::{Map, Value};
use tenantry_aip::check::{Predicate, Test as Wanted};
use tenantry_aip::order::OrderKey;
use tenantry_aip::{EnumName, EnumType, Field as Filtered, FieldType, Schema};
use tenantry_core::authz::{Needed, Place};
use tenantry_core::filter::{Comparison, Filter, ListQuery, Test};
use tenantry_core::ids::RoleId;
use tenantry_core::permission::{BuiltinRole, Level, Permission, PermissionSet};
use tenantry_core::resource::{Action, ContentRights, ResourceKind};
use tenantry_core::role::{NewRole, ROLE_TITLE_MAX, Role, RoleChange, RoleField};
use tenantry_core::text::DESCRIPTION_MAX;
use tenantry_core::{Core, Error, Result};

use crate::args::{at_organization, at_workspace, flag, judged_at, or_missing};
use crate::body::Members;
use crate::change::{Change, Terms};
use crate::message::{Field, Kind, Message};
use crate::page::{Ordering, Paging};
use crate::read::Read;
use crate::resource::Answer;
use crate::{etag, filters, names};

pub(crate) const ROWS: &str = "roles";
pub(crate) const ROLE: Message = Message {
    name: "Role",
    fields: &[
        Field::output("name", Kind::Name, "The name of the organization or workspace, then `/roles/{role}`."),
        Field::required("title", Kind::Text(ROLE_TITLE_MAX), "What it is called."),
        Field::optional("description", Kind::Text(DESCRIPTION_MAX), "What it is for.").always(),
        Field::optional("permissions", PERMISSIONS, "What it holds.").always(),
        Field::optional(
            "content_permissions",
            Kind::List(&Kind::Choice(content_permissions), CONTENT_PERMISSIONS_MAX),
            "What it holds inside the servers of workspaces, beside what follows from `permissions`: `action:type`.",
        ),
        Field::immutable(
            "role_scope",
            Kind::Choice(role_scopes),
            "Of an organization's custom role: `ROLE_SCOPE_WORKSPACE` if it is given in workspaces.",
        )
        .sometimes(),
        Field::etag().sometimes(),
    ],
};
/// As many as there are.
const CONTENT_PERMISSIONS_MAX: usize = ResourceKind::ALL.len() * Action::ALL.len();
/// Permissions by their published names.
pub(crate) const PERMISSIONS: Kind = Kind::List(&Kind::Permission, Permission::ALL.len());
pub(crate) static SCHEMA: Schema =
    Schema::new(&[Filtered::new("title", FieldType::Text), Filtered::new("role_scope", SCOPES)], &["title"]);
pub(crate) const ORDERING: Ordering<RoleField> = Ordering {
    paths: &["title", "create_time", "update_time"],
    fields: &[RoleField::Title, RoleField::CreatedAt, RoleField::UpdatedAt],
    default: OrderKey { field: "create_time", descending: false },
};

/// `GET .../organizations/{organization}/roles`: built-in ones and custom ones, in the order of their making.
pub(crate) async fn list_organization_roles(read: Read<1>) -> Answer {
    list(&read, "ListOrganizationRoles", at_organization(&read.path)).await
}

/// `GET .../workspaces/{workspace}/roles`: those that can be given there.
pub(crate) async fn list_workspace_roles(read: Read<2>) -> Answer {
    list(&read, "ListWorkspaceRoles", at_workspace(&read.path)).await
}

async fn list<const N: usize>(read: &Read<N>, method: &str, place: Place) -> Answer {
    let wanted = || {
        let shown = read.fields_of_list(ROWS, &ROLE)?;
        let (expression, filter) = filters::read(&read.query, &SCHEMA, condition)?;
        let paging = Paging::read(read, method, &ORDERING, (&expression, false))?;
        let query = ListQuery { filter, page: paging.request.clone() };
        Ok((shown, paging, query))
    };
    let needed = Needed::READ_ROLES;
    let (shown, paging, query) = judged_at(&read.core, &read.caller, &place, needed, wanted()).await?;
    let parent = parent(&read.core, &read.caller, &place).await?;
    let called = |role| names::builtin(role).0;
    let page = read.core.list_roles(&read.caller, place, called, query).await?;
    Ok(shown.list(&paging.answer(read, ROWS, &page, |role| write(&parent, role)))?)
}

/// `GET .../organizations/{organization}/roles/{role}`.
pub(crate) async fn get_organization_role(read: Read<2>) -> Answer {
    get(&read, at_organization(&read.path)).await
}

/// `GET .../workspaces/{workspace}/roles/{role}`.
pub(crate) async fn get_workspace_role(read: Read<3>) -> Answer {
    get(&read, at_workspace(&read.path)).await
}

async fn get<const N: usize>(read: &Read<N>, place: Place) -> Answer {
    let needed = Needed::READ_ROLES;
    let shown = judged_at(&read.core, &read.caller, &place, needed, read.fields(&ROLE)).await?;
    let parent = parent(&read.core, &read.caller, &place).await?;
    let role = read.core.get_role(&read.caller, place, names::role(&read.path[N - 1])).await?;
    Ok(shown.answer(write(&parent, &role)))
}

/// `POST .../organizations/{organization}/roles`. With `role_scope` the role is one that is given in workspaces, all of
/// them.
pub(crate) async fn create_organization_role(change: Change<1>) -> Answer {
    create(&change, at_organization(&change.path)).await
}

/// `POST .../workspaces/{workspace}/roles`: a role that is given in this workspace alone.
pub(crate) async fn create_workspace_role(change: Change<2>) -> Answer {
    create(&change, at_workspace(&change.path)).await
}

async fn create<const N: usize>(change: &Change<N>, place: Place) -> Answer {
    let read = || -> Result<(NewRole, Terms)> {
        let members = Members::of(&ROLE, &change.body)?;
        let terms = change.terms_to_make()?;
        let title = members.text("title")?;
        let id = change.query.one("role_id")?.map(|text| {
            let id = RoleId::parse(text);
            id.ok_or_else(|| Error::invalid("role_id", "uuid", "expected a UUID of 36 characters"))
        });
        let level = match (&place, read_level(&members)?) {
            (Place::Workspace(..), None) => Level::Workspace,
            (Place::Organization(_), None) => Level::Organization,
            (Place::Workspace(..), Some(Level::Organization | Level::Project)) => {
                return Err(no_such_scope());
            }
            (_, Some(level)) => level,
        };
        let title = title.ok_or_else(|| Error::invalid("title", "missing", "expected a title"))?;
        let new = NewRole {
            id: id.transpose()?,
            level,
            title: read_title(title)?,
            description: members.text("description")?.map(str::to_owned),
            permissions: read_permissions(members.list("permissions")?)?,
            content: read_content(members.list("content_permissions")?)?,
        };
        Ok((new, terms))
    };
    let needed = Needed::MANAGE_ROLES;
    let (new, terms) = judged_at(&change.core, &change.caller, &place, needed, read()).await?;
    let parent = parent(&change.core, &change.caller, &place).await?;
    let work = async move |core: Core, caller| core.create_role(&caller, place, new).await;
    change.make(terms, move |role: &Role| write(&parent, role), work).await
}

/// `PATCH .../organizations/{organization}/roles/{role}` with `update_mask`: custom roles alone.
pub(crate) async fn update_organization_role(change: Change<2>) -> Answer {
    update(&change, at_organization(&change.path)).await
}

/// `PATCH .../workspaces/{workspace}/roles/{role}`: those that were made there.
pub(crate) async fn update_workspace_role(change: Change<3>) -> Answer {
    update(&change, at_workspace(&change.path)).await
}

async fn update<const N: usize>(change: &Change<N>, place: Place) -> Answer {
    let read = || -> Result<(RoleChange, Terms)> {
        let members = Members::of(&ROLE, &change.body)?;
        let terms = change.terms(members.text("etag")?)?;
        let mask = change.mask(&ROLE)?;
        let named = |name: &str| mask.as_ref().map_or_else(|| members.has(name), |mask| mask.covers(name));
        let title = match (named("title"), members.text("title")?) {
            (true, None) => return Err(Error::invalid("title", "missing", "expected a title")),
            (true, Some(title)) => Some(read_title(title)?),
            (false, _) => None,
        };
        let description = || members.text("description").map(|text| text.map(str::to_owned));
        let permissions = || read_permissions(members.list("permissions")?);
        let content = || read_content(members.list("content_permissions")?);
        let wanted = RoleChange {
            title,
            description: named("description").then(description).transpose()?,
            permissions: named("permissions").then(permissions).transpose()?,
            content: named("content_permissions").then(content).transpose()?,
            level: read_level(&members)?,
            expected_version: terms.expected_version.clone(),
            ..RoleChange::default()
        };
        Ok((wanted, terms))
    };
    let needed = Needed::MANAGE_ROLES;
    let (wanted, terms) = judged_at(&change.core, &change.caller, &place, needed, read()).await?;
    let parent = parent(&change.core, &change.caller, &place).await?;
    let role = names::role(&change.path[N - 1]);
    let in_words = |error: Error| error.naming_fields(|field| (field == "level").then_some("role_scope"));
    let work = async move |core: Core, caller| {
        core.update_role(&caller, place, role, wanted).await.map_err(in_words)
    };
    change.make(terms, move |role: &Role| write(&parent, role), work).await
}

/// `DELETE .../organizations/{organization}/roles/{role}`: with `force` also while somebody holds it.
pub(crate) async fn delete_organization_role(change: Change<2>) -> Answer {
    delete(&change, at_organization(&change.path)).await
}

/// `DELETE .../workspaces/{workspace}/roles/{role}`.
pub(crate) async fn delete_workspace_role(change: Change<3>) -> Answer {
    delete(&change, at_workspace(&change.path)).await
}

async fn delete<const N: usize>(change: &Change<N>, place: Place) -> Answer {
    let read = || -> Result<_> {
        let terms = change.terms(None)?;
        Ok((terms, flag(&change.query, "force")?, flag(&change.query, "allow_missing")?))
    };
    let needed = Needed::MANAGE_ROLES;
    let (terms, force, allow_missing) =
        judged_at(&change.core, &change.caller, &place, needed, read()).await?;
    let role = names::role(&change.path[N - 1]);
    let expected = terms.expected_version.clone();
    let work = async move |core: Core, caller| core.delete_role(&caller, place, role, expected, force).await;
    or_missing(allow_missing, change.make(terms, |(): &()| Value::Object(Map::new()), work).await)
}

fn condition(Predicate { field, test }: &Predicate) -> Result<Filter<RoleField>> {
    match (*field, test) {
        ("title", test) => filters::text(RoleField::Title, test),
        ("role_scope", Wanted::Enum(equality, name)) => {
            let is = Filter::Is(RoleField::Level, Test::Int(Comparison::Equal, level(name) as i64));
            Ok(filters::negated(*equality, is))
        }
        _ => Err(Error::internal("the schema promised another field")),
    }
}

/// The scopes of roles, as filters name them.
pub(crate) const SCOPES: FieldType = FieldType::Enum(EnumType {
    names: &[
        EnumName { name: "organization", aliases: &["ROLE_SCOPE_ORGANIZATION"] },
        EnumName { name: "workspace", aliases: &["ROLE_SCOPE_WORKSPACE"] },
    ],
    ignore_case: true,
});

/// Where a role is given, if the body says so.
fn read_level(members: &Members<'_>) -> Result<Option<Level>> {
    match members.text("role_scope")? {
        None | Some("" | "ROLE_SCOPE_UNSPECIFIED") => Ok(None),
        Some("ROLE_SCOPE_ORGANIZATION") => Ok(Some(Level::Organization)),
        Some("ROLE_SCOPE_WORKSPACE") => Ok(Some(Level::Workspace)),
        Some("ROLE_SCOPE_PROJECT") => Ok(Some(Level::Project)),
        Some(_) => Err(no_such_scope()),
    }
}

fn no_such_scope() -> Error {
    Error::invalid("role_scope", "scope", "expected a scope that roles of this parent have")
}

/// The level of one of the [`SCOPES`].
pub(crate) fn level(scope: &str) -> Level {
    if scope == "organization" { Level::Organization } else { Level::Workspace }
}

/// The words for where a role is given.
pub(crate) fn role_scopes() -> Vec<String> {
    ["ROLE_SCOPE_UNSPECIFIED", "ROLE_SCOPE_ORGANIZATION", "ROLE_SCOPE_WORKSPACE", "ROLE_SCOPE_PROJECT"]
        .map(str::to_owned)
        .into()
}

/// The name under which the roles of a place are found.
async fn parent(core: &Core, caller: &tenantry_core::caller::Caller, place: &Place) -> Result<String> {
    Ok(match place {
        Place::Organization(organization) => {
            names::organization(core.get_organization(caller, organization.clone()).await?.id)
        }
        Place::Workspace(organization, workspace) => {
            let target = (organization.clone(), workspace.clone());
            let detail = core.get_workspace(caller, target, tenantry_core::authz::View::Both).await?;
            names::workspace(detail.organization.id, detail.seen.workspace.id)
        }
    })
}

/// A title that is no built-in role's: roles are given by their titles too.
fn read_title(title: &str) -> Result<String> {
    let taken = |role: &BuiltinRole| {
        let (known, short) = names::builtin(*role);
        [known, short].iter().any(|name| name.eq_ignore_ascii_case(title.trim()))
    };
    if BuiltinRole::ALL.iter().any(taken) {
        return Err(Error::invalid("title", "reserved", "a built-in role is called so"));
    }
    Ok(title.to_owned())
}

/// Permissions by their published names.
pub(crate) fn read_permissions(list: &[Value]) -> Result<PermissionSet> {
    list.iter()
        .map(|value| {
            value.as_str().and_then(Permission::from_name).ok_or_else(|| {
                Error::invalid(
                    "permissions",
                    "unknown",
                    "expected published permissions such as read:Workspace",
                )
            })
        })
        .collect()
}

/// Every right to content, as it is written here.
fn content_permissions() -> Vec<String> {
    ContentRights::everything_at(Level::Workspace).iter().map(content_permission).collect()
}

fn content_permission((kind, action): (ResourceKind, Action)) -> String {
    format!("{}:{}", action.word(), kind.word())
}

fn read_content(list: &[Value]) -> Result<ContentRights> {
    let read = |(index, value): (usize, &Value)| {
        let pair = value
            .as_str()
            .and_then(|text| text.split_once(':'))
            .and_then(|(action, kind)| Some((ResourceKind::from_word(kind)?, Action::from_word(action)?)));
        pair.ok_or_else(|| {
            let expected = "expected an action and a type of resource such as read:pipeline";
            Error::invalid(format!("content_permissions[{index}]"), "unknown", expected)
        })
    };
    list.iter().enumerate().map(read).collect()
}

fn write(parent: &str, role: &Role) -> Value {
    let (last, title, description) = match role.builtin {
        Some(builtin) => {
            let (title, short) = names::builtin(builtin);
            (short.to_owned(), title, names::description(builtin))
        }
        None => (role.id.to_string(), role.title.as_str(), role.description.as_deref().unwrap_or_default()),
    };
    let permissions: Vec<&str> = role.permissions.iter().map(Permission::name).collect();
    let mut members = Map::new();
    members.insert("name".to_owned(), format!("{parent}/roles/{last}").into());
    members.insert("title".to_owned(), title.into());
    members.insert("description".to_owned(), description.into());
    members.insert("permissions".to_owned(), permissions.into());
    if !role.content.is_empty() {
        let content: Vec<String> = role.content.iter().map(content_permission).collect();
        members.insert("content_permissions".to_owned(), content.into());
    }
    if role.builtin.is_none() {
        let scope = match role.level {
            Level::Workspace if role.workspace.is_none() => Some("ROLE_SCOPE_WORKSPACE"),
            Level::Project => Some("ROLE_SCOPE_PROJECT"),
            _ => None,
        };
        if let Some(scope) = scope {
            members.insert("role_scope".to_owned(), scope.into());
        }
        members.insert("etag".to_owned(), etag::write(role.version).into());
    }
    Value::Object(members)
}
