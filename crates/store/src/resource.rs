//! Shared resources.

use std::iter;

use async_trait::async_trait;
use tenantry_core::authz::{WorkspaceScope, Writable};
use tenantry_core::clock::Timestamp;
use tenantry_core::error::{Error, Result};
use tenantry_core::ids::{PrincipalId, TeamId};
use tenantry_core::resource::{
    Action, ActionSet, ContentRights, Resource, ResourceKind, ResourceStore, Share, ShareSubject,
};
use uuid::Uuid;

use crate::compile::id_list;
use crate::driver::{Sql, params, sql};
use crate::session::Db;

/// What roles in a workspace hold beside permissions, directly or by team.
pub(crate) const CONTENT: Sql = sql!(
    "SELECT ro.content FROM grants g CROSS JOIN roles ro \
     WHERE g.org_id = $1 AND g.subject_id = $2 AND g.scope_id = $3 AND ro.org_id = g.org_id AND ro.id = g.role_id \
       AND ro.content <> '' \
     UNION ALL SELECT ro.content FROM team_members t CROSS JOIN grants g CROSS JOIN roles ro \
     WHERE t.org_id = $1 AND t.principal_id = $2 AND g.org_id = t.org_id AND g.subject_id = t.team_id \
       AND g.scope_id = $3 AND ro.org_id = g.org_id AND ro.id = g.role_id AND ro.content <> ''"
);
const SHARED: Sql = sql!(
    "SELECT resource_id FROM resource_shares WHERE org_id = $1 AND workspace_id = $2 AND kind = $3 \
       AND project_id = $4 AND (actions & $6) <> 0 AND subject_id = $5 \
     UNION SELECT s.resource_id FROM team_members t CROSS JOIN resource_shares s \
     WHERE t.org_id = $1 AND t.principal_id = $5 AND s.org_id = $1 AND s.workspace_id = $2 AND s.kind = $3 \
       AND s.project_id = $4 AND (s.actions & $6) <> 0 AND s.subject_id = t.team_id \
     ORDER BY 1"
);
const OF_RESOURCE: Sql = sql!(
    "SELECT subject_kind, subject_id, actions FROM resource_shares \
     WHERE org_id = $1 AND workspace_id = $2 AND kind = $3 AND project_id = $4 AND resource_id = $5 \
     ORDER BY subject_id"
);
const PUT: Sql = sql!(
    "INSERT INTO resource_shares (org_id, workspace_id, kind, project_id, resource_id, subject_kind, subject_id, \
       actions, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
     ON CONFLICT (org_id, workspace_id, kind, project_id, resource_id, subject_id) DO UPDATE \
     SET actions = excluded.actions, created_at = excluded.created_at, created_by = excluded.created_by"
);
const END: Sql = sql!(
    "DELETE FROM resource_shares WHERE org_id = $1 AND workspace_id = $2 AND kind = $3 AND project_id = $4 \
     AND resource_id = $5 AND subject_id = $6"
);
const FORGET: Sql = sql!(
    "DELETE FROM resource_shares WHERE org_id = $1 AND workspace_id = $2 AND kind = $3 AND project_id = $4 \
     AND resource_id = $5"
);
const FORGET_KIND: Sql = sql!(
    "DELETE FROM resource_shares WHERE org_id = $1 AND workspace_id = $2 AND kind = $3 AND project_id = $4"
);
const TEAM: Sql = sql!("SELECT 1 FROM teams WHERE org_id = $1 AND id = $2");

const fn subject(share: &ShareSubject) -> (&'static str, &Uuid) {
    match share {
        ShareSubject::Principal(id) => ("principal", id.as_uuid()),
        ShareSubject::Team(id) => ("team", id.as_uuid()),
    }
}

#[async_trait]
impl ResourceStore for Db<'_> {
    async fn content_rights(&self, scope: &WorkspaceScope, principal: PrincipalId) -> Result<ContentRights> {
        let (organization, workspace) = (scope.organization(), scope.workspace());
        let read = async {
            let params = params![organization.as_uuid(), principal.as_uuid(), workspace.as_uuid()];
            let codes = self.conn.all(&CONTENT, params, |row| row.text(0).map(ContentRights::from_code));
            Ok(codes.await?.iter().fold(ContentRights::NONE, |all, more| all.union(more)))
        };
        self.kept(organization, |kept| &kept.content, (principal, workspace), read).await
    }

    async fn shared_among(
        &self,
        scope: &WorkspaceScope,
        principal: PrincipalId,
        ids: &[Uuid],
        action: Action,
    ) -> Result<Vec<Resource>> {
        let Some(last) = ids.last() else { return Ok(Vec::new()) };
        let action: ActionSet = [action].into_iter().collect();
        let mut params = vec![
            scope.organization().as_uuid().into(),
            scope.workspace().as_uuid().into(),
            principal.as_uuid().into(),
            action.bits().into(),
        ];
        // One of a dozen lengths, so that few texts are prepared.
        let padding = ids.len().next_power_of_two() - ids.len();
        let asked = ids.iter().copied().chain(iter::repeat_n(*last, padding));
        let asked = id_list(&mut params, asked);
        let statement = Sql::built(format!(
            "SELECT kind, project_id, resource_id FROM resource_shares \
             WHERE org_id = $1 AND workspace_id = $2 AND subject_id = $3 AND (actions & $4) <> 0 \
               AND resource_id IN ({asked}) \
             UNION SELECT s.kind, s.project_id, s.resource_id FROM team_members t CROSS JOIN resource_shares s \
             WHERE t.org_id = $1 AND t.principal_id = $3 AND s.org_id = $1 AND s.workspace_id = $2 \
               AND s.subject_id = t.team_id AND (s.actions & $4) <> 0 AND s.resource_id IN ({asked})"
        ));
        self.conn
            .all(&statement, &params, |row| {
                let kind = ResourceKind::from_word(row.text(0)?);
                let kind = kind.ok_or_else(|| Error::internal("unknown kind of resource"))?;
                let project = row.id(1)?;
                let project = (!project.is_nil()).then_some(project);
                Ok(Resource { project, kind, id: Some(row.id(2)?) })
            })
            .await
    }

    async fn shared_ids(
        &self,
        scope: &WorkspaceScope,
        principal: PrincipalId,
        (project, kind): (Option<Uuid>, ResourceKind),
        action: Action,
    ) -> Result<Vec<Uuid>> {
        let action: ActionSet = [action].into_iter().collect();
        let project = project.unwrap_or_default();
        let params = params![
            scope.organization().as_uuid(),
            scope.workspace().as_uuid(),
            kind.word(),
            &project,
            principal.as_uuid(),
            action.bits(),
        ];
        self.conn.all(&SHARED, params, |row| row.id(0)).await
    }

    async fn shares_of(&self, scope: &WorkspaceScope, resource: &Resource) -> Result<Vec<Share>> {
        let (project, id) = (resource.project.unwrap_or_default(), resource.id.unwrap_or_default());
        let params = params![
            scope.organization().as_uuid(),
            scope.workspace().as_uuid(),
            resource.kind.word(),
            &project,
            &id,
        ];
        self.conn
            .all(&OF_RESOURCE, params, |row| {
                let id = row.id(1)?;
                let subject = match row.text(0)? {
                    "principal" => ShareSubject::Principal(PrincipalId::from_uuid(id)),
                    "team" => ShareSubject::Team(TeamId::from_uuid(id)),
                    _ => return Err(Error::internal("unknown kind of subject")),
                };
                Ok(Share { resource: *resource, subject, actions: ActionSet::from_bits(row.int(2)?) })
            })
            .await
    }

    async fn put_share(
        &self,
        scope: &Writable<WorkspaceScope>,
        share: &Share,
        (by, now): (PrincipalId, Timestamp),
    ) -> Result<()> {
        let Resource { project, kind, id } = share.resource;
        let (project, id) = (project.unwrap_or_default(), id.unwrap_or_default());
        let (organization, workspace) = (scope.organization(), scope.workspace());
        let (subject_kind, subject) = subject(&share.subject);
        if share.actions.is_empty() {
            let params =
                params![organization.as_uuid(), workspace.as_uuid(), kind.word(), &project, &id, subject];
            return self.conn.run(&END, params).await.map(drop);
        }
        let params = params![
            organization.as_uuid(),
            workspace.as_uuid(),
            kind.word(),
            &project,
            &id,
            subject_kind,
            subject,
            share.actions.bits(),
            now.as_micros(),
            by.as_uuid(),
        ];
        self.conn.run(&PUT, params).await.map(drop)
    }

    async fn forget_shares(&self, scope: &Writable<WorkspaceScope>, resource: &Resource) -> Result<()> {
        let project = resource.project.unwrap_or_default();
        let (organization, workspace) = (scope.organization(), scope.workspace());
        let (organization, workspace) = (organization.as_uuid(), workspace.as_uuid());
        if let Some(id) = &resource.id {
            let params = params![organization, workspace, resource.kind.word(), &project, id];
            return self.conn.run(&FORGET, params).await.map(drop);
        }
        let params = params![organization, workspace, resource.kind.word(), &project];
        self.conn.run(&FORGET_KIND, params).await.map(drop)
    }

    async fn is_team(&self, scope: &WorkspaceScope, team: TeamId) -> Result<bool> {
        let params = params![scope.organization().as_uuid(), team.as_uuid()];
        Ok(self.conn.first(&TEAM, params, |_| Ok(())).await?.is_some())
    }
}
