//! Filters by the grammar of AIP-160: text in, tree out. Fields, types and meaning belong to [`crate::check`].
//!
//! Mind that `OR` binds tighter than `AND`: `a AND b OR c` is `a AND (b OR c)`. The grammar stands above each rule in
//! `parser.rs`; start reading at [`Filter::parse`].

mod ast;
mod canonical;
mod escape;
mod lexer;
mod operand;
mod parser;
mod print;

use std::fmt;

use crate::error::{Error, Result};
pub use ast::{Arg, Comparable, Comparison, Expr, Form, Op, Value};
pub(crate) use operand::{is_keyword, missing_space};

/// The longest filter that is read, in bytes.
pub const MAX_BYTES: usize = 8 * 1024;
/// How deep groups and calls may nest.
pub const MAX_DEPTH: usize = 32;
/// How many comparisons a filter may hold; a literal that stands alone counts as one.
pub const MAX_COMPARISONS: usize = 200;

/// A filter that follows the grammar. The default is the blank filter, which lets everything pass.
///
/// Its `Display` form is a normal form: filters that differ only in spacing, needless parentheses, quotes or escapes
/// print alike, and the blank filter prints nothing. It parses back to the same tree and is never longer than what was
/// parsed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    root: Option<Expr>,
}

impl Filter {
    /// Reads a filter. Blank text is the blank filter.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > MAX_BYTES {
            let position = text.char_indices().take_while(|(at, c)| at + c.len_utf8() <= MAX_BYTES).count();
            let problem = format!("expected at most {MAX_BYTES} bytes");
            return Err(Error::filter(position, &problem).with("limit", MAX_BYTES.to_string()));
        }
        Ok(Self { root: parser::parse(text)? })
    }

    /// Reads a filter that may not even be UTF-8.
    pub fn parse_bytes(bytes: &[u8]) -> Result<Self> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::parse(text),
            Err(error) => {
                let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
                Err(Error::filter(valid.chars().count(), "expected UTF-8"))
            }
        }
    }

    /// A filter made of a tree rather than of text.
    pub fn from_expr(root: Expr) -> Self {
        Self { root: Some(root) }
    }

    /// The tree, unless the filter is blank.
    pub fn root(&self) -> Option<&Expr> {
        self.root.as_ref()
    }

    /// The structure as plain JSON, for debugging and for test vectors:
    /// `null`, `["and"|"seq"|"or", x, ...]`, `["not", x]`, `["cmp", op, left, right]`, `["text", s]`, `["str", s]`,
    /// `["member", base, "field", ...]`, `["call", "name", arg, ...]`.
    ///
    /// An escaped star keeps its backslash there; everything else is resolved.
    pub fn to_canonical(&self) -> serde_json::Value {
        self.root.as_ref().map_or(serde_json::Value::Null, canonical::expr)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.as_ref().map_or(Ok(()), |root| print::expr(f, root))
    }
}
