//! Text and the tree it stands for, by the grammar's rules on precedence, negation, words, strings and numbers.

use serde_json::{Value as Json, json};
use tenantry_aip::Filter;

/// The canonical structure; printing and parsing again must give the same.
fn tree(text: &str) -> Json {
    let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let printed = filter.to_string();
    let again =
        Filter::parse(&printed).unwrap_or_else(|error| panic!("{text} printed as {printed}: {error}"));
    assert_eq!(filter.to_canonical(), again.to_canonical(), "{text} printed as {printed}");
    assert!(printed.len() <= text.len(), "{text} printed longer, as {printed}");
    filter.to_canonical()
}

fn assert_trees(cases: &[(&str, Json)]) {
    for (text, expected) in cases {
        assert_eq!(&tree(text), expected, "{text}");
    }
}

fn assert_alike(cases: &[(&str, &str)]) {
    for (one, other) in cases {
        assert_eq!(tree(one), tree(other), "{one} against {other}");
    }
}

fn word(text: &str) -> Json {
    json!(["text", text])
}

fn string(text: &str) -> Json {
    json!(["str", text])
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "tables of cases read better without a borrow in each line"
)]
fn equal(left: &str, right: Json) -> Json {
    json!(["cmp", "=", word(left), right])
}

#[test]
fn blank_is_no_filter() {
    for text in ["", " ", "\t\r\n", "\u{3000}\u{2028}\u{85}"] {
        assert_eq!(tree(text), Json::Null);
        assert_eq!(Filter::parse(text).unwrap(), Filter::default());
    }
}

#[test]
fn or_binds_tighter_than_and() {
    assert_alike(&[
        ("a AND b OR c", "a AND (b OR c)"),
        ("a OR b AND c", "(a OR b) AND c"),
        ("a b AND c", "(a b) AND c"),
        ("a AND b c", "a AND (b c)"),
        ("x a OR b", "x (a OR b)"),
        ("a OR b c", "(a OR b) c"),
        ("NOT a OR b", "(NOT a) OR b"),
        ("NOT a b", "(NOT a) b"),
        ("-a AND b", "(-a) AND b"),
    ]);
    assert_trees(&[
        ("a AND b OR c", json!(["and", word("a"), ["or", word("b"), word("c")]])),
        ("a OR b AND c", json!(["and", ["or", word("a"), word("b")], word("c")])),
        ("a b AND c", json!(["and", ["seq", word("a"), word("b")], word("c")])),
        ("x a OR b", json!(["seq", word("x"), ["or", word("a"), word("b")]])),
        ("a OR (b AND c)", json!(["or", word("a"), ["and", word("b"), word("c")]])),
    ]);
}

#[test]
fn lists_are_flat_and_parentheses_leave_no_node() {
    let [a, b, c] = ["a", "b", "c"].map(word);
    assert_trees(&[
        ("((a))", a.clone()),
        ("( a )", a.clone()),
        ("a AND b AND c", json!(["and", a, b, c])),
        ("(a AND b) AND c", json!(["and", a, b, c])),
        ("a AND (b AND c)", json!(["and", a, b, c])),
        ("a (b c)", json!(["seq", a, b, c])),
        ("a OR (b OR c)", json!(["or", a, b, c])),
        // Side by side and AND mean the same, but stay different nodes.
        ("(a AND b) c", json!(["seq", ["and", a, b], c])),
        ("(a b) AND c", json!(["and", ["seq", a, b], c])),
    ]);
}

#[test]
fn negation_covers_one_simple() {
    let not = |inner: Json| json!(["not", inner]);
    assert_trees(&[
        ("NOT a", not(word("a"))),
        ("-a", not(word("a"))),
        ("-\"a\"", not(string("a"))),
        ("-(a b)", not(json!(["seq", word("a"), word("b")]))),
        ("NOT (NOT a)", not(not(word("a")))),
        ("-(-a)", not(not(word("a")))),
        ("-f(a)", not(json!(["call", "f", word("a")]))),
        ("NOT a = b", not(equal("a", word("b")))),
        ("-a:b", not(json!(["cmp", ":", word("a"), word("b")]))),
        ("-2.5 >= -2.4", not(json!(["cmp", ">=", word("2.5"), word("-2.4")]))),
        ("a -b", json!(["seq", word("a"), not(word("b"))])),
        ("a OR -b", json!(["or", word("a"), not(word("b"))])),
    ]);
}

#[test]
fn a_minus_inside_a_word_belongs_to_it() {
    assert_trees(&[
        ("dash-separated-name", word("dash-separated-name")),
        ("id = my-automation-id", equal("id", word("my-automation-id"))),
        ("a = -b", equal("a", word("-b"))),
        ("a = --b", equal("a", word("--b"))),
        ("a = -", equal("a", word("-"))),
        ("a.-b", json!(["member", word("a"), "-b"])),
        ("f(-a)", json!(["call", "f", word("-a")])),
    ]);
}

#[test]
fn whitespace_around_comparators_and_inside_parentheses_is_free() {
    assert_alike(&[
        ("a=b", "a = b"),
        ("a =b", "a\n=\tb"),
        ("a:b", "a : b"),
        ("a<=b", "a <= b"),
        ("(a b)", "(\u{A0}a\u{3000}b\n)"),
        ("f(a,b)", "f( a , b )"),
        ("a=(b)", "a = ( b )"),
    ]);
    for op in ["=", "!=", "<", "<=", ">", ">=", ":"] {
        let expected = json!(["cmp", op, word("a"), word("b")]);
        assert_trees(&[(&format!("a{op}b"), expected.clone()), (&format!("a {op} b"), expected)]);
    }
}

#[test]
fn keywords_are_whole_words_in_capitals() {
    assert_trees(&[
        ("a and b", json!(["seq", word("a"), word("and"), word("b")])),
        ("a ANDx b", json!(["seq", word("a"), word("ANDx"), word("b")])),
        ("xOR", word("xOR")),
        ("Not", word("Not")),
        ("AND-x", word("AND-x")),
        ("a.AND.NOT", json!(["member", word("a"), "AND", "NOT"])),
        ("a = b.OR", equal("a", json!(["member", word("b"), "OR"]))),
        ("\"AND\"", string("AND")),
        ("a AND\nb", json!(["and", word("a"), word("b")])),
    ]);
}

#[test]
fn a_keyword_without_a_space_is_the_name_of_a_function() {
    assert_trees(&[
        ("NOT(a)", json!(["call", "NOT", word("a")])),
        ("a AND(b)", json!(["seq", word("a"), ["call", "AND", word("b")]])),
        ("a OR(b)", json!(["seq", word("a"), ["call", "OR", word("b")]])),
        ("-NOT(a)", json!(["not", ["call", "NOT", word("a")]])),
        ("AND.x(a)", json!(["call", "AND.x", word("a")])),
        ("a AND NOT(b)", json!(["and", word("a"), ["call", "NOT", word("b")]])),
    ]);
}

#[test]
fn members_and_calls() {
    assert_trees(&[
        ("a.b.c = d", json!(["cmp", "=", ["member", word("a"), "b", "c"], word("d")])),
        ("package=com.google", equal("package", json!(["member", word("com"), "google"]))),
        ("\"a\".b", json!(["member", string("a"), "b"])),
        ("a.\"b c\"", json!(["member", word("a"), "b c"])),
        ("f()", json!(["call", "f"])),
        ("f( )", json!(["call", "f"])),
        ("a.b.f(x, 'y', g(z))", json!(["call", "a.b.f", word("x"), string("y"), ["call", "g", word("z")]])),
        ("f((a b), c.d)", json!(["call", "f", ["seq", word("a"), word("b")], ["member", word("c"), "d"]])),
        ("f(x) = g(y)", json!(["cmp", "=", ["call", "f", word("x")], ["call", "g", word("y")]])),
        ("a=(b OR c=d)", equal("a", json!(["or", word("b"), equal("c", word("d"))]))),
        // With a space before it, the parenthesis opens a group.
        ("f (a)", json!(["seq", word("f"), word("a")])),
    ]);
}

#[test]
fn digits_dot_digit_is_one_number() {
    assert_trees(&[
        ("a = 2.5", equal("a", word("2.5"))),
        ("a = -2.5", equal("a", word("-2.5"))),
        ("a = 1.5s", equal("a", word("1.5s"))),
        ("a = 2.997e9", equal("a", word("2.997e9"))),
        ("a = 2.5e-3", equal("a", word("2.5e-3"))),
        ("2.5", word("2.5")),
        ("2.x", json!(["member", word("2"), "x"])),
        ("v2.5", json!(["member", word("v2"), "5"])),
        ("2.\"5\"", json!(["member", word("2"), "5"])),
        ("a = 2s.5", equal("a", json!(["member", word("2s"), "5"]))),
        ("1.2.3", json!(["member", word("1.2"), "3"])),
        ("e.0.f", json!(["member", word("e"), "0", "f"])),
        ("e[0].f", json!(["member", word("e[0]"), "f"])),
    ]);
}

#[test]
fn words_hold_all_but_the_reserved_characters() {
    for text in ["ada@example", "a/b", r"\temp", "日本語", "a&b|c;d", "100%", "`x`", "#$^{}[]~+_?"] {
        assert_trees(&[(text, word(text))]);
    }
    // A backslash outside quotes escapes nothing.
    assert_trees(&[(r"a\*b", word(r"a\*b"))]);
}

#[test]
fn strings_and_their_escapes() {
    let cases = [
        (r#""""#, ""),
        (r#""a b""#, "a b"),
        ("'a \"b\" c'", "a \"b\" c"),
        (r#""it's""#, "it's"),
        ("\"two\nlines\"", "two\nlines"),
        (r#""\a\b\f\n\r\t\v""#, "\u{7}\u{8}\u{C}\n\r\t\u{B}"),
        (r#""\\ \' \" \` \?""#, r#"\ ' " ` ?"#),
        (r#""\x41\xe9""#, "Aé"),
        (r#""\u00e9\u65E5""#, "é日"),
        (r#""\U0001F600\U0010FFFF""#, "😀\u{10FFFF}"),
        (r#""\101\377\000""#, "Aÿ\0"),
        (r#""\1234""#, "S4"),
        (r#""\x414""#, "A4"),
        // A literal star keeps its backslash in the canonical structure, a wildcard has none.
        (r#""2\*3*""#, r"2\*3*"),
        (r#""a*b""#, "a*b"),
        // A star by number is the character, not the wildcard.
        (r#""\x2a""#, r"\*"),
        (r#"'(a AND b) = "c"'"#, "(a AND b) = \"c\""),
    ];
    for (text, expected) in cases {
        assert_eq!(tree(text), string(expected), "{text}");
    }
}

#[test]
fn the_printed_form_is_a_normal_form() {
    for (text, printed) in [
        ("  ( title  =  'a' )  ", r#"title="a""#),
        ("NOT (a) AND ((b OR c))", "-a AND b OR c"),
        ("(a AND b) OR c", "(a AND b) OR c"),
        ("-(a AND b)", "-(a AND b)"),
        (r#""\"\x41\n""#, "'\"A\n'"),
        (r#"a:"\*\\*""#, r#"a:"\*\\*""#),
        ("f ( a )", "f a"),
        ("f( a,b )=x", "f(a,b)=x"),
    ] {
        assert_eq!(Filter::parse(text).unwrap().to_string(), printed);
    }
}
