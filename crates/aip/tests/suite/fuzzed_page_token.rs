//! What must hold for any bytes that come as a page token. The fuzz target of the same name runs this too.

use tenantry_aip::Filter;
use tenantry_aip::page::{Binding, LIFETIME_MICROS, PageState, TokenKey};

pub(crate) const NOW: i64 = 1_767_225_600_000_000;

pub(crate) fn key() -> TokenKey {
    TokenKey::new([42; 32])
}

pub(crate) fn binding() -> Binding {
    Binding::new("ListThings", &["parents/1"], &Filter::default(), &[], false)
}

/// No panic; what opens is in date and can be sealed again. The bytes are tried as a token and, since no fuzzer guesses
/// a seal, also as the content of one.
pub(crate) fn run(data: &[u8]) {
    let opened = std::str::from_utf8(data).ok().and_then(|token| key().open(token, &binding(), NOW).ok());
    if let Some(state) = &opened {
        assert!(NOW.saturating_sub(state.issued_at_micros) <= LIFETIME_MICROS);
    }
    for state in opened.into_iter().chain(PageState::from_bytes(data)) {
        let token = key().seal(&binding(), &state, [9; 24]);
        assert_eq!(key().open(&token, &binding(), state.issued_at_micros), Ok(state));
    }
}
