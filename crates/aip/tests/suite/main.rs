//! The rules of filters, order and pages, seen from outside. One file for each set of rules.

mod corpus;
mod evaluation;
mod fields;
mod fuzzed_filter;
mod fuzzed_page_token;
mod literals;
mod round_trip;
mod structure;
mod syntax_errors;
mod tokens;
