//! The port of browser sessions.

use async_trait::async_trait;

use super::{OpenSession, Origin};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{CredentialId, PrincipalId};

/// Browser sessions, in one session of the store.
#[async_trait]
pub trait BrowserStore {
    /// Writes where a session was begun, whose credential is written already.
    async fn insert_browser_session(&self, id: CredentialId, from: &Origin, at: Timestamp) -> Result<()>;

    /// Notes that something was done in the session at `now`, which lives until then.
    async fn touch_browser_session(&self, id: CredentialId, now: Timestamp, until: Timestamp) -> Result<()>;

    /// When something was done in the session last.
    async fn browser_session_used_at(&self, id: CredentialId) -> Result<Option<Timestamp>>;

    /// The person's sessions that count at `now`, the newest first.
    async fn browser_sessions_of(&self, principal: PrincipalId, now: Timestamp) -> Result<Vec<OpenSession>>;

    /// Ends the person's sessions, but for one. Answers how many there were.
    async fn end_browser_sessions(
        &self,
        principal: PrincipalId,
        but: Option<CredentialId>,
        now: Timestamp,
    ) -> Result<u64>;
}
