//! Refusals in the document, as the dialect itself frames them.

use std::collections::BTreeMap;

use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use serde_json::{Value, json};
use tenantry_core::{Error, Kind};

use super::operation::Operation;
use super::{Schemas, Shape};
use crate::{Dialect, Refusal};

/// How refusals are framed, and the shape of what is answered then.
pub struct Framing {
    refuse: fn(&Refusal) -> Response,
    error: Shape,
}

impl Framing {
    /// As a dialect does it; `error` is the shape of its bodies.
    pub fn of<D: Dialect>(error: Shape) -> Self {
        Self { refuse: D::refuse, error }
    }

    /// The answers of an operation to what it refuses, by status.
    pub(super) fn write(&self, operation: &Operation, schemas: &mut Schemas) -> BTreeMap<u16, Value> {
        let always = always(operation);
        let answer = |refusal: &Refusal| {
            let response = (self.refuse)(refusal);
            let status = response.status();
            let media_type = response.headers().get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
            let media_type = media_type.and_then(|it| it.split(';').next());
            (status, media_type.unwrap_or("application/json").to_owned())
        };
        let answers = operation.refusals.iter().chain(&always).map(answer);
        let schema = self.error.schema(schemas);
        let write = |media_type: String, reason: &str| json!({"description": reason, "content": {media_type: {"schema": schema}}});
        answers
            .map(|(status, media_type)| {
                (status.as_u16(), write(media_type, status.canonical_reason().unwrap_or_default()))
            })
            .collect()
    }
}

/// What no request is safe from: that there are too many, that the server is busy, slow or at fault, and with a body, that
/// it is none.
fn always(operation: &Operation) -> Vec<Refusal> {
    let mut refusals = vec![
        Refusal::Core(Error::new(Kind::Unavailable, "", "")),
        Refusal::Core(Error::new(Kind::RateLimited, "", "")),
        Refusal::Timeout,
        Refusal::Panicked { message: String::new() },
    ];
    if !operation.is_open {
        refusals.push(Refusal::Core(Error::no_credential()));
    }
    if let Some(body) = &operation.body {
        refusals.extend([
            Refusal::MalformedBody { message: String::new() },
            Refusal::UnsupportedMediaType { expected: body.media_type },
            Refusal::BodyTooLarge { limit: 0 },
            Refusal::BodyTimeout,
        ]);
    }
    refusals
}
