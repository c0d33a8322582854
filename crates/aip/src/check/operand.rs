//! One comparison: does the type of the field offer the operator, and is the literal of that type?

use super::judge::plain_text;
use super::literal::{self, Micros};
use super::{Checked, Comparison, Equality, Order, Predicate, Test};
use crate::error::{Error, Result, excerpt};
use crate::filter::Op;
use crate::pattern::Pattern;
use crate::schema::{EnumType, Field, FieldType};

/// A comparison whose field is known and whose right side is text.
pub(super) struct Operand {
    pub(super) field: &'static Field,
    pub(super) op: Op,
    pub(super) op_position: usize,
    pub(super) text: Pattern,
    /// Whether the literal is one word without quotes.
    pub(super) is_word: bool,
    pub(super) position: usize,
}

impl Operand {
    /// The comparison as a checked tree: mostly a single test.
    pub(super) fn check(&self) -> Result<Checked> {
        match (self.field.kind, comparison(self.op)) {
            (FieldType::Duration, Some(comparison)) => {
                let micros = self.literal("a duration such as 1.5s", literal::duration)?;
                Ok(self.at_micros(comparison, micros, Test::Duration))
            }
            (FieldType::Timestamp, Some(comparison)) => {
                let expected = "an RFC 3339 time in quotes, such as \"2026-01-31T12:00:00Z\"";
                let micros = self.literal(expected, literal::timestamp)?;
                Ok(self.at_micros(comparison, micros, Test::Timestamp))
            }
            _ => Ok(self.checked(self.test()?)),
        }
    }

    /// The comparison as one test, for all types but those of time.
    pub(super) fn test(&self) -> Result<Test> {
        match (self.field.kind, comparison(self.op)) {
            (FieldType::Text, Some(Comparison::Equality(equality))) => {
                Ok(Test::Text(equality, self.pattern()?))
            }
            (FieldType::Text, Some(Comparison::Order(order))) => Ok(Test::TextOrder(order, self.plain()?)),
            (FieldType::Keyword, Some(Comparison::Equality(equality))) => {
                Ok(Test::Keyword(equality, self.pattern()?))
            }
            (FieldType::Bool, Some(Comparison::Equality(equality))) => {
                Ok(Test::Bool(equality, self.unquoted("true or false", literal::boolean)?))
            }
            (FieldType::Enum(names), Some(Comparison::Equality(equality))) => {
                Ok(Test::Enum(equality, self.name(names)?))
            }
            (FieldType::Integer, Some(comparison)) => {
                Ok(Test::Integer(comparison, self.unquoted("a 64-bit integer", literal::integer)?))
            }
            (FieldType::Float, Some(comparison)) => {
                Ok(Test::Float(comparison, self.unquoted("a number such as 2.5 or 3e8", literal::float)?))
            }
            (FieldType::Text | FieldType::Search, None) if !self.asks_presence() => {
                Ok(Test::Contains(self.plain()?))
            }
            (kind, None) if has_presence(kind) && self.asks_presence() => Ok(Test::Present),
            (kind, _) => Err(self.not_offered(kind.operators())),
        }
    }

    /// Whether the right side is the bare star that asks whether there is anything at all.
    fn asks_presence(&self) -> bool {
        self.is_word && self.text == Pattern::from_word("*")
    }

    fn pattern(&self) -> Result<Pattern> {
        self.plain()?;
        Ok(self.text.simplified())
    }

    fn plain(&self) -> Result<String> {
        plain_text(&self.text, self.position)
    }

    fn name(&self, names: EnumType) -> Result<&'static str> {
        let all: Vec<&str> = names.names.iter().map(|name| name.name).collect();
        self.literal(&format!("one of: {}", all.join(", ")), |text| names.find(text))
    }

    /// A literal that stands without quotes, since with them it would be text.
    fn unquoted<T>(&self, expected: &str, read: impl Fn(&str) -> Option<T>) -> Result<T> {
        self.literal(expected, |text| if self.is_word { read(text) } else { None })
    }

    fn literal<T>(&self, expected: &str, read: impl Fn(&str) -> Option<T>) -> Result<T> {
        let text = self.text.to_plain();
        read(&text).ok_or_else(|| {
            let found = excerpt(&text);
            let problem = format!("expected {expected} for {}, found {found:?}", self.field.path);
            let error = Error::filter(self.position, &problem).with("field", self.field.path);
            error.with("expected", expected).with("found", found)
        })
    }

    fn not_offered(&self, offered: &str) -> Error {
        let (path, kind) = (self.field.path, self.field.kind.describe());
        let problem =
            format!("expected {offered} after the {kind} field {path}, found `{}`", self.op.as_str());
        let error = Error::filter(self.op_position, &problem).with("field", path).with("type", kind);
        error.with("expected", offered).with("found", self.op.as_str())
    }

    /// A comparison with a literal that may be finer than the microseconds that are stored: it keeps its exact meaning.
    fn at_micros(
        &self,
        comparison: Comparison,
        micros: Micros,
        test: fn(Comparison, i64) -> Test,
    ) -> Checked {
        let Micros { floor, is_exact } = micros;
        match comparison {
            Comparison::Equality(Equality::Equal) if !is_exact => Checked::Or(Vec::new()),
            Comparison::Equality(Equality::NotEqual) if !is_exact => self.checked(Test::Present),
            Comparison::Order(Order::Less) if !is_exact => {
                self.checked(test(Comparison::Order(Order::LessOrEqual), floor))
            }
            Comparison::Order(Order::GreaterOrEqual) if !is_exact => {
                self.checked(test(Comparison::Order(Order::Greater), floor))
            }
            _ => self.checked(test(comparison, floor)),
        }
    }

    fn checked(&self, test: Test) -> Checked {
        Checked::Test(Predicate { field: self.field.path, test })
    }
}

/// The operator as a comparison; `:` is none.
fn comparison(op: Op) -> Option<Comparison> {
    match op {
        Op::Equal => Some(Comparison::Equality(Equality::Equal)),
        Op::NotEqual => Some(Comparison::Equality(Equality::NotEqual)),
        Op::Less => Some(Comparison::Order(Order::Less)),
        Op::LessOrEqual => Some(Comparison::Order(Order::LessOrEqual)),
        Op::Greater => Some(Comparison::Order(Order::Greater)),
        Op::GreaterOrEqual => Some(Comparison::Order(Order::GreaterOrEqual)),
        Op::Has => None,
    }
}

/// Whether `field:*` may be asked.
fn has_presence(kind: FieldType) -> bool {
    match kind {
        FieldType::Keyword | FieldType::Bool | FieldType::Enum(_) => false,
        FieldType::Text
        | FieldType::Search
        | FieldType::Integer
        | FieldType::Float
        | FieldType::Duration
        | FieldType::Timestamp => true,
    }
}
