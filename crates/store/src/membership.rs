//! What one person has in an organization, and its end. A part of the port of grants.

use tenantry_core::authz::{OrganizationScope, Writable};
use tenantry_core::error::Result;
use tenantry_core::grant::LeftWorkspace;
use tenantry_core::ids::{PrincipalId, WorkspaceId};
use tenantry_core::role::Role;

use crate::driver::{Sql, params, sql};
use crate::role;
use crate::session::Db;

const ROLES_HELD: Sql = sql!(
    "SELECT DISTINCT r.org_id, r.id, r.workspace_id, r.level, r.builtin, r.title, r.description, r.permissions, \
       r.version, r.created_at, r.updated_at, r.content \
     FROM grants g CROSS JOIN roles r \
     WHERE g.org_id = $1 AND g.subject_id = $2 AND g.subject_kind = 'principal' \
       AND r.org_id = g.org_id AND r.id = g.role_id \
     UNION SELECT r.org_id, r.id, r.workspace_id, r.level, r.builtin, r.title, r.description, r.permissions, \
       r.version, r.created_at, r.updated_at, r.content \
     FROM team_members t CROSS JOIN grants g CROSS JOIN roles r \
     WHERE t.org_id = $1 AND t.principal_id = $2 AND g.org_id = t.org_id AND g.subject_id = t.team_id \
       AND r.org_id = g.org_id AND r.id = g.role_id"
);
const OWNED_ALONE: Sql = sql!(
    "SELECT w.id, w.name, CASE WHEN w.deleted_at IS NULL THEN 1 ELSE 0 END \
     FROM grants g CROSS JOIN roles ro CROSS JOIN workspaces w \
     WHERE g.org_id = $1 AND g.subject_id = $2 AND g.subject_kind = 'principal' AND g.level = 2 \
       AND ro.org_id = g.org_id AND ro.id = g.role_id AND ro.builtin = 'workspace-owner' \
       AND w.org_id = g.org_id AND w.id = g.scope_id \
       AND NOT EXISTS (SELECT 1 FROM grants og CROSS JOIN principals p \
         WHERE og.org_id = g.org_id AND og.scope_id = g.scope_id AND og.role_id = g.role_id \
           AND og.subject_kind = 'principal' AND og.subject_id <> $2 \
           AND NOT EXISTS (SELECT 1 FROM workspaces s WHERE s.org_id = og.org_id AND s.id = og.subject_id) \
           AND p.id = og.subject_id AND p.suspended_at IS NULL) \
     ORDER BY w.name, w.id"
);
const WORKSPACES: Sql =
    sql!("SELECT COUNT(*) FROM reach WHERE principal_id = $1 AND org_id = $2 AND level = 2");
const GRANTS: Sql =
    sql!("DELETE FROM grants WHERE org_id = $1 AND subject_id = $2 AND subject_kind = 'principal'");
const TEAMS: Sql = sql!("DELETE FROM team_members WHERE org_id = $1 AND principal_id = $2");
const SHARES: Sql = sql!("DELETE FROM resource_shares WHERE org_id = $1 AND subject_id = $2");
const REACH: Sql = sql!("DELETE FROM reach WHERE principal_id = $1 AND org_id = $2");
const INHERIT: Sql =
    sql!("UPDATE workspaces SET owner_id = $3, version = version + 1 WHERE org_id = $1 AND owner_id = $2");

impl Db<'_> {
    pub(crate) async fn roles_of_member(
        &self,
        scope: &OrganizationScope,
        principal: PrincipalId,
    ) -> Result<Vec<Role>> {
        let params = params![scope.organization().as_uuid(), principal.as_uuid()];
        self.conn.all(&ROLES_HELD, params, role::read).await
    }

    pub(crate) async fn owned_by_member_alone(
        &self,
        scope: &OrganizationScope,
        principal: PrincipalId,
    ) -> Result<Vec<LeftWorkspace>> {
        let params = params![scope.organization().as_uuid(), principal.as_uuid()];
        self.conn
            .all(&OWNED_ALONE, params, |row| {
                Ok(LeftWorkspace {
                    id: WorkspaceId::from_uuid(row.id(0)?),
                    name: row.text(1)?.to_owned(),
                    is_live: row.int(2)? != 0,
                })
            })
            .await
    }

    pub(crate) async fn remove_member(
        &self,
        scope: &Writable<OrganizationScope>,
        principal: PrincipalId,
        heir: PrincipalId,
    ) -> Result<u64> {
        let organization = scope.organization();
        let (org, person) = (organization.as_uuid(), principal.as_uuid());
        let workspaces = self.conn.first(&WORKSPACES, params![person, org], |row| row.int(0)).await?;
        self.conn.run(&GRANTS, params![org, person]).await?;
        self.conn.run(&TEAMS, params![org, person]).await?;
        self.conn.run(&SHARES, params![org, person]).await?;
        self.conn.run(&REACH, params![person, org]).await?;
        self.conn.run(&INHERIT, params![org, person, heir.as_uuid()]).await?;
        Ok(workspaces.unwrap_or_default().unsigned_abs())
    }
}
