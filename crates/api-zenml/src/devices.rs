//! `/auth/device_authorization` and `/devices`: programs without a browser, and the devices that come of them.
//!
//! The vendor's clients call themselves by a UUID that each installation makes up. In the core they are programs of this
//! dialect, apart from registered clients, whose ids are UUIDs too.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tenantry_core::clock::Timestamp;
use tenantry_core::device::{
    Approval, Decision, Device, DeviceChange, DeviceLogin, DeviceRequest, DeviceStatus, LOGIN_SECONDS,
    WORKSPACE,
};
use tenantry_core::ids::{DeviceId, PrincipalId, parse_uuid};
use tenantry_core::oauth::{ProvenClient, Scopes};
use tenantry_core::{Core, Error, Kind, Result};
use tenantry_http::{Authenticated, Form, Object, Refused, Segments, Served, Source, Whence};

use crate::Zenml;
use crate::login::NO_STORE;
use crate::openapi::{Id, Time};
use crate::params::Params;
use crate::users::as_text;

/// How many devices a page has at most.
pub(crate) const MOST: usize = 100;
const PREFIX: &str = "zenml:";
const CLIENT_NAME: &str = "ZenML";
const INTERVAL_SECONDS: i64 = 5;
const A_UUID: &str = "expected a UUID";

/// The program that calls itself so.
///
/// # Errors
/// What calls itself anything but a UUID is none.
pub(crate) fn program(client_id: &str, request_id: Option<String>) -> Result<ProvenClient> {
    let id = parse_uuid(client_id).ok_or_else(|| Error::invalid("client_id", "uuid_parsing", A_UUID))?;
    Ok(ProvenClient::of_program(format!("{PREFIX}{}", id.as_hyphenated()), CLIENT_NAME, request_id))
}

/// What the program shows and polls with.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.DeviceAuthorization")]
pub(crate) struct DeviceAuthorization {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: i64,
    interval: i64,
}

/// A device, or what waits to become one. Where it is, Tenantry does not know.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.Device")]
pub(crate) struct DeviceRead {
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Id")]
    id: DeviceId,
    name: Option<String>,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Time")]
    created: Timestamp,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Time")]
    updated: Timestamp,
    user_id: Option<String>,
    #[schemars(with = "Id")]
    client_id: String,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Time")]
    expires: Timestamp,
    trusted_device: bool,
    status: &'static str,
    os: Option<String>,
    ip_address: Option<String>,
    hostname: Option<String>,
    city: (),
    region: (),
    country: (),
    zenml_version: Option<String>,
    python_version: Option<String>,
    last_login: Option<String>,
    device_metadata: BTreeMap<String, String>,
}

impl DeviceRead {
    /// A device of this dialect; others are not told of.
    fn of(device: Device) -> Option<Self> {
        let client_id = device.client.strip_prefix(PREFIX)?.to_owned();
        let status = match device.status() {
            DeviceStatus::Verified => "verified",
            DeviceStatus::Active => "active",
            DeviceStatus::Locked => "locked",
            // It has to log in again.
            DeviceStatus::Ended => "pending",
        };
        let whose = (device.id, Some(device.owner), client_id);
        let times = (device.created_at, device.updated_at, device.expires_at);
        let mut read = Self::new(whose, times, (device.source, device.user_agent.as_deref()));
        read.name = Some(device.name);
        read.trusted_device = device.trusted;
        read.status = status;
        read.last_login = device.last_login_at.map(|at| at.to_string());
        read.device_metadata = told_metadata(device.metadata);
        Some(read)
    }

    /// What waits for an answer, if it speaks this dialect.
    fn waiting(login: DeviceLogin) -> Option<Self> {
        let client_id = login.client.strip_prefix(PREFIX)?.to_owned();
        let times = (login.created_at, login.created_at, login.expires_at);
        Some(Self::new((login.id, None, client_id), times, (login.source, login.user_agent.as_deref())))
    }

    fn new(
        (id, user, client_id): (DeviceId, Option<PrincipalId>, String),
        (created, updated, expires): (Timestamp, Timestamp, Timestamp),
        (ip_address, user_agent): (Option<String>, Option<&str>),
    ) -> Self {
        let said = |product| said(user_agent.unwrap_or_default(), product);
        Self {
            id,
            name: None,
            created,
            updated,
            user_id: user.map(|id| id.to_string()),
            client_id,
            expires,
            trusted_device: false,
            status: "pending",
            os: said("OS"),
            ip_address,
            hostname: said("Host"),
            city: (),
            region: (),
            country: (),
            zenml_version: said("ZenML"),
            python_version: said("Python"),
            last_login: None,
            device_metadata: BTreeMap::new(),
        }
    }
}

/// What was left for the device, as its program reads it: the workspace that was chosen on the page is `tenant_id` to it.
pub(crate) fn told_metadata(mut metadata: BTreeMap<String, String>) -> BTreeMap<String, String> {
    if let Some(workspace) = metadata.get(WORKSPACE).cloned() {
        metadata.entry("tenant_id".to_owned()).or_insert(workspace);
    }
    metadata
}

/// What the client says of itself: `Host/laptop ZenML/0.80 Python/3.12 OS/Linux`.
fn said(user_agent: &str, product: &str) -> Option<String> {
    let named = user_agent.split(' ').filter_map(|part| part.split_once('/'));
    let mut said = named.filter(|(name, value)| *name == product && !value.is_empty());
    said.next().map(|(_, value)| value.to_owned())
}

/// What may be said with a yes.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.DeviceVerification")]
pub(crate) struct DeviceVerification {
    user_code: String,
    trusted_device: Option<bool>,
    /// Texts: the client reads nothing else. `tenant_id` is the workspace that it is to use.
    device_metadata: Option<Map<String, Value>>,
}

/// What may be changed.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.DeviceUpdate")]
pub(crate) struct DeviceUpdate {
    locked: Option<bool>,
    name: Option<String>,
}

/// `POST /auth/device_authorization`, with a form: `client_id` is any UUID; `device_id` is the device that the program
/// was before, if the same person confirms it again.
pub(crate) async fn start_device_login(
    State(served): State<Served>,
    Whence(from): Whence,
    form: Form<Zenml>,
) -> Result<Response, Refused<Zenml>> {
    served.admit_stranger(Source(from.source))?;
    let lacking = || Error::invalid("client_id", "missing", "Field required");
    let client = program(form.get("client_id").ok_or_else(lacking)?, from.request_id.clone())?;
    let before = form
        .get("device_id")
        .map(|text| DeviceId::parse(text).ok_or_else(|| Error::invalid("device_id", "uuid_parsing", A_UUID)));
    let request = DeviceRequest {
        client,
        scopes: Scopes::API,
        device: before.transpose()?,
        interval_seconds: INTERVAL_SECONDS,
        from,
    };
    let started = served.core.start_device_login(request).await?;
    let user_code = started.user_code.expose();
    // The client works in one workspace, and hopes to be told which: `workspace` has the page ask. For whom it was given a
    // name, it puts that in the place of the empty one.
    let body = DeviceAuthorization {
        device_code: started.device_code.expose().to_owned(),
        verification_uri: served.address("/login/device?workspace="),
        verification_uri_complete: served.address(&format!("/login/device?code={user_code}&workspace=")),
        user_code,
        expires_in: LOGIN_SECONDS,
        interval: started.interval_seconds,
    };
    Ok((NO_STORE, Json(body)).into_response())
}

/// `GET /devices`: the caller's own, the newest first.
pub(crate) async fn list_devices(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    params: Params,
) -> Result<Json<Vec<DeviceRead>>, Refused<Zenml>> {
    let (offset, limit) = (params.offset()?, params.limit(MOST)?);
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    let devices = served.core.list_own_devices(&who.caller).await?;
    let shown = devices.into_iter().filter_map(DeviceRead::of);
    Ok(Json(shown.skip(offset).take(limit).collect()))
}

/// `GET /devices/{device}`: one of the caller's own by its id, or what waits for an answer by its user code, which may
/// come as `user_code` beside the id as well.
pub(crate) async fn get_device(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Source(source): Source,
    Segments([device]): Segments<1>,
    params: Params,
) -> Result<Json<DeviceRead>, Refused<Zenml>> {
    let core = &served.core;
    let id = DeviceId::parse(&device);
    let typed = match (params.text("user_code")?, id) {
        (Some(typed), _) => Some(typed),
        (None, None) => Some(device.as_str()),
        (None, Some(_)) => None,
    };
    let read = match (typed, id) {
        (Some(typed), id) => {
            let waiting = core.look_at_device(&who.caller, typed, source).await.map_err(unknown)?;
            Some(waiting).filter(|login| id.is_none_or(|id| id == login.id)).and_then(DeviceRead::waiting)
        }
        (None, Some(id)) => DeviceRead::of(core.get_own_device(&who.caller, id).await?),
        (None, None) => None,
    };
    Ok(Json(read.ok_or_else(no_device)?))
}

/// `PUT /devices/verify`: the caller confirms what shows the user code.
pub(crate) async fn verify_device(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Source(source): Source,
    tenantry_http::Json { body: Object(body), .. }: tenantry_http::Json<Zenml, Object<DeviceVerification>>,
) -> Result<Json<DeviceRead>, Refused<Zenml>> {
    let metadata = body.device_metadata.unwrap_or_default().into_iter().map(|(name, value)| match value {
        Value::String(text) => Ok((name, text)),
        _ => Err(Error::invalid(format!("device_metadata.{name}"), "string_type", "expected a text")),
    });
    let approval = Approval {
        trusted: body.trusted_device.unwrap_or_default(),
        metadata: metadata.collect::<Result<_>>()?,
        ..Approval::default()
    };
    let core = &served.core;
    let typed = body.user_code.as_str();
    let waiting = core.look_at_device(&who.caller, typed, source).await.map_err(unknown)?;
    DeviceRead::waiting(waiting).ok_or_else(no_device)?;
    let decided = core.decide_device(&who.caller, (typed, source), Decision::Approve(approval)).await;
    let device = decided.map_err(unknown)?.and_then(DeviceRead::of);
    Ok(Json(device.ok_or_else(no_device)?))
}

/// `PUT /devices/{device}`: what is absent or `null` is left alone.
pub(crate) async fn update_device(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([device]): Segments<1>,
    tenantry_http::Json { body: Object(body), .. }: tenantry_http::Json<Zenml, Object<DeviceUpdate>>,
) -> Result<Json<DeviceRead>, Refused<Zenml>> {
    let id = own(&served.core, &who, &device).await?;
    let change = DeviceChange { name: body.name, locked: body.locked, expected_version: None };
    let device = served.core.update_own_device(&who.caller, id, change).await?;
    Ok(Json(DeviceRead::of(device).ok_or_else(no_device)?))
}

/// `DELETE /devices/{device}`: it is forgotten, and what it has ends.
pub(crate) async fn delete_device(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([device]): Segments<1>,
) -> Result<Json<()>, Refused<Zenml>> {
    let id = own(&served.core, &who, &device).await?;
    served.core.delete_own_device(&who.caller, id, None).await?;
    Ok(Json(()))
}

/// A device of the caller's own that speaks this dialect.
async fn own(core: &Core, who: &Authenticated<Zenml>, text: &str) -> Result<DeviceId> {
    let id = DeviceId::parse(text).ok_or_else(no_device)?;
    let device = core.get_own_device(&who.caller, id).await?;
    DeviceRead::of(device).map(|read| read.id).ok_or_else(no_device)
}

/// A code that nobody shows is an unknown device here.
fn unknown(error: Error) -> Error {
    let wrong = error.kind == Kind::Invalid && error.violations.iter().any(|fault| fault.rule == "wrong");
    if wrong { no_device() } else { error }
}

fn no_device() -> Error {
    Error::not_found("device")
}

#[cfg(test)]
mod tests {
    use super::said;

    #[test]
    fn the_client_says_what_it_is() {
        let agent = "Host/laptop ZenML/0.80.1 Python/3.12.3 OS/Linux";
        let told = ["Host", "ZenML", "Python", "OS"].map(|product| said(agent, product));
        assert_eq!(told.map(Option::unwrap), ["laptop", "0.80.1", "3.12.3", "Linux"]);
        for agent in ["", "curl/8.0", "Host/ OS", "Mozilla/5.0 (X11; Linux)"] {
            assert_eq!(said(agent, "Host"), None, "{agent}");
        }
    }
}
