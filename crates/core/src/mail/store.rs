//! The port of the outbox.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::MailId;

/// What is to be done about a row of the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To send the letter.
    Letter,
    /// To find out who asked for a link to set another password, and to write the letter.
    Reset,
}

impl Purpose {
    /// The word in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Letter => "letter",
            Self::Reset => "reset",
        }
    }

    /// The purpose of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Letter, Self::Reset].into_iter().find(|purpose| purpose.word() == word)
    }
}

/// A mail that one replica has to itself for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedMail {
    /// Its id.
    pub id: MailId,
    /// What is to be done.
    pub purpose: Purpose,
    /// What is in it.
    pub sealed: Vec<u8>,
    /// How often it was claimed, this time included.
    pub attempts: i64,
}

/// The outbox, in one session.
#[async_trait]
pub trait MailStore {
    /// Writes a mail that is due at once.
    async fn insert_mail(&self, id: MailId, purpose: Purpose, sealed: &[u8], now: Timestamp) -> Result<()>;

    /// Makes a request for a link the letter that it led to.
    async fn replace_mail(&self, id: MailId, sealed: &[u8]) -> Result<()>;

    /// Claims at most `limit` mails that are due at `now`, the longest due first: nobody else gets them before `until`.
    async fn claim_mail(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<ClaimedMail>>;

    /// Has a claimed mail due again at this time, unless somebody else has claimed it since.
    async fn postpone_mail(&self, mail: &ClaimedMail, due: Timestamp) -> Result<()>;

    /// Removes a mail that was sent, or that never will be.
    async fn remove_mail(&self, id: MailId) -> Result<()>;
}
