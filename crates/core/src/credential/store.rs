//! The port of credentials. Accounts and credentials do not lead with an organization: they are how a caller, and with
//! it every scope, comes to be.

use std::sync::Arc;

use async_trait::async_trait;

use super::{ApiKey, ApiKeyField, Credential, TokenKind};
use crate::authz::{OrganizationScope, Writable};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::filter::ListQuery;
use crate::ids::{CredentialId, OrganizationId, PrincipalId};
use crate::page::Page;
use crate::principal::Principal;
use crate::uses::Use;

/// A credential, whose it is, and what of both counts at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The credential.
    pub credential: Credential,
    /// When it was revoked, or put to sleep.
    pub revoked_at: Option<Timestamp>,
    /// Its principal.
    pub principal: Principal,
}

impl Found {
    /// Whether it counts at `now`: neither expired nor revoked, and its principal not suspended.
    pub fn counts(&self, now: Timestamp) -> bool {
        let expired = self.credential.expires_at.is_some_and(|at| at <= now);
        !expired && self.revoked_at.is_none() && self.principal.suspended_at.is_none()
    }

    /// Whether it is a secret of the OAuth client of this id: the present one, or one before that counts on.
    pub(crate) fn is_of_client(&self, client: CredentialId) -> bool {
        let credential = &self.credential;
        credential.kind == TokenKind::ClientSecret
            && (credential.id == client || credential.parent == Some(client))
    }
}

/// Credentials, in one session.
#[async_trait]
pub trait CredentialStore {
    /// The credential with this hash, revoked or not.
    async fn find_credential(&self, hash: &[u8; 32]) -> Result<Option<Arc<Found>>>;

    /// The same with the version of an organization (0 where there is none), both of one instant or the version of an
    /// earlier one.
    async fn find_credential_at(
        &self,
        hash: &[u8; 32],
        organization: OrganizationId,
    ) -> Result<Option<(Arc<Found>, i64)>>;

    /// The user of this e-mail address or sign-in name, ignoring case, with the hash of the password.
    async fn find_sign_in(&self, folded: &str) -> Result<Option<(Principal, Option<String>)>>;

    /// Writes another hash of the same password, unless the hash is not `before` any more. Answers whether it did.
    async fn renew_password_hash(&self, principal: PrincipalId, before: &str, after: &str) -> Result<bool>;

    /// Writes a credential with the hash of its secret.
    async fn insert_credential(&self, credential: &Credential, hash: &[u8; 32]) -> Result<()>;

    /// Keeps the credential from being ended before this transaction is, and notes its use. `false` if it has been ended or sleeps.
    async fn hold_credential(&self, id: CredentialId, now: Timestamp) -> Result<bool>;

    /// Ends the credential and those that were given for it; what they proved is refused from the commit on.
    async fn revoke_credential(
        &self,
        principal: PrincipalId,
        id: CredentialId,
        now: Timestamp,
    ) -> Result<bool>;

    /// Ends the principal's credentials that came from signing in and what was given for them, but for `keep`, and for what
    /// that was given for.
    async fn revoke_sign_ins(
        &self,
        principal: PrincipalId,
        keep: Option<CredentialId>,
        now: Timestamp,
    ) -> Result<()>;

    /// Ends every credential of the principal.
    async fn revoke_credentials_of(&self, principal: PrincipalId, now: Timestamp) -> Result<()>;

    /// Ends every credential of the organization's service accounts.
    async fn revoke_credentials_of_organization(
        &self,
        scope: &Writable<OrganizationScope>,
        now: Timestamp,
    ) -> Result<()>;

    /// Ends every credential of the principal that counts in the organization alone. Answers how many there were.
    async fn revoke_credentials_of_member(
        &self,
        scope: &Writable<OrganizationScope>,
        principal: PrincipalId,
        now: Timestamp,
    ) -> Result<u64>;

    /// Notes when credentials were last used, and by whom.
    async fn note_uses(&self, uses: &[(CredentialId, Use)]) -> Result<()>;
}

/// Keys: the credentials that people and service accounts are shown in lists, in one session.
#[async_trait]
pub trait KeyStore {
    /// The API keys of the organization that were not ended, of one owner or of all.
    async fn list_api_keys(
        &self,
        scope: &OrganizationScope,
        owner: Option<PrincipalId>,
        query: &ListQuery<ApiKeyField>,
    ) -> Result<Page<ApiKey>>;

    /// The API key of this id in the organization, unless it was ended.
    async fn find_api_key(&self, scope: &OrganizationScope, id: CredentialId) -> Result<Option<ApiKey>>;

    /// How many API keys the principal has in the organization that count at `now`.
    async fn count_api_keys(
        &self,
        scope: &Writable<OrganizationScope>,
        owner: PrincipalId,
        now: Timestamp,
    ) -> Result<u64>;

    /// Writes title, description, rights, state and version.
    async fn update_api_key(&self, scope: &Writable<OrganizationScope>, key: &ApiKey) -> Result<()>;

    /// Keeps other transactions from making or changing what this principal has, until this one ends.
    async fn hold_owner(&self, owner: PrincipalId) -> Result<()>;

    /// What the principal has of this kind and was not ended. What was given for something else is none.
    async fn keys_of(
        &self,
        owner: PrincipalId,
        kind: TokenKind,
        query: &ListQuery<ApiKeyField>,
    ) -> Result<Page<ApiKey>>;

    /// The one of this id, likewise.
    async fn find_key(&self, owner: PrincipalId, kind: TokenKind, id: CredentialId)
    -> Result<Option<ApiKey>>;

    /// How many the principal has of this kind that count at `now`.
    async fn count_keys(&self, owner: PrincipalId, kind: TokenKind, now: Timestamp) -> Result<u64>;

    /// Lets who shows the token end it.
    async fn let_end_itself(&self, id: CredentialId) -> Result<()>;

    /// Writes title, description, rights, state and version.
    async fn update_key(&self, key: &ApiKey) -> Result<()>;

    /// Ends the credentials that were given for this one: they had the rights of before.
    async fn revoke_given_for(&self, id: CredentialId, now: Timestamp) -> Result<()>;

    /// Writes another secret, its first characters, since when the key has it, and the version. The secret of before becomes that of `before`; without
    /// one, the credentials that were given for the key end.
    async fn replace_secret(
        &self,
        key: &Credential,
        hash: &[u8; 32],
        before: Option<&Credential>,
        now: Timestamp,
    ) -> Result<()>;
}
