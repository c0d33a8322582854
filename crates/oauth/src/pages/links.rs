//! The pages that mailed links lead to: `/login/activate` and `/login/reset`, where a password is set, and `/login/verify`,
//! where an address is confirmed. Looking at any of them spends nothing: programs look at the links of mails, too.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tenantry_core::link::{LinkKind, LinkView};
use tenantry_core::{Error, Kind, Result as CoreResult};
use tenantry_http::{Form, Query, Refused, Served, encode_query};

use super::sign_in::{HOME, own_page};
use super::{Notice, Pages, say, show as show_page};
use crate::browser::Browser;

#[derive(Template)]
#[template(path = "reset.html")]
struct Reset {
    form_token: String,
}

#[derive(Template)]
#[template(path = "password.html")]
struct SetPassword<'a> {
    problem: Option<&'a str>,
    person: &'a str,
    login: &'a str,
    action: &'static str,
    secret: &'a str,
    return_to: &'a str,
    form_token: String,
}

#[derive(Template)]
#[template(path = "verify.html")]
struct Verify<'a> {
    email: &'a str,
    person: &'a str,
    secret: &'a str,
    form_token: String,
}

/// A link that was used, replaced, is too old, or never was.
fn void() -> Response {
    let page = Notice {
        title: "This link does not count (any more)",
        message: "It was used, it is too old, or a newer one has taken its place.",
        onward: Some(("/login/reset", "Ask for another one")),
    };
    show_page(StatusCode::NOT_FOUND, &page, None)
}

/// Says what helps where no mail is sent, to everybody alike.
fn no_mail() -> Response {
    say(
        "This server sends no mail",
        "Ask who runs it, or an owner of your organization, for a link that sets another password.",
    )
}

fn is_void(error: &Error) -> bool {
    error.kind == Kind::Invalid && error.violations.iter().any(|violation| violation.field == "secret")
}

/// Asks who has signed in with a password that somebody else has chosen for another one.
pub(super) async fn expired_form(
    served: &Served,
    browser: &Browser,
    (login, password): (&str, &str),
    return_to: &str,
) -> CoreResult<Response> {
    let (core, source) = (&served.core, browser.from.source);
    let secret = core.renew_password(login, password, source).await?;
    let link = core.look_at_link(secret.expose(), source).await?;
    let problem = Some("Choose a password that nobody else knows: this one was chosen for you.");
    Ok(password_form(browser, (&link, secret.expose(), return_to), (StatusCode::OK, problem)))
}

fn password_form(
    browser: &Browser,
    (link, secret, return_to): (&LinkView, &str, &str),
    (status, problem): (StatusCode, Option<&str>),
) -> Response {
    let page = SetPassword {
        problem,
        person: &link.shown_name,
        login: link.email.as_deref().unwrap_or_default(),
        action: if link.kind == LinkKind::Activation { "/login/activate" } else { "/login/reset" },
        secret,
        return_to,
        form_token: browser.form_token(),
    };
    browser.keep(show_page(status, &page, None))
}

/// Asks who has forgotten a password, or for the new one of who has a link.
pub(crate) async fn show_password(
    State(served): State<Served>,
    browser: Browser,
    query: Query<Pages>,
) -> Result<Response, Refused<Pages>> {
    let Some(secret) = query.one("secret")? else {
        if !served.core.settings().mail {
            return Ok(no_mail());
        }
        let page = Reset { form_token: browser.form_token() };
        return Ok(browser.keep(show_page(StatusCode::OK, &page, None)));
    };
    match served.core.look_at_link(secret, browser.from.source).await {
        Ok(link) if link.kind != LinkKind::EmailVerification => {
            Ok(password_form(&browser, (&link, secret, HOME), (StatusCode::OK, None)))
        }
        Ok(_) => Ok(void()),
        Err(error) if is_void(&error) => Ok(void()),
        Err(error) => Err(error.into()),
    }
}

/// Sends a link to who has forgotten a password, or sets the new one.
pub(crate) async fn set_password(
    State(served): State<Served>,
    browser: Browser,
    sent: Form<Pages>,
) -> Result<Response, Refused<Pages>> {
    browser.check(&sent)?;
    let (core, source) = (&served.core, browser.from.source);
    let Some(secret) = sent.get("secret") else {
        if !core.settings().mail {
            return Ok(no_mail());
        }
        core.request_password_reset(sent.required("login")?, source).await?;
        let message =
            "If there is such an account, a link is on its way to its address. It counts for an hour.";
        return Ok(say("Look into your mail", message));
    };
    let return_to = own_page(sent.get("return_to"));
    let password = sent.get("password").unwrap_or_default();
    match core.reset_password(secret, password, source).await {
        Ok(()) => {
            let sign_in = format!("/login?{}", encode_query([("return_to", return_to)]));
            let page = Notice {
                title: "The password is set",
                message: "You can sign in with it now.",
                onward: Some((&sign_in, "Sign in")),
            };
            Ok(show_page(StatusCode::OK, &page, None))
        }
        Err(error) if is_void(&error) => Ok(void()),
        Err(error) if error.kind == Kind::Invalid => {
            let link = core.look_at_link(secret, source).await?;
            let problem = Some(error.public());
            Ok(password_form(&browser, (&link, secret, return_to), (StatusCode::BAD_REQUEST, problem)))
        }
        Err(error) => Err(error.into()),
    }
}

/// Asks whether an address is to be confirmed.
pub(crate) async fn show_address(
    State(served): State<Served>,
    browser: Browser,
    query: Query<Pages>,
) -> Result<Response, Refused<Pages>> {
    let secret = query.one("secret")?.unwrap_or_default();
    match served.core.look_at_link(secret, browser.from.source).await {
        Ok(LinkView { kind: LinkKind::EmailVerification, shown_name, email, .. }) => {
            let email = email.unwrap_or_default();
            let page =
                Verify { email: &email, person: &shown_name, secret, form_token: browser.form_token() };
            Ok(browser.keep(show_page(StatusCode::OK, &page, None)))
        }
        Ok(_) => Ok(void()),
        Err(error) if is_void(&error) => Ok(void()),
        Err(error) => Err(error.into()),
    }
}

/// Confirms an address.
pub(crate) async fn confirm_address(
    State(served): State<Served>,
    browser: Browser,
    sent: Form<Pages>,
) -> Result<Response, Refused<Pages>> {
    browser.check(&sent)?;
    match served.core.verify_email(sent.get("secret").unwrap_or_default(), browser.from.source).await {
        Ok(person) => {
            let message = format!("{} is the address of your account.", person.email.unwrap_or_default());
            Ok(say("The address is confirmed", &message))
        }
        Err(error) if is_void(&error) => Ok(void()),
        Err(error) => Err(error.into()),
    }
}
