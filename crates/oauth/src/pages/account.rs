//! `/login/account`: where somebody is signed in, and what they allowed, with a way to end each.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tenantry_core::browser::{BrowserSession, OpenSession};
use tenantry_core::ids::CredentialId;
use tenantry_core::issuer::Identity;
use tenantry_core::oauth::{Authorization, Scopes};
use tenantry_core::{Error, Kind};
use tenantry_http::{Form, Refused, Served};

use super::issuer::offer_link;
use super::sign_in::HOME;
use super::{Pages, go, show as show_page, to_the_minute};
use crate::browser::Browser;

#[derive(Template)]
#[template(path = "account.html")]
struct Account<'a> {
    name: &'a str,
    username: &'a str,
    email: Option<&'a str>,
    sessions: Vec<SessionRow>,
    authorizations: Vec<AuthorizationRow>,
    identities: Vec<IdentityRow>,
    issuers: Vec<IssuerRow>,
    /// Whether the session is good for the whole account. Another one sees nothing of it but its name.
    is_whole: bool,
    form_token: String,
}

/// An account elsewhere by which the person comes in.
struct IdentityRow {
    id: String,
    issuer: String,
    called: String,
    since: String,
}

impl IdentityRow {
    fn of(identity: Identity) -> Self {
        Self {
            id: identity.credential.id.to_string(),
            called: identity.email.unwrap_or(identity.subject),
            since: to_the_minute(identity.credential.created_at),
            issuer: identity.credential.title,
        }
    }
}

/// An issuer of which an account could be linked.
struct IssuerRow {
    id: String,
    title: String,
}

struct SessionRow {
    id: String,
    browser: String,
    source: String,
    signed_in: String,
    used: String,
    is_this: bool,
}

impl SessionRow {
    fn of(open: OpenSession, this: CredentialId) -> Self {
        Self {
            id: open.credential.id.to_string(),
            browser: open.user_agent.unwrap_or_else(|| "Unknown browser".to_owned()),
            source: open.source.unwrap_or_else(|| "unknown address".to_owned()),
            signed_in: to_the_minute(open.credential.created_at),
            used: to_the_minute(open.last_used_at),
            is_this: open.credential.id == this,
        }
    }
}

struct AuthorizationRow {
    id: String,
    client: String,
    scopes: String,
    since: String,
}

impl AuthorizationRow {
    /// What was allowed to each client, however often: a person sees one row for each, and ends it as one.
    fn of(mut allowed: Vec<Authorization>) -> Vec<Self> {
        allowed.sort_by(|a, b| (&a.credential.title, &a.client).cmp(&(&b.credential.title, &b.client)));
        let row = |of: &[Authorization]| {
            let scopes = of.iter().fold(Scopes::NONE, |scopes, one| scopes.union(one.scopes));
            let since = of.iter().map(|one| one.credential.created_at).min().unwrap_or_default();
            Self {
                id: of[0].client.clone(),
                client: of[0].credential.title.clone(),
                scopes: scopes.meanings().collect::<Vec<_>>().join(", "),
                since: to_the_minute(since),
            }
        };
        allowed.chunk_by(|a, b| a.client == b.client).map(row).collect()
    }
}

/// The page; whoever is not signed in signs in first.
pub(crate) async fn show(State(served): State<Served>, browser: Browser) -> Result<Response, Refused<Pages>> {
    let Some(BrowserSession { caller, person, .. }) = &browser.session else { return Ok(go("/login")?) };
    let core = &served.core;
    let is_whole = core.check_whole_person(caller).is_ok();
    let (mut sessions, mut authorizations) = (Vec::new(), Vec::new());
    let (mut identities, mut issuers) = (Vec::new(), Vec::new());
    if is_whole {
        sessions = core.list_own_sessions(caller).await?;
        authorizations = core.list_own_authorizations(caller).await?;
        identities = core.list_own_identities(caller).await?;
        issuers = core.list_issuers_to_link(caller).await?;
    }
    let page = Account {
        identities: identities.into_iter().map(IdentityRow::of).collect(),
        issuers: issuers
            .into_iter()
            .map(|issuer| IssuerRow { id: issuer.id.to_string(), title: issuer.title })
            .collect(),
        is_whole,
        name: person.shown_name(),
        username: &person.username,
        email: person.email.as_deref(),
        sessions: sessions.into_iter().map(|open| SessionRow::of(open, caller.credential)).collect(),
        authorizations: AuthorizationRow::of(authorizations),
        form_token: browser.form_token(),
    };
    Ok(browser.keep(show_page(StatusCode::OK, &page, None)))
}

/// Ends a session (`id`), all other sessions (`id=others`), what a `client` may do, or an `identity`; or leads to an `issuer`
/// whose account is to be linked.
pub(crate) async fn end(
    State(served): State<Served>,
    browser: Browser,
    sent: Form<Pages>,
) -> Result<Response, Refused<Pages>> {
    browser.check(&sent)?;
    let Some(session) = &browser.session else { return Ok(go("/login")?) };
    let (core, caller) = (&served.core, &session.caller);
    core.check_whole_person(caller)?;
    if let Some(issuer) = sent.get("issuer") {
        return Ok(offer_link(&served, &browser, issuer).await?);
    }
    if let Some(identity) = sent.get("identity") {
        let id = CredentialId::parse(identity).ok_or_else(|| Error::not_found("identity"))?;
        core.unlink_identity(caller, id).await?;
        return Ok(go(HOME)?);
    }
    match (sent.get("client"), sent.get("id")) {
        (Some(client), _) => drop(core.end_own_authorizations(caller, client).await?),
        (None, Some("others")) => drop(core.end_other_sessions(caller).await?),
        (None, id) => {
            let id =
                CredentialId::parse(id.unwrap_or_default()).ok_or_else(|| Error::not_found("session"))?;
            match core.revoke_own_credential(caller, id).await {
                // Ended meanwhile, which is what was wanted.
                Err(error) if error.kind == Kind::NotFound => {}
                done => done?,
            }
        }
    }
    Ok(go(HOME)?)
}
