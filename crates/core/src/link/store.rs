//! The port of links. Like credentials they do not lead with an organization: they are how a person comes in.

use async_trait::async_trait;

use super::{Link, LinkKind};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::PrincipalId;

/// Links, in one session.
#[async_trait]
pub trait LinkStore {
    /// Writes a link with the hash of its secret.
    async fn insert_link(&self, link: &Link, hash: &[u8; 32]) -> Result<()>;

    /// The link of this hash, expired or not, unless it was used or ended.
    async fn find_link(&self, hash: &[u8; 32]) -> Result<Option<Link>>;

    /// Uses the link up. `false` if somebody else has.
    async fn spend_link(&self, hash: &[u8; 32]) -> Result<bool>;

    /// Ends the links of the principal, of one kind or of all.
    async fn end_links(&self, principal: PrincipalId, kind: Option<LinkKind>) -> Result<()>;

    /// Removes at most `limit` links that expired before this time. Answers how many.
    async fn sweep_links(&self, before: Timestamp, limit: u32) -> Result<u64>;
}
