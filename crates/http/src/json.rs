//! JSON bodies.

use std::marker::PhantomData;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::error::Category;
use tenantry_core::Error;

use crate::media_type::media_type;
use crate::{Dialect, Refusal, Refused, Served};

/// A JSON body: `application/json` or `+json`, within the limit of [`crate::Limits`], UTF-8, at most 127 levels deep,
/// without NUL. A field of the wrong form is an invalid field of the core, by its path.
pub struct Json<D, T = Value> {
    /// What the body says.
    pub body: T,
    dialect: PhantomData<fn() -> D>,
}

impl<D: Dialect, T: DeserializeOwned> FromRequest<Served> for Json<D, T> {
    type Rejection = Refused<D>;

    async fn from_request(request: Request, served: &Served) -> Result<Self, Self::Rejection> {
        require_json(request.headers())?;
        let bytes = read_body(request, served).await?;
        Ok(Self { body: parse(&bytes)?, dialect: PhantomData })
    }
}

/// The same where a request may come without a body, which then is an object without members.
pub struct JsonOrNothing<D, T = Value> {
    /// What the body says.
    pub body: T,
    dialect: PhantomData<fn() -> D>,
}

impl<D: Dialect, T: DeserializeOwned> FromRequest<Served> for JsonOrNothing<D, T> {
    type Rejection = Refused<D>;

    async fn from_request(request: Request, served: &Served) -> Result<Self, Self::Rejection> {
        let told = require_json(request.headers());
        let bytes = read_body(request, served).await?;
        let bytes = if bytes.is_empty() { Bytes::from_static(b"{}") } else { told.map(|()| bytes)? };
        Ok(Self { body: parse(&bytes)?, dialect: PhantomData })
    }
}

fn require_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let media_type = media_type(headers);
    if media_type != "application/json" && !media_type.ends_with("+json") {
        return Err(Refusal::UnsupportedMediaType { expected: "application/json" });
    }
    Ok(())
}

/// Refuses a value that cannot be read into `T`: an invalid field of the core, by its path below `field`.
pub fn require_form<T: DeserializeOwned>(field: &str, value: &Value) -> Result<(), Error> {
    serde_path_to_error::deserialize::<_, T>(value).map(drop).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." { field.to_owned() } else { format!("{field}.{path}") };
        unfit(Some(place), &error.into_inner())
    })
}

/// The whole body, if it is not too large and comes in time.
pub(crate) async fn read_body(request: Request, served: &Served) -> Result<Bytes, Refusal> {
    let read = tokio::time::timeout(served.limits.body, read_to_end(request, served));
    read.await.unwrap_or(Err(Refusal::BodyTimeout))
}

async fn read_to_end(request: Request, served: &Served) -> Result<Bytes, Refusal> {
    let limit = served.limits.body_bytes;
    // What says that it is too large is not kept.
    if announced_length(request.headers()).is_some_and(|length| length > limit) {
        return Err(Refusal::BodyTooLarge { limit });
    }
    Bytes::from_request(request, served).await.map_err(|rejection| match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            Refusal::BodyTooLarge { limit }
        }
        _ => Refusal::MalformedBody { message: "the body ended early".to_owned() },
    })
}

fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let malformed = |message: String| Refusal::MalformedBody { message };
    // Checked apart, since the reader does not look into members that nobody asks for.
    let text = std::str::from_utf8(bytes).map_err(|_| malformed("the body is not UTF-8".to_owned()))?;
    if text.trim_ascii().is_empty() {
        return Err(malformed("the body is empty, expected JSON".to_owned()));
    }
    if has_nul(text) {
        return Err(refuse_nul(text));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let body = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let cause = error.into_inner();
        match cause.classify() {
            Category::Data => Refusal::Core(unfit((path != ".").then_some(path), &cause)),
            Category::Syntax | Category::Eof | Category::Io => malformed(format!("not JSON: {cause}")),
        }
    })?;
    reader.end().map_err(|cause| malformed(format!("not JSON: {cause}")))?;
    Ok(body)
}

/// Whether any text in it has the escape of NUL. A bare one is refused by the reader.
fn has_nul(json: &str) -> bool {
    let mut rest = json;
    while let Some((_, escape)) = rest.split_once('\\') {
        if escape.starts_with("u0000") {
            return true;
        }
        let mut behind = escape.chars();
        behind.next();
        rest = behind.as_str();
    }
    false
}

fn refuse_nul(text: &str) -> Refusal {
    let message = "NUL characters are not allowed";
    let body = serde_json::from_str::<Value>(text).ok();
    match body.and_then(|body| place_of_nul(&body)) {
        Some(place) if place.is_empty() => Refusal::Core(Error::invalid("body", "nul", message)),
        Some(place) => {
            let field = place.strip_prefix('.').unwrap_or(&place).to_owned();
            Refusal::Core(Error::invalid(field, "nul", message))
        }
        None => Refusal::MalformedBody { message: message.to_owned() },
    }
}

/// How long the name of a member may be to be told of.
const NAME_MAX: usize = 100;

/// The place of the first text that has a NUL character, if that is no name of a member. A name that no field can have is not
/// repeated: the place is the object then.
fn place_of_nul(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => {
            let find = |(at, item)| Some(format!("[{at}]{}", place_of_nul(item)?));
            items.iter().enumerate().find_map(find)
        }
        Value::Object(members) => {
            let is_name = |name: &str| {
                name.len() <= NAME_MAX
                    && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
            };
            let find = |(name, member): (&String, &Value)| {
                let place = place_of_nul(member)?;
                Some(if is_name(name) { format!(".{name}{place}") } else { String::new() })
            };
            members.iter().find_map(find)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// What is wrong with the form of a field, or of the body where none is named. A member that is missing is the field itself.
fn unfit(field: Option<String>, cause: &serde_json::Error) -> Error {
    let text = without_position(cause);
    let missing = text.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
    match (missing, field) {
        (Some(member), None) => Error::invalid(member.to_owned(), "missing", "Field required"),
        (Some(member), Some(parent)) => {
            Error::invalid(format!("{parent}.{member}"), "missing", "Field required")
        }
        (None, field) => Error::invalid(field.unwrap_or_else(|| "body".to_owned()), "form", text),
    }
}

fn without_position(cause: &serde_json::Error) -> String {
    let text = cause.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Body {
        #[expect(dead_code, reason = "only its form is looked at")]
        labels: Vec<String>,
    }

    #[test]
    fn reads_json() {
        assert_eq!(
            parse::<Value>(br#" {"a": ["\u00f8", "\\u0000", 1]} "#).unwrap(),
            json!({"a": ["ø", "\\u0000", 1]})
        );
        assert!(parse::<Body>(br#"{"labels": ["a"], "unknown": 1}"#).is_ok());
    }

    #[test]
    fn refuses_what_is_not_json() {
        let deep = format!("{}{}", "[".repeat(128), "]".repeat(128));
        let cases: [&[u8]; 10] = [
            b"",
            b"  ",
            b"{",
            b"{} {}",
            b"{'a': 1}",
            b"\xef\xbb\xbf{}",
            b"\"\xff\"",
            b"{\"a\": \"\\ud800\"}",
            b"{\"a\": \"\0\"}",
            deep.as_bytes(),
        ];
        for bytes in cases {
            let refusal = parse::<Value>(bytes).unwrap_err();
            assert!(matches!(refusal, Refusal::MalformedBody { .. }), "{bytes:?} {refusal:?}");
        }
    }

    #[test]
    fn names_the_field_at_fault() {
        let cases: [(&[u8], &str, &str); 7] = [
            (br#"{"labels": ["a", 1]}"#, "labels[1]", "invalid type: integer `1`, expected a string"),
            (br"{}", "labels", "Field required"),
            (br#"{"x": [{"a": "\u0000"}]}"#, "x[0].a", "NUL characters are not allowed"),
            (br#"["\u0000"]"#, "[0]", "NUL characters are not allowed"),
            (br#"{"x": {"path.a": "\u0000"}}"#, "x", "NUL characters are not allowed"),
            (br#"{"a b": "\u0000"}"#, "body", "NUL characters are not allowed"),
            (br"[1]", "[0]", "invalid type: integer `1`, expected a sequence"),
        ];
        for (bytes, field, message) in cases {
            let Err(Refusal::Core(error)) = parse::<Body>(bytes) else { panic!("{bytes:?}") };
            assert_eq!((&*error.violations[0].field, &*error.violations[0].message), (field, message));
        }
    }
}
