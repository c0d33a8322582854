//! What each kind of refusal looks like, to the last byte, and what is answered when the database is away.

use axum::body::to_bytes;
use serde_json::{Value, json};
use tenantry_api_aip::{Aip, PageTokens, router};
use tenantry_core::credential::{Secret, TokenKind};
use tenantry_core::{Error, Kind};
use tenantry_http::{Dialect, Limits, Refusal, Served};
use tenantry_testkit::answer::ask;
use tenantry_testkit::away::Away;

/// The status and when to come back, then the body.
async fn said(refusal: Refusal) -> String {
    let response = Aip::refuse(&refusal);
    let (status, headers) = (response.status(), response.headers().clone());
    assert_eq!(headers["content-type"], "application/json");
    let retry = headers.get("retry-after").map(|after| format!(" retry-after: {after:?}"));
    let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body that is there already");
    format!("{}{}\n{}", status.as_u16(), retry.unwrap_or_default(), String::from_utf8_lossy(&body))
}

async fn core(kind: Kind, reason: &'static str, public: &'static str) -> String {
    said(Refusal::Core(Error::new(kind, reason, public))).await
}

#[tokio::test]
async fn what_is_in_the_way() {
    insta::assert_snapshot!(core(Kind::AlreadyExists, "workspace.name_taken", "the name is taken").await, @r#"
    409
    {"code":6,"message":"the name is taken","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"WORKSPACE_NAME_TAKEN","domain":"tenantry","metadata":{}}]}
    "#);
    insta::assert_snapshot!(core(Kind::Precondition, "workspace.default", "the default workspace cannot be deleted").await, @r#"
    400
    {"code":9,"message":"the default workspace cannot be deleted","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"WORKSPACE_DEFAULT","domain":"tenantry","metadata":{}}]}
    "#);
    insta::assert_snapshot!(core(Kind::Conflict, "workspace.stale", "it was changed meanwhile").await, @r#"
    409
    {"code":10,"message":"it was changed meanwhile","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"WORKSPACE_STALE","domain":"tenantry","metadata":{}}]}
    "#);
    insta::assert_snapshot!(core(Kind::Conflict, "if_match.stale", "it was changed meanwhile").await, @r#"
    412
    {"code":10,"message":"it was changed meanwhile","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"IF_MATCH_STALE","domain":"tenantry","metadata":{}}]}
    "#);
    insta::assert_snapshot!(core(Kind::Gone, "target.gone", "it was deleted").await, @r#"
    404
    {"code":5,"message":"it was deleted","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"TARGET_GONE","domain":"tenantry","metadata":{}}]}
    "#);
    insta::assert_snapshot!(core(Kind::Unsupported, "server.unsupported", "this server has none").await, @r#"
    501
    {"code":12,"message":"this server has none","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVER_UNSUPPORTED","domain":"tenantry","metadata":{}}]}
    "#);
}

#[tokio::test]
async fn what_is_too_much() {
    insta::assert_snapshot!(core(Kind::LimitReached, "api_key.limit", "expected at most ten keys").await, @r#"
    429
    {"code":8,"message":"expected at most ten keys","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_LIMIT","domain":"tenantry","metadata":{}}]}
    "#);
    insta::assert_snapshot!(core(Kind::RateLimited, "sign_in.too_often", "too many attempts").await, @r#"
    429 retry-after: "1"
    {"code":8,"message":"too many attempts","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SIGN_IN_TOO_OFTEN","domain":"tenantry","metadata":{}},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retry_delay":"1s"}]}
    "#);
}

#[tokio::test]
async fn what_takes_too_long() {
    insta::assert_snapshot!(said(Refusal::BodyTimeout).await, @r#"
    408
    {"code":4,"message":"the body did not come in time","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"BODY_TIMEOUT","domain":"tenantry","metadata":{}}]}
    "#);
    insta::assert_snapshot!(said(Refusal::Timeout).await, @r#"
    504
    {"code":4,"message":"the request took too long","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"REQUEST_TIMEOUT","domain":"tenantry","metadata":{}}]}
    "#);
}

/// The cause is for the log alone.
#[tokio::test]
async fn what_is_our_fault() {
    let panicked = said(Refusal::Panicked { message: Away::CAUSE.to_owned() }).await;
    assert_eq!(panicked, said(Refusal::Core(Error::internal(Away::CAUSE))).await);
    insta::assert_snapshot!(panicked, @r#"
    500
    {"code":13,"message":"the server failed to handle the request","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVER_INTERNAL","domain":"tenantry","metadata":{}}]}
    "#);
    insta::assert_snapshot!(said(Refusal::Core(Error::unavailable(Away::CAUSE))).await, @r#"
    503 retry-after: "1"
    {"code":14,"message":"the server is busy or its database is away, try again","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"STORE_UNAVAILABLE","domain":"tenantry","metadata":{}},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retry_delay":"1s"}]}
    "#);
}

#[tokio::test]
async fn an_absent_database_is_unavailable_without_its_cause() {
    let secret = Secret::random(TokenKind::PersonalAccess, &Away);
    let bearer = format!("Bearer {}", secret.expose());
    for (method, path, body) in [
        ("GET", "/api/v1/me", ""),
        ("GET", "/api/v1/organizations/northwind/workspaces?page_size=-1", ""),
        ("POST", "/api/v1/organizations/northwind/workspaces", "{"),
        ("DELETE", "/api/v1/organizations/northwind", ""),
    ] {
        let served = Served::new(Away::core(), "https://tenantry.example", Limits::default());
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let answer = ask(router(served, PageTokens::new([7; 32])), method, path, &headers, body).await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{method} {path}");
        let said: Value = answer.json();
        assert_eq!((&said["code"], &said["details"][1]["retry_delay"]), (&json!(14), &json!("1s")));
    }
}
