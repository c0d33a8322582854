//! The words of this dialect for what went wrong: the one place that knows its statuses and exception names.
//!
//! `{"detail": ..}` as FastAPI writes it. A list `["KeyError", "organization not found"]` makes the client raise that
//! exception; a text leaves the choice to the client. What is wrong with the request itself is 422 with one item for
//! each field: `{"loc": ["query", "limit"], "msg": .., "type": ..}`.

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tenantry_core::error::Violation;
use tenantry_core::{Error, Kind};
use tenantry_http::Refusal;

/// What the state does not allow and the vendor calls forbidden: to give a role where it is not given, to take the owner's
/// role or the last one of a member, to change what is built in, to touch what a workspace's server holds.
const FORBIDDEN: [&str; 5] =
    ["role.place", "role.builtin", "member.account_owner", "member.last_role", "workspace.server_account"];

pub(crate) fn refuse(refusal: &Refusal) -> Response {
    match refusal {
        Refusal::Core(error) => framed(error, "body"),
        Refusal::Query(error) => framed(error, "query"),
        Refusal::UnknownRoute => plain(StatusCode::NOT_FOUND, "Not Found"),
        Refusal::MethodNotAllowed => plain(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"),
        Refusal::BodyTooLarge { limit } => {
            plain(StatusCode::PAYLOAD_TOO_LARGE, &format!("the body has more than {limit} bytes"))
        }
        Refusal::BodyTimeout => plain(StatusCode::REQUEST_TIMEOUT, "the body did not come in time"),
        Refusal::UnsupportedMediaType { expected } => {
            plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, &format!("expected a body of the type {expected}"))
        }
        Refusal::MalformedBody { message } => {
            unprocessable(&[json!({ "loc": ["body"], "msg": message, "type": "malformed" })])
        }
        Refusal::Timeout => plain(StatusCode::GATEWAY_TIMEOUT, "the request took too long, try again"),
        Refusal::Panicked { .. } => raise(
            StatusCode::INTERNAL_SERVER_ERROR,
            "RuntimeError",
            "the server failed to handle the request",
        ),
    }
}

/// The answer to an error of the core; `part` is the part of the request that its fields are of.
fn framed(error: &Error, part: &str) -> Response {
    let message = error.public();
    match error.kind {
        Kind::Invalid => unprocessable(&violations(error, part)),
        // The header makes the client speak of invalid credentials; without it, of missing rights.
        Kind::Unauthenticated => challenged(plain(StatusCode::UNAUTHORIZED, message)),
        Kind::Forbidden => raise(StatusCode::FORBIDDEN, "IllegalOperationError", message),
        Kind::Hidden | Kind::NotFound | Kind::Gone => raise(StatusCode::NOT_FOUND, "KeyError", message),
        Kind::AlreadyExists => raise(StatusCode::CONFLICT, "EntityExistsError", message),
        Kind::Conflict => plain(StatusCode::CONFLICT, message),
        Kind::Precondition if FORBIDDEN.contains(&error.reason) => {
            raise(StatusCode::FORBIDDEN, "IllegalOperationError", message)
        }
        Kind::Precondition => raise(StatusCode::BAD_REQUEST, "ValueError", message),
        Kind::LimitReached => {
            raise(StatusCode::PAYMENT_REQUIRED, "SubscriptionUpgradeRequiredError", message)
        }
        Kind::RateLimited => retry(plain(StatusCode::TOO_MANY_REQUESTS, message), error),
        Kind::Unsupported => raise(StatusCode::NOT_IMPLEMENTED, "NotImplementedError", message),
        Kind::Unavailable => retry(plain(StatusCode::SERVICE_UNAVAILABLE, message), error),
        Kind::Internal => raise(StatusCode::INTERNAL_SERVER_ERROR, "RuntimeError", message),
    }
}

fn plain(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "detail": message }))).into_response()
}

fn raise(status: StatusCode, exception: &str, message: &str) -> Response {
    (status, Json(json!({ "detail": [exception, message] }))).into_response()
}

fn unprocessable(detail: &[Value]) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "detail": detail }))).into_response()
}

fn challenged(mut response: Response) -> Response {
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

fn retry(mut response: Response, error: &Error) -> Response {
    response
        .headers_mut()
        .extend(error.retry_after().map(|seconds| (RETRY_AFTER, HeaderValue::from(seconds))));
    response
}

fn violations(error: &Error, part: &str) -> Vec<Value> {
    if error.violations.is_empty() {
        return vec![json!({ "loc": [part], "msg": error.public(), "type": error.reason })];
    }
    let item = |violation: &Violation| json!({ "loc": place(part, &violation.field), "msg": violation.message, "type": violation.rule });
    error.violations.iter().map(item).collect()
}

/// `zenml-server-url` is `["header", "zenml-server-url"]`, `path.name` is `["path", "name"]`. `links[0].url` of the body is
/// `["body", "links", 0, "url"]`, and `body` is the body itself.
fn place(part: &str, field: &str) -> Vec<Value> {
    // What a server tells of itself stands in headers, which are fields of nothing else.
    let part = if field.starts_with("zenml-server-") { "header" } else { part };
    let (part, field) = field.strip_prefix("path.").map_or((part, field), |field| ("path", field));
    let mut place = vec![json!(part)];
    if field != part {
        let steps = field.split(['.', '[']).filter(|step| !step.is_empty());
        let steps = steps.map(|step| step.strip_suffix(']').unwrap_or(step));
        place.extend(
            steps.map(|step| step.parse::<usize>().map_or_else(|_| json!(step), |index| json!(index))),
        );
    }
    place
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    const KINDS: [(Kind, u16, Option<&str>); 14] = [
        (Kind::Invalid, 422, None),
        (Kind::Unauthenticated, 401, None),
        (Kind::Forbidden, 403, Some("IllegalOperationError")),
        (Kind::Hidden, 404, Some("KeyError")),
        (Kind::NotFound, 404, Some("KeyError")),
        (Kind::Gone, 404, Some("KeyError")),
        (Kind::AlreadyExists, 409, Some("EntityExistsError")),
        (Kind::Conflict, 409, None),
        (Kind::Precondition, 400, Some("ValueError")),
        (Kind::LimitReached, 402, Some("SubscriptionUpgradeRequiredError")),
        (Kind::RateLimited, 429, None),
        (Kind::Unsupported, 501, Some("NotImplementedError")),
        (Kind::Unavailable, 503, None),
        (Kind::Internal, 500, Some("RuntimeError")),
    ];

    async fn read(response: Response) -> Value {
        serde_json::from_slice(&to_bytes(response.into_body(), usize::MAX).await.unwrap()).unwrap()
    }

    #[tokio::test]
    async fn every_kind_has_its_status_and_exception() {
        for (kind, status, exception) in KINDS {
            let response = refuse(&Refusal::Core(Error::new(kind, "x.y", "why").with_source("a secret")));
            assert_eq!(response.status(), status, "{kind:?}");
            let challenged = response.headers().get(WWW_AUTHENTICATE).is_some();
            assert_eq!(challenged, kind == Kind::Unauthenticated, "{kind:?}");
            let again = response.headers().get(RETRY_AFTER).is_some();
            assert_eq!(again, matches!(status, 429 | 503), "{kind:?}");
            let detail = match (kind, exception) {
                (Kind::Invalid, _) => json!([{ "loc": ["body"], "msg": "why", "type": "x.y" }]),
                (_, Some(exception)) => json!([exception, "why"]),
                (_, None) => json!("why"),
            };
            assert_eq!(read(response).await, json!({ "detail": detail }), "{kind:?}");
        }
    }

    #[tokio::test]
    async fn what_never_reached_the_core_has_the_same_shape() {
        let cases = [
            (Refusal::UnknownRoute, 404, json!("Not Found")),
            (Refusal::MethodNotAllowed, 405, json!("Method Not Allowed")),
            (Refusal::BodyTooLarge { limit: 7 }, 413, json!("the body has more than 7 bytes")),
            (
                Refusal::UnsupportedMediaType { expected: "application/json" },
                415,
                json!("expected a body of the type application/json"),
            ),
            (
                Refusal::MalformedBody { message: "not JSON".to_owned() },
                422,
                json!([{ "loc": ["body"], "msg": "not JSON", "type": "malformed" }]),
            ),
            (Refusal::BodyTimeout, 408, json!("the body did not come in time")),
            (Refusal::Timeout, 504, json!("the request took too long, try again")),
            (
                Refusal::Panicked { message: "a secret".to_owned() },
                500,
                json!(["RuntimeError", "the server failed to handle the request"]),
            ),
        ];
        for (refusal, status, detail) in cases {
            let response = refuse(&refusal);
            assert_eq!(response.status(), status, "{refusal:?}");
            assert_eq!(read(response).await, json!({ "detail": detail }), "{refusal:?}");
        }
    }

    #[test]
    fn fields_become_places() {
        for (part, field, expected) in [
            ("body", "body", json!(["body"])),
            ("body", "name", json!(["body", "name"])),
            ("body", "links[0].url", json!(["body", "links", 0, "url"])),
            ("body", "links.url", json!(["body", "links", "url"])),
            ("body", "[1].total", json!(["body", 1, "total"])),
            ("body", "path.name", json!(["path", "name"])),
            ("query", "limit", json!(["query", "limit"])),
            ("query", "query", json!(["query"])),
        ] {
            assert_eq!(Value::Array(place(part, field)), expected, "{field}");
        }
    }
}
