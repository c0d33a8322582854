//! What the first start has sealed.

use async_trait::async_trait;
use tenantry_core::error::{Error, Result};
use tenantry_core::seal::SealStore;

use crate::driver::{Sql, params, sql};
use crate::session::Db;

const KEEP: Sql = sql!("INSERT INTO first_start (id, sealed) VALUES (1, $1) ON CONFLICT (id) DO NOTHING");
const KEPT: Sql = sql!("SELECT sealed FROM first_start WHERE id = 1");

#[async_trait]
impl SealStore for Db<'_> {
    async fn keep_first_sealed(&self, sealed: &[u8]) -> Result<Vec<u8>> {
        self.conn.run(&KEEP, params![sealed]).await?;
        let kept = self.conn.first(&KEPT, params![], |row| Ok(row.blob(0)?.to_vec())).await?;
        kept.ok_or_else(|| Error::internal("what was kept is gone"))
    }
}
