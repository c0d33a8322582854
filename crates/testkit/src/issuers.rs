//! Issuers that say whatever a test wants: a "token" is its claims as JSON, alone or in the middle of what looks like a signed
//! token, and a code is the token that is given for it.

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use tenantry_core::clock::Timestamp;
use tenantry_core::issuer::{Algorithm, CodeRedemption, Issuers, Provider, Signed};
use tenantry_core::{Error, Result};

use crate::meanwhile::Meanwhile;

/// Every issuer, and all of them are honest. One whose URL ends in `/named` names itself in its answers.
#[derive(Debug, Default)]
pub struct PlainIssuers {
    read: AtomicU32,
    /// What happens while the next code is redeemed, which takes its time in earnest.
    pub meanwhile: Meanwhile,
}

impl PlainIssuers {
    /// What looks like a signed token with these claims.
    pub fn token(claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2ln", part(&serde_json::json!({"alg": "RS256"})), part(claims))
    }

    /// How many tokens were read so far.
    pub fn tokens_read(&self) -> u32 {
        self.read.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Issuers for PlainIssuers {
    async fn provider(&self, url: &str, _: Timestamp) -> Result<Provider> {
        let answers_with_iss = url.ends_with("/named");
        Ok(Provider { authorization_endpoint: format!("{url}/authorize"), answers_with_iss })
    }

    async fn redeem(&self, _: &str, redemption: CodeRedemption<'_>, _: Timestamp) -> Result<String> {
        self.meanwhile.happen().await;
        Ok(redemption.code.to_owned())
    }

    async fn read(&self, _: &str, _: &[Algorithm], token: &str, _: Timestamp) -> Result<Signed> {
        self.read.fetch_add(1, Ordering::Relaxed);
        let payload = match token.split('.').nth(1) {
            Some(middle) if token.starts_with("eyJ") => URL_SAFE_NO_PAD.decode(middle).unwrap_or_default(),
            _ => token.as_bytes().to_vec(),
        };
        let claims: Map<String, Value> =
            serde_json::from_slice(&payload).map_err(|_| Error::bad_credential())?;
        Ok(Signed { algorithm: Algorithm::Rs256, kind: None, claims })
    }
}
