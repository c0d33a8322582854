//! Keys: credentials that lists show.

use async_trait::async_trait;
use tenantry_core::authz::{OrganizationScope, Writable};
use tenantry_core::clock::Timestamp;
use tenantry_core::credential::{ApiKey, ApiKeyField, Credential, CredentialStore, KeyStore, TokenKind};
use tenantry_core::error::{Error, Result};
use tenantry_core::filter::{ListQuery, Test};
use tenantry_core::ids::{CredentialId, PrincipalId};
use tenantry_core::page::Page;
use tenantry_core::text::fold;

use crate::compile::{self, Column, Fields, id_test, int_test, opt_int_test, text_test};
use crate::credential::{read_credential, revoke_given_for, write_rights};
use crate::driver::{Row, Sql, Value, params, sql};
use crate::principal;
use crate::session::Db;

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
     c.description, c.disabled_at, c.rotated_at, c.changed_at, c.last_source, c.last_user_agent";
const COUNT_API_KEYS: Sql = sql!(concat!(
    "SELECT COUNT(*) FROM credentials c WHERE c.org_id = $1 AND c.principal_id = $2 \
       AND c.kind = 'personal_access_token' AND c.revoked_at IS NULL AND c.expires_at > $3 AND ",
    is_key!()
));
const UPDATE_API_KEY: Sql = sql!(
    "UPDATE credentials SET title = $3, access = $4, permissions = $5, workspaces = $6, version = $7, \
       title_folded = $8, description = $9, disabled_at = $10, changed_at = $11 \
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
       title_folded = $7, description = $8, disabled_at = $9, changed_at = $10 \
     WHERE id = $1 AND revoked_at IS NULL"
);
const HASH: Sql = sql!("SELECT hash FROM credentials WHERE id = $1");
const REPLACE_SECRET: Sql = sql!(
    "UPDATE credentials SET hash = $2, first_characters = $3, version = $4, rotated_at = $5 \
     WHERE id = $1 AND revoked_at IS NULL"
);

fn read_api_key(row: &Row<'_>) -> Result<ApiKey> {
    let owner = PrincipalId::from_uuid(row.id(13)?);
    let last_used_at = row.opt_int(14)?.map(Timestamp::from_micros);
    Ok(ApiKey {
        credential: read_credential(row, 0, owner)?,
        last_used_at,
        last_source: row.opt_string(20)?,
        last_user_agent: row.opt_string(21)?,
        ends_itself: row.int(15)? != 0,
        description: row.opt_string(16)?,
        disabled_at: row.opt_int(17)?.map(Timestamp::from_micros),
        rotated_at: row.opt_int(18)?.map(Timestamp::from_micros),
        changed_at: row.opt_int(19)?.map(Timestamp::from_micros),
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

#[async_trait]
impl KeyStore for Db<'_> {
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
        ApiKey { credential: key, description, disabled_at, changed_at, .. }: &ApiKey,
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
            changed_at.map(Timestamp::as_micros),
        ];
        principal::raise_auth_version(self, key.principal).await?;
        self.conn.run(&UPDATE_API_KEY, params).await.map(drop)
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
        ApiKey { credential: key, description, disabled_at, changed_at, .. }: &ApiKey,
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
            changed_at.map(Timestamp::as_micros),
        ];
        principal::raise_auth_version(self, key.principal).await?;
        self.conn.run(&UPDATE_KEY, params).await.map(drop)
    }

    async fn revoke_given_for(&self, id: CredentialId, now: Timestamp) -> Result<()> {
        revoke_given_for(self, id, now).await
    }

    async fn replace_secret(
        &self,
        key: &Credential,
        hash: &[u8; 32],
        before: Option<&Credential>,
        now: Timestamp,
    ) -> Result<()> {
        principal::raise_auth_version(self, key.principal).await?;
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
            _ => revoke_given_for(self, key.id, now).await?,
        }
        Ok(())
    }
}
