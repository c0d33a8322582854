//! Accounts of people, for who runs the server. A part of the port of accounts.

use tenantry_core::authz::ServerScope;
use tenantry_core::clock::Timestamp;
use tenantry_core::error::Result;
use tenantry_core::filter::{Filter, Test};
use tenantry_core::ids::{OrganizationId, PrincipalId};
use tenantry_core::page::{Page, PageRequest};
use tenantry_core::permission::Permission;
use tenantry_core::principal::{Account, AccountField};
use tenantry_core::text::fold;

use crate::compile::{self, Column, Fields, int_test, text_test};
use crate::documents::{read_profile, write_profile};
use crate::driver::{Row, Sql, Value, params, sql};
use crate::principal::{self, COLUMNS};
use crate::session::Db;

/// What is read of an account behind [`COLUMNS`]; `$1` is the server's id.
macro_rules! beside {
    () => {
        "CASE WHEN p.password_hash IS NULL THEN 0 ELSE 1 END, p.email_verified_at, \
         CASE WHEN EXISTS (SELECT 1 FROM reach r WHERE r.principal_id = p.id AND r.org_id = $1) THEN 1 ELSE 0 END, p.profile, \
         p.password_expired, p.email_hearsay"
    };
}

const BY_LINK: Sql = sql!(concat!(
    "SELECT p.id, p.org_id, p.username, p.email, p.display_name, p.suspended_at, p.auth_version, p.version, \
     p.created_at, p.updated_at, ",
    beside!(),
    " FROM links l CROSS JOIN principals p \
     WHERE l.hash = $2 AND p.id = l.principal_id AND p.org_id IS NULL AND p.deleted_at IS NULL"
));
pub(crate) const FIND: Sql = sql!(concat!(
    "SELECT p.id, p.org_id, p.username, p.email, p.display_name, p.suspended_at, p.auth_version, p.version, \
     p.created_at, p.updated_at, ",
    beside!(),
    " FROM principals p WHERE p.id = $2 AND p.org_id IS NULL AND p.deleted_at IS NULL"
));
const UPDATE: Sql = sql!(
    "UPDATE principals SET username = $2, username_folded = $3, email = $4, email_folded = $5, display_name = $6, \
       shown_name = $7, shown_name_folded = $8, email_verified_at = $9, version = $10, updated_at = $11, profile = $12, \
       password_expired = $13, email_hearsay = $14 \
     WHERE id = $1"
);
/// A tombstone is suspended, so that no rule has to know of it. Its name can be nobody's: it is the id.
const BURY: Sql = sql!(
    "UPDATE principals SET username = $2, username_folded = $2, email = NULL, email_folded = NULL, display_name = NULL, \
       description = NULL, profile = NULL, \
       shown_name = $2, shown_name_folded = $2, password_hash = NULL, email_verified_at = NULL, suspended_at = $3, \
       deleted_at = $3, updated_at = $3, version = version + 1, auth_version = auth_version + 1 WHERE id = $1"
);
const ORGANIZATIONS: Sql = sql!(
    "SELECT o.id, CASE WHEN o.deleted_at IS NULL THEN 1 ELSE 0 END FROM organizations o \
     WHERE o.id IN (SELECT r.org_id FROM reach r WHERE r.principal_id = $1 \
       UNION SELECT own.id FROM organizations own WHERE own.owner_id = $1 AND own.deleted_at IS NULL) ORDER BY o.id"
);
const PASSWORD: Sql = sql!("SELECT password_hash FROM principals WHERE id = $1");
const SET_PASSWORD: Sql = sql!("UPDATE principals SET password_hash = $2 WHERE id = $1");
const OTHER_ADMINISTRATOR: Sql = sql!(
    "SELECT r.principal_id FROM reach r CROSS JOIN principals p \
     WHERE r.org_id = $1 AND r.scope_id = $1 AND r.principal_id <> $2 \
       AND p.id = r.principal_id AND p.suspended_at IS NULL LIMIT 1"
);

fn read(row: &Row<'_>) -> Result<Account> {
    Ok(Account {
        user: principal::read(row, 0)?,
        has_password: row.int(10)? != 0,
        email_verified_at: row.opt_int(11)?.map(Timestamp::from_micros),
        is_administrator: row.int(12)? != 0,
        profile: read_profile(row.opt_text(13)?)?,
        password_expired: row.int(14)? != 0,
        email_is_hearsay: row.int(15)? != 0,
    })
}

struct AccountFields;

impl Fields<AccountField> for AccountFields {
    fn condition(&self, field: AccountField, test: &Test, params: &mut Vec<Value<'_>>) -> Result<String> {
        match field {
            AccountField::DisplayName => text_test("p.shown_name", "p.shown_name_folded", test, params),
            AccountField::Email => {
                text_test("COALESCE(p.email, '')", "COALESCE(p.email_folded, '')", test, params)
            }
            AccountField::Username => text_test("p.username", "p.username_folded", test, params),
            AccountField::SuspendedAt => int_test("p.suspended_at", test, params),
            AccountField::CreatedAt => int_test("p.created_at", test, params),
            AccountField::UpdatedAt => int_test("p.updated_at", test, params),
        }
    }
}

fn column(field: AccountField) -> Option<Column> {
    match field {
        AccountField::DisplayName => Some(Column::along("p.shown_name")),
        AccountField::Email => Some(Column::along("COALESCE(p.email, '')")),
        AccountField::Username => Some(Column::along("p.username")),
        AccountField::CreatedAt => Some(Column::along("p.created_at")),
        AccountField::UpdatedAt => Some(Column::along("p.updated_at")),
        AccountField::SuspendedAt => None,
    }
}

impl Db<'_> {
    pub(crate) async fn accounts(
        &self,
        scope: &ServerScope,
        filter: &Filter<AccountField>,
        page: &PageRequest<AccountField>,
    ) -> Result<Page<Account>> {
        if !scope.permissions().contains(Permission::ManageServer) {
            return Ok(Page::cut(Vec::new(), page.limit, |account: &Account| account.cursor(&page.order)));
        }
        let mut params: Vec<Value<'_>> = vec![Value::Id(*OrganizationId::SERVER.as_uuid())];
        let condition = compile::condition(&AccountFields, filter, &mut params)?;
        let paging = compile::paging(page, column, "p.id", &mut params)?;
        let statement = Sql::built(format!(
            "SELECT {COLUMNS}, {} FROM principals p \
             WHERE p.org_id IS NULL AND p.deleted_at IS NULL AND {condition} AND {}{}",
            beside!(),
            paging.behind,
            paging.tail
        ));
        let rows = self.conn.all(&statement, &params, read).await?;
        Ok(Page::cut(rows, page.limit, |account| account.cursor(&page.order)))
    }

    pub(crate) async fn account(&self, scope: &ServerScope, id: PrincipalId) -> Result<Option<Account>> {
        if scope.principal() != id && !scope.permissions().contains(Permission::ManageServer) {
            return Ok(None);
        }
        self.known_account(id).await
    }

    /// The account, whoever asks.
    pub(crate) async fn known_account(&self, id: PrincipalId) -> Result<Option<Account>> {
        let server = OrganizationId::SERVER;
        self.conn.first(&FIND, params![server.as_uuid(), id.as_uuid()], read).await
    }

    pub(crate) async fn account_of_link(&self, hash: &[u8; 32]) -> Result<Option<Account>> {
        let server = OrganizationId::SERVER;
        self.conn.first(&BY_LINK, params![server.as_uuid(), hash], read).await
    }

    pub(crate) async fn write_account(&self, account: &Account) -> Result<()> {
        let user = &account.user;
        let params = params![
            user.id.as_uuid(),
            &user.username,
            fold(&user.username),
            user.email.as_deref(),
            user.email.as_deref().map(fold),
            user.display_name.as_deref(),
            user.shown_name(),
            fold(user.shown_name()),
            account.email_verified_at.map(Timestamp::as_micros),
            user.version,
            user.updated_at.as_micros(),
            write_profile(&account.profile)?,
            i64::from(account.password_expired),
            i64::from(account.email_is_hearsay),
        ];
        self.note_identities();
        self.conn.run(&UPDATE, params).await?;
        principal::raise_where_shown(self, user.id).await
    }

    pub(crate) async fn bury(&self, id: PrincipalId, now: Timestamp) -> Result<()> {
        self.note_identities();
        let name = id.to_string();
        self.conn.run(&BURY, params![id.as_uuid(), name, now.as_micros()]).await.map(drop)
    }

    pub(crate) async fn organizations_of_account(
        &self,
        id: PrincipalId,
    ) -> Result<Vec<(OrganizationId, bool)>> {
        self.conn
            .all(&ORGANIZATIONS, params![id.as_uuid()], |row| {
                Ok((OrganizationId::from_uuid(row.id(0)?), row.int(1)? != 0))
            })
            .await
    }

    pub(crate) async fn password_of(&self, scope: &ServerScope, id: PrincipalId) -> Result<Option<String>> {
        if scope.principal() != id {
            return Ok(None);
        }
        let found = self.conn.first(&PASSWORD, params![id.as_uuid()], |row| row.opt_string(0)).await?;
        Ok(found.flatten())
    }

    pub(crate) async fn write_password(&self, id: PrincipalId, hash: Option<&str>) -> Result<()> {
        self.conn.run(&SET_PASSWORD, params![id.as_uuid(), hash]).await.map(drop)
    }

    pub(crate) async fn another_administrator(&self, id: PrincipalId) -> Result<bool> {
        let params = params![OrganizationId::SERVER.as_uuid(), id.as_uuid()];
        Ok(self.conn.first(&OTHER_ADMINISTRATOR, params, |row| row.id(0)).await?.is_some())
    }
}
