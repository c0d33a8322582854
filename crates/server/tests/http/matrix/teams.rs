//! Rows of teams and role assignments in the AIP dialect.

use serde_json::json;

use super::rows::{Row, row, with};

pub(super) fn rows() -> Vec<Row> {
    const VALIDATE: &str = "validate_only=true";
    const TEAMS: &str = "/api/v1/organizations/{organization}/teams";
    const TEAM: &str = "/api/v1/organizations/{organization}/teams/{team}";
    const MEMBERS: &str = "/api/v1/organizations/{organization}/teams/{team}/members";
    const MEMBER: &str = "/api/v1/organizations/{organization}/teams/{team}/members/{member}";
    const HERE: &str = "/api/v1/organizations/{organization}/roleAssignments";
    const ONE_HERE: &str = "/api/v1/organizations/{organization}/roleAssignments/{assignment}";
    const THERE: &str = "/api/v1/organizations/{organization}/workspaces/{workspace}/roleAssignments";
    const ONE_THERE: &str =
        "/api/v1/organizations/{organization}/workspaces/{workspace}/roleAssignments/{assignment}";
    let given = |role: &str| Some(json!({"role": role, "member": "teams/{team}"}));
    vec![
        row("GET", TEAMS),
        with(row("POST", TEAMS), VALIDATE, Some(json!({"title": "Sextant"}))),
        row("GET", TEAM),
        with(row("PATCH", TEAM), VALIDATE, Some(json!({}))),
        with(row("DELETE", TEAM), VALIDATE, None),
        row("GET", MEMBERS),
        with(row("POST", MEMBERS), VALIDATE, Some(json!({"member": "invitations/{invitation}"}))),
        row("GET", MEMBER),
        with(row("DELETE", MEMBER), VALIDATE, None),
        row("GET", HERE),
        with(row("POST", HERE), VALIDATE, given("member")),
        row("GET", ONE_HERE),
        with(row("DELETE", ONE_HERE), VALIDATE, None),
        row("GET", THERE),
        with(row("POST", THERE), VALIDATE, given("workspace-viewer")),
        row("GET", ONE_THERE),
        with(row("DELETE", ONE_THERE), VALIDATE, None),
    ]
}
