//! The port to the issuers themselves. Whoever fulfils it goes only where the server may go, follows no redirects, and
//! bounds time and size of what it reads; it answers from memory where that is young enough.

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::Algorithm;
use crate::clock::Timestamp;
use crate::error::Result;

/// What an issuer says of itself (OpenID Connect Discovery 1.0, section 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Where people sign in.
    pub authorization_endpoint: String,
    /// Whether it names itself in every answer (RFC 9207).
    pub answers_with_iss: bool,
}

/// A code and what is needed to spend it.
pub struct CodeRedemption<'a> {
    /// What the issuer calls this server.
    pub client_id: &'a str,
    /// The secret by which this server proves itself.
    pub client_secret: &'a str,
    /// The code.
    pub code: &'a str,
    /// What is behind the challenge (RFC 7636).
    pub verifier: &'a str,
    /// The redirect address of the request.
    pub redirect_uri: &'a str,
}

/// A token whose signature is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// How it was signed.
    pub algorithm: Algorithm,
    /// The `typ` of its header.
    pub kind: Option<String>,
    /// What it says.
    pub claims: Map<String, Value>,
}

/// Issuers, by their URLs.
#[async_trait]
pub trait Issuers: Send + Sync {
    /// What the issuer says of itself.
    ///
    /// # Errors
    /// `Kind::Unavailable` when it does not answer, or not as it must.
    async fn provider(&self, url: &str, now: Timestamp) -> Result<Provider>;

    /// The ID token that the issuer gives for a code, unread.
    ///
    /// # Errors
    /// `Kind::Unauthenticated` when it takes the code for wrong, `Kind::Unavailable` when it does not answer.
    async fn redeem(&self, url: &str, redemption: CodeRedemption<'_>, now: Timestamp) -> Result<String>;

    /// What is in a token that the issuer has signed with one of these algorithms, by a key that it publishes.
    ///
    /// # Errors
    /// `Kind::Unauthenticated` for every other token, `Kind::Unavailable` when its keys cannot be known.
    async fn read(&self, url: &str, algorithms: &[Algorithm], token: &str, now: Timestamp) -> Result<Signed>;
}
