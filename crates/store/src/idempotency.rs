//! Requests that are done once, and what they were answered.

use async_trait::async_trait;
use tenantry_core::clock::Timestamp;
use tenantry_core::error::{Error, Result};
use tenantry_core::idempotency::{Claim, IdempotencyStore, KEPT_SECONDS, KeptAnswer, RequestKey};

use crate::driver::{Sql, params, sql};
use crate::session::Db;

const EXPIRE: Sql =
    sql!("DELETE FROM answers WHERE principal_id = $1 AND request_id = $2 AND created_at <= $3");
/// On PostgreSQL it waits for another transaction that has inserted the same key.
const CLAIM: Sql = sql!(
    "INSERT INTO answers (principal_id, request_id, fingerprint, created_at) VALUES ($1, $2, $3, $4) \
     ON CONFLICT DO NOTHING"
);
const FIND: Sql = sql!(
    "SELECT CASE WHEN fingerprint = $3 THEN 1 ELSE 0 END, status, body FROM answers \
     WHERE principal_id = $1 AND request_id = $2"
);
const KEEP: Sql =
    sql!("UPDATE answers SET status = $3, body = $4 WHERE principal_id = $1 AND request_id = $2");
const FORGET: Sql = sql!(
    "DELETE FROM answers WHERE (principal_id, request_id) IN \
     (SELECT principal_id, request_id FROM answers WHERE created_at <= $1 ORDER BY created_at LIMIT $2)"
);

#[async_trait]
impl IdempotencyStore for Db<'_> {
    async fn claim_request(&self, key: &RequestKey, now: Timestamp) -> Result<Claim> {
        let (principal, id) = (key.principal.as_uuid(), key.id.as_uuid());
        let expired = now.plus_seconds(-KEPT_SECONDS).as_micros();
        self.conn.run(&EXPIRE, params![principal, id, expired]).await?;
        if self.conn.run(&CLAIM, params![principal, id, &key.fingerprint, now.as_micros()]).await? > 0 {
            return Ok(Claim::Taken);
        }
        let found = self
            .conn
            .first(&FIND, params![principal, id, &key.fingerprint], |row| {
                if row.int(0)? == 0 {
                    return Ok(Claim::Elsewhere);
                }
                let status = u16::try_from(row.int(1)?).map_err(Error::internal)?;
                Ok(Claim::Answered(KeptAnswer { status, body: row.text(2)?.to_owned() }))
            })
            .await?;
        // Whoever has just removed it as expired takes it, and this client may come back.
        found.ok_or_else(|| Error::unavailable("the answer to a repeated request is gone"))
    }

    async fn keep_answer(&self, key: &RequestKey, answer: &KeptAnswer) -> Result<()> {
        let (principal, id) = (key.principal.as_uuid(), key.id.as_uuid());
        let params = params![principal, id, i64::from(answer.status), &answer.body];
        self.conn.run(&KEEP, params).await.map(drop)
    }

    async fn forget_answers(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.conn.run(&FORGET, params![before.as_micros(), i64::from(limit)]).await
    }
}
