//! The audit trail.

use async_trait::async_trait;
use tenantry_core::audit::{AuditEvent, AuditStore, DeniedAttempt};
use tenantry_core::clock::Timestamp;
use tenantry_core::error::{Error, Result};
use tenantry_core::ids::{CredentialId, OrganizationId, PrincipalId};
use tenantry_core::permission::Permission;

use crate::driver::{Sql, params, sql};
use crate::session::Db;

const APPEND: Sql = sql!(
    "INSERT INTO audit_events (org_id, id, at, actor_id, credential_id, request_id, action, targets) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
);
const APPEND_DENIED: Sql = sql!(
    "INSERT INTO denied_attempts (org_id, id, at, kind, principal_id, permission, route, request_id, suppressed) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING"
);
pub(crate) const PURGE_OLD: Sql = sql!("DELETE FROM denied_attempts WHERE at < $1");
pub(crate) const PURGE_MANY: Sql = sql!(
    "DELETE FROM denied_attempts WHERE at < (SELECT at FROM denied_attempts ORDER BY at DESC LIMIT 1 OFFSET $1)"
);

#[async_trait]
impl AuditStore for Db<'_> {
    async fn append_audit(&self, event: &AuditEvent) -> Result<()> {
        let targets: Vec<_> = event.targets.iter().map(|target| (target.kind, target.id)).collect();
        let targets = serde_json::to_string(&targets).map_err(Error::internal)?;
        let params = params![
            event.organization.as_uuid(),
            event.id.as_uuid(),
            event.at.as_micros(),
            event.actor.as_uuid(),
            event.credential.as_ref().map(CredentialId::as_uuid),
            event.request_id.as_deref(),
            event.action,
            targets,
        ];
        self.conn.run(&APPEND, params).await.map(drop)
    }

    async fn append_denied(&self, attempts: &[DeniedAttempt]) -> Result<()> {
        for DeniedAttempt { id, at, attempt, suppressed } in attempts {
            let params = params![
                attempt.organization.unwrap_or(OrganizationId::SERVER).as_uuid(),
                id.as_uuid(),
                at.as_micros(),
                attempt.denial.word(),
                attempt.principal.as_ref().map(PrincipalId::as_uuid),
                attempt.permission.map(Permission::name),
                &attempt.route,
                attempt.request_id.as_deref(),
                i64::try_from(*suppressed).unwrap_or(i64::MAX),
            ];
            self.conn.run(&APPEND_DENIED, params).await?;
        }
        Ok(())
    }

    async fn purge_denied(&self, oldest: Timestamp, kept: u64) -> Result<()> {
        self.conn.run(&PURGE_OLD, params![oldest.as_micros()]).await?;
        let kept = i64::try_from(kept.saturating_sub(1)).unwrap_or(i64::MAX);
        self.conn.run(&PURGE_MANY, params![kept]).await.map(drop)
    }
}
