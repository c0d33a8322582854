//! The port of what is counted against guessing. It leads with no organization: who guesses is nobody yet.

use async_trait::async_trait;

use super::Purpose;
use crate::clock::Timestamp;
use crate::error::Result;

/// What is counted of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// How many attempts failed.
    pub failures: i64,
    /// Until when the next one is refused.
    pub blocked_until: Timestamp,
}

/// Failed attempts, in one session.
#[async_trait]
pub trait ThrottleStore {
    /// What is counted of the subjects. One of which nothing is counted is absent.
    async fn counted(&self, purpose: Purpose, subjects: &[[u8; 32]]) -> Result<Vec<Counted>>;

    /// Counts a failure, beginning anew where the first one was before `forgotten`. Answers how many there are by now.
    async fn count_failure(
        &self,
        purpose: Purpose,
        subject: &[u8; 32],
        now: Timestamp,
        forgotten: Timestamp,
    ) -> Result<i64>;

    /// Refuses the next attempt until this time.
    async fn block(&self, purpose: Purpose, subject: &[u8; 32], until: Timestamp) -> Result<()>;

    /// Forgets what is counted of the subject.
    async fn forget_failures(&self, purpose: Purpose, subject: &[u8; 32]) -> Result<()>;

    /// Removes at most `limit` subjects whose first failure was before this time. Answers how many.
    async fn sweep_failures(&self, before: Timestamp, limit: u32) -> Result<u64>;
}
