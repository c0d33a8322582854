//! Refresh tokens: each is exchanged once (RFC 9700, section 4.14.2).
//!
//! A client whose answer was lost shows the same token again. Within [`GRACE_SECONDS`] it gets another pair; later, whoever
//! shows it, or did before, has stolen it, and everything that came of the same consent ends.

use super::authorization::{Shown, end, record};
use super::tokens::{self, Minted};
use super::{GrantType, ProvenClient, Refusal, Scopes, Tokens, refused};
use crate::Core;
use crate::audit::Between;
use crate::credential::{Secret, TokenKind};
use crate::error::{Error, Result};
use crate::store::Session;

/// How long after its exchange a refresh token may be shown again, in seconds.
pub(super) const GRACE_SECONDS: i64 = 10;

impl Core {
    /// Exchanges a refresh token. The access token may be asked to be good for less than what was allowed.
    ///
    /// # Errors
    /// [`Refusal::InvalidGrant`], whatever is wrong with the token; [`Refusal::InvalidScope`] for more than was allowed,
    /// [`Refusal::InvalidTarget`] for another resource; these two leave it as it is.
    pub async fn refresh(
        &self,
        client: &ProvenClient,
        token: &str,
        scopes: Option<Scopes>,
    ) -> Result<Tokens> {
        client.client.require_grant(GrantType::RefreshToken)?;
        let token = Secret::parse(token).filter(|token| token.kind() == TokenKind::Refresh);
        let hash = token.ok_or_else(bad_token)?.hash();
        let data = (client.clone(), hash, scopes, self.mint(), self.between());
        let shown = self
            .store()
            .write(data, |session, (client, hash, scopes, minted, between)| {
                Box::pin(exchange(session, client, (hash, *scopes), minted, between))
            })
            .await?;
        match shown {
            Shown::Good(tokens) => Ok(*tokens),
            Shown::Reused => Err(bad_token()),
        }
    }
}

async fn exchange(
    session: &dyn Session,
    client: &ProvenClient,
    (hash, wanted): (&[u8; 32], Option<Scopes>),
    minted: &Minted,
    between: &Between,
) -> Result<Shown> {
    let now = between.now;
    let found = session.find_credential(hash).await?.ok_or_else(bad_token)?;
    let parent = found.credential.parent.ok_or_else(bad_token)?;
    // Of several exchanges of one family, each waits here for the one before, and then reads what that has done.
    let alive = session.hold_credential(parent, now).await?;
    let (Some(found), Some((authorization, person))) =
        (session.find_credential(hash).await?, session.find_authorization(parent, now).await?)
    else {
        return Err(bad_token().by(found.principal.id));
    };
    let expired = found.credential.expires_at.is_some_and(|at| at <= now);
    if !alive || expired || authorization.client != client.client.id {
        return Err(bad_token().by(person.id));
    }
    let act = between.act(tokens::caller_of(&authorization, &person, client.request_id.clone()));
    if found.revoked_at.is_some_and(|at| at.plus_seconds(GRACE_SECONDS) <= now) {
        end(session, &act, "authorization.reused_refresh_token").await?;
        return Ok(Shown::Reused);
    }
    let scopes = wanted.unwrap_or(authorization.scopes);
    if !authorization.scopes.contains(scopes) {
        return Err(refused(Refusal::InvalidScope, "scope: expected no more than was allowed"));
    }
    client.require_resource(authorization.audience.as_deref())?;
    session.rotate_refresh_token(found.credential.id, now).await?;
    let tokens = tokens::give(session, &act, (authorization, person), (scopes, None), minted).await?;
    record(session, &act, "authorization.refresh", act.caller.credential).await?;
    Ok(Shown::Good(Box::new(tokens)))
}

fn bad_token() -> Error {
    refused(Refusal::InvalidGrant, "the refresh token is not valid for this client, or was used before")
}
