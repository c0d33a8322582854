//! `POST /auth/login`: the token endpoint.
//!
//! The vendor's scripts send every field and leave those that they do not use empty, and the client sends a
//! `grant_type` of several spellings or none. So the grant is recognised from the fields that are filled.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderName};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use tenantry_core::credential::{Issued, KEY};
use tenantry_core::device::TokenLife;
use tenantry_core::oauth::{AccessToken, Refusal};
use tenantry_core::{Error, Result, Shower};
use tenantry_http::{Form, Refused, Served, Source, Whence};

use crate::Zenml;
use crate::devices::{program, told_metadata};

pub(crate) const NO_STORE: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];

// Holds secrets, so only tests may print it.
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
enum Grant<'a> {
    /// `device_code` of a program, which says who it is.
    Device(&'a str, &'a str),
    /// `username` and `password` of a user.
    User(&'a str, &'a str),
    /// `client_id` and `client_secret` of a service account.
    Client(&'a str, &'a str),
    /// The API key of a service account, or of a person, as `password`, alone.
    ApiKey(&'a str),
}

impl<'a> Grant<'a> {
    /// What the filled fields ask for. A half-filled grant is refused under the name of the field that lacks.
    fn recognise(filled: impl Fn(&str) -> Option<&'a str>) -> Result<Self> {
        let lacking = |field: &'static str| Error::invalid(field, "missing", "Field required");
        if let Some(code) = filled("device_code") {
            let client = filled("client_id").ok_or_else(|| lacking("client_id"))?;
            return Ok(Self::Device(code, client));
        }
        match (filled("username"), filled("password"), filled("client_id"), filled("client_secret")) {
            (Some(username), Some(password), _, _) => Ok(Self::User(username, password)),
            (_, _, Some(id), Some(secret)) => Ok(Self::Client(id, secret)),
            // Keys alone: whoever holds a token of another kind would make it live for ever by exchanging it.
            (None, Some(key), _, _) if key.starts_with(KEY) => Ok(Self::ApiKey(key)),
            (Some(_), None, _, _) => Err(lacking("password")),
            (None, _, Some(_), None) => Err(lacking("client_secret")),
            (None, _, None, Some(_)) => Err(lacking("client_id")),
            (None, _, None, None) => Err(lacking("username")),
        }
    }
}

/// What the client keeps. `expires_in` is an integer above zero, or a workspace server refuses it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.TokenResponse")]
pub(crate) struct TokenResponse<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: i64,
    /// What a device is from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_id: Option<String>,
    /// What its owner left for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_metadata: Option<BTreeMap<String, String>>,
}

impl<'a> TokenResponse<'a> {
    pub(crate) fn of(issued: &'a Issued) -> Self {
        Self {
            access_token: issued.secret.expose(),
            token_type: "bearer",
            expires_in: lifetime(issued),
            device_id: None,
            device_metadata: None,
        }
    }
}

/// `POST /auth/login`, with a form: 200 with an access token, 401 for credentials that do not count, 422 when no grant
/// is filled in, 400 in the shape of OAuth while a device waits, or when it gets nothing.
pub(crate) async fn sign_in(
    State(served): State<Served>,
    Whence(from): Whence,
    form: Form<Zenml>,
) -> Result<Response, Refused<Zenml>> {
    let (core, source) = (&served.core, from.source);
    served.admit_stranger(Source(source))?;
    let issued = match Grant::recognise(|name| form.get(name))? {
        Grant::User(username, password) => core.sign_in_user(username, password, source).await?,
        Grant::Client(id, secret) => core.sign_in_client(id, secret, Shower::from(&from)).await?,
        Grant::ApiKey(key) => core.exchange_bearer(key, Shower::from(&from)).await?,
        Grant::Device(device, client) => {
            return device_token(&served, (device, client), from.request_id).await;
        }
    };
    Ok((NO_STORE, Json(TokenResponse::of(&issued))).into_response())
}

fn lifetime(issued: &Issued) -> i64 {
    let credential = &issued.credential;
    let end = credential.expires_at.unwrap_or(credential.created_at);
    ((end.as_micros() - credential.created_at.as_micros()) / 1_000_000).max(1)
}

/// Gives a program its token once it was confirmed. The client knows no refresh tokens, so the one that it gets lives as
/// long as the device is logged in.
async fn device_token(
    served: &Served,
    (code, client): (&str, &str),
    request_id: Option<String>,
) -> Result<Response, Refused<Zenml>> {
    let redeem = async {
        let client = program(client, request_id)?;
        served.core.redeem_device_code(&client, code, TokenLife::WithDevice).await
    };
    let given = match redeem.await {
        Ok(given) => given,
        Err(error) => {
            return match Refusal::of(&error) {
                Some(refusal) => Ok(OAuthError::of(refusal, &error).into_response()),
                None => Err(error.into()),
            };
        }
    };
    let AccessToken::Opaque(issued) = &given.tokens.access else {
        return Err(Error::internal("a device got a token for another resource").into());
    };
    let body = TokenResponse {
        device_id: Some(given.device.id.to_string()),
        device_metadata: Some(told_metadata(given.device.metadata)),
        ..TokenResponse::of(issued)
    };
    Ok((NO_STORE, Json(body)).into_response())
}

/// Why a device gets nothing (yet). The client builds an object from the keys, and aborts on one that it does not know.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.OAuthError")]
pub(crate) struct OAuthError {
    error: &'static str,
    error_description: String,
}

impl OAuthError {
    fn of(refusal: Refusal, error: &Error) -> Self {
        Self { error: refusal.word(), error_description: error.public().to_owned() }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, NO_STORE, Json(self)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_recognised_from_its_filled_fields() {
        type Fields = &'static [(&'static str, &'static str)];
        let cases: [(Fields, Result<Grant<'_>, &str>); 12] = [
            (&[("username", "ada"), ("password", "pw")], Ok(Grant::User("ada", "pw"))),
            (&[("username", "ada"), ("password", "ZENPROKEY_x")], Ok(Grant::User("ada", "ZENPROKEY_x"))),
            (&[("client_id", "id"), ("client_secret", "s")], Ok(Grant::Client("id", "s"))),
            (&[("password", "ZENPROKEY_x")], Ok(Grant::ApiKey("ZENPROKEY_x"))),
            (&[("device_code", "d"), ("client_id", "id")], Ok(Grant::Device("d", "id"))),
            (&[("device_code", "d")], Err("client_id")),
            (&[], Err("username")),
            (&[("password", "pw")], Err("username")),
            (&[("password", "tny_at_x")], Err("username")),
            (&[("username", "ada")], Err("password")),
            (&[("client_id", "id")], Err("client_secret")),
            (&[("client_secret", "s")], Err("client_id")),
        ];
        for (fields, expected) in cases {
            let filled =
                |name: &str| fields.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
            let grant = Grant::recognise(filled);
            let grant = grant.map_err(|error| error.violations[0].field.to_string());
            assert_eq!(grant, expected.map_err(str::to_owned), "{fields:?}");
        }
    }
}
