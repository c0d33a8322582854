//! Denied attempts at every dialect, and what is recorded of them.

use reqwest::Method;
use serde_json::json;
use tenantry_testkit::estate::answer;

use crate::harness::{Answer, TestServer, both_alone, client};

both_alone!(denied_attempts_are_recorded);

async fn denied_attempts_are_recorded(server: &TestServer) {
    let northwind = server.organization("northwind");
    let workspaces = format!("/api/v1/organizations/{northwind}/workspaces");
    // Nobody showed anything, so nobody was refused.
    server.get("", &workspaces).await.expect(401);

    for _ in 0..20 {
        server.get("dan", &format!("/workspace/orgs/{northwind}/workspaces")).await.expect(404);
    }
    let new = json!({ "workspace": { "title": "hush" } });
    server.send("cleo", Method::POST, &workspaces, Some(new)).await.expect(403);
    server.get("tny_pat_hush", "/api/v1/org/hush/ws?hush=1").await.expect(401);
    for (username, password) in [("ada", "hush"), ("hush@example.org", "hush")] {
        let form = [("username", username), ("password", password)];
        Answer::of(client().post(format!("{}/auth/login", server.url)).form(&form)).await.expect(401);
    }
    let form = [("grant_type", "client_credentials"), ("client_id", "hush"), ("client_secret", "hush")];
    Answer::of(client().post(format!("{}/connect/token", server.url)).form(&form)).await.expect(401);
    server.core.flush_denied(true).await.unwrap();

    let rows = "SELECT kind, principal_id, org_id, permission, route, suppressed FROM denied_attempts ORDER BY at, id";
    let rows = answer(&server.database, rows);
    let hex = |id: &str| format!("\\x{}", id.replace('-', ""));
    let (dan, cleo, ada) =
        (hex(&server.principal("dan")), hex(&server.principal("cleo")), hex(&server.principal("ada")));
    let (org, none) = (hex(&northwind), hex(&"0".repeat(32)));
    let mut rows: Vec<&str> = rows.lines().collect();
    rows.sort_unstable();
    let workspaces = "/api/v1/organizations/{organization}/workspaces";
    let mut expected = [
        format!("hidden|{dan}|{org}||/workspace/orgs/{{org_id}}/workspaces|0"),
        format!("hidden|{dan}|{org}||/workspace/orgs/{{org_id}}/workspaces|18"),
        format!("forbidden|{cleo}|{org}|create:Workspace|{workspaces}|0"),
        format!("refused_credential||{none}||/api/v1/org/{{org}}/ws|0"),
        format!("failed_sign_in|{ada}|{none}||/auth/login|0"),
        // Two strangers at one address count as one.
        format!("failed_sign_in||{none}||/auth/login|0"),
        format!("failed_sign_in||{none}||/connect/token|0"),
    ];
    expected.sort_unstable();
    assert_eq!(rows, expected);
    let request_ids = "SELECT COUNT(*) FROM denied_attempts WHERE request_id IS NULL OR request_id = ''";
    assert_eq!(answer(&server.database, request_ids), "0");
}
