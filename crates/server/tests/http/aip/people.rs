//! Giving and taking roles, and counting people.

use reqwest::Method;
use serde_json::json;

use crate::harness::{TestServer, both_alone};

both_alone!(
    gives_and_takes_roles,
    adds_by_address,
    keeps_an_owner,
    hands_out_no_more_than_it_holds,
    counts_people
);

const WORKSPACE: &str = "/api/v1/organizations/northwind/workspaces/north-sea";

async fn gives_and_takes_roles(server: &TestServer) {
    let users = format!("{WORKSPACE}/users");
    let cleo = server.principal("cleo");
    let body = json!({"user": {"name": format!("organizations/x/users/{cleo}")}, "roles": [{"name": "Automation Author"}]});
    let added = server.send("ada", Method::POST, &users, Some(body.clone())).await.expect(200);
    assert_eq!(added["roles"], json!([{"name": "automation-author", "role_scope": "ROLE_SCOPE_WORKSPACE"}]));
    server.send("ada", Method::POST, &users, Some(body)).await.expect(409);
    server.get("cleo", WORKSPACE).await.expect(200);
    let one = format!("{users}/{cleo}");
    let roles = json!({"roles": [{"name": "workspace-viewer"}, {"name": "release manager"}]});
    let changed =
        server.send("ada", Method::PATCH, &format!("{one}?update_mask=roles"), Some(roles)).await.expect(200);
    assert_eq!(changed["roles"].as_array().unwrap().len(), 2);
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
