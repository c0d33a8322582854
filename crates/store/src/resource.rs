//! Shared resources.

use std::iter;

use async_trait::async_trait;
use tenantry_core::authz::{OrganizationScope, WorkspaceScope, Writable};
use tenantry_core::clock::Timestamp;
use tenantry_core::error::{Error, Result};
use tenantry_core::grant::Subject;
use tenantry_core::ids::{OrganizationId, PrincipalId, TeamId, WorkspaceId};
use tenantry_core::permission::{Level, PermissionSet};
use tenantry_core::resource::{
    Action, ActionSet, ContentRights, InsideRights, Resource, ResourceKind, ResourceStore, Rights, Share,
    ShareSubject,
};
use uuid::Uuid;

use crate::assignment::subject;
use crate::compile::id_list;
use crate::driver::{Row, Sql, params, sql};
use crate::grant::SERVER_PROJECT;
use crate::reach::derive_for_subject;
use crate::session::Db;

/// What roles in a workspace hold beside permissions, and roles in projects of its server hold altogether, directly or by
/// team. Nil stands for no project.
pub(crate) const INSIDE: Sql = sql!(
    "SELECT s.project_id, ro.permissions, ro.content \
     FROM grants g CROSS JOIN server_projects s CROSS JOIN roles ro \
     WHERE g.org_id = $1 AND g.subject_id = $2 AND g.level = 3 AND s.org_id = g.org_id AND s.id = g.scope_id \
       AND s.workspace_id = $3 AND ro.org_id = g.org_id AND ro.id = g.role_id \
     UNION ALL SELECT s.project_id, ro.permissions, ro.content \
     FROM team_members t CROSS JOIN grants g CROSS JOIN server_projects s CROSS JOIN roles ro \
     WHERE t.org_id = $1 AND t.principal_id = $2 AND g.org_id = t.org_id AND g.subject_id = t.team_id \
       AND g.level = 3 AND s.org_id = g.org_id AND s.id = g.scope_id AND s.workspace_id = $3 \
       AND ro.org_id = g.org_id AND ro.id = g.role_id \
     UNION ALL SELECT $4, 0, ro.content FROM grants g CROSS JOIN roles ro \
     WHERE g.org_id = $1 AND g.subject_id = $2 AND g.scope_id = $3 AND ro.org_id = g.org_id AND ro.id = g.role_id \
       AND ro.content <> '' \
     UNION ALL SELECT $4, 0, ro.content FROM team_members t CROSS JOIN grants g CROSS JOIN roles ro \
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
const END_ALL: Sql =
    sql!("DELETE FROM resource_shares WHERE org_id = $1 AND workspace_id = $2 AND subject_id = $3");
/// What a project holds; nil would be what is in none.
const FORGET_INSIDE: Sql =
    sql!("DELETE FROM resource_shares WHERE org_id = $1 AND workspace_id = $2 AND project_id = $3");
const FORGET_PROJECT: Sql = sql!("DELETE FROM server_projects WHERE org_id = $1 AND id = $2");
const END_ROLES: Sql = sql!("DELETE FROM grants WHERE org_id = $1 AND scope_id = $2");
/// Who holds anything in a project.
const HOLDERS: Sql = sql!(
    "SELECT subject_kind, subject_id FROM grants WHERE org_id = $1 AND scope_id = $2 \
     UNION SELECT subject_kind, subject_id FROM resource_shares WHERE org_id = $1 AND workspace_id = $3 \
       AND project_id = $4"
);
const SHARED_WITH: Sql = sql!(
    "SELECT subject_kind, subject_id FROM resource_shares \
     WHERE org_id = $1 AND workspace_id = $2 AND kind = $3 AND project_id = $4 AND resource_id = $5"
);
const KIND_SHARED_WITH: Sql = sql!(
    "SELECT DISTINCT subject_kind, subject_id FROM resource_shares \
     WHERE org_id = $1 AND workspace_id = $2 AND kind = $3 AND project_id = $4"
);
const HAS_SHARE: Sql =
    sql!("SELECT 1 FROM resource_shares WHERE org_id = $1 AND workspace_id = $2 AND subject_id = $3 LIMIT 1");
/// The same by team too.
pub(crate) const ANY_SHARE: Sql = sql!(
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM resource_shares r WHERE r.org_id = $1 AND r.subject_id = $2 \
       AND r.workspace_id = $3) \
     OR EXISTS (SELECT 1 FROM team_members t CROSS JOIN resource_shares r \
       WHERE t.org_id = $1 AND t.principal_id = $2 AND r.org_id = t.org_id AND r.subject_id = t.team_id \
         AND r.workspace_id = $3)"
);
const SHARED_ANYWHERE: Sql = sql!(
    "SELECT r.kind, r.actions FROM resource_shares r WHERE r.org_id = $1 AND r.subject_id = $2 \
     UNION SELECT r.kind, r.actions FROM team_members t CROSS JOIN resource_shares r \
     WHERE t.org_id = $1 AND t.principal_id = $2 AND r.org_id = t.org_id AND r.subject_id = t.team_id \
     UNION SELECT r.kind, r.actions FROM team_invitations t CROSS JOIN resource_shares r \
     WHERE t.org_id = $1 AND t.invitation_id = $2 AND r.org_id = t.org_id AND r.subject_id = t.team_id"
);
const TEAM: Sql = sql!("SELECT 1 FROM teams WHERE org_id = $1 AND id = $2");

/// Where things are shared.
type Place = (OrganizationId, WorkspaceId);

fn holder(row: &Row<'_>) -> Result<Subject> {
    Ok(subject(row.text(0)?, row.id(1)?))
}

async fn has_share(db: &Db<'_>, (organization, workspace): Place, subject: &Subject) -> Result<bool> {
    let params = params![organization.as_uuid(), workspace.as_uuid(), subject.uuid()];
    Ok(db.conn.first(&HAS_SHARE, params, |_| Ok(())).await?.is_some())
}

/// Derives anew what those reach of the workspace to whom nothing is shared any longer.
async fn left_without(db: &Db<'_>, place: Place, subjects: &[Subject]) -> Result<()> {
    let (organization, workspace) = place;
    for subject in subjects {
        if !has_share(db, place, subject).await? {
            derive_for_subject(db, organization, subject, Level::Workspace, workspace.as_uuid()).await?;
        }
    }
    Ok(())
}

/// Ends every role in the project, and what was shared of what it holds.
async fn forget_project(db: &Db<'_>, (organization, workspace): Place, project: &Uuid) -> Result<()> {
    let (org, within) = (organization.as_uuid(), workspace.as_uuid());
    let known = db.conn.first(&SERVER_PROJECT, params![org, within, project], |row| row.id(0)).await?;
    // Nobody holds a role in a project that is not known, so the nil id finds none.
    let known = known.unwrap_or_default();
    let holders = db.conn.all(&HOLDERS, params![org, &known, within, project], holder).await?;
    db.conn.run(&END_ROLES, params![org, &known]).await?;
    db.conn.run(&FORGET_INSIDE, params![org, within, project]).await?;
    db.conn.run(&FORGET_PROJECT, params![org, &known]).await?;
    for subject in &holders {
        derive_for_subject(db, organization, subject, Level::Workspace, within).await?;
    }
    Ok(())
}

#[async_trait]
impl ResourceStore for Db<'_> {
    async fn inside_rights(
        &self,
        scope: &OrganizationScope,
        workspace: WorkspaceId,
        principal: PrincipalId,
    ) -> Result<InsideRights> {
        let organization = scope.organization();
        let read = async {
            let nowhere = Uuid::nil();
            let whose = params![organization.as_uuid(), principal.as_uuid(), workspace.as_uuid(), &nowhere];
            let rights = |row: &Row<'_>| {
                let permissions = PermissionSet::from_bits(row.int(1)?);
                Ok((row.id(0)?, Rights { permissions, content: ContentRights::from_code(row.text(2)?) }))
            };
            let by_shares = self.conn.first(&ANY_SHARE, &whose[..3], |_| Ok(())).await?.is_some();
            let mut inside = InsideRights { by_shares, ..InsideRights::default() };
            for (project, rights) in self.conn.all(&INSIDE, whose, rights).await? {
                if project.is_nil() {
                    inside.everywhere = inside.everywhere.union(&rights.content);
                } else {
                    let here = inside.in_projects.entry(project).or_default();
                    *here = here.union(&rights.in_project());
                }
            }
            Ok(inside)
        };
        self.kept(organization, |kept| &kept.inside, (principal, workspace), read).await
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
        let with = Subject::from(share.subject);
        let had = has_share(self, (organization, workspace), &with).await?;
        if share.actions.is_empty() {
            let params =
                params![organization.as_uuid(), workspace.as_uuid(), kind.word(), &project, &id, with.uuid()];
            self.conn.run(&END, params).await?;
        } else {
            let params = params![
                organization.as_uuid(),
                workspace.as_uuid(),
                kind.word(),
                &project,
                &id,
                with.kind(),
                with.uuid(),
                share.actions.bits(),
                now.as_micros(),
                by.as_uuid(),
            ];
            self.conn.run(&PUT, params).await?;
        }
        if had == has_share(self, (organization, workspace), &with).await? {
            return Ok(());
        }
        derive_for_subject(self, organization, &with, Level::Workspace, workspace.as_uuid()).await
    }

    async fn forget_shares(&self, scope: &Writable<WorkspaceScope>, resource: &Resource) -> Result<()> {
        let place = (scope.organization(), scope.workspace());
        let (organization, workspace) = (place.0.as_uuid(), place.1.as_uuid());
        let project = resource.project.unwrap_or_default();
        let with = if let Some(id) = &resource.id {
            let params = params![organization, workspace, resource.kind.word(), &project, id];
            let with = self.conn.all(&SHARED_WITH, params, holder).await?;
            self.conn.run(&FORGET, params).await?;
            with
        } else {
            let params = params![organization, workspace, resource.kind.word(), &project];
            let with = self.conn.all(&KIND_SHARED_WITH, params, holder).await?;
            self.conn.run(&FORGET_KIND, params).await?;
            with
        };
        left_without(self, place, &with).await?;
        if let Resource { kind: ResourceKind::Project, id: Some(id), .. } = resource {
            forget_project(self, place, id).await?;
        }
        Ok(())
    }

    async fn has_shares(
        &self,
        scope: &OrganizationScope,
        workspace: WorkspaceId,
        subject: &Subject,
    ) -> Result<bool> {
        has_share(self, (scope.organization(), workspace), subject).await
    }

    async fn shared_with(&self, scope: &OrganizationScope, subject: &Subject) -> Result<ContentRights> {
        let params = params![scope.organization().as_uuid(), subject.uuid()];
        let read = |row: &Row<'_>| Ok((row.text(0)?.to_owned(), ActionSet::from_bits(row.int(1)?)));
        let shared = self.conn.all(&SHARED_ANYWHERE, params, read).await?;
        let pairs =
            shared.iter().filter_map(|(kind, actions)| Some((ResourceKind::from_word(kind)?, actions)));
        Ok(pairs.flat_map(|(kind, actions)| actions.iter().map(move |action| (kind, action))).collect())
    }

    async fn end_shares(
        &self,
        scope: &Writable<OrganizationScope>,
        workspace: WorkspaceId,
        subject: &Subject,
    ) -> Result<()> {
        let organization = scope.organization();
        let params = params![organization.as_uuid(), workspace.as_uuid(), subject.uuid()];
        self.conn.run(&END_ALL, params).await?;
        derive_for_subject(self, organization, subject, Level::Workspace, workspace.as_uuid()).await
    }

    async fn is_team(&self, scope: &WorkspaceScope, team: TeamId) -> Result<bool> {
        let params = params![scope.organization().as_uuid(), team.as_uuid()];
        Ok(self.conn.first(&TEAM, params, |_| Ok(())).await?.is_some())
    }
}
