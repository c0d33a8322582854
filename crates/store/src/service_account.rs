//! Service accounts of an organization.

use async_trait::async_trait;
use tenantry_core::authz::{OrganizationScope, Writable};
use tenantry_core::clock::Timestamp;
use tenantry_core::error::Result;
use tenantry_core::filter::{ListQuery, Test};
use tenantry_core::ids::PrincipalId;
use tenantry_core::page::Page;
use tenantry_core::service_account::{ServiceAccount, ServiceAccountField, ServiceAccountStore};
use tenantry_core::text::fold;

use crate::compile::{self, Column, Fields, int_test, text_test};
use crate::driver::{Row, Sql, Value, params, sql};
use crate::key::is_key;
use crate::principal;
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
const UPDATE: Sql = sql!(
    "UPDATE principals SET username = $3, username_folded = $4, display_name = $5, shown_name = $6, \
       shown_name_folded = $7, description = $8, suspended_at = $9, auth_version = $10, version = $11, \
       updated_at = $12 \
     WHERE org_id = $1 AND id = $2"
);
/// The columns that [`read`] expects, of a principal `p`.
const COLUMNS: &str = concat!(
    "p.id, p.org_id, p.username, p.email, p.display_name, p.suspended_at, p.auth_version, p.version, p.created_at, \
     p.updated_at, p.description, \
     (SELECT COUNT(*) FROM credentials c WHERE c.principal_id = p.id AND c.kind = 'service_account_key' \
       AND c.revoked_at IS NULL AND ",
    is_key!(),
    "), (SELECT MAX(c.last_used_at) FROM credentials c WHERE c.principal_id = p.id)"
);

fn read(row: &Row<'_>) -> Result<ServiceAccount> {
    Ok(ServiceAccount {
        principal: principal::read(row, 0)?,
        description: row.opt_string(10)?,
        api_keys: row.int(11)?.unsigned_abs(),
        last_used_at: row.opt_int(12)?.map(Timestamp::from_micros),
    })
}

/// The fields of the table `p`.
struct ServiceAccountFields;

impl Fields<ServiceAccountField> for ServiceAccountFields {
    fn condition(
        &self,
        field: ServiceAccountField,
        test: &Test,
        params: &mut Vec<Value<'_>>,
    ) -> Result<String> {
        match field {
            ServiceAccountField::Name => text_test("p.username", "p.username_folded", test, params),
            ServiceAccountField::CreatedAt => int_test("p.created_at", test, params),
        }
    }
}

#[async_trait]
impl ServiceAccountStore for Db<'_> {
    async fn list_service_accounts(
        &self,
        scope: &OrganizationScope,
        query: &ListQuery<ServiceAccountField>,
    ) -> Result<Page<ServiceAccount>> {
        let mut params: Vec<Value<'_>> = vec![scope.organization().as_uuid().into()];
        let wanted = compile::condition(&ServiceAccountFields, &query.filter, &mut params)?;
        let column = |field| {
            Some(Column::along(match field {
                ServiceAccountField::Name => "p.username",
                ServiceAccountField::CreatedAt => "p.created_at",
            }))
        };
        let page = &query.page;
        let paging = compile::paging(page, column, "p.id", &mut params)?;
        let statement = Sql::built(format!(
            "SELECT {COLUMNS} FROM principals p WHERE p.org_id = $1 AND p.deleted_at IS NULL AND {} AND {wanted} AND {}{}",
            no_server!(),
            paging.behind,
            paging.tail
        ));
        let rows = self.conn.all(&statement, &params, read).await?;
        Ok(Page::cut(rows, page.limit, |last| last.cursor(&page.order)))
    }

    async fn find_service_account(
        &self,
        scope: &OrganizationScope,
        id: PrincipalId,
    ) -> Result<Option<ServiceAccount>> {
        let statement = Sql::built(format!(
            "SELECT {COLUMNS} FROM principals p WHERE p.org_id = $1 AND p.id = $2 AND p.deleted_at IS NULL AND {}",
            no_server!()
        ));
        let params = params![scope.organization().as_uuid(), id.as_uuid()];
        self.conn.first(&statement, params, read).await
    }

    async fn update_service_account(
        &self,
        scope: &Writable<OrganizationScope>,
        ServiceAccount { principal: account, description, .. }: &ServiceAccount,
    ) -> Result<()> {
        let params = params![
            scope.organization().as_uuid(),
            account.id.as_uuid(),
            &account.username,
            fold(&account.username),
            account.display_name.as_deref(),
            account.shown_name(),
            fold(account.shown_name()),
            description.as_deref(),
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
