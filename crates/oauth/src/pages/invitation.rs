//! `/login/invitation`: a person answers an invitation, with the account of its address or with a new one. Looking at the page
//! spends nothing.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tenantry_core::authz::OrganizationRef;
use tenantry_core::browser::BrowserSession;
use tenantry_core::ids::InvitationId;
use tenantry_core::invitation::{InvitationDetail, Newcomer};
use tenantry_core::permission::BuiltinRole;
use tenantry_core::role::Role;
use tenantry_core::{Error, Kind, Result};
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

/// For who has no account yet.
#[derive(Template)]
#[template(path = "join.html")]
struct Join<'a> {
    problem: Option<&'a str>,
    place: String,
    roles: String,
    email: &'a str,
    name: &'a str,
    /// Who is signed in already, and is not who is invited.
    signed_in: Option<&'a str>,
    sign_in: String,
    form_token: String,
    parameters: Vec<(&'static str, &'a str)>,
}

fn place(detail: &InvitationDetail) -> String {
    match &detail.workspace_name {
        Some(workspace) => format!("{workspace} of {}", detail.organization_name),
        None => detail.organization_name.clone(),
    }
}

fn roles(detail: &InvitationDetail) -> String {
    detail.roles.iter().map(called).collect::<Vec<_>>().join(", ")
}

/// What people call a role.
fn called(role: &Role) -> &str {
    match role.builtin {
        None => &role.title,
        Some(BuiltinRole::OrganizationOwner | BuiltinRole::WorkspaceOwner) => "owner",
        Some(BuiltinRole::OrganizationAdmin | BuiltinRole::ServerAdministrator) => "administrator",
        Some(BuiltinRole::OrganizationMember) => "member",
        Some(BuiltinRole::WorkspaceEditor) => "editor",
        Some(BuiltinRole::OrganizationViewer | BuiltinRole::WorkspaceViewer | BuiltinRole::ProjectViewer) => {
            "viewer"
        }
        Some(BuiltinRole::OrganizationBilling) => "billing administrator",
        Some(BuiltinRole::WorkspaceContributor | BuiltinRole::ProjectContributor) => "contributor",
        Some(BuiltinRole::StackAdmin) => "stack administrator",
        Some(BuiltinRole::ProjectAdmin) => "project administrator",
        Some(BuiltinRole::ProjectDeveloper) => "developer",
    }
}

/// Which invitation is meant.
fn named<'a>(find: impl Fn(&str) -> Option<&'a str>) -> Option<(OrganizationRef, InvitationId)> {
    let invitation = InvitationId::parse(find("invitation")?)?;
    Some((OrganizationRef::parse(find("organization")?), invitation))
}

/// As much of an address as its owner needs to know it: `m...@example.org`.
fn masked(email: &str) -> String {
    let (name, domain) = email.rsplit_once('@').unwrap_or((email, ""));
    format!("{}...@{domain}", name.chars().next().unwrap_or_default())
}

/// For who is signed in and is not who is invited, or has no invitation at all, which look alike to who has no secret.
async fn not_theirs(
    served: &Served,
    (browser, session): (&Browser, &BrowserSession),
    parameters: &[(&'static str, &str)],
    refused: Error,
) -> Result<Response> {
    let own = session.person.email.as_deref().unwrap_or(&session.person.username);
    let find = |name: &str| parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let invitee = match (named(find), find("secret")) {
        // A wrong secret is not tried again: it was counted.
        (Some((organization, id)), Some(secret)) if refused.kind != Kind::Invalid => {
            served.core.invitee(organization, (id, secret), &browser.from).await
        }
        _ => Err(refused),
    };
    let message = match invitee {
        Ok(email) => {
            format!(
                "It is for {}, and you are signed in as {own}. Only who has that address can answer it.",
                masked(&email)
            )
        }
        Err(error) if matches!(error.kind, Kind::Invalid | Kind::NotFound) => format!(
            "There is no open invitation here for {own}. If it came to another of your addresses, sign in with the account of that one."
        ),
        Err(error) => return Err(error),
    };
    let onward = sign_in(parameters);
    let page = super::Notice {
        title: "This invitation is not for this account",
        message: &message,
        onward: Some((&onward, "Sign in as somebody else")),
    };
    Ok(show_page(StatusCode::NOT_FOUND, &page, None))
}

fn sign_in(parameters: &[(&'static str, &str)]) -> String {
    let back = format!("/login/invitation?{}", encode_query(parameters.iter().copied()));
    format!("/login?{}", encode_query([("return_to", back.as_str())]))
}

/// What is offered to who is not signed in with the address. Whoever cannot join with a new account, for whatever reason,
/// signs in first, or as somebody else.
async fn show_stranger(
    served: &Served,
    browser: &Browser,
    parameters: &[(&'static str, &str)],
    (status, name, problem): (StatusCode, &str, Option<&str>),
) -> Result<Response> {
    let sign_in = sign_in(parameters);
    let find = |name: &str| parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let offered = match (named(find), find("secret")) {
        (Some((organization, id)), Some(secret)) => {
            served.core.look_at_invitation(organization, (id, secret), &browser.from).await
        }
        _ => Err(Error::not_found("invitation")),
    };
    let offered = match (offered, &browser.session) {
        (Ok(offered), _) => offered,
        (Err(error), session)
            if matches!(
                error.kind,
                Kind::Invalid | Kind::NotFound | Kind::Precondition | Kind::AlreadyExists
            ) =>
        {
            return match session {
                Some(session) => not_theirs(served, (browser, session), parameters, error).await,
                None => go(&sign_in),
            };
        }
        (Err(error), _) => return Err(error),
    };
    let page = Join {
        problem,
        place: place(&offered),
        roles: roles(&offered),
        email: &offered.invitation.email,
        name,
        signed_in: browser.session.as_ref().map(|session| session.person.shown_name()),
        sign_in,
        form_token: browser.form_token(),
        parameters: parameters.to_vec(),
    };
    Ok(browser.keep(show_page(status, &page, None)))
}

/// What is offered: to who is signed in with the address, or to who has no account yet. Nobody else is asked, whoever may
/// see the invitation besides.
pub(crate) async fn show(
    State(served): State<Served>,
    browser: Browser,
    query: Query<Pages>,
) -> Result<Response, Refused<Pages>> {
    let mut parameters = Vec::new();
    for name in PARAMETERS {
        parameters.extend(query.one(name)?.map(|value| (name, value)));
    }
    let find = |name: &str| parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let stranger = (StatusCode::OK, "", None);
    let (Some(session), Some((organization, id))) = (&browser.session, named(find)) else {
        return Ok(show_stranger(&served, &browser, &parameters, stranger).await?);
    };
    let detail = match served.core.get_offer(&session.caller, organization, id, find("secret")).await {
        Ok(detail) if detail.invitation.is_open(served.core.clock().now()) => detail,
        Ok(_) => {
            return Ok(say(
                "This invitation is over",
                "It was answered, withdrawn, or came too long ago. Ask for another one.",
            ));
        }
        Err(error) if error.kind == Kind::Hidden => {
            return Ok(show_stranger(&served, &browser, &parameters, stranger).await?);
        }
        Err(error) => return Err(error.into()),
    };
    let page = Invited {
        place: place(&detail),
        roles: roles(&detail),
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
    if sent.get("decision") == Some("join") {
        return Ok(join(&served, &browser, &sent).await?);
    }
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

/// Makes the account, joins with it, and signs in, in the place of who was signed in before.
async fn join(served: &Served, browser: &Browser, sent: &Form<Pages>) -> Result<Response> {
    let core = &served.core;
    let (organization, id) = named(|name| sent.get(name)).ok_or_else(|| Error::not_found("invitation"))?;
    let (secret, name) = (sent.get("secret").unwrap_or_default(), sent.get("name").unwrap_or_default());
    let password = sent.get("password").unwrap_or_default();
    let new = Newcomer {
        display_name: Some(name.trim().to_owned()).filter(|name| !name.is_empty()),
        password: password.to_owned(),
        from: browser.from.clone(),
    };
    let joined = match core.join(organization, (id, secret), new).await {
        Ok(joined) => joined,
        Err(error) if error.kind == Kind::Invalid => {
            let shown = PARAMETERS.iter().filter_map(|name| Some((*name, sent.get(name)?)));
            let shown: Vec<_> = shown.collect();
            let problem = (StatusCode::BAD_REQUEST, name, Some(error.public()));
            return show_stranger(served, browser, &shown, problem).await;
        }
        Err(error) => return Err(error),
    };
    let before = (browser.from.clone(), browser.cookie.as_deref());
    let issued = core.sign_in_browser(&joined.invitation.email, password, before).await?;
    let response = say("Welcome", &format!("You belong to {} now.", place(&joined)));
    Ok(browser.cookies().keep_session(response, issued.secret.expose()))
}
