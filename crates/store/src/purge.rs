//! Removing for good what was deleted long ago, in the order in which rows name each other.

use async_trait::async_trait;
use tenantry_core::clock::Timestamp;
use tenantry_core::error::Result;
use tenantry_core::ids::{OrganizationId, WorkspaceId};
use tenantry_core::purge::PurgeStore;

use crate::driver::{Sql, params, sql};
use crate::session::Db;

const WORKSPACE: Sql =
    sql!("SELECT org_id, id FROM workspaces WHERE deleted_at <= $1 ORDER BY deleted_at, org_id, id LIMIT 1");
const ORGANIZATION: Sql =
    sql!("SELECT id FROM organizations WHERE deleted_at <= $1 ORDER BY deleted_at, id LIMIT 1");

/// `$1` the organization, `$2` the workspace, `$3` how many rows.
const OF_WORKSPACE: [Sql; 17] = [
    sql!(
        "DELETE FROM resource_shares WHERE (org_id, workspace_id, kind, project_id, resource_id, subject_id) IN \
         (SELECT org_id, workspace_id, kind, project_id, resource_id, subject_id FROM resource_shares \
          WHERE org_id = $1 AND workspace_id = $2 LIMIT $3)"
    ),
    sql!(
        "DELETE FROM usage_counts WHERE (org_id, feature, workspace_id) IN \
         (SELECT org_id, feature, workspace_id FROM usage_counts WHERE org_id = $1 AND workspace_id = $2 LIMIT $3)"
    ),
    sql!(
        "DELETE FROM usage_events WHERE (org_id, workspace_id, feature, resource, step) IN \
         (SELECT org_id, workspace_id, feature, resource, step FROM usage_events \
          WHERE org_id = $1 AND workspace_id = $2 LIMIT $3)"
    ),
    sql!(
        "DELETE FROM reach WHERE (principal_id, org_id, level, scope_id) IN \
         (SELECT principal_id, org_id, level, scope_id FROM reach WHERE org_id = $1 AND scope_id = $2 LIMIT $3)"
    ),
    sql!(
        "DELETE FROM grants WHERE (org_id, id) IN \
         (SELECT org_id, id FROM grants WHERE org_id = $1 AND (scope_id = $2 \
            OR scope_id IN (SELECT id FROM server_projects WHERE org_id = $1 AND workspace_id = $2)) LIMIT $3)"
    ),
    sql!(
        "DELETE FROM server_projects WHERE (org_id, id) IN \
         (SELECT org_id, id FROM server_projects WHERE org_id = $1 AND workspace_id = $2 LIMIT $3)"
    ),
    sql!(
        "DELETE FROM team_invitations WHERE (org_id, team_id, invitation_id) IN \
         (SELECT t.org_id, t.team_id, t.invitation_id FROM team_invitations t CROSS JOIN invitations i \
          WHERE t.org_id = $1 AND i.org_id = t.org_id AND i.id = t.invitation_id AND i.workspace_id = $2 LIMIT $3)"
    ),
    sql!(
        "DELETE FROM invitations WHERE (org_id, id) IN \
         (SELECT org_id, id FROM invitations WHERE org_id = $1 AND workspace_id = $2 LIMIT $3)"
    ),
    sql!(
        "DELETE FROM roles WHERE (org_id, id) IN \
         (SELECT org_id, id FROM roles WHERE org_id = $1 AND workspace_id = $2 LIMIT $3)"
    ),
    sql!(
        "DELETE FROM projects WHERE (org_id, workspace_id, id) IN \
         (SELECT org_id, workspace_id, id FROM projects WHERE org_id = $1 AND workspace_id = $2 LIMIT $3)"
    ),
    // The account of its server has its id.
    sql!(
        "DELETE FROM credentials WHERE id IN (SELECT c.id FROM credentials c CROSS JOIN principals p \
         WHERE p.id = $2 AND p.org_id = $1 AND c.principal_id = p.id \
         ORDER BY CASE WHEN c.parent_id IS NULL THEN 1 ELSE 0 END LIMIT $3)"
    ),
    sql!(
        "DELETE FROM team_members WHERE (org_id, team_id, principal_id) IN \
         (SELECT org_id, team_id, principal_id FROM team_members WHERE org_id = $1 AND principal_id = $2 LIMIT $3)"
    ),
    sql!(
        "DELETE FROM resource_shares WHERE (org_id, workspace_id, kind, project_id, resource_id, subject_id) IN \
         (SELECT org_id, workspace_id, kind, project_id, resource_id, subject_id FROM resource_shares \
          WHERE org_id = $1 AND subject_id = $2 LIMIT $3)"
    ),
    sql!(
        "DELETE FROM grants WHERE (org_id, id) IN \
         (SELECT org_id, id FROM grants WHERE org_id = $1 AND subject_id = $2 LIMIT $3)"
    ),
    sql!(
        "DELETE FROM reach WHERE (principal_id, org_id, level, scope_id) IN \
         (SELECT principal_id, org_id, level, scope_id FROM reach WHERE org_id = $1 AND principal_id = $2 LIMIT $3)"
    ),
    sql!(
        "DELETE FROM principals WHERE id IN (SELECT id FROM principals WHERE id = $2 AND org_id = $1 LIMIT $3)"
    ),
    sql!(
        "DELETE FROM workspaces WHERE (org_id, id) IN \
         (SELECT org_id, id FROM workspaces WHERE org_id = $1 AND id = $2 LIMIT $3)"
    ),
];

/// `$1` the organization, `$2` how many rows.
const OF_ORGANIZATION: [Sql; 25] = [
    sql!(
        "DELETE FROM resource_shares WHERE (org_id, workspace_id, kind, project_id, resource_id, subject_id) IN \
         (SELECT org_id, workspace_id, kind, project_id, resource_id, subject_id FROM resource_shares \
          WHERE org_id = $1 LIMIT $2)"
    ),
    sql!(
        "DELETE FROM usage_counts WHERE (org_id, feature, workspace_id) IN \
         (SELECT org_id, feature, workspace_id FROM usage_counts WHERE org_id = $1 LIMIT $2)"
    ),
    sql!(
        "DELETE FROM usage_events WHERE (org_id, workspace_id, feature, resource, step) IN \
         (SELECT org_id, workspace_id, feature, resource, step FROM usage_events WHERE org_id = $1 LIMIT $2)"
    ),
    sql!(
        "DELETE FROM entitlements WHERE (org_id, feature) IN \
         (SELECT org_id, feature FROM entitlements WHERE org_id = $1 LIMIT $2)"
    ),
    sql!(
        "DELETE FROM reach WHERE (principal_id, org_id, level, scope_id) IN \
         (SELECT principal_id, org_id, level, scope_id FROM reach WHERE org_id = $1 LIMIT $2)"
    ),
    sql!(
        "DELETE FROM grants WHERE (org_id, id) IN (SELECT org_id, id FROM grants WHERE org_id = $1 LIMIT $2)"
    ),
    sql!(
        "DELETE FROM server_projects WHERE (org_id, id) IN \
         (SELECT org_id, id FROM server_projects WHERE org_id = $1 LIMIT $2)"
    ),
    sql!(
        "DELETE FROM team_invitations WHERE (org_id, team_id, invitation_id) IN \
         (SELECT org_id, team_id, invitation_id FROM team_invitations WHERE org_id = $1 LIMIT $2)"
    ),
    sql!(
        "DELETE FROM invitations WHERE (org_id, id) IN \
         (SELECT org_id, id FROM invitations WHERE org_id = $1 LIMIT $2)"
    ),
    sql!("DELETE FROM roles WHERE (org_id, id) IN (SELECT org_id, id FROM roles WHERE org_id = $1 LIMIT $2)"),
    sql!(
        "DELETE FROM team_members WHERE (org_id, team_id, principal_id) IN \
         (SELECT org_id, team_id, principal_id FROM team_members WHERE org_id = $1 LIMIT $2)"
    ),
    sql!("DELETE FROM teams WHERE (org_id, id) IN (SELECT org_id, id FROM teams WHERE org_id = $1 LIMIT $2)"),
    sql!(
        "DELETE FROM projects WHERE (org_id, workspace_id, id) IN \
         (SELECT org_id, workspace_id, id FROM projects WHERE org_id = $1 LIMIT $2)"
    ),
    sql!(
        "DELETE FROM workspaces WHERE (org_id, id) IN \
         (SELECT org_id, id FROM workspaces WHERE org_id = $1 LIMIT $2)"
    ),
    sql!(
        "DELETE FROM devices WHERE id IN (SELECT d.id FROM devices d CROSS JOIN credentials c \
         WHERE c.org_id = $1 AND d.authorization_id = c.id LIMIT $2)"
    ),
    sql!(
        "DELETE FROM authorization_codes WHERE hash IN (SELECT a.hash FROM authorization_codes a CROSS JOIN credentials c \
         WHERE c.org_id = $1 AND a.authorization_id = c.id LIMIT $2)"
    ),
    sql!(
        "DELETE FROM authorizations WHERE credential_id IN (SELECT a.credential_id FROM authorizations a \
         CROSS JOIN credentials c WHERE c.org_id = $1 AND a.credential_id = c.id LIMIT $2)"
    ),
    sql!(
        "DELETE FROM token_scopes WHERE credential_id IN (SELECT t.credential_id FROM token_scopes t \
         CROSS JOIN credentials c WHERE c.org_id = $1 AND t.credential_id = c.id LIMIT $2)"
    ),
    sql!(
        "DELETE FROM browser_sessions WHERE credential_id IN (SELECT b.credential_id FROM browser_sessions b \
         CROSS JOIN credentials c WHERE c.org_id = $1 AND b.credential_id = c.id LIMIT $2)"
    ),
    sql!(
        "DELETE FROM identities WHERE credential_id IN (SELECT credential_id FROM identities WHERE org_id = $1 LIMIT $2)"
    ),
    sql!(
        "DELETE FROM issuers WHERE (org_id, id) IN (SELECT org_id, id FROM issuers WHERE org_id = $1 LIMIT $2)"
    ),
    sql!(
        // What was given for something comes before it.
        "DELETE FROM credentials WHERE id IN (SELECT c.id FROM credentials c WHERE c.org_id = $1 \
            OR c.principal_id IN (SELECT id FROM principals WHERE org_id = $1) \
            ORDER BY CASE WHEN c.kind IN ('access_token', 'refresh_token') THEN 0 WHEN c.kind = 'identity' THEN 3 \
              WHEN c.kind IN ('authorization', 'browser_session') THEN 2 ELSE 1 END, \
              CASE WHEN EXISTS (SELECT 1 FROM credentials k WHERE k.parent_id = c.id) THEN 1 ELSE 0 END LIMIT $2)"
    ),
    sql!("DELETE FROM principals WHERE id IN (SELECT id FROM principals WHERE org_id = $1 LIMIT $2)"),
    sql!("DELETE FROM versions WHERE org_id IN (SELECT org_id FROM versions WHERE org_id = $1 LIMIT $2)"),
    sql!("DELETE FROM organizations WHERE id IN (SELECT id FROM organizations WHERE id = $1 LIMIT $2)"),
];

#[async_trait]
impl PurgeStore for Db<'_> {
    async fn workspace_to_purge(&self, before: Timestamp) -> Result<Option<(OrganizationId, WorkspaceId)>> {
        self.conn
            .first(&WORKSPACE, params![before.as_micros()], |row| {
                Ok((OrganizationId::from_uuid(row.id(0)?), WorkspaceId::from_uuid(row.id(1)?)))
            })
            .await
    }

    async fn organization_to_purge(&self, before: Timestamp) -> Result<Option<OrganizationId>> {
        let found = self.conn.first(&ORGANIZATION, params![before.as_micros()], |row| row.id(0)).await?;
        Ok(found.map(OrganizationId::from_uuid))
    }

    async fn purge_workspace(
        &self,
        organization: OrganizationId,
        workspace: WorkspaceId,
        limit: u32,
    ) -> Result<()> {
        self.note_identities();
        let mut left = u64::from(limit);
        for statement in &OF_WORKSPACE {
            let params = params![organization.as_uuid(), workspace.as_uuid(), room(left)];
            left = left.saturating_sub(self.conn.run(statement, params).await?);
            if left == 0 {
                break; // there may be more of these, which the next ones would stumble over
            }
        }
        Ok(())
    }

    async fn purge_organization(&self, organization: OrganizationId, limit: u32) -> Result<()> {
        self.note_identities();
        let mut left = u64::from(limit);
        for statement in &OF_ORGANIZATION {
            let params = params![organization.as_uuid(), room(left)];
            left = left.saturating_sub(self.conn.run(statement, params).await?);
            if left == 0 {
                break;
            }
        }
        Ok(())
    }
}

fn room(left: u64) -> i64 {
    i64::try_from(left).unwrap_or(i64::MAX)
}
