//! API keys that administrators make for the users whom they administer, on a server that allows it.

use reqwest::Method;
use serde_json::{Value, json};
use tenantry_core::ids::PrincipalId;
use tenantry_core::settings::{KeysForOthers, Settings};
use tenantry_server::demo;
use tenantry_testkit::estate::answer;

use crate::harness::{Answer, Engine, TestServer};

const ORG: &str = "/api/v1/organizations/northwind";
const KEYS: &str = "/api/v1/organizations/northwind/apiKeys";

#[tokio::test]
async fn on_sqlite() {
    are_made_where_the_server_allows_it(Engine::Sqlite).await;
}

#[tokio::test]
async fn on_postgres() {
    are_made_where_the_server_allows_it(Engine::Postgres).await;
}

async fn are_made_where_the_server_allows_it(engine: Engine) {
    let settings = Settings { keys_for_others: KeysForOthers::Administrators, ..demo::settings() };
    let server = TestServer::with(engine, settings);
    act_for_their_owner(&server).await;
    reach_no_further_than_maker_and_owner(&server).await;
    are_refused_for_strangers(&server).await;
    count_among_their_owners(&server).await;
}

fn user(server: &TestServer, who: &str) -> String {
    format!("organizations/{}/users/{}", server.organization("northwind"), server.principal(who))
}

async fn ask(server: &TestServer, who: &str, owner: &str, members: Value) -> Answer {
    let mut body = members;
    body["title"] = "Made for another".into();
    body["user"] = user(server, owner).into();
    server.send(who, Method::POST, KEYS, Some(body)).await
}

async fn act_for_their_owner(server: &TestServer) {
    let body = json!({"title": "Ben's robot", "user": user(server, "ben"), "ttl": "604800s"});
    let request = format!("{KEYS}?request_id=0190b0a0-0000-7000-8000-0000000000ab");
    let rehearsed = format!("{request}&validate_only=true");
    let rehearsed = server.send("oscar", Method::POST, &rehearsed, Some(body.clone())).await.expect(200);
    assert_eq!((&rehearsed["user"], rehearsed.get("secret")), (&user(server, "ben").into(), None));
    assert_eq!(server.get("ben", KEYS).await.expect(200)["api_keys"], json!([]));

    let mut made = server.send("oscar", Method::POST, &request, Some(body.clone())).await.expect(200);
    let secret = made.as_object_mut().unwrap().remove("secret").unwrap();
    assert_eq!(made["user"], user(server, "ben"));
    // All that ben holds today, and nothing of what he may come to hold.
    assert_eq!(made["permission_level"], "RESTRICTED");
    let held = made["permissions"].to_string();
    assert!(held.contains("read:Workspace") && !held.contains("update:Organization"), "{held}");
    let again = server.send("oscar", Method::POST, &request, Some(body)).await.expect(200);
    assert_eq!(again, made, "a repetition makes no second key and shows no secret");
    // It is its owner's in every way: what it counts for, who sees it, who changes and ends it.
    let me = server.get(secret.as_str().unwrap(), "/api/v1/me").await.expect(200);
    assert_eq!(me["name"], format!("users/{}", server.principal("ben")));
    assert_eq!(server.get("ben", KEYS).await.expect(200)["api_keys"][0]["name"], made["name"]);
    let path = format!("/api/v1/{}", made["name"].as_str().unwrap());
    let title = Some(json!({"title": "Renamed"}));
    server.send("oscar", Method::PATCH, &path, title.clone()).await.expect(403);
    server.get("cleo", &path).await.expect(404);
    server.send("ben", Method::PATCH, &path, title).await.expect(200);
    server.send("ben", Method::DELETE, &path, None).await.expect(200);

    // The trail tells who made it, and for whom. The same for oneself is an event of another name.
    ask(server, "oscar", "oscar", json!({})).await.expect(200);
    let made_for_others = "SELECT targets FROM audit_events WHERE action = 'api_key.create_for'";
    let targets = answer(&server.database, made_for_others);
    let key = path.rsplit('/').next().unwrap();
    assert_eq!(targets.lines().count(), 1, "{targets}");
    let owner = server.principal("ben");
    assert!(targets.contains(key) && targets.contains("principal") && targets.contains(&owner), "{targets}");
    let made_for_oneself = "SELECT COUNT(*) FROM audit_events WHERE action = 'api_key.create'";
    assert_eq!(answer(&server.database, made_for_oneself), "1");
}

async fn reach_no_further_than_maker_and_owner(server: &TestServer) {
    // ada owns the organization, which oscar does not: a key of less than everything is all he may make for her.
    let refused = ask(server, "oscar", "ada", json!({})).await.expect(403);
    assert_eq!(refused["details"][0]["reason"], "API_KEY_EXCEEDS_OWN");
    let restricted =
        |permission: &str| json!({"permission_level": "RESTRICTED", "permissions": [permission]});
    ask(server, "oscar", "ada", restricted("delete:Organization")).await.expect(403);
    ask(server, "oscar", "ada", restricted("read:Organization")).await.expect(200);
    ask(server, "oscar", "ada", json!({"permission_level": "READ_ONLY"})).await.expect(200);
    ask(server, "ada", "oscar", json!({})).await.expect(200);

    // ben holds no more than members do, whatever his maker holds.
    let refused = ask(server, "oscar", "ben", restricted("update:Organization")).await.expect(400);
    assert_eq!(refused["details"][1]["field_violations"][0]["field"], "permissions");
    let northwind = server.organization("northwind");
    let sea = server.workspace(&northwind, "ada", "North Sea").await;
    let hidden = server.workspace(&northwind, "ada", "Reservoir Models").await;
    ask(server, "oscar", "ben", json!({"workspace_ids": [sea]})).await.expect(200);
    let refused = ask(server, "oscar", "cleo", json!({"workspace_ids": [sea, hidden]})).await.expect(400);
    assert_eq!(refused["details"][1]["field_violations"][0]["field"], "workspace_ids");

    // Who manages users and nothing else makes no key for somebody with a role in a workspace.
    let role = json!({
        "title": "Reception",
        "role_scope": "ROLE_SCOPE_ORGANIZATION",
        "permissions": ["read:Organization", "manage:OrganizationUser"],
    });
    let role = server.send("ada", Method::POST, &format!("{ORG}/roles"), Some(role)).await.expect(200);
    let kit = json!({
        "user": {"email": "kit@tenantry.example", "display_name": "Kit"},
        "roles": [{"name": role["name"]}],
    });
    server.send("ada", Method::POST, &format!("{ORG}/users"), Some(kit)).await.expect(200);
    let refused = ask(server, "kit", "ben", json!({})).await.expect(403);
    assert_eq!(refused["details"][0]["reason"], "API_KEY_EXCEEDS_OWN");
    ask(server, "kit", "ben", restricted("read:Organization")).await.expect(200);
    ask(server, "kit", "ben", restricted("update:Workspace")).await.expect(403);
}

async fn are_refused_for_strangers(server: &TestServer) {
    let nobody = "organizations/northwind/users/0190b0a0-0000-7000-8000-000000000000";
    let body = |user: &str| Some(json!({"title": "k", "user": user}));
    let unknown = server.send("oscar", Method::POST, KEYS, body(nobody)).await.expect(400);
    // Of another organization, of none, no person, or suspended: there is no such user here.
    let root = server.core.authenticate(server.token("root")).await.unwrap();
    let cleo = PrincipalId::parse(&server.principal("cleo")).unwrap();
    server.core.set_suspended(&root, cleo, true).await.unwrap();
    for who in ["dan", "root", "northwind-ci", "cleo"] {
        for form in [user(server, who), server.principal(who), format!("users/{}", server.principal(who))] {
            let refused = server.send("oscar", Method::POST, KEYS, body(&form)).await.expect(400);
            assert_eq!(refused["message"], unknown["message"], "{form}");
            assert_eq!(refused["details"][1], unknown["details"][1], "{form}");
        }
    }
    // Whoever manages no users learns nothing of who there is.
    for owner in ["oscar", "dan"] {
        ask(server, "ben", owner, json!({})).await.expect(403);
        ask(server, "northwind-ci", owner, json!({})).await.expect(403);
    }
    ask(server, "dan", "ben", json!({})).await.expect(403);
}

async fn count_among_their_owners(server: &TestServer) {
    for _ in 0..10 {
        let left = ask(server, "oscar", "ben", json!({})).await;
        if left.status == 429 {
            assert_eq!(left.json()["details"][0]["reason"], "API_KEY_LIMIT");
            break;
        }
        left.expect(200);
    }
    let list = server.get("ben", KEYS).await.expect(200);
    assert_eq!(list["api_keys"].as_array().unwrap().len(), 10);
    server.send("ben", Method::POST, KEYS, Some(json!({"title": "eleventh"}))).await.expect(429);
    // The maker has all of theirs still.
    ask(server, "oscar", "oscar", json!({})).await.expect(200);
}
