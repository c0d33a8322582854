//! The one place with Evo's words for errors: problem details (RFC 7807) for the API, and the errors of RFC 6749 for its
//! token endpoint. Nothing in here tells a hidden target from one that does not exist.

use std::borrow::Cow;

use axum::Json;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use tenantry_core::oauth::Refusal as Cause;
use tenantry_core::{Error, Kind};
use tenantry_http::Refusal;

/// Problem details. The client picks its exception by status and wants a JSON object with a title.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "evo.Problem")]
pub(crate) struct Problem {
    /// The vendor's type addresses are not public; this one means that the status says it all.
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: Cow<'static, str>,
    #[serde(rename = "invalid-params", skip_serializing_if = "Vec::is_empty")]
    invalid_params: Vec<InvalidParam>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "evo.InvalidParam")]
struct InvalidParam {
    name: String,
    reason: String,
}

/// Frames a refusal as problem details.
pub(crate) fn problem(refusal: &Refusal) -> Response {
    let (status, detail) = match refusal {
        Refusal::Core(error) | Refusal::Query(error) => {
            (status(error.kind), error.public().to_owned().into())
        }
        Refusal::UnknownRoute => (StatusCode::NOT_FOUND, "there is nothing at this path".into()),
        Refusal::MethodNotAllowed => {
            (StatusCode::METHOD_NOT_ALLOWED, "this path does not have this method".into())
        }
        Refusal::BodyTooLarge { limit } => {
            (StatusCode::PAYLOAD_TOO_LARGE, format!("expected a body of at most {limit} bytes").into())
        }
        Refusal::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, "the body did not come in time".into()),
        Refusal::UnsupportedMediaType { expected } => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("expected a body of type {expected}").into())
        }
        Refusal::MalformedBody { message } => (StatusCode::BAD_REQUEST, message.clone().into()),
        Refusal::Timeout => (StatusCode::SERVICE_UNAVAILABLE, "the request took too long, try again".into()),
        Refusal::Panicked { .. } => {
            (StatusCode::INTERNAL_SERVER_ERROR, "the server failed to handle the request".into())
        }
    };
    let problem = Problem {
        r#type: "about:blank",
        title: status.canonical_reason().unwrap_or("Error"),
        status: status.as_u16(),
        detail,
        invalid_params: invalid_params(refusal),
    };
    let mut response = (status, Json(problem)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge(refusal)));
    }
    retry_later(&mut response, refusal);
    response
}

const fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        // A quota is Evo's "request forbidden, authorization will not help".
        Kind::Forbidden | Kind::LimitReached => StatusCode::FORBIDDEN,
        Kind::Hidden | Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Gone => StatusCode::GONE,
        Kind::AlreadyExists | Kind::Conflict | Kind::Precondition => StatusCode::CONFLICT,
        Kind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unsupported => StatusCode::BAD_REQUEST,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn invalid_params(refusal: &Refusal) -> Vec<InvalidParam> {
    let violations = refusal.error().into_iter().flat_map(|error| &error.violations);
    let params = violations.map(|violation| InvalidParam {
        name: violation.field.to_string(),
        reason: violation.message.to_string(),
    });
    params.collect()
}

/// RFC 6750: a request without a credential gets no error code.
fn challenge(refusal: &Refusal) -> &'static str {
    match refusal.error() {
        Some(error) if error.reason == "credential.missing" => "Bearer",
        _ => "Bearer error=\"invalid_token\"",
    }
}

fn retry_later(response: &mut Response, refusal: &Refusal) {
    let seconds = match refusal {
        Refusal::Timeout => Some(1),
        _ => refusal.error().and_then(Error::retry_after),
    };
    if let Some(seconds) = seconds {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
}

/// An error of the token endpoint.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "evo.TokenError")]
pub(crate) struct TokenError {
    error: &'static str,
    error_description: String,
}

/// Frames a refusal as RFC 6749, section 5.2, wants it.
pub(crate) fn token_error(refusal: &Refusal) -> Response {
    let (status, error, description) = match refusal {
        Refusal::Core(error) | Refusal::Query(error) => {
            let (status, code) = token_code(error);
            (status, code, error.public().to_owned())
        }
        Refusal::UnknownRoute | Refusal::MethodNotAllowed => {
            (StatusCode::NOT_FOUND, "invalid_request", "there is nothing at this path".to_owned())
        }
        Refusal::BodyTooLarge { limit } => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "invalid_request",
            format!("expected a body of at most {limit} bytes"),
        ),
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
    let error = TokenError { error, error_description: description.chars().map(describable).collect() };
    let mut response =
        (status, [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")], Json(error)).into_response();
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Basic realm=\"token endpoint\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    retry_later(&mut response, refusal);
    response
}

fn token_code(error: &Error) -> (StatusCode, &'static str) {
    if let Some(cause) = Cause::of(error) {
        let status =
            if cause == Cause::InvalidClient { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
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

/// RFC 6749 allows a description printable ASCII without quote and backslash.
const fn describable(c: char) -> char {
    if matches!(c, ' ' | '!' | '#'..='[' | ']'..='~') { c } else { '?' }
}
