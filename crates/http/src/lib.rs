//! HTTP plumbing that the dialects share. It knows no vendor: whatever it refuses, a [`Dialect`] puts into words.
//!
//! A dialect's router is a function of [`Served`] that ends in [`enclose`]; extractors are generic over the dialect
//! ([`Authenticated`], [`Query`], [`Json`], [`Form`]), so their refusals already have its shape. The server puts
//! [`observe`] around all dialects together. Start reading at [`Refusal`].

mod authenticated;
mod bearer;
mod conditional;
mod form;
mod json;
mod layers;
mod links;
mod media_type;
mod object;
mod observe;
pub mod openapi;
mod pages;
mod query;
mod rates;
mod refusal;
mod routes;
mod segments;
mod served;
mod source;
mod taken;
mod token_endpoint;
mod unread;
mod urlencoded;
mod whence;

pub use authenticated::Authenticated;
pub use bearer::bearer;
pub use conditional::conditional;
pub use form::Form;
pub use json::{Json, JsonOrNothing, require_form};
pub use layers::{enclose, fallbacks};
pub use object::Object;
pub use observe::{Observer, RequestId, observe};
pub use pages::{Pages, Stamp};
pub use query::Query;
pub use refusal::{Dialect, Refusal, Refused};
pub use routes::Routes;
pub use segments::Segments;
pub use served::{Limits, Served, Shared};
pub use source::{Source, TrustedProxies};
pub use taken::Taken;
pub use token_endpoint::{ClientProof, TokenEndpoint, TokenError, token_error_code};
pub use urlencoded::{decode_form_text, encode_query};
pub use whence::Whence;
