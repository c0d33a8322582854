//! Use cases of credentials: finding out who asks, and the two sign-ins that answer with an access token.

use std::net::IpAddr;

use super::{
    Access, Found, Issued, PASSWORD_EXPIRED, PASSWORD_MAX, Secret, TokenKind, Verdict, hold_shown, issue,
    require_good, require_whole_person,
};
use crate::Core;
use crate::audit::Target;
use crate::authz::{self, OrganizationRef};
use crate::caller::{Caller, Narrowing};
use crate::clock::Timestamp;
use crate::error::{Error, Kind, Result};
use crate::ids::{CredentialId, OrganizationId, PrincipalId};
use crate::issuer;
use crate::permission::PermissionSet;
use crate::principal::{Principal, own};
use crate::store::Session;
use crate::text;
use crate::throttle::{Attempts, Purpose};
use crate::uses::Shower;

impl Core {
    /// Who shows this secret. Unknown, expired, revoked and suspended all answer alike.
    pub async fn authenticate(&self, text: &str) -> Result<Caller> {
        self.authenticate_from(text, Shower::default()).await
    }

    /// The same, which remembers who it was that showed it.
    pub async fn authenticate_from(&self, text: &str, by: Shower<'_>) -> Result<Caller> {
        if issuer::is_signed(text) {
            return self.authenticate_signed(text, by).await;
        }
        let hash = hash_of_bearer(text)?;
        let found = self.store().point(hash, |session, hash| Box::pin(session.find_credential(hash))).await?;
        self.admit(found.as_deref(), Some(by))
    }

    /// The same with the version of an organization at that instant, in one read: whatever was answered to this caller
    /// under the same version and the same [`Caller::auth_version`] may be answered again.
    pub async fn authenticate_at(
        &self,
        text: &str,
        organization: OrganizationId,
        by: Shower<'_>,
    ) -> Result<(Caller, i64)> {
        if issuer::is_signed(text) {
            let at = OrganizationRef::Id(organization);
            let located =
                self.store().point(at, |session, at| Box::pin(session.locate_organization(at))).await?;
            let version = located.map_or(0, |located| located.version);
            return Ok((self.authenticate_signed(text, by).await?, version));
        }
        let asked = (hash_of_bearer(text)?, organization);
        let found = self
            .store()
            .point(asked, |session, (hash, organization)| {
                Box::pin(session.find_credential_at(hash, *organization))
            })
            .await?;
        let (found, version) = found.unzip();
        Ok((self.admit(found.as_deref(), Some(by))?, version.unwrap_or_default()))
    }

    /// Signs a service account in by its OAuth client: answers a short-lived access token, which ends with the client.
    pub async fn sign_in_client(
        &self,
        client_id: &str,
        client_secret: &str,
        by: Shower<'_>,
    ) -> Result<Issued> {
        let attempts = Attempts::new(Purpose::SignIn, client_id, by.source);
        self.throttled(&attempts, self.issue_to_client(client_id, client_secret, by)).await
    }

    async fn issue_to_client(&self, client_id: &str, client_secret: &str, by: Shower<'_>) -> Result<Issued> {
        let client_id = CredentialId::parse(client_id).ok_or_else(failed_sign_in)?;
        let secret = Secret::parse(client_secret).filter(|secret| secret.kind() == TokenKind::ClientSecret);
        let secret = secret.ok_or_else(failed_sign_in)?;
        let found = self
            .store()
            .point(secret.hash(), |session, hash| Box::pin(session.find_credential(hash)))
            .await?
            .ok_or_else(failed_sign_in)?;
        if !found.is_of_client(client_id) {
            return Err(failed_sign_in().by(found.principal.id));
        }
        let now = self.clock().now();
        let caller = caller_of(&found, now).map_err(Error::at_sign_in)?;
        self.uses().note(found.credential.id, now, by);
        self.issue_access(&caller, OnGrounds::Client(client_id, secret.hash())).await
    }

    /// Exchanges a token or key for a short-lived access token of the same principal, which ends with it. An access token cannot be exchanged:
    /// it would live for ever.
    pub async fn exchange_bearer(&self, text: &str, by: Shower<'_>) -> Result<Issued> {
        let attempts = Attempts::of_source(Purpose::SignIn, by.source);
        self.throttled(&attempts, self.issue_to_bearer(text, by)).await
    }

    async fn issue_to_bearer(&self, text: &str, by: Shower<'_>) -> Result<Issued> {
        if Secret::parse(text).is_some_and(|secret| secret.kind() == TokenKind::Access) {
            return Err(failed_sign_in());
        }
        self.derive(text, (None, None), Some(by)).await.map_err(Error::at_sign_in)
    }

    /// Signs a user in by e-mail address or sign-in name and password: answers a short-lived access token.
    ///
    /// # Errors
    /// `Kind::Unauthenticated`, whatever of it is wrong, and with the reason [`PASSWORD_EXPIRED`] where another password
    /// has to be chosen first; `Kind::RateLimited` after several failures from the same source.
    pub async fn sign_in_user(&self, login: &str, password: &str, source: Option<IpAddr>) -> Result<Issued> {
        let proved = self.admit_by_password(login, password, source).await?;
        self.issue_access(&self.caller_of_user(&proved.user), OnGrounds::Password(proved.hash)).await
    }

    /// The user whose password this is, unless somebody else has chosen it.
    pub(crate) async fn admit_by_password(
        &self,
        login: &str,
        password: &str,
        source: Option<IpAddr>,
    ) -> Result<Proved> {
        let proved = self.prove_user(login, password, source).await?;
        let own = self.find_own_account(&self.caller_of_user(&proved.user)).await?;
        if own.is_some_and(|own| own.password_expired) {
            let message =
                "this password was chosen by somebody else: choose another one on the sign-in page first";
            let refused = Error::new(Kind::Unauthenticated, PASSWORD_EXPIRED, message);
            return Err(refused.at_sign_in().by(proved.user.id));
        }
        Ok(proved)
    }

    /// The user of this e-mail address or sign-in name, whose password this is: the same work and the same refusal whether
    /// or not there is one.
    pub(crate) async fn prove_user(
        &self,
        login: &str,
        password: &str,
        source: Option<IpAddr>,
    ) -> Result<Proved> {
        let login = text::login(login);
        let attempts = Attempts::new(Purpose::SignIn, &login, source);
        self.throttled(&attempts, self.prove_password(login.clone(), password)).await
    }

    async fn prove_password(&self, login: String, password: &str) -> Result<Proved> {
        let named = login.clone();
        let found = self.store().point(named, |session, login| Box::pin(session.find_sign_in(login))).await?;
        let hash = found.as_ref().and_then(|(_, hash)| hash.as_deref());
        let verdict = match password.len() {
            0..=PASSWORD_MAX => self.passwords().verify(password, hash).await?,
            _ => Verdict::Wrong,
        };
        let (user, hash) = match found {
            Some((user, Some(hash))) if verdict != Verdict::Wrong && user.is_active_user() => (user, hash),
            Some((user, _)) => return Err(failed_sign_in().by(user.id)),
            None => return Err(failed_sign_in()),
        };
        match verdict {
            Verdict::Outdated => match self.renew_hash(user.id, &hash, password).await {
                Ok(Some(hash)) => Ok(Proved { user, hash }),
                // Somebody was faster: with the same password hashed anew, or with another one.
                Ok(None) => Box::pin(self.prove_password(login, password)).await,
                // Who knows the password gets in whether or not there is time to hash it anew.
                Err(_) => Ok(Proved { user, hash }),
            },
            Verdict::Right | Verdict::Wrong => Ok(Proved { user, hash }),
        }
    }

    /// Refuses whoever has nothing of its own: service accounts, and credentials narrower than their owner.
    pub fn check_whole_person(&self, caller: &Caller) -> Result<()> {
        require_whole_person(caller)
    }

    /// A user who acts without having shown a credential: the id of one is made up for the audit trail.
    pub(crate) fn caller_of_user(&self, user: &Principal) -> Caller {
        Caller {
            principal: user.id,
            is_service_account: false,
            credential: CredentialId::generate(&*self.ids),
            narrowing: Narrowing::default(),
            auth_version: user.auth_version,
            request_id: None,
            source: None,
        }
    }

    /// The hash of a password that is to be kept, for somebody with these names; `field` is where it came from.
    pub(crate) async fn hash_password(
        &self,
        field: &'static str,
        password: &str,
        own: &[&str],
    ) -> Result<String> {
        require_good(field, password, own)?;
        self.passwords().hash(password).await
    }

    /// Keeps a password by a hash of today's parameters: answers it, unless another one took the place of `before`.
    async fn renew_hash(&self, user: PrincipalId, before: &str, password: &str) -> Result<Option<String>> {
        let after = self.passwords().hash(password).await?;
        self.store()
            .write((user, before.to_owned(), after), |session, (user, before, after)| {
                Box::pin(async move {
                    let renewed = session.renew_password_hash(*user, before, after).await?;
                    Ok(renewed.then(|| after.clone()))
                })
            })
            .await
    }

    /// Ends a credential of the caller's own.
    pub async fn revoke_own_credential(&self, caller: &Caller, id: CredentialId) -> Result<()> {
        self.store()
            .write((self.act(caller), id), |session, (act, id)| {
                Box::pin(async move {
                    if !session.revoke_credential(act.caller.principal, *id, act.now).await? {
                        return Err(Error::not_found("credential"));
                    }
                    let targets = vec![Target::new("credential", id.as_uuid())];
                    act.record(session, OrganizationId::SERVER, "credential.revoke", targets).await
                })
            })
            .await
    }

    /// Writes down which credentials were used since the last time, and by whom.
    pub async fn flush_uses(&self) -> Result<()> {
        let uses = self.uses().take();
        if uses.is_empty() {
            return Ok(());
        }
        self.store().write(uses, |session, uses| Box::pin(session.note_uses(uses))).await
    }

    /// Who shows this credential. Its use is noted unless whoever asks has noted it already.
    pub(super) fn admit(&self, found: Option<&Found>, by: Option<Shower<'_>>) -> Result<Caller> {
        let found = found.ok_or_else(Error::bad_credential)?;
        let now = self.clock().now();
        let caller = caller_of(found, now)?;
        if found.credential.kind == TokenKind::Access
            && caller.narrowing.permissions == Some(PermissionSet::NONE)
        {
            // RFC 6750, section 3.1: insufficient_scope.
            let message = "the token was given to know who somebody is, and is good for nothing else";
            return Err(Error::new(Kind::Forbidden, "credential.no_access", message).by(found.principal.id));
        }
        if let Some(by) = by {
            self.uses().note(found.credential.id, now, by);
        }
        Ok(caller)
    }

    /// Issues an access token. One that is given for a client ends with it.
    pub(crate) async fn issue_access(&self, caller: &Caller, grounds: OnGrounds) -> Result<Issued> {
        let secret = Secret::random(TokenKind::Access, self.entropy());
        let act = self.act(caller);
        let expires_at = act.now.plus_seconds(self.settings().access_token_seconds);
        let data = (act, secret, expires_at, grounds);
        self.store()
            .write(data, |session, (act, secret, expires_at, grounds)| {
                Box::pin(async move {
                    let parent = match grounds {
                        OnGrounds::Password(hash) => {
                            hold_password(session, &act.caller, hash).await?;
                            None
                        }
                        OnGrounds::Client(client, secret) => {
                            hold_shown(session, (*client, secret), act).await.map_err(Error::at_sign_in)?;
                            Some(*client)
                        }
                    };
                    // As narrow as what it is given for.
                    let Narrowing { permissions, organization, workspaces } = act.caller.narrowing.clone();
                    let access = permissions.map_or(Access::Everything, Access::Only);
                    let holder = (act.caller.principal, (organization, access, workspaces));
                    let lifetime = (Some(*expires_at), parent);
                    let issued = issue(session, act, holder, "access token", secret, lifetime).await?;
                    let targets = vec![Target::new("credential", issued.credential.id.as_uuid())];
                    act.record(session, OrganizationId::SERVER, "credential.issue", targets).await?;
                    Ok(issued)
                })
            })
            .await
    }
}

/// A user whose password was shown, and the hash that it fitted.
pub(crate) struct Proved {
    pub(crate) user: Principal,
    pub(crate) hash: String,
}

/// What an access token is given for.
pub(crate) enum OnGrounds {
    /// A password, by the hash that it fitted.
    Password(String),
    /// The client of a service account, by the hash of the secret that it showed.
    Client(CredentialId, [u8; 32]),
}

/// Refuses where the password whose hash was proved is another one by now, and keeps it as it is until the transaction
/// ends: verifying takes long, and whoever changes a password ends the sign-ins that are there.
pub(crate) async fn hold_password(session: &dyn Session, caller: &Caller, hash: &str) -> Result<()> {
    session.hold_owner(caller.principal).await?;
    let scope = authz::server(session, caller).await.map_err(Error::at_sign_in)?;
    if own::has_still(session, &scope, caller.principal, hash).await? {
        return Ok(());
    }
    Err(failed_sign_in().by(caller.principal))
}

pub(super) fn hash_of_bearer(text: &str) -> Result<[u8; 32]> {
    let secret = Secret::parse(text).filter(|secret| secret.kind().is_bearer());
    secret.map(|secret| secret.hash()).ok_or_else(Error::bad_credential)
}

fn failed_sign_in() -> Error {
    Error::bad_credential().at_sign_in()
}

pub(crate) fn caller_of(found: &Found, now: Timestamp) -> Result<Caller> {
    if !found.counts(now) {
        return Err(Error::bad_credential().by(found.principal.id));
    }
    Ok(Caller {
        principal: found.principal.id,
        is_service_account: found.principal.is_service_account(),
        credential: found.credential.id,
        narrowing: found.credential.narrowing(),
        auth_version: found.principal.auth_version,
        request_id: None,
        source: None,
    })
}
