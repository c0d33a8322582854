//! `POST /oauth2/device_authorization` (RFC 8628, section 3.1).

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use tenantry_core::device::{DeviceRequest, LOGIN_SECONDS};
use tenantry_core::oauth::Scopes;
use tenantry_http::{Form, Refused, Served, Source, TokenEndpoint, Whence, encode_query};

use crate::token::{NOT_KEPT, prove};

/// How long a program waits between two questions, in seconds.
const INTERVAL: i64 = 5;

/// What a program shows, and what it asks with.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "oauth.DeviceLogin")]
pub(crate) struct StartedLogin {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: i64,
    interval: i64,
}

/// Begins a device login.
pub(crate) async fn start_device_login(
    State(served): State<Served>,
    Whence(from): Whence,
    headers: HeaderMap,
    form: Form<TokenEndpoint>,
) -> Result<Response, Refused<TokenEndpoint>> {
    served.admit_stranger(Source(from.source))?;
    let client = prove(&served, &headers, &form, &from).await?;
    let scopes = form.get("scope").map(Scopes::parse).transpose()?.unwrap_or(client.client.scopes);
    let request = DeviceRequest { client, scopes, device: None, interval_seconds: INTERVAL, from };
    let started = served.core.start_device_login(request).await?;
    let (page, code) = (served.address("/login/device"), started.user_code.expose());
    let told = StartedLogin {
        device_code: started.device_code.expose().to_owned(),
        verification_uri_complete: format!("{page}?{}", encode_query([("code", code.as_str())])),
        verification_uri: page,
        user_code: code,
        expires_in: LOGIN_SECONDS,
        interval: started.interval_seconds,
    };
    Ok((NOT_KEPT, Json(told)).into_response())
}
