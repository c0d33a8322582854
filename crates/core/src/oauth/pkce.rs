//! Proof Key for Code Exchange (RFC 7636), with S256 only: what binds a code to the client that asked for it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Refusal, refused};
use crate::error::Result;

/// The SHA-256 of a verifier that only the client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge([u8; 32]);

impl Challenge {
    /// Reads the parameters `code_challenge` and `code_challenge_method`.
    ///
    /// # Errors
    /// [`Refusal::InvalidRequest`] when there is none, when its method is not S256, or when it is no SHA-256.
    pub fn parse(challenge: Option<&str>, method: Option<&str>) -> Result<Self> {
        let wrong = |message| refused(Refusal::InvalidRequest, message);
        let challenge = challenge.ok_or_else(|| wrong("code_challenge: a value is required (PKCE)"))?;
        if method != Some("S256") {
            return Err(wrong("code_challenge_method: expected S256"));
        }
        let bytes = URL_SAFE_NO_PAD.decode(challenge).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| wrong("code_challenge: expected a SHA-256 in base64url"))
    }

    /// From the bytes as they are kept.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to keep.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether this is the verifier behind it: 43 to 128 unreserved characters.
    pub fn fits(&self, verifier: &str) -> bool {
        let is_verifier = (43..=128).contains(&verifier.len())
            && verifier.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'));
        is_verifier && bool::from(Sha256::digest(verifier.as_bytes()).as_slice().ct_eq(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_rfc_fits_and_nothing_else() {
        let challenge = Challenge::parse(Some(CHALLENGE), Some("S256")).unwrap();
        assert!(challenge.fits(VERIFIER));
        for other in ["", CHALLENGE, &VERIFIER[1..], &format!("{VERIFIER}="), &VERIFIER.to_lowercase()] {
            assert!(!challenge.fits(other), "{other}");
        }
    }

    #[test]
    fn there_is_no_way_around_it() {
        for (challenge, method) in [
            (None, None),
            (None, Some("S256")),
            (Some(CHALLENGE), None),
            (Some(CHALLENGE), Some("plain")),
            (Some(CHALLENGE), Some("s256")),
            (Some("abc"), Some("S256")),
            (Some(""), Some("S256")),
        ] {
            let refused = Challenge::parse(challenge, method).unwrap_err();
            assert_eq!(refused.reason, "oauth.invalid_request", "{challenge:?} {method:?}");
        }
    }
}
