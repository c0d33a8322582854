//! Rows of people and their rights in the ZenML dialect. It knows no rehearsal, so what changes something names what is not
//! there (a role where a user belongs), or is refused for what is in it.

use serde_json::json;

use super::rows::{Row, row, with};

const USER: &str = "/users/{user}";
const MEMBERS: &str = "/organizations/{organization}/members";
const ROLE: &str = "/roles/{role}";
const ASSIGNMENTS: &str = "/roles/{role}/assignments";
const TEAM: &str = "/teams/{team}";
const TEAM_MEMBERS: &str = "/teams/{team}/members";
const INVITATIONS: &str = "/organizations/{organization}/invitations";
const INVITATION: &str = "/organizations/{organization}/invitations/{invitation}";
const OWN_INVITATION: &str = "/invitations/{invitation}";
const ACCOUNTS: &str = "/organizations/{organization}/service_accounts";
const ACCOUNT: &str = "/organizations/{organization}/service_accounts/{account}";
const ACCOUNT_KEYS: &str = "/organizations/{organization}/service_accounts/{account}/api_keys";
const ACCOUNT_KEY: &str = "/organizations/{organization}/service_accounts/{account}/api_keys/{key}";
const ROTATE_ACCOUNT_KEY: &str =
    "/organizations/{organization}/service_accounts/{account}/api_keys/{key}/rotate";
const NO_USER: &str = "user_id={role}";

pub(super) fn rows() -> Vec<Row> {
    let nameless = || Some(json!({"name": "", "organization_id": "{organization}"}));
    let mut rows = vec![
        row("GET", "/users"),
        with(row("POST", "/users"), "email=nobody", None),
        row("GET", "/users/me"),
        with(row("PATCH", "/users/me"), "", Some(json!({}))),
        row("GET", USER),
        with(row("PATCH", USER), "", Some(json!({}))),
        row("GET", "/users/me/api_keys"),
        with(row("POST", "/users/me/api_keys"), "", Some(json!({"name": ""}))),
        with(row("PATCH", "/users/me/api_keys/{key}"), "", Some(json!({}))),
        row("GET", MEMBERS),
        with(row("DELETE", MEMBERS), NO_USER, None),
    ];
    for path in ["/workspaces/{workspace}/members", "/tenants/{workspace}/members"] {
        rows.extend([
            row("GET", path),
            with(row("POST", path), "user_id={user}&role_id={role}", None),
            with(row("DELETE", path), NO_USER, None),
        ]);
    }
    rows.extend([
        row("GET", ACCOUNTS),
        with(row("POST", ACCOUNTS), "", Some(json!({"username": ""}))),
        row("GET", ACCOUNT),
        with(row("PATCH", ACCOUNT), "", Some(json!({"username": ""}))),
        row("GET", ACCOUNT_KEYS),
        with(row("POST", ACCOUNT_KEYS), "", Some(json!({"name": ""}))),
        with(row("PATCH", ACCOUNT_KEY), "", Some(json!({}))),
        with(row("POST", ROTATE_ACCOUNT_KEY), "", Some(json!({"retain_period_minutes": -1}))),
        row("GET", "/organizations/{organization}/roles"),
        row("GET", "/permissions"),
        with(row("POST", "/roles"), "", nameless()),
        row("GET", ROLE),
        with(row("PATCH", ROLE), "", Some(json!({"name": ""}))),
        row("GET", ASSIGNMENTS),
        with(row("POST", ASSIGNMENTS), NO_USER, None),
        with(row("DELETE", ASSIGNMENTS), NO_USER, None),
        row("GET", "/organizations/{organization}/teams"),
        with(row("POST", "/teams"), "", nameless()),
        row("GET", TEAM),
        with(row("PATCH", TEAM), "", Some(json!({"name": ""}))),
        row("GET", TEAM_MEMBERS),
        with(row("POST", TEAM_MEMBERS), NO_USER, None),
        with(row("DELETE", TEAM_MEMBERS), NO_USER, None),
        row("GET", INVITATIONS),
        with(row("POST", INVITATIONS), "", Some(json!({"email": "nobody", "role_id": "{role}"}))),
        row("GET", "/invitations"),
        row("GET", OWN_INVITATION),
        // Of what is offered to somebody else.
        with(row("POST", OWN_INVITATION), "accept=True", None),
    ]);
    rows
}

/// What has no way to leave things as they are.
pub(super) fn last_rows() -> Vec<Row> {
    vec![
        row("DELETE", "/users/me/api_keys/{key}"),
        row("DELETE", ACCOUNT_KEY),
        row("DELETE", ACCOUNT),
        row("DELETE", INVITATION),
        row("DELETE", TEAM),
        row("DELETE", ROLE),
    ]
}

/// What somebody does not survive.
pub(super) fn very_last_rows() -> Vec<Row> {
    vec![row("DELETE", USER)]
}
