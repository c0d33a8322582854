//! A request for every operation.

use serde_json::{Value, json};

use super::{login, teams, zenml, zenml_people};

/// A route and a request that leaves things as they are even where it is allowed: without effect, invalid, or rehearsed.
pub(crate) struct Row {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) query: &'static str,
    pub(crate) body: Option<Value>,
}

impl Row {
    pub(super) fn route(&self) -> &'static str {
        route_of(self.path)
    }
}

/// Custom methods behind a parameter share a route.
pub(crate) fn route_of(path: &str) -> &str {
    path.rfind("}:").map_or(path, |end| &path[..=end])
}

pub(super) const fn row(method: &'static str, path: &'static str) -> Row {
    Row { method, path, query: "", body: None }
}

pub(super) fn with(mut row: Row, query: &'static str, body: Option<Value>) -> Row {
    row.query = query;
    row.body = body;
    row
}

/// A request for every operation.
pub(crate) fn rows() -> Vec<Row> {
    const VALIDATE: &str = "validate_only=true";
    const ORGANIZATIONS: &str = "/api/v1/organizations";
    const ORGANIZATION: &str = "/api/v1/organizations/{organization}";
    const API_KEYS: &str = "/api/v1/organizations/{organization}/apiKeys";
    const API_KEY: &str = "/api/v1/organizations/{organization}/apiKeys/{key}";
    const INVITES: &str = "/api/v1/organizations/{organization}/invites";
    const INVITATION: &str = "/api/v1/organizations/{organization}/invitations/{invitation}";
    const ROLES: &str = "/api/v1/organizations/{organization}/roles";
    const USERS: &str = "/api/v1/organizations/{organization}/users";
    const WORKSPACE_ROLE: &str = "/api/v1/organizations/{organization}/workspaces/{workspace}/roles/{role}";
    const WORKSPACES: &str = "/api/v1/organizations/{organization}/workspaces";
    const WORKSPACE: &str = "/api/v1/organizations/{organization}/workspaces/{workspace}";
    let test_permissions = || Some(json!({"permissions": ["read:Workspace"]}));
    let mut rows = vec![
        with(row("POST", "/api/v1/organizations/{organization}:testPermissions"), "", test_permissions()),
        row("GET", "/api/v1/me"),
        with(row("PATCH", "/api/v1/me"), VALIDATE, Some(json!({}))),
        with(row("POST", "/api/v1/me:changePassword"), "", Some(json!({}))),
        with(row("POST", "/api/v1/me:changeEmail"), "", Some(json!({}))),
        with(row("POST", "/api/v1/me:requestEmailVerification"), VALIDATE, None),
        row("GET", "/api/v1/users"),
        row("GET", "/api/v1/users/{user}"),
        with(row("PATCH", "/api/v1/users/{user}"), VALIDATE, Some(json!({}))),
        with(row("DELETE", "/api/v1/users/{user}"), "validate_only=true&force=true", None),
        with(row("POST", "/api/v1/users/{user}:suspend"), VALIDATE, None),
        with(row("POST", "/api/v1/users/{user}:resume"), VALIDATE, None),
        with(row("POST", "/api/v1/users/{user}:sendActivation"), VALIDATE, None),
        with(row("POST", "/api/v1/users"), VALIDATE, Some(json!({"email": "new@matrix.example"}))),
        row("GET", "/api/v1/me/organizations"),
        row("GET", ORGANIZATIONS),
        with(row("POST", ORGANIZATIONS), VALIDATE, Some(json!({"title": "Matrix"}))),
        row("GET", ORGANIZATION),
        with(row("PATCH", ORGANIZATION), VALIDATE, Some(json!({"title": "Matrix"}))),
        with(row("DELETE", ORGANIZATION), "validate_only=true&force=true", None),
        // Of what is not deleted.
        row("POST", "/api/v1/organizations/{organization}:undelete"),
        with(
            row("POST", "/api/v1/organizations/{organization}:transferOwnership"),
            VALIDATE,
            Some(json!({"user": "{user}"})),
        ),
        row("GET", "/api/v1/organizations/{organization}/preferences"),
        with(row("PATCH", "/api/v1/organizations/{organization}/preferences"), VALIDATE, Some(json!({}))),
        row("GET", "/api/v1/organizations/{organization}/entitlements"),
        row("GET", "/api/v1/organizations/{organization}/entitlements/{feature}"),
        with(
            row("PATCH", "/api/v1/organizations/{organization}/entitlements/{feature}"),
            VALIDATE,
            Some(json!({"limit": 1})),
        ),
        row("GET", API_KEYS),
        with(row("POST", API_KEYS), VALIDATE, Some(json!({"title": "Matrix"}))),
        row("GET", API_KEY),
        with(row("PATCH", API_KEY), VALIDATE, Some(json!({}))),
        with(row("DELETE", API_KEY), VALIDATE, None),
        row("GET", INVITES),
        with(row("POST", INVITES), VALIDATE, Some(json!({"email": "matrix@partner.example"}))),
        with(row("DELETE", "/api/v1/organizations/{organization}/invites/{invitation}"), VALIDATE, None),
        row("GET", INVITATION),
        // Of what is offered to somebody else.
        row("POST", "/api/v1/organizations/{organization}/invitations/{invitation}:accept"),
        row("POST", "/api/v1/organizations/{organization}/invitations/{invitation}:decline"),
        with(
            row("POST", "/api/v1/organizations/{organization}/invitations/{invitation}:resend"),
            VALIDATE,
            Some(json!({})),
        ),
        row("GET", ROLES),
        with(row("POST", ROLES), VALIDATE, Some(json!({"title": "Sextant"}))),
        row("GET", "/api/v1/organizations/{organization}/roles/{role}"),
        with(row("PATCH", "/api/v1/organizations/{organization}/roles/{role}"), VALIDATE, Some(json!({}))),
        with(row("DELETE", "/api/v1/organizations/{organization}/roles/{role}"), VALIDATE, None),
        row("GET", USERS),
        with(row("POST", USERS), "", Some(json!({"user": {}, "roles": []}))),
        row("GET", "/api/v1/organizations/{organization}/users/{user}"),
        with(
            row("PATCH", "/api/v1/organizations/{organization}/users/{user}"),
            "",
            Some(json!({"roles": []})),
        ),
        with(row("DELETE", "/api/v1/organizations/{organization}/users/{user}"), VALIDATE, None),
        row("GET", WORKSPACES),
        with(row("POST", WORKSPACES), VALIDATE, Some(json!({"title": "Matrix"}))),
        with(
            row("POST", "/api/v1/organizations/{organization}/workspaces:countUsers"),
            "",
            Some(json!({"workspace_ids": ["{workspace}"]})),
        ),
        row("GET", WORKSPACE),
        with(row("PATCH", WORKSPACE), VALIDATE, Some(json!({"title": "Matrix"}))),
        with(row("DELETE", WORKSPACE), "validate_only=true&force=true", None),
        // Of what is not deleted.
        row("POST", "/api/v1/organizations/{organization}/workspaces/{workspace}:undelete"),
        with(
            row("POST", "/api/v1/organizations/{organization}/workspaces/{workspace}:testPermissions"),
            "",
            test_permissions(),
        ),
        row("GET", "/api/v1/organizations/{organization}/workspaces/{workspace}/server"),
        with(
            row("POST", "/api/v1/organizations/{organization}/workspaces/{workspace}:reportServer"),
            "validate_only=true",
            Some(json!({"state": "available"})),
        ),
        with(
            row("POST", "/api/v1/organizations/{organization}/workspaces/{workspace}:rotateEnrollmentKey"),
            VALIDATE,
            None,
        ),
        row("GET", "/api/v1/organizations/{organization}/workspaces/{workspace}/preferences"),
        with(
            row("PATCH", "/api/v1/organizations/{organization}/workspaces/{workspace}/preferences"),
            VALIDATE,
            Some(json!({})),
        ),
        row("GET", "/api/v1/organizations/{organization}/workspaces/{workspace}/invites"),
        with(
            row("POST", "/api/v1/organizations/{organization}/workspaces/{workspace}/invites"),
            VALIDATE,
            Some(json!({"email": "matrix@partner.example"})),
        ),
        with(
            row("DELETE", "/api/v1/organizations/{organization}/workspaces/{workspace}/invites/{invitation}"),
            VALIDATE,
            None,
        ),
        row("GET", "/api/v1/organizations/{organization}/workspaces/{workspace}/roles"),
        with(
            row("POST", "/api/v1/organizations/{organization}/workspaces/{workspace}/roles"),
            VALIDATE,
            Some(json!({"title": "Matrix"})),
        ),
        row("GET", WORKSPACE_ROLE),
        with(row("PATCH", WORKSPACE_ROLE), VALIDATE, Some(json!({}))),
        with(row("DELETE", WORKSPACE_ROLE), VALIDATE, None),
        row("GET", "/api/v1/organizations/{organization}/workspaces/{workspace}/users/{user}"),
        row("GET", "/api/v1/organizations/{organization}/workspaces/{workspace}/users"),
        with(
            row("POST", "/api/v1/organizations/{organization}/workspaces/{workspace}/users"),
            "",
            Some(json!({"user": {}, "roles": []})),
        ),
        with(
            row("PATCH", "/api/v1/organizations/{organization}/workspaces/{workspace}/users/{user}"),
            "",
            Some(json!({"roles": []})),
        ),
        with(
            row("DELETE", "/api/v1/organizations/{organization}/workspaces/{workspace}/users/{user}"),
            VALIDATE,
            None,
        ),
        row("GET", "/api/v1/me/organizations/{organization}/workspaces"),
        row("GET", "/workspace/orgs/{org_id}/workspaces"),
        row("POST", "/connect/token"),
        row("GET", "/api/v1/org/{org}/ws"),
        row("GET", "/organizations"),
        with(row("POST", "/organizations"), "", Some(json!({}))),
        row("GET", "/organizations/{organization}"),
        with(row("PATCH", "/organizations/{organization}"), "", Some(json!({}))),
        row("POST", "/auth/login"),
        row("GET", "/.well-known/openid-configuration"),
        row("GET", "/.well-known/oauth-authorization-server"),
        row("GET", "/oauth2/jwks"),
        row("POST", "/oauth2/token"),
        row("POST", "/oauth2/device_authorization"),
        row("POST", "/oauth2/introspect"),
        row("POST", "/oauth2/revoke"),
        row("GET", "/oauth2/userinfo"),
        row("POST", "/oauth2/userinfo"),
        row("GET", "/oauth2/register"),
        with(row("POST", "/oauth2/register"), "", Some(json!({"client_name": "Matrix"}))),
        row("GET", "/oauth2/register/{client_id}"),
        row("DELETE", "/oauth2/register/{client_id}"),
        row("GET", "/oauth2/authorize"),
        row("POST", "/oauth2/authorize"),
        row("GET", "/oauth2/logout"),
        row("POST", "/oauth2/logout"),
        row("GET", "/login"),
        row("POST", "/login"),
        row("GET", "/login/account"),
        row("POST", "/login/account"),
        row("GET", "/login/device"),
        row("POST", "/login/device"),
        row("GET", "/login/invitation"),
        row("POST", "/login/invitation"),
        row("GET", "/login/reset"),
        row("POST", "/login/reset"),
        row("GET", "/login/activate"),
        row("POST", "/login/activate"),
        row("GET", "/login/verify"),
        row("POST", "/login/verify"),
        row("GET", "/login/style.css"),
    ];
    rows.extend(login::rows());
    rows.extend(zenml::rows());
    rows.extend(teams::rows());
    rows.extend(zenml_people::rows());
    // Last, since they have no way to leave things as they are.
    rows.extend(zenml::last());
    rows.extend(zenml_people::last_rows());
    rows.push(row("DELETE", "/organizations/{organization}"));
    rows.extend(zenml_people::very_last_rows());
    // Signing out leaves personal tokens alone, and ends the machine's.
    rows.extend([row("POST", "/auth/logout"), row("POST", "/api/v1/auth/logout")]);
    rows
}
