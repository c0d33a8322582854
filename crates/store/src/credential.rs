//! Credentials and sign-ins.

use std::sync::Arc;

use async_trait::async_trait;
use tenantry_core::Use;
use tenantry_core::authz::{OrganizationScope, Writable};
use tenantry_core::clock::Timestamp;
use tenantry_core::credential::{Access, Credential, CredentialStore, Found, TokenKind};
use tenantry_core::error::{Error, Result};
use tenantry_core::ids::{CredentialId, OrganizationId, PrincipalId, WorkspaceId};
use tenantry_core::permission::PermissionSet;
use tenantry_core::principal::Principal;
use tenantry_core::text::fold;
use uuid::Uuid;

use crate::driver::{Row, Sql, params, sql};
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
/// The credentials of `first`, and what was given for them, for that, and so on: for an identity's word a client is allowed
/// something, with whose token a key is made or a device let in, with whose token another is.
macro_rules! given_from {
    ($first:expr) => {
        concat!(
            "(WITH RECURSIVE given(id) AS (",
            $first,
            " UNION SELECT c.id FROM given g CROSS JOIN credentials c WHERE c.parent_id = g.id) SELECT id FROM given)"
        )
    };
}
pub(crate) use given_from;
/// The credential `$1`, what it was given for, what that was given for, and so on, as `up`, by how many steps away.
macro_rules! ancestors {
    () => {
        "WITH RECURSIVE up(id, parent_id, steps) AS (SELECT id, parent_id, 0 FROM credentials WHERE id = $1 \
         UNION ALL SELECT c.id, c.parent_id, u.steps + 1 FROM up u CROSS JOIN credentials c WHERE c.id = u.parent_id) "
    };
}
pub(crate) use ancestors;
/// Ends what was given for the credential, and for that, and so on. What was given meanwhile is there for the next look, since
/// who gives holds what it is given for.
pub(crate) async fn revoke_given_for(db: &Db<'_>, id: CredentialId, now: Timestamp) -> Result<()> {
    while db.conn.run(&REVOKE_GIVEN_FOR, params![id.as_uuid(), now.as_micros()]).await? > 0 {}
    Ok(())
}

const IS_OF: Sql = sql!("SELECT 1 FROM credentials WHERE id = $1 AND principal_id = $2");
pub(crate) const REVOKE_GIVEN_FOR: Sql = sql!(concat!(
    "UPDATE credentials SET revoked_at = $2 WHERE revoked_at IS NULL AND id IN ",
    given_from!("SELECT id FROM credentials WHERE parent_id = $1")
));
/// What nobody shows is used by what is given for it; the use of anything else is noted when it is shown.
const HOLD: Sql = sql!(
    "UPDATE credentials SET last_used_at = CASE WHEN kind IN ('authorization', 'identity') THEN $2 ELSE last_used_at END \
     WHERE id = $1 AND revoked_at IS NULL AND disabled_at IS NULL"
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
const NOTE_USE: Sql = sql!(
    "UPDATE credentials SET last_used_at = $2, last_source = $3, last_user_agent = $4 \
     WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $2)"
);

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
pub(crate) fn write_rights(credential: &Credential) -> Result<(&'static str, Option<i64>, Option<String>)> {
    let permissions = match credential.access {
        Access::Everything | Access::Reading => None,
        Access::Only(permissions) => Some(permissions.bits()),
    };
    let ids =
        credential.workspaces.as_ref().map(|ids| ids.iter().map(WorkspaceId::as_uuid).collect::<Vec<_>>());
    let workspaces = ids.map(|ids| serde_json::to_string(&ids).map_err(Error::internal)).transpose()?;
    Ok((credential.access.word(), permissions, workspaces))
}

/// Reads [`found_columns`].
pub(crate) fn read(row: &Row<'_>) -> Result<Found> {
    let principal = principal::read(row, 0)?;
    let credential = read_credential(row, 10, principal.id)?;
    Ok(Found { credential, revoked_at: row.opt_int(17)?.map(Timestamp::from_micros), principal })
}

/// Whoever ends credentials first locks their owner, as does whoever issues one, and then looks until nothing is left: what
/// was issued meanwhile is there for the next look, since who issues holds what it is issued for.
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

    async fn renew_password_hash(&self, principal: PrincipalId, before: &str, after: &str) -> Result<bool> {
        Ok(self.conn.run(&RENEW_HASH, params![principal.as_uuid(), before, after]).await? > 0)
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
        principal::raise_auth_version(self, principal).await?;
        let params = params![id.as_uuid(), principal.as_uuid(), now.as_micros()];
        let revoked = self.conn.run(&REVOKE, params).await? > 0;
        // Also for one that has ended before: whoever asks wants all of it gone.
        let of = params![id.as_uuid(), principal.as_uuid()];
        if revoked || self.conn.first(&IS_OF, of, |_| Ok(())).await?.is_some() {
            revoke_given_for(self, id, now).await?;
        }
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
        principal::raise_auth_version(self, principal).await?;
        while self.conn.run(&REVOKE_SIGN_INS, params![id, &keep, now.as_micros()]).await? > 0 {}
        // And what was given for that, and so on.
        while self.conn.run(&REVOKE_LEFT, params![id, now.as_micros()]).await? > 0 {}
        Ok(())
    }

    async fn revoke_credentials_of(&self, principal: PrincipalId, now: Timestamp) -> Result<()> {
        principal::raise_auth_version(self, principal).await?;
        while self.conn.run(&REVOKE_ALL, params![principal.as_uuid(), now.as_micros()]).await? > 0 {}
        Ok(())
    }

    async fn revoke_credentials_of_organization(
        &self,
        scope: &Writable<OrganizationScope>,
        now: Timestamp,
    ) -> Result<()> {
        let organization = scope.organization();
        self.note_identities();
        self.conn.run(&RAISE_OF_ORGANIZATION, params![organization.as_uuid()]).await?;
        let params = params![organization.as_uuid(), now.as_micros()];
        while self.conn.run(&REVOKE_OF_ORGANIZATION, params).await? > 0 {}
        Ok(())
    }

    async fn revoke_credentials_of_member(
        &self,
        scope: &Writable<OrganizationScope>,
        principal: PrincipalId,
        now: Timestamp,
    ) -> Result<u64> {
        let params = params![scope.organization().as_uuid(), principal.as_uuid(), now.as_micros()];
        principal::raise_auth_version(self, principal).await?;
        let mut revoked = 0;
        loop {
            match self.conn.run(&REVOKE_OF_MEMBER, params).await? {
                0 => return Ok(revoked),
                more => revoked += more,
            }
        }
    }

    async fn note_uses(&self, uses: &[(CredentialId, Use)]) -> Result<()> {
        for (id, Use { at, source, user_agent }) in uses {
            let source = source.map(|source| source.to_string());
            let params = params![id.as_uuid(), at.as_micros(), source, user_agent.as_deref()];
            self.conn.run(&NOTE_USE, params).await?;
        }
        Ok(())
    }
}
