//! `/organizations/{organization}/tenants`: the workspaces of an organization, which the vendor called tenants once.
//!
//! The workspace's `name` is our key, its `display_name` our name.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use tenantry_core::authz::View;
use tenantry_core::clock::Timestamp;
use tenantry_core::filter::{Comparison, Filter, Test};
use tenantry_core::ids::WorkspaceId;
use tenantry_core::organization::Organization;
use tenantry_core::page::{Order, PageRequest, Start};
use tenantry_core::principal::People;
use tenantry_core::workspace::{
    Deleted, Service, State as Status, Workspace, WorkspaceField, WorkspaceQuery,
};
use tenantry_http::{Authenticated, Refusal, Refused, Segments, Served, Stamp};

use crate::Zenml;
use crate::openapi::{Id, Time};
use crate::organizations::{OrganizationRead, by_id};
use crate::params::Params;
use crate::users::{UserRead, as_text};

/// The vendor's own limit.
pub(crate) const MOST: usize = 100;
const A_STATUS: &str = "expected not_initialized, pending, available, failed, deactivated or deleted";

/// A workspace. What Tenantry does not have is always `null`: `()` is how that is written here.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.WorkspaceRead")]
pub(crate) struct WorkspaceRead<'a> {
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Id")]
    id: WorkspaceId,
    name: &'a str,
    display_name: &'a str,
    description: Option<&'a str>,
    logo_url: Option<&'a str>,
    organization: OrganizationRead<'a>,
    owner: UserRead<'a>,
    /// False for an enrolled workspace, whose server somebody else runs.
    is_managed: bool,
    /// Shown once, by the enrollment.
    enrollment_key: (),
    workspace_type: &'static str,
    /// Never `null`, whatever is in it: the client wants the key `configuration`.
    zenml_service: ServiceRead,
    mlflow_service: Option<ServiceRead>,
    kitaru_service: (),
    usage_counts: &'a BTreeMap<String, i64>,
    desired_state: &'static str,
    state_reason: &'a str,
    status: &'static str,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Time")]
    created: Timestamp,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Time")]
    updated: Timestamp,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Time")]
    status_updated: Timestamp,
}

impl<'a> WorkspaceRead<'a> {
    fn of(workspace: &'a Workspace, organization: &'a Organization, people: &'a People) -> Self {
        let details = &workspace.details;
        Self {
            id: workspace.id,
            name: &workspace.key,
            display_name: &workspace.name,
            description: workspace.description.as_deref(),
            logo_url: details.logo_url.as_deref(),
            organization: OrganizationRead::around_workspace(organization, people),
            owner: UserRead::among(people, workspace.owner),
            is_managed: !details.is_enrolled,
            enrollment_key: (),
            workspace_type: "zenml",
            zenml_service: ServiceRead::zenml(details.zenml.as_ref()),
            mlflow_service: details.mlflow.as_ref().map(ServiceRead::mlflow),
            kitaru_service: (),
            usage_counts: &details.usage,
            desired_state: workspace.desired_state().word(),
            state_reason: &workspace.lifecycle.reason,
            status: workspace.status().word(),
            created: workspace.created_at,
            updated: workspace.updated_at,
            status_updated: workspace.deleted_at.unwrap_or(workspace.lifecycle.changed_at),
        }
    }
}

/// A server behind a workspace.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.ServiceRead")]
struct ServiceRead {
    configuration: Option<Value>,
    status: Option<Value>,
}

impl ServiceRead {
    /// A configuration without a version or a status without an address makes the client refuse the whole page, so it
    /// shows as `null`, which the client takes.
    fn zenml(service: Option<&Service>) -> Self {
        let has = |member: &'static str| move |document: &Value| document[member].is_string();
        let mut shown = service.map_or(Self { configuration: None, status: None }, Self::mlflow);
        shown.configuration = shown.configuration.filter(has("version"));
        shown.status = shown.status.filter(has("server_url"));
        // Goes in, never out, like a password: whoever sees the workspace would see it.
        let secrets =
            shown.configuration.as_mut().and_then(|it| it.pointer_mut("/admin/secret_environment_vars"));
        if let Some(secrets) = secrets {
            *secrets = Value::Null;
        }
        shown
    }

    fn mlflow(service: &Service) -> Self {
        let read = |document: &str| serde_json::from_str(document).ok();
        Self { configuration: read(&service.configuration), status: service.status.as_deref().and_then(read) }
    }
}

/// `GET /organizations/{organization}/tenants`: the workspaces that the caller may enter or administers, newest first.
/// `status` leaves those of one status; deleted ones are shown only when asked for by `status=deleted`. `offset` and
/// `limit` (at most 100) page.
pub(crate) async fn list_workspaces(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization]): Segments<1>,
    params: Params,
) -> Result<Response, Refused<Zenml>> {
    let organization = by_id(&organization)?;
    let query = query(&params)?;
    let list = served.core.list_workspaces(&who.caller, organization, query).await?;
    let read = |workspace| WorkspaceRead::of(workspace, &list.organization, &list.people);
    let items: Vec<_> = list.page.items.iter().map(|seen| read(&seen.workspace)).collect();
    let stamp = Stamp::new(&who.caller, list.organization.id, list.version);
    Ok((stamp, axum::Json(items)).into_response())
}

fn query(params: &Params) -> Result<WorkspaceQuery, Refusal> {
    let has = |status: Status| {
        Filter::Is(WorkspaceField::Status, Test::Text(Comparison::Equal, status.word().to_owned()))
    };
    let (deleted, filter) = match params.value("status", A_STATUS, Status::from_word)? {
        Some(Status::Deleted) => (Deleted::Show, has(Status::Deleted)),
        Some(status) => (Deleted::Hide, has(status)),
        None => (Deleted::Hide, has(Status::Deleted).not()),
    };
    let page = PageRequest {
        order: vec![Order::descending(WorkspaceField::CreatedAt)],
        start: Start::Skip { from: None, rows: params.offset()? },
        limit: params.limit(MOST)?,
    };
    Ok(WorkspaceQuery { view: View::Both, deleted, filter, page, count: false })
}
