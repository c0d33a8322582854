//! What the server tells of itself, and whether names are free.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use tenantry_core::Error;
use tenantry_core::organization::NewOrganization;
use tenantry_core::workspace::NewWorkspace;
use tenantry_http::{Authenticated, Refused, Segments, Served};

use crate::Zenml;
use crate::organizations::by_id;
use crate::workspace_changes::called;

/// What this is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.ServerInfo")]
pub(crate) struct ServerInfo {
    name: &'static str,
    version: &'static str,
}

/// A version that is known.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.Release")]
pub(crate) struct Release {
    version: &'static str,
    service: &'static str,
}

const NAME: &str = "tenantry";
const VERSION: &str = env!("CARGO_PKG_VERSION");
const RELEASES: [Release; 1] = [Release { version: VERSION, service: NAME }];

/// `GET /health`: the process serves.
pub(crate) async fn get_health() -> axum::Json<&'static str> {
    axum::Json("OK")
}

/// `GET /server/info`.
pub(crate) async fn get_server_info(_: Authenticated<Zenml>) -> axum::Json<ServerInfo> {
    axum::Json(ServerInfo { name: NAME, version: VERSION })
}

/// `GET /releases`: this version alone, since nothing is deployed from here.
pub(crate) async fn list_releases(_: Authenticated<Zenml>) -> axum::Json<[Release; 1]> {
    axum::Json(RELEASES)
}

/// `GET /releases/{service}`.
pub(crate) async fn list_releases_of(
    _: Authenticated<Zenml>,
    Segments([service]): Segments<1>,
) -> Result<Response, Refused<Zenml>> {
    if service == NAME {
        return Ok(axum::Json(RELEASES).into_response());
    }
    Err(Error::hidden("service").into())
}

/// `GET /organizations/validation/name/{name}`: 200 if the caller could make an organization of this name, 409 if there is
/// one, 422 if there can be none.
pub(crate) async fn check_organization_name(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([name]): Segments<1>,
) -> Result<Response, Refused<Zenml>> {
    let new = NewOrganization { name, ..NewOrganization::default() };
    let made = served.core.rehearsal().create_organization(&who.caller, new).await;
    made.map_err(about_name)?;
    Ok(axum::Json(()).into_response())
}

/// `GET /organizations/{organization}/validation/workspace_name/{name}`, and under its former name: 200 if the caller could
/// make a workspace of this name, 409 if there is one, 422 if there can be none.
pub(crate) async fn check_workspace_name(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization, name]): Segments<2>,
) -> Result<Response, Refused<Zenml>> {
    let (key, name) = called(&name, None).map_err(about_name)?;
    let new = NewWorkspace { key, name, ..NewWorkspace::default() };
    let organization = by_id(&organization)?;
    let made = served.core.rehearsal().create_workspace(&who.caller, organization, new).await;
    made.map_err(about_name)?;
    Ok(axum::Json(()).into_response())
}

/// Says that what is wrong is the name in the path.
fn about_name(error: Error) -> Error {
    error.naming_fields(|_| Some("path.name"))
}
