//! Use cases of the authorization code grant: a person allows, and the client spends the code.

use super::tokens::{self, Minted};
use super::{
    Authorization, Challenge, Client, Code, GrantType, ProvenClient, Refusal, Scopes, Spent, Tokens, refused,
};
use crate::Core;
use crate::audit::{Act, Between, Target};
use crate::browser::BrowserSession;
use crate::caller::Caller;
use crate::credential::{self, Access, Secret, TokenKind};
use crate::error::{Error, Result};
use crate::ids::{CredentialId, OrganizationId};
use crate::store::Session;

/// How long a code counts, in seconds (RFC 6749 and OAuth 2.1 recommend ten minutes at most).
const CODE_SECONDS: i64 = 60;

/// What a client asks a person for, checked.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest {
    /// The client, whose redirect address was compared.
    pub client: Client,
    /// Where the browser goes with the code.
    pub redirect_uri: String,
    /// What is asked for.
    pub scopes: Scopes,
    /// What the client will have to know.
    pub challenge: Challenge,
    /// What the client wants to find in the ID token.
    pub nonce: Option<String>,
    /// The resource that the tokens are for; none is this server.
    pub audience: Option<String>,
}

/// What a client shows to have tokens.
#[derive(Clone, Debug)]
pub struct Redemption {
    /// The code.
    pub code: String,
    /// The redirect address of the request.
    pub redirect_uri: String,
    /// What is behind the challenge.
    pub verifier: String,
}

/// What becomes of a code or a refresh token that is shown.
pub(super) enum Shown {
    /// Tokens.
    Good(Box<Tokens>),
    /// It was spent before: whoever shows it, or did, has stolen it. The authorization is ended, and that is to stay.
    Reused,
}

impl Core {
    /// What the person has allowed the client for this resource already, and has not ended, with a credential as narrow as the
    /// caller's: what was allowed in one organization says nothing of the rest of the account.
    pub async fn allowed_scopes(
        &self,
        caller: &Caller,
        (client, audience): (&str, Option<&str>),
    ) -> Result<Scopes> {
        let allowed = self.live_authorizations(caller, Some(client)).await?;
        let same = allowed.iter().filter(|one| {
            one.audience.as_deref() == audience && one.credential.narrowing() == caller.narrowing
        });
        Ok(same.fold(Scopes::NONE, |scopes, one| scopes.union(one.scopes)))
    }

    /// What the caller has allowed to clients, the newest first.
    pub async fn list_own_authorizations(&self, caller: &Caller) -> Result<Vec<Authorization>> {
        self.live_authorizations(caller, None).await
    }

    async fn live_authorizations(&self, caller: &Caller, client: Option<&str>) -> Result<Vec<Authorization>> {
        let asked = (caller.principal, client.map(str::to_owned), self.clock().now());
        self.store()
            .scan(asked, |session, (principal, client, now)| {
                Box::pin(session.authorizations_of(*principal, client.as_deref(), *now))
            })
            .await
    }

    /// A person allows a client what it asks for and can use. Answers the code that the browser brings it.
    pub async fn authorize(
        &self,
        browser: &BrowserSession,
        mut request: AuthorizationRequest,
    ) -> Result<Secret> {
        request.client.require_grant(GrantType::AuthorizationCode)?;
        request.scopes = request.client.usable(request.scopes);
        require_to_speak_for_itself(&browser.caller, request.scopes, request.audience.as_deref())?;
        let code = Secret::random(TokenKind::AuthorizationCode, self.entropy());
        let secret = Secret::random(TokenKind::Authorization, self.entropy());
        let data = (self.act(&browser.caller), request, (code.clone(), secret), browser.signed_in_at);
        self.store()
            .write(data, |session, (act, request, (code, secret), signed_in_at)| {
                Box::pin(async move {
                    let until = act.now.plus_seconds(CODE_SECONDS);
                    let made = Authorization {
                        credential: allow(session, act, &request.client.name, secret, until).await?,
                        client: request.client.id.clone(),
                        scopes: request.scopes,
                        audience: request.audience.clone(),
                        session: Some(act.caller.credential),
                        signed_in_at: *signed_in_at,
                        ends_at: None,
                    };
                    session.insert_authorization(&made).await?;
                    let spendable = Code {
                        authorization: made.id(),
                        redirect_uri: request.redirect_uri.clone(),
                        challenge: request.challenge,
                        nonce: request.nonce.clone(),
                        expires_at: until,
                    };
                    session.insert_code(&spendable, &code.hash()).await?;
                    record(session, act, "authorization.allow", made.id()).await
                })
            })
            .await?;
        Ok(code)
    }

    /// Spends a code. The second time it is shown, everything that came of it ends.
    ///
    /// # Errors
    /// [`Refusal::InvalidGrant`], whatever is wrong with the code; [`Refusal::InvalidTarget`] for tokens of another resource,
    /// which leaves the code as it is.
    pub async fn redeem_code(&self, client: &ProvenClient, redemption: Redemption) -> Result<Tokens> {
        client.client.require_grant(GrantType::AuthorizationCode)?;
        let code = Secret::parse(&redemption.code).filter(|code| code.kind() == TokenKind::AuthorizationCode);
        let data =
            (client.clone(), redemption, code.ok_or_else(bad_code)?.hash(), self.mint(), self.between());
        let shown = self
            .store()
            .write(data, |session, (client, redemption, hash, minted, between)| {
                Box::pin(async move {
                    let spent = session.spend_code(hash, between.now).await?.ok_or_else(bad_code)?;
                    spend(session, (client, redemption), spent, minted, between).await
                })
            })
            .await?;
        match shown {
            Shown::Good(tokens) => Ok(*tokens),
            Shown::Reused => Err(bad_code()),
        }
    }

    /// Ends everything that the caller allowed a client, whenever that was, and what came of it. Answers how often it was
    /// allowed.
    pub async fn end_own_authorizations(&self, caller: &Caller, client: &str) -> Result<usize> {
        self.store()
            .write((self.act(caller), client.to_owned()), |session, (act, client)| {
                Box::pin(async move {
                    let principal = act.caller.principal;
                    let allowed = session.authorizations_of(principal, Some(client), act.now).await?;
                    for one in &allowed {
                        session.revoke_credential(principal, one.id(), act.now).await?;
                    }
                    let targets = allowed.iter().map(|one| Target::new("authorization", one.id().as_uuid()));
                    if !allowed.is_empty() {
                        let targets = targets.collect();
                        act.record(session, OrganizationId::SERVER, "authorization.end", targets).await?;
                    }
                    Ok(allowed.len())
                })
            })
            .await
    }

    /// Ends what the caller allowed a client, and everything that came of it.
    pub async fn end_own_authorization(&self, caller: &Caller, id: CredentialId) -> Result<()> {
        self.store()
            .write((self.act(caller), id), |session, (act, id)| {
                Box::pin(async move {
                    let owner = act.caller.principal;
                    let found = session.find_authorization(*id, act.now).await?;
                    let own = found.filter(|(_, person)| person.id == owner);
                    own.ok_or_else(|| Error::not_found("authorization"))?;
                    session.revoke_credential(owner, *id, act.now).await?;
                    record(session, act, "authorization.end", *id).await
                })
            })
            .await
    }
}

async fn spend(
    session: &dyn Session,
    (client, redemption): (&ProvenClient, &Redemption),
    Spent { code, first }: Spent,
    minted: &Minted,
    between: &Between,
) -> Result<Shown> {
    let found = session.find_authorization(code.authorization, between.now).await?;
    let (authorization, person) = found.ok_or_else(bad_code)?;
    if authorization.client != client.client.id {
        return Err(bad_code().by(person.id));
    }
    let caller = tokens::caller_of(&authorization, &person, client.request_id.clone());
    let act = between.act(caller);
    if !first {
        end(session, &act, "authorization.reused_code").await?;
        return Ok(Shown::Reused);
    }
    let fits = code.expires_at > between.now
        && code.redirect_uri == redemption.redirect_uri
        && code.challenge.fits(&redemption.verifier)
        && session.hold_credential(authorization.id(), between.now).await?;
    if !fits {
        return Err(bad_code().by(person.id));
    }
    client.require_resource(authorization.audience.as_deref())?;
    let scopes = authorization.scopes;
    let given = (scopes, code.nonce);
    let tokens = tokens::give(session, &act, (authorization, person), given, minted).await?;
    record(session, &act, "authorization.redeem", act.caller.credential).await?;
    Ok(Shown::Good(Box::new(tokens)))
}

/// Who came in for one organization alone is known to that organization alone: no client is told who it is, by which the
/// person would come in elsewhere, and no other resource gets a token.
pub(crate) fn require_to_speak_for_itself(
    caller: &Caller,
    scopes: Scopes,
    audience: Option<&str>,
) -> Result<()> {
    let tells = [Scopes::OPENID, Scopes::PROFILE, Scopes::EMAIL].iter().any(|told| scopes.contains(*told));
    if caller.narrowing.organization.is_none() || (!tells && audience.is_none()) {
        return Ok(());
    }
    let message = "this sign-in is good in one organization alone, and tells nobody else who the person is";
    Err(refused(Refusal::AccessDenied, message))
}

/// Makes the credential of what the caller allows: as narrow as the credential that it is allowed with, and ending with what
/// that one hangs on, an issuer's word or what a program was allowed.
pub(crate) async fn allow(
    session: &dyn Session,
    act: &Act,
    client_name: &str,
    secret: &Secret,
    until: crate::clock::Timestamp,
) -> Result<crate::credential::Credential> {
    let narrowing = act.caller.narrowing.clone();
    let access = narrowing.permissions.map_or(Access::Everything, Access::Only);
    let holder = (act.caller.principal, (narrowing.organization, access, narrowing.workspaces));
    let lifetime = (Some(until), credential::hold_basis(session, act).await?);
    let issued = credential::issue(session, act, holder, client_name, secret, lifetime).await?;
    Ok(issued.credential)
}

/// Ends the authorization that the act is done with, and everything that was given for it.
pub(super) async fn end(session: &dyn Session, act: &Act, action: &'static str) -> Result<()> {
    let id = act.caller.credential;
    session.revoke_credential(act.caller.principal, id, act.now).await?;
    record(session, act, action, id).await
}

pub(super) async fn record(
    session: &dyn Session,
    act: &Act,
    action: &'static str,
    authorization: CredentialId,
) -> Result<()> {
    let targets = vec![Target::new("authorization", authorization.as_uuid())];
    act.record(session, OrganizationId::SERVER, action, targets).await
}

fn bad_code() -> Error {
    refused(Refusal::InvalidGrant, "the code is not valid for this client, or was used before")
}
