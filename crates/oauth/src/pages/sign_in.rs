//! `/login`: signing in with a password.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tenantry_core::authz::OrganizationRef;
use tenantry_core::credential::PASSWORD_EXPIRED;
use tenantry_core::oauth::is_registered;
use tenantry_core::{Kind, Result};
use tenantry_http::{Form, Query, Refused, Served};

use super::{Pages, go, issuer, show as show_page};
use crate::authorize::{AFTER, Wanted};
use crate::browser::Browser;

/// Where somebody goes who came for no other reason.
pub(crate) const HOME: &str = "/login/account";

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'a> {
    problem: Option<&'a str>,
    signed_in: Option<&'a str>,
    login: &'a str,
    return_to: &'a str,
    organization: &'a str,
    form_token: String,
    issuers: Vec<Button>,
    /// Whether only the address is asked for, which may lead to an issuer.
    asks_who_first: bool,
    /// Whether an invitation is to be answered afterwards.
    is_invited: bool,
}

/// What the form stands for.
#[derive(Clone, Copy)]
struct Asked<'a> {
    login: &'a str,
    return_to: &'a str,
    /// The organization whose issuers are offered too, as it was named; empty for none.
    organization: &'a str,
}

/// The way to an external issuer.
struct Button {
    title: String,
    address: String,
}

/// Where to go after a sign-in: a page of ours, and nothing else.
pub(crate) fn own_page(text: Option<&str>) -> &str {
    let is_own = |text: &&str| {
        let known = text.starts_with("/login/")
            || text.starts_with("/oauth2/authorize?")
            || text.starts_with("/console");
        known && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') && !text.contains("//")
    };
    text.filter(is_own).unwrap_or(HOME)
}

/// The form.
pub(crate) async fn show(
    State(served): State<Served>,
    browser: Browser,
    query: Query<Pages>,
) -> Result<Response, Refused<Pages>> {
    let return_to = own_page(query.one("return_to")?);
    let login = query.one("login_hint")?.unwrap_or_default();
    let organization = query.one("organization")?.unwrap_or_default();
    let asked = Asked { login, return_to, organization };
    Ok(form(&served, &browser, StatusCode::OK, asked, None).await?)
}

/// Signs in, and sends the browser to where it wanted to go. Who has only said who they are is shown how they can sign in.
pub(crate) async fn sign_in(
    State(served): State<Served>,
    browser: Browser,
    sent: Form<Pages>,
) -> Result<Response, Refused<Pages>> {
    browser.check(&sent)?;
    let return_to = own_page(sent.get("return_to"));
    let login = sent.required("login")?;
    let asked = Asked { login, return_to, organization: sent.get("organization").unwrap_or_default() };
    let Some(password) = sent.get("password") else {
        return Ok(form(&served, &browser, StatusCode::OK, asked, None).await?);
    };
    let before = (browser.from.clone(), browser.cookie.as_deref());
    match served.core.sign_in_browser(login, password, before).await {
        Ok(issued) => {
            let response = go(return_to)?;
            Ok(browser.cookies().keep_session(response, issued.secret.expose()))
        }
        Err(error) if error.reason == PASSWORD_EXPIRED => {
            Ok(super::links::expired_form(&served, &browser, (login, password), return_to).await?)
        }
        Err(error) if error.kind == Kind::Unauthenticated => {
            let problem = "The name or the password is not right.";
            let status = StatusCode::UNAUTHORIZED;
            let mut response = form(&served, &browser, status, asked, Some(problem)).await?;
            // The record of denied attempts hears of it, as of every other refusal.
            let refused: Response =
                axum::response::IntoResponse::into_response(Refused::<Pages>::from(error));
            response.extensions_mut().extend(refused.extensions().clone());
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

async fn form(
    served: &Served,
    browser: &Browser,
    status: StatusCode,
    Asked { login, return_to, organization }: Asked<'_>,
    problem: Option<&str>,
) -> Result<Response> {
    let wanted = Wanted::of(return_to);
    // Who is to sign in anew does not just go on.
    let signed_in = browser.session.as_ref().filter(|_| wanted.get(AFTER).is_none());
    // Where the authorization that is asked for leads on to, if that is where its client is.
    let onward = match (wanted.get("client_id"), wanted.get("redirect_uri")) {
        (Some(client), Some(address)) => {
            let client = served.core.find_client(client).await?;
            client.filter(|client| is_registered(&client.redirect_uris, address)).and(Some(address))
        }
        _ => None,
    };
    let named = Some(organization).filter(|text| !text.is_empty()).map(OrganizationRef::parse);
    let ways = served.core.ways_to_sign_in(named, login).await?;
    let page = SignIn {
        issuers: ways
            .issuers
            .into_iter()
            .map(|issuer| Button {
                address: issuer::way_to(issuer.id, return_to, login),
                title: issuer.title,
            })
            .collect(),
        asks_who_first: ways.more_by_address && login.is_empty(),
        is_invited: return_to.starts_with("/login/invitation?"),
        problem,
        signed_in: signed_in.map(|session| session.person.shown_name()),
        login,
        return_to,
        organization,
        form_token: browser.form_token(),
    };
    Ok(browser.keep(show_page(status, &page, onward)))
}

#[cfg(test)]
mod tests {
    use super::{HOME, own_page};

    #[test]
    fn nobody_is_sent_elsewhere() {
        for own in [
            "/login/device?code=X",
            "/oauth2/authorize?client_id=x&redirect_uri=https%3A%2F%2Fa",
            "/console/x",
        ] {
            assert_eq!(own_page(Some(own)), own);
        }
        for other in [
            "",
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "/login//evil.example",
            "/login/\r\nSet-Cookie: x",
            "/api/v1/me",
            "javascript:alert(1)",
        ] {
            assert_eq!(own_page(Some(other)), HOME, "{other}");
        }
        assert_eq!(own_page(None), HOME);
    }
}
