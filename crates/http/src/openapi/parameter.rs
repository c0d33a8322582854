//! Parameters of a query, and headers of a request.

use serde_json::{Value, json};

/// One thing that a request may bring beside its path and body.
#[derive(Clone, Debug)]
pub struct Parameter {
    place: &'static str,
    pub(super) name: &'static str,
    about: String,
    schema: Value,
    required: bool,
    more: Option<(&'static str, Value)>,
}

impl Parameter {
    /// A parameter of the query. What it is, it is once: no parameter here is a list of several of its name.
    pub fn query(name: &'static str, about: impl Into<String>, schema: Value) -> Self {
        Self { place: "query", name, about: about.into(), schema, required: false, more: None }
    }

    /// A header.
    pub fn header(name: &'static str, about: impl Into<String>, schema: Value) -> Self {
        Self { place: "header", ..Self::query(name, about, schema) }
    }

    /// The same, without which the request is refused.
    pub fn needed(self) -> Self {
        Self { required: true, ..self }
    }

    /// The same with a member that OpenAPI does not know, whose name begins with `x-`: what a program can read of it.
    pub fn with(self, name: &'static str, value: Value) -> Self {
        Self { more: Some((name, value)), ..self }
    }

    /// The same that no request may leave out.
    pub fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// A parameter of the path.
    pub(crate) fn path(name: &'static str, about: &str, schema: Value) -> Self {
        Self { place: "path", required: true, ..Self::query(name, about, schema) }
    }

    pub(super) fn is_of_query(&self) -> bool {
        self.place == "query"
    }

    pub(crate) fn write(&self) -> Value {
        let mut written = json!({
            "name": self.name,
            "in": self.place,
            "description": self.about,
            "schema": self.schema,
        });
        if self.required {
            written["required"] = true.into();
        }
        if let Some((name, value)) = &self.more {
            written[name] = value.clone();
        }
        written
    }
}
