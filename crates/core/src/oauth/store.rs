//! The port of clients and authorizations.

use async_trait::async_trait;

use super::{Authorization, Challenge, Client, Scopes};
use crate::authz::{ServerScope, Writable};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{CredentialId, PrincipalId};
use crate::principal::Principal;

/// A code on its way through a browser: bound to the client and the person by its authorization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// What was allowed.
    pub authorization: CredentialId,
    /// Where the browser was sent with it.
    pub redirect_uri: String,
    /// What the client must know to spend it.
    pub challenge: Challenge,
    /// What the client wants to find in the ID token.
    pub nonce: Option<String>,
    /// From when on it does not count.
    pub expires_at: Timestamp,
}

/// A code that was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The code.
    pub code: Code,
    /// Whether it was shown for the first time.
    pub first: bool,
}

/// Clients and authorizations, in one session. Like credentials, they do not lead with an organization.
#[async_trait]
pub trait OauthStore {
    /// The registered client of this id, with the hash of its secret if it has one.
    async fn find_client(&self, id: &str) -> Result<Option<(Client, Option<[u8; 32]>)>>;

    /// Every registered client, the newest first.
    async fn list_clients(&self, scope: &ServerScope) -> Result<Vec<Client>>;

    /// Registers a client.
    async fn insert_client(
        &self,
        scope: &Writable<ServerScope>,
        client: &Client,
        secret_hash: Option<&[u8; 32]>,
    ) -> Result<()>;

    /// Removes a client and ends what it was allowed. Answers whether there was one.
    async fn delete_client(&self, scope: &Writable<ServerScope>, id: &str, now: Timestamp) -> Result<bool>;

    /// Writes what was allowed, whose credential is written already.
    async fn insert_authorization(&self, authorization: &Authorization) -> Result<()>;

    /// What was allowed, with the person, unless it has ended or expired by `now` or the person is suspended.
    async fn find_authorization(
        &self,
        id: CredentialId,
        now: Timestamp,
    ) -> Result<Option<(Authorization, Principal)>>;

    /// What the person allowed, to one client or all, and has not ended, the newest first.
    async fn authorizations_of(
        &self,
        principal: PrincipalId,
        client: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<Authorization>>;

    /// Lets the authorization, and with it what is given for it, live until then.
    async fn extend_authorization(&self, id: CredentialId, until: Timestamp) -> Result<()>;

    /// Writes a code.
    async fn insert_code(&self, code: &Code, hash: &[u8; 32]) -> Result<()>;

    /// Marks the code as spent. Of several at once, one is the first.
    async fn spend_code(&self, hash: &[u8; 32], now: Timestamp) -> Result<Option<Spent>>;

    /// Removes at most `limit` codes that expired before `now`.
    async fn forget_codes(&self, now: Timestamp, limit: u32) -> Result<u64>;

    /// Writes what an access token is good for, if that is less than what was allowed.
    async fn insert_token_scopes(&self, id: CredentialId, scopes: Scopes) -> Result<()>;

    /// What an access token is good for, if that is less than what was allowed.
    async fn token_scopes(&self, id: CredentialId) -> Result<Option<Scopes>>;

    /// The authorization that the credential was given for, if it was.
    async fn authorization_behind(&self, id: CredentialId) -> Result<Option<CredentialId>>;

    /// Removes at most `limit` tokens, sessions and authorizations that expired before `before`, with all that hangs on
    /// them; an authorization stays while anything else was given for it.
    async fn forget_expired_credentials(&self, before: Timestamp, limit: u32) -> Result<u64>;

    /// Ends a refresh token that was exchanged for another, and nothing else. Of several at once, one is the first.
    async fn rotate_refresh_token(&self, id: CredentialId, now: Timestamp) -> Result<bool>;
}
