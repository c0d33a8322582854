//! Purging: what was deleted longer ago than the server keeps it goes for good. A server does this by itself, for nobody:
//! no dialect leads here.
//!
//! A batch is small enough that nobody waits long for it. What audits and the locator know of it stays: no id is ever given
//! to something else.

use async_trait::async_trait;

use crate::Core;
use crate::audit::{AuditEvent, Target};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{AuditEventId, OrganizationId, PrincipalId, WorkspaceId};
use crate::store::Session;

/// How many workspaces, or rows of an organization, one transaction removes.
const BATCH: u32 = 500;

/// What purging needs of the store. Each method locks what it removes from and looks again whether its time has come.
#[async_trait]
pub trait PurgeStore {
    /// A workspace that was deleted before this time, in a live organization or one whose time has not come.
    async fn workspace_to_purge(&self, before: Timestamp) -> Result<Option<(OrganizationId, WorkspaceId)>>;

    /// An organization that was deleted before this time.
    async fn organization_to_purge(&self, before: Timestamp) -> Result<Option<OrganizationId>>;

    /// Removes at most `limit` rows of the workspace, itself last. The rest is left for the next time.
    async fn purge_workspace(
        &self,
        organization: OrganizationId,
        workspace: WorkspaceId,
        limit: u32,
    ) -> Result<()>;

    /// Removes at most `limit` rows of the organization, itself last. The rest is left for the next time.
    async fn purge_organization(&self, organization: OrganizationId, limit: u32) -> Result<()>;
}

impl Core {
    /// Removes a batch of what was deleted longer ago than the setting `retention` says. Answers whether there was any.
    pub async fn purge(&self) -> Result<bool> {
        let now = self.clock.now();
        let before = now.plus_seconds(-self.settings().retention_seconds);
        let ids = std::sync::Arc::clone(&self.ids);
        self.store()
            .write((before, now, ids), |session, (before, now, ids)| {
                Box::pin(async move {
                    let id = AuditEventId::generate(&**ids);
                    if let Some(organization) = session.organization_to_purge(*before).await? {
                        session.lock_organization(OrganizationId::SERVER).await?;
                        session.lock_organization(organization).await?;
                        // It may have been restored while this waited.
                        if session.organization_to_purge(*before).await? != Some(organization) {
                            return Ok(true);
                        }
                        session.purge_organization(organization, BATCH).await?;
                        if session.organization_to_purge(*before).await? != Some(organization) {
                            let target = Target::new("organization", organization.as_uuid());
                            record(session, (id, *now), "organization.purge", target).await?;
                        }
                        return Ok(true);
                    }
                    let Some((organization, workspace)) = session.workspace_to_purge(*before).await? else {
                        return Ok(false);
                    };
                    session.lock_organization(organization).await?;
                    let due = Some((organization, workspace));
                    if session.workspace_to_purge(*before).await? != due {
                        return Ok(true);
                    }
                    session.purge_workspace(organization, workspace, BATCH).await?;
                    if session.workspace_to_purge(*before).await? != due {
                        let target = Target::new("workspace", workspace.as_uuid());
                        record(session, (id, *now), "workspace.purge", target).await?;
                    }
                    Ok(true)
                })
            })
            .await
    }
}

/// The server acts by itself: the nil id, which nobody has, stands for it.
async fn record(
    session: &dyn Session,
    (id, at): (AuditEventId, Timestamp),
    action: &'static str,
    target: Target,
) -> Result<()> {
    session
        .append_audit(&AuditEvent {
            id,
            organization: OrganizationId::SERVER,
            at,
            actor: PrincipalId::from_uuid(uuid::Uuid::nil()),
            credential: None,
            request_id: None,
            action,
            targets: vec![target],
        })
        .await
}
