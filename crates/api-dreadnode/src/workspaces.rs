//! The workspaces of an organization in which the caller has a role.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use tenantry_core::authz::{OrganizationRef, View};
use tenantry_core::filter::Filter;
use tenantry_core::organization::Organization;
use tenantry_core::page::{Order, PageRequest};
use tenantry_core::workspace::{self, Deleted, WorkspaceField, WorkspaceQuery};
use tenantry_http::{Authenticated, Query, Refusal, Refused, Segments, Served, Stamp};

use crate::Dreadnode;
use crate::page::{Paging, Window};

/// The client never asks for a second page, so the default workspace must be on the first.
const ORDER: [Order<WorkspaceField>; 2] =
    [Order::ascending(WorkspaceField::DefaultFirst), Order::ascending(WorkspaceField::CreatedAt)];

/// A page of workspaces.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "dreadnode.WorkspacesPage")]
pub(crate) struct WorkspacesPage {
    #[serde(flatten)]
    paging: Paging,
    workspaces: Vec<Workspace>,
}

/// A workspace. The old client wants every member, the present one only ids, names, key and times.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "dreadnode.Workspace")]
struct Workspace {
    id: String,
    key: String,
    name: String,
    description: Option<String>,
    created_by: String,
    org_id: String,
    org_name: String,
    is_active: bool,
    is_default: bool,
    project_count: i64,
    created_at: String,
    updated_at: String,
}

impl Workspace {
    fn new(workspace: workspace::Workspace, organization: &Organization) -> Self {
        Self {
            id: workspace.id.to_string(),
            key: workspace.key,
            name: workspace.name,
            description: workspace.description,
            created_by: workspace.created_by.to_string(),
            org_id: organization.id.to_string(),
            org_name: organization.name.clone(),
            is_active: workspace.is_active,
            is_default: workspace.is_default,
            project_count: workspace.project_count,
            created_at: workspace.created_at.to_string(),
            updated_at: workspace.updated_at.to_string(),
        }
    }
}

/// `GET /api/v1/org/{org}/ws`
///
/// The organization is named by its key, id or name. Parameters other than those of pages are passed over, since
/// clients send what they know of other versions.
pub(crate) async fn list_organization_workspaces(
    who: Authenticated<Dreadnode>,
    State(served): State<Served>,
    Segments([organization]): Segments<1>,
    query: Query<Dreadnode>,
) -> Result<(Stamp, Json<WorkspacesPage>), Refused<Dreadnode>> {
    let window = Window::of(&query).map_err(Refusal::Query)?;
    let wanted = WorkspaceQuery {
        view: View::OwnRoles,
        deleted: Deleted::Hide,
        filter: Filter::All,
        page: PageRequest { order: ORDER.to_vec(), start: window.start(), limit: window.rows() },
        count: true,
    };
    let organization = OrganizationRef::parse(&organization);
    let list = served.core.list_workspaces(&who.caller, organization, wanted).await?;
    let rows = list.page.items.into_iter().map(|seen| Workspace::new(seen.workspace, &list.organization));
    let workspaces = rows.collect();
    let paging = Paging::new(window, list.total.unwrap_or_default());
    let stamp = Stamp::new(&who.caller, list.organization.id, list.version);
    Ok((stamp, Json(WorkspacesPage { paging, workspaces })))
}
