//! Service accounts, their API keys and their OAuth clients.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, TestServer, both_alone, client};

both_alone!(
    accounts_are_made_and_listed,
    keys_live_their_lives,
    keys_sleep_and_wake,
    clients_live_their_lives,
    clients_get_other_secrets,
    accounts_are_renamed_suspended_and_deleted,
    nobody_gets_a_secret_of_a_stronger_account,
    bad_input_is_refused_by_field,
    secrets_are_limited_in_number,
);

const ACCOUNTS: &str = "/api/v1/organizations/northwind/serviceAccounts";

async fn make(server: &TestServer, who: &str, body: Value) -> String {
    let made = server.send(who, Method::POST, ACCOUNTS, Some(body)).await.expect(200);
    format!("/api/v1/{}", made["name"].as_str().unwrap())
}

async fn accounts_are_made_and_listed(server: &TestServer) {
    let rehearsed = format!("{ACCOUNTS}?validate_only=true");
    server.send("ada", Method::POST, &rehearsed, Some(json!({"title": "runner"}))).await.expect(200);
    let path = make(server, "ada", json!({"title": "runner"})).await;
    let shown = server.get("ada", &path).await.expect(200);
    assert_eq!((&shown["title"], &shown["active"]), (&json!("runner"), &json!(true)));
    let list = server.get("ada", ACCOUNTS).await.expect(200);
    let titles: Vec<_> = list["service_accounts"].as_array().unwrap().iter().map(|it| &it["title"]).collect();
    assert_eq!(titles, ["northwind-ci", "runner"]);
    let first = server.get("ada", &format!("{ACCOUNTS}?page_size=1")).await.expect(200);
    let token = first["next_page_token"].as_str().unwrap();
    let second = server.get("ada", &format!("{ACCOUNTS}?page_size=1&page_token={token}")).await.expect(200);
    assert_eq!(second["service_accounts"], json!([shown]));
    server.send("ada", Method::POST, ACCOUNTS, Some(json!({"title": "Runner"}))).await.expect(409);
    server.get("cleo", ACCOUNTS).await.expect(403);
    server.get("dan", &path).await.expect(403);
    let found = server.get("ada", &format!("{ACCOUNTS}?filter=title=\"runner\"")).await.expect(200);
    assert_eq!(found["service_accounts"], json!([shown]));
    let change = json!({"display_name": "The runner", "description": "Runs at night"});
    let changed = server.send("ada", Method::PATCH, &path, Some(change.clone())).await.expect(200);
    for (field, value) in change.as_object().unwrap() {
        assert_eq!(&changed[field], value);
    }
    let mask = format!("{path}?update_mask=description");
    let cleared = server.send("ada", Method::PATCH, &mask, Some(json!({}))).await.expect(200);
    assert_eq!((&cleared["display_name"], cleared.get("description")), (&json!("The runner"), None));
    let user = format!("{ACCOUNTS}/{}", server.principal("ben"));
    server.get("ada", &user).await.expect(404);
}

async fn keys_live_their_lives(server: &TestServer) {
    let keys = format!("{}/apiKeys", make(server, "ada", json!({"title": "runner"})).await);
    let made = server.send("ada", Method::POST, &keys, Some(json!({"title": "a", "ttl": "3600s"}))).await;
    let made = made.expect(200);
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("ZENPROKEY_"));
    server.get(&secret, "/api/v1/organizations/northwind").await.expect(200);
    let list = server.get("ada", &keys).await.expect(200);
    assert_eq!(list["api_keys"][0]["name"], made["name"]);
    assert!(list["api_keys"][0].get("secret").is_none());
    let path = format!("/api/v1/{}", made["name"].as_str().unwrap());
    let rotate = format!("{path}:rotate");
    let rotated =
        server.send("ada", Method::POST, &rotate, Some(json!({"overlap": "60s"}))).await.expect(200);
    let second = rotated["secret"].as_str().unwrap().to_owned();
    for key in [&secret, &second] {
        server.get(key, "/api/v1/organizations/northwind").await.expect(200);
    }
    // What an old secret was exchanged for ends with the key.
    let form = [("password", secret.as_str())];
    let exchanged =
        Answer::of(client().post(format!("{}/auth/login", server.url)).form(&form)).await.expect(200);
    let exchanged = exchanged["access_token"].as_str().unwrap().to_owned();
    let elsewhere = server.send("dan", Method::DELETE, &path, None).await;
    elsewhere.expect(403);
    server.send("ada", Method::DELETE, &path, None).await.expect(200);
    for key in [&secret, &second, &exchanged] {
        server.get(key, "/api/v1/organizations/northwind").await.expect(401);
    }
    server.send("ada", Method::DELETE, &path, None).await.expect(404);
    server.send("ada", Method::DELETE, &format!("{path}?allow_missing=true"), None).await.expect(200);
}

async fn keys_sleep_and_wake(server: &TestServer) {
    let account = make(server, "ada", json!({"title": "runner"})).await;
    let northwind = "/api/v1/organizations/northwind";
    for kind in ["apiKeys", "clients"] {
        let all = format!("{account}/{kind}");
        let new = json!({"title": "a", "description": "of the night"});
        let made = server.send("ada", Method::POST, &all, Some(new)).await.expect(200);
        let path = format!("/api/v1/{}", made["name"].as_str().unwrap());
        let mut shown = made.clone();
        let secret = shown.as_object_mut().unwrap().remove("secret").unwrap();
        assert_eq!((&shown["description"], &shown["active"]), (&json!("of the night"), &json!(true)));
        assert_eq!(server.get("ada", &path).await.expect(200), shown);
        let form = match kind {
            "apiKeys" => vec![("password", secret.as_str().unwrap())],
            _ => vec![
                ("client_id", path.rsplit('/').next().unwrap()),
                ("client_secret", secret.as_str().unwrap()),
            ],
        };
        let sign_in =
            async || Answer::of(client().post(format!("{}/auth/login", server.url)).form(&form)).await;
        let token = sign_in().await.expect(200)["access_token"].as_str().unwrap().to_owned();
        server.get(&token, northwind).await.expect(200);
        for (who, status) in [("cleo", 403), ("dan", 403)] {
            server.send(who, Method::PATCH, &path, Some(json!({"active": false}))).await.expect(status);
        }
        let body = json!({"title": "b", "active": false, "etag": "\"1\""});
        let asleep = server.send("ada", Method::PATCH, &path, Some(body.clone())).await.expect(200);
        assert_eq!((&asleep["title"], &asleep["active"]), (&json!("b"), &json!(false)));
        server.send("ada", Method::PATCH, &path, Some(body)).await.expect(409);
        server.get(&token, northwind).await.expect(401);
        sign_in().await.expect(401);
        for body in [json!({"active": null}), json!({"title": null}), json!({"ttl": "60s"})] {
            server.send("ada", Method::PATCH, &path, Some(body)).await.expect(400);
        }
        let awake = json!({"active": true, "description": null});
        let awake = server.send("ada", Method::PATCH, &path, Some(awake)).await.expect(200);
        assert_eq!((&awake["title"], awake.get("description")), (&json!("b"), None));
        sign_in().await.expect(200);
        server.get(&token, northwind).await.expect(401);
    }
    let shown = server.get("ada", &account).await.expect(200);
    assert_eq!(shown["api_key_count"], 1);
}

async fn clients_live_their_lives(server: &TestServer) {
    let clients = format!("{}/clients", make(server, "ada", json!({"title": "runner"})).await);
    let made = server.send("ada", Method::POST, &clients, Some(json!({"title": "a"}))).await.expect(200);
    let name = made["name"].as_str().unwrap();
    let id = name.rsplit('/').next().unwrap();
    let form = [("client_id", id), ("client_secret", made["secret"].as_str().unwrap())];
    let token = Answer::of(client().post(format!("{}/auth/login", server.url)).form(&form)).await.expect(200);
    let token = token["access_token"].as_str().unwrap();
    server.get(token, "/api/v1/organizations/northwind").await.expect(200);
    let list = server.get("ada", &clients).await.expect(200);
    assert_eq!(list["clients"].as_array().unwrap().len(), 1);
    // It is no API key.
    let as_key = clients.replace("/clients", &format!("/apiKeys/{id}"));
    server.send("ada", Method::DELETE, &as_key, None).await.expect(404);
    server.send("ada", Method::DELETE, &format!("/api/v1/{name}"), None).await.expect(200);
    server.get(token, "/api/v1/organizations/northwind").await.expect(401);
}

/// Whoever has a secret acts as the account.
async fn nobody_gets_a_secret_of_a_stronger_account(server: &TestServer) {
    let owner = make(server, "ada", json!({"title": "owner", "role": "account-owner"})).await;
    let keys = format!("{owner}/apiKeys");
    let made = server.send("ada", Method::POST, &keys, Some(json!({"title": "a"}))).await.expect(200);
    let rotate = format!("/api/v1/{}:rotate", made["name"].as_str().unwrap());
    // oscar administers the organization and cannot delete it.
    let body = json!({"title": "stronger", "role": "account-owner"});
    server.send("oscar", Method::POST, ACCOUNTS, Some(body)).await.expect(403);
    server.send("oscar", Method::POST, &keys, Some(json!({"title": "b"}))).await.expect(403);
    server.send("oscar", Method::POST, &rotate, None).await.expect(403);
    let clients = format!("{owner}/clients");
    server.send("oscar", Method::POST, &clients, Some(json!({"title": "b"}))).await.expect(403);
    let weaker = make(server, "oscar", json!({"title": "weaker"})).await;
    let keys = format!("{weaker}/apiKeys");
    server.send("oscar", Method::POST, &keys, Some(json!({"title": "b"}))).await.expect(200);
}

async fn bad_input_is_refused_by_field(server: &TestServer) {
    let keys = format!("{}/apiKeys", make(server, "ada", json!({"title": "runner"})).await);
    for (path, body, field) in [
        (ACCOUNTS, json!({}), "title"),
        (ACCOUNTS, json!({"title": "a b"}), "title"),
        (ACCOUNTS, json!({"title": "x", "role": "workspace-admin"}), "role"),
        (ACCOUNTS, json!({"title": "x", "role": "nobody"}), "role"),
        (keys.as_str(), json!({}), "title"),
        (keys.as_str(), json!({"title": "x", "ttl": "soon"}), "ttl"),
        (keys.as_str(), json!({"title": "x", "ttl": "0s"}), "ttl"),
        (keys.as_str(), json!({"title": "x", "colour": "red"}), "colour"),
    ] {
        let answer = server.send("ada", Method::POST, path, Some(body.clone())).await;
        answer.expect(400);
        assert!(answer.text.contains(&format!("\"{field}\"")), "{body} {}", answer.text);
    }
}

async fn secrets_are_limited_in_number(server: &TestServer) {
    let keys = format!("{}/apiKeys", make(server, "ada", json!({"title": "runner"})).await);
    for _ in 0..10 {
        server.send("ada", Method::POST, &keys, Some(json!({"title": "a"}))).await.expect(200);
    }
    server.send("ada", Method::POST, &keys, Some(json!({"title": "a"}))).await.expect(429);
}

async fn clients_get_other_secrets(server: &TestServer) {
    let clients = format!("{}/clients", make(server, "ada", json!({"title": "runner"})).await);
    let made = server.send("ada", Method::POST, &clients, Some(json!({"title": "a"}))).await.expect(200);
    let name = made["name"].as_str().unwrap();
    let sign_in = async |secret: &Value| {
        let form =
            [("client_id", name.rsplit('/').next().unwrap()), ("client_secret", secret.as_str().unwrap())];
        Answer::of(client().post(format!("{}/auth/login", server.url)).form(&form)).await.status
    };
    let rotate = format!("/api/v1/{name}:rotate");
    let second = server.send("ada", Method::POST, &rotate, Some(json!({"overlap": "60s"}))).await.expect(200);
    assert_eq!((&second["name"], &second["etag"]), (&made["name"], &json!("\"2\"")));
    assert_eq!((sign_in(&made["secret"]).await, sign_in(&second["secret"]).await), (200, 200));
    let third = server.send("ada", Method::POST, &rotate, None).await.expect(200);
    assert_eq!((sign_in(&second["secret"]).await, sign_in(&third["secret"]).await), (401, 200));
    // It is no API key, and nobody else's.
    server.send("ada", Method::POST, &rotate.replace("/clients/", "/apiKeys/"), None).await.expect(404);
    server.send("dan", Method::POST, &rotate, None).await.expect(403);
    server.send("ada", Method::POST, &rotate.replace(":rotate", ":renew"), None).await.expect(404);
}

async fn accounts_are_renamed_suspended_and_deleted(server: &TestServer) {
    let path = make(server, "ada", json!({"title": "runner"})).await;
    let key = server.send("ada", Method::POST, &format!("{path}/apiKeys"), Some(json!({"title": "a"}))).await;
    let key = key.expect(200)["secret"].as_str().unwrap().to_owned();
    let northwind = "/api/v1/organizations/northwind";
    server.get(&key, northwind).await.expect(200);

    let body = json!({"title": "Walker", "etag": "\"1\""});
    let renamed = server.send("ada", Method::PATCH, &path, Some(body.clone())).await.expect(200);
    assert_eq!((&renamed["title"], &renamed["etag"]), (&json!("Walker"), &json!("\"2\"")));
    server.send("ada", Method::PATCH, &path, Some(body)).await.expect(409);
    for (body, status) in [
        (json!({"title": "northwind-CI"}), 409),
        (json!({"title": "a b"}), 400),
        (json!({"title": null}), 400),
        (json!({"colour": "red"}), 400),
    ] {
        let answer = server.send("ada", Method::PATCH, &path, Some(body.clone())).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
    }
    for (who, status) in [("cleo", 403), ("dan", 403)] {
        server.send(who, Method::PATCH, &path, Some(json!({"title": "x"}))).await.expect(status);
        server.send(who, Method::POST, &format!("{path}:suspend"), None).await.expect(status);
        server.send(who, Method::DELETE, &path, None).await.expect(status);
    }
    let suspended = server.send("ada", Method::POST, &format!("{path}:suspend"), None).await.expect(200);
    assert_eq!(suspended["active"], false);
    server.get(&key, northwind).await.expect(401);
    let resumed = server.send("ada", Method::POST, &format!("{path}:resume"), None).await.expect(200);
    assert_eq!(resumed["active"], true);
    server.get(&key, northwind).await.expect(200);

    // A rehearsal ends nothing.
    server.send("ada", Method::DELETE, &format!("{path}?validate_only=true"), None).await.expect(200);
    server.get(&key, northwind).await.expect(200);
    server.send("ada", Method::DELETE, &path, None).await.expect(200);
    server.get(&key, northwind).await.expect(401);
    for gone in [path.clone(), format!("{path}/apiKeys")] {
        server.get("ada", &gone).await.expect(404);
    }
    let list = server.get("ada", ACCOUNTS).await.expect(200);
    assert_eq!(list["service_accounts"].as_array().unwrap().len(), 1);
    server.send("ada", Method::DELETE, &path, None).await.expect(404);
    server.send("ada", Method::DELETE, &format!("{path}?allow_missing=true"), None).await.expect(200);
    // Its name is free again, for another one.
    make(server, "ada", json!({"title": "walker"})).await;
    // Nobody ends or wakes what holds more than they do.
    let owner = make(server, "ada", json!({"title": "owner", "role": "account-owner"})).await;
    server.send("oscar", Method::DELETE, &owner, None).await.expect(403);
    server.send("oscar", Method::POST, &format!("{owner}:suspend"), None).await.expect(403);
    assert_eq!(server.core.examine().await.unwrap(), []);
}
