//! Projects.

use async_trait::async_trait;
use tenantry_core::authz::{WorkspaceScope, Writable};
use tenantry_core::error::Result;
use tenantry_core::project::{Project, ProjectStore};

use crate::driver::{Sql, params, sql};
use crate::session::Db;

const LOCATE: Sql = sql!("INSERT INTO locator (id, kind, org_id) VALUES ($1, 'project', $2)");
const INSERT: Sql = sql!(
    "INSERT INTO projects (org_id, workspace_id, id, key, name, is_default, created_at, created_by) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
);
const COUNT: Sql =
    sql!("UPDATE workspaces SET project_count = project_count + 1 WHERE org_id = $1 AND id = $2");

#[async_trait]
impl ProjectStore for Db<'_> {
    async fn insert_project(&self, scope: &Writable<WorkspaceScope>, project: &Project) -> Result<()> {
        let (organization, workspace) = (scope.organization(), scope.workspace());
        self.conn.run(&LOCATE, params![project.id.as_uuid(), organization.as_uuid()]).await?;
        let params = params![
            organization.as_uuid(),
            workspace.as_uuid(),
            project.id.as_uuid(),
            &project.key,
            &project.name,
            project.is_default,
            project.created_at.as_micros(),
            project.created_by.as_uuid(),
        ];
        self.conn.run(&INSERT, params).await?;
        self.conn.run(&COUNT, params![organization.as_uuid(), workspace.as_uuid()]).await.map(drop)
    }
}
