//! Mail: sends what waits in the outbox, in the words of `letters.rs`, by SMTP.

mod letters;
mod smtp;

use std::time::Duration;

use tenantry_core::Result;
use tenantry_core::mail::{ClaimedMail, Letter};
use tenantry_http::Served;
use tokio_util::sync::CancellationToken;

pub use smtp::{MailServer, Undelivered};

/// How often it is looked whether there is something to send.
const PAUSE: Duration = Duration::from_secs(2);

/// Sends what is due until `stop`.
pub async fn deliver(served: Served, smtp: MailServer, stop: CancellationToken) {
    loop {
        if let Err(error) = deliver_due(&served, &smtp, &stop).await {
            tracing::warn!(%error, "could not look after the outbox");
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn deliver_due(served: &Served, smtp: &MailServer, stop: &CancellationToken) -> Result<()> {
    loop {
        let claimed = served.core.claim_mail().await?;
        if claimed.is_empty() {
            return Ok(());
        }
        for mail in claimed {
            if stop.is_cancelled() {
                // What is claimed and not sent is due again when the claim ends.
                return Ok(());
            }
            deliver_one(served, smtp, &mail).await?;
        }
    }
}

async fn deliver_one(served: &Served, smtp: &MailServer, mail: &ClaimedMail) -> Result<()> {
    let core = &served.core;
    let id = mail.id;
    let failed = match core.letter_of(mail).await {
        Ok(None) => return Ok(()),
        Ok(Some(letter)) => match send(served, smtp, mail, &letter).await {
            Ok(()) => {
                metrics::counter!("tenantry_mails_total", "outcome" => "sent").increment(1);
                return core.mail_done(mail).await;
            }
            Err(Undelivered::Refused(reason)) => {
                metrics::counter!("tenantry_mails_total", "outcome" => "refused").increment(1);
                tracing::warn!(%id, reason, "the mail server refuses a mail for good");
                return core.mail_done(mail).await;
            }
            Err(Undelivered::Later(reason)) => reason,
        },
        Err(error) => error.to_string(),
    };
    metrics::counter!("tenantry_mails_total", "outcome" => "failed").increment(1);
    let again = core.mail_failed(mail).await?;
    tracing::warn!(%id, reason = failed, attempt = mail.attempts, again, "a mail could not be sent");
    Ok(())
}

async fn send(
    served: &Served,
    smtp: &MailServer,
    mail: &ClaimedMail,
    letter: &Letter,
) -> Result<(), Undelivered> {
    let (subject, text) = letters::written(served, letter);
    smtp.send(&mail.id.to_string(), letter.to(), &subject, text).await
}
