//! What the dialect answers before the database is asked, and when it cannot be.

use axum::http::HeaderMap;
use serde_json::{Value, json};
use tenantry_core::credential::{Secret, TokenKind};
use tenantry_http::{Limits, Served};
use tenantry_testkit::answer::ask;
use tenantry_testkit::away::Away;

const LIST: &str = "/api/v1/org/acme/ws";

async fn send(method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, Value, HeaderMap) {
    let served = Served::new(Away::core(), "https://tenantry.example", Limits::default());
    let answer = ask(tenantry_api_dreadnode::router(served), method, path, headers, "").await;
    (answer.status, answer.json(), answer.headers)
}

fn envelope(code: u16, word: &str, detail: &str) -> Value {
    json!({"code": code, "type": word, "detail": detail})
}

#[tokio::test]
async fn refusals_have_the_envelope() {
    let nothing = envelope(404, "not_found_error", "Not found");
    let method = envelope(405, "invalid_error", "Method not allowed");
    let required = envelope(401, "authentication_error", "Authentication failed");
    for (method, path, expected) in [
        ("GET", "/api", &nothing),
        ("GET", "/api/v1", &nothing),
        ("GET", "/api/v1/org/acme/ws/", &nothing),
        ("POST", "/api/v2/org/acme/ws", &nothing),
        ("DELETE", LIST, &method),
        ("GET", LIST, &required),
        ("GET", &format!("{LIST}?page=0"), &required),
    ] {
        let (status, body, headers) = send(method, path, &[]).await;
        assert_eq!((&body, u64::from(status)), (expected, expected["code"].as_u64().unwrap()), "{path}");
        assert_eq!(headers["content-type"], "application/json");
        let challenge = headers.get("www-authenticate").map(|value| value.to_str().unwrap());
        assert_eq!(challenge, (status == 401).then_some("Bearer"));
    }
}

#[tokio::test]
async fn every_bad_credential_is_answered_alike() {
    for (name, value) in [
        ("x-api-key", "nonsense"),
        ("x-api-key", ""),
        ("authorization", "Bearer nonsense"),
        ("authorization", "Basic YTpi"),
    ] {
        let (status, body, _) = send("GET", LIST, &[(name, value)]).await;
        assert_eq!(status, 401);
        assert_eq!(body, envelope(401, "authentication_error", "Authentication failed"), "{name}: {value}");
    }
}

/// The published list of statuses has no 503.
#[tokio::test]
async fn an_absent_database_is_a_bad_gateway_without_its_cause() {
    let secret = Secret::random(TokenKind::PersonalAccess, &Away);
    let (status, body, headers) = send("GET", LIST, &[("x-api-key", secret.expose())]).await;
    let detail = "The server is busy or its database is away, try again";
    assert_eq!((status, body), (502, envelope(502, "database_error", detail)));
    assert_eq!(headers["retry-after"], "1");
}
