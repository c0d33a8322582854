//! Accounts: users and service accounts.

use std::sync::Arc;

use async_trait::async_trait;
use tenantry_core::authz::{OrganizationScope, ServerScope, WorkspaceScope, Writable};
use tenantry_core::clock::Timestamp;
use tenantry_core::error::Result;
use tenantry_core::filter::Filter;
use tenantry_core::ids::{OrganizationId, PrincipalId};
use tenantry_core::page::{Page, PageRequest};
use tenantry_core::permission::Permission;
use tenantry_core::principal::{Account, AccountField, People, Principal, PrincipalStore};
use tenantry_core::service_account::ServiceAccount;
use tenantry_core::text::fold;

use crate::compile::id_list;
use crate::driver::{Row, Sql, Value, params, sql};
use crate::kept;
use crate::session::Db;

/// The columns that [`read`] expects, of the table `p`.
pub(crate) const COLUMNS: &str = "p.id, p.org_id, p.username, p.email, p.display_name, p.suspended_at, \
     p.auth_version, p.version, p.created_at, p.updated_at";

const FIND: Sql = sql!(
    "SELECT id, org_id, username, email, display_name, suspended_at, auth_version, version, created_at, updated_at \
     FROM principals WHERE id = $1 AND deleted_at IS NULL"
);
pub(crate) const CALLED: Sql = sql!(
    "SELECT id, org_id, username, email, display_name, suspended_at, auth_version, version, created_at, \
       updated_at, 0 AS place \
     FROM principals WHERE org_id IS NULL AND email_folded = $1 \
     UNION ALL SELECT id, org_id, username, email, display_name, suspended_at, auth_version, version, created_at, \
       updated_at, 1 AS place \
     FROM principals WHERE org_id IS NULL AND username_folded = $1 ORDER BY place"
);
const ADMINISTRATOR: Sql = sql!("SELECT level FROM reach WHERE org_id = $1 AND scope_id = $1 LIMIT 1");
const INSERT: Sql = sql!(
    "INSERT INTO principals (id, org_id, username, username_folded, email, email_folded, display_name, shown_name, \
       shown_name_folded, password_hash, suspended_at, auth_version, version, created_at, updated_at, description) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
);
const LOCATE: Sql = sql!("INSERT INTO locator (id, kind, org_id) VALUES ($1, $2, $3)");
const SUSPEND: Sql = sql!(
    "UPDATE principals SET suspended_at = $2, auth_version = auth_version + 1, version = version + 1, updated_at = $3 \
     WHERE id = $1 AND deleted_at IS NULL"
);

/// Lists of these organizations show the principal's names, and whether it is active.
const RAISE_WHERE_SHOWN: Sql = sql!(
    "UPDATE versions SET version = version + 1 \
     WHERE org_id <> $2 AND org_id IN (SELECT org_id FROM reach WHERE principal_id = $1) RETURNING org_id, version"
);
/// What lists of people are ordered by stands beside their roles on organizations, and changes with the account.
const SHOWN_IN_REACH: Sql = sql!(
    "UPDATE reach SET shown_name = (SELECT p.shown_name FROM principals p WHERE p.id = $1), \
       email = (SELECT COALESCE(p.email, '') FROM principals p WHERE p.id = $1), \
       account_updated_at = (SELECT p.updated_at FROM principals p WHERE p.id = $1) \
     WHERE principal_id = $1 AND level = 1"
);
const RAISE: Sql = sql!("UPDATE principals SET auth_version = auth_version + 1 WHERE id = $1");

/// Makes everything that was answered to the principal count as old.
pub(crate) async fn raise_auth_version(db: &Db<'_>, principal: PrincipalId) -> Result<()> {
    db.note_identities();
    db.conn.run(&RAISE, params![principal.as_uuid()]).await.map(drop)
}

/// Reads the columns from `first` on.
pub(crate) fn read(row: &Row<'_>, first: usize) -> Result<Principal> {
    Ok(Principal {
        id: PrincipalId::from_uuid(row.id(first)?),
        organization: row.opt_id(first + 1)?.map(OrganizationId::from_uuid),
        username: row.text(first + 2)?.to_owned(),
        email: row.opt_string(first + 3)?,
        display_name: row.opt_string(first + 4)?,
        suspended_at: row.opt_int(first + 5)?.map(Timestamp::from_micros),
        auth_version: row.int(first + 6)?,
        version: row.int(first + 7)?,
        created_at: Timestamp::from_micros(row.int(first + 8)?),
        updated_at: Timestamp::from_micros(row.int(first + 9)?),
    })
}

#[async_trait]
impl PrincipalStore for Db<'_> {
    async fn people(&self, scope: &OrganizationScope, ids: &[PrincipalId]) -> Result<People> {
        let organization = scope.organization();
        let kept = self.kept_of(organization);
        let mut people = People::with_capacity(ids.len());
        let mut unknown = Vec::new();
        for id in ids {
            match kept.and_then(|(kept, basis)| kept::find(&kept.people, basis, &(organization, *id))) {
                Some(known) => people.extend(known.map(|person| (*id, person))),
                None => unknown.push(*id),
            }
        }
        if unknown.is_empty() {
            return Ok(people);
        }
        let mut params = vec![Value::from(organization.as_uuid())];
        let list = id_list(&mut params, unknown.iter().map(|id| *id.as_uuid()));
        let statement = Sql::built(format!(
            "SELECT {COLUMNS} FROM principals p WHERE p.id IN ({list}) \
             AND EXISTS (SELECT 1 FROM reach r WHERE r.principal_id = p.id AND r.org_id = $1)"
        ));
        let found = self.conn.all(&statement, &params, |row| read(row, 0).map(Arc::new)).await?;
        people.extend(found.into_iter().map(|person| (person.id, person)));
        if let Some((kept, basis)) = kept {
            for id in unknown {
                kept.people.insert((organization, id), (basis, people.get(&id).cloned()));
            }
        }
        Ok(people)
    }

    async fn find_account(&self, scope: &ServerScope, id: PrincipalId) -> Result<Option<Principal>> {
        if scope.principal() != id && !scope.permissions().contains(Permission::ManageServer) {
            return Ok(None);
        }
        self.conn.first(&FIND, params![id.as_uuid()], |row| read(row, 0)).await
    }

    async fn user_called(&self, _: &ServerScope, folded: &str) -> Result<Option<Principal>> {
        self.conn.first(&CALLED, params![folded], |row| read(row, 0)).await
    }

    async fn has_administrator(&self, _: &Writable<ServerScope>) -> Result<bool> {
        let server = OrganizationId::SERVER;
        let found = self.conn.first(&ADMINISTRATOR, params![server.as_uuid()], |row| row.int(0)).await?;
        Ok(found.is_some())
    }

    async fn insert_user(
        &self,
        _: &Writable<ServerScope>,
        user: &Principal,
        password_hash: Option<&str>,
    ) -> Result<()> {
        locate(self, user).await?;
        insert(self, user, (password_hash, None)).await
    }

    async fn insert_service_account(
        &self,
        _: &Writable<OrganizationScope>,
        account: &ServiceAccount,
    ) -> Result<()> {
        locate(self, &account.principal).await?;
        insert(self, &account.principal, (None, account.description.as_deref())).await
    }

    async fn insert_workspace_server(
        &self,
        _: &Writable<OrganizationScope>,
        account: &Principal,
    ) -> Result<()> {
        insert(self, account, (None, None)).await
    }

    async fn suspend_workspace_server(
        &self,
        scope: &Writable<WorkspaceScope>,
        since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<()> {
        self.note_identities();
        let params = params![scope.workspace().as_uuid(), since.map(Timestamp::as_micros), now.as_micros()];
        self.conn.run(&SUSPEND, params).await.map(drop)
    }

    async fn set_suspended(
        &self,
        _: &Writable<ServerScope>,
        id: PrincipalId,
        since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool> {
        self.note_identities();
        let params = params![id.as_uuid(), since.map(Timestamp::as_micros), now.as_micros()];
        let changed = self.conn.run(&SUSPEND, params).await?;
        raise_where_shown(self, id).await?;
        Ok(changed > 0)
    }

    async fn list_accounts(
        &self,
        scope: &ServerScope,
        filter: &Filter<AccountField>,
        page: &PageRequest<AccountField>,
    ) -> Result<Page<Account>> {
        self.accounts(scope, filter, page).await
    }

    async fn find_user_account(&self, scope: &ServerScope, id: PrincipalId) -> Result<Option<Account>> {
        self.account(scope, id).await
    }

    async fn account_by_link(&self, hash: &[u8; 32]) -> Result<Option<Account>> {
        self.account_of_link(hash).await
    }

    async fn update_account(&self, _: &Writable<ServerScope>, account: &Account) -> Result<()> {
        self.write_account(account).await
    }

    async fn bury_account(&self, _: &Writable<ServerScope>, id: PrincipalId, now: Timestamp) -> Result<()> {
        self.bury(id, now).await
    }

    async fn organizations_of(
        &self,
        _: &Writable<ServerScope>,
        id: PrincipalId,
    ) -> Result<Vec<(OrganizationId, bool)>> {
        self.organizations_of_account(id).await
    }

    async fn find_password(&self, scope: &ServerScope, id: PrincipalId) -> Result<Option<String>> {
        self.password_of(scope, id).await
    }

    async fn set_password(
        &self,
        _: &Writable<ServerScope>,
        id: PrincipalId,
        hash: Option<&str>,
    ) -> Result<()> {
        self.write_password(id, hash).await
    }

    async fn has_administrator_beside(&self, _: &Writable<ServerScope>, id: PrincipalId) -> Result<bool> {
        self.another_administrator(id).await
    }
}

/// Raises the version of every organization whose lists show the principal.
pub(crate) async fn raise_where_shown(db: &Db<'_>, id: PrincipalId) -> Result<()> {
    let raised = db
        .conn
        .all(&RAISE_WHERE_SHOWN, params![id.as_uuid(), OrganizationId::SERVER.as_uuid()], |row| {
            Ok((OrganizationId::from_uuid(row.id(0)?), row.int(1)?))
        })
        .await?;
    for (organization, version) in raised {
        db.note_version(organization, version);
    }
    db.conn.run(&SHOWN_IN_REACH, params![id.as_uuid()]).await.map(drop)
}

async fn locate(db: &Db<'_>, account: &Principal) -> Result<()> {
    let home = account.organization.unwrap_or(OrganizationId::SERVER);
    let params = params![account.id.as_uuid(), "principal", home.as_uuid()];
    db.conn.run(&LOCATE, params).await.map(drop)
}

async fn insert(
    db: &Db<'_>,
    account: &Principal,
    (password_hash, description): (Option<&str>, Option<&str>),
) -> Result<()> {
    let params = params![
        account.id.as_uuid(),
        account.organization.as_ref().map(OrganizationId::as_uuid),
        &account.username,
        fold(&account.username),
        account.email.as_deref(),
        account.email.as_deref().map(fold),
        account.display_name.as_deref(),
        account.shown_name(),
        fold(account.shown_name()),
        password_hash,
        account.suspended_at.map(Timestamp::as_micros),
        account.auth_version,
        account.version,
        account.created_at.as_micros(),
        account.updated_at.as_micros(),
        description,
    ];
    db.conn.run(&INSERT, params).await.map(drop)
}
