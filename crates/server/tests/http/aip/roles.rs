//! Custom roles: made, given, changed for everybody who holds them, deleted; and nobody gets more than they hold by them.

use reqwest::Method;
use serde_json::json;

use crate::harness::{TestServer, both, both_alone};

both!(built_in_ones_can_be_read);
both_alone!(
    lives_its_life,
    goes_back_whole,
    serves_one_workspace,
    holds_what_is_inside,
    gives_nobody_more_than_they_hold,
    refuses_bad_input
);

const ROLES: &str = "/api/v1/organizations/northwind/roles";
const SEA: &str = "/api/v1/organizations/northwind/workspaces/north-sea";

async fn built_in_ones_can_be_read(server: &TestServer) {
    let northwind = server.organization("northwind");
    let list = server.get("ben", ROLES).await.expect(200);
    let titles: Vec<_> = list["roles"].as_array().unwrap().iter().map(|role| role["title"].clone()).collect();
    let expected = ["Account Owner", "Org Admin", "Member", "CXO", "Billing Admin", "Release Manager"];
    assert_eq!(titles, expected);
    let one = server.get("ben", &format!("{ROLES}/org-admin")).await.expect(200);
    assert_eq!(one["name"], format!("organizations/{northwind}/roles/org-admin"));
    assert!(one["permissions"].as_array().unwrap().contains(&json!("manage:OrganizationRole")));
    server.get("ben", &format!("{ROLES}/workspace-admin")).await.expect(404);
    server.get("ben", &format!("{SEA}/roles/workspace-admin")).await.expect(200);
    server.get("ben", &format!("{SEA}/roles/org-admin")).await.expect(404);
    for path in [format!("{ROLES}/member"), format!("{SEA}/roles/workspace-viewer")] {
        let body = Some(json!({"title": "Mine"}));
        let refused = server.send("ada", Method::PATCH, &path, body).await.expect(400);
        assert_eq!(
            (refused["code"].clone(), refused["details"][0]["reason"].clone()),
            (json!(9), json!("ROLE_BUILTIN"))
        );
        server.send("ada", Method::DELETE, &path, None).await.expect(400);
    }
}

async fn lives_its_life(server: &TestServer) {
    let body = json!({"title": "Auditor", "permissions": ["read:Organization", "read:AuditEvent"]});
    let made = server.send("oscar", Method::POST, ROLES, Some(body.clone())).await.expect(200);
    let path = format!("/api/v1/{}", made["name"].as_str().unwrap());
    assert_eq!(server.get("ben", &path).await.expect(200), made);
    server.send("oscar", Method::POST, ROLES, Some(body)).await.expect(409);

    let cleo = format!("/api/v1/organizations/northwind/users/{}", server.principal("cleo"));
    let roles = json!({"roles": [{"name": "Auditor"}]});
    let held = server.send("oscar", Method::PATCH, &cleo, Some(roles)).await.expect(200);
    assert_eq!(held["roles"], json!([{"name": "Auditor", "role_scope": "ROLE_SCOPE_ORGANIZATION"}]));
    let users = "/api/v1/organizations/northwind/users";
    server.get("cleo", users).await.expect(403);
    // Whoever holds it has what it holds now.
    let more = json!({"permissions": ["read:Organization", "read:OrganizationUser"], "etag": made["etag"]});
    let masked = format!("{path}?update_mask=permissions");
    let changed = server.send("oscar", Method::PATCH, &masked, Some(more.clone())).await.expect(200);
    assert_eq!((changed["title"].clone(), changed["etag"].clone()), (json!("Auditor"), json!("\"2\"")));
    server.get("cleo", users).await.expect(200);
    server.send("oscar", Method::PATCH, &masked, Some(more)).await.expect(409);

    let used = server.send("oscar", Method::DELETE, &path, None).await.expect(400);
    assert_eq!(used["details"][0]["reason"], "ROLE_IN_USE");
    server.send("oscar", Method::DELETE, &format!("{path}?force=true&etag=%221%22"), None).await.expect(409);
    server.send("oscar", Method::DELETE, &format!("{path}?force=true"), None).await.expect(200);
    server.get("cleo", users).await.expect(403);
    server.send("oscar", Method::DELETE, &path, None).await.expect(404);
    server.send("oscar", Method::DELETE, &format!("{path}?allow_missing=true"), None).await.expect(200);
}

/// What is fixed may be told as it is, as who reads, edits and sends back the whole does (AIP-203).
async fn goes_back_whole(server: &TestServer) {
    for (scope, other) in [
        ("ROLE_SCOPE_WORKSPACE", "ROLE_SCOPE_ORGANIZATION"),
        ("ROLE_SCOPE_ORGANIZATION", "ROLE_SCOPE_WORKSPACE"),
    ] {
        let body = json!({"title": "Whole", "role_scope": scope});
        let mut role = server.send("ada", Method::POST, ROLES, Some(body)).await.expect(200);
        let path = format!("/api/v1/{}", role["name"].as_str().unwrap());
        role["title"] = json!("Entire");
        let back = server.send("ada", Method::PATCH, &path, Some(role.clone())).await.expect(200);
        assert_eq!((&back["title"], &back["etag"]), (&json!("Entire"), &json!("\"2\"")));
        assert_eq!(back.get("role_scope"), role.get("role_scope"));
        server.send("ada", Method::PATCH, &path, Some(json!({"role_scope": scope}))).await.expect(200);
        for changed in [other, "ROLE_SCOPE_SERVER"] {
            let body = json!({"title": "Other", "role_scope": changed});
            let refused = server.send("ada", Method::PATCH, &path, Some(body)).await.expect(400);
            assert_eq!(refused["details"][1]["field_violations"][0]["field"], "role_scope");
        }
        assert_eq!(server.get("ada", &path).await.expect(200)["title"], "Entire");
        server.send("ada", Method::DELETE, &path, None).await.expect(200);
    }
}

async fn serves_one_workspace(server: &TestServer) {
    let roles = format!("{SEA}/roles");
    let body = json!({"title": "Tester", "permissions": ["read:Workspace", "read:Content"]});
    let made = server.send("ada", Method::POST, &roles, Some(body)).await.expect(200);
    let path = format!("/api/v1/{}", made["name"].as_str().unwrap());
    assert!(path.contains("/workspaces/"));
    let give = json!({"user": {"name": server.principal("cleo")}, "roles": [{"name": "tester"}]});
    let other = "/api/v1/organizations/northwind/workspaces/reservoir-models";
    let users = format!("{other}/users/{}", server.principal("cleo"));
    let tester = json!({"roles": [{"name": made["name"]}]});
    server.send("ada", Method::PATCH, &users, Some(tester)).await.expect(400);
    server.send("ada", Method::POST, &format!("{SEA}/users"), Some(give)).await.expect(200);
    server.get("cleo", SEA).await.expect(200);
    server.get("cleo", &format!("{SEA}/users")).await.expect(403);
    let id = path.rsplit('/').next().unwrap();
    server.get("ada", &format!("{other}/roles/{id}")).await.expect(404);
    server.get("ada", &format!("{ROLES}/{id}")).await.expect(404);
    // A role of the organization is changed in the organization.
    let body = json!({"title": "Everywhere", "role_scope": "ROLE_SCOPE_WORKSPACE"});
    let wide = server.send("ada", Method::POST, ROLES, Some(body)).await.expect(200);
    assert_eq!(wide["role_scope"], "ROLE_SCOPE_WORKSPACE");
    let id = wide["name"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    server.get("ada", &format!("{SEA}/roles/{id}")).await.expect(200);
    let refused = server.send("ada", Method::DELETE, &format!("{SEA}/roles/{id}"), None).await.expect(400);
    assert_eq!(refused["details"][0]["reason"], "ROLE_OF_ORGANIZATION");
    server.send("ada", Method::DELETE, &format!("{ROLES}/{id}"), None).await.expect(200);
}

async fn holds_what_is_inside(server: &TestServer) {
    let roles = format!("{SEA}/roles");
    let body = json!({
        "title": "Runner",
        "permissions": ["read:Workspace"],
        "content_permissions": ["create:pipeline_run", "read:pipeline", "read:pipeline"],
    });
    let made = server.send("ada", Method::POST, &roles, Some(body)).await.expect(200);
    assert_eq!(made["content_permissions"], json!(["read:pipeline", "create:pipeline_run"]));
    let path = format!("/api/v1/{}", made["name"].as_str().unwrap());
    let title = json!({"title": "Watcher"});
    let renamed = server.send("ada", Method::PATCH, &path, Some(title)).await.expect(200);
    assert_eq!(renamed["content_permissions"], made["content_permissions"]);
    let masked = format!("{path}?update_mask=content_permissions");
    let less = json!({"title": "Nobody", "content_permissions": ["read:pipeline"]});
    let changed = server.send("ada", Method::PATCH, &masked, Some(less)).await.expect(200);
    assert_eq!(
        (&changed["title"], &changed["content_permissions"]),
        (&json!("Watcher"), &json!(["read:pipeline"]))
    );
    let none = server.send("ada", Method::PATCH, &masked, Some(json!({}))).await.expect(200);
    assert_eq!(none.get("content_permissions"), None);
    server.send("ada", Method::DELETE, &path, None).await.expect(200);
    // Of an organization it holds nothing inside.
    let wide = json!({"title": "Wide", "content_permissions": ["read:pipeline"]});
    let refused = server.send("ada", Method::POST, ROLES, Some(wide)).await.expect(400);
    assert_eq!(refused["details"][1]["field_violations"][0]["field"], "content_permissions");
}

async fn gives_nobody_more_than_they_hold(server: &TestServer) {
    let owners = json!({"title": "Heir", "permissions": ["transfer:Organization"]});
    let refused = server.send("oscar", Method::POST, ROLES, Some(owners.clone())).await.expect(403);
    assert_eq!(refused["details"][0]["reason"], "ROLE_EXCEEDS_OWN");
    let made = server.send("ada", Method::POST, ROLES, Some(owners)).await.expect(200);
    let path = format!("/api/v1/{}", made["name"].as_str().unwrap());
    // Neither what a role held nor what it is to hold may exceed the editor's own.
    for body in [json!({"permissions": []}), json!({"title": "Nobody"})] {
        server.send("oscar", Method::PATCH, &path, Some(body)).await.expect(403);
    }
    server.send("oscar", Method::DELETE, &path, None).await.expect(403);
    let plain = server.send("oscar", Method::POST, ROLES, Some(json!({"title": "Plain"}))).await.expect(200);
    let plain = format!("/api/v1/{}", plain["name"].as_str().unwrap());
    let more = json!({"permissions": ["delete:Organization"]});
    server.send("oscar", Method::PATCH, &plain, Some(more.clone())).await.expect(403);
    server.send("ada", Method::PATCH, &plain, Some(more)).await.expect(200);
    server.send("ben", Method::POST, ROLES, Some(json!({"title": "Mine"}))).await.expect(403);
}

async fn refuses_bad_input(server: &TestServer) {
    for (body, field) in [
        (json!({}), "title"),
        (json!({"title": "Org Admin"}), "title"),
        (json!({"title": "workspace-admin"}), "title"),
        (json!({"title": "0190b0a0-0000-7000-8000-0000000000ff"}), "title"),
        (json!({"title": "x".repeat(61)}), "title"),
        (json!({"title": "a", "permissions": ["fly:Kite"]}), "permissions"),
        (json!({"title": "a", "permissions": [1]}), "permissions"),
        (json!({"title": "a", "permissions": ["manage:Server"]}), "permissions"),
        (json!({"title": "a", "content_permissions": ["read:horse"]}), "content_permissions[0]"),
        (json!({"title": "a", "role_scope": "ROLE_SCOPE_SERVER"}), "role_scope"),
        (json!({"title": "a", "colour": 1}), "colour"),
    ] {
        let refused = server.send("root", Method::POST, ROLES, Some(body.clone())).await.expect(400);
        assert_eq!(refused["details"][1]["field_violations"][0]["field"], field, "{body}");
        server.send("ben", Method::POST, ROLES, Some(body)).await.expect(403);
    }
    let id = format!("{ROLES}?role_id=x");
    server.send("ada", Method::POST, &id, Some(json!({"title": "a"}))).await.expect(400);
    let id = format!("{ROLES}?role_id={}", server.organization("southgate"));
    server.send("root", Method::POST, &id, Some(json!({"title": "a"}))).await.expect(409);
}
