//! Random text and random trees: parsing never panics, and what is printed parses back to the same tree.

use proptest::prelude::*;
use tenantry_aip::filter::{
    Arg, Comparable, Comparison, Expr, Form, MAX_BYTES, MAX_COMPARISONS, MAX_DEPTH, Op, Value,
};
use tenantry_aip::{Filter, Pattern};

fn word() -> impl Strategy<Value = Value> {
    // Neither a keyword nor all digits: those have tests of their own.
    "[a-zé_*\\\\][a-z0-9*/@-]{0,6}".prop_map(|word| Value::word(&word))
}

fn string() -> impl Strategy<Value = Value> {
    let piece = prop_oneof![any::<String>(), r#"[\\*"'a%]{0,5}"#];
    let pieces = proptest::collection::vec(piece, 1..4);
    pieces.prop_map(|pieces| Value::string(Pattern::from_pieces(pieces)))
}

fn number() -> impl Strategy<Value = Value> {
    (0..100_u32, 0..100_u32).prop_map(|(whole, fraction)| Value::word(&format!("{whole}.{fraction}e3")))
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![word(), string(), number()]
}

fn field() -> impl Strategy<Value = Value> {
    prop_oneof![word(), string(), Just(Value::word("AND")), Just(Value::word("-x"))]
}

fn comparable() -> impl Strategy<Value = Comparable> {
    let member = (value(), proptest::collection::vec(field(), 1..3));
    let form = prop_oneof![
        value().prop_map(Form::Value),
        member.prop_map(|(base, fields)| Form::Member { base, fields }),
    ];
    let call = ("[a-z]{1,3}(\\.(AND|x)){0,1}|NOT", proptest::collection::vec(form.clone(), 0..3));
    let call = call.prop_map(|(name, args)| {
        let args = args.into_iter().map(|form| Arg::Comparable(Comparable { position: 0, form }));
        Form::Call { name, args: args.collect() }
    });
    prop_oneof![4 => form, 1 => call].prop_map(|form| Comparable { position: 0, form })
}

fn op() -> impl Strategy<Value = Op> {
    use Op::*;
    prop::sample::select(vec![Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual, Has])
}

fn compare(left: Comparable, op: Op, right: Arg) -> Expr {
    Expr::Compare(Comparison { left, op, op_position: 0, right })
}

fn is_and(expr: &Expr) -> bool {
    matches!(expr, Expr::And(_))
}

fn is_seq(expr: &Expr) -> bool {
    matches!(expr, Expr::Seq(_))
}

fn is_or(expr: &Expr) -> bool {
    matches!(expr, Expr::Or(_))
}

/// Trees as the parser makes them: no list directly inside a list of its own kind.
fn expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        comparable().prop_map(Expr::Bare),
        (comparable(), op(), comparable()).prop_map(|(left, op, right)| compare(
            left,
            op,
            Arg::Comparable(right)
        )),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let list = |other_kind: fn(&Expr) -> bool| {
            let part = inner.clone().prop_filter("no list in its own kind", move |expr| !other_kind(expr));
            proptest::collection::vec(part, 2..4)
        };
        prop_oneof![
            list(is_and).prop_map(Expr::And),
            list(is_seq).prop_map(Expr::Seq),
            list(is_or).prop_map(Expr::Or),
            inner.clone().prop_map(|inner| Expr::Not(Box::new(inner))),
            (comparable(), op(), inner.clone()).prop_map(|(left, op, expr)| {
                compare(left, op, Arg::Group { position: 0, expr: Box::new(expr) })
            }),
        ]
    })
}

/// Whatever comes in: no panic, positions inside the text, and the normal form stands still.
fn assert_sound(text: &str) {
    match Filter::parse(text) {
        Ok(filter) => {
            let printed = filter.to_string();
            assert!(printed.len() <= text.len(), "{text:?} printed as {printed:?}");
            let again = Filter::parse(&printed).expect("what is printed parses");
            assert_eq!(again.to_canonical(), filter.to_canonical(), "{text:?}");
            assert_eq!(again.to_string(), printed);
        }
        Err(error) => {
            let position = error.position().expect("filters have positions");
            assert!(position <= text.chars().count(), "{text:?}: {error}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn printing_and_parsing_gives_the_same_tree(expr in expr()) {
        let filter = Filter::from_expr(expr);
        let printed = filter.to_string();
        prop_assume!(printed.len() <= MAX_BYTES);
        let again = Filter::parse(&printed);
        let again = again.map_err(|error| TestCaseError::fail(format!("{printed}: {error}")))?;
        prop_assert_eq!(again.to_canonical(), filter.to_canonical(), "{}", printed);
    }

    #[test]
    fn any_text(text in any::<String>()) {
        assert_sound(&text);
    }

    #[test]
    fn any_characters(chars in proptest::collection::vec(any::<char>(), 0..40)) {
        assert_sound(&chars.into_iter().collect::<String>());
    }

    #[test]
    fn text_made_of_the_grammar_s_own_pieces(
        pieces in proptest::collection::vec(
            prop::sample::select(vec![
                "a", "b1", "2", "5s", "AND", "OR", "NOT", "-", "--", "(", ")", ",", ".", ":", "=", "<", ">", "!", "\"",
                "'", "\\", "\\x41", "\\u", "*", " ", " ", " ", "\n", "\0", "\u{3000}", "é", " AND ", " OR ", "NOT ",
                "\"s\"", "f(",
            ]),
            0..30,
        ),
    ) {
        assert_sound(&pieces.concat());
    }

    #[test]
    fn deep_nesting(open in prop::sample::select(vec!["(", "f(", "a=(", "-(", "NOT (", "a OR ("]), depth in 0..2000_usize) {
        let text = format!("{}a{}", open.repeat(depth), ")".repeat(depth));
        assert_sound(&text);
        prop_assert_eq!(Filter::parse(&text).is_ok(), depth <= MAX_DEPTH);
    }

    #[test]
    fn many_comparisons(count in 1..400_usize) {
        prop_assert_eq!(Filter::parse(&"a:b ".repeat(count)).is_ok(), count <= MAX_COMPARISONS);
    }
}
