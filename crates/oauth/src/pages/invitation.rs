//! `/login/invitation`: a person answers an invitation. Looking at the page spends nothing.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tenantry_core::authz::OrganizationRef;
use tenantry_core::browser::BrowserSession;
use tenantry_core::ids::InvitationId;
use tenantry_core::invitation::InvitationDetail;
use tenantry_core::permission::BuiltinRole;
use tenantry_core::role::Role;
use tenantry_core::{Error, Kind};
use tenantry_http::{Form, Query, Refused, Served, encode_query};

use super::{Pages, go, say, show as show_page};
use crate::browser::Browser;

const PARAMETERS: [&str; 3] = ["organization", "invitation", "secret"];

#[derive(Template)]
#[template(path = "invitation.html")]
struct Invited<'a> {
    place: String,
    roles: String,
    person: &'a str,
    form_token: String,
    parameters: Vec<(&'static str, &'a str)>,
}

fn place(detail: &InvitationDetail) -> String {
    match &detail.workspace_name {
        Some(workspace) => format!("{workspace} of {}", detail.organization_name),
        None => detail.organization_name.clone(),
    }
}

/// What people call a role.
fn called(role: &Role) -> &str {
    match role.builtin {
        None => &role.title,
        Some(BuiltinRole::OrganizationOwner | BuiltinRole::WorkspaceOwner) => "owner",
        Some(BuiltinRole::OrganizationAdmin | BuiltinRole::ServerAdministrator) => "administrator",
        Some(BuiltinRole::OrganizationMember) => "member",
        Some(BuiltinRole::WorkspaceEditor) => "editor",
        Some(BuiltinRole::OrganizationViewer | BuiltinRole::WorkspaceViewer) => "viewer",
    }
}

/// Which invitation is meant.
fn named<'a>(find: impl Fn(&str) -> Option<&'a str>) -> Option<(OrganizationRef, InvitationId)> {
    let invitation = InvitationId::parse(find("invitation")?)?;
    Some((OrganizationRef::parse(find("organization")?), invitation))
}

/// An invitation that is not there is one to somebody else: whoever is signed in may be the wrong one.
fn not_theirs(session: &BrowserSession, parameters: &[(&'static str, &str)]) -> Response {
    let back = format!("/login/invitation?{}", encode_query(parameters.iter().copied()));
    let message = format!(
        "There is no open invitation here for {}. If it came to another of your addresses, sign in with the account of that one.",
        session.person.email.as_deref().unwrap_or(&session.person.username)
    );
    let onward = format!("/login?{}", encode_query([("return_to", back.as_str())]));
    let page = super::Notice {
        title: "This invitation is not for this account",
        message: &message,
        onward: Some((&onward, "Sign in as somebody else")),
    };
    show_page(StatusCode::NOT_FOUND, &page, None)
}

/// What is offered; whoever is not signed in signs in first.
pub(crate) async fn show(
    State(served): State<Served>,
    browser: Browser,
    query: Query<Pages>,
) -> Result<Response, Refused<Pages>> {
    let mut parameters = Vec::new();
    for name in PARAMETERS {
        parameters.extend(query.one(name)?.map(|value| (name, value)));
    }
    let Some(session) = &browser.session else {
        let back = format!("/login/invitation?{}", encode_query(parameters));
        return Ok(go(&format!("/login?{}", encode_query([("return_to", back.as_str())])))?);
    };
    let find = |name: &str| parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let Some((organization, id)) = named(find) else { return Ok(not_theirs(session, &parameters)) };
    let detail = match served.core.get_invitation(&session.caller, organization, id).await {
        Ok(detail) if detail.invitation.is_open(served.core.clock().now()) => detail,
        Ok(_) => {
            return Ok(say(
                "This invitation is over",
                "It was answered, withdrawn, or came too long ago. Ask for another one.",
            ));
        }
        Err(error) if matches!(error.kind, Kind::Hidden | Kind::NotFound | Kind::Forbidden) => {
            return Ok(not_theirs(session, &parameters));
        }
        Err(error) => return Err(error.into()),
    };
    let roles: Vec<_> = detail.roles.iter().map(called).collect();
    let page = Invited {
        place: place(&detail),
        roles: roles.join(", "),
        person: session.person.shown_name(),
        form_token: browser.form_token(),
        parameters: parameters.clone(),
    };
    Ok(show_page(StatusCode::OK, &page, None))
}

/// What the person said. Who has joined gets another session, since there is more in it now.
pub(crate) async fn answer(
    State(served): State<Served>,
    browser: Browser,
    sent: Form<Pages>,
) -> Result<Response, Refused<Pages>> {
    browser.check(&sent)?;
    let Some(session) = &browser.session else { return Ok(go("/login")?) };
    let (organization, id) = named(|name| sent.get(name)).ok_or_else(|| Error::not_found("invitation"))?;
    let (core, secret) = (&served.core, sent.get("secret").map(str::to_owned));
    match sent.required("decision")? {
        "accept" => {
            let joined = core.accept_invitation(&session.caller, organization, id, secret).await?;
            let message = format!("You belong to {} now.", place(&joined));
            let response = say("Welcome", &message).into_response();
            let cookie = browser.cookie.as_deref().unwrap_or_default();
            let renewed = core.renew_browser_session(cookie, browser.from.clone()).await?;
            Ok(browser.cookies().keep_session(response, renewed.secret.expose()))
        }
        "decline" => {
            core.decline_invitation(&session.caller, organization, id, secret).await?;
            Ok(say("You have declined", "Who invited you can see that."))
        }
        _ => Err(Error::invalid("decision", "unknown", "expected accept or decline").into()),
    }
}
