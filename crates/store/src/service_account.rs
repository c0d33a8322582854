//! Service accounts of an organization.

use async_trait::async_trait;
use tenantry_core::authz::OrganizationScope;
use tenantry_core::error::Result;
use tenantry_core::ids::PrincipalId;
use tenantry_core::page::{Page, PageRequest};
use tenantry_core::principal::Principal;
use tenantry_core::service_account::{self, ServiceAccountField, ServiceAccountStore};

use crate::compile::{self, Column};
use crate::driver::{Sql, Value, params, sql};
use crate::principal::{COLUMNS, read};
use crate::session::Db;

const COUNT: Sql = sql!("SELECT COUNT(*) FROM principals WHERE org_id = $1");

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
            "SELECT {COLUMNS} FROM principals p WHERE p.org_id = $1 AND {}{}",
            paging.behind, paging.tail
        ));
        let rows = self.conn.all(&statement, &params, |row| read(row, 0)).await?;
        Ok(Page::cut(rows, page.limit, service_account::cursor))
    }

    async fn find_service_account(
        &self,
        scope: &OrganizationScope,
        id: PrincipalId,
    ) -> Result<Option<Principal>> {
        let statement =
            Sql::built(format!("SELECT {COLUMNS} FROM principals p WHERE p.org_id = $1 AND p.id = $2"));
        let params = params![scope.organization().as_uuid(), id.as_uuid()];
        self.conn.first(&statement, params, |row| read(row, 0)).await
    }

    async fn count_service_accounts(&self, scope: &OrganizationScope) -> Result<u64> {
        let count =
            self.conn.first(&COUNT, params![scope.organization().as_uuid()], |row| row.int(0)).await?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }
}
