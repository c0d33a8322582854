//! `/login/device`: a person confirms that a program elsewhere may log in (RFC 8628, section 3.3). The code may come with the
//! address; it is never enough to confirm anything. Where the address has `workspace`, the program works in one workspace, and
//! the person chooses it here: an empty one means any, another one is the name, key or id of what to suggest. What was chosen
//! is told to the program with its tokens, as [`WORKSPACE`] among the facts of the device.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tenantry_core::authz::View;
use tenantry_core::browser::BrowserSession;
use tenantry_core::device::{Approval, Decision, DeviceLogin, WORKSPACE};
use tenantry_core::filter::{Comparison, Filter, Test};
use tenantry_core::page::{Order, PageRequest, Start};
use tenantry_core::workspace::{Deleted, EverywhereQuery, State as Status, WorkspaceDetail, WorkspaceField};
use tenantry_core::{Error, Result};
use tenantry_http::{Form, Query, Refused, Served, encode_query};

use super::{Pages, go, say, show as show_page, to_the_minute};
use crate::browser::Browser;

/// How many workspaces the page offers.
const WORKSPACES_MAX: usize = 200;

#[derive(Template)]
#[template(path = "device.html")]
struct Device<'a> {
    problem: Option<&'a str>,
    login: Option<Asking>,
    code: &'a str,
    /// The workspace that was asked for.
    wanted: Option<&'a str>,
    /// What can be chosen: its id, what it is called, and whether it is suggested.
    choices: Vec<(String, String, bool)>,
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
    let wanted = query.one("workspace")?;
    let Some(session) = &browser.session else {
        let code = Some(("code", code)).filter(|(_, code)| !code.is_empty());
        let again = encode_query(code.into_iter().chain(wanted.map(|wanted| ("workspace", wanted))));
        let back = format!("/login/device{}{again}", if again.is_empty() { "" } else { "?" });
        return Ok(go(&format!("/login?{}", encode_query([("return_to", back.as_str())])))?);
    };
    let mut page = Device {
        problem: None,
        login: None,
        code,
        wanted,
        choices: Vec::new(),
        person: session.person.shown_name(),
        form_token: browser.form_token(),
    };
    if code.is_empty() {
        return Ok(show_page(StatusCode::OK, &page, None));
    }
    match served.core.look_at_device(&session.caller, code, browser.from.source).await {
        Ok(login) => page.login = Some(Asking::of(login)),
        Err(error) if !error.violations.is_empty() => {
            page.problem = Some("No program waits with this code. Codes count for ten minutes.");
            return Ok(show_page(StatusCode::BAD_REQUEST, &page, None));
        }
        Err(error) => return Err(error.into()),
    }
    if let Some(wanted) = wanted {
        page.choices = choices(&served, session, wanted).await?;
        let is_found = page.choices.iter().any(|(.., is_suggested)| *is_suggested);
        if !wanted.is_empty() && !is_found {
            page.problem = Some(
                "The workspace that the program asks for is not there, not running, or none that you can enter.",
            );
        }
    }
    Ok(show_page(StatusCode::OK, &page, None))
}

/// The workspaces that the person has a role in and whose servers answer, the newest first: the program goes there at once.
/// The only one is suggested if none is wanted.
async fn choices(
    served: &Served,
    session: &BrowserSession,
    wanted: &str,
) -> Result<Vec<(String, String, bool)>> {
    let page = PageRequest {
        order: vec![Order::descending(WorkspaceField::CreatedAt)],
        start: Start::Beginning,
        limit: WORKSPACES_MAX,
    };
    let is_available = Test::Text(Comparison::Equal, Status::Available.word().to_owned());
    let (filter, deleted) = (Filter::Is(WorkspaceField::Status, is_available), Deleted::Hide);
    let query = EverywhereQuery { view: View::OwnRoles, organization: None, deleted, filter, page };
    let found = served.core.list_workspaces_everywhere(&session.caller, query).await?;
    let is_only = found.len() == 1 && wanted.is_empty();
    let choice = |detail: &WorkspaceDetail| {
        let (workspace, organization) = (&detail.seen.workspace, &detail.organization.name);
        let id = workspace.id.to_string();
        let is_wanted = [&id, &workspace.key, &workspace.name].into_iter().any(|name| name == wanted);
        (id, format!("{} ({organization})", workspace.name), is_wanted || is_only)
    };
    Ok(found.iter().map(choice).collect())
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
            metadata: chosen(&served, session, sent.get("workspace")).await?,
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

/// What the device is told: the workspace, if one was chosen that the person may know.
async fn chosen(
    served: &Served,
    session: &BrowserSession,
    workspace: Option<&str>,
) -> Result<BTreeMap<String, String>> {
    let Some(id) = workspace.filter(|id| !id.is_empty()) else { return Ok(BTreeMap::new()) };
    let (_, found) = served.core.find_workspace_everywhere(&session.caller, id).await?;
    Ok(BTreeMap::from([(WORKSPACE.to_owned(), found.to_string())]))
}
