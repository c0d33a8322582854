//! Pages for people: plain HTML that works without scripts, with a policy that allows nothing from elsewhere.

pub(crate) mod account;
pub(crate) mod device;
pub(crate) mod invitation;
pub(crate) mod issuer;
pub(crate) mod links;
pub(crate) mod sign_in;

use askama::Template;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tenantry_core::clock::Timestamp;
use tenantry_core::{Error, Kind, Result};
use tenantry_http::{Dialect, Refusal};
use url::Url;

/// The words of pages: whatever is refused is a page that says so.
pub(crate) struct Pages;

impl Dialect for Pages {
    fn refuse(refusal: &Refusal) -> Response {
        let (status, message) = told(refusal);
        let title = match status {
            StatusCode::NOT_FOUND => "There is no such page",
            StatusCode::FORBIDDEN => "That was not done",
            status if status.is_server_error() => "That did not work",
            _ => "That cannot be done",
        };
        let mut response = show(status, &Notice { title, message: &message, onward: None }, None);
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }

    /// Pages know people by their sessions.
    fn credential(_: &HeaderMap) -> Result<Option<String>> {
        Ok(None)
    }
}

fn told(refusal: &Refusal) -> (StatusCode, String) {
    match refusal {
        Refusal::Core(error) | Refusal::Query(error) => {
            let status = match error.kind {
                Kind::Invalid | Kind::Unsupported => StatusCode::BAD_REQUEST,
                Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
                Kind::Forbidden => StatusCode::FORBIDDEN,
                Kind::Hidden | Kind::NotFound | Kind::Gone => StatusCode::NOT_FOUND,
                Kind::AlreadyExists | Kind::Conflict | Kind::Precondition | Kind::LimitReached => {
                    StatusCode::CONFLICT
                }
                Kind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
                Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
                Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            };
            (status, error.public().to_owned())
        }
        Refusal::UnknownRoute => (StatusCode::NOT_FOUND, "Check the address, or go back.".to_owned()),
        Refusal::MethodNotAllowed => {
            (StatusCode::METHOD_NOT_ALLOWED, "The page cannot be asked in this way.".to_owned())
        }
        Refusal::BodyTooLarge { .. } => {
            (StatusCode::PAYLOAD_TOO_LARGE, "What was sent is too large.".to_owned())
        }
        Refusal::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, "The form did not come in time.".to_owned()),
        Refusal::UnsupportedMediaType { .. } | Refusal::MalformedBody { .. } => {
            (StatusCode::BAD_REQUEST, "What was sent is no form.".to_owned())
        }
        Refusal::Timeout => (StatusCode::SERVICE_UNAVAILABLE, "The server is busy, try again.".to_owned()),
        Refusal::Panicked { .. } => {
            (StatusCode::INTERNAL_SERVER_ERROR, "The server failed. It has been noted.".to_owned())
        }
    }
}

/// A page that only says something.
#[derive(Template)]
#[template(path = "message.html")]
pub(crate) struct Notice<'a> {
    pub(crate) title: &'a str,
    pub(crate) message: &'a str,
    /// Where to go on, and what is written there.
    pub(crate) onward: Option<(&'a str, &'a str)>,
}

/// Says that something was done.
pub(crate) fn say(title: &str, message: &str) -> Response {
    show(StatusCode::OK, &Notice { title, message, onward: None }, None)
}

/// `2026-01-02 03:04 UTC`
pub(crate) fn to_the_minute(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{} UTC", text.get(..16).unwrap_or(&text).replace('T', " "))
}

/// A page. Its forms go to this server, and from there on to `onward` at most.
pub(crate) fn show(status: StatusCode, page: &impl Template, onward: Option<&str>) -> Response {
    let Ok(html) = page.render() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let onward = onward.and_then(|address| Url::parse(address).ok()).map(|url| url.origin());
    let onward =
        onward.filter(url::Origin::is_tuple).map(|origin| format!(" {}", origin.ascii_serialization()));
    let policy = format!(
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'{}",
        onward.unwrap_or_default()
    );
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, policy.as_str()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        // Our own pages are told, so that forms have an origin; others are not, since addresses have codes in them.
        (REFERRER_POLICY, "same-origin"),
    ];
    (status, headers, html).into_response()
}

/// Sends the browser on, as the answer to whatever it sent (303: with GET).
pub(crate) fn go(to: &str) -> Result<Response> {
    let to = HeaderValue::from_str(to)
        .map_err(|_| Error::invalid("redirect_uri", "characters", "expected visible ASCII"))?;
    let headers = [(LOCATION, to), (CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

/// `/login/style.css`
pub(crate) async fn style() -> Response {
    let headers = [
        (CONTENT_TYPE, "text/css; charset=utf-8"),
        (CACHE_CONTROL, "public, max-age=3600"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, include_str!("style.css")).into_response()
}
