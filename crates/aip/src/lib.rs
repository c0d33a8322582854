//! AIP-160 filters, AIP-132 `order_by` and AIP-158 page tokens: a library of its own that knows nothing of tenancy.
//!
//! A list request brings four texts, and each has its room here:
//!
//! - `filter`: [`Filter`] knows the grammar, [`Schema`] the fields of the list; together they make a [`Checked`] tree
//!   of typed values, ready to be bound as parameters.
//! - `order_by`: [`order::parse`].
//! - `page_size` and `page_token`: [`page`].
//! - field masks: [`Mask`].
//!
//! Whatever is refused comes back as [`Error`]. Nothing here does I/O, reads a clock or draws random bytes.

pub mod check;
mod error;
pub mod filter;
pub mod fold;
pub mod mask;
pub mod order;
pub mod page;
mod pattern;
mod schema;

pub use check::Checked;
pub use error::{Error, Reason, Result};
pub use filter::Filter;
pub use mask::Mask;
pub use order::OrderKey;
pub use pattern::Pattern;
pub use schema::{EnumName, EnumType, Field, FieldType, Schema};
