//! Workspaces, which the vendor called tenants once: each route is there under both words.
//!
//! The workspace's `name` is our key, its `display_name` our name.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use tenantry_core::authz::{OrganizationRef, View, WorkspaceRef};
use tenantry_core::clock::Timestamp;
use tenantry_core::filter::{Comparison, Filter, Test};
use tenantry_core::ids::{OrganizationId, WorkspaceId, parse_uuid};
use tenantry_core::organization::Organization;
use tenantry_core::page::{Order, PageRequest, Start};
use tenantry_core::principal::People;
use tenantry_core::workspace::{
    Deleted, EnrolledWorkspace, EverywhereQuery, Service, State as Status, Workspace, WorkspaceDetail,
    WorkspaceField, WorkspaceQuery,
};
use tenantry_core::{Error, Result};
use tenantry_http::{Authenticated, Refusal, Refused, Segments, Served, Stamp};

use crate::Zenml;
use crate::openapi::{Id, Time};
use crate::organizations::{A_UUID, OrganizationRead, by_id};
use crate::params::Params;
use crate::services::{MLFLOW_SECRETS, ZENML_SECRETS, take};
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
    enrollment_key: Option<&'a str>,
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
    /// One workspace with what stands beside it.
    pub(crate) fn detailed(detail: &'a WorkspaceDetail) -> Self {
        Self::of(&detail.seen.workspace, &detail.organization, &detail.people)
    }

    /// The same with the key of its enrollment.
    pub(crate) fn enrolled(enrolled: &'a EnrolledWorkspace) -> Self {
        Self { enrollment_key: Some(enrolled.key.expose()), ..Self::detailed(&enrolled.detail) }
    }

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
            enrollment_key: None,
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
        let mut shown = service.map_or(Self { configuration: None, status: None }, Self::read);
        shown.configuration = shown.configuration.filter(has("version"));
        shown.status = shown.status.filter(has("server_url"));
        // Goes in, never out, like a password, whoever put it there.
        shown.configuration.as_mut().map(|configuration| take(configuration, &ZENML_SECRETS));
        shown
    }

    fn mlflow(service: &Service) -> Self {
        let mut shown = Self::read(service);
        shown.configuration.as_mut().map(|configuration| take(configuration, &MLFLOW_SECRETS));
        shown
    }

    fn read(service: &Service) -> Self {
        let read = |document: &str| serde_json::from_str(document).ok();
        Self { configuration: read(&service.configuration), status: service.status.as_deref().and_then(read) }
    }
}

/// `GET /organizations/{organization}/workspaces`, and under its former name: the workspaces that the caller may enter or administers, newest first.
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
    let (deleted, filter) = status(params)?;
    Ok(WorkspaceQuery { view: View::Both, deleted, filter, page: page(params)?, count: false })
}

fn status(params: &Params) -> Result<(Deleted, Filter<WorkspaceField>), Refusal> {
    let has = |status: Status| {
        Filter::Is(WorkspaceField::Status, Test::Text(Comparison::Equal, status.word().to_owned()))
    };
    Ok(match params.value("status", A_STATUS, Status::from_word)? {
        Some(Status::Deleted) => (Deleted::Show, has(Status::Deleted)),
        Some(status) => (Deleted::Hide, has(status)),
        None => (Deleted::Hide, has(Status::Deleted).not()),
    })
}

fn page(params: &Params) -> Result<PageRequest<WorkspaceField>, Refusal> {
    Ok(PageRequest {
        order: vec![Order::descending(WorkspaceField::CreatedAt)],
        start: Start::Skip { from: None, rows: params.offset()? },
        limit: params.limit(MOST)?,
    })
}

/// `GET /workspaces`, `GET /tenants`: the workspaces of all organizations that the caller may enter or administers, the
/// newest first; with `member_only` those alone in which the caller has a role.
pub(crate) async fn list_every_workspace(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    params: Params,
) -> Result<Response, Refused<Zenml>> {
    let (deleted, mut filter) = status(&params)?;
    let exactly = |text: &str| Test::Text(Comparison::Equal, text.to_owned());
    for name in ["workspace_id", "tenant_id"] {
        if let Some(id) = params.value(name, A_UUID, parse_uuid)? {
            filter = filter.and(Filter::Is(WorkspaceField::Id, Test::Id(id)));
        }
    }
    for name in ["workspace_name", "tenant_name"] {
        if let Some(name) = params.text(name)? {
            filter = filter.and(Filter::Is(WorkspaceField::Key, exactly(name)));
        }
    }
    if let Some(url) = params.text("url")? {
        filter = filter.and(Filter::Is(WorkspaceField::ServerUrl, exactly(url)));
    }
    if let Some(managed) = params.choice("is_managed")? {
        let enrolled = Test::Int(Comparison::Equal, i64::from(!managed));
        filter = filter.and(Filter::Is(WorkspaceField::Enrolled, enrolled));
    }
    if let Some(owner) = params.value("owner_id", A_UUID, parse_uuid)? {
        filter = filter.and(Filter::Is(WorkspaceField::Owner, Test::Id(owner)));
    }
    let view = if params.flag("member_only")? { View::OwnRoles } else { View::Both };
    let organization = params.value("organization_id", A_UUID, OrganizationId::parse)?;
    let query = EverywhereQuery { view, organization, deleted, filter, page: page(&params)? };
    let found = served.core.list_workspaces_everywhere(&who.caller, query).await?;
    let items: Vec<_> = found.iter().map(WorkspaceRead::detailed).collect();
    Ok(axum::Json(items).into_response())
}

/// `GET /workspaces/{workspace}`, by id, name or key: 409 where several organizations have one of this name.
pub(crate) async fn get_workspace(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([workspace]): Segments<1>,
) -> Result<Response, Refused<Zenml>> {
    let target = named(&served, &who, &workspace).await?;
    let found = served.core.get_workspace(&who.caller, target, View::Both).await?;
    Ok(axum::Json(WorkspaceRead::detailed(&found)).into_response())
}

/// `GET /organizations/{organization}/workspace/{workspace}`, by name or key.
pub(crate) async fn get_workspace_of_organization(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization, workspace]): Segments<2>,
) -> Result<Response, Refused<Zenml>> {
    let target = (by_id(&organization)?, WorkspaceRef::parse(&workspace));
    let found = served.core.get_workspace(&who.caller, target, View::Both).await?;
    Ok(axum::Json(WorkspaceRead::detailed(&found)).into_response())
}

/// Where the one workspace is that the caller may see and that has this id, or is called this.
pub(crate) async fn named(
    served: &Served,
    who: &Authenticated<Zenml>,
    text: &str,
) -> Result<(OrganizationRef, WorkspaceRef)> {
    let (organization, workspace) = served.core.find_workspace_everywhere(&who.caller, text).await?;
    Ok((OrganizationRef::Id(organization), WorkspaceRef::Id(workspace)))
}

/// The same where the path takes the id alone.
pub(crate) async fn identified(
    served: &Served,
    who: &Authenticated<Zenml>,
    text: &str,
) -> Result<(OrganizationRef, WorkspaceRef)> {
    WorkspaceId::parse(text).ok_or_else(|| Error::hidden("workspace"))?;
    named(served, who, text).await
}
