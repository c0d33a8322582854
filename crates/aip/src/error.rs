//! What a client is told when one of its list parameters cannot be understood.

use std::fmt;

/// The result of reading a parameter.
pub type Result<T> = std::result::Result<T, Error>;

/// A refused parameter: which one, where, and what was expected instead.
///
/// Not tied to any protocol. Whoever frames it finds the sentence in [`Error::message`] and, as AIP-193 asks, every
/// dynamic part of that sentence again in [`Error::metadata`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    parameter: &'static str,
    reason: Reason,
    position: Option<usize>,
    message: String,
    details: Vec<(&'static str, String)>,
}

/// The machine-readable word for an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// `INVALID_FILTER`
    InvalidFilter,
    /// `INVALID_ORDER_BY`
    InvalidOrderBy,
    /// `INVALID_PAGE_SIZE`
    InvalidPageSize,
    /// `INVALID_PAGE_TOKEN`
    InvalidPageToken,
    /// `INVALID_FIELD_MASK`
    InvalidFieldMask,
}

impl Reason {
    /// The word as it travels to the client.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "INVALID_FILTER",
            Self::InvalidOrderBy => "INVALID_ORDER_BY",
            Self::InvalidPageSize => "INVALID_PAGE_SIZE",
            Self::InvalidPageToken => "INVALID_PAGE_TOKEN",
            Self::InvalidFieldMask => "INVALID_FIELD_MASK",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Error {
    /// `problem` continues the sentence that names parameter and position; it carries no full stop.
    fn new(reason: Reason, parameter: &'static str, position: Option<usize>, problem: &str) -> Self {
        let message = match position {
            Some(position) => format!("Invalid {parameter} at position {position}: {problem}."),
            None => format!("Invalid {parameter}: {problem}."),
        };
        Self { parameter, reason, position, message, details: Vec::new() }
    }

    pub(crate) fn filter(position: usize, problem: &str) -> Self {
        Self::new(Reason::InvalidFilter, "filter", Some(position), problem)
    }

    pub(crate) fn order_by(position: usize, problem: &str) -> Self {
        Self::new(Reason::InvalidOrderBy, "order_by", Some(position), problem)
    }

    pub(crate) fn page_size(problem: &str) -> Self {
        Self::new(Reason::InvalidPageSize, "page_size", None, problem)
    }

    pub(crate) fn page_token(problem: &str) -> Self {
        Self::new(Reason::InvalidPageToken, "page_token", None, problem)
    }

    pub(crate) fn field_mask(parameter: &'static str, position: usize, problem: &str) -> Self {
        Self::new(Reason::InvalidFieldMask, parameter, Some(position), problem)
    }

    /// Repeats a dynamic part of the message for machines.
    pub(crate) fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.details.push((key, value.into()));
        self
    }

    /// Appends a piece of advice, unless the error already carries one: the innermost knows best.
    pub(crate) fn advise(mut self, advice: &str) -> Self {
        if self.details.iter().all(|(key, _)| *key != "advice") {
            self.message = format!("{}; {advice}.", self.message.trim_end_matches('.'));
            self.details.push(("advice", advice.to_owned()));
        }
        self
    }

    /// The name of the refused parameter, such as `filter`.
    pub fn parameter(&self) -> &'static str {
        self.parameter
    }

    /// The machine-readable reason.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Code points before the first character that could not continue, where a position makes sense.
    pub fn position(&self) -> Option<usize> {
        self.position
    }

    /// One sentence for a human: parameter, position, and what was expected.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Every dynamic part of the message by name: `parameter`, `position` if there is one, and for example `field`.
    pub fn metadata(&self) -> Vec<(&'static str, String)> {
        let mut metadata = vec![("parameter", self.parameter.to_owned())];
        metadata.extend(self.position.map(|position| ("position", position.to_string())));
        metadata.extend(self.details.iter().cloned());
        metadata
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// A client's text as it may stand in a message: bounded, since an error should not echo kilobytes.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 64;
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
