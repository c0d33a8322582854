//! The port of what tells whose key a database was written with.

use async_trait::async_trait;

use crate::error::Result;

/// What the first start has sealed.
#[async_trait]
pub trait SealStore {
    /// Keeps this if nothing is kept yet, and answers what is kept.
    async fn keep_first_sealed(&self, sealed: &[u8]) -> Result<Vec<u8>>;
}
