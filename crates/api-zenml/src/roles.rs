//! `/organizations/{organization}/roles` and `/roles`.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use tenantry_core::authz::{OrganizationRef, Place, Thing, WorkspaceRef};
use tenantry_core::filter::{Comparison, Filter, ListQuery, Test};
use tenantry_core::grant::RoleName;
use tenantry_core::ids::{OrganizationId, PrincipalId, RoleId, TeamId, WorkspaceId, parse_uuid};
use tenantry_core::page::{Order, PageRequest, Start};
use tenantry_core::permission::{BuiltinRole, Level, Permission, PermissionSet};
use tenantry_core::resource::{Action, ResourceKind, needle};
use tenantry_core::role::{NewRole, Role, RoleChange, RoleField};
use tenantry_core::{Core, Error, Kind, Result};
use tenantry_http::{Authenticated, Object, Refusal, Refused, Segments, Served};

use crate::Zenml;
use crate::openapi::Id;
use crate::organizations::by_id;
use crate::params::Params;
use crate::permissions::{PermissionRead, read_permissions};
use crate::users::as_text;

/// The vendor's own limit.
pub(crate) const MOST: usize = 100;
/// Longest name that this dialect takes, in characters.
pub(crate) const NAME_MAX: usize = 50;
pub(crate) const A_LEVEL: &str = "expected organization, workspace or project";
const A_TYPE: &str = "expected normal or share";

/// A role. What is shared of a single resource is none here, so each is of the type `normal`.
#[derive(Clone, Serialize, JsonSchema)]
#[schemars(rename = "zenml.RoleRead")]
pub(crate) struct RoleRead {
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Id")]
    id: RoleId,
    name: String,
    description: Option<String>,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Id")]
    organization_id: OrganizationId,
    #[schemars(extend("enum" = ["organization", "workspace", "project"]))]
    level: &'static str,
    system_managed: bool,
    #[serde(rename = "type")]
    #[schemars(extend("enum" = ["normal", "share"]))]
    kind: &'static str,
}

impl RoleRead {
    pub(crate) fn of(role: &Role) -> Self {
        Self {
            id: role.id,
            name: role.shown_title(builtin).to_owned(),
            description: role.description.clone(),
            organization_id: role.organization,
            level: level_word(role.level),
            system_managed: role.builtin.is_some(),
            kind: "normal",
        }
    }
}

/// A role with what it holds.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.RoleDetail")]
pub(crate) struct RoleDetail {
    #[serde(flatten)]
    role: RoleRead,
    permissions: Vec<PermissionRead>,
}

impl RoleDetail {
    fn of(role: &Role) -> Self {
        Self { role: RoleRead::of(role), permissions: PermissionRead::all_of(&role.rights()) }
    }
}

/// What the built-in roles are called here.
pub(crate) const fn builtin(role: BuiltinRole) -> &'static str {
    match role {
        BuiltinRole::ServerAdministrator => "Server Admin",
        BuiltinRole::OrganizationOwner => "Organization Admin",
        BuiltinRole::OrganizationAdmin => "Organization Manager",
        BuiltinRole::OrganizationMember => "Organization Member",
        BuiltinRole::OrganizationViewer => "Organization Viewer",
        BuiltinRole::WorkspaceOwner => "Workspace Admin",
        BuiltinRole::WorkspaceEditor => "Workspace Developer",
        BuiltinRole::WorkspaceViewer => "Workspace Viewer",
        BuiltinRole::OrganizationBilling => "Billing Admin",
        BuiltinRole::WorkspaceContributor => "Workspace Contributor",
        BuiltinRole::StackAdmin => "Stack Admin",
        BuiltinRole::ProjectAdmin => "Project Admin",
        BuiltinRole::ProjectDeveloper => "Project Developer",
        BuiltinRole::ProjectContributor => "Project Contributor",
        BuiltinRole::ProjectViewer => "Project Viewer",
    }
}

const fn level_word(level: Level) -> &'static str {
    match level {
        Level::Server => "server",
        Level::Organization => "organization",
        Level::Workspace => "workspace",
        Level::Project => "project",
    }
}

/// The level of this word. Nothing here is given on the server.
pub(crate) fn read_level(word: &str) -> Option<Level> {
    [Level::Organization, Level::Workspace, Level::Project]
        .into_iter()
        .find(|level| level_word(*level) == word)
}

/// `GET /organizations/{organization}/roles`: the newest first. Without `workspace_scope` every role, wherever it is given;
/// with it those that can be given in the workspace; with `project_scope` those that can be given in a project.
pub(crate) async fn list_roles(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization]): Segments<1>,
    params: Params,
) -> Result<Json<Vec<RoleRead>>, Refused<Zenml>> {
    let organization = by_id(&organization)?;
    let is_type = |word: &str| ["normal", "share"].contains(&word).then(|| word == "share");
    let shares = params.value("type", A_TYPE, is_type)?.unwrap_or(false);
    let workspace = params.id("workspace_scope", WorkspaceId::parse)?;
    let project = params.id("project_scope", parse_uuid)?;
    let mut query = query(&params, who.caller.principal)?;
    if project.is_some() {
        let given_in_projects = Test::Int(Comparison::Equal, Level::Project as i64);
        query.filter = query.filter.and(Filter::Is(RoleField::Level, given_in_projects));
    }
    let (core, caller) = (&served.core, &who.caller);
    let found = match workspace {
        // Every role that is given in projects can be given in all.
        Some(workspace) if project.is_none() => {
            let place = Place::Workspace(organization, WorkspaceRef::Id(workspace));
            core.list_roles(caller, place, builtin, query).await?
        }
        _ => core.list_every_role(caller, organization, builtin, query).await?,
    };
    // Nothing is shared by a role here.
    let shown = if shares { &[] } else { &found.items[..] };
    Ok(Json(shown.iter().map(RoleRead::of).collect()))
}

fn query(params: &Params, own: PrincipalId) -> Result<ListQuery<RoleField>, Refusal> {
    let mut filter = Filter::All;
    if let Some(name) = params.text("name")? {
        let is_it = Test::Text(Comparison::Equal, name.to_owned());
        filter = filter.and(Filter::Is(RoleField::Title, is_it));
    }
    if let Some(level) = params.value("level", A_LEVEL, read_level)? {
        filter = filter.and(Filter::Is(RoleField::Level, Test::Int(Comparison::Equal, level as i64)));
    }
    if let Some(wanted) = params.choice("system_managed")? {
        let is_one = Filter::Is(RoleField::Builtin, Test::Present);
        filter = filter.and(if wanted { is_one } else { is_one.not() });
    }
    let (resource, action) = (params.text("resource")?, params.text("action")?);
    if resource.is_some() || action.is_some() {
        let fits = |permission: &Permission| {
            let read = PermissionRead::of(*permission);
            resource.is_none_or(|wanted| wanted == read.resource)
                && action.is_none_or(|wanted| wanted == read.action)
        };
        let any: PermissionSet = Permission::ALL.iter().copied().filter(fits).collect();
        let holds = Filter::Is(RoleField::AnyOf, Test::Int(Comparison::Equal, any.bits()));
        filter = filter.and(match of_content(resource, action) {
            Some(needle) => {
                let holds_pair = Filter::Is(RoleField::Content, Test::Text(Comparison::Equal, needle));
                Filter::Or(vec![holds, holds_pair])
            }
            None => holds,
        });
    }
    let user = params.id("user_id", PrincipalId::parse)?;
    let own = params.flag("assigned_to_current_user")?.then_some(own);
    if user.is_some() && own.is_some() {
        let expected = "expected user_id or assigned_to_current_user, not both";
        return Err(Refusal::Query(Error::invalid("user_id", "value_error", expected)));
    }
    let team = params.id("team_id", TeamId::parse)?;
    let user = user.or(own).map(|id| *id.as_uuid());
    for holder in [user, team.map(|id| *id.as_uuid())].into_iter().flatten() {
        filter = filter.and(Filter::Is(RoleField::HeldBy, Test::Id(holder)));
    }
    let page = PageRequest {
        order: vec![Order::descending(RoleField::CreatedAt)],
        start: Start::Skip { from: None, rows: params.offset()? },
        limit: params.limit(MOST)?,
    };
    Ok(ListQuery { filter, page })
}

/// What finds the roles that hold such a right to content. No role holds one of which a word is unknown.
fn of_content(resource: Option<&str>, action: Option<&str>) -> Option<String> {
    let kind = resource.map(ResourceKind::from_word);
    let action = action.map(Action::from_word);
    match (kind, action) {
        (Some(None), _) | (_, Some(None)) => None,
        (kind, action) => needle(kind.flatten(), action.flatten()),
    }
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.RoleCreate")]
pub(crate) struct RoleCreate {
    #[schemars(length(min = 1, max = NAME_MAX))]
    name: String,
    description: Option<String>,
    #[schemars(with = "Id")]
    organization_id: String,
    /// `organization` unless said.
    #[schemars(extend("enum" = ["organization", "workspace", "project", null]))]
    level: Option<String>,
    permissions: Option<Vec<Object<PermissionRead>>>,
}

/// `POST /roles`: a custom role, given on the organization, in its workspaces, or in projects of their servers.
pub(crate) async fn create_role(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    tenantry_http::Json { body: Object(body), .. }: tenantry_http::Json<Zenml, Object<RoleCreate>>,
) -> Result<Json<RoleDetail>, Refused<Zenml>> {
    let organization = in_body(&body.organization_id)?;
    let level = match body.level.as_deref() {
        None => Level::Organization,
        Some(word) => read_level(word).ok_or_else(|| Error::invalid("level", "enum", A_LEVEL))?,
    };
    let rights = read_permissions("permissions", level, body.permissions.as_deref())?.unwrap_or_default();
    let new = NewRole {
        id: None,
        level,
        title: checked_name(body.name)?,
        description: body.description,
        permissions: rights.permissions,
        content: rights.content,
    };
    let made = served.core.create_role(&who.caller, organization, new).await.map_err(in_words)?;
    Ok(Json(RoleDetail::of(&made)))
}

/// `GET /roles/{role}`.
pub(crate) async fn get_role(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([role]): Segments<1>,
) -> Result<Json<RoleDetail>, Refused<Zenml>> {
    let (_, role) = find(&served.core, &who, &role).await?;
    Ok(Json(RoleDetail::of(&role)))
}

/// A member that is absent or `null` is left alone, but that `null` clears the description.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.RoleUpdate")]
#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
pub(crate) struct RoleUpdate {
    #[schemars(length(min = 1, max = NAME_MAX))]
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    description: Option<Option<String>>,
    permissions: Option<Vec<Object<PermissionRead>>>,
    add_permissions: Option<Vec<Object<PermissionRead>>>,
    remove_permissions: Option<Vec<Object<PermissionRead>>>,
}

/// `PATCH /roles/{role}`: a custom role, for everybody who holds it.
pub(crate) async fn update_role(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([role]): Segments<1>,
    tenantry_http::Json { body: Object(body), .. }: tenantry_http::Json<Zenml, Object<RoleUpdate>>,
) -> Result<Json<RoleDetail>, Refused<Zenml>> {
    let (place, role) = find(&served.core, &who, &role).await?;
    let read =
        |field, permissions: Option<Vec<_>>| read_permissions(field, role.level, permissions.as_deref());
    let wanted = read("permissions", body.permissions)?;
    let change = RoleChange {
        title: body.name.map(checked_name).transpose()?,
        description: body.description,
        permissions: wanted.map(|rights| rights.permissions),
        content: wanted.map(|rights| rights.content),
        add: read("add_permissions", body.add_permissions)?.unwrap_or_default(),
        remove: read("remove_permissions", body.remove_permissions)?.unwrap_or_default(),
        ..RoleChange::default()
    };
    let core = &served.core;
    let changed = core.update_role(&who.caller, place, RoleName::Id(role.id), change).await;
    Ok(Json(RoleDetail::of(&changed.map_err(in_words)?)))
}

/// `DELETE /roles/{role}`: a custom role, which is taken from everybody who holds it.
pub(crate) async fn delete_role(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([role]): Segments<1>,
) -> Result<Json<()>, Refused<Zenml>> {
    let (place, role) = find(&served.core, &who, &role).await?;
    served.core.delete_role(&who.caller, place, RoleName::Id(role.id), None, true).await?;
    Ok(Json(()))
}

/// The role of this id, and the place that it was made for.
pub(crate) async fn find(core: &Core, who: &Authenticated<Zenml>, text: &str) -> Result<(Place, Role)> {
    let id = RoleId::parse(text).ok_or_else(|| Error::hidden("role"))?;
    let organization = core.organization_of(&who.caller, Thing::Role(id)).await?;
    let role = core.get_any_role(&who.caller, organization.clone(), id).await?;
    let place = match role.workspace {
        Some(workspace) => Place::Workspace(organization, WorkspaceRef::Id(workspace)),
        None => Place::Organization(organization),
    };
    Ok((place, role))
}

/// The organization that a body names.
pub(crate) fn in_body(text: &str) -> Result<OrganizationRef> {
    let id = OrganizationId::parse(text);
    let id =
        id.ok_or_else(|| Error::invalid("organization_id", "form", "expected a UUID of 36 characters"))?;
    Ok(OrganizationRef::Id(id))
}

/// A name that is no built-in role's, and no longer than the vendor has it.
fn checked_name(name: String) -> Result<String> {
    crate::teams::require_length("name", &name, NAME_MAX)?;
    if BuiltinRole::ALL.iter().any(|role| builtin(*role).eq_ignore_ascii_case(name.trim())) {
        return Err(Error::new(Kind::AlreadyExists, "role.reserved", "a built-in role is called so"));
    }
    Ok(name)
}

fn in_words(error: Error) -> Error {
    error.naming_fields(|field| match field {
        "title" => Some("name"),
        "content_permissions" => Some("permissions"),
        _ => None,
    })
}

/// Tells `null` from an absent member.
#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
pub(crate) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
