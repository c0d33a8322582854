//! Credentials and sign-ins.

use std::sync::Arc;

use async_trait::async_trait;
use tenantry_core::authz::{OrganizationScope, Writable};
use tenantry_core::clock::Timestamp;
use tenantry_core::credential::{Access, ApiKey, ApiKeyField, Credential, CredentialStore, Found, TokenKind};
use tenantry_core::error::{Error, Result};
use tenantry_core::filter::{ListQuery, Test};
use tenantry_core::ids::{CredentialId, OrganizationId, PrincipalId, WorkspaceId};
use tenantry_core::page::Page;
use tenantry_core::permission::PermissionSet;
use tenantry_core::principal::Principal;
use tenantry_core::text::fold;
use uuid::Uuid;

use crate::compile::{self, Column, Fields, id_test, int_test, opt_int_test, text_test};
use crate::driver::{Row, Sql, Value, params, sql};
use crate::principal;
use crate::session::{Aside, Db};

/// The columns that [`read_credential`] expects, of a credential `c`, and among them since when it is revoked or sleeps.
macro_rules! credential_columns {
    () => {
        "c.id, c.kind, c.org_id, c.title, c.first_characters, c.created_at, c.expires_at, \
         COALESCE(c.revoked_at, c.disabled_at), c.parent_id, c.access, c.permissions, c.workspaces, c.version"
    };
}
pub(crate) use credential_columns;

/// The columns that [`read`] expects: of a credential `c`, and of `p`, who is behind it.
macro_rules! found_columns {
    () => {
        concat!(
            "p.id, p.org_id, p.username, p.email, p.display_name, p.suspended_at, p.auth_version, p.version, \
             p.created_at, p.updated_at, ",
            $crate::credential::credential_columns!()
        )
    };
}
pub(crate) use found_columns;

pub(crate) const FIND: Sql = sql!(concat!(
    "SELECT ",
    found_columns!(),
    " FROM credentials c CROSS JOIN principals p WHERE c.hash = $1 AND p.id = c.principal_id"
));
/// The same with the version of an organization, both of one instant.
pub(crate) const FIND_AT: Sql = sql!(concat!(
    "SELECT ",
    found_columns!(),
    ", (SELECT v.version FROM versions v WHERE v.org_id = $2) \
     FROM credentials c CROSS JOIN principals p WHERE c.hash = $1 AND p.id = c.principal_id"
));
pub(crate) const SIGN_IN: Sql = sql!(
    "SELECT id, org_id, username, email, display_name, suspended_at, auth_version, version, created_at, \
       updated_at, password_hash, 0 AS place \
     FROM principals WHERE org_id IS NULL AND email_folded = $1 \
     UNION ALL SELECT id, org_id, username, email, display_name, suspended_at, auth_version, version, created_at, \
       updated_at, password_hash, 1 AS place \
     FROM principals WHERE org_id IS NULL AND username_folded = $1 ORDER BY place"
);
const RENEW_HASH: Sql = sql!("UPDATE principals SET password_hash = $3 WHERE id = $1 AND password_hash = $2");
const INSERT: Sql = sql!(
    "INSERT INTO credentials (id, kind, principal_id, org_id, title, first_characters, hash, created_at, expires_at, \
       parent_id, access, permissions, workspaces, version, title_folded) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
);
const REVOKE: Sql =
    sql!("UPDATE credentials SET revoked_at = $3 WHERE id = $1 AND principal_id = $2 AND revoked_at IS NULL");
/// How deep credentials are given for others: by an identity a client is allowed something, with whose token a key is made,
/// for which an access token is given.
pub(crate) const GIVEN_LEVELS: usize = 3;
pub(crate) const REVOKE_GIVEN_FOR: Sql = sql!(
    "UPDATE credentials SET revoked_at = $2 WHERE revoked_at IS NULL AND (parent_id = $1 \
         OR parent_id IN (SELECT id FROM credentials WHERE parent_id = $1) \
         OR parent_id IN (SELECT id FROM credentials \
              WHERE parent_id IN (SELECT given.id FROM credentials given WHERE given.parent_id = $1)))"
);
const HOLD: Sql = sql!(
    "UPDATE credentials SET last_used_at = $2 WHERE id = $1 AND revoked_at IS NULL AND disabled_at IS NULL"
);
const REVOKE_OF_ORGANIZATION: Sql = sql!(
    "UPDATE credentials SET revoked_at = $2 WHERE revoked_at IS NULL AND principal_id IN \
     (SELECT id FROM principals WHERE org_id = $1)"
);
const REVOKE_OF_MEMBER: Sql = sql!(
    "UPDATE credentials SET revoked_at = $3 WHERE revoked_at IS NULL AND principal_id = $2 AND org_id = $1"
);
/// What comes from signing in: sessions, what was allowed to clients in them, and access tokens given for nothing else.
const REVOKE_SIGN_INS: Sql = sql!(
    "UPDATE credentials SET revoked_at = $3 WHERE principal_id = $1 AND revoked_at IS NULL \
     AND (kind IN ('browser_session', 'authorization') OR (kind = 'access_token' AND parent_id IS NULL)) AND id <> $2 \
     AND id NOT IN (SELECT own.parent_id FROM credentials own WHERE own.id = $2 AND own.parent_id IS NOT NULL)"
);
/// What was given for what has ended.
const REVOKE_LEFT: Sql = sql!(
    "UPDATE credentials SET revoked_at = $2 WHERE principal_id = $1 AND revoked_at IS NULL AND parent_id IN \
     (SELECT ended.id FROM credentials ended WHERE ended.principal_id = $1 AND ended.revoked_at IS NOT NULL)"
);
const REVOKE_ALL: Sql =
    sql!("UPDATE credentials SET revoked_at = $2 WHERE principal_id = $1 AND revoked_at IS NULL");
const RAISE_OF_ORGANIZATION: Sql =
    sql!("UPDATE principals SET auth_version = auth_version + 1 WHERE org_id = $1");
/// That the credential `c` is no former secret of a key, whose parent is the key.
macro_rules! is_key {
    () => {
        "NOT EXISTS (SELECT 1 FROM credentials k WHERE k.id = c.parent_id AND k.kind = c.kind)"
    };
}
pub(crate) use is_key;
const IS_KEY: &str = is_key!();
/// The columns that [`read_api_key`] expects, of the table `c`.
const API_KEY: &str = "c.id, c.kind, c.org_id, c.title, c.first_characters, c.created_at, c.expires_at, c.revoked_at, \
     c.parent_id, c.access, c.permissions, c.workspaces, c.version, c.principal_id, c.last_used_at, c.ends_itself, \
     c.description, c.disabled_at, c.rotated_at";
const COUNT_API_KEYS: Sql = sql!(concat!(
    "SELECT COUNT(*) FROM credentials c WHERE c.org_id = $1 AND c.principal_id = $2 \
       AND c.kind = 'personal_access_token' AND c.revoked_at IS NULL AND c.expires_at > $3 AND ",
    is_key!()
));
const UPDATE_API_KEY: Sql = sql!(
    "UPDATE credentials SET title = $3, access = $4, permissions = $5, workspaces = $6, version = $7, \
       title_folded = $8, description = $9, disabled_at = $10 \
     WHERE org_id = $1 AND id = $2 AND revoked_at IS NULL"
);
const HOLD_OWNER: Sql = sql!("UPDATE principals SET version = version WHERE id = $1");
const COUNT_KEYS: Sql = sql!(concat!(
    "SELECT COUNT(*) FROM credentials c WHERE c.principal_id = $1 AND c.kind = $2 AND c.revoked_at IS NULL \
       AND (c.expires_at IS NULL OR c.expires_at > $3) AND ",
    is_key!()
));
const LET_END_ITSELF: Sql = sql!("UPDATE credentials SET ends_itself = 1 WHERE id = $1");
const UPDATE_KEY: Sql = sql!(
    "UPDATE credentials SET title = $2, access = $3, permissions = $4, workspaces = $5, version = $6, \
       title_folded = $7, description = $8, disabled_at = $9 \
     WHERE id = $1 AND revoked_at IS NULL"
);
const HASH: Sql = sql!("SELECT hash FROM credentials WHERE id = $1");
const REPLACE_SECRET: Sql = sql!(
    "UPDATE credentials SET hash = $2, first_characters = $3, version = $4, rotated_at = $5 \
     WHERE id = $1 AND revoked_at IS NULL"
);
const NOTE_USE: Sql = sql!("UPDATE credentials SET last_used_at = $2 WHERE id = $1");

/// Reads the columns from `first` on, but for `revoked_at`, the eighth of them.
pub(crate) fn read_credential(row: &Row<'_>, first: usize, principal: PrincipalId) -> Result<Credential> {
    let kind = TokenKind::from_word(row.text(first + 1)?).ok_or_else(|| Error::internal("unknown kind"))?;
    let permissions = row.opt_int(first + 10)?.map(PermissionSet::from_bits);
    let access = match row.text(first + 9)? {
        "everything" => Access::Everything,
        "reading" => Access::Reading,
        // Rights that cannot be read are none.
        _ => Access::Only(permissions.unwrap_or_default()),
    };
    Ok(Credential {
        id: CredentialId::from_uuid(row.id(first)?),
        kind,
        principal,
        organization: row.opt_id(first + 2)?.map(OrganizationId::from_uuid),
        title: row.text(first + 3)?.to_owned(),
        first_characters: row.text(first + 4)?.to_owned(),
        created_at: Timestamp::from_micros(row.int(first + 5)?),
        expires_at: row.opt_int(first + 6)?.map(Timestamp::from_micros),
        parent: row.opt_id(first + 8)?.map(CredentialId::from_uuid),
        access,
        workspaces: row.opt_text(first + 11)?.map(read_workspaces).transpose()?,
        version: row.int(first + 12)?,
    })
}

fn read_workspaces(text: &str) -> Result<Vec<WorkspaceId>> {
    let ids: Vec<Uuid> = serde_json::from_str(text).map_err(Error::internal)?;
    Ok(ids.into_iter().map(WorkspaceId::from_uuid).collect())
}

/// The columns `access`, `permissions` and `workspaces`.
fn write_rights(credential: &Credential) -> Result<(&'static str, Option<i64>, Option<String>)> {
    let permissions = match credential.access {
        Access::Everything | Access::Reading => None,
        Access::Only(permissions) => Some(permissions.bits()),
    };
    let ids =
        credential.workspaces.as_ref().map(|ids| ids.iter().map(WorkspaceId::as_uuid).collect::<Vec<_>>());
    let workspaces = ids.map(|ids| serde_json::to_string(&ids).map_err(Error::internal)).transpose()?;
    Ok((credential.access.word(), permissions, workspaces))
}

fn read_api_key(row: &Row<'_>) -> Result<ApiKey> {
    let owner = PrincipalId::from_uuid(row.id(13)?);
    let last_used_at = row.opt_int(14)?.map(Timestamp::from_micros);
    Ok(ApiKey {
        credential: read_credential(row, 0, owner)?,
        last_used_at,
        ends_itself: row.int(15)? != 0,
        description: row.opt_string(16)?,
        disabled_at: row.opt_int(17)?.map(Timestamp::from_micros),
        rotated_at: row.opt_int(18)?.map(Timestamp::from_micros),
    })
}

/// The fields of the table `c`.
struct ApiKeyFields;

impl Fields<ApiKeyField> for ApiKeyFields {
    fn condition(&self, field: ApiKeyField, test: &Test, params: &mut Vec<Value<'_>>) -> Result<String> {
        match field {
            ApiKeyField::Id => id_test("c.id", test, params),
            ApiKeyField::Title => text_test("c.title", "c.title_folded", test, params),
            ApiKeyField::Access => text_test("c.access", "c.access", test, params),
            ApiKeyField::CreatedAt => int_test("c.created_at", test, params),
            ApiKeyField::ExpiresAt => opt_int_test("c.expires_at", test, params),
            ApiKeyField::LastUsedAt => opt_int_test("c.last_used_at", test, params),
        }
    }
}

/// A time that is missing comes where [`ApiKey::cursor`] says.
fn column(field: ApiKeyField) -> Option<Column> {
    Some(match field {
        ApiKeyField::Id => return None,
        ApiKeyField::Title => Column::along("c.title"),
        ApiKeyField::Access => Column::along("c.access"),
        ApiKeyField::CreatedAt => Column::along("c.created_at"),
        ApiKeyField::ExpiresAt => Column::along(format!("COALESCE(c.expires_at, {})", i64::MAX)),
        ApiKeyField::LastUsedAt => Column::along("COALESCE(c.last_used_at, -1)"),
    })
}

/// Reads [`found_columns`].
pub(crate) fn read(row: &Row<'_>) -> Result<Found> {
    let principal = principal::read(row, 0)?;
    let credential = read_credential(row, 10, principal.id)?;
    Ok(Found { credential, revoked_at: row.opt_int(17)?.map(Timestamp::from_micros), principal })
}

#[async_trait]
impl CredentialStore for Db<'_> {
    async fn find_credential(&self, hash: &[u8; 32]) -> Result<Option<Arc<Found>>> {
        let params = params![hash];
        let read = self.conn.first(&FIND, params, |row| read(row).map(Arc::new));
        match self.aside {
            Aside::Nothing => read.await,
            Aside::Gathered(gathered) => {
                Ok(gathered.credential(hash, OrganizationId::SERVER).await?.map(|(found, _)| found))
            }
            Aside::Memory(memory, generation) => {
                if let Some(found) = memory.credential(hash) {
                    return Ok(Some(found));
                }
                let found = read.await?;
                // Others are seldom shown, and may change without a new generation.
                if let Some(found) = found.as_ref().filter(|found| found.credential.kind.is_bearer()) {
                    memory.learn_credential(*hash, generation, Arc::clone(found));
                }
                Ok(found)
            }
        }
    }

    async fn find_credential_at(
        &self,
        hash: &[u8; 32],
        organization: OrganizationId,
    ) -> Result<Option<(Arc<Found>, i64)>> {
        let params = params![hash, organization.as_uuid()];
        let read = self
            .conn
            .first(&FIND_AT, params, |row| Ok((Arc::new(read(row)?), row.opt_int(23)?.unwrap_or_default())));
        match self.aside {
            Aside::Nothing => read.await,
            Aside::Gathered(gathered) => gathered.credential(hash, organization).await,
            Aside::Memory(memory, generation) => {
                if let Some(version) = memory.version(organization) {
                    return Ok(self.find_credential(hash).await?.map(|found| (found, version)));
                }
                let found = read.await?;
                if let Some((found, version)) = &found {
                    memory.learn_credential(*hash, generation, Arc::clone(found));
                    memory.learn_version(organization, *version);
                }
                Ok(found)
            }
        }
    }

    async fn find_sign_in(&self, folded: &str) -> Result<Option<(Principal, Option<String>)>> {
        self.conn
            .first(&SIGN_IN, params![folded], |row| Ok((principal::read(row, 0)?, row.opt_string(10)?)))
            .await
    }

    async fn renew_password_hash(&self, principal: PrincipalId, before: &str, after: &str) -> Result<()> {
        self.conn.run(&RENEW_HASH, params![principal.as_uuid(), before, after]).await.map(drop)
    }

    async fn insert_credential(&self, credential: &Credential, hash: &[u8; 32]) -> Result<()> {
        let (access, permissions, workspaces) = write_rights(credential)?;
        let params = params![
            credential.id.as_uuid(),
            credential.kind.word(),
            credential.principal.as_uuid(),
            credential.organization.as_ref().map(OrganizationId::as_uuid),
            &credential.title,
            &credential.first_characters,
            hash,
            credential.created_at.as_micros(),
            credential.expires_at.map(Timestamp::as_micros),
            credential.parent.as_ref().map(CredentialId::as_uuid),
            access,
            permissions,
            workspaces,
            credential.version,
            fold(&credential.title),
        ];
        self.conn.run(&INSERT, params).await.map(drop)
    }

    async fn hold_credential(&self, id: CredentialId, now: Timestamp) -> Result<bool> {
        Ok(self.conn.run(&HOLD, params![id.as_uuid(), now.as_micros()]).await? > 0)
    }

    async fn revoke_credential(
        &self,
        principal: PrincipalId,
        id: CredentialId,
        now: Timestamp,
    ) -> Result<bool> {
        let params = params![id.as_uuid(), principal.as_uuid(), now.as_micros()];
        let revoked = self.conn.run(&REVOKE, params).await? > 0;
        if revoked {
            self.conn.run(&REVOKE_GIVEN_FOR, params![id.as_uuid(), now.as_micros()]).await?;
        }
        principal::raise_auth_version(self, principal).await?;
        Ok(revoked)
    }

    async fn revoke_sign_ins(
        &self,
        principal: PrincipalId,
        keep: Option<CredentialId>,
        now: Timestamp,
    ) -> Result<()> {
        // Nothing has the nil id.
        let keep = keep.map_or(Uuid::nil(), |id| *id.as_uuid());
        let id = principal.as_uuid();
        self.conn.run(&REVOKE_SIGN_INS, params![id, &keep, now.as_micros()]).await?;
        // And what was given for that, and so on.
        while self.conn.run(&REVOKE_LEFT, params![id, now.as_micros()]).await? > 0 {}
        principal::raise_auth_version(self, principal).await
    }

    async fn revoke_credentials_of(&self, principal: PrincipalId, now: Timestamp) -> Result<()> {
        self.conn.run(&REVOKE_ALL, params![principal.as_uuid(), now.as_micros()]).await?;
        principal::raise_auth_version(self, principal).await
    }

    async fn revoke_credentials_of_organization(
        &self,
        scope: &Writable<OrganizationScope>,
        now: Timestamp,
    ) -> Result<()> {
        let organization = scope.organization();
        self.note_identities();
        self.conn.run(&REVOKE_OF_ORGANIZATION, params![organization.as_uuid(), now.as_micros()]).await?;
        self.conn.run(&RAISE_OF_ORGANIZATION, params![organization.as_uuid()]).await.map(drop)
    }

    async fn revoke_credentials_of_member(
        &self,
        scope: &Writable<OrganizationScope>,
        principal: PrincipalId,
        now: Timestamp,
    ) -> Result<u64> {
        let params = params![scope.organization().as_uuid(), principal.as_uuid(), now.as_micros()];
        let revoked = self.conn.run(&REVOKE_OF_MEMBER, params).await?;
        principal::raise_auth_version(self, principal).await?;
        Ok(revoked)
    }

    async fn list_api_keys(
        &self,
        scope: &OrganizationScope,
        owner: Option<PrincipalId>,
        query: &ListQuery<ApiKeyField>,
    ) -> Result<Page<ApiKey>> {
        let mut params: Vec<Value<'_>> = vec![scope.organization().as_uuid().into()];
        let whose = match owner {
            None => "1 = 1".to_owned(),
            Some(owner) => format!("c.principal_id = {}", compile::bind(&mut params, owner.as_uuid().into())),
        };
        let wanted = compile::condition(&ApiKeyFields, &query.filter, &mut params)?;
        let page = &query.page;
        let paging = compile::paging(page, column, "c.id", &mut params)?;
        let statement = Sql::built(format!(
            "SELECT {API_KEY} FROM credentials c WHERE c.org_id = $1 AND c.kind = 'personal_access_token' \
             AND c.revoked_at IS NULL AND {IS_KEY} AND {whose} AND {wanted} AND {}{}",
            paging.behind, paging.tail
        ));
        let rows = self.conn.all(&statement, &params, read_api_key).await?;
        Ok(Page::cut(rows, page.limit, |last| last.cursor(&page.order)))
    }

    async fn find_api_key(&self, scope: &OrganizationScope, id: CredentialId) -> Result<Option<ApiKey>> {
        let statement = Sql::built(format!(
            "SELECT {API_KEY} FROM credentials c WHERE c.id = $2 AND c.org_id = $1 \
             AND c.kind = 'personal_access_token' AND c.revoked_at IS NULL AND {IS_KEY}"
        ));
        let params = params![scope.organization().as_uuid(), id.as_uuid()];
        self.conn.first(&statement, params, read_api_key).await
    }

    async fn count_api_keys(
        &self,
        scope: &Writable<OrganizationScope>,
        owner: PrincipalId,
        now: Timestamp,
    ) -> Result<u64> {
        let params = params![scope.organization().as_uuid(), owner.as_uuid(), now.as_micros()];
        let count = self.conn.first(&COUNT_API_KEYS, params, |row| row.int(0)).await?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }

    async fn update_api_key(
        &self,
        scope: &Writable<OrganizationScope>,
        ApiKey { credential: key, description, disabled_at, .. }: &ApiKey,
    ) -> Result<()> {
        let (access, permissions, workspaces) = write_rights(key)?;
        let params = params![
            scope.organization().as_uuid(),
            key.id.as_uuid(),
            &key.title,
            access,
            permissions,
            workspaces,
            key.version,
            fold(&key.title),
            description.as_deref(),
            disabled_at.map(Timestamp::as_micros),
        ];
        self.conn.run(&UPDATE_API_KEY, params).await?;
        principal::raise_auth_version(self, key.principal).await
    }

    async fn hold_owner(&self, owner: PrincipalId) -> Result<()> {
        self.conn.run(&HOLD_OWNER, params![owner.as_uuid()]).await.map(drop)
    }

    async fn keys_of(
        &self,
        owner: PrincipalId,
        kind: TokenKind,
        query: &ListQuery<ApiKeyField>,
    ) -> Result<Page<ApiKey>> {
        let mut params: Vec<Value<'_>> = vec![owner.as_uuid().into(), kind.word().into()];
        let wanted = compile::condition(&ApiKeyFields, &query.filter, &mut params)?;
        let page = &query.page;
        let paging = compile::paging(page, column, "c.id", &mut params)?;
        let statement = Sql::built(format!(
            "SELECT {API_KEY} FROM credentials c WHERE c.principal_id = $1 AND c.kind = $2 \
             AND c.revoked_at IS NULL AND {IS_KEY} AND {wanted} AND {}{}",
            paging.behind, paging.tail
        ));
        let rows = self.conn.all(&statement, &params, read_api_key).await?;
        Ok(Page::cut(rows, page.limit, |last| last.cursor(&page.order)))
    }

    async fn find_key(
        &self,
        owner: PrincipalId,
        kind: TokenKind,
        id: CredentialId,
    ) -> Result<Option<ApiKey>> {
        let statement = Sql::built(format!(
            "SELECT {API_KEY} FROM credentials c WHERE c.id = $3 AND c.principal_id = $1 AND c.kind = $2 \
             AND c.revoked_at IS NULL AND {IS_KEY}"
        ));
        let params = params![owner.as_uuid(), kind.word(), id.as_uuid()];
        self.conn.first(&statement, params, read_api_key).await
    }

    async fn count_keys(&self, owner: PrincipalId, kind: TokenKind, now: Timestamp) -> Result<u64> {
        let params = params![owner.as_uuid(), kind.word(), now.as_micros()];
        let count = self.conn.first(&COUNT_KEYS, params, |row| row.int(0)).await?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }

    async fn let_end_itself(&self, id: CredentialId) -> Result<()> {
        self.conn.run(&LET_END_ITSELF, params![id.as_uuid()]).await.map(drop)
    }

    async fn update_key(
        &self,
        ApiKey { credential: key, description, disabled_at, .. }: &ApiKey,
    ) -> Result<()> {
        let (access, permissions, workspaces) = write_rights(key)?;
        let params = params![
            key.id.as_uuid(),
            &key.title,
            access,
            permissions,
            workspaces,
            key.version,
            fold(&key.title),
            description.as_deref(),
            disabled_at.map(Timestamp::as_micros),
        ];
        self.conn.run(&UPDATE_KEY, params).await?;
        principal::raise_auth_version(self, key.principal).await
    }

    async fn revoke_given_for(&self, id: CredentialId, now: Timestamp) -> Result<()> {
        self.conn.run(&REVOKE_GIVEN_FOR, params![id.as_uuid(), now.as_micros()]).await.map(drop)
    }

    async fn replace_secret(
        &self,
        key: &Credential,
        hash: &[u8; 32],
        before: Option<&Credential>,
        now: Timestamp,
    ) -> Result<()> {
        let known = self
            .conn
            .first(&HASH, params![key.id.as_uuid()], |row| {
                <[u8; 32]>::try_from(row.blob(0)?).map_err(Error::internal)
            })
            .await?;
        let params = params![key.id.as_uuid(), hash, &key.first_characters, key.version, now.as_micros()];
        self.conn.run(&REPLACE_SECRET, params).await?;
        match (before, known) {
            (Some(before), Some(known)) => self.insert_credential(before, &known).await?,
            _ => {
                self.conn
                    .run(&REVOKE_GIVEN_FOR, params![key.id.as_uuid(), now.as_micros()])
                    .await
                    .map(drop)?;
            }
        }
        principal::raise_auth_version(self, key.principal).await
    }

    async fn note_uses(&self, uses: &[(CredentialId, Timestamp)]) -> Result<()> {
        for (id, at) in uses {
            self.conn.run(&NOTE_USE, params![id.as_uuid(), at.as_micros()]).await?;
        }
        Ok(())
    }
}
