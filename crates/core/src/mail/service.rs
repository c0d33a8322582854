//! Use cases of the outbox. A server does them by itself, for nobody: no dialect leads here.

use super::{ClaimedMail, Letter, Post, Purpose};
use crate::Core;
use crate::error::{Error, Result};

/// How many mails are claimed at once.
const BATCH: u32 = 20;
/// For how long a mail is claimed. Sending one takes less.
const LEASE_SECONDS: i64 = 5 * 60;
/// How often a mail is tried: over about two days.
pub const MAIL_ATTEMPTS_MAX: i64 = 12;
/// Seconds until the second attempt; each further one waits twice as long as the one before, at most [`LONGEST_WAIT`].
const FIRST_WAIT: i64 = 60;
const LONGEST_WAIT: i64 = 6 * 60 * 60;

impl Core {
    /// Mails that are to be sent now, and that nobody else sends meanwhile.
    pub async fn claim_mail(&self) -> Result<Vec<ClaimedMail>> {
        let now = self.clock().now();
        self.store()
            .write((now, now.plus_seconds(LEASE_SECONDS)), |session, (now, until)| {
                Box::pin(session.claim_mail(*now, *until, BATCH))
            })
            .await
    }

    /// The letter in a claimed mail; none where the request that it was has led to none.
    ///
    /// # Errors
    /// `Kind::Internal` for a mail that was sealed with another master key.
    pub async fn letter_of(&self, mail: &ClaimedMail) -> Result<Option<Letter>> {
        let text = self.post().open(mail)?;
        match mail.purpose {
            Purpose::Letter => serde_json::from_slice(&text).map(Some).map_err(Error::internal),
            Purpose::Reset => {
                let login = std::str::from_utf8(&text).map_err(Error::internal)?;
                self.draft_reset(login.to_owned(), mail.id).await
            }
        }
    }

    /// Forgets a mail that was sent, or that the mail server will never take.
    pub async fn mail_done(&self, mail: &ClaimedMail) -> Result<()> {
        self.store().write(mail.id, |session, id| Box::pin(session.remove_mail(*id))).await
    }

    /// Notes that a mail could not be sent. Answers whether it will be tried again.
    pub async fn mail_failed(&self, mail: &ClaimedMail) -> Result<bool> {
        if mail.attempts >= MAIL_ATTEMPTS_MAX {
            self.mail_done(mail).await?;
            return Ok(false);
        }
        let doublings = u32::try_from(mail.attempts - 1).unwrap_or_default().min(16);
        let wait = FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT);
        let due = self.clock().now().plus_seconds(wait);
        self.store()
            .write((mail.clone(), due), |session, (mail, due)| Box::pin(session.postpone_mail(mail, *due)))
            .await?;
        Ok(true)
    }

    /// The way into the outbox.
    pub(crate) fn post(&self) -> Post {
        Post::new(self.seal(), self.settings().mail)
    }
}
