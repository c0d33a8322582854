//! The words of a token endpoint (RFC 6749, section 5.2), whichever dialect's it is.

mod proof;

use axum::Json;
use axum::http::header::{CACHE_CONTROL, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use tenantry_core::oauth::Refusal as Cause;
use tenantry_core::{Error, Kind};

use crate::{Dialect, Refusal};

pub use proof::ClientProof;

/// What clients prove themselves to, in OAuth's own words.
pub struct TokenEndpoint;

impl Dialect for TokenEndpoint {
    fn refuse(refusal: &Refusal) -> Response {
        refuse(refusal)
    }

    /// Clients prove themselves by what the endpoint itself reads.
    fn credential(_: &HeaderMap) -> Result<Option<String>, Error> {
        Ok(None)
    }
}

/// The body of a refusal.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "oauth.Error")]
pub struct TokenError {
    error: &'static str,
    error_description: String,
}

impl TokenError {
    /// With the characters that RFC 6749 allows a description: printable ASCII without quote and backslash.
    pub fn new(error: &'static str, description: &str) -> Self {
        let describable = |c| if matches!(c, ' ' | '!' | '#'..='[' | ']'..='~') { c } else { '?' };
        Self { error, error_description: description.chars().map(describable).collect() }
    }
}

/// The word for an error, and the status that goes with it.
pub fn token_error_code(error: &Error) -> (StatusCode, &'static str) {
    if let Some(cause) = Cause::of(error) {
        let status = match cause {
            Cause::InvalidClient => StatusCode::UNAUTHORIZED,
            Cause::InvalidRequest
            | Cause::InvalidGrant
            | Cause::UnauthorizedClient
            | Cause::UnsupportedGrantType
            | Cause::InvalidScope
            | Cause::InvalidTarget
            | Cause::AuthorizationPending
            | Cause::SlowDown
            | Cause::AccessDenied
            | Cause::ExpiredToken
            | Cause::InvalidClientMetadata
            | Cause::InvalidRedirectUri => StatusCode::BAD_REQUEST,
        };
        return (status, cause.word());
    }
    let of_scope = error.violations.iter().any(|violation| violation.field == "scope");
    match error.kind {
        Kind::Invalid if of_scope => (StatusCode::BAD_REQUEST, "invalid_scope"),
        Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, "invalid_client"),
        Kind::Unsupported => (StatusCode::BAD_REQUEST, "unsupported_grant_type"),
        Kind::Forbidden | Kind::LimitReached => (StatusCode::BAD_REQUEST, "unauthorized_client"),
        Kind::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable"),
        Kind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
        Kind::Invalid
        | Kind::Hidden
        | Kind::NotFound
        | Kind::Gone
        | Kind::AlreadyExists
        | Kind::Conflict
        | Kind::Precondition => (StatusCode::BAD_REQUEST, "invalid_request"),
    }
}

fn refuse(refusal: &Refusal) -> Response {
    let (status, code, description) = match refusal {
        Refusal::Core(error) | Refusal::Query(error) => {
            let (status, code) = token_error_code(error);
            (status, code, error.public().to_owned())
        }
        Refusal::UnknownRoute => {
            (StatusCode::NOT_FOUND, "invalid_request", "there is nothing at this path".to_owned())
        }
        Refusal::MethodNotAllowed => {
            (StatusCode::METHOD_NOT_ALLOWED, "invalid_request", "the path has no such method".to_owned())
        }
        Refusal::BodyTooLarge { limit } => {
            let message = format!("expected a body of at most {limit} bytes");
            (StatusCode::PAYLOAD_TOO_LARGE, "invalid_request", message)
        }
        Refusal::BodyTimeout => {
            (StatusCode::REQUEST_TIMEOUT, "invalid_request", "the body did not come in time".to_owned())
        }
        Refusal::UnsupportedMediaType { expected } => {
            (StatusCode::BAD_REQUEST, "invalid_request", format!("expected a body of type {expected}"))
        }
        Refusal::MalformedBody { message } => (StatusCode::BAD_REQUEST, "invalid_request", message.clone()),
        Refusal::Timeout => {
            (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "try again".to_owned())
        }
        Refusal::Panicked { .. } => {
            (StatusCode::INTERNAL_SERVER_ERROR, "server_error", "the server failed".to_owned())
        }
    };
    let headers = [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")];
    let mut response = (status, headers, Json(TokenError::new(code, &description))).into_response();
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"token endpoint\""));
    }
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
