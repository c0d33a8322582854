//! Giving and taking roles, and counting people.

use reqwest::Method;
use reqwest::header::IF_MATCH;
use serde_json::json;

use crate::harness::{Answer, TestServer, both_alone, client};

both_alone!(
    gives_and_takes_roles,
    minds_what_was_seen,
    adds_by_address,
    keeps_an_owner,
    hands_out_no_more_than_it_holds,
    names_keep_to_the_path,
    counts_people,
    the_last_owner_can_act,
    accounts_and_organizations_are_locked_in_one_order
);

const WORKSPACE: &str = "/api/v1/organizations/northwind/workspaces/north-sea";

async fn gives_and_takes_roles(server: &TestServer) {
    let users = format!("{WORKSPACE}/users");
    let cleo = server.principal("cleo");
    let body = json!({"user": {"name": format!("organizations/northwind/users/{cleo}")}, "roles": [{"name": "Automation Author"}]});
    let added = server.send("ada", Method::POST, &users, Some(body.clone())).await.expect(200);
    // Those of the organization stand with them, as for everybody who reads the user.
    assert_eq!(
        added["roles"],
        json!([
            {"name": "cxo", "role_scope": "ROLE_SCOPE_ORGANIZATION"},
            {"name": "automation-author", "role_scope": "ROLE_SCOPE_WORKSPACE"},
        ])
    );
    server.send("ada", Method::POST, &users, Some(body)).await.expect(409);
    server.get("cleo", WORKSPACE).await.expect(200);
    let one = format!("{users}/{cleo}");
    let roles = json!({"roles": [{"name": "workspace-viewer"}, {"name": "release manager"}]});
    let changed =
        server.send("ada", Method::PATCH, &format!("{one}?update_mask=roles"), Some(roles)).await.expect(200);
    assert_eq!(changed["roles"].as_array().unwrap().len(), 3);
    server.send("cleo", Method::DELETE, &one, None).await.expect(403);
    assert_eq!(server.send("ada", Method::DELETE, &one, None).await.expect(200), json!({}));
    server.get("cleo", WORKSPACE).await.expect(403);
    server.send("ada", Method::DELETE, &one, None).await.expect(404);
    for bad in [
        json!({}),
        json!({"user": {}, "roles": [{"name": "workspace-viewer"}]}),
        json!({"user": {"name": cleo}, "roles": []}),
        json!({"user": {"name": cleo}, "roles": [{"name": "no such role"}]}),
        json!({"user": {"name": cleo}, "roles": [{"name": "org-admin"}]}),
        json!({"user": {"name": server.principal("dan")}, "roles": [{"name": "workspace-viewer"}]}),
    ] {
        assert_eq!(server.send("ada", Method::POST, &users, Some(bad)).await.expect(400)["code"], 3);
    }
}

/// The demo provisions: a stranger's address with a name gets an account, without one an invitation.
/// Who changes somebody's roles may say which roles they saw.
async fn minds_what_was_seen(server: &TestServer) {
    let (cleo, ben) = (server.principal("cleo"), server.principal("ben"));
    let of_workspace = format!("{WORKSPACE}/users/{ben}");
    let of_organization = format!("/api/v1/organizations/northwind/users/{cleo}");
    for (path, other) in [(of_workspace, "workspace-viewer"), (of_organization, "org-admin")] {
        let seen = server.get("ada", &path).await;
        let tag = seen.headers["etag"].to_str().unwrap().to_owned();
        let encoded = tag.replace('"', "%22");
        let roles = json!({"roles": [{"name": other}]});
        let changed = server.send("ada", Method::PATCH, &format!("{path}?etag={encoded}"), Some(roles)).await;
        changed.expect(200);
        assert_ne!(server.get("ada", &path).await.headers["etag"], tag, "{path}");
        for (method, body) in
            [(Method::PATCH, Some(json!({"roles": [{"name": other}]}))), (Method::DELETE, None)]
        {
            let stale = format!("{path}?etag={encoded}");
            let refused = server.send("ada", method.clone(), &stale, body.clone()).await.expect(409);
            assert_eq!(refused["details"][0]["reason"], "MEMBER_STALE", "{refused}");
            let request = client().request(method, format!("{}{path}", server.url));
            let request = request.bearer_auth(server.token("ada")).header(IF_MATCH, &tag);
            let request = if let Some(body) = &body { request.json(body) } else { request };
            Answer::of(request).await.expect(412);
        }
        let now = server.get("ada", &path).await.headers["etag"].clone();
        let request = client().delete(format!("{}{path}", server.url));
        Answer::of(request.bearer_auth(server.token("ada")).header(IF_MATCH, now)).await.expect(200);
    }
}

async fn adds_by_address(server: &TestServer) {
    let users = format!("{WORKSPACE}/users");
    let viewer = json!([{"name": "workspace-viewer"}]);
    let body = json!({"user": {"email": "new@partner.example", "display_name": "Newcomer"}, "roles": viewer});
    let added = server.send("ada", Method::POST, &users, Some(body)).await.expect(200);
    assert_eq!(added["user"]["display_name"], "Newcomer");
    let body = json!({"user": {"email": "kit@tenantry.example"}, "roles": viewer});
    let known = server.send("ada", Method::POST, &users, Some(body)).await.expect(200);
    assert!(known["user"]["name"].as_str().unwrap().ends_with(&server.principal("kit")));
    let body = json!({"user": {"email": "nobody@partner.example"}, "roles": viewer});
    let invited = server.send("ada", Method::POST, &users, Some(body.clone())).await.expect(200);
    assert!(invited["user"].get("name").is_none());
    server.send("ada", Method::POST, &users, Some(body)).await.expect(409);
    let pending = server.get("ada", &format!("{WORKSPACE}/invites")).await.expect(200);
    assert_eq!(pending["invitations"].as_array().unwrap().len(), 2);
}

async fn keeps_an_owner(server: &TestServer) {
    let ada = format!("{WORKSPACE}/users/{}", server.principal("ada"));
    let refused = server.send("ada", Method::DELETE, &ada, None).await.expect(400);
    assert_eq!(
        (refused["code"].clone(), refused["details"][0]["reason"].clone()),
        (json!(9), json!("MEMBER_LAST_OWNER"))
    );
    let roles = json!({"roles": [{"name": "workspace-viewer"}]});
    server.send("oscar", Method::PATCH, &ada, Some(roles)).await.expect(400);
}

async fn hands_out_no_more_than_it_holds(server: &TestServer) {
    // ben edits north-sea and may not manage its people; in a workspace of his own he may.
    let body = json!({"user": {"name": server.principal("cleo")}, "roles": [{"name": "workspace-viewer"}]});
    server.send("ben", Method::POST, &format!("{WORKSPACE}/users"), Some(body.clone())).await.expect(403);
    let own = "/api/v1/organizations/northwind/workspaces/ben-s-bench/users";
    server.send("ben", Method::POST, own, Some(body)).await.expect(200);
}

/// The last segment alone would do, but a name says more, and what it says must be true.
async fn names_keep_to_the_path(server: &TestServer) {
    let (northwind, southgate) = (server.organization("northwind"), server.organization("southgate"));
    let sea = server.workspace(&northwind, "ada", "North Sea").await;
    let models = server.workspace(&northwind, "ada", "Reservoir Models").await;
    let cleo = server.principal("cleo");
    let users = format!("{WORKSPACE}/users");
    let viewer = "workspace-viewer";
    let foreign = [
        (format!("organizations/{southgate}/users/{cleo}"), viewer.to_owned(), "user.name"),
        (format!("people/{cleo}"), viewer.to_owned(), "user.name"),
        (cleo.clone(), format!("organizations/{southgate}/roles/{viewer}"), "roles.name"),
        (cleo.clone(), format!("organizations/{northwind}/workspaces/{models}/roles/{viewer}"), "roles.name"),
        (cleo.clone(), format!("organizations/{northwind}/workspaces/{sea}/{viewer}"), "roles.name"),
    ];
    for (user, role, field) in foreign {
        let body = json!({"user": {"name": user}, "roles": [{"name": role}]});
        let refused = server.send("ada", Method::POST, &users, Some(body)).await.expect(400);
        assert_eq!(refused["code"], 3);
        assert_eq!(refused["details"][0]["metadata"], json!({"parameter": field, "rule": "parent"}));
    }
    let own = format!("organizations/northwind/workspaces/{sea}/roles/{viewer}");
    let name = format!("organizations/{}/users/{cleo}", northwind.to_uppercase());
    let body = json!({"user": {"name": name}, "roles": [{"name": own}]});
    server.send("ada", Method::POST, &users, Some(body)).await.expect(200);
    let foreign = json!({"roles": [{"name": format!("organizations/{southgate}/roles/{viewer}")}]});
    server.send("ada", Method::PATCH, &format!("{users}/{cleo}"), Some(foreign)).await.expect(400);
}

async fn counts_people(server: &TestServer) {
    let organization = server.organization("northwind");
    let count = format!("/api/v1/organizations/{organization}/workspaces:countUsers");
    let sea = server.workspace(&organization, "ada", "North Sea").await;
    let models = server.workspace(&organization, "ada", "Reservoir Models").await;
    let body = json!({"workspace_ids": [sea, models, sea]});
    let counted = server.send("ada", Method::POST, &count, Some(body)).await.expect(200);
    assert_eq!(counted["workspace_user_counts"], json!({sea.clone(): 2, models.clone(): 3}));
    let theirs = server.workspace(&server.organization("southgate"), "dan", "Quarry").await;
    for id in [&theirs, "0190b0a0-0000-7000-8000-0000000000ff", "nonsense"] {
        let body = json!({"workspace_ids": [models, id]});
        server.send("ada", Method::POST, &count, Some(body.clone())).await.expect(404);
        server.send("cleo", Method::POST, &count, Some(body)).await.expect(403);
    }
    for bad in [
        json!({}),
        json!({"workspace_ids": []}),
        json!({"workspace_ids": [1]}),
        json!({"workspace_ids": "x"}),
    ] {
        server.send("ada", Method::POST, &count, Some(bad)).await.expect(400);
    }
}

/// A suspended owner answers for nothing, so it does not count as one.
async fn the_last_owner_can_act(server: &TestServer) {
    let users = format!("{WORKSPACE}/users");
    let owner = json!([{"name": "workspace-admin"}]);
    let (ada, ben) = (server.principal("ada"), server.principal("ben"));
    let roles = json!({"roles": owner});
    server.send("ada", Method::PATCH, &format!("{users}/{ben}"), Some(roles)).await.expect(200);
    let root = server.core.authenticate(server.token("root")).await.unwrap();
    let id = server.estate.people.iter().find(|person| person.username == "ben").unwrap().id;
    server.core.set_suspended(&root, id, true).await.unwrap();
    let refused = server.send("ada", Method::DELETE, &format!("{users}/{ada}"), None).await.expect(400);
    assert_eq!(refused["details"][0]["reason"], "MEMBER_LAST_OWNER");
    server.core.set_suspended(&root, id, false).await.unwrap();
    server.send("ada", Method::DELETE, &format!("{users}/{ada}"), None).await.expect(200);
}

/// Adding people with an account and renaming their organization take the same two locks: in the same order, or they would
/// stop each other on PostgreSQL.
async fn accounts_and_organizations_are_locked_in_one_order(server: &TestServer) {
    let organization = server.organization("northwind");
    let mut all = tokio::task::JoinSet::new();
    for number in 0..8 {
        let email = format!("racer-{number}@partner.example");
        let body = json!({"user": {"email": email, "display_name": "Racer"}, "roles": [{"name": "workspace-viewer"}]});
        let add = client().post(format!("{}{WORKSPACE}/users", server.url)).json(&body);
        let rename = client().patch(format!("{}/organizations/{organization}", server.url));
        let rename = rename.json(&json!({"name": format!("northwind {number}")}));
        // The path must keep leading to the organization while it is renamed: its key does.
        for request in [add, rename] {
            let request = request.bearer_auth(server.token("ada"));
            all.spawn(async move { Answer::of(request).await });
        }
    }
    while let Some(answer) = all.join_next().await {
        answer.unwrap().expect(200);
    }
}
