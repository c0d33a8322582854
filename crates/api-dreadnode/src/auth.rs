//! `/api/v1/auth`: signing in with a password or by a device. No cookie is set: what the vendor keeps in one is answered.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, HeaderName};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenantry_core::caller::Caller;
use tenantry_core::credential::Secret;
use tenantry_core::device::{DeviceRequest, LOGIN_SECONDS, LoginState, TokenLife};
use tenantry_core::oauth::{AccessToken, ProvenClient, Refusal, Scopes, Tokens};
use tenantry_core::{Core, Error, Kind, Result};
use tenantry_http::{Dialect, Form, JsonOrNothing, Object, Refused, Segments, Served, Source, Whence};

use crate::Dreadnode;
use crate::user;

const NO_STORE: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];
/// The client asks so often, whatever it is told.
const INTERVAL_SECONDS: i64 = 2;
const SCOPES: Scopes = Scopes::API.union(Scopes::OFFLINE_ACCESS);

/// The one program that speaks this dialect: it does not say who it is.
fn program(request_id: Option<String>) -> ProvenClient {
    ProvenClient::of_program("dreadnode".to_owned(), "Dreadnode", request_id)
}

/// An organization of the caller's.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "dreadnode.OrgInfo")]
struct OrgInfo {
    key: String,
    name: String,
}

/// A token, and where it can be used.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "dreadnode.AccessToken")]
pub(crate) struct AccessTokenRead {
    access_token: String,
    /// Exchanged for the next two. There is none for a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    default_org: Option<OrgInfo>,
    orgs: Vec<OrgInfo>,
}

impl AccessTokenRead {
    async fn of(core: &Core, access: &Secret, refresh: Option<&Secret>) -> Result<Self> {
        let caller: Caller = core.authenticate(access.expose()).await?;
        let info = |organization: &tenantry_core::organization::Organization| OrgInfo {
            key: organization.key.clone(),
            name: organization.name.clone(),
        };
        let organizations = user::organizations(core, &caller).await?;
        Ok(Self {
            access_token: access.expose().to_owned(),
            refresh_token: refresh.map(|token| token.expose().to_owned()),
            default_org: organizations.first().map(info),
            orgs: organizations.iter().map(info).collect(),
        })
    }

    async fn of_tokens(core: &Core, tokens: &Tokens) -> Result<Self> {
        let AccessToken::Opaque(issued) = &tokens.access else {
            return Err(Error::internal("a token for another resource"));
        };
        Self::of(core, &issued.secret, tokens.refresh.as_ref()).await
    }
}

/// What the client shows to the person and asks with.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "dreadnode.DeviceCode")]
#[expect(clippy::struct_field_names, reason = "the vendor's object")]
pub(crate) struct DeviceCode {
    id: String,
    completed: bool,
    device_code: String,
    user_code: String,
    expires_in: i64,
    expires_at: String,
    verification_url: String,
}

/// How far a device login has come.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "dreadnode.DeviceCodeStatus")]
pub(crate) struct DeviceCodeStatus {
    id: String,
    completed: bool,
    device_code: String,
    expires_at: String,
    /// Who confirmed it.
    user_id: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "dreadnode.RefreshRequest")]
pub(crate) struct RefreshRequest {
    refresh_token: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "dreadnode.LogoutRequest")]
pub(crate) struct LogoutRequest {
    refresh_token: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "dreadnode.DeviceTokenRequest")]
pub(crate) struct DeviceTokenRequest {
    device_code: String,
}

/// `POST /api/v1/auth/login`, with a form.
pub(crate) async fn login(
    State(served): State<Served>,
    from: Source,
    form: Form<Dreadnode>,
) -> Result<Response, Refused<Dreadnode>> {
    served.admit_stranger(from)?;
    let (username, password) = (form.required("username")?, form.required("password")?);
    let issued = served.core.sign_in_user(username, password, from.0).await?;
    let body = AccessTokenRead::of(&served.core, &issued.secret, None).await?;
    Ok((NO_STORE, Json(body)).into_response())
}

/// `POST /api/v1/auth/logout`: ends the login whose access token or refresh token is shown, if one is. Keys that are shown stay.
/// No body keeps the access token from being ended; one that is no JSON object is none, and one that is too large is refused.
pub(crate) async fn logout(
    State(served): State<Served>,
    Whence(from): Whence,
    headers: HeaderMap,
    body: Result<JsonOrNothing<Dreadnode>, Refused<Dreadnode>>,
) -> Result<Json<()>, Refused<Dreadnode>> {
    served.admit_stranger(Source(from.source))?;
    let access = Dreadnode::credential(&headers)?;
    let (body, unread) = match body {
        Ok(sent) => (Some(sent.body).filter(Value::is_object), None),
        Err(refused) => match refused.refusal() {
            tenantry_http::Refusal::UnsupportedMediaType { .. }
            | tenantry_http::Refusal::MalformedBody { .. } => (None, None),
            _ => (None, Some(refused)),
        },
    };
    let sent: serde_json::Result<Option<LogoutRequest>> = body.map(serde_json::from_value).transpose();
    let refresh = sent
        .map(|sent| sent.and_then(|sent| sent.refresh_token).filter(|token| !token.is_empty()))
        .map_err(|error| Error::invalid("refresh_token", "form", error.to_string()));
    if let Some(token) = access {
        match served.core.sign_out(&token, from.request_id.clone()).await {
            // The refresh token outlives the access token, and ends the login as well.
            Err(error) if error.kind == Kind::Unauthenticated && matches!(refresh, Ok(Some(_))) => {}
            ended => ended?,
        }
    }
    if let Some(refused) = unread {
        return Err(refused);
    }
    if let Some(token) = refresh? {
        served.core.revoke_token(&program(from.request_id), &token).await?;
    }
    Ok(Json(()))
}

/// `POST /api/v1/auth/refresh`: exchanges the refresh token of a device login for the next tokens.
pub(crate) async fn refresh_token(
    State(served): State<Served>,
    Whence(from): Whence,
    tenantry_http::Json { body: Object(body), .. }: tenantry_http::Json<Dreadnode, Object<RefreshRequest>>,
) -> Result<Response, Refused<Dreadnode>> {
    served.admit_stranger(Source(from.source))?;
    let token = body.refresh_token.filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| Error::invalid("refresh_token", "missing", "Field required"))?;
    let tokens = served.core.refresh(&program(from.request_id), &token, None).await?;
    let body = AccessTokenRead::of_tokens(&served.core, &tokens).await?;
    Ok((NO_STORE, Json(body)).into_response())
}

/// `POST /api/v1/auth/device/code`, without a body.
pub(crate) async fn create_device_code(
    State(served): State<Served>,
    Whence(from): Whence,
) -> Result<Response, Refused<Dreadnode>> {
    served.admit_stranger(Source(from.source))?;
    let request = DeviceRequest {
        client: program(from.request_id.clone()),
        scopes: SCOPES,
        device: None,
        interval_seconds: INTERVAL_SECONDS,
        from,
    };
    let started = served.core.start_device_login(request).await?;
    let user_code = started.user_code.expose();
    let body = DeviceCode {
        id: started.id.to_string(),
        completed: false,
        device_code: started.device_code.expose().to_owned(),
        verification_url: served.address(&format!("/login/device?code={user_code}")),
        user_code,
        expires_in: LOGIN_SECONDS,
        expires_at: started.expires_at.to_string(),
    };
    Ok((NO_STORE, Json(body)).into_response())
}

/// `GET /api/v1/auth/device/code/{device_code}`: may be asked at any time. `user_id` tells the client to go on, so it is
/// told only when somebody has confirmed it.
pub(crate) async fn poll_device_code(
    State(served): State<Served>,
    from: Source,
    Segments([device_code]): Segments<1>,
) -> Result<Response, Refused<Dreadnode>> {
    served.admit_stranger(from)?;
    let login = served.core.device_login(&program(None), &device_code).await.map_err(unknown_code)?;
    let by = match login.state {
        LoginState::Approved(by) | LoginState::Spent(by) => Some(by),
        LoginState::Pending => None,
        LoginState::Denied => {
            return Err(Error::forbidden("the login was refused").into());
        }
    };
    let body = DeviceCodeStatus {
        id: login.id.to_string(),
        completed: by.is_some(),
        device_code,
        expires_at: login.expires_at.to_string(),
        user_id: by.map(|by| by.to_string()),
    };
    Ok((NO_STORE, Json(body)).into_response())
}

/// `POST /api/v1/auth/device/token`: gives the tokens once. The old client asks here until it gets them, and takes 401 for
/// *not yet* and everything else for *never*.
pub(crate) async fn exchange_device_code(
    State(served): State<Served>,
    Whence(from): Whence,
    tenantry_http::Json { body: Object(body), .. }: tenantry_http::Json<
        Dreadnode,
        Object<DeviceTokenRequest>,
    >,
) -> Result<Response, Refused<Dreadnode>> {
    served.admit_stranger(Source(from.source))?;
    let client = program(from.request_id);
    let given = served.core.redeem_device_code(&client, &body.device_code, TokenLife::Usual).await;
    let given = given.map_err(|error| match Refusal::of(&error) {
        Some(Refusal::AuthorizationPending | Refusal::SlowDown) => {
            Error::new(Kind::Unauthenticated, error.reason, error.public().to_owned())
        }
        _ => unknown_code(error),
    })?;
    let body = AccessTokenRead::of_tokens(&served.core, &given.tokens).await?;
    Ok((NO_STORE, Json(body)).into_response())
}

/// A code that is none, or was used, is not there; one that is too old is gone. Neither is a credential of the caller's.
fn unknown_code(error: Error) -> Error {
    match Refusal::of(&error) {
        Some(Refusal::InvalidGrant | Refusal::ExpiredToken) => Error::not_found("device code"),
        _ => error,
    }
}
