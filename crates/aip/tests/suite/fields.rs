//! Fields, operators, functions and bare literals: what a schema makes of a tree.

use tenantry_aip::check::{Checked, Equality, Order, Predicate, Test};
use tenantry_aip::{EnumName, EnumType, Error, Field, FieldType, Filter, Pattern, Schema};

const SHELF: EnumType = EnumType {
    names: &[
        EnumName { name: "poetry", aliases: &["SHELF_POETRY"] },
        EnumName { name: "prose", aliases: &["SHELF_PROSE"] },
    ],
    ignore_case: true,
};

const BOOKS: Schema = Schema::new(
    &[
        Field::new("title", FieldType::Text),
        Field::new("author", FieldType::Text),
        Field::new("author.email", FieldType::Text),
        Field::new("tag", FieldType::Keyword),
        Field::new("search", FieldType::Search),
        Field::new("lent", FieldType::Bool),
        Field::new("shelf", FieldType::Enum(SHELF)),
        Field::new("pages", FieldType::Integer),
    ],
    &["title", "author"],
);

const ONLY_TITLE: Schema = Schema::new(&[Field::new("title", FieldType::Text)], &["title"]);

const WITHOUT_SEARCH: Schema = Schema::new(&[Field::new("pages", FieldType::Integer)], &[]);

fn read(text: &str) -> Checked {
    BOOKS.read(text).unwrap_or_else(|error| panic!("{text}: {error}")).expect("not blank")
}

fn refused(text: &str) -> Error {
    // A fault of meaning, not of grammar.
    assert!(Filter::parse(text).is_ok(), "{text}");
    BOOKS.read(text).expect_err(text)
}

fn test(field: &'static str, test: Test) -> Checked {
    Checked::Test(Predicate { field, test })
}

fn contains(field: &'static str, text: &str) -> Checked {
    test(field, Test::Contains(text.to_owned()))
}

fn title_is(text: &str) -> Checked {
    test("title", Test::Text(Equality::Equal, Pattern::from_word(text)))
}

#[test]
fn blank_has_nothing_to_check() {
    assert_eq!(BOOKS.read(" "), Ok(None));
}

#[test]
fn side_by_side_means_and() {
    let [a, b, c] = ["a", "b", "c"].map(title_is);
    assert_eq!(read("title=a title=b"), Checked::And(vec![a.clone(), b.clone()]));
    assert_eq!(read("title=a AND title=b"), read("title=a title=b"));
    assert_eq!(
        read("title=a OR title=b AND NOT title=c"),
        Checked::And(vec![Checked::Or(vec![a, b]), Checked::Not(Box::new(c))])
    );
}

#[test]
fn text_has_all_operators() {
    assert_eq!(read("title = a"), title_is("a"));
    assert_eq!(read("title != a"), test("title", Test::Text(Equality::NotEqual, Pattern::from_word("a"))));
    for (op, order) in
        [("<", Order::Less), ("<=", Order::LessOrEqual), (">", Order::Greater), (">=", Order::GreaterOrEqual)]
    {
        // Orders know no wildcard.
        assert_eq!(read(&format!("title {op} 'a*'")), test("title", Test::TextOrder(order, "a*".to_owned())));
        assert_eq!(order.as_str(), op);
    }
    assert_eq!(read("title : a"), contains("title", "a"));
}

#[test]
fn wildcards_and_literal_stars() {
    let pieces = |pieces: &[&str]| {
        let pattern = Pattern::from_pieces(pieces.iter().map(|piece| (*piece).to_owned()).collect());
        test("title", Test::Text(Equality::Equal, pattern))
    };
    assert_eq!(read("title = a*b"), pieces(&["a", "b"]));
    assert_eq!(read("title = \"a*b\""), pieces(&["a", "b"]));
    assert_eq!(read(r#"title = "a\*b*""#), pieces(&["a*b", ""]));
    assert_eq!(read("title = a***b"), pieces(&["a", "b"]));
    assert_eq!(read("title = *"), pieces(&["", ""]));
    assert_eq!(read("title = \"\""), pieces(&[""]));
}

#[test]
fn has_takes_every_character_as_it_is() {
    assert_eq!(read(r#"title:"100%_\\""#), contains("title", r"100%_\"));
    assert_eq!(read("title:a*b"), contains("title", "a*b"));
    assert_eq!(read(r#"title:"\*""#), contains("title", "*"));
    assert_eq!(read("title:\"*\""), contains("title", "*"));
    assert_eq!(read("title:*"), test("title", Test::Present));
    assert_eq!(read("pages:*"), test("pages", Test::Present));
}

#[test]
fn dotted_and_number_literals_are_text_to_a_text_field() {
    assert_eq!(read("title = com.google"), title_is("com.google"));
    assert_eq!(read("title = com.\"goo gle\".*"), title_is("com.goo gle.*"));
    assert_eq!(read("title = -2.5"), title_is("-2.5"));
    assert_eq!(read("title = true"), title_is("true"));
    assert_eq!(read("title = null"), title_is("null"));
}

#[test]
fn bare_literals_look_into_the_searched_fields() {
    let anywhere = |text: &str| Checked::Or(vec![contains("title", text), contains("author", text)]);
    for (text, part) in [
        ("ada", "ada"),
        ("\"Ada L\"", "Ada L"),
        ("ada@example.com", "ada@example.com"),
        ("true", "true"),
        ("null", "null"),
        ("2.5", "2.5"),
        ("a*", "a*"),
        ("title", "title"),
    ] {
        assert_eq!(read(text), anywhere(part), "{text}");
    }
    assert_eq!(read("-ada"), Checked::Not(Box::new(anywhere("ada"))));
    assert_eq!(ONLY_TITLE.read("ada"), Ok(Some(contains("title", "ada"))));
    assert_eq!(WITHOUT_SEARCH.read("ada").unwrap_err().position(), Some(0));
}

#[test]
fn search_is_a_name_for_the_searched_fields() {
    assert_eq!(read("search:ada"), read("ada"));
    assert_eq!(
        read("search:*"),
        Checked::Or(vec![test("title", Test::Present), test("author", Test::Present)])
    );
    for text in ["search=ada", "search!=ada", "search<ada", "search>=ada"] {
        assert_eq!(refused(text).position(), Some(6), "{text}");
    }
}

#[test]
fn keywords_enums_and_booleans_have_only_equality() {
    assert_eq!(read("tag = Nov*"), test("tag", Test::Keyword(Equality::Equal, Pattern::from_word("Nov*"))));
    assert_eq!(read("tag != x"), test("tag", Test::Keyword(Equality::NotEqual, Pattern::from_word("x"))));
    assert_eq!(read("lent = true"), test("lent", Test::Bool(Equality::Equal, true)));
    assert_eq!(read("lent != false"), test("lent", Test::Bool(Equality::NotEqual, false)));
    for field in ["tag", "lent", "shelf"] {
        for op in ["<", "<=", ">", ">=", ":"] {
            let error = refused(&format!("{field} {op} x"));
            assert_eq!(error.position(), Some(field.len() + 1));
            assert!(error.message().contains("expected `=` or `!=`"), "{error}");
        }
        assert!(BOOKS.read(&format!("{field}:*")).is_err());
    }
}

#[test]
fn enum_names_with_aliases() {
    for text in ["shelf = poetry", "shelf = POETRY", "shelf = SHELF_POETRY", "shelf = 'shelf_poetry'"] {
        assert_eq!(read(text), test("shelf", Test::Enum(Equality::Equal, "poetry")), "{text}");
    }
    let error = refused("shelf = poet*");
    assert_eq!(
        error.message(),
        "Invalid filter at position 8: expected one of: poetry, prose for shelf, found \"poet*\"."
    );
}

#[test]
fn enum_names_are_exact_unless_told_otherwise() {
    const EXACT: EnumType = EnumType { ignore_case: false, ..SHELF };
    const SCHEMA: Schema = Schema::new(&[Field::new("shelf", FieldType::Enum(EXACT))], &[]);
    assert!(SCHEMA.read("shelf = poetry").is_ok());
    assert!(SCHEMA.read("shelf = Poetry").is_err());
}

#[test]
fn unknown_fields_are_refused_wherever_they_stand() {
    for (text, position) in [
        ("colour = blue", 0),
        ("title = a OR colour = blue", 13),
        ("title = a AND (title = b OR NOT colour:blue)", 32),
        ("-colour = blue", 1),
        ("Title = a", 0),
        ("2.5 >= 2.4", 0),
        ("title.x = a", 0),
        ("author.email.x = a", 0),
        ("author.phone = a", 0),
        ("e.0.f = a", 0),
        ("e[0].f = a", 0),
        ("\"title\" = a", 0),
        ("author.\"email\" = a", 0),
    ] {
        assert_eq!(refused(text).position(), Some(position), "{text}");
    }
    assert_eq!(
        read("author.email = x"),
        test("author.email", Test::Text(Equality::Equal, Pattern::from_word("x")))
    );
}

#[test]
fn messages_tell_unknown_from_memberless() {
    let error = ONLY_TITLE.read("colour = blue").unwrap_err();
    assert_eq!(
        error.message(),
        "Invalid filter at position 0: unknown field colour, expected one of: title."
    );
    let error = ONLY_TITLE.read("title.x = blue").unwrap_err();
    assert_eq!(
        error.message(),
        "Invalid filter at position 0: expected title alone, as it has no members, found title.x."
    );
}

#[test]
fn functions_and_composite_arguments_are_not_offered() {
    for (text, position) in [
        ("f(a)", 0),
        ("title = a OR f()", 13),
        ("f(a) = b", 0),
        ("title = f(a)", 8),
        ("title = (a)", 8),
        ("title : (a OR b)", 8),
        ("-f(a)", 1),
    ] {
        let error = refused(text);
        assert_eq!(error.position(), Some(position), "{text}: {error}");
    }
}

#[test]
fn keyword_calls_are_advised_a_space() {
    for (text, keyword) in
        [("NOT(a)", "NOT"), ("a AND(b)", "AND"), ("a OR(b)", "OR"), ("title = NOT(a)", "NOT")]
    {
        let message = refused(text).message().to_owned();
        assert!(message.contains(&format!("write a space after {keyword}")), "{message}");
    }
}

/// No stored text holds U+0000, and PostgreSQL refuses it as a parameter.
#[test]
fn text_without_nul() {
    for text in [
        "title = \"\\000\"",
        "title : \"a\\x00\"",
        "title < \"\\u0000\"",
        "\"\\000\"",
        "a\0b",
        "tag = \"\\000\"",
    ] {
        assert!(refused(text).message().contains("U+0000"), "{text:?}");
    }
}
