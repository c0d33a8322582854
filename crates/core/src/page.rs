//! Pages: keyset inside, with a total order always (sort keys, then id); skipping rows is only for dialects that have
//! offsets.

use uuid::Uuid;

/// A key by which a list is sorted, and its direction. The id breaks ties, ascending in every order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Order<F> {
    /// The field of the resource.
    pub field: F,
    /// Largest first.
    pub descending: bool,
}

impl<F> Order<F> {
    /// Smallest first.
    pub const fn ascending(field: F) -> Self {
        Self { field, descending: false }
    }

    /// Largest first.
    pub const fn descending(field: F) -> Self {
        Self { field, descending: true }
    }
}

/// The value of a sort key of one row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyValue {
    /// A number, a point in time or a flag.
    Int(i64),
    /// A text, compared by code point.
    Text(String),
}

/// The place of one row in an order: the values of its sort keys, then its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// One value for each key of the order.
    pub keys: Vec<KeyValue>,
    /// The row's id.
    pub id: Uuid,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Start {
    /// At the first row.
    #[default]
    Beginning,
    /// Behind this row.
    After(Cursor),
    /// This many rows behind the place, or behind the first row.
    Skip {
        /// A known place before the page.
        from: Option<Cursor>,
        /// How many rows to pass over from there.
        rows: u64,
    },
}

/// Which page of which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest<F> {
    /// The sort keys, first the most important. Never empty.
    pub order: Vec<Order<F>>,
    /// Where the page begins.
    pub start: Start,
    /// At most so many rows.
    pub limit: usize,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The place of the last row when more rows follow.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Cuts a page from rows that were read with one more than `limit`, which tells whether more follow.
    pub fn cut(mut rows: Vec<T>, limit: usize, cursor: impl FnOnce(&T) -> Cursor) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(cursor) } else { None };
        Self { items: rows, next }
    }

    /// The same page with every row turned into something else.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}
