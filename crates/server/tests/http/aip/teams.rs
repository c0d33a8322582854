//! Teams, their members, and role assignments.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{TestServer, both_alone};

both_alone!(
    teams_live_their_lives,
    members_come_and_go,
    roles_are_assigned_to_all_kinds_of_parties,
    roles_are_assigned_in_projects,
    bad_input_is_refused_by_field,
);

const TEAMS: &str = "/api/v1/organizations/northwind/teams";
const ASSIGNMENTS: &str = "/api/v1/organizations/northwind/roleAssignments";

async fn make(server: &TestServer, title: &str) -> String {
    let made = server.send("ada", Method::POST, TEAMS, Some(json!({"title": title}))).await.expect(200);
    format!("/api/v1/{}", made["name"].as_str().unwrap())
}

async fn teams_live_their_lives(server: &TestServer) {
    let rehearsed = format!("{TEAMS}?validate_only=true");
    server.send("ada", Method::POST, &rehearsed, Some(json!({"title": "Tides"}))).await.expect(200);
    let path = make(server, "Tides").await;
    server.send("ada", Method::POST, TEAMS, Some(json!({"title": "tides"}))).await.expect(409);
    let shown = server.get("ada", &path).await.expect(200);
    assert_eq!((&shown["title"], &shown["member_count"]), (&json!("Tides"), &json!(0)));
    assert!(shown.get("description").is_none());
    let change = json!({"description": "Twice a day.", "etag": shown["etag"]});
    let changed = server.send("ada", Method::PATCH, &path, Some(change.clone())).await.expect(200);
    assert_eq!((&changed["title"], &changed["description"]), (&json!("Tides"), &json!("Twice a day.")));
    server.send("ada", Method::PATCH, &path, Some(change)).await.expect(409);
    make(server, "Currents").await;
    let list = server.get("cleo", &format!("{TEAMS}?order_by=title&filter=title=\"*\"")).await.expect(200);
    let titles: Vec<_> = list["teams"].as_array().unwrap().iter().map(|team| &team["title"]).collect();
    assert_eq!(titles, ["Currents", "Tides"]);
    server.send("cleo", Method::PATCH, &path, Some(json!({"title": "Mine"}))).await.expect(403);
    server.get("dan", &path).await.expect(403);
    server.send("ada", Method::DELETE, &path, None).await.expect(200);
    server.get("ada", &path).await.expect(404);
    server.send("ada", Method::DELETE, &path, None).await.expect(404);
    let missing = format!("{path}?allow_missing=true");
    server.send("ada", Method::DELETE, &missing, None).await.expect(200);
}

async fn members_come_and_go(server: &TestServer) {
    let members = format!("{}/members", make(server, "Tides").await);
    let northwind = server.organization("northwind");
    let cleo = format!("organizations/{northwind}/users/{}", server.principal("cleo"));
    let made = server.send("ada", Method::POST, &members, Some(json!({"member": cleo}))).await.expect(200);
    assert_eq!(made["member"], cleo);
    server.send("ada", Method::POST, &members, Some(json!({"member": cleo}))).await.expect(409);
    let path = "/api/v1/organizations/northwind/invites";
    let new = json!({"email": "zoe@partner.example"});
    let invited = server.send("ada", Method::POST, path, Some(new)).await.expect(200);
    let invitation = invited["invitation_id"].as_str().unwrap();
    let waiting = json!({"member": format!("invitations/{invitation}")});
    server.send("ada", Method::POST, &members, Some(waiting)).await.expect(200);
    let list = |who: &'static str| {
        let members = members.clone();
        async move {
            let list = server.get(who, &members).await.expect(200);
            list["members"].as_array().unwrap().clone()
        }
    };
    assert_eq!(list("ada").await.len(), 2);
    assert_eq!(list("cleo").await, std::slice::from_ref(&made), "who is invited is not shown to members");
    let path = format!("/api/v1/{}", made["name"].as_str().unwrap());
    assert_eq!(server.get("ada", &path).await.expect(200), made);
    server.send("cleo", Method::DELETE, &path, None).await.expect(403);
    server.send("ada", Method::DELETE, &path, None).await.expect(200);
    server.get("ada", &path).await.expect(404);
    for stranger in [format!("users/{}", server.principal("dan")), format!("users/{northwind}")] {
        server.send("ada", Method::POST, &members, Some(json!({"member": stranger}))).await.expect(404);
    }
}

async fn roles_are_assigned_to_all_kinds_of_parties(server: &TestServer) {
    let team = make(server, "Tides").await;
    let team = team.strip_prefix("/api/v1/").unwrap();
    let northwind = server.organization("northwind");
    let sea = server.workspace(&northwind, "ada", "North Sea").await;
    let there = format!("/api/v1/organizations/northwind/workspaces/{sea}/roleAssignments");
    let give = async |path: &str, role: &str, member: &str| {
        server.send("ada", Method::POST, path, Some(json!({"role": role, "member": member}))).await
    };
    let before = server.get("ada", &there).await.expect(200)["role_assignments"].as_array().unwrap().len();
    let made = give(&there, "workspace-viewer", team).await.expect(200);
    assert_eq!(made["member"], team);
    assert_eq!(made["role"], format!("organizations/{northwind}/workspaces/{sea}/roles/workspace-viewer"));
    give(&there, "workspace-viewer", team).await.expect(409);
    give(ASSIGNMENTS, "workspace-viewer", team).await.expect(400);
    let cleo = format!("users/{}", server.principal("cleo"));
    server.get("cleo", &there).await.expect(403);
    server
        .send("ada", Method::POST, &format!("/api/v1/{team}/members"), Some(json!({"member": cleo})))
        .await
        .expect(200);
    let list = server.get("ada", &there).await.expect(200);
    assert_eq!(list["role_assignments"].as_array().unwrap().len(), before + 1);
    let list = server.get("cleo", &there).await.expect(200);
    assert_eq!(list["role_assignments"][0], made, "the newest first");
    let first = server.get("ada", &format!("{ASSIGNMENTS}?page_size=1")).await.expect(200);
    assert_eq!(first["role_assignments"], json!([made]));
    let token = first["next_page_token"].as_str().unwrap();
    let next = server.get("ada", &format!("{ASSIGNMENTS}?page_size=1&page_token={token}")).await.expect(200);
    assert_ne!(next["role_assignments"], json!([made]));
    let path = format!("/api/v1/{}", made["name"].as_str().unwrap());
    assert_eq!(server.get("ada", &path).await.expect(200), made);
    server.send("cleo", Method::DELETE, &path, None).await.expect(403);
    // The organization has those of its workspaces as well.
    let id = path.rsplit_once('/').unwrap().1;
    server.send("ada", Method::DELETE, &format!("{ASSIGNMENTS}/{id}"), None).await.expect(200);
    server.get("ada", &path).await.expect(404);
    server.get("cleo", &there).await.expect(403);
    let ada = format!("users/{}", server.principal("ada"));
    let dan = format!("users/{}", server.principal("dan"));
    give(&there, "workspace-viewer", &dan).await.expect(404);
    give(&there, "workspace-viewer", &ada).await.expect(200);
}

/// By the id that the project has in the workspace's own server.
async fn roles_are_assigned_in_projects(server: &TestServer) {
    let team = make(server, "Tides").await;
    let northwind = server.organization("northwind");
    let sea = server.workspace(&northwind, "ada", "North Sea").await;
    let there = format!("/api/v1/organizations/northwind/workspaces/{sea}/roleAssignments");
    let project = "0190b0a0-0000-7000-8000-0000000000aa";
    let give = async |path: &str, role: &str, project: &str| {
        let member = team.strip_prefix("/api/v1/").unwrap();
        let body = json!({"role": role, "member": member, "project": project});
        server.send("ada", Method::POST, path, Some(body)).await
    };
    let made = give(&there, "project-viewer", project).await.expect(200);
    assert_eq!(made["project"], project);
    give(&there, "project-viewer", project).await.expect(409);
    give(&there, "workspace-viewer", project).await.expect(400);
    for (path, wrong) in [(&*there, "sea"), (ASSIGNMENTS, project)] {
        let refused = give(path, "project-viewer", wrong).await.expect(400);
        assert_eq!(refused["details"][1]["field_violations"][0]["field"], "project", "{refused}");
    }
    let path = format!("/api/v1/{}", made["name"].as_str().unwrap());
    assert_eq!(server.get("ada", &path).await.expect(200), made);
    let list = server.get("ada", &there).await.expect(200);
    assert_eq!(list["role_assignments"][0], made, "the newest first");
    let id = path.rsplit_once('/').unwrap().1;
    server.send("ada", Method::DELETE, &format!("{ASSIGNMENTS}/{id}"), None).await.expect(200);
    server.get("ada", &path).await.expect(404);
    let roles = "/api/v1/organizations/northwind/roles";
    let role =
        json!({"title": "Operator", "role_scope": "ROLE_SCOPE_PROJECT", "permissions": ["read:Content"]});
    let role = server.send("ada", Method::POST, roles, Some(role)).await.expect(200);
    assert_eq!(role["role_scope"], "ROLE_SCOPE_PROJECT");
    give(&there, role["name"].as_str().unwrap(), project).await.expect(200);
}

async fn bad_input_is_refused_by_field(server: &TestServer) {
    let members = format!("{}/members", make(server, "Tides").await);
    let cases: [(&str, Value, &str); 9] = [
        (TEAMS, json!({}), "title"),
        (TEAMS, json!({"title": ""}), "title"),
        (TEAMS, json!({"title": 1}), "title"),
        (TEAMS, json!({"title": "A", "colour": "red"}), "colour"),
        (&members, json!({}), "member"),
        (&members, json!({"member": "cleo"}), "member"),
        (&members, json!({"member": "teams/x"}), "member"),
        (ASSIGNMENTS, json!({"member": "users/x"}), "role"),
        (ASSIGNMENTS, json!({"role": "member", "member": "robots/x"}), "member"),
    ];
    for (path, body, field) in cases {
        let refused = server.send("ada", Method::POST, path, Some(body.clone())).await.expect(400);
        let violations = &refused["details"][1]["field_violations"];
        assert_eq!(violations[0]["field"], field, "{path} {body}: {refused}");
    }
}
