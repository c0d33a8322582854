//! Refusals as `google.rpc.Status`, flat, as a grpc-gateway writes it: `{code, message, details}` (AIP-193). The one place
//! with this dialect's words for errors.

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tenantry_core::error::{About, Violation};
use tenantry_core::{Error, Kind};
use tenantry_http::{Dialect, Refusal, bearer};

/// The domain of `google.rpc.ErrorInfo`, and of types of resources.
pub(crate) const DOMAIN: &str = "tenantry";

/// The reason of a conflict with the version in an `If-Match` header, which HTTP has a status for (RFC 9110).
pub(crate) const STALE_IF_MATCH: &str = "if_match.stale";

/// The dialect.
pub enum Aip {}

/// A canonical code with its HTTP status.
#[derive(Clone, Copy)]
enum Code {
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    Unauthenticated = 16,
}

/// `google.rpc.Status`.
#[derive(Clone, Serialize)]
pub(crate) struct Status {
    code: i32,
    message: String,
    pub(crate) details: Vec<Value>,
}

/// A refusal that some resource is behind, on its way to where the request's path is known, as an extension of the
/// response.
#[derive(Clone)]
pub(crate) struct Unnamed {
    pub(crate) status: Status,
    pub(crate) kind: Kind,
    pub(crate) about: Option<Box<About>>,
}

impl Code {
    const fn status(self) -> StatusCode {
        match self {
            Self::InvalidArgument | Self::FailedPrecondition => StatusCode::BAD_REQUEST,
            Self::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::AlreadyExists | Self::Aborted => StatusCode::CONFLICT,
            Self::PermissionDenied => StatusCode::FORBIDDEN,
            Self::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
            Self::Unimplemented => StatusCode::NOT_IMPLEMENTED,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
        }
    }
}

const fn code_of(kind: Kind) -> Code {
    match kind {
        Kind::Invalid => Code::InvalidArgument,
        Kind::Unauthenticated => Code::Unauthenticated,
        // Who may not know whether it exists learns the same of what does and of what does not (AIP-211).
        Kind::Forbidden | Kind::Hidden => Code::PermissionDenied,
        Kind::NotFound | Kind::Gone => Code::NotFound,
        Kind::AlreadyExists => Code::AlreadyExists,
        Kind::Conflict => Code::Aborted,
        Kind::Precondition => Code::FailedPrecondition,
        Kind::LimitReached | Kind::RateLimited => Code::ResourceExhausted,
        Kind::Unsupported => Code::Unimplemented,
        Kind::Unavailable => Code::Unavailable,
        Kind::Internal => Code::Internal,
    }
}

impl Dialect for Aip {
    fn refuse(refusal: &Refusal) -> Response {
        let (status, code, message, details) = match refusal {
            Refusal::Core(error) | Refusal::Query(error) => {
                let code = code_of(error.kind);
                let status = match error.reason {
                    STALE_IF_MATCH => StatusCode::PRECONDITION_FAILED,
                    _ => code.status(),
                };
                (status, code, message(error), details(error))
            }
            Refusal::UnknownRoute => {
                plain(Code::NotFound, "route.unknown", "there is no such method or resource")
            }
            Refusal::MethodNotAllowed => {
                let (_, code, message, details) =
                    plain(Code::Unimplemented, "method.unknown", "the resource has no such method");
                (StatusCode::METHOD_NOT_ALLOWED, code, message, details)
            }
            Refusal::BodyTooLarge { limit } => {
                let text = format!("the body is larger than {limit} bytes");
                let (_, code, message, details) = plain(Code::InvalidArgument, "body.too_large", &text);
                (StatusCode::PAYLOAD_TOO_LARGE, code, message, details)
            }
            Refusal::BodyTimeout => {
                let text = "the body did not come in time";
                let (_, code, message, details) = plain(Code::DeadlineExceeded, "body.timeout", text);
                (StatusCode::REQUEST_TIMEOUT, code, message, details)
            }
            Refusal::UnsupportedMediaType { expected } => {
                let text = format!("expected a body of the media type {expected}");
                let (_, code, message, details) = plain(Code::InvalidArgument, "body.media_type", &text);
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, code, message, details)
            }
            Refusal::MalformedBody { message } => plain(Code::InvalidArgument, "body.malformed", message),
            Refusal::Timeout => plain(Code::DeadlineExceeded, "request.timeout", "the request took too long"),
            Refusal::Panicked { .. } => {
                plain(Code::Internal, "server.internal", "the server failed to handle the request")
            }
        };
        let body = Status { code: code as i32, message, details };
        let mut response = (status, Json(&body)).into_response();
        if matches!(code, Code::Unauthenticated) {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = refusal.error().and_then(Error::retry_after) {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(error) = refusal.error().filter(|error| is_of_a_resource(error.kind)) {
            let (kind, about) = (error.kind, error.about.clone());
            response.extensions_mut().insert(Unnamed { status: body, kind, about });
        }
        response
    }

    fn credential(headers: &HeaderMap) -> Result<Option<String>, Error> {
        bearer(headers)
    }
}

fn message(error: &Error) -> String {
    match error.kind {
        Kind::Hidden => "permission denied on the resource, or it does not exist".to_owned(),
        _ => error.public().to_owned(),
    }
}

fn plain(code: Code, reason: &str, message: &str) -> (StatusCode, Code, String, Vec<Value>) {
    (code.status(), code, message.to_owned(), vec![error_info(reason, &Map::new())])
}

/// `google.rpc.ErrorInfo` always; `BadRequest` for fields, `RetryInfo` where another try may help. `ResourceInfo` comes from
/// `resource_info.rs`, which knows the path.
fn details(error: &Error) -> Vec<Value> {
    let mut metadata = Map::new();
    if let [violation] = error.violations.as_slice() {
        metadata.insert("parameter".to_owned(), violation.field.clone().into());
        metadata.insert("rule".to_owned(), violation.rule.into());
    }
    for (name, value) in &error.metadata {
        metadata.insert((*name).to_owned(), value.clone().into());
    }
    let mut details = vec![error_info(error.reason, &metadata)];
    if !error.violations.is_empty() {
        let violations: Vec<Value> = error
            .violations
            .iter()
            .map(|violation| json!({"field": violation.field, "description": violation.message}))
            .collect();
        details.push(
            json!({"@type": "type.googleapis.com/google.rpc.BadRequest", "field_violations": violations}),
        );
    }
    if let Some(seconds) = error.retry_after() {
        let delay = format!("{seconds}s");
        details.push(json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retry_delay": delay}));
    }
    details
}

/// Whether some resource is in the way, or out of reach.
const fn is_of_a_resource(kind: Kind) -> bool {
    match kind {
        Kind::Forbidden
        | Kind::Hidden
        | Kind::NotFound
        | Kind::Gone
        | Kind::AlreadyExists
        | Kind::Conflict
        | Kind::Precondition => true,
        Kind::Invalid
        | Kind::Unauthenticated
        | Kind::LimitReached
        | Kind::RateLimited
        | Kind::Unsupported
        | Kind::Unavailable
        | Kind::Internal => false,
    }
}

/// Reasons are written as AIP-193 wants them: `workspace.name_taken` is `WORKSPACE_NAME_TAKEN`.
fn error_info(reason: &str, metadata: &Map<String, Value>) -> Value {
    let reason = reason.to_ascii_uppercase().replace('.', "_");
    json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": DOMAIN, "metadata": metadata})
}

/// A refusal of the library that reads filters, orders and page tokens, in the words of the core.
pub(crate) fn refused(error: &tenantry_aip::Error) -> Error {
    let reason = match error.reason() {
        tenantry_aip::Reason::InvalidFilter => "invalid_filter",
        tenantry_aip::Reason::InvalidOrderBy => "invalid_order_by",
        tenantry_aip::Reason::InvalidPageSize => "invalid_page_size",
        tenantry_aip::Reason::InvalidPageToken => "invalid_page_token",
        tenantry_aip::Reason::InvalidFieldMask => "invalid_field_mask",
    };
    let mut refused = Error::new(Kind::Invalid, reason, error.message().to_owned());
    refused.violations.push(Violation {
        field: error.parameter().into(),
        rule: "form",
        message: error.message().to_owned().into(),
    });
    refused.metadata = error.metadata();
    refused
}
