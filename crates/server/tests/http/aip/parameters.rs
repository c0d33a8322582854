//! Parameters of a query that an operation does not take.

use reqwest::Method;
use serde_json::Value;

use crate::harness::{TestServer, both_alone};
use crate::matrix::{rows, things};

both_alone!(unknown_ones_are_refused_on_routes_of_our_own);

/// What the vendor publishes.
const PUBLISHED: [(&str, &str); 16] = [
    ("GET", "/api/v1/me/organizations"),
    ("GET", "/api/v1/me/organizations/{organization}/workspaces"),
    ("GET", "/api/v1/organizations/{organization}"),
    ("GET", "/api/v1/organizations/{organization}/preferences"),
    ("GET", "/api/v1/organizations/{organization}/invites"),
    ("GET", "/api/v1/organizations/{organization}/invitations/{invitation}"),
    ("GET", "/api/v1/organizations/{organization}/roles"),
    ("GET", "/api/v1/organizations/{organization}/users"),
    ("GET", "/api/v1/organizations/{organization}/users/{user}"),
    ("GET", "/api/v1/organizations/{organization}/workspaces"),
    ("GET", "/api/v1/organizations/{organization}/workspaces/{workspace}"),
    ("GET", "/api/v1/organizations/{organization}/workspaces/{workspace}/preferences"),
    ("GET", "/api/v1/organizations/{organization}/workspaces/{workspace}/invites"),
    ("GET", "/api/v1/organizations/{organization}/workspaces/{workspace}/roles"),
    ("GET", "/api/v1/organizations/{organization}/workspaces/{workspace}/users"),
    ("POST", "/api/v1/organizations/{organization}/workspaces:countUsers"),
];

async fn unknown_ones_are_refused_on_routes_of_our_own(server: &TestServer) {
    let mut ids = things(server, "ada", "northwind", "cleo").await;
    ids.workspace = server.workspace("northwind", "ada", "Reservoir Models").await;
    let ours = ["/api/v1/organizations", "/api/v1/users", "/api/v1/me"];
    let mut ignored = Vec::new();
    for row in rows().into_iter().filter(|row| ours.iter().any(|prefix| row.path.starts_with(prefix))) {
        let is_of_the_server = row.path.starts_with("/api/v1/users")
            || (row.method == "PATCH" && row.path.ends_with("/entitlements/{feature}"));
        let who = if is_of_the_server { "root" } else { "ada" };
        let method = Method::from_bytes(row.method.as_bytes()).unwrap();
        let body: Option<Value> =
            row.body.as_ref().map(|body| serde_json::from_str(&ids.fill(&body.to_string())).unwrap());
        let path = format!("{}?{}&showdeleted=true", ids.fill(row.path), row.query);
        let answer = server.send(who, method, &path, body.clone()).await;
        if answer.status == 200 {
            ignored.push((row.method, row.path));
            continue;
        }
        let field = &answer.expect(400)["details"][1]["field_violations"][0]["field"];
        assert_eq!(field, "showdeleted", "{} {}: {}", row.method, row.path, answer.text);
        // Who may not do it hears that first.
        let method = Method::from_bytes(row.method.as_bytes()).unwrap();
        let strangers = server.send("dan", method, &path, body).await;
        let is_open = row.path == "/api/v1/organizations" || row.path.starts_with("/api/v1/me");
        assert_eq!(strangers.status, if is_open { 400 } else { 403 }, "{} {}", row.method, row.path);
    }
    ignored.sort_unstable();
    let mut published = PUBLISHED;
    published.sort_unstable();
    assert_eq!(ignored, published);
}
