//! Sealing: small secrets that must be kept to be used again, such as the text of a mail with a link in it, are kept so
//! that a copy of the database does not show them.

mod service;
mod store;

use zeroize::Zeroizing;

use crate::error::Result;
pub use store::SealStore;

/// Encrypts and authenticates small secrets. The composition root gives one whose key is not in the database.
///
/// What is sealed is bound to its `context`, such as `outbox:{id}`: moved to another row, it does not open.
pub trait Seal: Send + Sync {
    /// The secret as it may be kept: opaque, and another one each time. It begins with the id of the key.
    fn seal(&self, context: &str, secret: &[u8]) -> Result<Vec<u8>>;

    /// The secret again.
    ///
    /// # Errors
    /// `Kind::Internal` for what was sealed by another key or in another context, or was changed since.
    fn open(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>>;
}
