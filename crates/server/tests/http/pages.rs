//! The workspace lists of all dialects are remembered, and never shown once they are out of date.

use reqwest::Method;
use serde_json::json;

use crate::harness::{Engine, TestServer, both_alone};

both_alone!(lists_follow_every_change);

/// Every list of workspaces, for an organization.
fn lists(id: &str) -> [String; 5] {
    [
        format!("/api/v1/organizations/{id}/workspaces"),
        format!("/api/v1/me/organizations/{id}/workspaces"),
        format!("/organizations/{id}/tenants"),
        format!("/workspace/orgs/{id}/workspaces"),
        "/api/v1/org/northwind/ws".to_owned(),
    ]
}

async fn lists_follow_every_change(server: &TestServer) {
    follow(server, server).await;
}

#[tokio::test]
async fn replicas_follow_each_other() {
    let here = TestServer::start(Engine::Postgres);
    let there = here.replica();
    follow(&here, &there).await;
    follow(&there, &here).await;
}

/// Changes through one server, reads through another.
async fn follow(writing: &TestServer, reading: &TestServer) {
    let org = writing.organization("northwind");
    let (ben, everything) = (writing.principal("ben"), format!("/api/v1/organizations/{org}/workspaces"));
    let send = async |method, path: &str, body| {
        let answer = writing.send("ada", method, path, body).await;
        assert!(answer.status < 300, "{path}: {}", answer.text);
        answer.json()
    };
    let shows = async |who: &str, title: &str| {
        let mut seen = Vec::new();
        for list in lists(&org) {
            let answer = reading.get(who, &list).await;
            assert_eq!(answer.status, 200, "{list}: {}", answer.text);
            assert_eq!(reading.get(who, &list).await.text, answer.text, "{list} is answered alike");
            seen.push(answer.text.contains(title));
        }
        seen
    };
    assert_eq!(shows("ben", "Kelp").await, [false; 5]);

    let made = send(Method::POST, &everything, Some(json!({"title": "Kelp"}))).await;
    let name = made["name"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    assert_eq!(shows("ada", "Kelp").await, [true; 5]);
    assert_eq!(shows("ben", "Kelp").await, [false; 5]);

    let role = json!({"user": {"name": format!("organizations/{org}/users/{ben}")}, "roles": [{"name": "workspace-viewer"}]});
    let users = format!("{everything}/{name}/users");
    send(Method::POST, &users, Some(role)).await;
    assert_eq!(shows("ben", "Kelp").await, [true; 5]);

    let renamed = json!({"title": "Dulse"});
    send(Method::PATCH, &format!("{everything}/{name}?update_mask=title"), Some(renamed)).await;
    assert_eq!(shows("ben", "Kelp").await, [false, false, false, false, false]);
    assert_eq!(shows("ben", "Dulse").await, [true; 5]);

    send(Method::DELETE, &format!("{users}/{ben}"), None).await;
    assert_eq!(shows("ben", "Dulse").await, [false; 5]);
    assert_eq!(shows("ada", "Dulse").await, [true; 5]);

    send(Method::DELETE, &format!("{everything}/{name}?force=true"), None).await;
    assert_eq!(shows("ada", "Dulse").await, [false; 5]);
}
