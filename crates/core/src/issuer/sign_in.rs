//! Signing in with an issuer: the authorization code flow (OpenID Connect Core, section 3.1) with `state`, `nonce` and PKCE.
//!
//! What the server must know at the return travels sealed in a cookie of the browser that left, so an answer that another
//! browser brings fits nothing; and an answer names its issuer where the issuer promises to (RFC 9207).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use url::Url;

use super::{CodeRedemption, Issuer, claims, identity, read};
use crate::Core;
use crate::audit::Act;
use crate::authz::OrganizationRef;
use crate::browser::{self, BrowserSession, Origin};
use crate::caller::{Caller, Narrowing};
use crate::credential::{Issued, Secret, TokenKind, require_whole_person};
use crate::error::{Error, Kind, Result};
use crate::ids::{CredentialId, IssuerId, OrganizationId, PrincipalId};

/// How long a sign-in with an issuer may take, in seconds.
const JOURNEY_SECONDS: i64 = 10 * 60;
/// Longest page to return to that fits into the cookie with the rest, in bytes.
const RETURN_TO_MAX: usize = 2_200;
const SEALED_FOR: &str = "sign-in with an issuer";

/// A browser on its way to an issuer.
#[derive(Clone, Debug)]
pub struct Journey {
    /// Where it goes.
    pub address: String,
    /// What it keeps meanwhile: opaque, and of characters that a cookie may have.
    pub kept: String,
}

/// How people can sign in besides by a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ways {
    /// The issuers, in the order in which they are offered.
    pub issuers: Vec<Issuer>,
    /// Whether an address may lead to others.
    pub more_by_address: bool,
}

/// Where a browser is to come back to, and how fresh the sign-in has to be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Departure<'a> {
    /// The address to which the issuer sends it.
    pub redirect_uri: &'a str,
    /// The page of ours that was wanted before.
    pub return_to: &'a str,
    /// Who is to sign in, if the person has said so (`login_hint`).
    pub login_hint: Option<&'a str>,
    /// Whether the person is to sign in there anew (`prompt=login`, OpenID Connect Core, section 3.1.2.1).
    pub anew: bool,
    /// How long ago the person may have signed in there, in seconds (`max_age`). The issuer then has to tell when it was.
    pub max_age: Option<i64>,
}

/// What the issuer gives a browser to bring.
#[derive(Clone, Debug, Default)]
pub struct IssuerAnswer {
    /// The code.
    pub code: Option<String>,
    /// What was sent along.
    pub state: Option<String>,
    /// The issuer's name (RFC 9207).
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

/// A browser that is back.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The new session; none where somebody who is signed in has linked an account.
    pub session: Option<Issued>,
    /// The page of ours that was wanted before.
    pub return_to: String,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    issuer: String,
    state: String,
    nonce: String,
    verifier: String,
    return_to: String,
    until: i64,
    // The oldest sign-in that will do, in seconds.
    since: Option<i64>,
    /// Who links an account, where that is what it is for.
    person: Option<String>,
}

impl Core {
    /// The issuers with which somebody can sign in: the server's, those of the organization that is named, and those that
    /// may tell of the domain of the address by which the person goes. Whether there is an account makes no difference.
    pub async fn ways_to_sign_in(&self, organization: Option<OrganizationRef>, login: &str) -> Result<Ways> {
        self.store()
            .scan((organization, read::domain_of(login)), |session, (organization, domain)| {
                Box::pin(async move {
                    let mut issuers = session.trusts_of(OrganizationId::SERVER).await?;
                    if let Some(by) = organization
                        && let Some(located) = session.locate_organization(by).await?
                    {
                        issuers.extend(session.trusts_of(located.organization).await?);
                    }
                    if let Some(domain) = domain {
                        let known: Vec<_> = issuers.iter().map(|issuer| issuer.id).collect();
                        let of_domain = session.trusts_of_domain(domain).await?.into_iter();
                        issuers.extend(of_domain.filter(|issuer| !known.contains(&issuer.id)));
                    }
                    Ok(Ways { issuers, more_by_address: session.has_trusts_of_domains().await? })
                })
            })
            .await
    }

    /// Sends a browser to an issuer, to sign in, or to link an account with that of who is signed in.
    ///
    /// # Errors
    /// `Kind::NotFound` for an issuer that nobody trusts, `Kind::Unavailable` for one that does not answer.
    pub async fn begin_issuer_sign_in(
        &self,
        id: IssuerId,
        departure: Departure<'_>,
        linking: Option<&Caller>,
    ) -> Result<Journey> {
        let Departure { redirect_uri, return_to, login_hint, anew, max_age } = departure;
        if let Some(caller) = linking {
            require_whole_person(caller)?;
        }
        let issuer = self.trust(id).await?.ok_or_else(|| Error::not_found("issuer"))?;
        let now = self.clock().now();
        let provider = self.issuers().provider(&issuer.url, now).await?;
        let kept = Kept {
            issuer: id.to_string(),
            state: self.random(),
            nonce: self.random(),
            verifier: self.random(),
            return_to: if return_to.len() > RETURN_TO_MAX { "/login/account" } else { return_to }.to_owned(),
            until: now.plus_seconds(JOURNEY_SECONDS).as_micros(),
            since: max_age.map(|seconds| now.plus_seconds(seconds.saturating_neg()).as_micros() / 1_000_000),
            person: linking.map(|caller| caller.principal.to_string()),
        };
        let mut address = Url::parse(&provider.authorization_endpoint).map_err(Error::internal)?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&kept.verifier));
        address.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", &issuer.client_id),
            ("redirect_uri", redirect_uri),
            ("scope", "openid email profile"),
            ("state", &kept.state),
            ("nonce", &kept.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        if let Some(login) = login_hint {
            address.query_pairs_mut().append_pair("login_hint", login);
        }
        if anew {
            address.query_pairs_mut().append_pair("prompt", "login");
        }
        if let Some(seconds) = max_age {
            address.query_pairs_mut().append_pair("max_age", &seconds.to_string());
        }
        let text = serde_json::to_vec(&kept).map_err(Error::internal)?;
        let kept = URL_SAFE_NO_PAD.encode(self.seal.seal(SEALED_FOR, &text)?);
        Ok(Journey { address: address.into(), kept })
    }

    /// Takes a browser back from an issuer: begins a session of whom the issuer means, or links the account.
    ///
    /// # Errors
    /// `Kind::Unauthenticated` for an answer that does not count here; `Kind::Unavailable` for an issuer
    /// that does not answer.
    pub async fn finish_issuer_sign_in(
        &self,
        kept: Option<&str>,
        answer: IssuerAnswer,
        redirect_uri: &str,
        (from, before, signed_in): (Origin, Option<&str>, Option<&BrowserSession>),
    ) -> Result<Arrival> {
        // Not counted as a guess: there is none to make, and a page of another site could send browsers here.
        let now = self.clock().now();
        let kept = kept.and_then(|kept| self.kept(kept)).ok_or_else(astray)?;
        let state = answer.state.unwrap_or_default();
        let same = bool::from(state.as_bytes().ct_eq(kept.state.as_bytes()));
        if !same || kept.until <= now.as_micros() {
            return Err(astray());
        }
        let id = IssuerId::parse(&kept.issuer).ok_or_else(astray)?;
        let issuer = self.trust(id).await?.ok_or_else(astray)?;
        let provider = self.issuers().provider(&issuer.url, now).await?;
        match &answer.iss {
            Some(iss) if *iss != issuer.url => return Err(astray()),
            None if provider.answers_with_iss => return Err(astray()),
            _ => {}
        }
        let (None, Some(code)) = (answer.error, answer.code) else {
            let message = format!("{} did not let you in", issuer.title);
            return Err(Error::new(Kind::Forbidden, "issuer.refused", message).at_sign_in());
        };
        let secret = self.seal.open(&Issuer::context(id), &issuer.client_secret)?;
        let redemption = CodeRedemption {
            client_id: &issuer.client_id,
            client_secret: std::str::from_utf8(&secret).map_err(Error::internal)?,
            code: &code,
            verifier: &kept.verifier,
            redirect_uri,
        };
        let token = self.issuers().redeem(&issuer.url, redemption, now).await?;
        let signed = self.issuers().read(&issuer.url, &issuer.algorithms, &token, now).await?;
        let asserted = claims::id_token(&signed, &issuer, (&kept.nonce, kept.since), now);
        let asserted = asserted.map_err(Error::at_sign_in)?;
        let session = match kept.person.as_deref().map(PrincipalId::parse) {
            None => Some(self.enter(id, asserted, (from, before)).await?),
            Some(person) => {
                let own = signed_in.filter(|own| Some(own.caller.principal) == person).ok_or_else(astray)?;
                self.link(id, asserted, &own.caller).await?;
                None
            }
        };
        Ok(Arrival { session, return_to: kept.return_to })
    }

    async fn enter(
        &self,
        id: IssuerId,
        asserted: claims::Asserted,
        (from, before): (Origin, Option<&str>),
    ) -> Result<Issued> {
        // Who it is comes out in the transaction.
        let stranger = Caller {
            principal: PrincipalId::from_uuid(uuid::Uuid::nil()),
            is_service_account: false,
            credential: CredentialId::generate(&*self.ids),
            narrowing: Narrowing::default(),
            auth_version: 1,
            request_id: from.request_id.clone(),
            source: from.source,
        };
        let beginning = self.beginning((from, before), self.clock().now());
        let secret = Secret::random(TokenKind::Identity, self.entropy());
        let data = (self.act(&stranger), (id, asserted), (secret, beginning));
        self.store()
            .write(data, |session, (act, (id, asserted), (secret, beginning))| {
                Box::pin(async move {
                    let issuer = session.find_trust(*id).await?.ok_or_else(astray)?;
                    let (person, identity) =
                        identity::recognize(session, act, (&issuer, asserted), secret).await?;
                    session.hold_owner(person.id).await?;
                    if !session.hold_credential(identity, act.now).await? {
                        return Err(Error::bad_credential().at_sign_in().by(person.id));
                    }
                    let narrowing = Narrowing { organization: issuer.organization, ..Narrowing::default() };
                    let caller = Caller { principal: person.id, narrowing, ..act.caller.clone() };
                    let act = Act { caller, ..act.clone() };
                    browser::begin(session, &act, beginning, Some(identity)).await
                })
            })
            .await
    }

    async fn link(&self, id: IssuerId, asserted: claims::Asserted, caller: &Caller) -> Result<()> {
        let secret = Secret::random(TokenKind::Identity, self.entropy());
        let data = (self.act(caller), id, asserted, secret);
        self.store()
            .write(data, |session, (act, id, asserted, secret)| {
                Box::pin(async move {
                    let issuer = session.find_trust(*id).await?.ok_or_else(astray)?;
                    identity::link_own(session, act, (&issuer, asserted), secret).await
                })
            })
            .await
    }

    async fn trust(&self, id: IssuerId) -> Result<Option<Issuer>> {
        self.store().point(id, |session, id| Box::pin(session.find_trust(*id))).await
    }

    fn kept(&self, text: &str) -> Option<Kept> {
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let opened = self.seal.open(SEALED_FOR, &sealed).ok()?;
        serde_json::from_slice(&opened).ok()
    }

    /// 256 bits, in characters that addresses and verifiers may have.
    fn random(&self) -> String {
        let mut bytes = [0; 32];
        self.entropy().fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

/// An answer that fits no question of this browser.
fn astray() -> Error {
    let message = "this sign-in was not begun in this browser, or took too long: begin it again";
    Error::new(Kind::Unauthenticated, "issuer.astray", message).at_sign_in()
}
