//! Signing keys.

use async_trait::async_trait;
use tenantry_core::clock::Timestamp;
use tenantry_core::error::Result;
use tenantry_core::ids::SigningKeyId;
use tenantry_core::signing::{SigningKey, SigningKeys, SigningStore};

use crate::driver::{Sql, params, sql};
use crate::session::Db;

const ALL: Sql = sql!("SELECT id, created_at, public, private FROM signing_keys");
const LOCK: Sql = sql!("UPDATE meta SET value = value + 1 WHERE name = 'signing_keys'");
const INSERT: Sql =
    sql!("INSERT INTO signing_keys (id, created_at, public, private) VALUES ($1, $2, $3, $4)");
const DELETE: Sql = sql!("DELETE FROM signing_keys WHERE id = $1");

#[async_trait]
impl SigningStore for Db<'_> {
    async fn signing_keys(&self) -> Result<SigningKeys> {
        let read = self.conn.all(&ALL, params![], |row| {
            Ok(SigningKey {
                id: SigningKeyId::from_uuid(row.id(0)?),
                created_at: Timestamp::from_micros(row.int(1)?),
                public: row.text(2)?.to_owned(),
                private: row.blob(3)?.to_vec(),
            })
        });
        Ok(SigningKeys::new(read.await?))
    }

    async fn lock_signing_keys(&self) -> Result<()> {
        self.conn.run(&LOCK, params![]).await.map(drop)
    }

    async fn insert_signing_key(&self, key: &SigningKey) -> Result<()> {
        let params =
            params![key.id.as_uuid(), key.created_at.as_micros(), &key.public, key.private.as_slice()];
        self.conn.run(&INSERT, params).await.map(drop)
    }

    async fn delete_signing_key(&self, id: SigningKeyId) -> Result<()> {
        self.conn.run(&DELETE, params![id.as_uuid()]).await.map(drop)
    }
}
