//! The media type of a body.

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;

/// Type and subtype of the body in lower case, without parameters; empty if there is none, or more than one.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return String::new() };
    let text = value.to_str().unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
