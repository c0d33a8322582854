//! The one place with Dreadnode's words for errors. Nothing in here tells a hidden target from one that does not exist.

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use tenantry_core::credential::{PASSWORD_EXPIRED, PASSWORDS_BUSY};
use tenantry_core::{Error, Kind};
use tenantry_http::Refusal;

/// The envelope of every error. The client prints it as `STATUS: DETAIL`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "dreadnode.Error")]
pub(crate) struct ApiError {
    /// Repeats the status.
    code: u16,
    detail: String,
    /// A stable word.
    r#type: &'static str,
    /// Only for status 422.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ValidationError>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "dreadnode.ValidationError")]
struct ValidationError {
    loc: Vec<String>,
    msg: String,
    r#type: &'static str,
}

/// Frames a refusal in the envelope.
pub(crate) fn envelope(refusal: &Refusal) -> Response {
    let (status, word, detail) = match refusal {
        Refusal::Core(error) | Refusal::Query(error) => framed(error),
        Refusal::UnknownRoute => (StatusCode::NOT_FOUND, "not_found_error", "Not found".to_owned()),
        Refusal::MethodNotAllowed => {
            (StatusCode::METHOD_NOT_ALLOWED, "invalid_error", "Method not allowed".to_owned())
        }
        Refusal::BodyTooLarge { limit } => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "invalid_error",
            format!("Expected a body of at most {limit} bytes"),
        ),
        Refusal::BodyTimeout => {
            (StatusCode::REQUEST_TIMEOUT, "invalid_error", "The body did not come in time".to_owned())
        }
        Refusal::UnsupportedMediaType { expected } => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "invalid_error",
            format!("Expected a body of type {expected}"),
        ),
        Refusal::MalformedBody { message } => {
            (StatusCode::BAD_REQUEST, "invalid_error", capitalized(message))
        }
        Refusal::Timeout => {
            (StatusCode::GATEWAY_TIMEOUT, "app_error", "The request took too long, try again".to_owned())
        }
        Refusal::Panicked { .. } => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "app_error",
            "The server failed to handle the request".to_owned(),
        ),
    };
    let errors = if status == StatusCode::UNPROCESSABLE_ENTITY { errors(refusal) } else { Vec::new() };
    let body = ApiError { code: status.as_u16(), detail, r#type: word, errors };
    let mut response = (status, Json(body)).into_response();
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = refusal.error().and_then(Error::retry_after) {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Status, word and text for an error of the core. The published list of statuses has no 402, 410 and 503. All the same a
/// server that has more passwords to hash than it can says 503: it is there, and the client is to come back.
fn framed(error: &Error) -> (StatusCode, &'static str, String) {
    let (status, word) = match error.kind {
        Kind::Invalid => {
            // It begins with the name of a parameter, which is as it is.
            return (StatusCode::UNPROCESSABLE_ENTITY, "validation_error", error.public().to_owned());
        }
        // Who is told so has shown the right password.
        Kind::Unauthenticated if error.reason == PASSWORD_EXPIRED => {
            (StatusCode::UNAUTHORIZED, "authentication_error")
        }
        Kind::Unauthenticated => {
            return (StatusCode::UNAUTHORIZED, "authentication_error", "Authentication failed".to_owned());
        }
        Kind::Forbidden | Kind::LimitReached => (StatusCode::FORBIDDEN, "forbidden_error"),
        Kind::Hidden | Kind::NotFound | Kind::Gone => (StatusCode::NOT_FOUND, "not_found_error"),
        Kind::AlreadyExists => (StatusCode::CONFLICT, "already_exists_error"),
        Kind::Conflict | Kind::Precondition => (StatusCode::CONFLICT, "conflict_error"),
        Kind::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "rate_limit_error"),
        Kind::Unsupported => (StatusCode::BAD_REQUEST, "invalid_error"),
        Kind::Unavailable if error.reason == PASSWORDS_BUSY => (StatusCode::SERVICE_UNAVAILABLE, "app_error"),
        Kind::Unavailable => (StatusCode::BAD_GATEWAY, "database_error"),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "app_error"),
    };
    (status, word, capitalized(error.public()))
}

/// Where each fault stood: `["query", "page"]`, `["body", "labels", "0"]`.
fn errors(refusal: &Refusal) -> Vec<ValidationError> {
    let place = if matches!(refusal, Refusal::Query(_)) { "query" } else { "body" };
    let violations = refusal.error().into_iter().flat_map(|error| &error.violations);
    let errors = violations.map(|violation| {
        let path = violation.field.split(['.', '[', ']']).filter(|step| !step.is_empty());
        ValidationError {
            loc: [place].into_iter().chain(path).map(str::to_owned).collect(),
            msg: violation.message.to_string(),
            r#type: violation.rule,
        }
    });
    errors.collect()
}

/// The client's tests for `Organization not found` and its like mind the case.
fn capitalized(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}
