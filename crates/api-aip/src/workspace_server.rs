//! The server behind a workspace: a singleton (AIP-156) that tells where its lifecycle stands, and the key of one that
//! somebody else runs.

use axum::http::Method;
use serde_json::{Map, Value, json};
use tenantry_core::authz::{OrganizationRef, View, WorkspaceRef};
use tenantry_core::credential::{OVERLAP_SECONDS_MAX, Rotation};
use tenantry_core::permission::Permission;
use tenantry_core::text::web_address;
use tenantry_core::workspace::{EnrolledWorkspace, State, StatusReport, WorkspaceDetail};
use tenantry_core::{Core, Error, Result};
use tenantry_http::Routes;

use crate::args::{judged_in_workspace, target};
use crate::body::Members;
use crate::change::{Change, Terms};
use crate::message::{Field, Kind, Message};
use crate::names;
use crate::own::{ROTATION, object, seconds, time, with_secret};
use crate::read::Read;
use crate::resource::Answer;

pub(crate) const WORKSPACE_SERVER: Message = Message {
    name: "WorkspaceServer",
    fields: &[
        Field::output("name", Kind::Name, "The name of the workspace, then `/server`."),
        Field::output("enrolled", Kind::Flag, "Whether somebody else runs it, who comes in with a key."),
        Field::output("client_id", Kind::Uuid, "With what it signs in, beside its key.").sometimes(),
        Field::output("state", Kind::Word, "What it is, such as `available`."),
        Field::output("state_reason", Kind::Word, "Why it is that, such as `user_action`."),
        Field::output("state_time", Kind::Time, "Since when."),
        Field::output("desired_state", Kind::Word, "What it is to become."),
        Field::output("generation", Kind::Count, "Raised by every wish."),
        Field::output("observed_generation", Kind::Count, "The wish that was answered last."),
        Field::output("secret", Kind::Word, "The key of an enrolled one. It is told this once.").once(),
    ],
};

/// What who runs a server says of it.
pub(crate) const SERVER_REPORT: Message = Message {
    name: "ServerReport",
    fields: &[
        Field::required("state", Kind::Choice(states), "What it is now."),
        Field::optional(
            "generation",
            Kind::Number(1, GENERATION_MAX),
            "The wish that this answers, the last one unless said. One older than what was answered is refused.",
        ),
        Field::optional("server_url", Kind::Text(URL_MAX), "Where it is reached; left as it is unless said."),
    ],
};
const URL_MAX: usize = 2083;
/// What every reader of JSON takes as a whole number.
const GENERATION_MAX: u64 = 1 << 53;

fn states() -> Vec<String> {
    State::ALL.iter().map(|state| state.word().to_owned()).collect()
}

/// The route of it. Its key is exchanged, and its state reported, by custom methods of the workspace.
pub(crate) fn routes(routes: Routes) -> Routes {
    const SERVER: &str = "/api/v1/organizations/{organization}/workspaces/{workspace}/server";
    use crate::openapi::workspace_server as told;
    routes.route(Method::GET, SERVER, get_workspace_server, told::get_workspace_server())
}

/// `GET .../workspaces/{workspace}/server`.
pub(crate) async fn get_workspace_server(read: Read<2>) -> Answer {
    let target = target(&read.path[0], &read.path[1]);
    let needed = Permission::ReadWorkspace;
    let shown = read.fields(&WORKSPACE_SERVER);
    let shown = judged_in_workspace(&read.core, &read.caller, &target, needed, shown).await?;
    let found = read.core.get_workspace(&read.caller, target, View::Both).await?;
    Ok(shown.answer(write(&found)))
}

/// `POST .../workspaces/{workspace}:rotateEnrollmentKey`: another key for its server, which is shown this once.
pub(crate) async fn rotate_enrollment_key(
    change: &Change<2>,
    target: (OrganizationRef, WorkspaceRef),
) -> Answer {
    let read = || -> Result<(i64, Terms)> {
        let none = Value::Object(Map::new());
        let body = if change.body.is_null() { &none } else { &change.body };
        let members = Members::of(&ROTATION, body)?;
        let overlap = members.text("overlap")?.filter(|text| !text.is_empty());
        let overlap = overlap.map_or(Ok(0), |text| seconds("overlap", text, OVERLAP_SECONDS_MAX))?;
        Ok((overlap, change.terms_without_version()?))
    };
    let needed = Permission::UpdateWorkspace;
    let (overlap_seconds, terms) =
        judged_in_workspace(&change.core, &change.caller, &target, needed, read()).await?;
    let work = async move |core: Core, caller| {
        let rotation = Rotation { overlap_seconds, expected_version: None };
        core.rotate_enrollment_key(&caller, target, rotation).await
    };
    let keep = |made: &EnrolledWorkspace| write(&made.detail);
    let show = |made: EnrolledWorkspace| with_secret(write(&made.detail), &made.key);
    change.make_with_secret(terms, keep, show, work).await
}

/// `POST .../workspaces/{workspace}:reportServer`: what the server is now, told by who runs it; so a wish is answered. One that
/// is enrolled reports itself.
pub(crate) async fn report_server(change: &Change<2>, target: (OrganizationRef, WorkspaceRef)) -> Answer {
    let read = || -> Result<(StatusReport, Terms)> {
        let members = Members::of(&SERVER_REPORT, &change.body)?;
        let state = members.text("state")?.and_then(State::from_word).ok_or_else(|| {
            Error::invalid("state", "choice", format!("expected one of {}", states().join(", ")))
        })?;
        let generation = members.get("generation").filter(|value| !value.is_null()).map(|value| {
            let number = value.as_i64().filter(|number| *number > 0);
            number.ok_or_else(|| Error::invalid("generation", "range", "expected a whole number, 1 or more"))
        });
        let url = members.text("server_url")?.filter(|url| !url.is_empty());
        let url = url.map(|url| web_address("server_url", url)).transpose()?;
        let report = StatusReport {
            status: Some(state),
            generation: generation.transpose()?,
            zenml_status: url.map(|url| json!({ "server_url": url }).to_string()),
            ..StatusReport::default()
        };
        Ok((report, change.terms_without_version()?))
    };
    let needed = Permission::OperateWorkspace;
    let (report, terms) = judged_in_workspace(&change.core, &change.caller, &target, needed, read()).await?;
    let work = async move |core: Core, caller| core.report_workspace_status(&caller, target, report).await;
    change.make(terms, write, work).await
}

fn write(detail: &WorkspaceDetail) -> Value {
    let workspace = &detail.seen.workspace;
    let lifecycle = &workspace.lifecycle;
    let enrolled = workspace.details.is_enrolled;
    object([
        ("name", Some(format!("{}/server", names::workspace(workspace.organization, workspace.id)).into())),
        ("enrolled", Some(enrolled.into())),
        ("client_id", enrolled.then(|| workspace.id.to_string().into())),
        ("state", Some(workspace.status().word().into())),
        ("state_reason", Some(lifecycle.reason.as_str().into())),
        ("state_time", Some(time(lifecycle.changed_at))),
        ("desired_state", Some(workspace.desired_state().word().into())),
        ("generation", Some(lifecycle.generation.into())),
        ("observed_generation", Some(lifecycle.observed_generation.into())),
    ])
}
