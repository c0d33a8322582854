//! Rows of ZenML's workspaces, and of what the servers behind them ask and tell.

use serde_json::json;

use super::rows::{Row, row, with};

pub(super) fn rows() -> Vec<Row> {
    const ASKED: &str = "user_id={user}&action=read&resource=stack";
    let mut rows = Vec::new();
    for (many, one, named, status, deploy, deactivate, of_organization, validation) in [
        (
            "/workspaces",
            "/workspaces/{workspace}",
            "/organizations/{organization}/workspace/{workspace}",
            "/workspace_status",
            "/workspaces/{workspace}/deploy",
            "/workspaces/{workspace}/deactivate",
            "/organizations/{organization}/workspaces",
            "/organizations/{organization}/validation/workspace_name/{name}",
        ),
        (
            "/tenants",
            "/tenants/{workspace}",
            "/organizations/{organization}/tenant/{workspace}",
            "/tenant_status",
            "/tenants/{workspace}/deploy",
            "/tenants/{workspace}/deactivate",
            "/organizations/{organization}/tenants",
            "/organizations/{organization}/validation/tenant_name/{name}",
        ),
    ] {
        rows.extend([
            with(row("GET", many), "organization_id={organization}&workspace_id={workspace}", None),
            // No workspace can have this id.
            with(
                row("POST", many),
                "",
                Some(json!({
                    "name": "Matrix", "organization_id": "{organization}", "id": "00000000-0000-0000-0000-000000000000"
                })),
            ),
            row("GET", one),
            with(row("PATCH", one), "", Some(json!({}))),
            row("PATCH", status),
            row("GET", named),
            row("GET", validation),
        ]);
        rows.push(row("GET", of_organization));
        // The second undoes what the first does.
        rows.extend([row("PATCH", deactivate), row("PATCH", deploy)]);
    }
    rows.extend([
        with(row("POST", "/rbac/check_permissions"), ASKED, Some(json!(["stack"]))),
        with(row("GET", "/rbac/check_permissions"), ASKED, None),
        with(row("GET", "/rbac/allowed_resource_ids"), ASKED, None),
        with(row("GET", "/rbac/resource_members"), "resource=stack/{role}", None),
        with(
            row("POST", "/rbac/resource_members"),
            "",
            Some(json!({
                "user_id": "{user}", "sharing_user_id": "{user}", "resource": "stack/{role}", "actions": ["read"]
            })),
        ),
        with(row("DELETE", "/rbac/resources"), "resources=stack/{role}", None),
        with(row("GET", "/users/authorize_server"), "server_id={workspace}", None),
        row("GET", "/organizations/{organization}/entitlement/{feature}"),
        row("GET", "/organizations/{organization}/trial"),
        with(
            row("POST", "/usage-event"),
            "",
            Some(json!({"organization_id": "{organization}", "feature": "pipeline", "total": 1})),
        ),
        with(row("POST", "/usage-batch"), "", Some(json!([]))),
        row("GET", "/organizations/validation/name/{name}"),
        row("GET", "/health"),
        row("GET", "/server/info"),
        row("GET", "/releases"),
        row("GET", "/releases/{service}"),
    ]);
    rows
}

/// What cannot be undone comes last.
pub(super) fn last() -> Vec<Row> {
    const NAMED: &str = "workspace_id={workspace}";
    vec![
        row("DELETE", "/workspaces/{workspace}"),
        row("DELETE", "/tenants/{workspace}"),
        with(row("DELETE", "/workspaces"), NAMED, None),
        with(row("DELETE", "/tenants"), NAMED, None),
    ]
}
