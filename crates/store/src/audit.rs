//! The audit trail.

use async_trait::async_trait;
use tenantry_core::audit::{AuditEvent, AuditStore};
use tenantry_core::error::{Error, Result};
use tenantry_core::ids::CredentialId;

use crate::driver::{Sql, params, sql};
use crate::session::Db;

const APPEND: Sql = sql!(
    "INSERT INTO audit_events (org_id, id, at, actor_id, credential_id, request_id, action, targets) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
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
}
