//! Everything that a request can be refused with, and the trait by which a dialect puts it into words.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use axum::http::header::CONNECTION;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use tenantry_core::audit::Denial;
use tenantry_core::error::Circumstances;
use tenantry_core::{Error, Kind};

/// Why there is no answer: the core said no, or the request did not even reach it.
#[derive(Debug)]
pub enum Refusal {
    /// The core, or the reading of a credential or of a body's fields.
    Core(Error),
    /// The reading of the query: the violations name its parameters. Apart from `Core` for dialects that say where a
    /// parameter stood.
    Query(Error),
    /// No route has this path.
    UnknownRoute,
    /// The path has a route, but not with this method. The answer gets its `Allow` header by itself.
    MethodNotAllowed,
    /// The body has more bytes than are read.
    BodyTooLarge {
        /// How many are read.
        limit: usize,
    },
    /// The body did not come in time. The answer ends the connection.
    BodyTimeout,
    /// The body is of another media type than the route reads, or of none.
    UnsupportedMediaType {
        /// The one it reads.
        expected: &'static str,
    },
    /// The body is not of its media type's form.
    MalformedBody {
        /// What is wrong; may be shown to the client.
        message: String,
    },
    /// The answer took longer than a request may take. What was written counts as a whole or not at all.
    Timeout,
    /// A fault of ours.
    Panicked {
        /// What the panic said; for the log alone.
        message: String,
    },
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl Refusal {
    /// The error behind it, if there is one.
    pub const fn error(&self) -> Option<&Error> {
        match self {
            Self::Core(error) | Self::Query(error) => Some(error),
            Self::UnknownRoute
            | Self::MethodNotAllowed
            | Self::BodyTooLarge { .. }
            | Self::BodyTimeout
            | Self::UnsupportedMediaType { .. }
            | Self::MalformedBody { .. }
            | Self::Timeout
            | Self::Panicked { .. } => None,
        }
    }

    /// What only the log may see of it, if it is a fault that somebody should look at.
    pub(crate) fn fault(&self) -> Option<Fault> {
        let text = match self {
            Self::Core(error) | Self::Query(error) => {
                let source = std::error::Error::source(error);
                if source.is_none() && error.kind != Kind::Internal {
                    return None;
                }
                let mut text = error.to_string();
                let mut next = source;
                while let Some(cause) = next {
                    text = format!("{text}: {cause}");
                    next = cause.source();
                }
                text
            }
            Self::Panicked { message } => format!("panicked: {message}"),
            Self::Timeout => "the request took too long".to_owned(),
            Self::UnknownRoute
            | Self::MethodNotAllowed
            | Self::BodyTooLarge { .. }
            | Self::BodyTimeout
            | Self::UnsupportedMediaType { .. }
            | Self::MalformedBody { .. } => return None,
        };
        Some(Fault(text.into()))
    }
}

/// The text of a fault, on its way to the log as an extension of the response.
#[derive(Clone, Debug)]
pub(crate) struct Fault(pub(crate) Arc<str>);

/// How somebody was refused, on its way to the record of denied attempts as an extension of the response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Denied {
    pub(crate) denial: Denial,
    pub(crate) circumstances: Circumstances,
}

impl Denied {
    fn of(error: &Error) -> Option<Self> {
        Denial::of(error).map(|denial| Self { denial, circumstances: error.circumstances() })
    }
}

/// How one vendor's API frames refusals and carries credentials.
pub trait Dialect: Send + Sync + 'static {
    /// The answer to a request that is refused. The one place with the vendor's words for errors.
    fn refuse(refusal: &Refusal) -> Response;

    /// The secret that came with the request; `None` when there is none.
    ///
    /// # Errors
    /// [`Error::bad_credential`] when there is something that cannot be one.
    fn credential(headers: &HeaderMap) -> Result<Option<String>, Error>;
}

/// A refusal on its way into the dialect's words. Handlers return it as their error; `?` makes it from the core's.
pub struct Refused<D> {
    refusal: Box<Refusal>,
    dialect: PhantomData<fn() -> D>,
}

impl<D> Refused<D> {
    /// What was refused.
    pub const fn refusal(&self) -> &Refusal {
        &self.refusal
    }
}

impl<D, R: Into<Refusal>> From<R> for Refused<D> {
    fn from(refusal: R) -> Self {
        Self { refusal: Box::new(refusal.into()), dialect: PhantomData }
    }
}

impl<D> Refused<D> {
    /// The error behind it, if there is one.
    pub fn error(&self) -> Option<&Error> {
        self.refusal.error()
    }
}

impl<D> fmt::Debug for Refused<D> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.refusal.fmt(out)
    }
}

impl<D: Dialect> IntoResponse for Refused<D> {
    fn into_response(self) -> Response {
        let mut response = D::refuse(&self.refusal);
        if matches!(*self.refusal, Refusal::BodyTimeout) {
            // What is left of the body would be taken for the next request.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(fault) = self.refusal.fault() {
            response.extensions_mut().insert(fault);
        }
        if let Some(denied) = self.refusal.error().and_then(Denied::of) {
            response.extensions_mut().insert(denied);
        }
        response
    }
}
