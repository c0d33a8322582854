//! Answers: a resource as JSON, with its entity tag in a header beside it.

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};
use tenantry_http::{Refused, Stamp};

use crate::{Aip, etag};

/// What a handler answers.
pub(crate) type Answer = Result<Resource, Refused<Aip>>;

/// A resource, or what stands for one.
pub(crate) struct Resource {
    body: Vec<u8>,
    etag: Option<String>,
    stamp: Option<Stamp>,
}

impl Resource {
    /// What a change answers: its tag is the one in it or beside it, if it has one.
    pub(crate) fn new(mut body: Value) -> Self {
        let etag = etag::taken(&mut body);
        Self { body: body.to_string().into_bytes(), etag, stamp: None }
    }

    /// Where a change leaves nothing to show.
    pub(crate) fn empty() -> Self {
        Self::new(Value::Object(Map::new()))
    }

    /// A resource of this tag.
    pub(crate) fn tagged(body: &Value, etag: String) -> Self {
        Self::written(body.to_string().into_bytes(), etag)
    }

    /// The same, of what is JSON already.
    pub(crate) const fn written(body: Vec<u8>, etag: String) -> Self {
        Self { body, etag: Some(etag), stamp: None }
    }

    /// The same, to be remembered as long as the stamp holds.
    pub(crate) fn stamped(self, stamp: Stamp) -> Self {
        Self { stamp: Some(stamp), ..self }
    }
}

impl IntoResponse for Resource {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(Ok(etag)) = self.etag.as_deref().map(HeaderValue::from_str) {
            response.headers_mut().insert(ETAG, etag);
        }
        match self.stamp {
            Some(stamp) => (stamp, response).into_response(),
            None => response,
        }
    }
}
