//! Invitations.

use async_trait::async_trait;
use tenantry_core::authz::{OrganizationScope, WorkspaceScope, Writable};
use tenantry_core::clock::Timestamp;
use tenantry_core::error::Result;
use tenantry_core::ids::{InvitationId, PrincipalId, WorkspaceId};
use tenantry_core::invitation::{Invitation, InvitationField, InvitationStore};
use tenantry_core::page::{Page, PageRequest};
use tenantry_core::text::fold;

use crate::compile::{self, Column};
use crate::driver::{Row, Sql, Value, params, sql};
use crate::session::Db;

const COLUMNS: &str = "i.id, i.email, i.workspace_id, i.invited_by, i.created_at, i.expires_at";
const PENDING: Sql = sql!(
    "SELECT workspace_id FROM invitations \
     WHERE org_id = $1 AND email_folded = $2 AND status = 'pending' AND expires_at > $3"
);
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
    })
}

#[async_trait]
impl InvitationStore for Db<'_> {
    async fn list_workspace_invitations(
        &self,
        scope: &WorkspaceScope,
        now: Timestamp,
        page: &PageRequest<InvitationField>,
    ) -> Result<Page<Invitation>> {
        let mut params: Vec<Value<'_>> = vec![
            scope.organization().as_uuid().into(),
            scope.workspace().as_uuid().into(),
            now.as_micros().into(),
        ];
        let paging = compile::paging(
            page,
            |InvitationField::CreatedAt| Some(Column::along("i.created_at")),
            "i.id",
            &mut params,
        )?;
        let statement = Sql::built(format!(
            "SELECT {COLUMNS} FROM invitations i WHERE i.org_id = $1 AND i.workspace_id = $2 \
             AND i.status = 'pending' AND i.expires_at > $3 AND {}{}",
            paging.behind, paging.tail
        ));
        let rows = self.conn.all(&statement, &params, read).await?;
        Ok(Page::cut(rows, page.limit, Invitation::cursor))
    }

    async fn has_pending_invitation(
        &self,
        scope: &OrganizationScope,
        workspace: Option<WorkspaceId>,
        folded_email: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let wanted = workspace.map(|id| *id.as_uuid());
        let params = params![scope.organization().as_uuid(), folded_email, now.as_micros()];
        let pending = self.conn.all(&PENDING, params, |row| row.opt_id(0)).await?;
        Ok(pending.contains(&wanted))
    }

    async fn insert_invitation(
        &self,
        scope: &Writable<OrganizationScope>,
        invitation: &Invitation,
        secret_hash: &[u8; 32],
    ) -> Result<()> {
        let params = params![
            scope.organization().as_uuid(),
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
