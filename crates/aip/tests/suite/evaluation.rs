//! Checked filters run over rows in memory, against answers found another way.

use proptest::prelude::*;
use tenantry_aip::check::{Checked, Equality, Order, Test};
use tenantry_aip::fold::simple_fold;
use tenantry_aip::{Field, FieldType, Filter, Pattern, Schema};

const PAIRS: Schema =
    Schema::new(&[Field::new("x", FieldType::Text), Field::new("y", FieldType::Text)], &["x", "y"]);

/// A row with two texts, either of which may be unset.
type Row = (Option<String>, Option<String>);

/// What a store does with a checked filter, for text fields.
fn holds(checked: &Checked, row: &Row) -> bool {
    match checked {
        Checked::And(parts) => parts.iter().all(|part| holds(part, row)),
        Checked::Or(parts) => parts.iter().any(|part| holds(part, row)),
        Checked::Not(inner) => !holds(inner, row),
        Checked::Test(predicate) => {
            let value = if predicate.field == "x" { &row.0 } else { &row.1 };
            value.as_ref().is_some_and(|value| passes(&predicate.test, value))
        }
    }
}

fn passes(asked: &Test, value: &str) -> bool {
    match asked {
        Test::Text(Equality::Equal, pattern) => pattern.matches(value),
        Test::Text(Equality::NotEqual, pattern) => !pattern.matches(value),
        Test::TextOrder(Order::Less, text) => value < text.as_str(),
        Test::TextOrder(Order::LessOrEqual, text) => value <= text.as_str(),
        Test::TextOrder(Order::Greater, text) => value > text.as_str(),
        Test::TextOrder(Order::GreaterOrEqual, text) => value >= text.as_str(),
        Test::Contains(part) => simple_fold(value).contains(&simple_fold(part)),
        Test::Present => !value.is_empty(),
        other => panic!("no text field is asked {other:?}"),
    }
}

/// Wildcards by their definition, one character at a time: a star takes nothing, or one more character.
fn naive(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['*', rest @ ..], _) if naive(rest, text) => true,
        (['*', ..], [_, text @ ..]) => naive(pattern, text),
        ([p, rest @ ..], [t, text @ ..]) => p == t && naive(rest, text),
        _ => false,
    }
}

/// The expected answer together with the text of a filter; built side by side, so that neither depends on the other.
#[derive(Clone, Debug)]
enum Question {
    Compare { field: char, op: &'static str, literal: String },
    Bare(String),
    Not(Box<Question>),
    All(Vec<Question>),
    Any(Vec<Question>),
}

impl Question {
    fn text(&self) -> String {
        let joined = |parts: &[Question], between: &str| {
            let parts: Vec<String> = parts.iter().map(|part| format!("({})", part.text())).collect();
            parts.join(between)
        };
        match self {
            Self::Compare { field, op, literal } => format!("{field} {op} \"{literal}\""),
            Self::Bare(literal) => format!("\"{literal}\""),
            Self::Not(inner) => format!("NOT ({})", inner.text()),
            Self::All(parts) => joined(parts, " AND "),
            Self::Any(parts) => joined(parts, " OR "),
        }
    }

    fn answer(&self, row: &Row) -> bool {
        match self {
            Self::Compare { field, op, literal } => {
                let Some(value) = (if *field == 'x' { &row.0 } else { &row.1 }) else {
                    return false;
                };
                let chars = |text: &str| text.chars().collect::<Vec<char>>();
                match *op {
                    "=" => naive(&chars(literal), &chars(value)),
                    "!=" => !naive(&chars(literal), &chars(value)),
                    "<" => chars(value) < chars(literal),
                    ">=" => chars(value) >= chars(literal),
                    _ => part_of(literal, value),
                }
            }
            Self::Bare(literal) => {
                [&row.0, &row.1].into_iter().flatten().any(|value| part_of(literal, value))
            }
            Self::Not(inner) => !inner.answer(row),
            Self::All(parts) => parts.iter().all(|part| part.answer(row)),
            Self::Any(parts) => parts.iter().any(|part| part.answer(row)),
        }
    }
}

/// The alphabet of the random texts is small enough to say what its case families are.
fn part_of(literal: &str, value: &str) -> bool {
    let lower = |text: &str| text.replace('A', "a").replace('É', "é");
    lower(value).contains(&lower(literal))
}

fn text() -> impl Strategy<Value = String> {
    "[aAbéÉ%_*]{0,5}"
}

fn question() -> impl Strategy<Value = Question> {
    let compare =
        (prop::sample::select(vec!['x', 'y']), prop::sample::select(vec!["=", "!=", "<", ">=", ":"]), text());
    let leaf = prop_oneof![
        4 => compare.prop_map(|(field, op, literal)| Question::Compare { field, op, literal }),
        1 => text().prop_map(Question::Bare),
    ];
    leaf.prop_recursive(4, 20, 3, |inner| {
        let several = proptest::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            inner.prop_map(|inner| Question::Not(Box::new(inner))),
            several.clone().prop_map(Question::All),
            several.prop_map(Question::Any),
        ]
    })
}

fn row() -> impl Strategy<Value = Row> {
    (proptest::option::weighted(0.8, text()), proptest::option::weighted(0.8, text()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_filter_answers_as_defined(question in question(), rows in proptest::collection::vec(row(), 1..8)) {
        let text = question.text();
        let checked = PAIRS.read(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let checked = checked.expect("not blank");
        for row in &rows {
            prop_assert_eq!(holds(&checked, row), question.answer(row), "{} on {:?}", text, row);
        }
    }

    #[test]
    fn patterns_match_as_defined(pattern in "[ab*]{0,8}", text in "[ab]{0,10}") {
        let chars = |text: &str| text.chars().collect::<Vec<char>>();
        let expected = naive(&chars(&pattern), &chars(&text));
        prop_assert_eq!(Pattern::from_word(&pattern).matches(&text), expected);
        prop_assert_eq!(Filter::parse(&format!("x=\"{pattern}\"")).is_ok(), true);
    }

    /// Every text, escaped, finds exactly itself.
    #[test]
    fn escaped_text_finds_itself(text in "[^\0]*", other in "[^\0]*") {
        let escaped = text.replace('\\', r"\\").replace('"', "\\\"").replace('*', r"\*");
        prop_assume!(escaped.len() < 8000);
        let checked = PAIRS.read(&format!("x = \"{escaped}\"")).expect("valid").expect("not blank");
        prop_assert!(holds(&checked, &(Some(text.clone()), None)));
        prop_assert_eq!(holds(&checked, &(Some(other.clone()), None)), other == text);
    }
}
