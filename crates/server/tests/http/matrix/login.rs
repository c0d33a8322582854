//! Rows of the routes by which people and programs come to tokens, and by which they look after what they have.

use serde_json::json;

use super::rows::{Row, row, with};

pub(super) fn rows() -> Vec<Row> {
    const API_KEYS: &str = "/api/v1/user/api-keys";
    const ACCOUNTS: &str = "/api/v1/organizations/{organization}/serviceAccounts";
    const ACCOUNT: &str = "/api/v1/organizations/{organization}/serviceAccounts/{account}";
    const ACCOUNT_KEYS: &str = "/api/v1/organizations/{organization}/serviceAccounts/{account}/apiKeys";
    const ACCOUNT_KEY: &str = "/api/v1/organizations/{organization}/serviceAccounts/{account}/apiKeys/{key}";
    const CLIENT: &str = "/api/v1/organizations/{organization}/serviceAccounts/{account}/clients/{client}";
    const CLIENTS: &str = "/api/v1/organizations/{organization}/serviceAccounts/{account}/clients";
    const ISSUERS: &str = "/api/v1/organizations/{organization}/issuers";
    const ISSUER: &str = "/api/v1/organizations/{organization}/issuers/{issuer}";
    const VALIDATE: &str = "validate_only=true";
    const TOKEN: &str = "/api/v1/me/tokens/{token}";
    const DEVICE: &str = "/devices/{device}";
    // No device shows it.
    let code = || Some(json!({"user_code": "BCDFG-HJKLM"}));
    let issuer = || {
        let url = "https://matrix.example";
        Some(json!({"url": url, "title": "Matrix", "client_id": "matrix", "client_secret": "matrix"}))
    };
    vec![
        row("POST", "/auth/device_authorization"),
        // Of an issuer that nobody trusts, and an answer that nobody waits for.
        with(row("GET", "/login/issuer"), "issuer=0190b0a0-0000-7000-8000-0000000000aa", None),
        row("GET", "/login/issuer/callback"),
        row("GET", "/auth/connections"),
        row("GET", "/auth/authorize"),
        row("GET", "/auth/callback"),
        row("GET", "/auth/api_token"),
        row("POST", "/auth/tenant_authorization/{workspace}"),
        row("POST", "/auth/workspace_authorization/{workspace}"),
        row("GET", "/devices"),
        with(row("PUT", "/devices/verify"), "", code()),
        row("GET", DEVICE),
        with(row("PUT", DEVICE), "", Some(json!({}))),
        row("GET", "/connect/authorize"),
        row("POST", "/api/v1/auth/login"),
        with(row("POST", "/api/v1/auth/refresh"), "", Some(json!({}))),
        row("POST", "/api/v1/auth/device/code"),
        // Nobody has begun it.
        row("GET", "/api/v1/auth/device/code/{device_code}"),
        with(row("POST", "/api/v1/auth/device/token"), "", Some(json!({"device_code": "x"}))),
        row("GET", "/api/v1/user"),
        row("GET", "/api/v1/user/organizations"),
        row("GET", API_KEYS),
        with(row("POST", API_KEYS), "", Some(json!({"allowed_scopes": ["x"]}))),
        // None of the tokens of the matrix may end itself.
        row("DELETE", "/api/v1/user/api-keys/self"),
        row("GET", "/api/v1/me/tokens"),
        with(row("POST", "/api/v1/me/tokens"), VALIDATE, Some(json!({"title": "Matrix"}))),
        row("GET", TOKEN),
        with(row("PATCH", TOKEN), VALIDATE, Some(json!({}))),
        with(row("DELETE", TOKEN), VALIDATE, None),
        with(row("POST", "/api/v1/me/tokens/{token}:rotate"), VALIDATE, None),
        row("GET", "/api/v1/me/devices"),
        with(row("POST", "/api/v1/me/devices:approve"), VALIDATE, code()),
        with(row("POST", "/api/v1/me/devices:deny"), VALIDATE, code()),
        row("GET", "/api/v1/me/devices/{device}"),
        with(row("PATCH", "/api/v1/me/devices/{device}"), VALIDATE, Some(json!({}))),
        with(row("DELETE", "/api/v1/me/devices/{device}"), VALIDATE, None),
        row("GET", "/api/v1/me/sessions"),
        with(row("POST", "/api/v1/me/sessions:endOthers"), VALIDATE, None),
        with(row("DELETE", "/api/v1/me/sessions/{session}"), VALIDATE, None),
        row("GET", "/api/v1/me/authorizations"),
        row("GET", "/api/v1/me/authorizations/{authorization}"),
        with(row("DELETE", "/api/v1/me/authorizations/{authorization}"), VALIDATE, None),
        row("GET", ACCOUNTS),
        with(row("POST", ACCOUNTS), VALIDATE, Some(json!({"title": "matrix-2"}))),
        row("GET", ACCOUNT),
        with(row("PATCH", ACCOUNT), VALIDATE, Some(json!({}))),
        with(row("DELETE", ACCOUNT), "validate_only=true&force=true", None),
        with(
            row("POST", "/api/v1/organizations/{organization}/serviceAccounts/{account}:suspend"),
            VALIDATE,
            None,
        ),
        with(
            row("POST", "/api/v1/organizations/{organization}/serviceAccounts/{account}:resume"),
            VALIDATE,
            None,
        ),
        row("GET", ACCOUNT_KEYS),
        with(row("POST", ACCOUNT_KEYS), VALIDATE, Some(json!({"title": "Matrix"}))),
        row("GET", ACCOUNT_KEY),
        with(row("PATCH", ACCOUNT_KEY), VALIDATE, Some(json!({}))),
        with(row("DELETE", ACCOUNT_KEY), VALIDATE, None),
        with(
            row(
                "POST",
                "/api/v1/organizations/{organization}/serviceAccounts/{account}/apiKeys/{key}:rotate",
            ),
            VALIDATE,
            None,
        ),
        row("GET", CLIENTS),
        with(row("POST", CLIENTS), VALIDATE, Some(json!({"title": "Matrix"}))),
        row("GET", CLIENT),
        with(row("PATCH", CLIENT), VALIDATE, Some(json!({}))),
        with(row("DELETE", CLIENT), VALIDATE, None),
        with(
            row(
                "POST",
                "/api/v1/organizations/{organization}/serviceAccounts/{account}/clients/{client}:rotate",
            ),
            VALIDATE,
            None,
        ),
        row("GET", "/api/v1/issuers"),
        with(row("POST", "/api/v1/issuers"), VALIDATE, issuer()),
        row("GET", "/api/v1/issuers/{issuer}"),
        with(row("PATCH", "/api/v1/issuers/{issuer}"), VALIDATE, Some(json!({}))),
        with(row("DELETE", "/api/v1/issuers/{issuer}"), VALIDATE, None),
        row("GET", ISSUERS),
        with(row("POST", ISSUERS), VALIDATE, issuer()),
        row("GET", ISSUER),
        with(row("PATCH", ISSUER), VALIDATE, Some(json!({}))),
        with(row("DELETE", ISSUER), VALIDATE, None),
        row("DELETE", DEVICE),
        row("DELETE", "/api/v1/user/api-keys/{api_key_id}"),
    ]
}
