//! The port of signing keys.

use async_trait::async_trait;

use super::{SigningKey, SigningKeys};
use crate::error::Result;
use crate::ids::SigningKeyId;

/// Signing keys, in one session.
#[async_trait]
pub trait SigningStore {
    /// All of them.
    async fn signing_keys(&self) -> Result<SigningKeys>;

    /// Makes every other change of the keys wait until this transaction ends.
    async fn lock_signing_keys(&self) -> Result<()>;

    /// Writes a key.
    async fn insert_signing_key(&self, key: &SigningKey) -> Result<()>;

    /// Removes a key.
    async fn delete_signing_key(&self, id: SigningKeyId) -> Result<()>;
}
