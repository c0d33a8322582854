//! Roles, members, teams, invitations and users, as far as a database could make a difference.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, TestServer, both_alone};

both_alone!(
    roles_are_filtered,
    members_are_listed_in_pages,
    teams_carry_roles_to_their_members,
    invitations_are_found_by_who_is_invited,
    users_are_found_by_who_runs_the_server,
);

fn all(answer: &Answer, pointer: &str) -> Vec<Value> {
    let list = answer.expect(200);
    list.as_array().unwrap().iter().map(|item| item.pointer(pointer).unwrap().clone()).collect()
}

async fn role(server: &TestServer, name: &str) -> String {
    let path = format!("/organizations/{}/roles?name={name}", server.organization("northwind"));
    server.get("ada", &path).await.expect(200)[0]["id"].as_str().unwrap().to_owned()
}

async fn roles_are_filtered(server: &TestServer) {
    let northwind = server.organization("northwind");
    let cleo = server.principal("cleo");
    let list = async |who: &'static str, query: &str| {
        server.get(who, &format!("/organizations/{northwind}/roles?{query}")).await
    };
    let everything = all(&list("ada", "").await, "/name");
    let mut walked = Vec::new();
    for offset in (0..).step_by(3) {
        let page = all(&list("ada", &format!("offset={offset}&limit=3")).await, "/name");
        if page.is_empty() {
            break;
        }
        walked.extend(page);
    }
    assert_eq!(walked, everything);
    let builtin = all(&list("ada", "system_managed=True").await, "/system_managed");
    assert_eq!(builtin, vec![json!(true); 14]);
    let deleting = all(&list("ada", "resource=organization&action=delete").await, "/name");
    assert_eq!(deleting, ["Organization Admin"]);
    // Who administers the organization sees what cleo has in workspaces, cleo's like only what she has on it.
    let of_cleo = all(&list("ada", &format!("user_id={cleo}")).await, "/level");
    assert!(of_cleo.contains(&json!("workspace")), "{of_cleo:?}");
    let seen = all(&list("ben", &format!("user_id={cleo}")).await, "/level");
    assert!(!seen.contains(&json!("workspace")), "{seen:?}");
    let sea = server.workspace(&northwind, "ada", "North Sea").await;
    let there =
        all(&list("ben", &format!("workspace_scope={sea}&assigned_to_current_user=True")).await, "/name");
    assert_eq!(there, ["Workspace Developer"]);
}

async fn members_are_listed_in_pages(server: &TestServer) {
    let path = format!("/organizations/{}/members", server.organization("northwind"));
    let everybody = server.get("ada", &path).await.expect(200);
    let everybody = everybody.as_array().unwrap();
    let mut walked = Vec::new();
    while walked.len() < everybody.len() {
        let page = server.get("ada", &format!("{path}?limit=2&offset={}", walked.len())).await.expect(200);
        let page = page.as_array().unwrap();
        assert!(!page.is_empty());
        walked.extend(page.iter().cloned());
    }
    assert_eq!(&walked, everybody);
    let machines = format!("{path}?include_users=False&include_teams=False&include_invitations=False");
    let machines = all(&server.get("ada", &machines).await, "/user/is_service_account");
    assert_eq!(machines, [json!(true)]);
    let sea = server.workspace(&server.organization("northwind"), "ada", "North Sea").await;
    let there = server.get("ben", &format!("/workspaces/{sea}/members")).await.expect(200);
    assert!(there.as_array().unwrap().iter().any(|it| it["user"]["username"] == "ben"));
}

async fn teams_carry_roles_to_their_members(server: &TestServer) {
    let northwind = server.organization("northwind");
    let body = json!({"name": "Tides", "organization_id": northwind});
    let team = server.send("ada", Method::POST, "/teams", Some(body)).await.expect(200);
    let team = team["id"].as_str().unwrap();
    let sea = server.workspace(&northwind, "ada", "North Sea").await;
    let viewer = role(server, "Workspace%20Viewer").await;
    let members = format!("/workspaces/{sea}/members");
    server.get("cleo", &members).await.expect(404);
    let given = format!("/roles/{viewer}/assignments?team_id={team}&workspace_id={sea}");
    server.send("ada", Method::POST, &given, None).await.expect(200);
    let joined = format!("/teams/{team}/members?user_id={}", server.principal("cleo"));
    server.send("ada", Method::POST, &joined, None).await.expect(200);
    server.get("cleo", &members).await.expect(200);
    let of_team = all(&server.get("ada", &format!("/roles/{viewer}/assignments")).await, "/team");
    assert_eq!(of_team[0]["name"], "Tides", "the newest first");
    let held = format!("/organizations/{northwind}/roles?team_id={team}");
    assert_eq!(all(&server.get("ada", &held).await, "/name"), ["Workspace Viewer"]);
    server.send("ada", Method::DELETE, &joined, None).await.expect(200);
    server.get("cleo", &members).await.expect(404);
}

async fn invitations_are_found_by_who_is_invited(server: &TestServer) {
    let path = format!("/organizations/{}/invitations", server.organization("northwind"));
    let member = role(server, "Organization%20Member").await;
    let dan = server.get("dan", "/users/me").await.expect(200)["email"].as_str().unwrap().to_uppercase();
    let body = json!({"email": dan, "role_id": member});
    let made = server.send("ada", Method::POST, &path, Some(body)).await.expect(200);
    assert_eq!(all(&server.get("dan", "/invitations").await, "/id"), [made["id"].clone()]);
    assert_eq!(all(&server.get("ada", &format!("{path}?email={dan}")).await, "/id"), [made["id"].clone()]);
    let answer = format!("/invitations/{}?accept=True", made["id"].as_str().unwrap());
    server.send("dan", Method::POST, &answer, None).await.expect(200);
    assert_eq!(server.get("dan", "/invitations").await.expect(200), json!([]));
    let answered =
        all(&server.get("ada", &format!("{path}?only_pending=false&email={dan}")).await, "/accepted");
    assert_eq!(answered, [json!(true)]);
}

async fn users_are_found_by_who_runs_the_server(server: &TestServer) {
    let everybody = all(&server.get("root", "/users").await, "/username");
    assert!(everybody.len() > 5, "{everybody:?}");
    assert_eq!(all(&server.get("root", "/users?limit=1&offset=1").await, "/username"), everybody[1..2]);
    assert_eq!(all(&server.get("root", "/users?username=DAN").await, "/username"), ["dan"]);
    assert_eq!(all(&server.get("dan", "/users").await, "/username"), ["dan"]);
}
