//! What the grammar refuses: where it says so, and in which words.

use tenantry_aip::{Error, Filter, Reason};

fn refused(text: &str) -> Error {
    let error = Filter::parse(text).expect_err(text);
    assert_eq!((error.parameter(), error.reason()), ("filter", Reason::InvalidFilter));
    error
}

fn assert_positions(cases: &[(&str, usize)]) {
    for (text, position) in cases {
        let error = refused(text);
        assert_eq!(error.position(), Some(*position), "{text}: {error}");
        let start = format!("Invalid filter at position {position}: ");
        assert!(error.message().starts_with(&start), "{text}: {error}");
    }
}

#[test]
fn something_is_missing() {
    assert_positions(&[
        ("a AND", 5),
        ("a AND  ", 7),
        ("a OR", 4),
        ("NOT", 3),
        ("NOT ", 4),
        ("a =", 3),
        ("a = ", 4),
        ("a:", 2),
        ("(a", 2),
        ("((a)", 4),
        ("(", 1),
        ("()", 1),
        ("( )", 2),
        ("a (", 3),
        ("f(", 2),
        ("f(a", 3),
        ("f(a,", 4),
        ("f(a,)", 4),
        ("f(,a)", 2),
        ("f(a b)", 4),
        ("a.", 2),
        ("a..b", 2),
        ("a.(b)", 2),
        ("a. b", 2),
        ("2. 5", 2),
        ("-", 1),
        ("日本 =", 4),
    ]);
}

#[test]
fn something_is_too_much() {
    assert_positions(&[
        ("a)", 1),
        (")", 0),
        (",", 0),
        ("a, b", 1),
        (".a", 0),
        ("a .b", 2),
        ("= a", 0),
        (": a", 0),
        ("a = = b", 4),
        ("a = b = c", 6),
        ("a=b=c", 3),
        ("a::b", 2),
        ("f(x).y", 4),
        ("f(a = b)", 4),
    ]);
}

#[test]
fn keywords_in_the_wrong_place() {
    assert_positions(&[
        ("AND", 0),
        ("AND a", 0),
        ("OR a", 0),
        ("a AND AND b", 6),
        ("a AND OR b", 6),
        ("a OR OR b", 5),
        ("a OR AND b", 5),
        ("a = AND", 4),
        ("a = NOT b", 4),
        ("AND.x = a", 0),
        ("NOT=a", 3),
        ("a AND=b", 5),
        ("NOT\"a\"", 3),
        ("(a)AND (b)", 3),
        ("\"a\"OR b", 3),
    ]);
}

#[test]
fn negation_takes_one_simple_and_the_minus_touches_it() {
    assert_positions(&[
        ("NOT NOT a", 4),
        ("NOT -a", 4),
        ("--a", 1),
        ("- a", 1),
        ("-NOT a", 1),
        ("- (a)", 1),
        ("-=a", 1),
        ("a - b", 3),
    ]);
    assert!(refused("NOT NOT a").message().contains("negated only once"));
    assert!(refused("--a").message().contains("negated only once"));
}

#[test]
fn terms_need_whitespace_between_them() {
    assert_positions(&[
        ("\"a\"\"b\"", 3),
        ("a\"b\"", 1),
        ("(a)(b)", 3),
        ("(a)b", 3),
        ("a=\"b\"c", 5),
        ("\"f\"(x)", 3),
    ]);
}

#[test]
fn wrong_comparators() {
    assert_positions(&[
        ("a ! b", 2),
        ("!a", 0),
        ("a == b", 3),
        ("a <> b", 3),
        ("a =! b", 3),
        ("a =< b", 3),
        ("a < = b", 4),
    ]);
}

#[test]
fn a_group_cannot_stand_left_of_a_comparator() {
    assert_positions(&[("(a) = b", 4), ("(a b):c", 5), ("-(a) > 1", 5)]);
    assert!(refused("(a) = b").message().contains("a group cannot stand left"));
}

#[test]
fn strings_that_do_not_end_report_their_opening_quote() {
    assert_positions(&[
        ("\"", 0),
        ("a = \"b", 4),
        ("a = 'b\"", 4),
        ("日 = \"b", 4),
        (r#"a = "b\"#, 4),
        (r#"a = "b\""#, 4),
        (r#"a = "\x4"#, 4),
    ]);
    assert!(refused("a = \"b").message().contains("unterminated"));
}

#[test]
fn wrong_escapes() {
    assert_positions(&[
        (r#""\q""#, 2),
        (r#""\%""#, 2),
        (r#""\ ""#, 2),
        (r#""\x4g""#, 4),
        (r#""\x""#, 3),
        (r#""\u12""#, 5),
        (r#""\U0001F60""#, 10),
        (r#""\400""#, 2),
        (r#""\8""#, 2),
        (r#""\18""#, 3),
        (r#""\01""#, 4),
        // These are whole escapes for what is no character, so the escape itself is at fault.
        (r#""ab\uD800""#, 3),
        (r#""\udfff""#, 1),
        (r#""\U00110000""#, 1),
        (r#""\UFFFFFFFF""#, 1),
        (r#""\uD83D\uDE00""#, 1),
    ]);
}

#[test]
fn a_function_named_like_a_keyword_brings_advice() {
    for text in ["NOT(a b)", "NOT(a = b)", "a AND(b OR c)", "NOT(NOT(a b))", "NOT(", "OR(-a=b)"] {
        let error = refused(text);
        assert!(error.message().contains("write a space after"), "{text}: {error}");
        assert_eq!(error.metadata().iter().filter(|(key, _)| *key == "advice").count(), 1, "{text}");
    }
    assert!(!refused("f(a b)").message().contains("write a space"));
}

#[test]
fn messages_say_what_was_expected_and_metadata_repeats_it() {
    let error = refused("title = (a");
    assert_eq!(
        error.message(),
        "Invalid filter at position 10: expected another term, AND, OR or `)`, found the end."
    );
    let metadata = [
        ("parameter", "filter"),
        ("position", "10"),
        ("expected", "another term, AND, OR or `)`"),
        ("found", "the end"),
    ];
    assert_eq!(error.metadata(), metadata.map(|(key, value)| (key, value.to_owned())));
    assert_eq!(error.to_string(), error.message());
}

#[test]
fn messages_do_not_echo_kilobytes() {
    let error = refused(&format!("a \"b\"{}", "x".repeat(4000)));
    assert!(error.message().len() < 300, "{error}");
}

#[test]
fn at_most_eight_kibibytes() {
    assert!(Filter::parse(&"a".repeat(8192)).is_ok());
    assert_positions(&[(&"a".repeat(8193), 8192), (&" ".repeat(9000), 8192), (&"日".repeat(3000), 2730)]);
}

#[test]
fn at_most_32_nested_groups_or_calls() {
    let nested = |open: &str, depth: usize| format!("{}a{}", open.repeat(depth), ")".repeat(depth));
    for open in ["(", "f(", "-(", "NOT (", "x=("] {
        assert!(Filter::parse(&nested(open, 32)).is_ok(), "{open}");
        let last_parenthesis = open.len() * 33 - 1;
        assert_positions(&[(&nested(open, 33), last_parenthesis)]);
    }
    // Depth, not number.
    assert!(Filter::parse(&"(a) ".repeat(100)).is_ok());
    // The worst that fits into eight kibibytes.
    for text in ["(", "f(", "-(", "NOT (", "a=(", "-", "NOT ", "("] {
        refused(&text.repeat(8192 / text.len()));
    }
}

#[test]
fn at_most_200_comparisons() {
    assert!(Filter::parse(&"a=b ".repeat(200)).is_ok());
    assert_positions(&[(&"a=b ".repeat(201), 800)]);
    assert!(Filter::parse(&"a ".repeat(200)).is_ok());
    assert_positions(&[(&"a ".repeat(201), 400)]);
}

#[test]
fn bytes_must_be_utf_8() {
    assert_eq!(Filter::parse_bytes(b"a = b").unwrap(), Filter::parse("a = b").unwrap());
    let error = Filter::parse_bytes(b"\xE6\x97\xA5 = \xFF").unwrap_err();
    assert_eq!((error.position(), error.reason()), (Some(4), Reason::InvalidFilter));
}
