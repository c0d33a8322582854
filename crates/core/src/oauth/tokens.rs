//! What an authorization is good for: an access token, and a refresh token where the person allowed one.

use super::{Authorization, Scopes};
use crate::Core;
use crate::audit::Act;
use crate::caller::{Caller, Narrowing};
use crate::clock::Timestamp;
use crate::credential::{self, Access, Issued, Secret, TokenKind};
use crate::error::Result;
use crate::ids::CredentialId;
use crate::principal::Principal;
use crate::store::Session;

/// An access token just given.
#[derive(Clone, Debug)]
pub enum AccessToken {
    /// For this server.
    Opaque(Box<Issued>),
    /// For another resource, which verifies it by itself: what is to be signed.
    Signed {
        /// Its id.
        id: CredentialId,
        /// From when on it does not count.
        expires_at: Timestamp,
    },
}

/// What a client is answered.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// What was allowed.
    pub authorization: Authorization,
    /// The person.
    pub person: Principal,
    /// What the access token is good for.
    pub scopes: Scopes,
    /// The access token.
    pub access: AccessToken,
    /// The refresh token, if `offline_access` was allowed.
    pub refresh: Option<Secret>,
    /// What the client wants to find in the ID token.
    pub nonce: Option<String>,
    /// When they were given.
    pub issued_at: Timestamp,
    /// Seconds for which the access token counts.
    pub expires_in: i64,
}

/// Secrets and lifetimes of tokens, made before the transaction that gives them.
pub(crate) struct Minted {
    access: Secret,
    refresh: Secret,
    access_seconds: i64,
    refresh_seconds: i64,
    authorization_seconds: i64,
}

impl Core {
    pub(crate) fn mint(&self) -> Minted {
        let settings = self.settings();
        Minted {
            access: Secret::random(TokenKind::Access, self.entropy()),
            refresh: Secret::random(TokenKind::Refresh, self.entropy()),
            access_seconds: settings.access_token_seconds,
            refresh_seconds: settings.refresh_token_seconds,
            authorization_seconds: settings.authorization_seconds,
        }
    }
}

impl Minted {
    /// Has the access token live as long as what it is given for.
    pub(crate) const fn live_with_authorization(&mut self) {
        self.access_seconds = self.authorization_seconds;
    }
}

/// Who acts when a client uses what it was allowed.
pub(crate) fn caller_of(
    authorization: &Authorization,
    person: &Principal,
    request_id: Option<String>,
) -> Caller {
    Caller {
        principal: person.id,
        is_service_account: person.is_service_account(),
        credential: authorization.id(),
        narrowing: authorization.credential.narrowing(),
        auth_version: person.auth_version,
        request_id,
        source: None,
    }
}

/// Gives tokens for an authorization that this transaction holds.
pub(crate) async fn give(
    session: &dyn Session,
    act: &Act,
    (authorization, person): (Authorization, Principal),
    (scopes, nonce): (Scopes, Option<String>),
    minted: &Minted,
) -> Result<Tokens> {
    let id = authorization.id();
    let Narrowing { permissions, organization, workspaces } =
        authorization.credential.narrowing().within(scopes.access().permissions());
    let access = permissions.map_or(Access::Everything, Access::Only);
    let rights = (organization, access, workspaces);
    let end = authorization.credential.created_at.plus_seconds(minted.authorization_seconds);
    let end = authorization.ends_at.map_or(end, |at| at.min(end));
    let access_until = act.now.plus_seconds(minted.access_seconds).min(end);
    let holder = (person.id, rights);
    let access = if authorization.audience.is_some() {
        AccessToken::Signed { id: CredentialId::generate(&*act.ids), expires_at: access_until }
    } else {
        let lifetime = (Some(access_until), Some(id));
        let issued =
            credential::issue(session, act, holder.clone(), "access token", &minted.access, lifetime);
        let issued = issued.await?;
        if scopes != authorization.scopes {
            session.insert_token_scopes(issued.credential.id, scopes).await?;
        }
        AccessToken::Opaque(Box::new(issued))
    };
    let mut until = access_until;
    let mut refresh = None;
    if authorization.scopes.contains(Scopes::OFFLINE_ACCESS) {
        let refresh_until = act.now.plus_seconds(minted.refresh_seconds).min(end);
        until = until.max(refresh_until);
        let lifetime = (Some(refresh_until), Some(id));
        credential::issue(session, act, holder, "refresh token", &minted.refresh, lifetime).await?;
        refresh = Some(minted.refresh.clone());
    }
    session.extend_authorization(id, until).await?;
    let expires_in = (access_until.as_micros() - act.now.as_micros()) / 1_000_000;
    Ok(Tokens { authorization, person, scopes, access, refresh, nonce, issued_at: act.now, expires_in })
}
