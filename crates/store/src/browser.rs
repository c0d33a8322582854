//! Browser sessions: what they have beside their credential.
//!
//! Nothing that only a session proves is remembered, so its end may be moved without telling anybody.

use async_trait::async_trait;
use tenantry_core::browser::{BrowserStore, OpenSession, Origin};
use tenantry_core::clock::Timestamp;
use tenantry_core::error::Result;
use tenantry_core::ids::{CredentialId, PrincipalId};

use crate::credential;
use crate::driver::{Sql, params, sql};
use crate::principal;
use crate::session::Db;

const INSERT: Sql =
    sql!("INSERT INTO browser_sessions (credential_id, user_agent, source, used_at) VALUES ($1, $2, $3, $4)");
const USED_AT: Sql = sql!("SELECT used_at FROM browser_sessions WHERE credential_id = $1");
const TOUCH: Sql = sql!("UPDATE browser_sessions SET used_at = $2 WHERE credential_id = $1 AND used_at < $2");
const LIVE_ON: Sql = sql!(
    "UPDATE credentials SET expires_at = $2, last_used_at = $3 \
     WHERE id = $1 AND revoked_at IS NULL AND expires_at < $2 AND expires_at > $3"
);
const OF: Sql = sql!(concat!(
    "SELECT ",
    credential::credential_columns!(),
    ", b.used_at, b.source, b.user_agent FROM credentials c CROSS JOIN browser_sessions b \
     WHERE c.principal_id = $1 AND c.kind = 'browser_session' AND c.revoked_at IS NULL AND c.expires_at > $2 \
     AND b.credential_id = c.id ORDER BY b.used_at DESC, c.id"
));
const END: Sql = sql!(
    "UPDATE credentials SET revoked_at = $3 WHERE principal_id = $1 AND kind = 'browser_session' \
     AND revoked_at IS NULL AND id <> $2"
);

#[async_trait]
impl BrowserStore for Db<'_> {
    async fn insert_browser_session(&self, id: CredentialId, from: &Origin, at: Timestamp) -> Result<()> {
        let source = from.source.map(|source| source.to_string());
        let params = params![id.as_uuid(), from.user_agent.as_deref(), source, at.as_micros()];
        self.conn.run(&INSERT, params).await.map(drop)
    }

    async fn touch_browser_session(&self, id: CredentialId, now: Timestamp, until: Timestamp) -> Result<()> {
        self.conn.run(&TOUCH, params![id.as_uuid(), now.as_micros()]).await?;
        let params = params![id.as_uuid(), until.as_micros(), now.as_micros()];
        self.conn.run(&LIVE_ON, params).await.map(drop)
    }

    async fn browser_session_used_at(&self, id: CredentialId) -> Result<Option<Timestamp>> {
        self.conn.first(&USED_AT, params![id.as_uuid()], |row| Ok(Timestamp::from_micros(row.int(0)?))).await
    }

    async fn browser_sessions_of(&self, principal: PrincipalId, now: Timestamp) -> Result<Vec<OpenSession>> {
        self.conn
            .all(&OF, params![principal.as_uuid(), now.as_micros()], |row| {
                Ok(OpenSession {
                    credential: credential::read_credential(row, 0, principal)?,
                    last_used_at: Timestamp::from_micros(row.int(13)?),
                    source: row.opt_string(14)?,
                    user_agent: row.opt_string(15)?,
                })
            })
            .await
    }

    async fn end_browser_sessions(
        &self,
        principal: PrincipalId,
        but: Option<CredentialId>,
        now: Timestamp,
    ) -> Result<u64> {
        let but = but.as_ref().map_or(uuid::Uuid::nil(), |id| *id.as_uuid());
        principal::raise_auth_version(self, principal).await?;
        self.conn.run(&END, params![principal.as_uuid(), &but, now.as_micros()]).await
    }
}
