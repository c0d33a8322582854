//! AIP-160 filters, AIP-132 `order_by` and AIP-158 page tokens: a library of its own that knows nothing of tenancy.

pub mod check;
mod error;
pub mod filter;
pub mod fold;
mod pattern;
mod schema;

pub use check::Checked;
pub use error::{Error, Reason, Result};
pub use filter::Filter;
pub use pattern::Pattern;
pub use schema::{EnumName, EnumType, Field, FieldType, Schema};
