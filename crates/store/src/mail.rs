//! The outbox.

use async_trait::async_trait;
use tenantry_core::clock::Timestamp;
use tenantry_core::error::{Error, Result};
use tenantry_core::ids::MailId;
use tenantry_core::mail::{ClaimedMail, MailStore, Purpose};

use crate::driver::{Sql, params, sql};
use crate::session::Db;

const INSERT: Sql = sql!(
    "INSERT INTO outbox (id, purpose, sealed, created_at, due_at, attempts) VALUES ($1, $2, $3, $4, $4, 0)"
);
const REPLACE: Sql = sql!("UPDATE outbox SET purpose = $2, sealed = $3 WHERE id = $1");
/// Who waits for another's claim of the same row sees afterwards that it is not due any more.
const CLAIM: Sql = sql!(
    "UPDATE outbox SET due_at = $2, attempts = attempts + 1 \
     WHERE due_at <= $1 AND id IN (SELECT id FROM outbox WHERE due_at <= $1 ORDER BY due_at, id LIMIT $3) \
     RETURNING id, purpose, sealed, attempts"
);
const POSTPONE: Sql = sql!("UPDATE outbox SET due_at = $3 WHERE id = $1 AND attempts = $2");
const REMOVE: Sql = sql!("DELETE FROM outbox WHERE id = $1");

#[async_trait]
impl MailStore for Db<'_> {
    async fn insert_mail(&self, id: MailId, purpose: Purpose, sealed: &[u8], now: Timestamp) -> Result<()> {
        let params = params![id.as_uuid(), purpose.word(), sealed, now.as_micros()];
        self.conn.run(&INSERT, params).await.map(drop)
    }

    async fn replace_mail(&self, id: MailId, sealed: &[u8]) -> Result<()> {
        let params = params![id.as_uuid(), Purpose::Letter.word(), sealed];
        self.conn.run(&REPLACE, params).await.map(drop)
    }

    async fn claim_mail(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<ClaimedMail>> {
        let params = params![now.as_micros(), until.as_micros(), i64::from(limit)];
        self.conn
            .all(&CLAIM, params, |row| {
                let purpose = Purpose::from_word(row.text(1)?);
                Ok(ClaimedMail {
                    id: MailId::from_uuid(row.id(0)?),
                    purpose: purpose.ok_or_else(|| Error::internal("unknown purpose"))?,
                    sealed: row.blob(2)?.to_vec(),
                    attempts: row.int(3)?,
                })
            })
            .await
    }

    async fn postpone_mail(&self, mail: &ClaimedMail, due: Timestamp) -> Result<()> {
        let params = params![mail.id.as_uuid(), mail.attempts, due.as_micros()];
        self.conn.run(&POSTPONE, params).await.map(drop)
    }

    async fn remove_mail(&self, id: MailId) -> Result<()> {
        self.conn.run(&REMOVE, params![id.as_uuid()]).await.map(drop)
    }
}
