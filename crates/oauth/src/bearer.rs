//! Endpoints that take an access token (RFC 6750): they refuse in OAuth's words, and tell in `WWW-Authenticate` why.

use axum::Json;
use axum::http::header::{CACHE_CONTROL, PRAGMA, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tenantry_core::{Error, Kind};
use tenantry_http::{Dialect, Refusal, TokenEndpoint, TokenError, bearer};

/// RFC 6750, section 3.1.
fn told(word: &'static str, error: &Error) -> Response {
    let headers = [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")];
    (StatusCode::UNAUTHORIZED, headers, Json(TokenError::new(word, error.public()))).into_response()
}

/// The words of endpoints that take an access token.
pub(crate) struct Bearers;

impl Dialect for Bearers {
    fn refuse(refusal: &Refusal) -> Response {
        let Some(error) = refusal.error() else { return TokenEndpoint::refuse(refusal) };
        let mut response = match error.kind {
            Kind::Unauthenticated => told("invalid_token", error),
            Kind::Forbidden => told("insufficient_scope", error),
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
