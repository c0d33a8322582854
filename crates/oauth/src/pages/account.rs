//! `/login/account`: where somebody is signed in, and what they allowed, with a way to end each.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tenantry_core::browser::{BrowserSession, OpenSession};
use tenantry_core::ids::CredentialId;
use tenantry_core::oauth::Authorization;
use tenantry_core::{Error, Kind};
use tenantry_http::{Form, Refused, Served};

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
    form_token: String,
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
    fn of(allowed: &Authorization) -> Self {
        Self {
            id: allowed.id().to_string(),
            client: allowed.credential.title.clone(),
            scopes: allowed.scopes.meanings().collect::<Vec<_>>().join(", "),
            since: to_the_minute(allowed.credential.created_at),
        }
    }
}

/// The page; whoever is not signed in signs in first.
pub(crate) async fn show(State(served): State<Served>, browser: Browser) -> Result<Response, Refused<Pages>> {
    let Some(BrowserSession { caller, person, .. }) = &browser.session else { return Ok(go("/login")?) };
    let sessions = served.core.list_own_sessions(caller).await?;
    let authorizations = served.core.list_own_authorizations(caller).await?;
    let page = Account {
        name: person.shown_name(),
        username: &person.username,
        email: person.email.as_deref(),
        sessions: sessions.into_iter().map(|open| SessionRow::of(open, caller.credential)).collect(),
        authorizations: authorizations.iter().map(AuthorizationRow::of).collect(),
        form_token: browser.form_token(),
    };
    Ok(browser.keep(show_page(StatusCode::OK, &page, None)))
}

/// Ends a session, all other sessions (`others`), or what a client may do.
pub(crate) async fn end(
    State(served): State<Served>,
    browser: Browser,
    sent: Form<Pages>,
) -> Result<Response, Refused<Pages>> {
    browser.check(&sent)?;
    let Some(session) = &browser.session else { return Ok(go("/login")?) };
    match sent.required("id")? {
        "others" => drop(served.core.end_other_sessions(&session.caller).await?),
        id => {
            let id = CredentialId::parse(id).ok_or_else(|| Error::not_found("session"))?;
            match served.core.revoke_own_credential(&session.caller, id).await {
                // Ended meanwhile, which is what was wanted.
                Err(error) if error.kind == Kind::NotFound => {}
                done => done?,
            }
        }
    }
    Ok(go(HOME)?)
}
