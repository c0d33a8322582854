//! Credentials and sign-ins.

use std::sync::Arc;

use async_trait::async_trait;
use tenantry_core::authz::{OrganizationScope, Writable};
use tenantry_core::clock::Timestamp;
use tenantry_core::credential::{Credential, CredentialStore, Found, TokenKind};
use tenantry_core::error::{Error, Result};
use tenantry_core::ids::{CredentialId, OrganizationId, PrincipalId};
use tenantry_core::principal::Principal;

use crate::driver::{Row, Sql, params, sql};
use crate::principal;
use crate::session::Db;

pub(crate) const FIND: Sql = sql!(
    "SELECT p.id, p.org_id, p.username, p.email, p.display_name, p.suspended_at, p.auth_version, p.version, \
            p.created_at, p.updated_at, \
            c.id, c.kind, c.org_id, c.title, c.first_characters, c.created_at, c.expires_at, c.revoked_at, c.parent_id \
     FROM credentials c CROSS JOIN principals p WHERE c.hash = $1 AND p.id = c.principal_id"
);
/// The same with the version of an organization, both of one instant.
pub(crate) const FIND_AT: Sql = sql!(
    "SELECT p.id, p.org_id, p.username, p.email, p.display_name, p.suspended_at, p.auth_version, p.version, \
            p.created_at, p.updated_at, \
            c.id, c.kind, c.org_id, c.title, c.first_characters, c.created_at, c.expires_at, c.revoked_at, c.parent_id, \
            (SELECT v.version FROM versions v WHERE v.org_id = $2) \
     FROM credentials c CROSS JOIN principals p WHERE c.hash = $1 AND p.id = c.principal_id"
);
pub(crate) const SIGN_IN: Sql = sql!(
    "SELECT id, org_id, username, email, display_name, suspended_at, auth_version, version, created_at, \
       updated_at, password_hash, 0 AS place \
     FROM principals WHERE org_id IS NULL AND email_folded = $1 \
     UNION ALL SELECT id, org_id, username, email, display_name, suspended_at, auth_version, version, created_at, \
       updated_at, password_hash, 1 AS place \
     FROM principals WHERE org_id IS NULL AND username_folded = $1 ORDER BY place"
);
const INSERT: Sql = sql!(
    "INSERT INTO credentials (id, kind, principal_id, org_id, title, first_characters, hash, created_at, expires_at, \
       parent_id) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
);
const REVOKE: Sql =
    sql!("UPDATE credentials SET revoked_at = $3 WHERE id = $1 AND principal_id = $2 AND revoked_at IS NULL");
pub(crate) const REVOKE_GIVEN_FOR: Sql =
    sql!("UPDATE credentials SET revoked_at = $2 WHERE parent_id = $1 AND revoked_at IS NULL");
const HOLD: Sql = sql!("UPDATE credentials SET last_used_at = $2 WHERE id = $1 AND revoked_at IS NULL");
const REVOKE_OF_ORGANIZATION: Sql = sql!(
    "UPDATE credentials SET revoked_at = $2 WHERE revoked_at IS NULL AND principal_id IN \
     (SELECT id FROM principals WHERE org_id = $1)"
);
const RAISE_OF_ORGANIZATION: Sql =
    sql!("UPDATE principals SET auth_version = auth_version + 1 WHERE org_id = $1");
const NOTE_USE: Sql = sql!("UPDATE credentials SET last_used_at = $2 WHERE id = $1");

fn read(row: &Row<'_>) -> Result<Found> {
    let principal = principal::read(row, 0)?;
    let kind = TokenKind::from_word(row.text(11)?).ok_or_else(|| Error::internal("unknown kind"))?;
    let credential = Credential {
        id: CredentialId::from_uuid(row.id(10)?),
        kind,
        principal: principal.id,
        organization: row.opt_id(12)?.map(OrganizationId::from_uuid),
        title: row.text(13)?.to_owned(),
        first_characters: row.text(14)?.to_owned(),
        created_at: Timestamp::from_micros(row.int(15)?),
        expires_at: row.opt_int(16)?.map(Timestamp::from_micros),
        parent: row.opt_id(18)?.map(CredentialId::from_uuid),
    };
    Ok(Found { credential, revoked_at: row.opt_int(17)?.map(Timestamp::from_micros), principal })
}

#[async_trait]
impl CredentialStore for Db<'_> {
    async fn find_credential(&self, hash: &[u8; 32]) -> Result<Option<Arc<Found>>> {
        let Some(memory) = self.memory else {
            return self.conn.first(&FIND, params![hash], |row| read(row).map(Arc::new)).await;
        };
        if let Some(found) = memory.credential(hash) {
            return Ok(Some(found));
        }
        let found = self.conn.first(&FIND, params![hash], |row| read(row).map(Arc::new)).await?;
        if let Some(found) = &found {
            memory.learn_credential(*hash, self.generation, Arc::clone(found));
        }
        Ok(found)
    }

    async fn find_credential_at(
        &self,
        hash: &[u8; 32],
        organization: OrganizationId,
    ) -> Result<Option<(Arc<Found>, i64)>> {
        let known = self.memory.and_then(|memory| memory.version(organization));
        if let Some(version) = known {
            return Ok(self.find_credential(hash).await?.map(|found| (found, version)));
        }
        let params = params![hash, organization.as_uuid()];
        let found = self
            .conn
            .first(&FIND_AT, params, |row| Ok((Arc::new(read(row)?), row.opt_int(19)?.unwrap_or_default())))
            .await?;
        if let (Some(memory), Some((found, version))) = (self.memory, &found) {
            memory.learn_credential(*hash, self.generation, Arc::clone(found));
            memory.learn_version(organization, *version);
        }
        Ok(found)
    }

    async fn find_sign_in(&self, folded: &str) -> Result<Option<(Principal, Option<String>)>> {
        self.conn
            .first(&SIGN_IN, params![folded], |row| Ok((principal::read(row, 0)?, row.opt_string(10)?)))
            .await
    }

    async fn insert_credential(&self, credential: &Credential, hash: &[u8; 32]) -> Result<()> {
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

    async fn note_uses(&self, uses: &[(CredentialId, Timestamp)]) -> Result<()> {
        for (id, at) in uses {
            self.conn.run(&NOTE_USE, params![id.as_uuid(), at.as_micros()]).await?;
        }
        Ok(())
    }
}
