//! Grants, what they are derived to, and the people who hold them.

use async_trait::async_trait;
use tenantry_core::authz::{OrganizationScope, PlaceScope, Writable};
use tenantry_core::clock::Timestamp;
use tenantry_core::error::{Error, Result};
use tenantry_core::filter::{Filter, ListQuery};
use tenantry_core::grant::{
    AssignmentField, Grant, GrantStore, LeftWorkspace, PartyQuery, Scope, SeenParties, ServerProject,
    Subject, UserWithRoles,
};
use tenantry_core::ids::{GrantId, InvitationId, PrincipalId, RoleId, ServerProjectId, WorkspaceId};
use tenantry_core::page::{Page, PageRequest};
use tenantry_core::permission::{BuiltinRole, Level, Permission, PermissionSet};
use tenantry_core::principal::UserField;
use tenantry_core::role::Role;
use uuid::Uuid;

use crate::assignment;
use crate::compile::{bind, id_list};
use crate::driver::{Sql, Value, params, sql};
use crate::principal;
use crate::reach::{derive, derive_for_subject};
use crate::session::Db;
use crate::team::FORGET_INVITATION;
use crate::user_list;

pub(crate) const GRANTS_OF: Sql = sql!(
    "SELECT id, role_id, created_at, created_by FROM grants \
     WHERE org_id = $1 AND subject_id = $2 AND scope_id = $3 AND subject_kind = $4 ORDER BY created_at, id"
);
const INSERT: Sql = sql!(
    "INSERT INTO grants (org_id, id, subject_kind, subject_id, role_id, level, scope_id, created_at, created_by) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
);
pub(crate) const SERVER_PROJECT: Sql =
    sql!("SELECT id FROM server_projects WHERE org_id = $1 AND workspace_id = $2 AND project_id = $3");
/// One in which nobody holds a role any longer.
const FORGET_EMPTY_PROJECT: Sql = sql!(
    "DELETE FROM server_projects WHERE org_id = $1 AND id = $2 \
     AND NOT EXISTS (SELECT 1 FROM grants WHERE org_id = $1 AND scope_id = $2)"
);
const INSERT_PROJECT: Sql =
    sql!("INSERT INTO server_projects (org_id, id, workspace_id, project_id) VALUES ($1, $2, $3, $4)");
const DELETE: Sql = sql!("DELETE FROM grants WHERE org_id = $1 AND id = $2");
/// The server of a workspace, which has its id, is nobody to answer for anything.
pub(crate) const HOLDERS: Sql = sql!(
    "SELECT COUNT(*) FROM grants g CROSS JOIN roles ro CROSS JOIN principals p \
     WHERE g.org_id = $1 AND g.scope_id = $2 AND g.subject_kind = 'principal' \
       AND ro.org_id = g.org_id AND ro.id = g.role_id AND ro.builtin = $3 \
       AND p.id = g.subject_id AND p.suspended_at IS NULL \
       AND NOT EXISTS (SELECT 1 FROM workspaces w WHERE w.org_id = g.org_id AND w.id = p.id)"
);
/// Everybody who holds a role, and where.
const HOLDERS_OF_ROLE: Sql = sql!(
    "SELECT DISTINCT subject_kind, subject_id, level, scope_id FROM grants WHERE org_id = $1 AND role_id = $2"
);
const REVOKE_ROLE: Sql = sql!("DELETE FROM grants WHERE org_id = $1 AND role_id = $2");
const REVOKE_EMPTY: Sql = sql!(
    "UPDATE invitations SET status = 'revoked' WHERE org_id = $1 AND id = $2 AND status = 'pending' \
       AND NOT EXISTS (SELECT 1 FROM grants WHERE org_id = $1 AND subject_id = $2)"
);
const OF_INVITATION: Sql = sql!(
    "SELECT id, role_id, level, scope_id, created_at, created_by FROM grants \
     WHERE org_id = $1 AND subject_id = $2 AND subject_kind = 'invitation' ORDER BY created_at, id"
);

async fn holders_of_role(
    db: &Db<'_>,
    scope: &OrganizationScope,
    role: RoleId,
) -> Result<Vec<(Subject, Level, Uuid)>> {
    let params = params![scope.organization().as_uuid(), role.as_uuid()];
    db.conn
        .all(&HOLDERS_OF_ROLE, params, |row| {
            let subject = assignment::subject(row.text(0)?, row.id(1)?);
            let level = Level::from_number(row.int(2)?).ok_or_else(|| Error::internal("unknown level"))?;
            Ok((subject, level, row.id(3)?))
        })
        .await
}

#[async_trait]
impl GrantStore for Db<'_> {
    async fn grants_of(
        &self,
        scope: &OrganizationScope,
        subject: &Subject,
        at: &Scope,
    ) -> Result<Vec<Grant>> {
        let organization = scope.organization();
        let object = at.object(organization);
        let params = params![organization.as_uuid(), subject.uuid(), &object, subject.kind()];
        self.conn
            .all(&GRANTS_OF, params, |row| {
                Ok(Grant {
                    id: GrantId::from_uuid(row.id(0)?),
                    subject: *subject,
                    role: RoleId::from_uuid(row.id(1)?),
                    scope: *at,
                    created_at: Timestamp::from_micros(row.int(2)?),
                    created_by: PrincipalId::from_uuid(row.id(3)?),
                })
            })
            .await
    }

    async fn list_grants(
        &self,
        scope: &PlaceScope,
        seen: SeenParties,
        now: Timestamp,
        query: &ListQuery<AssignmentField>,
    ) -> Result<Page<Grant>> {
        assignment::list(self, scope, (seen, now), query).await
    }

    async fn list_parties(
        &self,
        scope: &PlaceScope,
        query: &PartyQuery,
        now: Timestamp,
    ) -> Result<Vec<Subject>> {
        assignment::parties(self, scope, query, now).await
    }

    async fn grants_at(&self, scope: &PlaceScope, subjects: &[Subject]) -> Result<Vec<Grant>> {
        assignment::grants_at(self, scope, subjects).await
    }

    async fn insert_grant(&self, scope: &Writable<OrganizationScope>, grant: &Grant) -> Result<()> {
        let organization = scope.organization();
        let object = grant.scope.object(organization);
        let level = grant.scope.level();
        let params = params![
            organization.as_uuid(),
            grant.id.as_uuid(),
            grant.subject.kind(),
            grant.subject.uuid(),
            grant.role.as_uuid(),
            level as i64,
            &object,
            grant.created_at.as_micros(),
            grant.created_by.as_uuid(),
        ];
        self.conn.run(&INSERT, params).await?;
        derive_for_subject(self, organization, &grant.subject, level, &object).await
    }

    async fn delete_grant(&self, scope: &Writable<OrganizationScope>, grant: &Grant) -> Result<()> {
        let organization = scope.organization();
        self.conn.run(&DELETE, params![organization.as_uuid(), grant.id.as_uuid()]).await?;
        let object = grant.scope.object(organization);
        derive_for_subject(self, organization, &grant.subject, grant.scope.level(), &object).await?;
        if let Scope::Project(project) = grant.scope {
            let params = params![organization.as_uuid(), project.id.as_uuid()];
            self.conn.run(&FORGET_EMPTY_PROJECT, params).await?;
        }
        Ok(())
    }

    async fn grants_inside(
        &self,
        scope: &OrganizationScope,
        subject: &Subject,
        workspace: WorkspaceId,
    ) -> Result<Vec<Grant>> {
        assignment::inside(self, scope, subject, workspace).await
    }

    async fn find_server_project(
        &self,
        scope: &OrganizationScope,
        workspace: WorkspaceId,
        project: Uuid,
    ) -> Result<Option<ServerProject>> {
        let params = params![scope.organization().as_uuid(), workspace.as_uuid(), &project];
        let id = self.conn.first(&SERVER_PROJECT, params, |row| row.id(0)).await?;
        Ok(id.map(|id| ServerProject { id: ServerProjectId::from_uuid(id), workspace, project }))
    }

    async fn insert_server_project(
        &self,
        scope: &Writable<OrganizationScope>,
        project: &ServerProject,
    ) -> Result<()> {
        let ServerProject { id, workspace, project } = project;
        let params = params![scope.organization().as_uuid(), id.as_uuid(), workspace.as_uuid(), project];
        self.conn.run(&INSERT_PROJECT, params).await.map(drop)
    }

    async fn redeem_grants(
        &self,
        scope: &Writable<OrganizationScope>,
        invitation: InvitationId,
        principal: PrincipalId,
    ) -> Result<Vec<GrantId>> {
        let organization = scope.organization();
        let org = organization.as_uuid();
        let offered = self
            .conn
            .all(&OF_INVITATION, params![org, invitation.as_uuid()], |row| {
                Ok((row.id(0)?, row.id(1)?, row.int(2)?, row.id(3)?, row.int(4)?, row.id(5)?))
            })
            .await?;
        let mut redeemed = Vec::with_capacity(offered.len());
        for (id, role, level, object, created_at, created_by) in offered {
            self.conn.run(&DELETE, params![org, &id]).await?;
            let exists = sql!(
                "SELECT id FROM grants WHERE org_id = $1 AND scope_id = $2 AND subject_id = $3 AND role_id = $4"
            );
            let params = params![org, &object, principal.as_uuid(), &role];
            if self.conn.first(&exists, params, |row| row.id(0)).await?.is_none() {
                let params = params![
                    org,
                    &id,
                    "principal",
                    principal.as_uuid(),
                    &role,
                    level,
                    &object,
                    created_at,
                    &created_by
                ];
                self.conn.run(&INSERT, params).await?;
            }
            let level = Level::from_number(level).ok_or_else(|| Error::internal("unknown level"))?;
            derive(self, organization, principal, level, &object).await?;
            redeemed.push(GrantId::from_uuid(id));
        }
        Ok(redeemed)
    }

    async fn count_direct_holders(
        &self,
        scope: &OrganizationScope,
        role: BuiltinRole,
        at: &Scope,
    ) -> Result<u64> {
        let organization = scope.organization();
        let object = at.object(organization);
        let params = params![organization.as_uuid(), &object, role.word()];
        let count = self.conn.first(&HOLDERS, params, |row| row.int(0)).await?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }

    async fn roles_held(&self, scope: &OrganizationScope, principal: PrincipalId) -> Result<Vec<Role>> {
        self.roles_of_member(scope, principal).await
    }

    async fn owned_alone(
        &self,
        scope: &OrganizationScope,
        principal: PrincipalId,
    ) -> Result<Vec<LeftWorkspace>> {
        self.owned_by_member_alone(scope, principal).await
    }

    async fn end_membership(
        &self,
        scope: &Writable<OrganizationScope>,
        principal: PrincipalId,
        heir: PrincipalId,
    ) -> Result<u64> {
        self.remove_member(scope, principal, heir).await
    }

    async fn derive_role(&self, scope: &Writable<OrganizationScope>, role: RoleId) -> Result<()> {
        for (subject, level, object) in holders_of_role(self, scope, role).await? {
            derive_for_subject(self, scope.organization(), &subject, level, &object).await?;
        }
        Ok(())
    }

    async fn revoke_role(&self, scope: &Writable<OrganizationScope>, role: RoleId) -> Result<()> {
        let holders = holders_of_role(self, scope, role).await?;
        self.conn.run(&REVOKE_ROLE, params![scope.organization().as_uuid(), role.as_uuid()]).await?;
        for (subject, level, object) in holders {
            derive_for_subject(self, scope.organization(), &subject, level, &object).await?;
            if let Subject::Invitation(invitation) = subject {
                let params = params![scope.organization().as_uuid(), invitation.as_uuid()];
                if self.conn.run(&REVOKE_EMPTY, params).await? > 0 {
                    let params = params![scope.organization().as_uuid(), invitation.as_uuid()];
                    self.conn.run(&FORGET_INVITATION, params).await?;
                }
            }
        }
        Ok(())
    }

    async fn list_users(
        &self,
        scope: &PlaceScope,
        filter: &Filter<UserField>,
        page: &PageRequest<UserField>,
    ) -> Result<Page<UserWithRoles>> {
        user_list::list(self, scope, filter, page).await
    }

    async fn find_user(&self, scope: &PlaceScope, id: PrincipalId) -> Result<Option<UserWithRoles>> {
        let statement = Sql::built(format!(
            "SELECT {} FROM reach r CROSS JOIN principals p WHERE r.principal_id = $3 AND r.org_id = $1 \
             AND r.scope_id = $2 AND p.id = r.principal_id AND p.org_id IS NULL",
            principal::COLUMNS
        ));
        let object = scope.at().object(scope.organization());
        let params = params![scope.organization().as_uuid(), &object, id.as_uuid()];
        let users = self.conn.all(&statement, params, |row| principal::read(row, 0)).await?;
        Ok(user_list::with_roles(self, scope, users).await?.pop())
    }

    async fn count_workspace_users(
        &self,
        scope: &OrganizationScope,
        workspaces: &[WorkspaceId],
    ) -> Result<Vec<(WorkspaceId, u64)>> {
        let mut counts = Vec::with_capacity(workspaces.len());
        for chunk in workspaces.chunks(500) {
            let mut params: Vec<Value<'_>> = vec![scope.organization().as_uuid().into()];
            let allowed =
                chunk.iter().filter(|id| scope.only_workspaces().is_none_or(|only| only.contains(id)));
            let list = id_list(&mut params, allowed.map(|id| *id.as_uuid()));
            let needed = PermissionSet::of(&[Permission::ReadWorkspaceUsers]);
            let may_see = if scope.in_every_workspace().includes(needed) {
                String::new()
            } else {
                let principal = bind(&mut params, scope.principal().as_uuid().into());
                format!(
                    " AND EXISTS (SELECT 1 FROM reach m WHERE m.principal_id = {principal} AND m.org_id = $1 \
                     AND m.level = 2 AND m.scope_id = w.id AND (m.permissions & {}) <> 0)",
                    needed.intersection(scope.by_own_roles()).bits()
                )
            };
            // All who reach it but the organization's service accounts: these are few, people many.
            let statement = Sql::built(format!(
                "SELECT w.id, (SELECT COUNT(*) FROM reach r WHERE r.org_id = $1 AND r.scope_id = w.id) \
                   - (SELECT COUNT(*) FROM principals s CROSS JOIN reach a WHERE s.org_id = $1 \
                      AND a.principal_id = s.id AND a.org_id = $1 AND a.level = 2 AND a.scope_id = w.id) \
                 FROM workspaces w WHERE w.org_id = $1 AND w.id IN ({list}) AND w.deleted_at IS NULL{may_see}"
            ));
            let found = self
                .conn
                .all(&statement, &params, |row| {
                    Ok((WorkspaceId::from_uuid(row.id(0)?), row.int(1)?.unsigned_abs()))
                })
                .await?;
            counts.extend(found);
        }
        Ok(counts)
    }
}
