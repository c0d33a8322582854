//! `/login/issuer`: to an external issuer and back (OpenID Connect Core, section 3.1). What comes back counts in the browser
//! alone that left, by a cookie; what was wrong with it is said to the person.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tenantry_core::ids::IssuerId;
use tenantry_core::issuer::{Arrival, Departure, IssuerAnswer};
use tenantry_core::{Error, Kind, Result};
use tenantry_http::{Query, Refused, Served, encode_query};

use super::sign_in::{HOME, own_page};
use super::{Notice, Pages, go, show};
use crate::authorize::Wanted;
use crate::browser::Browser;

/// Where issuers send browsers back: registered with each of them, below the public address.
const CALLBACK: &str = "/login/issuer/callback";

/// The page that leads to an issuer, with who is to sign in there if that was said.
pub(super) fn way_to(id: IssuerId, return_to: &str, login: &str) -> String {
    let id = id.to_string();
    let said = Some(("login_hint", login)).filter(|(_, login)| !login.is_empty());
    let known = [("issuer", id.as_str()), ("return_to", return_to)];
    format!("/login/issuer?{}", encode_query(known.into_iter().chain(said)))
}

/// `GET /login/issuer`: to the issuer. Nothing comes of it but a cookie. Where a page of another site led here, the person is
/// asked first: its owner may have chosen the issuer and who is signed in there.
pub(crate) async fn begin(
    State(served): State<Served>,
    browser: Browser,
    query: Query<Pages>,
) -> Result<Response, Refused<Pages>> {
    let id = read_id(query.one("issuer")?)?;
    let return_to = own_page(query.one("return_to")?);
    let hint = query.one("login_hint")?.filter(|login| !login.is_empty());
    if browser.is_from_elsewhere() {
        let way = way_to(id, return_to, hint.unwrap_or_default());
        let page = Notice {
            title: "Sign in with an external account?",
            message: "A page of another site led here. Go on only if you wanted to sign in: whoever you are there is who you \
                      are here from then on.",
            onward: Some((&way, "Go on")),
        };
        return Ok(show(StatusCode::OK, &page, None));
    }
    let wanted = Wanted::of(return_to);
    let departure = Departure {
        redirect_uri: &served.address(CALLBACK),
        return_to,
        login_hint: hint,
        anew: wanted.prompts("login"),
        max_age: wanted.get("max_age").and_then(|seconds| seconds.parse().ok()),
    };
    let journey = served.core.begin_issuer_sign_in(id, departure, None).await?;
    Ok(browser.cookies().keep_journey(go(&journey.address)?, &journey.kept))
}

/// A page that leads to an issuer whose account is to be linked with that of who is signed in. A form is answered by a page
/// of ours, since forms lead nowhere else.
pub(super) async fn offer_link(served: &Served, browser: &Browser, id: &str) -> Result<Response> {
    let session = browser.session.as_ref().ok_or_else(Error::bad_credential)?;
    let redirect_uri = &*served.address(CALLBACK);
    let departure = Departure { redirect_uri, return_to: HOME, ..Departure::default() };
    let id = read_id(Some(id))?;
    let journey = served.core.begin_issuer_sign_in(id, departure, Some(&session.caller)).await?;
    let page = Notice {
        title: "Link an account",
        message: "Sign in there with the account by which you want to come in from then on.",
        onward: Some((&journey.address, "Go on")),
    };
    Ok(browser.cookies().keep_journey(show(StatusCode::OK, &page, None), &journey.kept))
}

/// `GET /login/issuer/callback`: back from the issuer.
pub(crate) async fn finish(
    State(served): State<Served>,
    browser: Browser,
    query: Query<Pages>,
) -> Result<Response, Refused<Pages>> {
    let text = |name: &str| -> Result<Option<String>> { Ok(query.one(name)?.map(str::to_owned)) };
    let answer =
        IssuerAnswer { code: text("code")?, state: text("state")?, iss: text("iss")?, error: text("error")? };
    let came = (browser.from.clone(), browser.cookie.as_deref(), browser.session.as_ref());
    let (core, callback) = (&served.core, served.address(CALLBACK));
    match core.finish_issuer_sign_in(browser.journey.as_deref(), answer, &callback, came).await {
        Ok(Arrival { session, return_to }) => {
            let response = browser.cookies().keep_journey(go(own_page(Some(&return_to)))?, "");
            Ok(match session {
                Some(begun) => browser.cookies().keep_session(response, begun.secret.expose()),
                None => response,
            })
        }
        Err(error) if matches!(error.kind, Kind::Unauthenticated | Kind::Forbidden) => Ok(refuse(error)),
        Err(error) => Err(error.into()),
    }
}

/// Says why, and where to go on. The record of denied attempts hears of it, as of every other refusal.
fn refuse(error: Error) -> Response {
    let onward = Some(("/login", "Sign in otherwise"));
    let page = Notice { title: "You are not signed in", message: error.public(), onward };
    let mut response = show(StatusCode::FORBIDDEN, &page, None);
    let refused = Refused::<Pages>::from(error).into_response();
    response.extensions_mut().extend(refused.extensions().clone());
    response
}

fn read_id(text: Option<&str>) -> Result<IssuerId> {
    let text = text.ok_or_else(|| Error::invalid("issuer", "missing", "a value is required"))?;
    IssuerId::parse(text).ok_or_else(|| Error::not_found("issuer"))
}
