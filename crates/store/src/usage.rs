//! Usage of metered features.

use async_trait::async_trait;
use tenantry_core::authz::{OrganizationScope, WorkspaceScope, Writable};
use tenantry_core::clock::Timestamp;
use tenantry_core::error::Result;
use tenantry_core::ids::OrganizationId;
use tenantry_core::usage::{Usage, UsageStore};

use crate::driver::{Row, Sql, params, sql};
use crate::session::Db;

const ADD: Sql = sql!(
    "INSERT INTO usage_counts (org_id, feature, workspace_id, total) \
     VALUES ($1, $2, $3, CASE WHEN $4 < 0 THEN 0 ELSE $4 END) \
     ON CONFLICT (org_id, feature, workspace_id) DO UPDATE \
     SET total = CASE WHEN usage_counts.total + $4 < 0 THEN 0 ELSE usage_counts.total + $4 END RETURNING total"
);
/// On PostgreSQL it waits for another transaction that counts the same.
const REMEMBER: Sql = sql!(
    "INSERT INTO usage_events (org_id, workspace_id, feature, resource, step, counted_at) \
     VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT (org_id, workspace_id, feature, resource, step) DO UPDATE SET counted_at = excluded.counted_at \
     WHERE usage_events.counted_at <= $7"
);
/// What was undone may be done again.
const FORGET_OPPOSITE: Sql = sql!(
    "DELETE FROM usage_events \
     WHERE org_id = $1 AND workspace_id = $2 AND feature = $3 AND resource = $4 AND step * $5 < 0"
);
const FORGET: Sql = sql!(
    "DELETE FROM usage_events WHERE (org_id, workspace_id, feature, resource, step) IN \
     (SELECT org_id, workspace_id, feature, resource, step FROM usage_events \
      WHERE counted_at <= $1 ORDER BY counted_at LIMIT $2)"
);
/// What a deleted workspace has counts again when it is restored.
const LIST: Sql = sql!(
    "SELECT f.feature, CAST(COALESCE(SUM(f.total), 0) AS BIGINT), MAX(f.allowed) FROM \
       (SELECT u.feature, u.total, CAST(NULL AS BIGINT) AS allowed FROM usage_counts u CROSS JOIN workspaces w \
          WHERE u.org_id = $1 AND w.org_id = u.org_id AND w.id = u.workspace_id AND w.deleted_at IS NULL \
        UNION ALL SELECT feature, 0, allowed FROM entitlements WHERE org_id = $1) AS f \
     GROUP BY f.feature ORDER BY f.feature"
);
const FIND: Sql = sql!(
    "SELECT f.feature, CAST(COALESCE(SUM(f.total), 0) AS BIGINT), MAX(f.allowed) FROM \
       (SELECT u.feature, u.total, CAST(NULL AS BIGINT) AS allowed FROM usage_counts u CROSS JOIN workspaces w \
          WHERE u.org_id = $1 AND u.feature = $2 AND w.org_id = u.org_id AND w.id = u.workspace_id \
            AND w.deleted_at IS NULL \
        UNION ALL SELECT feature, 0, allowed FROM entitlements WHERE org_id = $1 AND feature = $2) AS f \
     GROUP BY f.feature"
);
const ALLOW: Sql = sql!(
    "INSERT INTO entitlements (org_id, feature, allowed) VALUES ($1, $2, $3) \
     ON CONFLICT (org_id, feature) DO UPDATE SET allowed = excluded.allowed"
);
const ALLOW_ALL: Sql = sql!("DELETE FROM entitlements WHERE org_id = $1 AND feature = $2");

fn read(row: &Row<'_>, organization: OrganizationId) -> Result<Usage> {
    let feature = row.text(0)?.to_owned();
    Ok(Usage { organization, feature, total: row.int(1)?, allowed: row.opt_int(2)? })
}

#[async_trait]
impl UsageStore for Db<'_> {
    async fn add_usage(&self, scope: &Writable<WorkspaceScope>, feature: &str, step: i64) -> Result<i64> {
        let params = params![scope.organization().as_uuid(), feature, scope.workspace().as_uuid(), step];
        Ok(self.conn.first(&ADD, params, |row| row.int(0)).await?.unwrap_or_default())
    }

    async fn remember_usage(
        &self,
        scope: &Writable<WorkspaceScope>,
        (feature, resource, step): (&str, &str, i64),
        now: Timestamp,
        expired: Timestamp,
    ) -> Result<bool> {
        let params = params![
            scope.organization().as_uuid(),
            scope.workspace().as_uuid(),
            feature,
            resource,
            step,
            now.as_micros(),
            expired.as_micros(),
        ];
        let is_new = self.conn.run(&REMEMBER, params).await? > 0;
        if is_new {
            let (organization, workspace) = (scope.organization(), scope.workspace());
            let params = params![organization.as_uuid(), workspace.as_uuid(), feature, resource, step];
            self.conn.run(&FORGET_OPPOSITE, params).await?;
        }
        Ok(is_new)
    }

    async fn forget_usage(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.conn.run(&FORGET, params![before.as_micros(), i64::from(limit)]).await
    }

    async fn list_usage(&self, scope: &OrganizationScope) -> Result<Vec<Usage>> {
        let organization = scope.organization();
        self.conn.all(&LIST, params![organization.as_uuid()], |row| read(row, organization)).await
    }

    async fn find_usage(&self, scope: &OrganizationScope, feature: &str) -> Result<Option<Usage>> {
        let organization = scope.organization();
        self.conn.first(&FIND, params![organization.as_uuid(), feature], |row| read(row, organization)).await
    }

    async fn set_entitlement(
        &self,
        scope: &Writable<OrganizationScope>,
        feature: &str,
        allowed: Option<i64>,
    ) -> Result<()> {
        let organization = scope.organization();
        match allowed {
            Some(allowed) => {
                let params = params![organization.as_uuid(), feature, allowed];
                self.conn.run(&ALLOW, params).await.map(drop)
            }
            None => self.conn.run(&ALLOW_ALL, params![organization.as_uuid(), feature]).await.map(drop),
        }
    }
}
