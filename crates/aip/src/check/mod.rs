//! A filter held against a list's schema: every field known, every operator offered, every literal of its type.
//!
//! The whole tree is judged, also where it could not matter, and before any row is touched. What comes out is plain data
//! without a trace of the text; whoever compiles it binds the values as parameters. Start reading at [`Schema::check`].

mod judge;
mod literal;
mod operand;

use crate::error::Result;
use crate::filter::Filter;
use crate::pattern::Pattern;
use crate::schema::Schema;

/// A filter whose every part is known to make sense.
#[derive(Clone, Debug, PartialEq)]
pub enum Checked {
    /// All of these hold; of none, that is true.
    And(Vec<Checked>),
    /// At least one of these holds; of none, that is false.
    Or(Vec<Checked>),
    /// This does not hold.
    Not(Box<Checked>),
    /// One field passes one test.
    Test(Predicate),
}

/// A test of one field. A row whose field is unset passes none of them, not even `!=`.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicate {
    /// The path from the schema.
    pub field: &'static str,
    /// What is asked of its value.
    pub test: Test,
}

/// What a predicate asks, with values already parsed. Which of them occur follows from the field's type.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Text: the whole value fits the pattern, case and all, or does not.
    Text(Equality, Pattern),
    /// Keyword: like text, but case ignored.
    Keyword(Equality, Pattern),
    /// Text: where the value stands in code point order.
    TextOrder(Order, String),
    /// Text: this is part of the value, case ignored. `%`, `_`, `\` and `*` are ordinary characters.
    Contains(String),
    /// The value is set and, where it can be empty, not empty.
    Present,
    /// Boolean.
    Bool(Equality, bool),
    /// Enumeration, by the name from the schema.
    Enum(Equality, &'static str),
    /// Integer.
    Integer(Comparison, i64),
    /// Float, never infinite nor NaN.
    Float(Comparison, f64),
    /// Duration in microseconds.
    Duration(Comparison, i64),
    /// Microseconds since 1970-01-01T00:00:00Z.
    Timestamp(Comparison, i64),
}

/// Equal or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Equality {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
}

/// Before or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// Either of the two, for values that have both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=` or `!=`
    Equality(Equality),
    /// `<`, `<=`, `>` or `>=`
    Order(Order),
}

impl Comparison {
    /// The operator as written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equality(equality) => equality.as_str(),
            Self::Order(order) => order.as_str(),
        }
    }
}

impl Equality {
    /// The operator as written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
        }
    }
}

impl Order {
    /// The operator as written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

impl Schema {
    /// Checks a filter; the blank one has nothing to check.
    pub fn check(&self, filter: &Filter) -> Result<Option<Checked>> {
        filter.root().map(|root| judge::expr(self, root)).transpose()
    }

    /// Parses and checks in one go.
    pub fn read(&self, text: &str) -> Result<Option<Checked>> {
        self.check(&Filter::parse(text)?)
    }
}
