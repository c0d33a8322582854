//! Users of an organization: seen, added, given other roles, removed with everything they held.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{TestServer, both, both_alone};

both!(are_listed_and_read);
both_alone!(are_added_as_the_server_allows, get_other_roles, leave_nothing_without_an_owner);

const ORG: &str = "/api/v1/organizations/northwind";

async fn are_listed_and_read(server: &TestServer) {
    let emails = async |query: &str| {
        let list = server.get("ben", &format!("{ORG}/users?{query}")).await.expect(200);
        let list = list["users"].as_array().unwrap().iter();
        list.map(|user| user["user"]["email"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = ["ada", "ben", "cleo", "oscar"].map(|name| format!("{name}@tenantry.example"));
    assert_eq!(emails("order_by=email").await, all);
    assert_eq!(emails("order_by=email%20desc&page_size=1").await, [all[3].clone()]);
    assert_eq!(emails("filter=role%3D%22account%20owner%22").await, [all[0].clone()]);
    assert_eq!(emails("filter=role_scope%3Dworkspace").await, [""; 0]);
    assert_eq!(emails("filter=search:CLEO").await, [all[2].clone()]);
    server.get("dan", &format!("{ORG}/users")).await.expect(403);
    server.get("ben", &format!("{ORG}/users?filter=colour%3D1")).await.expect(400);

    let northwind = server.organization("northwind");
    let one = format!("{ORG}/users/{}", server.principal("ada"));
    let name = format!("organizations/{northwind}/users/{}", server.principal("ada"));
    let expected = json!({"name": name, "display_name": "Ada Larsen", "email": "ada@tenantry.example"});
    assert_eq!(server.get("ben", &one).await.expect(200), expected);
    for nobody in [server.principal("dan"), "x".to_owned(), server.principal("northwind-ci")] {
        server.get("ben", &format!("{ORG}/users/{nobody}")).await.expect(404);
    }
    let here = format!("{ORG}/workspaces/north-sea/users/{}", server.principal("ben"));
    let membership = server.get("ben", &here).await.expect(200);
    let roles = json!([
        {"name": "member", "role_scope": "ROLE_SCOPE_ORGANIZATION"},
        {"name": "automation-author", "role_scope": "ROLE_SCOPE_WORKSPACE"},
    ]);
    assert_eq!(
        (membership["user"]["email"].clone(), membership["roles"].clone()),
        (json!("ben@tenantry.example"), roles)
    );
}

/// The demo provisions.
async fn are_added_as_the_server_allows(server: &TestServer) {
    let users = format!("{ORG}/users");
    let member = json!([{"name": "member", "role_scope": "ROLE_SCOPE_ORGANIZATION"}]);
    let body = json!({"user": {"email": "kit@tenantry.example"}, "roles": member});
    let known = server.send("oscar", Method::POST, &users, Some(body.clone())).await.expect(200);
    assert!(known["user"]["name"].as_str().unwrap().ends_with(&server.principal("kit")));
    assert_eq!(known["roles"], member);
    server.send("oscar", Method::POST, &users, Some(body)).await.expect(409);
    let body = json!({"user": {"email": "new@partner.example", "display_name": "New"}, "roles": member});
    let made = server.send("oscar", Method::POST, &users, Some(body)).await.expect(200);
    assert_eq!(made["user"]["display_name"], "New");
    let body = json!({"user": {"email": "nobody@partner.example"}, "roles": member});
    let invited = server.send("oscar", Method::POST, &users, Some(body)).await.expect(200);
    assert!(invited["user"].get("name").is_none() && invited["invitation"]["secret"].is_string());
    // By id, an account outside is known to nobody but who runs the server.
    let body = json!({"user": {"name": server.principal("dan")}, "roles": member});
    server.send("ada", Method::POST, &users, Some(body.clone())).await.expect(400);
    server.send("root", Method::POST, &users, Some(body)).await.expect(200);
    let owner = json!({"user": {"email": "x@partner.example"}, "roles": [{"name": "account-owner"}]});
    server.send("oscar", Method::POST, &users, Some(owner)).await.expect(403);
}

async fn get_other_roles(server: &TestServer) {
    let at = |who: &str| format!("{ORG}/users/{}", server.principal(who));
    let roles = |name: &str| Some(json!({"roles": [{"name": name}]}));
    let cleo = server.send("oscar", Method::PATCH, &at("cleo"), roles("org-admin")).await.expect(200);
    assert_eq!(cleo["roles"][0]["name"], "org-admin");
    server.send("ben", Method::PATCH, &at("cleo"), roles("member")).await.expect(403);
    server.send("oscar", Method::PATCH, &at("cleo"), roles("account-owner")).await.expect(403);
    server.send("oscar", Method::PATCH, &at("ada"), roles("member")).await.expect(403);
    server.send("oscar", Method::PATCH, &at("dan"), roles("member")).await.expect(404);
    // Who answers for the organization keeps the owner's role, also beside another owner.
    server.send("ada", Method::PATCH, &at("oscar"), roles("account-owner")).await.expect(200);
    let refused = server.send("oscar", Method::PATCH, &at("ada"), roles("member")).await.expect(400);
    assert_eq!(
        (refused["code"].clone(), refused["details"][0]["reason"].clone()),
        (json!(9), json!("MEMBER_ACCOUNT_OWNER"))
    );
    let workspace = json!({"roles": [{"name": "member", "role_scope": "ROLE_SCOPE_WORKSPACE"}]});
    server.send("ada", Method::PATCH, &at("cleo"), Some(workspace)).await.expect(400);
}

async fn leave_nothing_without_an_owner(server: &TestServer) {
    let ben = format!("{ORG}/users/{}", server.principal("ben"));
    server.send("cleo", Method::DELETE, &ben, None).await.expect(403);
    let refused = server.send("oscar", Method::DELETE, &ben, None).await.expect(400);
    assert_eq!(refused["details"][0]["reason"], "MEMBER_LAST_OWNER");
    assert_eq!(refused["details"][0]["metadata"]["workspaces"].as_str().unwrap().len(), 36);
    let told = format!("{ben}?force=true&validate_only=true");
    let told = server.send("oscar", Method::DELETE, &told, None).await.expect(200);
    let bench: &Value = &told["workspaces_handed_over"][0];
    assert!(bench.as_str().unwrap().contains("/workspaces/"));
    assert!(told["workspaces_left"].as_u64().unwrap() > 1);
    server.get("ben", &format!("{ORG}/workspaces/north-sea")).await.expect(200);

    assert_eq!(
        server.send("oscar", Method::DELETE, &format!("{ben}?force=true"), None).await.expect(200),
        json!({})
    );
    server.get("ben", ORG).await.expect(403);
    server.get("ben", &format!("{ORG}/workspaces/north-sea")).await.expect(403);
    let users = format!("/api/v1/{}/users", bench.as_str().unwrap());
    let owners = server.get("ada", &format!("{users}?filter=role%3Dworkspace-admin")).await.expect(200);
    assert_eq!(owners["users"][0]["user"]["email"], "ada@tenantry.example");
    server.send("oscar", Method::DELETE, &ben, None).await.expect(404);
    let ada = format!("{ORG}/users/{}", server.principal("ada"));
    let refused = server.send("root", Method::DELETE, &ada, None).await.expect(400);
    assert_eq!(refused["details"][0]["reason"], "MEMBER_ACCOUNT_OWNER");
    assert_eq!(server.core.examine().await.unwrap(), []);
}
