//! Clients and what people allow them.

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use tenantry_core::authz::{ServerScope, Writable};
use tenantry_core::clock::Timestamp;
use tenantry_core::error::{Error, Result};
use tenantry_core::ids::{CredentialId, PrincipalId};
use tenantry_core::oauth::{
    Authorization, Challenge, Client, ClientKind, Code, GrantType, OauthStore, Scopes, Spent,
};
use tenantry_core::principal::Principal;

use crate::credential::{self, found_columns, given_from};
use crate::driver::{Row, Sql, params, sql};
use crate::principal;
use crate::session::Db;

/// The columns that [`read_client`] expects.
macro_rules! client_columns {
    () => {
        "id, name, redirect_uris, logout_uris, grant_types, scopes, audiences, created_at, secret_hash"
    };
}

const FIND_CLIENT: Sql = sql!(concat!("SELECT ", client_columns!(), " FROM clients WHERE id = $1"));
const LIST_CLIENTS: Sql =
    sql!(concat!("SELECT ", client_columns!(), " FROM clients ORDER BY created_at DESC, id"));
const INSERT_CLIENT: Sql = sql!(concat!(
    "INSERT INTO clients (",
    client_columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
));
const DELETE_CLIENT: Sql = sql!("DELETE FROM clients WHERE id = $1");
const END_ALL_OF_CLIENT: Sql = sql!(concat!(
    "UPDATE credentials SET revoked_at = $2 WHERE revoked_at IS NULL AND id IN ",
    given_from!("SELECT credential_id FROM authorizations WHERE client_id = $1")
));
const RAISE_WHO_ALLOWED: Sql = sql!(
    "UPDATE principals SET auth_version = auth_version + 1 WHERE id IN \
     (SELECT principal_id FROM authorizations WHERE client_id = $1)"
);
const INSERT: Sql = sql!(
    "INSERT INTO authorizations (credential_id, client_id, principal_id, scopes, audience, session_id, signed_in_at, ends_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
);
/// The columns behind those of a found credential that [`read`] expects.
macro_rules! authorization_columns {
    () => {
        "a.client_id, a.scopes, a.audience, a.session_id, a.signed_in_at, a.ends_at"
    };
}
const FIND: Sql = sql!(concat!(
    "SELECT ",
    found_columns!(),
    ", ",
    authorization_columns!(),
    " FROM authorizations a CROSS JOIN credentials c CROSS JOIN principals p \
     WHERE a.credential_id = $1 AND c.id = a.credential_id AND p.id = c.principal_id"
));
const OF_PRINCIPAL: Sql = sql!(concat!(
    "SELECT ",
    found_columns!(),
    ", ",
    authorization_columns!(),
    " FROM authorizations a CROSS JOIN credentials c CROSS JOIN principals p \
     WHERE a.principal_id = $1 AND c.id = a.credential_id AND c.revoked_at IS NULL AND c.expires_at > $2 \
     AND p.id = c.principal_id ORDER BY c.created_at DESC, c.id"
));
const EXTEND: Sql = sql!("UPDATE credentials SET expires_at = $2 WHERE id = $1 AND expires_at < $2");
const INSERT_CODE: Sql = sql!(
    "INSERT INTO authorization_codes (hash, authorization_id, redirect_uri, challenge, nonce, expires_at) \
     VALUES ($1, $2, $3, $4, $5, $6)"
);
const SPEND: Sql = sql!("UPDATE authorization_codes SET spent_at = $2 WHERE hash = $1 AND spent_at IS NULL");
const FIND_CODE: Sql = sql!(
    "SELECT authorization_id, redirect_uri, challenge, nonce, expires_at FROM authorization_codes WHERE hash = $1"
);
const FORGET_CODES: Sql = sql!(
    "DELETE FROM authorization_codes WHERE hash IN \
     (SELECT hash FROM authorization_codes WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)"
);
const ROTATE: Sql = sql!("UPDATE credentials SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL");

const INSERT_SCOPES: Sql = sql!("INSERT INTO token_scopes (credential_id, scopes) VALUES ($1, $2)");
const SCOPES: Sql = sql!("SELECT scopes FROM token_scopes WHERE credential_id = $1");
/// The nearest: a key that was made by it may have been exchanged for the token.
const AUTHORIZATION_BEHIND: Sql = sql!(concat!(
    credential::ancestors!(),
    "SELECT u.id FROM up u CROSS JOIN authorizations a WHERE a.credential_id = u.id ORDER BY u.steps LIMIT 1"
));
/// What nothing hangs on any more but what [`FORGET`] removes.
const EXPIRED: Sql = sql!(
    "SELECT c.id FROM credentials c \
     WHERE c.kind IN ('access_token', 'refresh_token', 'browser_session', 'authorization') AND c.expires_at <= $1 \
       AND NOT EXISTS (SELECT 1 FROM credentials k WHERE k.parent_id = c.id) \
       AND NOT EXISTS (SELECT 1 FROM devices d WHERE d.authorization_id = c.id) \
     ORDER BY c.expires_at LIMIT $2"
);
const FORGET: [Sql; 5] = [
    sql!("DELETE FROM token_scopes WHERE credential_id = $1"),
    sql!("DELETE FROM browser_sessions WHERE credential_id = $1"),
    sql!("DELETE FROM authorization_codes WHERE authorization_id = $1"),
    sql!("DELETE FROM authorizations WHERE credential_id = $1"),
    sql!("DELETE FROM credentials WHERE id = $1"),
];

fn read_client(row: &Row<'_>) -> Result<(Client, Option<[u8; 32]>)> {
    let secret =
        row.opt_blob(8)?.map(|hash| <[u8; 32]>::try_from(hash).map_err(Error::internal)).transpose()?;
    let words: Vec<String> = list(row, 4)?;
    let client = Client {
        id: row.text(0)?.to_owned(),
        name: row.text(1)?.to_owned(),
        kind: if secret.is_some() { ClientKind::Confidential } else { ClientKind::Public },
        redirect_uris: list(row, 2)?,
        logout_uris: list(row, 3)?,
        grant_types: words.iter().filter_map(|word| GrantType::from_word(word)).collect(),
        scopes: Scopes::parse(row.text(5)?).map_err(Error::internal)?,
        audiences: list(row, 6)?,
        created_at: Timestamp::from_micros(row.int(7)?),
    };
    Ok((client, secret))
}

fn list<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<Vec<T>> {
    serde_json::from_str(row.text(column)?).map_err(Error::internal)
}

fn json(list: &[impl serde::Serialize]) -> Result<String> {
    serde_json::to_string(list).map_err(Error::internal)
}

fn read(row: &Row<'_>) -> Result<(Authorization, Principal)> {
    let principal = principal::read(row, 0)?;
    let authorization = Authorization {
        credential: credential::read_credential(row, 10, principal.id)?,
        client: row.text(23)?.to_owned(),
        scopes: Scopes::parse(row.text(24)?).map_err(Error::internal)?,
        audience: row.opt_string(25)?,
        session: row.opt_id(26)?.map(CredentialId::from_uuid),
        signed_in_at: Timestamp::from_micros(row.int(27)?),
        ends_at: row.opt_int(28)?.map(Timestamp::from_micros),
    };
    Ok((authorization, principal))
}

#[async_trait]
impl OauthStore for Db<'_> {
    async fn find_client(&self, id: &str) -> Result<Option<(Client, Option<[u8; 32]>)>> {
        self.conn.first(&FIND_CLIENT, params![id], read_client).await
    }

    async fn list_clients(&self, _: &ServerScope) -> Result<Vec<Client>> {
        self.conn.all(&LIST_CLIENTS, params![], |row| Ok(read_client(row)?.0)).await
    }

    async fn insert_client(
        &self,
        _: &Writable<ServerScope>,
        client: &Client,
        secret_hash: Option<&[u8; 32]>,
    ) -> Result<()> {
        let grants: Vec<_> = client.grant_types.iter().map(|grant| grant.word()).collect();
        let params = params![
            &client.id,
            &client.name,
            json(&client.redirect_uris)?,
            json(&client.logout_uris)?,
            json(&grants)?,
            client.scopes.to_string(),
            json(&client.audiences)?,
            client.created_at.as_micros(),
            secret_hash,
        ];
        self.conn.run(&INSERT_CLIENT, params).await.map(drop)
    }

    async fn delete_client(&self, _: &Writable<ServerScope>, id: &str, now: Timestamp) -> Result<bool> {
        self.note_identities();
        self.conn.run(&RAISE_WHO_ALLOWED, params![id]).await?;
        // Whoever gives tokens holds what they are given for: what was given meanwhile is there for the next look.
        while self.conn.run(&END_ALL_OF_CLIENT, params![id, now.as_micros()]).await? > 0 {}
        Ok(self.conn.run(&DELETE_CLIENT, params![id]).await? > 0)
    }

    async fn insert_authorization(&self, authorization: &Authorization) -> Result<()> {
        let params = params![
            authorization.credential.id.as_uuid(),
            &authorization.client,
            authorization.credential.principal.as_uuid(),
            authorization.scopes.to_string(),
            authorization.audience.as_deref(),
            authorization.session.as_ref().map(CredentialId::as_uuid),
            authorization.signed_in_at.as_micros(),
            authorization.ends_at.map(Timestamp::as_micros),
        ];
        self.conn.run(&INSERT, params).await.map(drop)
    }

    async fn find_authorization(
        &self,
        id: CredentialId,
        now: Timestamp,
    ) -> Result<Option<(Authorization, Principal)>> {
        let found = self
            .conn
            .first(&FIND, params![id.as_uuid()], |row| {
                credential::read(row)?.counts(now).then(|| read(row)).transpose()
            })
            .await?;
        Ok(found.flatten())
    }

    async fn authorizations_of(
        &self,
        principal: PrincipalId,
        client: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<Authorization>> {
        let params = params![principal.as_uuid(), now.as_micros()];
        let mut found = self.conn.all(&OF_PRINCIPAL, params, |row| Ok(read(row)?.0)).await?;
        found.retain(|one| client.is_none_or(|client| client == one.client));
        Ok(found)
    }

    async fn extend_authorization(&self, id: CredentialId, until: Timestamp) -> Result<()> {
        self.conn.run(&EXTEND, params![id.as_uuid(), until.as_micros()]).await.map(drop)
    }

    async fn insert_code(&self, code: &Code, hash: &[u8; 32]) -> Result<()> {
        let params = params![
            hash,
            code.authorization.as_uuid(),
            &code.redirect_uri,
            code.challenge.as_bytes(),
            code.nonce.as_deref(),
            code.expires_at.as_micros(),
        ];
        self.conn.run(&INSERT_CODE, params).await.map(drop)
    }

    async fn spend_code(&self, hash: &[u8; 32], now: Timestamp) -> Result<Option<Spent>> {
        let first = self.conn.run(&SPEND, params![hash, now.as_micros()]).await? > 0;
        self.conn
            .first(&FIND_CODE, params![hash], |row| {
                let challenge = row.blob(2)?.try_into().map_err(Error::internal)?;
                let code = Code {
                    authorization: CredentialId::from_uuid(row.id(0)?),
                    redirect_uri: row.text(1)?.to_owned(),
                    challenge: Challenge::from_bytes(challenge),
                    nonce: row.opt_string(3)?,
                    expires_at: Timestamp::from_micros(row.int(4)?),
                };
                Ok(Spent { code, first })
            })
            .await
    }

    async fn forget_codes(&self, now: Timestamp, limit: u32) -> Result<u64> {
        self.conn.run(&FORGET_CODES, params![now.as_micros(), i64::from(limit)]).await
    }

    async fn insert_token_scopes(&self, id: CredentialId, scopes: Scopes) -> Result<()> {
        self.conn.run(&INSERT_SCOPES, params![id.as_uuid(), scopes.to_string()]).await.map(drop)
    }

    async fn token_scopes(&self, id: CredentialId) -> Result<Option<Scopes>> {
        let scopes =
            self.conn.first(&SCOPES, params![id.as_uuid()], |row| row.text(0).map(str::to_owned)).await?;
        scopes.map(|scopes| Scopes::parse(&scopes).map_err(Error::internal)).transpose()
    }

    async fn authorization_behind(&self, id: CredentialId) -> Result<Option<CredentialId>> {
        let read = |row: &Row<'_>| Ok(CredentialId::from_uuid(row.id(0)?));
        self.conn.first(&AUTHORIZATION_BEHIND, params![id.as_uuid()], read).await
    }

    async fn forget_expired_credentials(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let params = params![before.as_micros(), i64::from(limit)];
        let expired = self.conn.all(&EXPIRED, params, |row| row.id(0)).await?;
        for id in &expired {
            for forget in &FORGET {
                self.conn.run(forget, params![id]).await?;
            }
        }
        Ok(expired.len() as u64)
    }

    async fn rotate_refresh_token(&self, id: CredentialId, now: Timestamp) -> Result<bool> {
        Ok(self.conn.run(&ROTATE, params![id.as_uuid(), now.as_micros()]).await? > 0)
    }
}
