//! Pages by offset and the links between them. Addresses are absolute, since the client takes no others.

use schemars::JsonSchema;
use serde::Serialize;
use tenantry_core::page::Start;
use tenantry_core::{Error, Result};
use tenantry_http::{Query, encode_query};

use crate::Evo;

pub(crate) const DEFAULT_LIMIT: u64 = 20;
/// A larger page is refused, not cut: the client steps by the limit that it asked for, and would lose rows.
pub(crate) const LARGEST_LIMIT: u64 = 1000;
pub(crate) const LARGEST_OFFSET: u64 = i64::MAX as u64;

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) limit: u64,
    pub(crate) offset: u64,
}

impl Window {
    /// Reads `limit` (0 to 1,000, 20 without) and `offset` (0 without).
    pub(crate) fn of(query: &Query<Evo>) -> Result<Self> {
        let number = |name, default, largest| {
            let Some(text) = query.one(name)? else { return Ok(default) };
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = digits.then(|| text.parse().ok()).flatten().filter(|number| *number <= largest);
            number.ok_or_else(|| {
                Error::invalid(name, "integer", format!("expected an integer from 0 to {largest}"))
            })
        };
        Ok(Self {
            limit: number("limit", DEFAULT_LIMIT, LARGEST_LIMIT)?,
            offset: number("offset", 0, LARGEST_OFFSET)?,
        })
    }

    /// Where the core begins.
    pub(crate) const fn start(self) -> Start {
        if self.offset == 0 { Start::Beginning } else { Start::Skip { from: None, rows: self.offset } }
    }

    /// How many rows the core gives.
    pub(crate) fn rows(self) -> usize {
        usize::try_from(self.limit).unwrap_or(usize::MAX)
    }
}

/// The part of a page that is about pages.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "evo.PageLinks")]
pub(crate) struct PageLinks {
    count: usize,
    total: u64,
    first: String,
    last: String,
    next: Option<String>,
    previous: Option<String>,
}

impl PageLinks {
    /// The links of a page: `address` is without a query, of the given parameters those are kept that the list knows.
    pub(crate) fn new(
        address: &str,
        query: &Query<Evo>,
        is_known: fn(&str) -> bool,
        window: Window,
        (count, total): (usize, u64),
    ) -> Self {
        let Window { limit, offset } = window;
        let kept: Vec<_> = query.pairs().filter(|(name, _)| is_known(name)).collect();
        let link = |offset: u64| {
            let (limit, offset) = (limit.to_string(), offset.to_string());
            let pairs = kept.iter().copied().chain([("limit", &*limit), ("offset", &*offset)]);
            format!("{address}?{}", encode_query(pairs))
        };
        let last = total.saturating_sub(1).checked_div(limit).unwrap_or_default() * limit;
        let has_next = limit > 0 && offset.saturating_add(limit) < total;
        let has_previous = limit > 0 && offset > 0;
        Self {
            count,
            total,
            first: link(0),
            last: link(last),
            next: has_next.then(|| link(offset + limit)),
            // From behind the end it leads to the last page, not to another empty one.
            previous: has_previous.then(|| link(offset.saturating_sub(limit).min(last))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query<Evo> {
        Query::parse(text).unwrap()
    }

    #[test]
    fn reads_limit_and_offset() {
        for (text, limit, offset) in [
            ("", 20, 0),
            ("limit=0", 0, 0),
            ("limit=100&offset=3", 100, 3),
            ("limit=1000", 1000, 0),
            ("offset=9223372036854775807", 20, i64::MAX as u64),
        ] {
            assert_eq!(Window::of(&query(text)).unwrap(), Window { limit, offset }, "{text}");
        }
        for (text, name) in [
            ("limit=", "limit"),
            ("limit=-1", "limit"),
            ("limit=%2B1", "limit"),
            ("limit=1.0", "limit"),
            ("limit=ten", "limit"),
            ("limit=1001", "limit"),
            ("limit=1&limit=1", "limit"),
            ("offset=-1", "offset"),
            ("offset=9223372036854775808", "offset"),
            ("offset=99999999999999999999", "offset"),
        ] {
            assert_eq!(Window::of(&query(text)).unwrap_err().violations[0].field, name, "{text}");
        }
    }

    /// Total, limit and offset; then the offsets of last, next and previous.
    #[test]
    fn links_lead_through_the_list() {
        type Case = (u64, u64, u64, u64, Option<u64>, Option<u64>);
        let cases: [Case; 11] = [
            (0, 20, 0, 0, None, None),
            (1, 20, 0, 0, None, None),
            (20, 20, 0, 0, None, None),
            (21, 20, 0, 20, Some(20), None),
            (45, 20, 20, 40, Some(40), Some(0)),
            (45, 20, 40, 40, None, Some(20)),
            (45, 20, 5, 40, Some(25), Some(0)),
            (45, 20, 999, 40, None, Some(40)),
            (0, 20, 999, 0, None, Some(0)),
            (45, 0, 0, 0, None, None),
            (45, 20, i64::MAX as u64, 40, None, Some(40)),
        ];
        for (total, limit, offset, last, next, previous) in cases {
            let to = |offset: u64| format!("https://x/list?limit={limit}&offset={offset}");
            let links =
                PageLinks::new("https://x/list", &query(""), |_| true, Window { limit, offset }, (0, total));
            assert_eq!(links.first, to(0));
            assert_eq!(
                (links.last, links.next, links.previous),
                (to(last), next.map(to), previous.map(to)),
                "{total} {limit} {offset}"
            );
        }
    }

    #[test]
    fn links_keep_the_query_that_the_list_knows() {
        let query =
            query("filter%5Bname%5D=a%20b&x=1&offset=1&created_at=gt:2026-01-01&created_at=lt:2027-01-01");
        let window = Window { limit: 2, offset: 1 };
        let links = PageLinks::new(
            "/l",
            &query,
            |name| matches!(name, "filter[name]" | "created_at"),
            window,
            (0, 0),
        );
        assert_eq!(
            links.first,
            "/l?filter%5Bname%5D=a+b&created_at=gt%3A2026-01-01&created_at=lt%3A2027-01-01&limit=2&offset=0"
        );
    }
}
