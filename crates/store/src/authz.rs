//! What authorization needs: finding targets by id, name or key, and reading what a principal reaches.

use async_trait::async_trait;
use tenantry_core::authz::{AuthzStore, Holdings, Located, OrganizationRef, Thing, WorkspaceRef};
use tenantry_core::error::Result;
use tenantry_core::ids::{OrganizationId, PrincipalId, WorkspaceId};
use tenantry_core::permission::PermissionSet;
use tenantry_core::text::fold;

use crate::driver::{Row, Sql, params, sql};
use crate::kept::Basis;
use crate::session::{Aside, Db};

/// The longest name or key, in bytes, whose workspace is remembered: longer than any can be.
const LONGEST_REMEMBERED: usize = 256;
pub(crate) const ORGANIZATION_BY_ID: Sql = sql!(
    "SELECT o.id, v.version FROM organizations o CROSS JOIN versions v \
          WHERE o.id = $1 AND o.deleted_at IS NULL AND v.org_id = o.id"
);
const DELETED_ORGANIZATION: Sql = sql!(
    "SELECT o.id, v.version FROM organizations o CROSS JOIN versions v \
     WHERE o.id = $1 AND o.deleted_at IS NOT NULL AND v.org_id = o.id"
);
pub(crate) const ORGANIZATION_BY_NAME: Sql = sql!(
    "SELECT o.id, v.version, 0 AS place FROM organizations o CROSS JOIN versions v \
      WHERE o.name_folded = $1 AND o.deleted_at IS NULL AND v.org_id = o.id \
     UNION ALL SELECT o.id, v.version, 1 AS place FROM organizations o CROSS JOIN versions v \
      WHERE o.key = $2 AND o.deleted_at IS NULL AND v.org_id = o.id ORDER BY place"
);
pub(crate) const WORKSPACE_BY_ID: Sql = sql!("SELECT id FROM workspaces WHERE org_id = $1 AND id = $2");
pub(crate) const WORKSPACE_BY_NAME: Sql = sql!(
    "SELECT id, 0 AS place FROM workspaces WHERE org_id = $1 AND name_folded = $2 AND deleted_at IS NULL \
     UNION ALL SELECT id, 1 AS place FROM workspaces WHERE org_id = $1 AND key = $3 AND deleted_at IS NULL \
     ORDER BY place"
);
const ORGANIZATION_OF: Sql = sql!("SELECT org_id FROM locator WHERE id = $1 AND kind = $2");
/// Four point reads in one statement. The first column tells them apart.
pub(crate) const HOLDINGS: Sql = sql!(
    "SELECT 0 AS part, permissions FROM reach \
      WHERE principal_id = $1 AND org_id = $2 AND level = 0 AND scope_id = $2 \
     UNION ALL SELECT 1, permissions FROM reach \
      WHERE principal_id = $1 AND org_id = $3 AND level = 1 AND scope_id = $3 \
     UNION ALL SELECT 2, permissions FROM reach \
      WHERE principal_id = $1 AND org_id = $3 AND level = 2 AND scope_id = $4 \
     UNION ALL SELECT 3, CASE WHEN suspended_at IS NULL THEN 0 ELSE 1 END FROM principals WHERE id = $1 \
     UNION ALL SELECT 4, any_grant.level FROM \
      (SELECT level FROM reach WHERE principal_id = $1 AND org_id = $3 LIMIT 1) AS any_grant"
);
pub(crate) const LOCK: Sql =
    sql!("UPDATE versions SET version = version + 1 WHERE org_id = $1 RETURNING version");

async fn locate(db: &Db<'_>, by: &OrganizationRef) -> Result<Option<Located>> {
    let read = |row: &Row<'_>| {
        Ok(Located { organization: OrganizationId::from_uuid(row.id(0)?), version: row.int(1)? })
    };
    match by {
        OrganizationRef::Id(id) => db.conn.first(&ORGANIZATION_BY_ID, params![id.as_uuid()], read).await,
        OrganizationRef::Name(name) => {
            db.conn.first(&ORGANIZATION_BY_NAME, params![fold(name), name], read).await
        }
    }
}

async fn held(
    db: &Db<'_>,
    (principal, organization, workspace): (PrincipalId, OrganizationId, Option<WorkspaceId>),
) -> Result<Holdings> {
    let server = OrganizationId::SERVER;
    // Without a workspace the third part looks for the nil id, which no workspace has.
    let object = workspace.map_or(*server.as_uuid(), |id| *id.as_uuid());
    let mut held = Holdings { suspended: true, ..Holdings::default() };
    let params = params![principal.as_uuid(), server.as_uuid(), organization.as_uuid(), &object];
    let parts = db.conn.all(&HOLDINGS, params, |row| Ok((row.int(0)?, row.int(1)?))).await?;
    for (part, value) in parts {
        match part {
            0 => held.server = PermissionSet::from_bits(value),
            1 => held.organization = PermissionSet::from_bits(value),
            2 => held.workspace = PermissionSet::from_bits(value),
            3 => held.suspended = value != 0,
            _ => held.belongs = true,
        }
    }
    Ok(held)
}

#[async_trait]
impl AuthzStore for Db<'_> {
    async fn locate_organization(&self, by: &OrganizationRef) -> Result<Option<Located>> {
        let basis = match self.aside {
            Aside::Nothing => return locate(self, by).await,
            Aside::Gathered(gathered) => gathered.place(by).await?,
            Aside::Memory(memory, generation) => {
                let known = if self.conn.is_fresh() { memory.place(by) } else { None };
                let located = if known.is_some() { known } else { locate(self, by).await? };
                if let (None, Some(found)) = (known, located) {
                    memory.learn_place(by, found);
                }
                located.map(|located| Basis { located, generation })
            }
        };
        if let Some(basis) = basis {
            self.note_basis(basis);
        }
        Ok(basis.map(|basis| basis.located))
    }

    async fn locate_deleted_organization(&self, id: OrganizationId) -> Result<Option<Located>> {
        self.conn.first(&DELETED_ORGANIZATION, params![id.as_uuid()], located).await
    }

    async fn locate_workspace(
        &self,
        organization: OrganizationId,
        by: &WorkspaceRef,
    ) -> Result<Option<WorkspaceId>> {
        let read = async {
            let org = organization.as_uuid();
            let found = match by {
                WorkspaceRef::Id(id) => {
                    self.conn.first(&WORKSPACE_BY_ID, params![org, id.as_uuid()], |row| row.id(0)).await?
                }
                WorkspaceRef::Name(name) => {
                    self.conn
                        .first(&WORKSPACE_BY_NAME, params![org, fold(name), name], |row| row.id(0))
                        .await?
                }
            };
            Ok(found.map(WorkspaceId::from_uuid))
        };
        // What no name can be is not remembered: anybody may ask for it, at any length.
        if matches!(by, WorkspaceRef::Name(name) if name.len() > LONGEST_REMEMBERED) {
            return read.await;
        }
        self.kept(organization, |kept| &kept.places, (organization, by.clone()), read).await
    }

    async fn organization_of(&self, thing: &Thing) -> Result<Option<OrganizationId>> {
        let params = params![thing.uuid(), thing.noun()];
        self.conn.first(&ORGANIZATION_OF, params, |row| Ok(OrganizationId::from_uuid(row.id(0)?))).await
    }

    async fn holdings(
        &self,
        principal: PrincipalId,
        organization: OrganizationId,
        workspace: Option<WorkspaceId>,
    ) -> Result<Holdings> {
        let key = (principal, organization, workspace);
        self.kept(organization, |kept| &kept.holdings, key, held(self, key)).await
    }

    async fn lock_organization(&self, organization: OrganizationId) -> Result<()> {
        if !self.has_locked(organization) {
            let raised = self.conn.first(&LOCK, params![organization.as_uuid()], |row| row.int(0)).await?;
            if let Some(version) = raised {
                self.note_version(organization, version);
            }
        }
        Ok(())
    }
}

fn located(row: &Row<'_>) -> Result<Located> {
    Ok(Located { organization: OrganizationId::from_uuid(row.id(0)?), version: row.int(1)? })
}
