//! Sealing and opening page tokens.
//!
//! `token = base64url( version nonce ciphertext )`. The cipher is XChaCha20-Poly1305, whose long nonce may be random; the
//! version byte and the [`Binding`] are authenticated with the text but not part of it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};

use super::binding::Binding;
use super::state::PageState;
use crate::error::{Error, Result};

/// How many random bytes [`TokenKey::seal`] wants.
pub const NONCE_BYTES: usize = 24;
/// How long a token is good for: three days.
pub const LIFETIME_MICROS: i64 = 3 * 24 * 60 * 60 * 1_000_000;

/// Raised whenever the sealed form changes, so that old tokens are refused rather than misread.
const VERSION: u8 = 1;

/// The key that seals and opens tokens; the same on every replica and after every restart.
#[derive(Clone)]
pub struct TokenKey {
    cipher: XChaCha20Poly1305,
}

impl TokenKey {
    /// A key from 32 secret bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self { cipher: XChaCha20Poly1305::new(&Key::from(bytes)) }
    }

    /// Makes the token for the page after `state`. The nonce must be fresh random bytes for each token.
    pub fn seal(&self, binding: &Binding, state: &PageState, nonce: [u8; NONCE_BYTES]) -> String {
        let plain = state.to_bytes();
        let payload = Payload { msg: &plain, aad: &associated_data(VERSION, binding) };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .expect("the cipher refuses only texts of more than 256 GiB");
        URL_SAFE_NO_PAD.encode([&[VERSION], nonce.as_slice(), &sealed].concat())
    }

    /// Opens a token that a client sent back. One that is cut, changed, expired, or made for another question is always
    /// refused in the same words, since the difference is nobody's business.
    ///
    /// An empty `page_token` asks for the first page; it is the caller's to notice and none of these.
    pub fn open(&self, token: &str, binding: &Binding, now_micros: i64) -> Result<PageState> {
        self.try_open(token, binding)
            .filter(|state| now_micros.saturating_sub(state.issued_at_micros) <= LIFETIME_MICROS)
            .ok_or_else(|| {
                Error::page_token(
                    "expected the next_page_token of the page before, at most three days old, with the same parent, \
                     filter, order_by and show_deleted",
                )
            })
    }

    fn try_open(&self, token: &str, binding: &Binding) -> Option<PageState> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (version, rest) = bytes.split_first()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>()?;
        if *version != VERSION {
            return None;
        }
        let payload = Payload { msg: sealed, aad: &associated_data(*version, binding) };
        let plain = self.cipher.decrypt(&XNonce::from(*nonce), payload).ok()?;
        PageState::from_bytes(&plain)
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(..)")
    }
}

fn associated_data(version: u8, binding: &Binding) -> Vec<u8> {
    [&[version], binding.digest().as_slice()].concat()
}
