//! Hostile input at every route: no answer is a fault of ours, and each has the shape of its dialect.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::harness::{Answer, TestServer, both_alone, client};
use crate::matrix::{rows, things};
use crate::reference::Reference;

both_alone!(nothing_makes_the_server_fail, large_bodies_are_refused);

async fn nothing_makes_the_server_fail(server: &TestServer) {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let bodies = [
        "",
        "{",
        "null",
        "[]",
        "5",
        "\"\\ud800\"",
        "{\"title\":\"\\ud800\"}",
        "{\"a\":1e999}",
        "\u{0}",
        "{\"title\":{\"title\":{}}}",
        "{\"name\":\"a\\u0000b\"}",
        &deep,
    ];
    let queries = [
        "",
        "page_size=-1",
        "page_size=999999999999999999999",
        "limit=1e9",
        "limit=-5",
        "offset=18446744073709551616",
        "page=0",
        "page=99999999999",
        "filter=%00",
        "filter=((((((((((",
        "name=%f0%28",
        "a=1&a=2&limit=1&limit=2",
        "order_by=,,,",
        "=",
        "&&&",
        "%",
        "page_token=%ff",
        "page_token=AAAA",
        "created_at=gt:9999999999-01-01",
        "created_at=eq:",
        "status=%00",
        "deleted=maybe",
        "user_id=x",
        "sort=-",
        "filter=title%3D%22%5Cud800%22",
        "page_size=1.5",
        "filter[name]=%00",
    ];
    let ids = [
        "%00",
        "%ff",
        "..%2f..",
        "a%20b",
        "'%22;--",
        &"x".repeat(5000),
        "%F0%9F%A6%80",
        "0190b0a0-0000-7000-8000-00000000000G",
    ];
    let mut real = things(server, "ada", "northwind", "cleo").await;
    real.workspace = server.workspace("northwind", "ada", "North Sea").await;
    for row in rows() {
        let method = Method::from_bytes(row.method.as_bytes()).unwrap();
        let good = row.body.as_ref().map(|body| real.fill(&body.to_string())).unwrap_or_default();
        // One id is hostile and the others are real, so that what stands behind each is reached.
        for placeholder in placeholders(row.path) {
            for id in ids {
                let path = real.fill(&row.path.replace(placeholder, id));
                check(server, &method, &path, row.query, &good).await;
            }
        }
        let path = real.fill(row.path);
        for query in queries {
            if method == Method::GET {
                check(server, &method, &path, query, "").await;
            }
        }
        for body in bodies {
            // A good DELETE would change what the rest reads.
            if method != Method::GET && method != Method::DELETE {
                check(server, &method, &path, "validate_only=true", body).await;
            }
        }
    }
}

/// A body of any size is refused by whatever reads one, and nobody waits for it for ever. ZenML's DELETE reads none: it
/// answers at once and lets the connection go, so that a client that is still writing may not see the answer.
async fn large_bodies_are_refused(server: &TestServer) {
    let large = format!("{{\"title\":\"{}\"}}", "x".repeat(10 << 20));
    let mut real = things(server, "ada", "northwind", "cleo").await;
    real.workspace = server.workspace("northwind", "ada", "North Sea").await;
    let reference = Reference::of(&server.url);
    for row in rows().into_iter().filter(|row| reference.reads_a_body(row.method, row.path)) {
        let method = Method::from_bytes(row.method.as_bytes()).unwrap();
        // Of a real one it would be a good request, but for its body.
        let path = match method {
            Method::DELETE => real.fill(&row.path.replace("{organization}", "nowhere")),
            _ => real.fill(row.path),
        };
        let checked = check(server, &method, &path, row.query, &large);
        let status = tokio::time::timeout(Duration::from_mins(1), checked).await.unwrap();
        assert!((400..500).contains(&status), "{method} {path}: {status}");
    }
}

/// The parameters of a path, braces and all.
fn placeholders(path: &str) -> impl Iterator<Item = &str> {
    path.split_inclusive('}').filter_map(|part| part.find('{').map(|start| &part[start..]))
}

async fn check(server: &TestServer, method: &Method, path: &str, query: &str, body: &str) -> u16 {
    let token = server.token("ada");
    let request =
        client().request(method.clone(), format!("{}{path}?{query}", server.url)).bearer_auth(token);
    let is_form = [
        "/connect/token",
        "/auth/login",
        "/auth/device_authorization",
        "/api/v1/auth/login",
        "/login",
        "/oauth2",
    ];
    let is_form = is_form.iter().any(|form| path.starts_with(form)) && !path.starts_with("/oauth2/register");
    let media_type = if is_form { "application/x-www-form-urlencoded" } else { "application/json" };
    let answer = Answer::of(request.header("content-type", media_type).body(body.to_owned())).await;
    assert!(answer.status < 500, "{method} {path}?{query} {body:.60}: {} {}", answer.status, answer.text);
    if answer.status >= 400 && *method != Method::HEAD {
        if answer.headers["content-type"] == "text/html; charset=utf-8" {
            assert!(answer.text.contains("<h1>"), "{method} {path}: {}", answer.text);
            return answer.status;
        }
        let said: Value = answer.json();
        assert!(said.is_object(), "{method} {path}?{query}: {said}");
        assert!(!answer.text.contains("SELECT") && !answer.text.contains("sqlite"), "{}", answer.text);
    }
    answer.status
}
