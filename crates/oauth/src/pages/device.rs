//! `/login/device`: a person confirms that a program elsewhere may log in (RFC 8628, section 3.3). The code may come with the
//! address; it is never enough to confirm anything.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tenantry_core::Error;
use tenantry_core::browser::BrowserSession;
use tenantry_core::device::{Approval, Decision, DeviceLogin};
use tenantry_http::{Form, Query, Refused, Served, encode_query};

use super::{Pages, go, say, show as show_page, to_the_minute};
use crate::browser::Browser;

#[derive(Template)]
#[template(path = "device.html")]
struct Device<'a> {
    problem: Option<&'a str>,
    login: Option<Asking>,
    code: &'a str,
    person: &'a str,
    form_token: String,
}

/// What asks to be logged in.
struct Asking {
    client: String,
    place: String,
    since: String,
    meanings: Vec<&'static str>,
}

impl Asking {
    fn of(login: DeviceLogin) -> Self {
        let source = login.source.unwrap_or_else(|| "an unknown address".to_owned());
        let place = match login.user_agent {
            Some(program) => format!("{program}, {source}"),
            None => source,
        };
        Self {
            client: login.client_name,
            place,
            since: to_the_minute(login.created_at),
            meanings: login.scopes.meanings().collect(),
        }
    }
}

/// Asks for a code, or whether what shows it may log in.
pub(crate) async fn show(
    State(served): State<Served>,
    browser: Browser,
    query: Query<Pages>,
) -> Result<Response, Refused<Pages>> {
    // Either name: clients put either behind the address.
    let code = query.one("code")?.or(query.one("user_code")?).unwrap_or_default();
    let Some(session) = &browser.session else {
        let back = if code.is_empty() {
            "/login/device".to_owned()
        } else {
            format!("/login/device?{}", encode_query([("code", code)]))
        };
        return Ok(go(&format!("/login?{}", encode_query([("return_to", back.as_str())])))?);
    };
    if code.is_empty() {
        return Ok(form(&browser, session, StatusCode::OK, (code, None), None));
    }
    match served.core.look_at_device(&session.caller, code, browser.from.source).await {
        Ok(login) => Ok(form(&browser, session, StatusCode::OK, (code, Some(login)), None)),
        Err(error) if !error.violations.is_empty() => {
            let problem = Some("No program waits with this code. Codes count for ten minutes.");
            Ok(form(&browser, session, StatusCode::BAD_REQUEST, (code, None), problem))
        }
        Err(error) => Err(error.into()),
    }
}

/// What the person said.
pub(crate) async fn decide(
    State(served): State<Served>,
    browser: Browser,
    sent: Form<Pages>,
) -> Result<Response, Refused<Pages>> {
    browser.check(&sent)?;
    let Some(session) = &browser.session else { return Ok(go("/login")?) };
    let code = sent.required("code")?;
    let decision = match sent.required("decision")? {
        "approve" => Decision::Approve(Approval {
            trusted: sent.get("trusted").is_some(),
            signed_in_at: Some(session.signed_in_at),
            ..Approval::default()
        }),
        "deny" => Decision::Deny,
        _ => return Err(Error::invalid("decision", "unknown", "expected approve or deny").into()),
    };
    let device = served.core.decide_device(&session.caller, (code, browser.from.source), decision).await?;
    Ok(match device {
        Some(_) => say("The device is logged in", "You can close this page and go back to the program."),
        None => say("The device is not logged in", "The program that showed the code gets nothing."),
    })
}

fn form(
    browser: &Browser,
    session: &BrowserSession,
    status: StatusCode,
    (code, login): (&str, Option<DeviceLogin>),
    problem: Option<&str>,
) -> Response {
    let page = Device {
        problem,
        login: login.map(Asking::of),
        code,
        person: session.person.shown_name(),
        form_token: browser.form_token(),
    };
    show_page(status, &page, None)
}
