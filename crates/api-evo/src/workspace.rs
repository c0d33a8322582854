//! A workspace as Evo shows it.

use schemars::JsonSchema;
use serde::Serialize;
use tenantry_core::clock::Timestamp;
use tenantry_core::ids::{OrganizationId, PrincipalId, WorkspaceId};
use tenantry_core::permission::BuiltinRole;
use tenantry_core::principal::People;
use tenantry_core::workspace::{BoundingBox, SeenWorkspace};
use tenantry_http::Served;

/// A workspace. The client refuses the whole page if one member is of another type.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "evo.Workspace")]
pub(crate) struct Workspace {
    id: String,
    name: String,
    /// Empty if there is none.
    description: String,
    /// Empty if there is none.
    default_coordinate_system: String,
    bounding_box: Option<Polygon>,
    /// Never null, though the client sends null.
    labels: Vec<String>,
    ml_enabled: bool,
    self_link: String,
    created_at: String,
    created_by: Person,
    updated_at: String,
    updated_by: Person,
    current_user_role: &'static str,
}

impl Workspace {
    /// A workspace in which its reader has a role.
    pub(crate) fn new(seen: SeenWorkspace, people: &People, served: &Served) -> Self {
        let role = role_word(seen.own_role());
        let workspace = seen.workspace;
        let path = workspace_path(workspace.organization, workspace.id);
        Self {
            id: workspace.id.to_string(),
            name: workspace.name,
            description: workspace.description.unwrap_or_default(),
            default_coordinate_system: workspace.coordinate_system.unwrap_or_default(),
            bounding_box: workspace.bounding_box.as_ref().map(Polygon::new),
            labels: workspace.labels,
            ml_enabled: workspace.details.ml_enabled,
            self_link: served.address(&path),
            created_at: time(workspace.created_at),
            created_by: Person::new(workspace.created_by, people),
            updated_at: time(workspace.updated_at),
            updated_by: Person::new(workspace.updated_by, people),
            current_user_role: role,
        }
    }
}

/// The path of an organization's workspaces.
pub(crate) fn workspaces_path(organization: OrganizationId) -> String {
    format!("/workspace/orgs/{organization}/workspaces")
}

fn workspace_path(organization: OrganizationId, workspace: WorkspaceId) -> String {
    format!("{}/{workspace}", workspaces_path(organization))
}

/// With an offset, which is UTC: the client drops the offset without converting.
fn time(time: Timestamp) -> String {
    time.to_string()
}

/// The word for a role in a workspace; whoever is shown a workspace may at least look at it.
const fn role_word(role: Option<BuiltinRole>) -> &'static str {
    match role {
        Some(BuiltinRole::WorkspaceOwner) => "owner",
        Some(BuiltinRole::WorkspaceEditor) => "editor",
        Some(
            BuiltinRole::WorkspaceViewer
            | BuiltinRole::WorkspaceContributor
            | BuiltinRole::StackAdmin
            | BuiltinRole::ProjectAdmin
            | BuiltinRole::ProjectDeveloper
            | BuiltinRole::ProjectContributor
            | BuiltinRole::ProjectViewer
            | BuiltinRole::OrganizationBilling
            | BuiltinRole::OrganizationViewer
            | BuiltinRole::OrganizationMember
            | BuiltinRole::OrganizationAdmin
            | BuiltinRole::OrganizationOwner
            | BuiltinRole::ServerAdministrator,
        )
        | None => "viewer",
    }
}

/// Who did something. Of somebody who left the organization only the id is told.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "evo.Person")]
struct Person {
    id: String,
    name: Option<String>,
    email: Option<String>,
}

impl Person {
    fn new(id: PrincipalId, people: &People) -> Self {
        let known = people.get(&id);
        Self {
            id: id.to_string(),
            name: known.map(|person| person.shown_name().to_owned()),
            email: known.and_then(|person| person.email.clone()),
        }
    }
}

/// A GeoJSON polygon in WGS 84 of one ring.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "evo.Polygon")]
struct Polygon {
    r#type: &'static str,
    coordinates: [[[f64; 2]; 5]; 1],
}

impl Polygon {
    const fn new(bounds: &BoundingBox) -> Self {
        Self { r#type: "Polygon", coordinates: [*bounds.ring()] }
    }
}
