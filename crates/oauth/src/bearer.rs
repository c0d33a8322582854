//! Endpoints that take an access token (RFC 6750): they refuse in OAuth's words, and tell in `WWW-Authenticate` why.

use axum::Json;
use axum::http::header::{CACHE_CONTROL, PRAGMA, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tenantry_core::oauth::Refusal as Cause;
use tenantry_core::{Error, Kind};
use tenantry_http::{Dialect, Refusal, TokenEndpoint, TokenError, bearer};

/// The body is of the shape of RFC 6749, section 5.2.
fn told(status: StatusCode, word: &'static str, error: &Error) -> Response {
    let headers = [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")];
    (status, headers, Json(TokenError::new(word, error.public()))).into_response()
}

/// The words of endpoints that take an access token.
pub(crate) struct Bearers;

impl Dialect for Bearers {
    fn refuse(refusal: &Refusal) -> Response {
        let Some(error) = refusal.error() else { return TokenEndpoint::refuse(refusal) };
        let mut response = match error.kind {
            Kind::Unauthenticated => told(StatusCode::UNAUTHORIZED, "invalid_token", error),
            Kind::Forbidden => told(StatusCode::FORBIDDEN, "insufficient_scope", error),
            _ => TokenEndpoint::refuse(refusal),
        };
        let (status, challenge) = match error.kind {
            Kind::Unauthenticated if error.is_no_credential() => (StatusCode::UNAUTHORIZED, "Bearer"),
            Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, "Bearer error=\"invalid_token\""),
            Kind::Forbidden => (StatusCode::FORBIDDEN, "Bearer error=\"insufficient_scope\""),
            Kind::NotFound | Kind::Hidden => {
                *response.status_mut() = StatusCode::NOT_FOUND;
                return response;
            }
            _ => return response,
        };
        *response.status_mut() = status;
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        response
    }

    fn credential(headers: &HeaderMap) -> Result<Option<String>, Error> {
        bearer(headers)
    }
}

/// The same where a client is registered: what it says of itself does not fit (RFC 7591, section 3.2.2).
pub(crate) struct Registration;

impl Dialect for Registration {
    fn refuse(refusal: &Refusal) -> Response {
        match refusal.error() {
            Some(error)
                if error.kind == Kind::Invalid
                    && Cause::of(error).is_none_or(|cause| cause == Cause::InvalidScope) =>
            {
                told(StatusCode::BAD_REQUEST, "invalid_client_metadata", error)
            }
            _ => Bearers::refuse(refusal),
        }
    }

    fn credential(headers: &HeaderMap) -> Result<Option<String>, Error> {
        Bearers::credential(headers)
    }
}
