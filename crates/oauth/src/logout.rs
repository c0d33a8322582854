//! `/oauth2/logout`: signing out, also when a client sends somebody to do so (OpenID Connect RP-Initiated Logout 1.0).

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tenantry_core::{Error, Result};
use tenantry_http::{Form, Query, Refused, Served};
use url::Url;

use crate::browser::Browser;
use crate::claims::Hint;
use crate::keyring::Keyring;
use crate::pages::{Pages, go, show};

/// What a client may say.
const PARAMETERS: [&str; 4] = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"];

#[derive(Template)]
#[template(path = "sign_out.html")]
struct SignOut<'a> {
    done: bool,
    person: &'a str,
    form_token: String,
    parameters: Vec<(&'static str, &'a str)>,
}

/// Where the browser goes afterwards: a registered address of the client, if the client says who it is.
async fn onward<'a>(
    served: &Served,
    keyring: &Keyring,
    asked: impl Fn(&str) -> Option<&'a str>,
) -> Result<Option<String>> {
    let Some(address) = asked("post_logout_redirect_uri") else { return Ok(None) };
    let hint = match asked("id_token_hint") {
        Some(token) => keyring.read::<Hint>(&served.core, token).await?,
        None => None,
    };
    let hint = hint.filter(|hint| hint.iss == served.address(""));
    let client = match (asked("client_id"), &hint) {
        (Some(id), Some(hint)) if id != hint.aud => None,
        (Some(id), _) => served.core.find_client(id).await?,
        (None, Some(hint)) => served.core.find_client(&hint.aud).await?,
        (None, None) => None,
    };
    let known = client.is_some_and(|client| client.logout_uris.iter().any(|known| known == address));
    if !known {
        let message =
            "expected a registered address of the client, which says who it is by id_token_hint or client_id";
        return Err(Error::invalid("post_logout_redirect_uri", "unregistered", message));
    }
    let mut url = Url::parse(address).map_err(Error::internal)?;
    if let Some(state) = asked("state") {
        url.query_pairs_mut().append_pair("state", state);
    }
    Ok(Some(url.into()))
}

/// Asks whether somebody wants to sign out: another site may have sent them.
pub(crate) async fn ask(
    State(served): State<Served>,
    Extension(keyring): Extension<Arc<Keyring>>,
    browser: Browser,
    query: Query<Pages>,
) -> Result<Response, Refused<Pages>> {
    let mut parameters = Vec::new();
    for name in PARAMETERS {
        parameters.extend(query.one(name)?.map(|value| (name, value)));
    }
    let find = |name: &str| parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let onward = onward(&served, &keyring, find).await?;
    let Some(session) = &browser.session else { return finish(onward) };
    let page = SignOut {
        done: false,
        person: session.person.shown_name(),
        form_token: browser.form_token(),
        parameters: parameters.clone(),
    };
    Ok(show(StatusCode::OK, &page, onward.as_deref()))
}

/// Signs out.
pub(crate) async fn sign_out(
    State(served): State<Served>,
    Extension(keyring): Extension<Arc<Keyring>>,
    browser: Browser,
    sent: Form<Pages>,
) -> Result<Response, Refused<Pages>> {
    browser.check(&sent)?;
    let onward = onward(&served, &keyring, |name| sent.get(name)).await?;
    if let Some(cookie) = &browser.cookie {
        served.core.sign_out_browser(cookie, browser.from.request_id.clone()).await?;
    }
    Ok(browser.cookies().keep_session(finish(onward)?, ""))
}

fn finish(onward: Option<String>) -> Result<Response, Refused<Pages>> {
    if let Some(address) = onward {
        return Ok(go(&address)?);
    }
    let page = SignOut { done: true, person: "", form_token: String::new(), parameters: Vec::new() };
    Ok(show(StatusCode::OK, &page, None))
}
