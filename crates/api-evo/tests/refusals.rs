//! What the dialect answers before the database is asked, and when it cannot be.

use axum::http::HeaderMap;
use serde_json::{Value, json};
use tenantry_core::credential::{Secret, TokenKind};
use tenantry_http::{Limits, Served};
use tenantry_testkit::answer::ask;
use tenantry_testkit::away::Away;

const LIST: &str = "/workspace/orgs/0199f000-0000-7000-8000-00000000000a/workspaces";

async fn send(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, Value, HeaderMap) {
    let served = Served::new(Away::core(), "https://tenantry.example", Limits::default());
    let answer = ask(tenantry_api_evo::router(served), method, path, headers, body).await;
    (answer.status, answer.json(), answer.headers)
}

fn problem(status: u16, title: &str, detail: &str) -> Value {
    json!({"type": "about:blank", "title": title, "status": status, "detail": detail})
}

#[tokio::test]
async fn refusals_are_problems() {
    let nothing = problem(404, "Not Found", "there is nothing at this path");
    let method = problem(405, "Method Not Allowed", "this path does not have this method");
    let required = problem(401, "Unauthorized", "a credential is required");
    for (method, path, expected) in [
        ("GET", "/workspace", &nothing),
        ("GET", "/workspace/orgs/x/workspaces/", &nothing),
        ("POST", "/folder/x", &nothing),
        ("GET", "/evo/identity/v3", &nothing),
        ("GET", "/connect", &nothing),
        ("DELETE", LIST, &method),
        ("GET", "/connect/token", &method),
        ("GET", LIST, &required),
        ("GET", &format!("{LIST}?limit=x"), &required),
        ("GET", "/workspace/orgs/no-uuid/workspaces", &required),
    ] {
        let (status, body, headers) = send(method, path, &[], "").await;
        assert_eq!((&body, u64::from(status)), (expected, expected["status"].as_u64().unwrap()), "{path}");
        assert_eq!(headers["content-type"], "application/problem+json");
    }
}

/// RFC 6750: only who shows a credential hears what is wrong with it.
#[tokio::test]
async fn a_401_says_how_to_authenticate() {
    let (status, _, headers) = send("GET", LIST, &[], "").await;
    assert_eq!((status, &headers["www-authenticate"]), (401, &"Bearer".parse().unwrap()));
    for credential in ["Bearer nonsense", "Basic YTpi", "Bearer"] {
        let (status, body, headers) = send("GET", LIST, &[("authorization", credential)], "").await;
        assert_eq!(
            (status, &headers["www-authenticate"]),
            (401, &"Bearer error=\"invalid_token\"".parse().unwrap())
        );
        assert_eq!(body, problem(401, "Unauthorized", "the credential is not valid"));
    }
}

#[tokio::test]
async fn an_absent_database_is_a_problem_without_its_cause() {
    let secret = Secret::random(TokenKind::PersonalAccess, &Away);
    let bearer = format!("Bearer {}", secret.expose());
    let (status, body, headers) = send("GET", LIST, &[("authorization", &bearer)], "").await;
    assert_eq!((status, &headers["retry-after"]), (503, &"1".parse().unwrap()));
    let detail = "the server is busy or its database is away, try again";
    assert_eq!(body, problem(503, "Service Unavailable", detail));
}

/// The person answers at the server's own endpoint, which knows other words for scopes.
#[tokio::test]
async fn a_person_is_asked_elsewhere() {
    let asked =
        "/connect/authorize?response_type=code&scope=evo.discovery+evo.file+offline_access&state=%C3%B8+1";
    let served = Served::new(Away::core(), "https://tenantry.example", Limits::default());
    let answer = ask(tenantry_api_evo::router(served), "GET", asked, &[], "").await;
    assert_eq!(answer.status, 302);
    let sent = answer.headers["location"].to_str().unwrap();
    let query = "response_type=code&scope=offline_access+api&state=%C3%B8+1";
    assert!(sent.ends_with(&format!("/oauth2/authorize?{query}")), "{sent}");
}

#[tokio::test]
async fn the_token_endpoint_speaks_oauth() {
    let secret = Secret::random(TokenKind::ClientSecret, &Away);
    let client = format!("client_id=0199f000-0000-7000-8000-00000000000a&client_secret={}", secret.expose());
    let grant = "grant_type=client_credentials";
    let required = "a value is required";
    let cases = [
        (String::new(), 400, "invalid_request", format!("grant_type: {required}")),
        (grant.to_owned(), 400, "invalid_request", format!("client_id: {required}")),
        (format!("{grant}&client_id=a"), 400, "invalid_request", format!("client_secret: {required}")),
        (
            format!("{grant}&{grant}&{client}"),
            400,
            "invalid_request",
            "grant_type: expected at most one value".to_owned(),
        ),
        (
            format!("{grant}&%22%5C=%ff"),
            400,
            "invalid_request",
            "??: the value has bytes that are not UTF-8".to_owned(),
        ),
        (
            format!("grant_type=password&{client}"),
            400,
            "unsupported_grant_type",
            "grant_type: expected one of client_credentials, authorization_code, refresh_token".to_owned(),
        ),
        (
            format!("{grant}&{client}&scope=evo.file"),
            400,
            "invalid_scope",
            "scope: expected one of evo.discovery evo.workspace".to_owned(),
        ),
        (
            // Whether there were too many attempts before comes first, and nobody is there to tell.
            format!("{grant}&client_id=a&client_secret=b"),
            503,
            "temporarily_unavailable",
            "the server is busy or its database is away, try again".to_owned(),
        ),
        (
            format!("{grant}&{client}&scope=evo.file+evo.workspace"),
            503,
            "temporarily_unavailable",
            "the server is busy or its database is away, try again".to_owned(),
        ),
    ];
    for (form, status, error, description) in cases {
        let media_type = [("content-type", "application/x-www-form-urlencoded")];
        let got = send("POST", "/connect/token", &media_type, &form).await;
        assert_eq!(
            (got.0, &got.1),
            (status, &json!({"error": error, "error_description": description})),
            "{form}"
        );
        assert_eq!(
            (&got.2["cache-control"], &got.2["pragma"]),
            (&"no-store".parse().unwrap(), &"no-cache".parse().unwrap())
        );
        let challenge = got.2.get("www-authenticate").map(|value| value.to_str().unwrap());
        assert_eq!(challenge, (status == 401).then_some("Basic realm=\"token endpoint\""));
    }
    let json = send("POST", "/connect/token", &[("content-type", "application/json")], "{}").await;
    assert_eq!((json.0, &json.1["error"]), (400, &json!("invalid_request")));
}

/// A client proves itself in the form or by a Basic header, not by both.
#[tokio::test]
async fn the_token_endpoint_takes_basic() {
    for (basic, more, status, error) in [
        // What can be read goes to the database, which is away.
        ("Basic YTpi", "", 503, "temporarily_unavailable"),
        ("Basic YTpi", "&client_id=a", 503, "temporarily_unavailable"),
        ("Basic YTpi", "&client_id=b", 400, "invalid_request"),
        ("Basic YTpi", "&client_secret=b", 400, "invalid_request"),
        ("Basic %%%", "", 401, "invalid_client"),
        ("Basic YQ==", "", 401, "invalid_client"),
        ("Bearer YTpi", "", 401, "invalid_client"),
    ] {
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("authorization", basic)];
        let form = format!("grant_type=client_credentials{more}");
        let got = send("POST", "/connect/token", &headers, &form).await;
        assert_eq!((got.0, &got.1["error"]), (status, &json!(error)), "{basic} {more}");
    }
}
