//! Rows of the routes by which people and programs come to tokens, and by which they look after what they have.

use serde_json::json;

use super::{Row, row, with};

pub(super) fn rows() -> Vec<Row> {
    const API_KEYS: &str = "/api/v1/user/api-keys";
    const DEVICE: &str = "/devices/{device}";
    // No device shows it.
    let code = || Some(json!({"user_code": "BCDFG-HJKLM"}));
    vec![
        row("POST", "/auth/device_authorization"),
        row("GET", "/auth/connections"),
        row("GET", "/auth/authorize"),
        row("GET", "/auth/callback"),
        // The tokens of the matrix are personal ones, which signing out leaves alone.
        row("POST", "/auth/logout"),
        row("GET", "/auth/api_token"),
        row("POST", "/auth/tenant_authorization/{workspace}"),
        row("POST", "/auth/workspace_authorization/{workspace}"),
        row("GET", "/devices"),
        with(row("PUT", "/devices/verify"), "", code()),
        row("GET", DEVICE),
        with(row("PUT", DEVICE), "", Some(json!({}))),
        row("DELETE", DEVICE),
        row("GET", "/connect/authorize"),
        row("POST", "/api/v1/auth/login"),
        row("POST", "/api/v1/auth/logout"),
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
        row("DELETE", "/api/v1/user/api-keys/{api_key_id}"),
    ]
}
