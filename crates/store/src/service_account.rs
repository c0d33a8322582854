//! Service accounts of an organization.

use async_trait::async_trait;
use tenantry_core::authz::{OrganizationScope, Writable};
use tenantry_core::clock::Timestamp;
use tenantry_core::error::Result;
use tenantry_core::ids::PrincipalId;
use tenantry_core::page::{Page, PageRequest};
use tenantry_core::principal::Principal;
use tenantry_core::service_account::{self, ServiceAccountField, ServiceAccountStore};
use tenantry_core::text::fold;

use crate::compile::{self, Column};
use crate::driver::{Sql, Value, params, sql};
use crate::principal::{self, COLUMNS, read};
use crate::session::Db;

/// The servers of workspaces, which have their ids, come and go with these and are told nowhere else.
macro_rules! no_server {
    () => {
        "NOT EXISTS (SELECT 1 FROM workspaces w WHERE w.org_id = $1 AND w.id = p.id)"
    };
}
const COUNT: Sql = sql!(concat!(
    "SELECT COUNT(*) FROM principals p WHERE p.org_id = $1 AND p.deleted_at IS NULL AND ",
    no_server!()
));
/// A service account is shown by its name, having no other.
const UPDATE: Sql = sql!(
    "UPDATE principals SET username = $3, username_folded = $4, shown_name = $3, shown_name_folded = $4, \
       suspended_at = $5, auth_version = $6, version = $7, updated_at = $8 WHERE org_id = $1 AND id = $2"
);

#[async_trait]
impl ServiceAccountStore for Db<'_> {
    async fn list_service_accounts(
        &self,
        scope: &OrganizationScope,
        page: &PageRequest<ServiceAccountField>,
    ) -> Result<Page<Principal>> {
        let mut params: Vec<Value<'_>> = vec![scope.organization().as_uuid().into()];
        let created = |ServiceAccountField::CreatedAt| Some(Column::along("p.created_at"));
        let paging = compile::paging(page, created, "p.id", &mut params)?;
        let statement = Sql::built(format!(
            "SELECT {COLUMNS} FROM principals p WHERE p.org_id = $1 AND p.deleted_at IS NULL AND {} AND {}{}",
            no_server!(),
            paging.behind,
            paging.tail
        ));
        let rows = self.conn.all(&statement, &params, |row| read(row, 0)).await?;
        Ok(Page::cut(rows, page.limit, service_account::cursor))
    }

    async fn find_service_account(
        &self,
        scope: &OrganizationScope,
        id: PrincipalId,
    ) -> Result<Option<Principal>> {
        let statement = Sql::built(format!(
            "SELECT {COLUMNS} FROM principals p WHERE p.org_id = $1 AND p.id = $2 AND p.deleted_at IS NULL AND {}",
            no_server!()
        ));
        let params = params![scope.organization().as_uuid(), id.as_uuid()];
        self.conn.first(&statement, params, |row| read(row, 0)).await
    }

    async fn update_service_account(
        &self,
        scope: &Writable<OrganizationScope>,
        account: &Principal,
    ) -> Result<()> {
        let params = params![
            scope.organization().as_uuid(),
            account.id.as_uuid(),
            &account.username,
            fold(&account.username),
            account.suspended_at.map(Timestamp::as_micros),
            account.auth_version,
            account.version,
            account.updated_at.as_micros(),
        ];
        self.note_identities();
        self.conn.run(&UPDATE, params).await?;
        principal::raise_where_shown(self, account.id).await
    }

    async fn bury_service_account(
        &self,
        _: &Writable<OrganizationScope>,
        id: PrincipalId,
        now: Timestamp,
    ) -> Result<()> {
        self.bury(id, now).await
    }

    async fn count_service_accounts(&self, scope: &OrganizationScope) -> Result<u64> {
        let count =
            self.conn.first(&COUNT, params![scope.organization().as_uuid()], |row| row.int(0)).await?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }
}
