//! The document of the API (OpenAPI 3.1): what each route takes and answers.
//!
//! An [`Operation`] is told where its route is added ([`crate::Routes::route`]), so that there is no second list of
//! routes. It says what no code can tell: what the operation is for, what it takes, and for which reasons it refuses.
//! What can be taken from that which serves is taken from there: method, path and its parameters from the route, the
//! statuses and media types of refusals from the dialect that frames them, schemas from the types that serde writes and
//! reads. An [`Api`] is a dialect of the document, [`document`] writes it.

mod api;
mod document;
mod operation;
mod parameter;
mod refusals;
mod shape;

pub use api::Api;
pub use document::{Contents, document};
pub use operation::{Described, Operation, Operations};
pub use parameter::Parameter;
pub use refusals::Framing;
pub use shape::{Schemas, Shape};
