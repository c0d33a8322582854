//! Links.

use async_trait::async_trait;
use tenantry_core::clock::Timestamp;
use tenantry_core::error::{Error, Result};
use tenantry_core::ids::PrincipalId;
use tenantry_core::link::{Link, LinkKind, LinkStore};

use crate::driver::{Sql, params, sql};
use crate::session::Db;

const INSERT: Sql = sql!(
    "INSERT INTO links (hash, kind, principal_id, email, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)"
);
pub(crate) const FIND: Sql =
    sql!("SELECT kind, principal_id, email, created_at, expires_at FROM links WHERE hash = $1");
const SPEND: Sql = sql!("DELETE FROM links WHERE hash = $1");
const END: Sql = sql!("DELETE FROM links WHERE principal_id = $1");
const END_KIND: Sql = sql!("DELETE FROM links WHERE principal_id = $1 AND kind = $2");
const SWEEP: Sql = sql!(
    "DELETE FROM links WHERE hash IN (SELECT hash FROM links WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)"
);

#[async_trait]
impl LinkStore for Db<'_> {
    async fn insert_link(&self, link: &Link, hash: &[u8; 32]) -> Result<()> {
        let params = params![
            hash,
            link.kind.word(),
            link.principal.as_uuid(),
            link.email.as_deref(),
            link.created_at.as_micros(),
            link.expires_at.as_micros(),
        ];
        self.conn.run(&INSERT, params).await.map(drop)
    }

    async fn find_link(&self, hash: &[u8; 32]) -> Result<Option<Link>> {
        self.conn
            .first(&FIND, params![hash], |row| {
                let kind = LinkKind::from_word(row.text(0)?);
                Ok(Link {
                    kind: kind.ok_or_else(|| Error::internal("unknown kind"))?,
                    principal: PrincipalId::from_uuid(row.id(1)?),
                    email: row.opt_string(2)?,
                    created_at: Timestamp::from_micros(row.int(3)?),
                    expires_at: Timestamp::from_micros(row.int(4)?),
                })
            })
            .await
    }

    async fn spend_link(&self, hash: &[u8; 32]) -> Result<bool> {
        Ok(self.conn.run(&SPEND, params![hash]).await? > 0)
    }

    async fn end_links(&self, principal: PrincipalId, kind: Option<LinkKind>) -> Result<()> {
        let id = principal.as_uuid();
        match kind {
            None => self.conn.run(&END, params![id]).await.map(drop),
            Some(kind) => self.conn.run(&END_KIND, params![id, kind.word()]).await.map(drop),
        }
    }

    async fn sweep_links(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.conn.run(&SWEEP, params![before.as_micros(), i64::from(limit)]).await
    }
}
