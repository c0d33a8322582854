//! API keys: made for oneself, limited, listed, changed, ended; and narrower stays narrower everywhere.

use reqwest::Method;
use serde_json::{Value, json};
use tenantry_core::Shower;

use crate::harness::{Answer, SOURCE, TestServer, both_alone, client};

both_alone!(
    live_their_lives,
    go_back_whole,
    are_as_narrow_as_they_say,
    make_no_wider_ones,
    are_limited_in_number,
    belong_to_one_person,
    refuse_bad_input,
);

const ORG: &str = "/api/v1/organizations/northwind";
const KEYS: &str = "/api/v1/organizations/northwind/apiKeys";

async fn make(server: &TestServer, who: &str, body: Value) -> (Value, String) {
    let mut made = server.send(who, Method::POST, KEYS, Some(body)).await.expect(200);
    let secret = made.as_object_mut().unwrap().remove("secret").unwrap();
    (made, secret.as_str().unwrap().to_owned())
}

fn path(made: &Value) -> String {
    format!("/api/v1/{}", made["name"].as_str().unwrap())
}

/// What is fixed may be told as it is, as who reads, edits and sends back the whole does (AIP-203).
async fn go_back_whole(server: &TestServer) {
    let body = json!({
        "title": "Whole",
        "permission_level": "RESTRICTED",
        "permissions": ["read:Workspace"],
        "workspace_ids": [server.workspace("northwind", "ada", "North Sea").await],
    });
    let (mut key, _) = make(server, "ben", body).await;
    let path = path(&key);
    key["title"] = json!("Entire");
    let back = server.send("ben", Method::PATCH, &path, Some(key.clone())).await.expect(200);
    assert_eq!((&back["title"], &back["etag"]), (&json!("Entire"), &json!("\"2\"")));
    assert_eq!((&back["workspace_ids"], &back["expire_time"]), (&key["workspace_ids"], &key["expire_time"]));
    server.send("ben", Method::PATCH, &path, Some(json!({"ttl": "2592000s"}))).await.expect(200);
    for (body, field) in [
        (json!({"title": "Other", "user": server.principal("ada")}), "user"),
        (json!({"title": "Other", "ttl": "604800s"}), "ttl"),
        (json!({"title": "Other", "ttl": "15552000000000s"}), "ttl"),
    ] {
        let refused = server.send("ben", Method::PATCH, &path, Some(body)).await.expect(400);
        assert_eq!(refused["details"][1]["field_violations"][0]["field"], field);
    }
    assert_eq!(server.get("ben", &path).await.expect(200)["title"], "Entire");
}

async fn live_their_lives(server: &TestServer) {
    let northwind = server.organization("northwind");
    let body = json!({"title": "Laptop", "ttl": "604800s"});
    let request = format!("{KEYS}?request_id=0190b0a0-0000-7000-8000-0000000000aa");
    // A rehearsal makes no key, and shows no secret of one.
    let rehearsed = format!("{request}&validate_only=true");
    let rehearsed = server.send("ben", Method::POST, &rehearsed, Some(body.clone())).await.expect(200);
    assert_eq!((rehearsed["title"].clone(), rehearsed.get("secret")), (json!("Laptop"), None));
    let made = server.send("ben", Method::POST, &request, Some(body.clone())).await.expect(200);
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with(made["prefix"].as_str().unwrap()));
    assert_eq!(made["user"], format!("organizations/{northwind}/users/{}", server.principal("ben")));
    // A repetition is answered without the secret, and makes no second key.
    let again = server.send("ben", Method::POST, &request, Some(body)).await.expect(200);
    assert_eq!((again["name"].clone(), again.get("secret")), (made["name"].clone(), None));
    let list = server.get("ben", KEYS).await.expect(200);
    assert_eq!(list["api_keys"], json!([again]));

    server.get(secret, &format!("{ORG}/workspaces/north-sea")).await.expect(200);
    let own = server.get(secret, "/api/v1/me/organizations").await.expect(200);
    assert_eq!(own["user_organizations"].as_array().unwrap().len(), 1);
    let request = client().get(format!("{}{ORG}", server.url)).header("user-agent", "probe/1");
    let request = request.header(SOURCE, "203.0.113.7");
    Answer::of(request.bearer_auth(secret)).await.expect(200);
    server.core.flush_uses().await.unwrap();
    let path = path(&made);
    // Its owner is told who it was, and nobody else.
    let own = format!("/api/v1/me/tokens/{}", path.rsplit_once('/').unwrap().1);
    let told = server.get("ben", &own).await.expect(200);
    assert_eq!(
        (&told["last_use_source"], &told["last_use_user_agent"]),
        (&json!("203.0.113.7"), &json!("probe/1"))
    );
    assert_eq!(server.get("ben", &path).await.expect(200).get("last_use_source"), None);
    assert!(server.get("ben", &path).await.expect(200)["last_use_time"].is_string());
    let body = json!({"title": "Desktop", "etag": made["etag"]});
    let changed = server.send("ben", Method::PATCH, &path, Some(body.clone())).await.expect(200);
    assert_eq!((changed["title"].clone(), changed["etag"].clone()), (json!("Desktop"), json!("\"2\"")));
    server.send("ben", Method::PATCH, &path, Some(body)).await.expect(409);
    server.send("ben", Method::DELETE, &format!("{path}?etag=%221%22"), None).await.expect(409);
    server.send("ben", Method::DELETE, &path, None).await.expect(200);
    server.get(secret, ORG).await.expect(401);
    server.send("ben", Method::DELETE, &path, None).await.expect(404);
    server.send("ben", Method::DELETE, &format!("{path}?allow_missing=true"), None).await.expect(200);
}

async fn are_as_narrow_as_they_say(server: &TestServer) {
    let northwind = server.organization("northwind");
    let sea = server.workspace(&northwind, "ada", "North Sea").await;
    let (made, secret) =
        make(server, "ada", json!({"title": "Reader", "permission_level": "READ_ONLY"})).await;
    server.get(&secret, &format!("{ORG}/users")).await.expect(200);
    let icon = || Some(json!({"workspace_icon": "wave"}));
    let at_sea = format!("{ORG}/workspaces/{sea}");
    server.send(&secret, Method::PATCH, &at_sea, icon()).await.expect(403);
    server.get(&secret, "/api/v1/organizations/southgate").await.expect(403);

    let only = json!({"title": "Sea", "workspace_ids": [sea]});
    let (_, secret_of_sea) = make(server, "ada", only).await;
    server.send(&secret_of_sea, Method::PATCH, &at_sea, icon()).await.expect(200);
    server.get(&secret_of_sea, &format!("{ORG}/workspaces/reservoir-models")).await.expect(403);
    let list = server.get(&secret_of_sea, &format!("{ORG}/workspaces")).await.expect(200);
    assert_eq!(list["workspaces"].as_array().unwrap().len(), 1);
    server.get(&secret_of_sea, &format!("{ORG}/users")).await.expect(403);

    // What changes holds at once.
    let body = json!({"permission_level": "RESTRICTED", "permissions": ["read:OrganizationRole"]});
    server.send("ada", Method::PATCH, &path(&made), Some(body)).await.expect(200);
    server.get(&secret, &format!("{ORG}/users")).await.expect(403);
    server.get(&secret, &format!("{ORG}/roles")).await.expect(200);
    let body = json!({"permission_level": "ALL"});
    server.send("ada", Method::PATCH, &path(&made), Some(body)).await.expect(200);
    server.send(&secret, Method::PATCH, &at_sea, icon()).await.expect(200);
    // Not more than its owner holds, and nothing when its owner is gone.
    let (_, bens) = make(server, "ben", json!({"title": "Ben's"})).await;
    server.send(&bens, Method::DELETE, &format!("{at_sea}?force=true"), None).await.expect(403);
    let ben = format!("{ORG}/users/{}?force=true", server.principal("ben"));
    server.send("ada", Method::DELETE, &ben, None).await.expect(200);
    server.get(&bens, ORG).await.expect(401);
}

/// A token that is exchanged for a key is as narrow, and a key makes no keys, organizations or answers.
async fn make_no_wider_ones(server: &TestServer) {
    let narrow = json!({"title": "Reader", "permission_level": "READ_ONLY"});
    let (made, secret) = make(server, "ada", narrow).await;
    let token = server.core.exchange_bearer(&secret, Shower::default()).await.unwrap();
    let token = token.secret.expose().to_owned();
    let icon = || Some(json!({"workspace_icon": "wave"}));
    let sea = format!("{ORG}/workspaces/north-sea");
    server.get(&token, &sea).await.expect(200);
    server.send(&token, Method::PATCH, &sea, icon()).await.expect(403);
    let (wide, all) = make(server, "ada", json!({"title": "All"})).await;
    // One that is limited sees itself, and no other that may do more.
    for (key, seen) in
        [(&secret, vec![&made["name"]]), (&token, vec![]), (&all, vec![&made["name"], &wide["name"]])]
    {
        let list = server.get(key, KEYS).await.expect(200);
        let names: Vec<_> = list["api_keys"].as_array().unwrap().iter().map(|key| &key["name"]).collect();
        assert_eq!(names, seen);
        for one in [&made, &wide] {
            let status = if seen.contains(&&one["name"]) { 200 } else { 404 };
            server.get(key, &path(one)).await.expect(status);
        }
    }
    for key in [&secret, &token, &all] {
        let wider = json!({"title": "Wider"});
        server.send(key, Method::POST, KEYS, Some(wider.clone())).await.expect(403);
        server
            .send(key, Method::PATCH, &path(&made), Some(json!({"permission_level": "ALL"})))
            .await
            .expect(403);
        server.send(key, Method::DELETE, &path(&made), None).await.expect(403);
        server.send(key, Method::POST, "/api/v1/organizations", Some(wider)).await.expect(403);
    }
    // Changing the key ends what it was exchanged for.
    server.send("ada", Method::PATCH, &path(&made), Some(json!({"title": "Renamed"}))).await.expect(200);
    server.get(&token, &sea).await.expect(401);
    server.get(&secret, &sea).await.expect(200);
    server.send("northwind-ci", Method::POST, KEYS, Some(json!({"title": "Robot's"}))).await.expect(403);
}

async fn are_limited_in_number(server: &TestServer) {
    let mut last = Value::Null;
    for number in 0..10 {
        (last, _) = make(server, "ben", json!({"title": format!("key {number}")})).await;
    }
    let more = || Some(json!({"title": "one more"}));
    let full = server.send("ben", Method::POST, KEYS, more()).await.expect(429);
    assert_eq!(
        (full["code"].clone(), full["details"][0]["reason"].clone()),
        (json!(8), json!("API_KEY_LIMIT"))
    );
    make(server, "ada", json!({"title": "another's"})).await;
    server.send("ben", Method::DELETE, &path(&last), None).await.expect(200);
    server.send("ben", Method::POST, KEYS, more()).await.expect(200);
    let page = server.get("ben", &format!("{KEYS}?page_size=9")).await.expect(200);
    let token = page["next_page_token"].as_str().unwrap();
    let rest = server.get("ben", &format!("{KEYS}?page_size=9&page_token={token}")).await.expect(200);
    assert_eq!(rest["api_keys"][0]["title"], "one more");
}

async fn belong_to_one_person(server: &TestServer) {
    let (made, _) = make(server, "ben", json!({"title": "Ben's"})).await;
    let path = path(&made);
    let title = || Some(json!({"title": "Mine"}));
    for who in ["cleo", "dan"] {
        let status = if who == "cleo" { 404 } else { 403 };
        server.get(who, &path).await.expect(status);
        server.send(who, Method::PATCH, &path, title()).await.expect(status);
        server.send(who, Method::DELETE, &path, None).await.expect(status);
    }
    assert_eq!(server.get("cleo", KEYS).await.expect(200)["api_keys"], json!([]));
    // Who manages the users sees it and may end it, and cannot use or change it.
    assert_eq!(server.get("oscar", KEYS).await.expect(200)["api_keys"], json!([made]));
    server.send("oscar", Method::PATCH, &path, title()).await.expect(403);
    let body = json!({"title": "In ben's name", "user": made["user"]});
    server.send("oscar", Method::POST, KEYS, Some(body)).await.expect(400);
    server.send("oscar", Method::DELETE, &path, None).await.expect(200);
    server.get("ben", &path).await.expect(404);
}

async fn refuse_bad_input(server: &TestServer) {
    let theirs = server.workspace(&server.organization("southgate"), "dan", "Quarry").await;
    for (body, field) in [
        (json!({}), "title"),
        (json!({"title": " "}), "title"),
        (json!({"title": "a", "ttl": "1s"}), "ttl"),
        (json!({"title": "a", "ttl": "86400s"}), "ttl"),
        (json!({"title": "a", "ttl": "P7D"}), "ttl"),
        (json!({"title": "a", "permission_level": "SOME"}), "permission_level"),
        (json!({"title": "a", "permissions": ["read:Workspace"]}), "permissions"),
        (json!({"title": "a", "permission_level": "RESTRICTED", "permissions": ["fly:Kite"]}), "permissions"),
        (json!({"title": "a", "workspace_ids": [theirs]}), "workspace_ids"),
        (json!({"title": "a", "workspace_ids": ["x"]}), "workspace_ids"),
        (json!({"title": "a", "workspace_ids": "x"}), "workspace_ids"),
        (json!({"title": "a", "colour": 1}), "colour"),
    ] {
        let refused = server.send("ada", Method::POST, KEYS, Some(body.clone())).await.expect(400);
        assert_eq!(refused["details"][1]["field_violations"][0]["field"], field, "{body}");
        server.send("dan", Method::POST, KEYS, Some(body)).await.expect(403);
    }
    let (made, _) = make(server, "ada", json!({"title": "a"})).await;
    let longer = Some(json!({"ttl": "31536000s"}));
    server.send("ada", Method::PATCH, &path(&made), longer).await.expect(400);
}
