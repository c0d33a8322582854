//! The port of kept answers. It does not lead with an organization: the path of a request may name one by a name that the
//! very request changes, so a repetition could not be told by it.

use async_trait::async_trait;

use super::{Claim, KeptAnswer, RequestKey};
use crate::clock::Timestamp;
use crate::error::Result;

/// Keys of requests and the answers that were given, in one session.
#[async_trait]
pub trait IdempotencyStore {
    /// Takes the key for this transaction, unless it has an answer that is still kept at `now`. Waits for another
    /// transaction that has taken it.
    async fn claim_request(&self, key: &RequestKey, now: Timestamp) -> Result<Claim>;

    /// Writes down what a request of this transaction is answered.
    async fn keep_answer(&self, key: &RequestKey, answer: &KeptAnswer) -> Result<()>;

    /// Removes at most `limit` answers from before this time. Answers how many there were.
    async fn forget_answers(&self, before: Timestamp, limit: u32) -> Result<u64>;
}
