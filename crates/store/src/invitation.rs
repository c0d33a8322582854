//! Invitations.

use async_trait::async_trait;
use tenantry_core::authz::{OrganizationScope, PlaceScope, ServerScope, Writable};
use tenantry_core::clock::Timestamp;
use tenantry_core::error::{Error, Result};
use tenantry_core::filter::{ListQuery, Test};
use tenantry_core::ids::{InvitationId, OrganizationId, PrincipalId, WorkspaceId};
use tenantry_core::invitation::{Invitation, InvitationField, InvitationStatus, InvitationStore};
use tenantry_core::page::Page;
use tenantry_core::role::Role;
use tenantry_core::text::fold;
use uuid::Uuid;

use crate::compile::{self, Column, Fields, id_list, int_test, text_test};
use crate::driver::{Row, Sql, Value, params, sql};
use crate::role;
use crate::session::Db;
use crate::team::FORGET_INVITATION;

/// The columns that [`read`] expects, of the table `i`.
const COLUMNS: &str =
    "i.id, i.email, i.workspace_id, i.invited_by, i.created_at, i.expires_at, i.org_id, i.status";
const FIND: Sql = sql!(
    "SELECT i.id, i.email, i.workspace_id, i.invited_by, i.created_at, i.expires_at, i.org_id, i.status \
     FROM invitations i WHERE i.org_id = $1 AND i.id = $2"
);
const TO: Sql = sql!(
    "SELECT i.id, i.email, i.workspace_id, i.invited_by, i.created_at, i.expires_at, i.org_id, i.status \
     FROM invitations i CROSS JOIN organizations o \
     WHERE i.email_folded = $1 AND i.status = 'pending' AND i.expires_at > $2 \
       AND o.id = i.org_id AND o.deleted_at IS NULL \
     ORDER BY i.created_at DESC, i.id LIMIT $3"
);
const MEMBERS: Sql = sql!("SELECT COUNT(*) FROM reach WHERE org_id = $1 AND scope_id = $1");
const OFFERED: Sql = sql!(
    "SELECT r.org_id, r.id, r.workspace_id, r.level, r.builtin, r.title, r.description, r.permissions, r.version, \
            r.created_at, r.updated_at, r.content \
     FROM grants g CROSS JOIN roles r \
     WHERE g.org_id = $1 AND g.subject_id = $2 AND g.subject_kind = 'invitation' \
       AND r.org_id = g.org_id AND r.id = g.role_id ORDER BY g.created_at, g.id"
);
const WORKSPACE_NAME: Sql = sql!(
    "SELECT w.name FROM invitations i CROSS JOIN workspaces w \
     WHERE i.org_id = $1 AND i.id = $2 AND w.org_id = i.org_id AND w.id = i.workspace_id AND w.deleted_at IS NULL"
);
const HAS_SECRET: Sql = sql!(
    "SELECT CASE WHEN secret_hash = $3 THEN 1 ELSE 0 END FROM invitations WHERE org_id = $1 AND id = $2"
);
const RENEW: Sql = sql!(
    "UPDATE invitations SET invited_by = $3, expires_at = $4, secret_hash = $5 WHERE org_id = $1 AND id = $2"
);
const END: Sql = sql!("UPDATE invitations SET status = $3 WHERE org_id = $1 AND id = $2");
const END_OFFER: Sql =
    sql!("DELETE FROM grants WHERE org_id = $1 AND subject_id = $2 AND subject_kind = 'invitation'");
const EXPIRED: Sql = sql!(
    "SELECT org_id, id FROM invitations WHERE status = 'pending' AND expires_at <= $1 \
     ORDER BY expires_at, org_id, id LIMIT $2"
);
const PENDING: Sql = sql!(
    "SELECT id, workspace_id FROM invitations \
     WHERE org_id = $1 AND email_folded = $2 AND status = 'pending' AND expires_at > $3"
);
const LOCATE: Sql = sql!("INSERT INTO locator (id, kind, org_id) VALUES ($1, 'invitation', $2)");
const INSERT: Sql = sql!(
    "INSERT INTO invitations (org_id, id, workspace_id, email, email_folded, status, secret_hash, invited_by, \
       created_at, expires_at) \
     VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7, $8, $9)"
);

fn read(row: &Row<'_>) -> Result<Invitation> {
    Ok(Invitation {
        id: InvitationId::from_uuid(row.id(0)?),
        email: row.text(1)?.to_owned(),
        workspace: row.opt_id(2)?.map(WorkspaceId::from_uuid),
        invited_by: PrincipalId::from_uuid(row.id(3)?),
        created_at: Timestamp::from_micros(row.int(4)?),
        expires_at: Timestamp::from_micros(row.int(5)?),
        organization: OrganizationId::from_uuid(row.id(6)?),
        status: InvitationStatus::from_word(row.text(7)?).ok_or_else(|| Error::internal("unknown status"))?,
    })
}

/// The fields of the table `i`.
struct InvitationFields;

impl Fields<InvitationField> for InvitationFields {
    fn condition(&self, field: InvitationField, test: &Test, params: &mut Vec<Value<'_>>) -> Result<String> {
        match field {
            InvitationField::Email => text_test("i.email", "i.email_folded", test, params),
            InvitationField::CreatedAt => int_test("i.created_at", test, params),
            InvitationField::ExpiresAt => int_test("i.expires_at", test, params),
        }
    }
}

fn column(field: InvitationField) -> Column {
    Column::along(match field {
        InvitationField::Email => "i.email",
        InvitationField::CreatedAt => "i.created_at",
        InvitationField::ExpiresAt => "i.expires_at",
    })
}

#[async_trait]
impl InvitationStore for Db<'_> {
    async fn list_invitations(
        &self,
        scope: &PlaceScope,
        now: Timestamp,
        query: &ListQuery<InvitationField>,
    ) -> Result<Page<Invitation>> {
        let mut params: Vec<Value<'_>> = vec![scope.organization().as_uuid().into(), now.as_micros().into()];
        let here = match scope.workspace() {
            None => "i.workspace_id IS NULL".to_owned(),
            Some(id) => format!("i.workspace_id = {}", compile::bind(&mut params, id.as_uuid().into())),
        };
        let wanted = compile::condition(&InvitationFields, &query.filter, &mut params)?;
        let page = &query.page;
        let paging = compile::paging(page, |field| Some(column(field)), "i.id", &mut params)?;
        let statement = Sql::built(format!(
            "SELECT {COLUMNS} FROM invitations i WHERE i.org_id = $1 AND {here} \
             AND i.status = 'pending' AND i.expires_at > $2 AND {wanted} AND {}{}",
            paging.behind, paging.tail
        ));
        let rows = self.conn.all(&statement, &params, read).await?;
        Ok(Page::cut(rows, page.limit, |last| last.cursor(&page.order)))
    }

    async fn list_every_invitation(
        &self,
        scope: &OrganizationScope,
        query: &ListQuery<InvitationField>,
    ) -> Result<Page<Invitation>> {
        let mut params: Vec<Value<'_>> = vec![scope.organization().as_uuid().into()];
        let wanted = compile::condition(&InvitationFields, &query.filter, &mut params)?;
        let page = &query.page;
        let paging = compile::paging(page, |field| Some(column(field)), "i.id", &mut params)?;
        let statement = Sql::built(format!(
            "SELECT {COLUMNS} FROM invitations i WHERE i.org_id = $1 AND i.workspace_id IS NULL AND {wanted} AND {}{}",
            paging.behind, paging.tail
        ));
        let rows = self.conn.all(&statement, &params, read).await?;
        Ok(Page::cut(rows, page.limit, |last| last.cursor(&page.order)))
    }

    async fn invitations_to(
        &self,
        _: &ServerScope,
        folded_email: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Invitation>> {
        let params = params![folded_email, now.as_micros(), i64::from(limit)];
        self.conn.all(&TO, params, read).await
    }

    async fn count_members(&self, scope: &OrganizationScope) -> Result<u64> {
        let count =
            self.conn.first(&MEMBERS, params![scope.organization().as_uuid()], |row| row.int(0)).await?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }

    async fn find_invitation(
        &self,
        scope: &OrganizationScope,
        id: InvitationId,
    ) -> Result<Option<Invitation>> {
        self.conn.first(&FIND, params![scope.organization().as_uuid(), id.as_uuid()], read).await
    }

    async fn find_invitations(
        &self,
        scope: &OrganizationScope,
        ids: &[InvitationId],
    ) -> Result<Vec<Invitation>> {
        let mut params: Vec<Value<'_>> = vec![scope.organization().as_uuid().into()];
        let list = id_list(&mut params, ids.iter().map(|id| *id.as_uuid()));
        let statement = Sql::built(format!(
            "SELECT {COLUMNS} FROM invitations i WHERE i.org_id = $1 AND i.id IN ({list})"
        ));
        self.conn.all(&statement, &params, read).await
    }

    async fn offered_roles(&self, scope: &OrganizationScope, id: InvitationId) -> Result<Vec<Role>> {
        self.conn.all(&OFFERED, params![scope.organization().as_uuid(), id.as_uuid()], role::read).await
    }

    async fn invited_workspace_name(
        &self,
        scope: &OrganizationScope,
        id: InvitationId,
    ) -> Result<Option<String>> {
        let params = params![scope.organization().as_uuid(), id.as_uuid()];
        self.conn.first(&WORKSPACE_NAME, params, |row| Ok(row.text(0)?.to_owned())).await
    }

    async fn invitation_has_secret(
        &self,
        scope: &OrganizationScope,
        id: InvitationId,
        hash: &[u8; 32],
    ) -> Result<bool> {
        let params = params![scope.organization().as_uuid(), id.as_uuid(), hash];
        Ok(self.conn.first(&HAS_SECRET, params, |row| row.int(0)).await? == Some(1))
    }

    async fn renew_invitation(
        &self,
        scope: &Writable<OrganizationScope>,
        invitation: &Invitation,
        secret_hash: &[u8; 32],
    ) -> Result<()> {
        let params = params![
            scope.organization().as_uuid(),
            invitation.id.as_uuid(),
            invitation.invited_by.as_uuid(),
            invitation.expires_at.as_micros(),
            secret_hash,
        ];
        self.conn.run(&RENEW, params).await.map(drop)
    }

    async fn end_invitation(
        &self,
        scope: &Writable<OrganizationScope>,
        id: InvitationId,
        status: InvitationStatus,
    ) -> Result<()> {
        end(self, (scope.organization().as_uuid(), id.as_uuid()), status).await
    }

    async fn expire_invitations(&self, now: Timestamp, limit: u32) -> Result<u64> {
        let params = params![now.as_micros(), i64::from(limit)];
        let expired = self.conn.all(&EXPIRED, params, |row| Ok((row.id(0)?, row.id(1)?))).await?;
        for (organization, id) in &expired {
            end(self, (organization, id), InvitationStatus::Expired).await?;
        }
        Ok(expired.len() as u64)
    }

    async fn pending_invitations(
        &self,
        scope: &OrganizationScope,
        folded_email: &str,
        now: Timestamp,
    ) -> Result<Vec<(InvitationId, Option<WorkspaceId>)>> {
        let params = params![scope.organization().as_uuid(), folded_email, now.as_micros()];
        self.conn
            .all(&PENDING, params, |row| {
                Ok((InvitationId::from_uuid(row.id(0)?), row.opt_id(1)?.map(WorkspaceId::from_uuid)))
            })
            .await
    }

    async fn insert_invitation(
        &self,
        scope: &Writable<OrganizationScope>,
        invitation: &Invitation,
        secret_hash: &[u8; 32],
    ) -> Result<()> {
        let org = scope.organization();
        self.conn.run(&LOCATE, params![invitation.id.as_uuid(), org.as_uuid()]).await?;
        let params = params![
            org.as_uuid(),
            invitation.id.as_uuid(),
            invitation.workspace.as_ref().map(WorkspaceId::as_uuid),
            &invitation.email,
            fold(&invitation.email),
            secret_hash,
            invitation.invited_by.as_uuid(),
            invitation.created_at.as_micros(),
            invitation.expires_at.as_micros(),
        ];
        self.conn.run(&INSERT, params).await.map(drop)
    }
}

async fn end(db: &Db<'_>, (organization, id): (&Uuid, &Uuid), status: InvitationStatus) -> Result<()> {
    db.conn.run(&END, params![organization, id, status.word()]).await?;
    db.conn.run(&FORGET_INVITATION, params![organization, id]).await?;
    db.conn.run(&END_OFFER, params![organization, id]).await.map(drop)
}
