//! Workspaces whose servers somebody else runs, from the enrollment to the server's reports.

use serde_json::{Value, json};
use tenantry_core::authz::OrganizationRef;
use tenantry_core::credential::{Access, NewToken};
use tenantry_core::settings::Settings;

use tenantry_testkit::Member;

use crate::world::{Answer, World};

/// An enrolled workspace: its id and the key of its server.
async fn enroll(world: &World, who: &Member, organization: &str, name: &str) -> (String, String) {
    let body = json!({"name": name, "organization_id": organization});
    let made = world.json("POST", "/workspaces?enroll=True", &who.token, &body).await.ok();
    assert_eq!((&made["is_managed"], &made["status"]), (&json!(false), &json!("pending")), "{made}");
    let text = |member: &str| made[member].as_str().unwrap().to_owned();
    (text("id"), text("enrollment_key"))
}

/// The token of a server.
async fn signed_in(world: &World, id: &str, key: &str) -> Answer {
    let form = format!(
        "client_id={id}&client_secret={key}&audience=https%3A%2F%2Fx.example&grant_type=client_credentials"
    );
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    world.send("POST", "/auth/login", &headers, &form).await
}

async fn token(world: &World, id: &str, key: &str) -> String {
    let answer = signed_in(world, id, key).await.ok();
    assert!(answer["expires_in"].as_i64().unwrap() > 0);
    answer["access_token"].as_str().unwrap().to_owned()
}

async fn report(world: &World, token: &str, url: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers =
        [("authorization", bearer.as_str()), ("zenml-server-version", "0.98.0"), ("zenml-server-url", url)];
    world.send("PATCH", "/workspace_status", &headers, "").await
}

#[tokio::test]
async fn a_server_reports_in() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let north = world.organization(&ada, "North").await;
    let (id, key) = enroll(&world, &ada, &north, "reservoirs").await;
    let token = token(&world, &id, &key).await;
    assert_eq!(report(&world, &token, "https://r.example").await.ok(), Value::Null);
    let shown = world.get("/workspaces/reservoirs", &ada).await.ok();
    let expected = json!({"server_url": "https://r.example", "version": "0.98.0"});
    assert_eq!((&shown["status"], &shown["zenml_service"]["status"]), (&json!("available"), &expected));
    assert_eq!((&shown["enrollment_key"], &shown["state_reason"]), (&Value::Null, &json!("user_action")));
    let by_url = world.get("/workspaces?url=https%3A%2F%2Fr.example&member_only=True", &ada).await;
    assert_eq!(by_url.all("id"), [id.as_str()]);
    assert_eq!(world.get("/workspaces?url=https%3A%2F%2Fr", &ada).await.all("id"), [""; 0]);
    assert_eq!(world.get("/tenants?is_managed=False", &ada).await.all("id"), [id.as_str()]);
    assert!(!world.get("/workspaces?is_managed=True", &ada).await.all("id").contains(&id));
}

#[tokio::test]
async fn the_key_of_a_server_is_good_for_its_workspace_alone() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let north = world.organization(&ada, "North").await;
    let (first, key) = enroll(&world, &ada, &north, "first").await;
    let (second, _) = enroll(&world, &ada, &north, "second").await;
    assert_eq!(signed_in(&world, &second, &key).await.status, 401);
    let token = token(&world, &first, &key).await;
    let server = world.core.member(&token).await;
    assert_eq!(world.get("/workspaces", &server).await.all("id"), [first.as_str()]);
    assert_eq!(world.get(&format!("/workspaces/{second}"), &server).await.status, 404);
    let renamed = world.json("PATCH", &format!("/workspaces/{first}"), &token, &json!({"name": "x"})).await;
    assert_eq!(renamed.status, 403);
    assert_eq!(world.get(&format!("/organizations/{north}/service_accounts"), &server).await.status, 403);
    // Whoever is no server reports nothing.
    let refused = report(&world, &ada.token, "https://r.example").await;
    assert_eq!(refused.status, 403);
    let headers = [("authorization", format!("Bearer {token}")), ("zenml-server-id", second)];
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(world.send("PATCH", "/workspace_status", &headers, "").await.status, 422);
    for bad in ["ftp://r.example", "https://a:b@r.example/"] {
        let refused = report(&world, &token, bad).await;
        assert_eq!(refused.status, 422);
        assert_eq!(refused.body["detail"][0]["loc"], json!(["header", "zenml-server-url"]), "{bad}");
    }
}

/// Without its role, the server could tell and ask nothing any more.
#[tokio::test]
async fn a_server_keeps_its_role_and_is_given_no_other() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let north = world.organization(&ada, "North").await;
    let (id, key) = enroll(&world, &ada, &north, "reservoirs").await;
    let viewer = world.role(&ada.token, &north, "Workspace Viewer").await;
    let list = format!("/organizations/{north}/roles?name=Workspace%20Server");
    let own = world.get(&list, &ada).await.all("id").remove(0);
    let members = format!("/workspaces/{id}/members?user_id={id}");
    let assigned = |role: &str| format!("/roles/{role}/assignments?user_id={id}&workspace_id={id}");
    for path in [&members, &assigned(&own)] {
        let kept = "the workspace's server goes by the role, which is not taken from it";
        let refused = world.ask("DELETE", path, &ada.token).await;
        refused.refused(403, &json!(["IllegalOperationError", kept]));
    }
    for path in [&members, &assigned(&viewer)] {
        let kept = "the account of a workspace's server keeps its role and is given no other";
        let refused = world.ask("POST", path, &ada.token).await;
        refused.refused(403, &json!(["IllegalOperationError", kept]));
    }
    let path = format!("/roles/{own}");
    assert_eq!(world.json("PATCH", &path, &ada.token, &json!({"name": "Other"})).await.status, 403);
    assert_eq!(world.ask("DELETE", &path, &ada.token).await.status, 403);
    let token = token(&world, &id, &key).await;
    report(&world, &token, "https://r.example").await.ok();
}

#[tokio::test]
async fn no_more_are_enrolled_than_an_organization_may_have() {
    let settings = Settings { enrolled_per_organization: Some(1), ..Settings::default() };
    let world = World::with(settings).await;
    let ada = world.user("ada").await;
    let (north, south) = (world.organization(&ada, "North").await, world.organization(&ada, "South").await);
    let (first, _) = enroll(&world, &ada, &north, "first").await;
    let body = json!({"name": "second", "organization_id": north});
    let refused = world.json("POST", "/workspaces?enroll=True", &ada.token, &body).await;
    let told = json!(["SubscriptionUpgradeRequiredError", "an organization may have 1 enrolled workspaces"]);
    refused.refused(402, &told);
    // One whose server is run here is none of them, and another organization has its own.
    world.json("POST", "/workspaces", &ada.token, &body).await.ok();
    enroll(&world, &ada, &south, "second").await;
    world.ask("DELETE", &format!("/workspaces/{first}"), &ada.token).await.ok();
    enroll(&world, &ada, &north, "third").await;
    let target = (OrganizationRef::parse(&north), tenantry_core::authz::WorkspaceRef::parse(&first));
    let restored = world.core.undelete_workspace(&ada.caller, target, None, None).await.unwrap_err();
    assert_eq!(restored.kind, tenantry_core::Kind::LimitReached);
}

#[tokio::test]
async fn deactivating_closes_a_workspace_at_once() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let north = world.organization(&ada, "North").await;
    let (id, key) = enroll(&world, &ada, &north, "reservoirs").await;
    let token = token(&world, &id, &key).await;
    report(&world, &token, "https://r.example").await.ok();
    let entry = format!("/users/authorize_server?server_id={id}");
    assert_eq!(world.get(&entry, &ada).await.ok()["username"], "ada");
    let path = format!("/workspaces/{id}/deactivate");
    let off = world.json("PATCH", &path, &ada.token, &json!({})).await.ok();
    assert_eq!((&off["status"], &off["desired_state"]), (&json!("deactivated"), &json!("deactivated")));
    assert_eq!(world.get(&entry, &ada).await.status, 403);
    assert_eq!(report(&world, &token, "https://r.example").await.status, 403);
    // The server may still be up: what it reported stands until it is not heard.
    let change = json!({"desired_state": "available"});
    let on = world.json("PATCH", &format!("/workspaces/{id}"), &ada.token, &change).await.ok();
    assert_eq!((&on["status"], &on["desired_state"]), (&json!("available"), &json!("available")));
    assert_eq!(world.get(&entry, &ada).await.status, 200);
    let gone = json!({"desired_state": "not_initialized"});
    let refused = world.json("PATCH", &format!("/workspaces/{id}"), &ada.token, &gone).await;
    assert_eq!(refused.status, 400);
}

/// The server would ask about all that its owner may do.
#[tokio::test]
async fn a_limited_token_does_not_enter_a_server() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let north = world.organization(&ada, "North").await;
    let (id, _) = enroll(&world, &ada, &north, "reservoirs").await;
    let entry = format!("/users/authorize_server?server_id={id}");
    for (access, status) in [(Access::Reading, 403), (Access::Everything, 200)] {
        let new = NewToken {
            title: "Laptop".to_owned(),
            organization: Some(OrganizationRef::parse(&north)),
            access,
            ..NewToken::default()
        };
        let (_, secret) = world.core.create_own_token(&ada.caller, new).await.unwrap();
        let narrow = world.core.member(secret.expose()).await;
        assert_eq!(world.get(&entry, &narrow).await.status, status);
    }
}

#[tokio::test]
async fn a_silent_server_fails_until_it_is_heard() {
    let settings = Settings { server_silence_seconds: Some(3600), ..Settings::default() };
    let world = World::with(settings).await;
    let ada = world.user("ada").await;
    let north = world.organization(&ada, "North").await;
    let (id, key) = enroll(&world, &ada, &north, "reservoirs").await;
    let heard = token(&world, &id, &key).await;
    report(&world, &heard, "https://r.example").await.ok();
    world.core.flush_uses().await.unwrap();
    let state = async || {
        let shown = world.get(&format!("/workspaces/{id}"), &ada).await.ok();
        (shown["status"].as_str().unwrap().to_owned(), shown["state_reason"].as_str().unwrap().to_owned())
    };
    world.core.clock().advance_seconds(3000);
    assert_eq!(world.core.note_silent_servers().await.unwrap(), 0);
    world.core.clock().advance_seconds(700);
    assert_eq!(world.core.note_silent_servers().await.unwrap(), 1);
    assert_eq!(world.core.note_silent_servers().await.unwrap(), 0);
    assert_eq!(state().await, ("failed".to_owned(), "server_silent".to_owned()));
    // Any request of the server counts.
    let again = token(&world, &id, &key).await;
    let server = world.core.member(&again).await;
    world.get("/workspaces", &server).await.ok();
    world.core.flush_uses().await.unwrap();
    assert_eq!(world.core.note_silent_servers().await.unwrap(), 1);
    assert_eq!(state().await, ("available".to_owned(), "user_action".to_owned()));
}

#[tokio::test]
async fn usage_is_counted_and_limited() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let north = world.organization(&ada, "North").await;
    let (id, key) = enroll(&world, &ada, &north, "reservoirs").await;
    let token = token(&world, &id, &key).await;
    let server = world.core.member(&token).await;
    let event =
        |total: i64| json!({"organization_id": north, "feature": "pipeline", "total": total, "metadata": {}});
    let one = event(1);
    for _ in 0..3 {
        world.json("POST", "/usage-event", &token, &one).await.ok();
    }
    world.json("POST", "/usage-batch", &token, &json!([event(-1), event(2)])).await.ok();
    // What was not answered in time is sent again.
    let mut again = event(1);
    again["feature"] = json!("run");
    again["metadata"] = json!({"resource_id": "7d2f", "other": [1]});
    for _ in 0..2 {
        world.json("POST", "/usage-event", &token, &again).await.ok();
    }
    again["metadata"] = json!({"resource_id": "x".repeat(101)});
    assert_eq!(world.json("POST", "/usage-event", &token, &again).await.status, 422);
    let shown = world.get(&format!("/workspaces/{id}"), &ada).await.ok();
    assert_eq!(shown["usage_counts"], json!({"pipeline": 4, "run": 1}));
    let entitlement = format!("/organizations/{north}/entitlement/pipeline");
    assert_eq!(world.get(&entitlement, &server).await.status, 200);
    let by = tenantry_core::authz::OrganizationRef::parse(&north);
    let limit = ("pipeline", Some(4));
    let refused = world.core.set_entitlement(&ada.caller, by.clone(), limit).await.unwrap_err();
    assert_eq!(refused.kind, tenantry_core::Kind::Forbidden);
    world.core.set_entitlement(&world.admin.caller, by, limit).await.unwrap();
    assert_eq!(world.get(&entitlement, &server).await.status, 402);
    let plan = world.get(&format!("/organizations/{north}/trial"), &ada).await.ok();
    assert_eq!(
        (&plan["usage"], &plan["limits"]),
        (&json!({"pipeline": 4, "run": 1}), &json!({"pipeline": 4}))
    );
    // Deactivated, its server is told nothing here either; people are.
    world.ask("PATCH", &format!("/workspaces/{id}/deactivate"), &ada.token).await.ok();
    assert_eq!(world.get(&entitlement, &server).await.status, 403);
    assert_eq!(world.get(&entitlement, &ada).await.status, 402);
    world.ask("PATCH", &format!("/workspaces/{id}/deploy"), &ada.token).await.ok();
    assert_eq!(world.get(&entitlement, &server).await.status, 402);
    // A workspace counts no more than so many features. A body of the test has room for a part of them.
    let many: Vec<_> = (0..100)
        .map(|at| json!({"organization_id": north, "feature": format!("f{at}"), "total": 1}))
        .collect();
    let parts: Vec<_> = many.chunks(25).collect();
    for part in &parts[..3] {
        world.json("POST", "/usage-batch", &token, &json!(part)).await.ok();
    }
    assert_eq!(world.json("POST", "/usage-batch", &token, &json!(parts[3])).await.status, 402);
    // Nobody counts for another organization, and who is no server counts nothing.
    let south = world.organization(&ada, "South").await;
    let foreign = json!({"organization_id": south, "feature": "pipeline", "total": 1});
    assert_eq!(world.json("POST", "/usage-event", &token, &foreign).await.status, 404);
    assert_eq!(world.json("POST", "/usage-event", &ada.token, &one).await.status, 403);
    let wrong = json!({"organization_id": north, "feature": "pipeline"});
    assert_eq!(world.json("POST", "/usage-event", &token, &wrong).await.status, 422);
    assert_eq!(world.json("POST", "/usage-batch", &token, &json!([one, wrong])).await.status, 422);
    let shown = world.get(&format!("/workspaces/{id}"), &ada).await.ok();
    assert_eq!(shown["usage_counts"].as_object().unwrap().len(), 77);
}
