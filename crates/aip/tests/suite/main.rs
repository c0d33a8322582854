//! The rules of filters, order and pages, seen from outside. One file for each set of rules.

mod evaluation;
mod fields;
mod literals;
mod round_trip;
mod structure;
mod syntax_errors;
mod tokens;
