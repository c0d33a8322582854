//! What the ZenML servers behind workspaces ask and tell: who may use them, that they are up, what they meter.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tenantry_core::ids::{OrganizationId, WorkspaceId};
use tenantry_core::usage::UsageEvent;
use tenantry_core::workspace::ServerReport;
use tenantry_core::{Error, Result};
use tenantry_http::{Authenticated, Json, Object, Refused, Segments, Served};

use crate::Zenml;
use crate::openapi::Id;
use crate::organizations::{A_UUID, by_id, trial_left, uuid};
use crate::params::{Params, missing};
use crate::users::UserRead;

/// `PATCH /workspace_status`, `PATCH /tenant_status`: a server says that it is up. There is no body: which workspace it
/// serves is told by its token, where it is and what it is by headers.
pub(crate) async fn report_server(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    headers: HeaderMap,
) -> Result<Response, Refused<Zenml>> {
    let told = |name: &'static str| -> Result<Option<String>> {
        let value = headers.get(name).filter(|value| !value.is_empty());
        let text = value.map(|value| value.to_str().map(str::to_owned)).transpose();
        text.map_err(|_| Error::invalid(name, "encoding", "expected visible ASCII"))
    };
    let workspace = uuid("zenml-server-id", told("zenml-server-id")?.as_deref(), WorkspaceId::parse)?;
    let (url, version) = (told("zenml-server-url")?, told("zenml-server-version")?);
    served.core.report_server(&who.caller, ServerReport { workspace, url, version }).await?;
    Ok(axum::Json(()).into_response())
}

/// `GET /users/authorize_server`: who the bearer is, if it may use the server of the workspace `server_id`. A server asks
/// this with the token of whoever came to it.
pub(crate) async fn authorize_server(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    params: Params,
) -> Result<Response, Refused<Zenml>> {
    let workspace = params.value("server_id", A_UUID, WorkspaceId::parse)?;
    let workspace = workspace.ok_or_else(|| missing("server_id"))?;
    let entrant = served.core.authorize_server(&who.caller, workspace).await?;
    let user = UserRead::entering(&entrant);
    Ok(axum::Json(user).into_response())
}

/// `GET /organizations/{organization}/entitlement/{feature}`: 200 if there may be one more, 402 if not.
pub(crate) async fn check_entitlement(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization, feature]): Segments<2>,
) -> Result<Response, Refused<Zenml>> {
    let checked = served.core.check_entitlement(&who.caller, by_id(&organization)?, &feature).await;
    checked.map_err(|error| error.naming_fields(|_| Some("path.feature")))?;
    Ok(axum::Json(()).into_response())
}

/// Whether an organization is on trial.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.Subscription")]
pub(crate) struct Subscription {
    is_trial: bool,
    /// Seconds that are left of it.
    trial_expiry: Option<i64>,
    /// What is used of each metered feature.
    usage: BTreeMap<String, i64>,
    /// How much of it there may be; without a limit a feature is absent.
    limits: BTreeMap<String, i64>,
}

/// `GET /organizations/{organization}/trial`: whether it is on trial, as who runs the server has set it, and what features
/// have limits.
pub(crate) async fn get_trial(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization]): Segments<1>,
) -> Result<Response, Refused<Zenml>> {
    let by = by_id(&organization)?;
    let used = served.core.list_usage(&who.caller, by.clone()).await?;
    let found = served.core.get_organization(&who.caller, by).await?;
    let trial_expiry = trial_left(&served, &found);
    let limits = used.iter().filter_map(|it| Some((it.feature.clone(), it.allowed?))).collect();
    let usage = used.into_iter().map(|it| (it.feature, it.total)).collect();
    Ok(axum::Json(Subscription { is_trial: trial_expiry.is_some(), trial_expiry, usage, limits })
        .into_response())
}

/// Something metered was made (1), or is gone (-1).
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.UsageEvent")]
pub(crate) struct UsageEventWrite {
    #[schemars(required, with = "Id")]
    organization_id: Option<String>,
    #[schemars(required, with = "String", length(min = 1, max = 60))]
    feature: Option<String>,
    #[schemars(required, with = "i64")]
    total: Option<i64>,
    #[schemars(with = "Option<UsageMetadata>")]
    metadata: Option<Object<UsageMetadata>>,
}

/// What a server tells of the event besides.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.UsageMetadata")]
pub(crate) struct UsageMetadata {
    /// What was made or is gone. The same event of the same thing counts once a day, unless another took it back.
    #[schemars(length(max = 100))]
    resource_id: Option<String>,
}

impl UsageEventWrite {
    fn read(self) -> Result<UsageEvent> {
        let missing = |field: &'static str| move || Error::invalid(field, "missing", "Field required");
        let organization = uuid("organization_id", self.organization_id.as_deref(), OrganizationId::parse)?;
        let event = UsageEvent {
            organization: organization.ok_or_else(missing("organization_id"))?,
            feature: self.feature.ok_or_else(missing("feature"))?,
            step: self.total.ok_or_else(missing("total"))?,
            resource: self.metadata.and_then(|Object(metadata)| metadata.resource_id),
        };
        event.check()?;
        Ok(event)
    }
}

/// `POST /usage-event`: by the server of a workspace.
pub(crate) async fn count_usage(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Json { body: Object(body), .. }: Json<Zenml, Object<UsageEventWrite>>,
) -> Result<Response, Refused<Zenml>> {
    served.core.count_usage(&who.caller, vec![body.read()?]).await?;
    Ok(axum::Json(()).into_response())
}

/// `POST /usage-batch`: several events, all of them or none.
pub(crate) async fn count_usage_together(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Json { body, .. }: Json<Zenml, Vec<Object<UsageEventWrite>>>,
) -> Result<Response, Refused<Zenml>> {
    let read = |(at, Object(event)): (usize, Object<UsageEventWrite>)| {
        event.read().map_err(|error| error.of_item(at))
    };
    let events = body.into_iter().enumerate().map(read).collect::<Result<_>>()?;
    let counted = served.core.count_usage(&who.caller, events).await;
    counted.map_err(|error| error.naming_fields(|field| (field == "events").then_some("body")))?;
    Ok(axum::Json(()).into_response())
}
