//! The keys that an issuer publishes (RFC 7517).

use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde_json::Value;
use tenantry_core::Result;

use crate::guarded::unavailable;

/// How many keys an issuer may publish; the largest have some dozen.
pub(crate) const KEYS_MAX: usize = 100;

#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

/// Reads the document. Keys of kinds that are not understood are passed over (section 5).
pub(crate) fn read(document: &[u8]) -> Result<Vec<Jwk>> {
    let published: Published = serde_json::from_slice(document).map_err(unavailable)?;
    if published.keys.len() > KEYS_MAX {
        return Err(unavailable("the issuer publishes too many keys"));
    }
    Ok(published.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect())
}
