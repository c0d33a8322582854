//! `/oauth2/authorize` (RFC 6749, section 4.1; OpenID Connect Core, section 3.1.2): a person says whether a client may act
//! for them.
//!
//! Until the client and its redirect address are known, whatever is wrong is told to the person alone (RFC 9700, section
//! 4.11.2); after that, the client is told, with the issuer beside it (RFC 9207).

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use tenantry_core::authz::OrganizationRef;
use tenantry_core::browser::BrowserSession;
use tenantry_core::clock::Timestamp;
use tenantry_core::oauth::{
    AuthorizationRequest, Challenge, Client, GrantType, Refusal, Scopes, is_registered,
};
use tenantry_core::{Error, Kind, Result};
use tenantry_http::{Form, Query, Refused, Served, encode_query};
use url::Url;

use crate::browser::Browser;
use crate::claims::Hint;
use crate::keyring::Keyring;
use crate::pages::{Pages, go, show};

/// What a request may say; whatever else it says is passed over.
const PARAMETERS: [&str; 17] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "resource",
    "prompt",
    "max_age",
    "login_hint",
    "request",
    "request_uri",
    "id_token_hint",
    AFTER,
];
/// When a new sign-in was asked for, in microseconds: our own note on the way to the sign-in and back.
pub(crate) const AFTER: &str = "after";
/// Longest `state` and `nonce`, in bytes.
const TEXT_MAX: usize = 2_000;

#[derive(Template)]
#[template(path = "consent.html")]
struct Consent<'a> {
    client: &'a str,
    person: &'a str,
    host: &'a str,
    resource: Option<&'a str>,
    /// The name of the only organization where it will count.
    organization: Option<String>,
    meanings: Vec<&'static str>,
    form_token: String,
    parameters: &'a [(&'static str, String)],
}

/// The request for an authorization that a page of ours leads on to, as far as there is one.
pub(crate) struct Wanted(Option<Query<Pages>>);

impl Wanted {
    /// What is wanted behind this page.
    pub(crate) fn of(return_to: &str) -> Self {
        Self(return_to.strip_prefix("/oauth2/authorize?").and_then(|query| Query::parse(query).ok()))
    }

    /// A parameter of the request.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.as_ref()?.one(name).ok().flatten().filter(|value| !value.is_empty())
    }

    /// Whether the request has this word in its `prompt`.
    pub(crate) fn prompts(&self, word: &str) -> bool {
        prompts(self.get("prompt"), word)
    }
}

fn prompts(prompt: Option<&str>, word: &str) -> bool {
    prompt.is_some_and(|prompt| prompt.split(' ').any(|known| known == word))
}

/// A request whose client and redirect address are known: from here on the client is answered.
struct Asked {
    client: Client,
    redirect_uri: String,
    parameters: Vec<(&'static str, String)>,
}

/// Who is asked, or the answer where nobody is.
enum Session<'a> {
    Of(&'a BrowserSession),
    None(Response),
}

/// How a client is told no, in its own words.
struct Denied(&'static str, String);

impl From<Error> for Denied {
    fn from(error: Error) -> Self {
        let word = match Refusal::of(&error) {
            Some(refusal) => refusal.word(),
            None if error.kind == Kind::Unavailable || error.kind == Kind::RateLimited => {
                "temporarily_unavailable"
            }
            None if error.kind == Kind::Internal => "server_error",
            None => "invalid_request",
        };
        Self(word, error.public().to_owned())
    }
}

impl Asked {
    async fn read(served: &Served, parameters: Vec<(&'static str, String)>) -> Result<Self> {
        let find =
            |name: &str| parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        let id =
            find("client_id").ok_or_else(|| Error::invalid("client_id", "missing", "a value is required"))?;
        let client = served.core.find_client(id).await?;
        let client =
            client.ok_or_else(|| Error::invalid("client_id", "unknown", "there is no such client"))?;
        let address = find("redirect_uri")
            .ok_or_else(|| Error::invalid("redirect_uri", "missing", "a value is required"))?;
        if !is_registered(&client.redirect_uris, address) {
            let message = "expected an address that the client has registered";
            return Err(Error::invalid("redirect_uri", "unregistered", message));
        }
        Ok(Self { redirect_uri: address.to_owned(), client, parameters })
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// What is asked for, if it makes sense.
    fn request(&self, issuer: &str) -> Result<AuthorizationRequest, Denied> {
        let wrong = |message: &str| Denied("invalid_request", message.to_owned());
        if self.get("request").is_some() {
            return Err(Denied("request_not_supported", "expected plain parameters".to_owned()));
        }
        if self.get("request_uri").is_some() {
            return Err(Denied("request_uri_not_supported", "expected plain parameters".to_owned()));
        }
        if self.get("response_type") != Some("code") {
            return Err(Denied("unsupported_response_type", "response_type: expected code".to_owned()));
        }
        if self.get("response_mode").is_some_and(|mode| mode != "query") {
            return Err(wrong("response_mode: expected query"));
        }
        if ["state", "nonce"].iter().any(|name| self.get(name).is_some_and(|text| text.len() > TEXT_MAX)) {
            return Err(wrong("state, nonce: expected at most 2,000 bytes"));
        }
        let whole = |text: &str| text.bytes().all(|b| b.is_ascii_digit()) && text.len() <= 9;
        if self.get("max_age").is_some_and(|text| !whole(text)) {
            return Err(wrong("max_age: expected seconds"));
        }
        self.client.require_grant(GrantType::AuthorizationCode)?;
        let scopes = self.client.usable(Scopes::parse(self.get("scope").unwrap_or_default())?);
        if scopes.is_empty() || !self.client.scopes.contains(scopes) {
            let message = format!("scope: expected some of {}", self.client.scopes);
            return Err(Denied("invalid_scope", message));
        }
        let own = |resource: &str| resource.trim_end_matches('/') == issuer;
        let audience = match self.get("resource") {
            None => None,
            Some(resource) if own(resource) => None,
            Some(resource) if self.client.audiences.iter().any(|known| known == resource) => {
                Some(resource.to_owned())
            }
            Some(_) => {
                let message = "resource: expected this server, or one that is registered for the client";
                return Err(Denied("invalid_target", message.to_owned()));
            }
        };
        Ok(AuthorizationRequest {
            client: self.client.clone(),
            redirect_uri: self.redirect_uri.clone(),
            scopes,
            challenge: Challenge::parse(self.get("code_challenge"), self.get("code_challenge_method"))?,
            nonce: self.get("nonce").map(str::to_owned),
            audience,
        })
    }

    fn prompts(&self, word: &str) -> bool {
        prompts(self.get("prompt"), word)
    }

    /// Who the client says the person is, as far as it says so by an ID token of ours and its own. What else it shows, a
    /// token of a key that is gone too, says nothing to who can be asked; for who cannot, nobody fits it.
    async fn hinted(&self, served: &Served, keyring: &Keyring) -> Result<Option<String>> {
        let Some(token) = self.get("id_token_hint") else { return Ok(None) };
        let hint = keyring.read::<Hint>(&served.core, token).await?;
        let hint = hint.filter(|hint| hint.iss == served.address("") && hint.aud == self.client.id);
        let person = hint.map(|hint| hint.sub);
        Ok(if self.prompts("none") { Some(person.unwrap_or_default()) } else { person })
    }

    /// The session of the person who is to answer, or what happens instead. An error where somebody else has signed in than
    /// whom the client means (OpenID Connect Core, section 3.1.2.1), though they were asked to.
    async fn signed_in<'a>(
        &self,
        (served, keyring): (&Served, &Keyring),
        session: Option<&'a BrowserSession>,
    ) -> Result<Session<'a>> {
        let now = served.core.clock().now();
        let hinted = self.hinted(served, keyring).await?;
        let is_meant = |session: &BrowserSession| {
            hinted.as_ref().is_none_or(|hinted| *hinted == session.person.id.to_string())
        };
        let recent = session.filter(|session| !self.wants_new_sign_in(session, now));
        match recent {
            Some(session) if is_meant(session) => Ok(Session::Of(session)),
            Some(_) if self.prompts("none") || self.get(AFTER).is_some() => {
                Ok(Session::None(self.deny_sign_in(served, "somebody else is signed in")?))
            }
            None if self.prompts("none") => {
                Ok(Session::None(self.deny_sign_in(served, "nobody is signed in")?))
            }
            other => Ok(Session::None(self.to_sign_in(now, other.is_some())?)),
        }
    }

    fn deny_sign_in(&self, served: &Served, message: &str) -> Result<Response> {
        self.deny(&served.address(""), &Denied("login_required", message.to_owned()))
    }

    /// Whether the person must sign in anew.
    fn wants_new_sign_in(&self, session: &BrowserSession, now: Timestamp) -> bool {
        if let Some(after) = self.get(AFTER).and_then(|text| text.parse().ok()) {
            return session.signed_in_at < Timestamp::from_micros(after);
        }
        let age = now.as_micros() - session.signed_in_at.as_micros();
        let max_age = self.get("max_age").and_then(|text| text.parse::<i64>().ok());
        self.prompts("login") || max_age.is_some_and(|seconds| age > seconds.saturating_mul(1_000_000))
    }

    /// Sends the browser to sign in and back. Where a new sign-in is asked for, one from now on is new enough; so it is
    /// where `another` person than who is signed in is meant.
    fn to_sign_in(&self, now: Timestamp, another: bool) -> Result<Response> {
        let anew = another || self.prompts("login") || self.get("max_age").is_some();
        let after = self.get(AFTER).map_or_else(|| now.as_micros().to_string(), str::to_owned);
        let kept = self.parameters.iter().filter(|(name, _)| *name != AFTER);
        let kept = kept.map(|(name, value)| (*name, value.as_str()));
        let query = encode_query(kept.chain(anew.then_some((AFTER, after.as_str()))));
        let back = format!("/oauth2/authorize?{query}");
        let mut pairs = vec![("return_to", back.as_str())];
        pairs.extend(self.get("login_hint").map(|login| ("login_hint", login)));
        go(&format!("/login?{}", encode_query(pairs)))
    }

    /// Sends the browser to the client.
    fn back(&self, issuer: &str, answer: &[(&str, &str)]) -> Result<Response> {
        let mut url = Url::parse(&self.redirect_uri).map_err(Error::internal)?;
        url.query_pairs_mut().extend_pairs(answer);
        if let Some(state) = self.get("state") {
            url.query_pairs_mut().append_pair("state", state);
        }
        url.query_pairs_mut().append_pair("iss", issuer);
        go(url.as_str())
    }

    fn deny(&self, issuer: &str, Denied(error, description): &Denied) -> Result<Response> {
        self.back(issuer, &[("error", error), ("error_description", description)])
    }
}

/// Reads a request, and sends the browser to sign in, to the client, or shows what is asked for.
pub(crate) async fn ask(
    State(served): State<Served>,
    Extension(keyring): Extension<Arc<Keyring>>,
    browser: Browser,
    query: Query<Pages>,
) -> Result<Response, Refused<Pages>> {
    let mut parameters = Vec::new();
    for name in PARAMETERS {
        parameters.extend(query.one(name)?.map(|value| (name, value.to_owned())));
    }
    let asked = Asked::read(&served, parameters).await?;
    let issuer = served.address("");
    let request = match asked.request(&issuer) {
        Ok(request) => request,
        Err(denied) => return Ok(asked.deny(&issuer, &denied)?),
    };
    let silent = asked.prompts("none");
    let session = match asked.signed_in((&served, &keyring), browser.session.as_ref()).await? {
        Session::Of(session) => session,
        Session::None(response) => return Ok(response),
    };
    // Another program on the person's machine may call itself like a public client; so it is asked each time.
    let remembered = asked.client.is_confidential() && !asked.prompts("consent") && {
        let of = (asked.client.id.as_str(), request.audience.as_deref());
        let allowed = served.core.allowed_scopes(&session.caller, of).await?;
        allowed.contains(request.scopes)
    };
    if remembered {
        return Ok(allow(&served, session, &asked, request).await?);
    }
    if silent {
        let denied = Denied("consent_required", "the person has to be asked".to_owned());
        return Ok(asked.deny(&issuer, &denied)?);
    }
    let host = Url::parse(&asked.redirect_uri).ok();
    let organization = match session.caller.narrowing.organization {
        Some(id) => Some(served.core.get_organization(&session.caller, OrganizationRef::Id(id)).await?.name),
        None => None,
    };
    let page = Consent {
        client: &asked.client.name,
        person: session.person.shown_name(),
        host: host.as_ref().and_then(Url::host_str).unwrap_or_default(),
        resource: request.audience.as_deref(),
        organization,
        meanings: request.scopes.meanings().collect(),
        form_token: browser.form_token(),
        parameters: &asked.parameters,
    };
    Ok(show(StatusCode::OK, &page, Some(&asked.redirect_uri)))
}

/// What the person said. A form without an answer is a client's (OpenID Connect Core, section 3.1.2.1): it asks what it
/// would ask by GET, which the browser is sent to, with the cookies that it withholds from forms of others.
pub(crate) async fn answer(
    State(served): State<Served>,
    Extension(keyring): Extension<Arc<Keyring>>,
    browser: Browser,
    uri: Uri,
    sent: Form<Pages>,
) -> Result<Response, Refused<Pages>> {
    if uri.query().is_some() {
        return Err(Error::invalid("query", "unexpected", "expected the form's fields alone").into());
    }
    let given: Vec<_> = PARAMETERS.iter().filter_map(|name| Some((*name, sent.get(name)?))).collect();
    if sent.get("decision").is_none() && sent.get("form_token").is_none() {
        return Ok(go(&format!("/oauth2/authorize?{}", encode_query(given.iter().copied())))?);
    }
    browser.check(&sent)?;
    let parameters = given.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    let asked = Asked::read(&served, parameters).await?;
    let issuer = served.address("");
    let request = match asked.request(&issuer) {
        Ok(request) => request,
        Err(denied) => return Ok(asked.deny(&issuer, &denied)?),
    };
    let session = match asked.signed_in((&served, &keyring), browser.session.as_ref()).await? {
        Session::Of(session) => session,
        Session::None(response) => return Ok(response),
    };
    match sent.required("decision")? {
        "allow" => Ok(allow(&served, session, &asked, request).await?),
        "deny" => {
            let denied = Denied("access_denied", "the person said no".to_owned());
            Ok(asked.deny(&issuer, &denied)?)
        }
        _ => Err(Error::invalid("decision", "unknown", "expected allow or deny").into()),
    }
}

async fn allow(
    served: &Served,
    session: &BrowserSession,
    asked: &Asked,
    request: AuthorizationRequest,
) -> Result<Response> {
    let issuer = served.address("");
    let code = match served.core.authorize(session, request).await {
        Ok(code) => code,
        Err(error) if Refusal::of(&error).is_some() => return asked.deny(&issuer, &error.into()),
        Err(error) => return Err(error),
    };
    asked.back(&issuer, &[("code", code.expose())])
}
