//! Failures of what can be guessed.

use async_trait::async_trait;
use tenantry_core::clock::Timestamp;
use tenantry_core::error::Result;
use tenantry_core::throttle::{Counted, Purpose, ThrottleStore};

use crate::driver::{Sql, Value, params, sql};
use crate::session::Db;

const COUNT: Sql = sql!(
    "INSERT INTO failures (purpose, subject, count, since, blocked_until) VALUES ($1, $2, 1, $3, 0) \
     ON CONFLICT (purpose, subject) DO UPDATE SET \
       count = CASE WHEN failures.since < $4 THEN 1 ELSE failures.count + 1 END, \
       since = CASE WHEN failures.since < $4 THEN $3 ELSE failures.since END RETURNING count"
);
const BLOCK: Sql = sql!("UPDATE failures SET blocked_until = $3 WHERE purpose = $1 AND subject = $2");
const FORGET: Sql = sql!("DELETE FROM failures WHERE purpose = $1 AND subject = $2");
const OLD: Sql = sql!("SELECT purpose, subject FROM failures WHERE since < $1 ORDER BY since LIMIT $2");
const FORGET_OLD: Sql = sql!("DELETE FROM failures WHERE purpose = $1 AND subject = $2 AND since < $3");

#[async_trait]
impl ThrottleStore for Db<'_> {
    async fn counted(&self, purpose: Purpose, subjects: &[[u8; 32]]) -> Result<Vec<Counted>> {
        let mut params: Vec<Value<'_>> = vec![purpose.word().into()];
        params.extend(subjects.iter().map(Value::from));
        let list: Vec<String> = (2..=params.len()).map(|number| format!("${number}")).collect();
        let statement = Sql::built(format!(
            "SELECT count, blocked_until FROM failures WHERE purpose = $1 AND subject IN ({})",
            list.join(", ")
        ));
        self.conn
            .all(&statement, &params, |row| {
                Ok(Counted { failures: row.int(0)?, blocked_until: Timestamp::from_micros(row.int(1)?) })
            })
            .await
    }

    async fn count_failure(
        &self,
        purpose: Purpose,
        subject: &[u8; 32],
        now: Timestamp,
        forgotten: Timestamp,
    ) -> Result<i64> {
        let params = params![purpose.word(), subject, now.as_micros(), forgotten.as_micros()];
        Ok(self.conn.first(&COUNT, params, |row| row.int(0)).await?.unwrap_or(1))
    }

    async fn block(&self, purpose: Purpose, subject: &[u8; 32], until: Timestamp) -> Result<()> {
        let params = params![purpose.word(), subject, until.as_micros()];
        self.conn.run(&BLOCK, params).await.map(drop)
    }

    async fn forget_failures(&self, purpose: Purpose, subject: &[u8; 32]) -> Result<()> {
        self.conn.run(&FORGET, params![purpose.word(), subject]).await.map(drop)
    }

    async fn sweep_failures(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let params = params![before.as_micros(), i64::from(limit)];
        let old =
            self.conn.all(&OLD, params, |row| Ok((row.text(0)?.to_owned(), row.blob(1)?.to_vec()))).await?;
        for (purpose, subject) in &old {
            self.conn.run(&FORGET_OLD, params![purpose, &**subject, before.as_micros()]).await?;
        }
        Ok(old.len() as u64)
    }
}
