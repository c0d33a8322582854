//! Pages by number.

use schemars::JsonSchema;
use serde::Serialize;
use tenantry_core::page::Start;
use tenantry_core::{Error, Result};
use tenantry_http::Query;

use crate::Dreadnode;

pub(crate) const DEFAULT_SIZE: u64 = 20;
pub(crate) const LARGEST_SIZE: u64 = 100;
/// Far behind every list, and still within what the database counts.
pub(crate) const LAST_PAGE: u64 = 1_000_000_000;

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    page: u64,
    size: u64,
}

impl Window {
    /// Reads `page` (1 without) and `page_size` (20 without). The old client says `limit` for the latter; where both
    /// are given `page_size` wins, and `limit` is not read.
    pub(crate) fn of(query: &Query<Dreadnode>) -> Result<Self> {
        let page = number(query, "page", LAST_PAGE)?.unwrap_or(1);
        let size = match number(query, "page_size", LARGEST_SIZE)? {
            Some(size) => Some(size),
            None => number(query, "limit", LARGEST_SIZE)?,
        };
        Ok(Self { page, size: size.unwrap_or(DEFAULT_SIZE) })
    }

    /// Where the core begins.
    pub(crate) const fn start(self) -> Start {
        match (self.page - 1) * self.size {
            0 => Start::Beginning,
            rows => Start::Skip { from: None, rows },
        }
    }

    /// How many rows the core gives.
    pub(crate) fn rows(self) -> usize {
        usize::try_from(self.size).unwrap_or(usize::MAX)
    }
}

/// A parameter from 1 to `largest`. The words for its faults are those of the vendor's framework.
fn number(query: &Query<Dreadnode>, name: &'static str, largest: u64) -> Result<Option<u64>> {
    let Some(text) = query.one(name)? else { return Ok(None) };
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Error::invalid(name, "int_parsing", "Input should be a valid integer"));
    }
    if text.starts_with('-') || digits.bytes().all(|byte| byte == b'0') {
        let message = "Input should be greater than or equal to 1";
        return Err(Error::invalid(name, "greater_than_equal", message));
    }
    let number = digits.parse().ok().filter(|number| *number <= largest);
    number.map(Some).ok_or_else(|| {
        let message = format!("Input should be less than or equal to {largest}");
        Error::invalid(name, "less_than_equal", message)
    })
}

/// The part of a page that is about pages.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "dreadnode.Paging")]
pub(crate) struct Paging {
    has_next: bool,
    has_previous: bool,
    limit: u64,
    page: u64,
    total: u64,
    total_pages: u64,
}

impl Paging {
    /// What this window shows of `total` rows.
    pub(crate) const fn new(window: Window, total: u64) -> Self {
        let Window { page, size } = window;
        let total_pages = total.div_ceil(size);
        Self { has_next: page < total_pages, has_previous: page > 1, limit: size, page, total, total_pages }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(text: &str) -> Result<Window> {
        Window::of(&Query::parse(text).unwrap())
    }

    #[test]
    fn reads_page_and_size() {
        for (text, page, size) in [
            ("", 1, 20),
            ("page=2&page_size=100", 2, 100),
            ("page=03&limit=1", 3, 1),
            ("page_size=5&limit=nonsense", 1, 5),
            ("page=1000000000", 1_000_000_000, 20),
            ("org_id=x", 1, 20),
        ] {
            assert_eq!(window(text).unwrap(), Window { page, size }, "{text}");
        }
    }

    #[test]
    fn names_the_parameter_and_the_rule() {
        for (text, field, rule) in [
            ("page=0", "page", "greater_than_equal"),
            ("page=-1", "page", "greater_than_equal"),
            ("page=1000000001", "page", "less_than_equal"),
            ("page=99999999999999999999", "page", "less_than_equal"),
            ("page=", "page", "int_parsing"),
            ("page=-", "page", "int_parsing"),
            ("page=1.5", "page", "int_parsing"),
            ("page=%D9%A1", "page", "int_parsing"),
            ("page=1&page=1", "page", "repeated"),
            ("page_size=0", "page_size", "greater_than_equal"),
            ("page_size=101", "page_size", "less_than_equal"),
            ("limit=101", "limit", "less_than_equal"),
        ] {
            let error = window(text).unwrap_err();
            assert_eq!((&*error.violations[0].field, error.violations[0].rule), (field, rule), "{text}");
        }
    }

    /// Page, size and total; then next, previous and the number of pages.
    #[test]
    fn tells_what_there_is_besides() {
        for (page, size, total, has_next, has_previous, total_pages) in [
            (1, 20, 0, false, false, 0),
            (1, 20, 20, false, false, 1),
            (1, 20, 21, true, false, 2),
            (2, 20, 21, false, true, 2),
            (9, 20, 21, false, true, 2),
        ] {
            let paging = Paging::new(Window { page, size }, total);
            assert_eq!(paging, Paging { has_next, has_previous, limit: size, page, total, total_pages });
        }
    }
}
