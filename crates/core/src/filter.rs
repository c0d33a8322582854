//! Filters as data: a dialect's codec makes them from its own words, the store compiles them to parameters.
//!
//! `F` is the list of fields that a resource allows to be filtered, so an unknown field cannot be written down.

use uuid::Uuid;

use crate::page::PageRequest;

/// Which rows of a list are wanted.
#[derive(Clone, Debug)]
pub struct ListQuery<F> {
    /// The condition.
    pub filter: Filter<F>,
    /// The page.
    pub page: PageRequest<F>,
}

impl<F> From<PageRequest<F>> for ListQuery<F> {
    fn from(page: PageRequest<F>) -> Self {
        Self { filter: Filter::All, page }
    }
}

/// A condition on the rows of a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Filter<F> {
    /// Every row.
    All,
    /// Rows that fulfil each of these.
    And(Vec<Filter<F>>),
    /// Rows that fulfil one of these at least.
    Or(Vec<Filter<F>>),
    /// Rows that do not fulfil this.
    Not(Box<Filter<F>>),
    /// Rows whose field fulfils the test.
    Is(F, Test),
}

/// A test of one field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    /// The text compares so, by code point.
    Text(Comparison, String),
    /// The text is made of these pieces with anything in between: `a*b` is `["a", "b"]`, `*` is `["", ""]`.
    Like(Vec<String>),
    /// The text has this part, without regard to case.
    Contains(String),
    /// The text, without regard to case, is this.
    Folded(String),
    /// The number or time (in microseconds) compares so.
    Int(Comparison, i64),
    /// The id is this.
    Id(Uuid),
    /// There is a value, and it is not empty.
    Present,
}

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// Equal.
    Equal,
    /// Less than.
    Less,
    /// Less than or equal.
    LessOrEqual,
    /// Greater than.
    Greater,
    /// Greater than or equal.
    GreaterOrEqual,
}

impl<F> Filter<F> {
    /// Both conditions.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, only) | (only, Self::All) => only,
            (Self::And(mut all), one) => {
                all.push(one);
                Self::And(all)
            }
            (first, second) => Self::And(vec![first, second]),
        }
    }

    /// Whether it tests any field of this kind.
    pub fn any_field(&self, is_one: impl Fn(F) -> bool + Copy) -> bool
    where
        F: Copy,
    {
        match self {
            Self::All => false,
            Self::And(parts) | Self::Or(parts) => parts.iter().any(|part| part.any_field(is_one)),
            Self::Not(part) => part.any_field(is_one),
            Self::Is(field, _) => is_one(*field),
        }
    }

    /// Not this condition.
    #[expect(clippy::should_implement_trait, reason = "reads as the word of the filter language")]
    pub fn not(self) -> Self {
        Self::Not(Box::new(self))
    }
}
