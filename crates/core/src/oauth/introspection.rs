//! Use cases of a client about tokens of its own: what one is good for (RFC 7662), and ending one (RFC 7009).

use std::sync::Arc;

use super::authorization::end;
use super::{Authorization, GrantType, ProvenClient, Refusal, Scopes, refused, tokens};
use crate::Core;
use crate::audit::Target;
use crate::clock::Timestamp;
use crate::credential::{Found, Issued, OnGrounds, Secret, TokenKind, caller_of};
use crate::error::{Error, Result};
use crate::ids::{CredentialId, OrganizationId};
use crate::principal::Principal;
use crate::store::Session;

/// What a token is good for.
#[derive(Clone, Debug)]
pub struct Introspection {
    /// The token, and whose it is.
    pub found: Arc<Found>,
    /// What was allowed; none for a service account's token.
    pub authorization: Option<Authorization>,
    /// What the token is good for: what was allowed, less what the client did not ask for.
    pub scopes: Scopes,
}

impl Core {
    /// A token of the service account behind the client.
    ///
    /// # Errors
    /// [`Refusal::UnauthorizedClient`] for every other client.
    pub async fn client_credentials(&self, client: &ProvenClient, scopes: Scopes) -> Result<Issued> {
        client.client.require_grant(GrantType::ClientCredentials)?;
        if scopes.is_empty() || !client.client.scopes.contains(scopes) {
            let message = format!("scope: expected some of {}", client.client.scopes);
            return Err(refused(Refusal::InvalidScope, message));
        }
        client.require_resource(None)?;
        let Some((found, secret)) = &client.account else {
            return Err(refused(Refusal::UnauthorizedClient, "the client has no service account"));
        };
        let mut caller = caller_of(found, self.clock().now())?;
        caller.request_id.clone_from(&client.request_id);
        caller.narrowing = caller.narrowing.within(scopes.access().permissions());
        // Whichever of its secrets it showed, what it gets ends with the client.
        let id = CredentialId::parse(&client.client.id).ok_or_else(Error::bad_credential)?;
        self.issue_access(&caller, OnGrounds::Client(id, *secret)).await
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
                    let scopes = match allowed {
                        Some((authorization, _)) => scopes_of(session, &found, authorization.scopes).await?,
                        None => Scopes::NONE,
                    };
                    Ok((found.principal.clone(), scopes))
                })
            })
            .await
    }

    /// Removes a batch of codes, tokens, sessions and authorizations that expired a day ago or earlier, and answers how many
    /// there were. A refresh token that was exchanged is kept until its own end, so that its reuse is noticed.
    pub async fn forget_credentials(&self) -> Result<u64> {
        const KEPT_SECONDS: i64 = 24 * 60 * 60;
        const BATCH: u32 = 500;
        self.store()
            .write(self.clock().now().plus_seconds(-KEPT_SECONDS), |session, before| {
                Box::pin(async move {
                    let codes = session.forget_codes(*before, BATCH).await?;
                    Ok(codes + session.forget_expired_credentials(*before, BATCH).await?)
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
        require_confidential(client)?;
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

    /// What the client was allowed for which a signed token was given, and by whom; `None` for what another client was allowed, or
    /// when it has ended.
    ///
    /// # Errors
    /// [`Refusal::InvalidClient`] for a client without a secret.
    pub async fn introspect_signed(
        &self,
        client: &ProvenClient,
        authorization: CredentialId,
    ) -> Result<Option<(Authorization, Principal)>> {
        require_confidential(client)?;
        self.store()
            .point((client.clone(), authorization, self.clock().now()), |session, (client, id, now)| {
                Box::pin(own_authorization(session, client, *id, *now))
            })
            .await
    }

    /// Ends what the client was allowed for which a signed token was given, since the token cannot be ended: whoever it is for
    /// asks nobody. What another client was allowed, or has ended, is left alone.
    pub async fn revoke_signed(&self, client: &ProvenClient, authorization: CredentialId) -> Result<()> {
        self.store()
            .write((client.clone(), authorization, self.between()), |session, (client, id, between)| {
                Box::pin(async move {
                    let own = own_authorization(session, client, *id, between.now).await?;
                    let Some((authorization, person)) = own else { return Ok(()) };
                    let caller = tokens::caller_of(&authorization, &person, client.request_id.clone());
                    end(session, &between.act(caller), "authorization.end").await
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
                    let Some(told) = own_token(session, client, hash, between.now).await? else {
                        return Ok(());
                    };
                    let found = &told.found;
                    // A refresh token that was exchanged already stands for what came of it all the same.
                    let (ended, mut caller) = match (&told.authorization, found.credential.kind) {
                        (Some(authorization), TokenKind::Refresh) => {
                            let caller = tokens::caller_of(authorization, &found.principal, None);
                            (authorization.id(), caller)
                        }
                        _ => match caller_of(found, between.now) {
                            Ok(caller) => (found.credential.id, caller),
                            Err(_) => return Ok(()),
                        },
                    };
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

fn require_confidential(client: &ProvenClient) -> Result<()> {
    if client.client.is_confidential() {
        return Ok(());
    }
    Err(refused(Refusal::InvalidClient, "expected a client with a secret"))
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
    if client.account.is_some() {
        if CredentialId::parse(&client.client.id) != Some(parent) {
            return Ok(None);
        }
        let reading = found.credential.access.permissions() == Scopes::API_READ.access().permissions();
        let scopes = if reading { Scopes::API_READ } else { Scopes::API };
        return Ok(Some(Introspection { found, authorization: None, scopes }));
    }
    let Some((authorization, _)) = own_authorization(session, client, parent, now).await? else {
        return Ok(None);
    };
    let scopes = scopes_of(session, &found, authorization.scopes).await?;
    Ok(Some(Introspection { found, authorization: Some(authorization), scopes }))
}

/// What the client was allowed, and by whom, if it has not ended.
async fn own_authorization(
    session: &dyn Session,
    client: &ProvenClient,
    id: CredentialId,
    now: Timestamp,
) -> Result<Option<(Authorization, Principal)>> {
    let found = session.find_authorization(id, now).await?;
    Ok(found.filter(|(authorization, _)| authorization.client == client.client.id))
}

/// What a token is good for that was given for an authorization of these scopes.
async fn scopes_of(session: &dyn Session, found: &Found, allowed: Scopes) -> Result<Scopes> {
    Ok(session.token_scopes(found.credential.id).await?.unwrap_or(allowed))
}
