//! Credentials: what proves who asks. Random, prefixed, checksummed; only the SHA-256 is kept.

mod api_key;
mod derive;
mod for_others;
mod password;
mod personal;
mod rotation;
mod service;
mod store;
mod token;

use crate::audit::Act;
use crate::authz::{OrganizationScope, Writable};
use crate::caller::{Caller, Narrowing};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{CredentialId, OrganizationId, PrincipalId, WorkspaceId};
use crate::permission::PermissionSet;
use crate::principal::Principal;
use crate::store::Session;

pub(crate) use api_key::checked_description;
pub use api_key::{
    API_KEY_DAYS, API_KEY_TITLE_MAX, API_KEY_WORKSPACES_MAX, API_KEYS_MAX, ApiKey, ApiKeyChange, ApiKeyField,
    NewApiKey,
};
pub(crate) use password::require_good;
pub use password::{PASSWORD_EXPIRED, PASSWORD_MAX, PASSWORD_MIN, PASSWORDS_BUSY, Passwords, Verdict};
pub use personal::{NewToken, TOKENS_MAX};
pub(crate) use rotation::rotate;
pub use rotation::{OVERLAP_SECONDS_MAX, Rotation};
pub(crate) use service::{OnGrounds, Proved, caller_of, hold_password};
pub use store::{CredentialStore, Found, KeyStore};
pub use token::{KEY, Secret, TokenKind};

/// What a credential leaves of its principal's permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// All of them.
    #[default]
    Everything,
    /// Those that change nothing.
    Reading,
    /// Only these.
    Only(PermissionSet),
}

impl Access {
    /// Its word in the database.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Everything => "everything",
            Self::Reading => "reading",
            Self::Only(_) => "only",
        }
    }

    /// The permissions that it leaves; `None` leaves all.
    pub fn permissions(self) -> Option<PermissionSet> {
        match self {
            Self::Everything => None,
            Self::Reading => Some(PermissionSet::reading()),
            Self::Only(permissions) => Some(permissions),
        }
    }
}

/// A credential as it is kept: everything but the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Its id.
    pub id: CredentialId,
    /// What kind of secret it is.
    pub kind: TokenKind,
    /// Whose it is.
    pub principal: PrincipalId,
    /// The only organization where it counts; none leaves all.
    pub organization: Option<OrganizationId>,
    /// What its owner calls it.
    pub title: String,
    /// The first four characters of the random part, to tell it from others in a list ([`Secret::first_characters`]).
    pub first_characters: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it does not count; none is never.
    pub expires_at: Option<Timestamp>,
    /// The credential that it was given for, and with which it ends.
    pub parent: Option<CredentialId>,
    /// What it leaves of its principal's permissions.
    pub access: Access,
    /// The only workspaces where it counts; none leaves all.
    pub workspaces: Option<Vec<WorkspaceId>>,
    /// Raised by every change; makes the `ETag`.
    pub version: i64,
}

impl Credential {
    /// What its secret begins with, for lists.
    pub fn beginning(&self) -> String {
        token::beginning(self)
    }

    /// What it leaves of its principal's rights.
    pub fn narrowing(&self) -> Narrowing {
        Narrowing {
            permissions: self.access.permissions(),
            organization: self.organization,
            workspaces: self.workspaces.clone(),
        }
    }
}

/// A credential just made, with the secret that is shown this once.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The credential.
    pub credential: Credential,
    /// Its secret.
    pub secret: Secret,
}

/// Refuses to show or change what is a person's own to anybody but the whole person: a service account has nothing of the
/// kind, and a credential that is narrower than its owner could make itself a wider one.
pub(crate) fn require_whole_person(caller: &Caller) -> Result<()> {
    if caller.is_service_account {
        return Err(Error::forbidden("this is for users, not for service accounts"));
    }
    if caller.narrowing != Narrowing::default() {
        return Err(Error::forbidden("this credential is limited and may not do this"));
    }
    Ok(())
}

/// How many seconds something is to live that may live `longest`, where that is bounded: unless said, as long as it may.
pub(crate) fn lifetime(wanted: Option<i64>, longest: Option<i64>) -> Result<Option<i64>> {
    let most = longest.unwrap_or(i64::MAX);
    if wanted.is_none_or(|seconds| (1..=most).contains(&seconds)) {
        return Ok(wanted.or(longest));
    }
    let expected = longest.map_or_else(
        || "expected a second at least".to_owned(),
        |longest| format!("expected a second at least and {longest} at most"),
    );
    Err(Error::invalid("ttl", "range", expected))
}

/// Issues a personal access token to a user in the transaction that makes or judges the user.
pub(crate) async fn issue_personal(
    session: &dyn Session,
    act: &Act,
    principal: PrincipalId,
    title: &str,
    (secret, seconds): (&Secret, i64),
) -> Result<Issued> {
    let lifetime = (Some(act.now.plus_seconds(seconds)), None);
    issue(session, act, (principal, (None, Access::Everything, None)), title, secret, lifetime).await
}

/// Issues an API key or an OAuth client to a service account of the scope's organization.
pub(crate) async fn issue_to_account(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<OrganizationScope>,
    account: &Principal,
    title: &str,
    (secret, seconds): (&Secret, Option<i64>),
) -> Result<Issued> {
    let narrowing = (Some(scope.organization()), Access::Everything, None);
    let lifetime = (seconds.map(|seconds| act.now.plus_seconds(seconds)), None);
    issue(session, act, (account.id, narrowing), title, secret, lifetime).await
}

/// Ends every credential of the organization's service accounts.
pub(crate) async fn revoke_service_accounts(
    session: &dyn Session,
    scope: &Writable<OrganizationScope>,
    now: Timestamp,
) -> Result<()> {
    session.revoke_credentials_of_organization(scope, now).await
}

/// Ends every session of the principal and every token that came from signing in, but for `keep` and what that was given
/// for. Keys and personal access tokens stay.
pub(crate) async fn end_others(
    session: &dyn Session,
    act: &Act,
    principal: PrincipalId,
    keep: Option<CredentialId>,
) -> Result<()> {
    session.revoke_sign_ins(principal, keep, act.now).await
}

/// Ends everything by which the principal could come in.
pub(crate) async fn end_all(session: &dyn Session, act: &Act, principal: PrincipalId) -> Result<()> {
    session.end_links(principal, None).await?;
    session.revoke_credentials_of(principal, act.now).await
}

/// What a client was allowed with whose token the caller makes a key or lets a device in, or the issuer's word by which the
/// caller came: what is made ends with it, so that who takes it back takes all of it back. The account, its basis and the
/// caller's credential stay as they are until the transaction ends, so nothing is made after they ended.
///
/// # Errors
/// [`Error::bad_credential`] where one of them has ended since it was shown.
pub(crate) async fn hold_basis(session: &dyn Session, act: &Act) -> Result<Option<CredentialId>> {
    let (caller, now) = (act.caller.credential, act.now);
    session.hold_owner(act.caller.principal).await?;
    let basis = match session.authorization_behind(caller).await? {
        None => session.identity_behind(caller).await?,
        authorization => authorization,
    };
    for held in basis.into_iter().chain([caller]) {
        if !session.hold_credential(held, now).await? {
            return Err(Error::bad_credential());
        }
    }
    Ok(basis)
}

/// Keeps a credential as it is until the transaction ends, for what is given for it.
///
/// # Errors
/// [`Error::bad_credential`] where it, or the secret with this hash that was shown for it, has ended since.
pub(crate) async fn hold_shown(
    session: &dyn Session,
    (held, shown): (CredentialId, &[u8; 32]),
    act: &Act,
) -> Result<()> {
    if session.hold_credential(held, act.now).await?
        && session.find_credential(shown).await?.is_some_and(|found| found.counts(act.now))
    {
        return Ok(());
    }
    Err(Error::bad_credential().by(act.caller.principal))
}

/// Where a new credential counts, and for what.
pub(crate) type Narrowed = (Option<OrganizationId>, Access, Option<Vec<WorkspaceId>>);

/// Issues a credential.
pub(crate) async fn issue(
    session: &dyn Session,
    act: &Act,
    holder: (PrincipalId, Narrowed),
    title: &str,
    secret: &Secret,
    lifetime: (Option<Timestamp>, Option<CredentialId>),
) -> Result<Issued> {
    issue_as(session, act, CredentialId::generate(&*act.ids), holder, (title, secret), lifetime).await
}

/// Issues a credential of this id, which must be free.
pub(crate) async fn issue_as(
    session: &dyn Session,
    act: &Act,
    id: CredentialId,
    (principal, (organization, access, workspaces)): (PrincipalId, Narrowed),
    (title, secret): (&str, &Secret),
    (expires_at, parent): (Option<Timestamp>, Option<CredentialId>),
) -> Result<Issued> {
    let credential = Credential {
        id,
        kind: secret.kind(),
        principal,
        organization,
        title: title.to_owned(),
        first_characters: secret.first_characters().to_owned(),
        created_at: act.now,
        expires_at,
        parent,
        access,
        workspaces,
        version: 1,
    };
    session.insert_credential(&credential, &secret.hash()).await?;
    Ok(Issued { credential, secret: secret.clone() })
}
