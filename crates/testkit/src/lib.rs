//! What tests share. Dev only: a crate may have it as a dev-dependency and in no other way.
//!
//! A test that cannot have what it needs panics with a sentence that says what to do, since nobody handles its errors.

pub mod answer;
pub mod away;
pub mod chance;
pub mod clock;
pub mod estate;
pub mod issuers;
pub mod meanwhile;
pub mod postgres;
pub mod servers;
mod work;

pub use estate::{Member, TestCore};
