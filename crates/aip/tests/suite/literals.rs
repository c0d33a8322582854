//! Literals of types other than text.

use tenantry_aip::check::{Checked, Comparison, Equality, Order, Predicate, Test};
use tenantry_aip::{Field, FieldType, Schema};

const RUNS: Schema = Schema::new(
    &[
        Field::new("count", FieldType::Integer),
        Field::new("ratio", FieldType::Float),
        Field::new("took", FieldType::Duration),
        Field::new("start", FieldType::Timestamp),
        Field::new("done", FieldType::Bool),
    ],
    &[],
);

const EQUAL: Comparison = Comparison::Equality(Equality::Equal);
const LESS: Comparison = Comparison::Order(Order::Less);
const LESS_OR_EQUAL: Comparison = Comparison::Order(Order::LessOrEqual);
const GREATER: Comparison = Comparison::Order(Order::Greater);
const GREATER_OR_EQUAL: Comparison = Comparison::Order(Order::GreaterOrEqual);

fn read(text: &str) -> Checked {
    RUNS.read(text).unwrap_or_else(|error| panic!("{text}: {error}")).expect("not blank")
}

fn test(field: &'static str, test: Test) -> Checked {
    Checked::Test(Predicate { field, test })
}

#[test]
fn values_arrive_parsed() {
    let minute = Test::Timestamp(LESS, 1_767_225_660_000_000);
    let cases = [
        ("count = 7", test("count", Test::Integer(EQUAL, 7))),
        ("count >= -3e2", test("count", Test::Integer(GREATER_OR_EQUAL, -300))),
        ("ratio < 2.5", test("ratio", Test::Float(LESS, 2.5))),
        ("ratio > -2.997e9", test("ratio", Test::Float(GREATER, -2.997e9))),
        ("took <= 1.5s", test("took", Test::Duration(LESS_OR_EQUAL, 1_500_000))),
        ("start < \"2026-01-01T00:01:00Z\"", test("start", minute.clone())),
        ("start < '2026-01-01T01:01:00+01:00'", test("start", minute)),
        ("start:*", test("start", Test::Present)),
    ];
    for (text, expected) in cases {
        assert_eq!(read(text), expected, "{text}");
    }
    assert_eq!(EQUAL.as_str(), "=");
    assert_eq!(GREATER_OR_EQUAL.as_str(), ">=");
}

/// Stored times are whole microseconds; a finer literal lies between two of them.
#[test]
fn literals_finer_than_a_microsecond_keep_their_meaning() {
    let took = |comparison| test("took", Test::Duration(comparison, 1));
    for (text, expected) in [
        ("took = 0.0000015s", Checked::Or(vec![])),
        ("took != 0.0000015s", test("took", Test::Present)),
        ("took < 0.0000015s", took(LESS_OR_EQUAL)),
        ("took <= 0.0000015s", took(LESS_OR_EQUAL)),
        ("took > 0.0000015s", took(GREATER)),
        ("took >= 0.0000015s", took(GREATER)),
        ("took >= 0.000001000s", took(GREATER_OR_EQUAL)),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn a_literal_of_another_type_is_refused_where_it_stands() {
    for text in [
        "count = many",
        "count = 1.5",
        "count = \"7\"",
        "count = 1.2.3",
        "count = 9223372036854775808",
        "count : 7",
        "ratio = 1.5s",
        "ratio = \"1.5\"",
        "ratio = 1.\"5\"",
        "took = 5",
        "took = 5m",
        "start = 2026",
        "start = 2026-01-01",
        "start = \"yesterday\"",
        "done = 1",
        "done = TRUE",
        "done = \"true\"",
        "done = *",
    ] {
        let error = RUNS.read(text).expect_err(text);
        let place = if text.contains(':') { "count ".len() } else { text.find("= ").unwrap() + 2 };
        assert_eq!(error.position(), Some(place), "{text}: {error}");
    }
    assert_eq!(
        RUNS.read("count = many").unwrap_err().message(),
        "Invalid filter at position 8: expected a 64-bit integer for count, found \"many\"."
    );
}
