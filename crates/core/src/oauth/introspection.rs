//! Use cases of a client about tokens of its own: what one is good for (RFC 7662), and ending one (RFC 7009).

use std::sync::Arc;

use super::{Authorization, GrantType, ProvenClient, Refusal, Scopes, refused};
use crate::Core;
use crate::audit::Target;
use crate::caller::Narrowing;
use crate::clock::Timestamp;
use crate::credential::{Found, Issued, Secret, TokenKind, caller_of};
use crate::error::{Error, Result};
use crate::ids::OrganizationId;
use crate::permission::PermissionSet;
use crate::principal::Principal;
use crate::store::Session;

/// What a token is good for.
#[derive(Clone, Debug)]
pub struct Introspection {
    /// The token, and whose it is.
    pub found: Arc<Found>,
    /// What was allowed; none for a service account's token.
    pub authorization: Option<Authorization>,
    /// What it was given for leaves of its principal's permissions.
    whole: Option<PermissionSet>,
}

impl Introspection {
    /// What the token is good for, in the words of scopes: what was allowed, less what the client did not ask for.
    pub fn scopes(&self) -> Scopes {
        let api = Scopes::API.union(Scopes::API_READ);
        let held = self.authorization.as_ref().map_or(api, |authorization| authorization.scopes);
        let left = self.found.credential.narrowing().permissions;
        let reading = Narrowing { permissions: self.whole, ..Narrowing::default() };
        if left == self.whole {
            held
        } else if left == reading.within(Scopes::API_READ.access().permissions()).permissions {
            held.without(Scopes::API)
        } else {
            held.without(api)
        }
    }
}

impl Core {
    /// A token of the service account behind the client.
    ///
    /// # Errors
    /// [`Refusal::UnauthorizedClient`] for every other client.
    pub async fn client_credentials(&self, client: &ProvenClient, scopes: Scopes) -> Result<Issued> {
        client.client.require_grant(GrantType::ClientCredentials)?;
        let Some(found) = &client.account else {
            return Err(refused(Refusal::UnauthorizedClient, "the client has no service account"));
        };
        let mut caller = caller_of(found, self.clock().now())?;
        caller.request_id.clone_from(&client.request_id);
        caller.narrowing = caller.narrowing.within(scopes.access().permissions());
        self.issue_access(&caller, Some(found.credential.id)).await
    }

    /// The person behind an access token, and what it is good for: for what only tells who somebody is. Tokens that no
    /// client was given have no scopes.
    pub async fn identify(&self, token: &str) -> Result<(Principal, Scopes)> {
        let secret = Secret::parse(token).filter(|secret| secret.kind().is_bearer());
        let hash = secret.ok_or_else(Error::bad_credential)?.hash();
        self.store()
            .point((hash, self.clock().now()), |session, (hash, now)| {
                Box::pin(async move {
                    let found = session.find_credential(hash).await?.ok_or_else(Error::bad_credential)?;
                    caller_of(&found, *now)?;
                    let allowed = match found.credential.parent {
                        Some(parent) => session.find_authorization(parent, *now).await?,
                        None => None,
                    };
                    let scopes = allowed.map_or(Scopes::NONE, |(authorization, _)| authorization.scopes);
                    Ok((found.principal.clone(), scopes))
                })
            })
            .await
    }

    /// What a token is good for, told to the client that it was given to; `None` for every other token, or when it does
    /// not count.
    ///
    /// # Errors
    /// [`Refusal::InvalidClient`] for a client without a secret.
    pub async fn introspect(&self, client: &ProvenClient, token: &str) -> Result<Option<Introspection>> {
        if !client.client.is_confidential() {
            return Err(refused(Refusal::InvalidClient, "expected a client with a secret"));
        }
        let Some(hash) = hash_of(token) else { return Ok(None) };
        self.store()
            .point((client.clone(), hash, self.clock().now()), |session, (client, hash, now)| {
                Box::pin(async move {
                    let own = own_token(session, client, hash, *now).await?;
                    Ok(own.filter(|token| token.found.counts(*now)))
                })
            })
            .await
    }

    /// Ends a token of the client's own. With a refresh token, everything that came of the same consent ends. A token that
    /// is unknown, or another client's, is left alone.
    pub async fn revoke_token(&self, client: &ProvenClient, token: &str) -> Result<()> {
        let Some(hash) = hash_of(token) else { return Ok(()) };
        self.store()
            .write((client.clone(), hash, self.between()), |session, (client, hash, between)| {
                Box::pin(async move {
                    let Some(Introspection { found, .. }) =
                        own_token(session, client, hash, between.now).await?
                    else {
                        return Ok(());
                    };
                    let ended = match (found.credential.kind, found.credential.parent) {
                        (TokenKind::Refresh, Some(authorization)) => authorization,
                        _ => found.credential.id,
                    };
                    let Ok(mut caller) = caller_of(&found, between.now) else { return Ok(()) };
                    caller.request_id.clone_from(&client.request_id);
                    let act = between.act(caller);
                    session.revoke_credential(found.principal.id, ended, act.now).await?;
                    let targets = vec![Target::new("credential", ended.as_uuid())];
                    act.record(session, OrganizationId::SERVER, "credential.revoke", targets).await
                })
            })
            .await
    }
}

fn hash_of(token: &str) -> Option<[u8; 32]> {
    let secret = Secret::parse(token)?;
    matches!(secret.kind(), TokenKind::Access | TokenKind::Refresh).then(|| secret.hash())
}

/// The token, if it was given to this client and what it was given for has not ended.
async fn own_token(
    session: &dyn Session,
    client: &ProvenClient,
    hash: &[u8; 32],
    now: Timestamp,
) -> Result<Option<Introspection>> {
    let Some(found) = session.find_credential(hash).await? else { return Ok(None) };
    let Some(parent) = found.credential.parent else { return Ok(None) };
    if let Some(account) = &client.account {
        let own = account.credential.id == parent;
        let whole = account.credential.narrowing().permissions;
        return Ok(own.then_some(Introspection { found, authorization: None, whole }));
    }
    let authorization =
        session.find_authorization(parent, now).await?.map(|(authorization, _)| authorization);
    let own = authorization.filter(|authorization| authorization.client == client.client.id);
    Ok(own.map(|authorization| {
        let whole = authorization.credential.narrowing().permissions;
        Introspection { found, authorization: Some(authorization), whole }
    }))
}
