//! Lists: filters, orders and pages.

use serde_json::Value;

use crate::harness::{TestServer, both};

both!(
    walks_every_order_without_loss_or_repeat,
    filters_titles,
    filters_users,
    shows_each_caller_its_own,
    token_belongs_to_its_request,
    deleted_ones_are_asked_for,
    singletons_and_small_lists,
);

fn titles(list: &Value, name: &str) -> Vec<String> {
    list[name].as_array().unwrap().iter().map(|row| row["title"].as_str().unwrap().to_owned()).collect()
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"))
}

async fn walk(server: &TestServer, who: &str, path: &str, name: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut token = String::new();
    loop {
        let page = server.get(who, &format!("{path}&page_token={token}")).await.expect(200);
        let rows = page[name].as_array().unwrap();
        assert!(rows.len() <= 3, "page_size holds");
        all.extend(
            rows.iter()
                .map(|row| row["title"].as_str().or(row["user"]["email"].as_str()).unwrap().to_owned()),
        );
        page["next_page_token"].as_str().unwrap().clone_into(&mut token);
        if token.is_empty() {
            return all;
        }
    }
}

async fn walks_every_order_without_loss_or_repeat(server: &TestServer) {
    let list = format!("/api/v1/organizations/{}/workspaces", server.organization("northwind"));
    let everything = titles(&server.get("ada", &list).await.expect(200), "workspaces");
    assert_eq!(everything.len(), 12, "{everything:?}");
    for order in
        ["", "title", "title desc", "create_time", "update_time desc,title", "update_time asc, create_time"]
    {
        let path = format!("{list}?page_size=3&order_by={}", encoded(order));
        let walked = walk(server, "ada", &path, "workspaces").await;
        let mut sorted = walked.clone();
        sorted.sort();
        let mut expected = everything.clone();
        expected.sort();
        assert_eq!(sorted, expected, "{order}");
        match order {
            "" => assert_eq!(walked, everything),
            "title" => assert_eq!(walked, expected, "by code point"),
            "title desc" => assert_eq!(walked.into_iter().rev().collect::<Vec<_>>(), expected),
            _ => {}
        }
    }
    let users = format!("{list}/north-sea/users?page_size=3&order_by=email");
    assert_eq!(walk(server, "ada", &users, "users").await, ["ada@tenantry.example", "ben@tenantry.example"]);
}

async fn filters_titles(server: &TestServer) {
    let list =
        format!("/api/v1/organizations/{}/workspaces?order_by=title", server.organization("northwind"));
    for (filter, expected) in [
        ("title = \"North Sea\"", &["North Sea"][..]),
        ("title = \"north sea\"", &[]),
        ("title : \"SEA\"", &["North Sea", "Seabed Survey"]),
        ("title:küste", &["Küste 日本"]),
        ("title = \"*e*s\" AND NOT title:models", &["Cable Routes", "Old Experiments", "Turbine Forecasts"]),
        ("sea OR title:'2024'", &["North Sea", "Seabed Survey", "archive 2024"]),
        ("title:\"%\"", &[]),
        ("title < \"B\"", &[]),
        ("title >= \"a\"", &["archive 2024"]),
        (
            "",
            &[
                "Ben's Bench",
                "Cable Routes",
                "Default",
                "Küste 日本",
                "Legacy Grid",
                "North Sea",
                "Old Experiments",
                "Reservoir Models",
                "Seabed Survey",
                "Turbine Forecasts",
                "Zz scratch",
                "archive 2024",
            ],
        ),
    ] {
        let found = server.get("ada", &format!("{list}&filter={}", encoded(filter))).await.expect(200);
        assert_eq!(titles(&found, "workspaces"), expected, "{filter}");
    }
}

async fn filters_users(server: &TestServer) {
    let list =
        format!("/api/v1/organizations/northwind/workspaces/{}/users?order_by=email", "reservoir-models");
    for (filter, expected) in [
        ("", &["ada", "ben", "cleo"][..]),
        ("role=\"Workspace Viewer\"", &["cleo"]),
        ("role=\"workspace viewer\"", &["cleo"]),
        ("role=workspace-admin", &["ada"]),
        ("role=\"Account Owner\"", &["ada"]),
        ("role=\"release manager\"", &["ben"]),
        ("role=\"*viewer\"", &["cleo"]),
        ("role != \"Workspace Viewer\"", &["ada", "ben"]),
        ("role_scope=workspace", &["ada", "ben", "cleo"]),
        ("search:\"OKAFOR\"", &["ben"]),
        ("search:\"cleo@\"", &["cleo"]),
        ("search:\"CLÉO\"", &["cleo"]),
        ("role=member AND role_scope=organization", &["ben"]),
        ("larsen", &["ada"]),
    ] {
        let found = server.get("ada", &format!("{list}&filter={}", encoded(filter))).await.expect(200);
        let emails: Vec<_> = found["users"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["user"]["email"].as_str().unwrap().split('@').next().unwrap())
            .collect();
        assert_eq!(emails, expected, "{filter}");
    }
    let ben = server.get("ada", &format!("{list}&filter={}", encoded("search:ben"))).await.expect(200);
    let id = server.principal("ben");
    let organization = server.organization("northwind");
    let expected = serde_json::json!([{
        "user": {
            "name": format!("organizations/{organization}/users/{id}"),
            "display_name": "Ben Okafor",
            "email": "ben@tenantry.example",
        },
        "roles": [
            {"name": "member", "role_scope": "ROLE_SCOPE_ORGANIZATION"},
            {"name": "Release Manager", "role_scope": "ROLE_SCOPE_WORKSPACE"},
        ],
    }]);
    assert_eq!(ben["users"], expected);
}

async fn shows_each_caller_its_own(server: &TestServer) {
    let organization = server.organization("northwind");
    for path in [
        format!("/api/v1/organizations/{organization}/workspaces?order_by=title"),
        format!("/api/v1/me/organizations/{organization}/workspaces"),
    ] {
        let name = if path.contains("/me/") { "user_workspaces" } else { "workspaces" };
        for (who, count) in
            [("ada", 12), ("oscar", 12), ("root", 12), ("cleo", 1), ("ben", 6), ("northwind-ci", 2)]
        {
            let list = server.get(who, &path).await.expect(200);
            assert_eq!(titles(&list, name).len(), count, "{who} {path}");
        }
        for stranger in ["dan", "kit"] {
            server.get(stranger, &path).await.expect(403);
        }
        server.get("", &path).await.expect(401);
    }
}

async fn token_belongs_to_its_request(server: &TestServer) {
    let list = format!("/api/v1/organizations/{}/workspaces", server.organization("northwind"));
    let page = server.get("ada", &format!("{list}?page_size=2&order_by=title")).await.expect(200);
    let token = page["next_page_token"].as_str().unwrap();
    // Another size is allowed, another order or filter is not; neither is a token that somebody changed.
    server.get("ada", &format!("{list}?page_size=5&order_by=title&page_token={token}")).await.expect(200);
    let mut other = token.to_owned();
    other.pop();
    for query in [
        format!("order_by=create_time&page_token={token}"),
        format!("order_by=title&filter=sea&page_token={token}"),
        format!("order_by=title&show_deleted=true&page_token={token}"),
        format!("order_by=title&page_token={other}"),
        "order_by=title&page_token=x".to_owned(),
    ] {
        let refused = server.get("ada", &format!("{list}?{query}")).await.expect(400);
        assert_eq!(refused["details"][0]["reason"], "INVALID_PAGE_TOKEN", "{query}");
    }
    // A token carries no rights: who shows it sees what it may see anyhow.
    let seen = server.get("cleo", &format!("{list}?order_by=title&page_token={token}")).await.expect(200);
    assert_eq!(titles(&seen, "workspaces"), ["Reservoir Models"]);
    server.get("dan", &format!("{list}?order_by=title&page_token={token}")).await.expect(403);
}

async fn deleted_ones_are_asked_for(server: &TestServer) {
    let organization = server.organization("northwind");
    let list = format!("/api/v1/organizations/{organization}/workspaces?order_by=title&show_deleted=true");
    let shown = server.get("ada", &list).await.expect(200);
    assert_eq!(titles(&shown, "workspaces").len(), 13);
    let id = server.workspace(&organization, "ada", "Abandoned Idea").await;
    let deleted =
        server.get("ada", &format!("/api/v1/organizations/{organization}/workspaces/{id}")).await.expect(200);
    assert!(deleted["delete_time"].is_string() && deleted["purge_time"].is_string());
}

async fn singletons_and_small_lists(server: &TestServer) {
    let workspace = "/api/v1/organizations/northwind/workspaces/north-sea";
    let preferences = server.get("ben", &format!("{workspace}/preferences")).await.expect(200);
    assert_eq!(preferences["support_team_access"], true);
    assert_eq!(preferences["general"]["date_format"], "DATE_FORMAT_YYYY_MM_DD_DASH");
    let invites = server.get("ada", &format!("{workspace}/invites")).await.expect(200);
    assert_eq!(invites["invitations"].as_array().unwrap().len(), 1, "the expired one is not pending");
    assert_eq!(invites["invitations"][0]["email"], "late.editor@partner.example");
    server.get("ben", &format!("{workspace}/invites")).await.expect(403);
    let first = server.get("ada", &format!("{workspace}/roles?page_size=3")).await.expect(200);
    assert_eq!(titles(&first, "roles"), ["Workspace Admin", "Automation Author", "Workspace Viewer"]);
    let token = first["next_page_token"].as_str().unwrap();
    let rest = server.get("ada", &format!("{workspace}/roles?page_token={token}")).await.expect(200);
    assert_eq!(titles(&rest, "roles"), ["Workspace Contributor", "Stack Admin", "Release Manager"]);
    assert_eq!(
        rest["roles"][2]["permissions"],
        serde_json::json!(["read:Workspace", "update:Workspace", "read:WorkspaceUser"])
    );
}
