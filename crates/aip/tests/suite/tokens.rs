//! Page tokens: good for their own question, for three days, and for nothing else.

use proptest::prelude::*;
use tenantry_aip::page::{Binding, KeyValue, LIFETIME_MICROS, PageState, TokenKey};
use tenantry_aip::{Filter, OrderKey, order};

const NOW: i64 = 1_767_225_600_000_000;

fn state() -> PageState {
    PageState {
        keys: vec![KeyValue::Text("Alpha".to_owned()), KeyValue::Int(NOW - 5), KeyValue::Null],
        id: (0..16).collect(),
        issued_at_micros: NOW,
    }
}

fn key() -> TokenKey {
    TokenKey::new([7; 32])
}

fn order_by(text: &str) -> Vec<OrderKey> {
    order::parse(Some(text), &["title", "create_time"]).expect("a valid order")
}

fn binding(method: &str, parents: &[&str], filter: &str, order: &str, show_deleted: bool) -> Binding {
    let filter = Filter::parse(filter).expect("a valid filter");
    Binding::new(method, parents, &filter, &order_by(order), show_deleted)
}

fn usual() -> Binding {
    binding("ListBooks", &["shelves/1"], "title = a", "title desc", false)
}

#[test]
fn a_token_opens_twice_and_stays_short() {
    let token = key().seal(&usual(), &state(), [1; 24]);
    assert!(
        token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'),
        "{token}"
    );
    assert!(token.len() < 120, "{} characters", token.len());
    for _ in 0..2 {
        assert_eq!(key().open(&token, &usual(), NOW), Ok(state()));
    }
}

#[test]
fn the_content_cannot_be_read_from_outside() {
    let one = key().seal(&usual(), &state(), [1; 24]);
    let other = key().seal(&usual(), &state(), [2; 24]);
    assert_ne!(one, other);
    assert!(!one.contains("Alpha"));
    assert_eq!(format!("{:?}", key()), "TokenKey(..)");
}

#[test]
fn another_question_is_refused() {
    let token = key().seal(&usual(), &state(), [1; 24]);
    for other in [
        binding("ListChapters", &["shelves/1"], "title = a", "title desc", false),
        binding("ListBooks", &["shelves/2"], "title = a", "title desc", false),
        binding("ListBooks", &["shelves/1", ""], "title = a", "title desc", false),
        binding("ListBooks", &[], "title = a", "title desc", false),
        binding("ListBooks", &["shelves/1"], "title = b", "title desc", false),
        binding("ListBooks", &["shelves/1"], "", "title desc", false),
        binding("ListBooks", &["shelves/1"], "title = a", "title", false),
        binding("ListBooks", &["shelves/1"], "title = a", "title desc, create_time", false),
        binding("ListBooks", &["shelves/1"], "title = a", "title desc", true),
    ] {
        assert!(key().open(&token, &other, NOW).is_err());
    }
    assert!(TokenKey::new([8; 32]).open(&token, &usual(), NOW).is_err());
}

/// Parts are hashed behind their lengths: moving a border between two of them makes another question.
#[test]
fn neighbouring_parts_do_not_run_together() {
    assert_ne!(binding("List", &["a", "b"], "", "", false), binding("List", &["ab"], "", "", false));
    assert_ne!(binding("Lista", &["b"], "", "", false), binding("List", &["ab"], "", "", false));
}

#[test]
fn the_same_question_in_other_words_is_accepted() {
    for (one, other) in [("", "  \n"), ("title = a", "( title=a )"), ("NOT title = 'a'", "-title=\"a\"")] {
        let of = |filter| binding("ListBooks", &["shelves/1"], filter, "title", false);
        assert_eq!(of(one), of(other));
    }
    assert_eq!(Binding::new("L", &[], &Filter::default(), &[], false), binding("L", &[], " ", " ", false));
    assert_eq!(binding("L", &[], "", "title asc", false), binding("L", &[], "", " title,title desc", false));
}

#[test]
fn tokens_expire_after_three_days() {
    let token = key().seal(&usual(), &state(), [1; 24]);
    assert!(key().open(&token, &usual(), NOW + LIFETIME_MICROS).is_ok());
    assert!(key().open(&token, &usual(), NOW + LIFETIME_MICROS + 1).is_err());
    // The clocks of two replicas may differ a little.
    assert!(key().open(&token, &usual(), NOW - 1_000_000).is_ok());
    assert!(key().open(&token, &usual(), i64::MAX).is_err());
}

#[test]
fn every_refusal_reads_the_same() {
    let token = key().seal(&usual(), &state(), [1; 24]);
    let expired = key().open(&token, &usual(), NOW + 2 * LIFETIME_MICROS).unwrap_err();
    assert_eq!((expired.parameter(), expired.reason().as_str()), ("page_token", "INVALID_PAGE_TOKEN"));
    let padded = format!("{token}=");
    let old = format!("AA{}", &token[2..]);
    for wrong in ["", "x", "not base64!", "日本語", &padded, &old, &token[..20], &token[..token.len() - 1]]
    {
        assert_eq!(key().open(wrong, &usual(), NOW), Err(expired.clone()), "{wrong}");
    }
}

#[test]
fn no_single_character_can_change() {
    let token = key().seal(&usual(), &state(), [1; 24]);
    for at in 0..token.len() {
        assert!(key().open(&token[..at], &usual(), NOW).is_err(), "cut at {at}");
        for other in ["A", "B", "-", "_", "9", "="] {
            if &token[at..=at] != other {
                let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
                assert!(key().open(&changed, &usual(), NOW).is_err(), "{other} at {at}");
            }
        }
    }
}

fn any_key_value() -> impl Strategy<Value = KeyValue> {
    prop_oneof![
        Just(KeyValue::Null),
        any::<bool>().prop_map(KeyValue::Bool),
        any::<i64>().prop_map(KeyValue::Int),
        any::<String>().prop_map(KeyValue::Text),
    ]
}

fn any_state() -> impl Strategy<Value = PageState> {
    let keys = proptest::collection::vec(any_key_value(), 0..5);
    let id = proptest::collection::vec(any::<u8>(), 0..40);
    (keys, id, 0..NOW).prop_map(|(keys, id, issued_at_micros)| PageState { keys, id, issued_at_micros })
}

proptest! {
    #[test]
    fn any_state_survives(state in any_state(), nonce in any::<[u8; 24]>(), secret in any::<[u8; 32]>()) {
        let key = TokenKey::new(secret);
        let token = key.seal(&usual(), &state, nonce);
        prop_assert_eq!(key.open(&token, &usual(), state.issued_at_micros), Ok(state));
    }

    #[test]
    fn a_flipped_bit_is_refused(state in any_state(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        use base64::Engine;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;

        let token = key().seal(&usual(), &state, [3; 24]);
        let mut bytes = URL_SAFE_NO_PAD.decode(&token).expect("a token is base64");
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(key().open(&URL_SAFE_NO_PAD.encode(&bytes), &usual(), state.issued_at_micros).is_err());
        bytes[at] ^= 1 << bit;
        bytes.truncate(at);
        prop_assert!(key().open(&URL_SAFE_NO_PAD.encode(&bytes), &usual(), state.issued_at_micros).is_err());
    }

    #[test]
    fn no_text_opens_by_chance(text in ".*") {
        prop_assert!(key().open(&text, &usual(), NOW).is_err());
    }

    #[test]
    fn reading_plain_bytes_never_panics(bytes in any::<Vec<u8>>()) {
        if let Some(state) = PageState::from_bytes(&bytes) {
            prop_assert_eq!(PageState::from_bytes(&state.to_bytes()), Some(state));
        }
    }
}
