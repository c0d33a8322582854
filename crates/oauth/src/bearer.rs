//! Endpoints that take an access token (RFC 6750): they refuse in OAuth's words, and tell in `WWW-Authenticate` why.

use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use tenantry_core::{Error, Kind};
use tenantry_http::{Dialect, Refusal, TokenEndpoint, bearer};

/// The words of endpoints that take an access token.
pub(crate) struct Bearers;

impl Dialect for Bearers {
    fn refuse(refusal: &Refusal) -> Response {
        let mut response = TokenEndpoint::refuse(refusal);
        let Some(error) = refusal.error() else { return response };
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
