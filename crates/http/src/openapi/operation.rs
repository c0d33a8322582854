//! One operation: what it is for, what it takes, and what it answers.

use axum::http::Method;
use serde_json::json;
use tenantry_core::{Error, Kind};

use super::{Framing, Parameter, Shape};
use crate::{Refusal, Taken};

/// An operation in words, on its way into the document.
pub struct Operation {
    pub(super) name: &'static str,
    pub(super) summary: &'static str,
    pub(super) about: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<Body>,
    pub(super) answers: Vec<Answer>,
    pub(super) refusals: Vec<Refusal>,
    pub(super) framing: Option<Framing>,
    pub(super) is_open: bool,
    pub(crate) ignores_unknown: bool,
}

pub(super) struct Body {
    pub(super) media_type: &'static str,
    pub(super) shape: Shape,
    pub(super) is_required: bool,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) about: &'static str,
    pub(super) media_type: &'static str,
    pub(super) shape: Option<Shape>,
}

impl Operation {
    /// An operation that is called like its handler, which is its own among those of its dialect.
    pub const fn new(name: &'static str, summary: &'static str) -> Self {
        Self {
            name,
            summary,
            about: String::new(),
            parameters: Vec::new(),
            body: None,
            answers: Vec::new(),
            refusals: Vec::new(),
            framing: None,
            is_open: false,
            ignores_unknown: false,
        }
    }

    /// More of what it is for.
    pub fn about(self, text: impl Into<String>) -> Self {
        Self { about: text.into(), ..self }
    }

    /// What a request may bring beside the parameters of its path, which the route tells.
    pub fn takes(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    /// The body that it needs.
    pub fn reads(self, media_type: &'static str, shape: Shape) -> Self {
        Self { body: Some(Body { media_type, shape, is_required: true }), ..self }
    }

    /// A body that may be left out.
    pub fn may_read(self, media_type: &'static str, shape: Shape) -> Self {
        Self { body: Some(Body { media_type, shape, is_required: false }), ..self }
    }

    /// An answer in JSON.
    pub fn answers(mut self, status: u16, about: &'static str, shape: Shape) -> Self {
        self.answers.push(Answer { status, about, media_type: "application/json", shape: Some(shape) });
        self
    }

    /// An answer in text of another media type, such as a page for people.
    pub fn answers_text(mut self, status: u16, about: &'static str, media_type: &'static str) -> Self {
        let shape = Some(Shape::made(|_| json!({"type": "string"})));
        self.answers.push(Answer { status, about, media_type, shape });
        self
    }

    /// An answer without a body.
    pub fn answers_nothing(mut self, status: u16, about: &'static str) -> Self {
        self.answers.push(Answer { status, about, media_type: "", shape: None });
        self
    }

    /// For which reasons it refuses, beside those that no request is safe from.
    pub fn refuses(mut self, kinds: &[Kind]) -> Self {
        self.refusals.extend(kinds.iter().map(|kind| Refusal::Core(Error::new(*kind, "", ""))));
        self
    }

    /// One more reason, which its kind alone does not tell.
    pub fn refuses_with(mut self, refusal: Refusal) -> Self {
        self.refusals.push(refusal);
        self
    }

    /// It frames refusals in another way than the rest of its dialect.
    pub fn framed(self, framing: Framing) -> Self {
        Self { framing: Some(framing), ..self }
    }

    /// It asks for no credential.
    pub fn open(self) -> Self {
        Self { is_open: true, ..self }
    }

    /// It ignores parameters that it does not take, also where the rest of its dialect refuses them.
    pub fn ignores_unknown_parameters(self) -> Self {
        Self { ignores_unknown: true, ..self }
    }

    /// The names of the parameters that it takes in the query.
    pub(crate) fn query_parameters(&self) -> impl Iterator<Item = &'static str> {
        self.parameters.iter().filter(|parameter| parameter.is_of_query()).map(|parameter| parameter.name)
    }
}

/// The operations of one route: one, or custom methods (AIP-136), whose names follow the path behind a colon.
pub struct Operations(Vec<(&'static str, Operation)>);

impl From<Operation> for Operations {
    fn from(operation: Operation) -> Self {
        Self(vec![("", operation)])
    }
}

impl<const N: usize> From<[(&'static str, Operation); N]> for Operations {
    fn from(methods: [(&'static str, Operation); N]) -> Self {
        Self(methods.into())
    }
}

/// An operation at its place.
pub struct Described {
    /// Its method.
    pub method: Method,
    /// The template of its path, custom method and all.
    pub path: String,
    /// What it is.
    pub operation: Operation,
}

impl Operations {
    /// What they take in the query.
    pub(crate) fn taken(&self) -> Taken {
        Taken::by(&self.0)
    }

    /// The operations of a route.
    pub(crate) fn at(self, method: &Method, route: &str) -> impl Iterator<Item = Described> {
        self.0.into_iter().map(move |(custom, operation)| {
            let path = if custom.is_empty() { route.to_owned() } else { format!("{route}:{custom}") };
            Described { method: method.clone(), path, operation }
        })
    }
}
