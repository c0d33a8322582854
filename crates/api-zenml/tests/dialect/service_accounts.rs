//! `/organizations/{organization}/service_accounts`.

use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn one_is_made_changed_and_deleted() {
    let world = World::start().await;
    let (ada, eve) = (world.user("ada").await, world.user("eve").await);
    let org = world.organization(&ada, "North Sea").await;
    let all = format!("/organizations/{org}/service_accounts");
    let body = json!({ "username": "runner", "name": "The runner", "description": "Runs at night" });
    let made = world.json("POST", &all, &ada.token, &body).await.ok();
    assert_eq!((&made["username"], &made["name"]), (&body["username"], &body["name"]));
    assert_eq!((&made["description"], &made["api_key_count"]), (&body["description"], &json!(0)));
    assert_eq!((&made["is_service_account"], &made["organization_id"]), (&json!(true), &json!(org)));
    assert_eq!((&made["is_active"], &made["last_login"]), (&json!(true), &json!(null)));
    assert_eq!(world.json("POST", &all, &ada.token, &json!({ "username": "RUNNER" })).await.status, 409);
    world.tick();
    world.json("POST", &all, &ada.token, &json!({ "username": "later" })).await.ok();
    assert_eq!(world.get(&all, &ada).await.all("username"), ["later", "runner"], "the newest first");
    assert_eq!(world.get(&format!("{all}?offset=1&limit=1"), &ada).await.all("username"), ["runner"]);
    assert_eq!(world.get(&format!("{all}?limit=101"), &ada).await.status, 422);
    let one = format!("{all}/{}", made["id"].as_str().unwrap());
    for path in [&one, &format!("{all}/runner"), &format!("{all}/RUNNER")] {
        assert_eq!(world.get(path, &ada).await.ok(), made, "{path}");
    }
    let unknown = json!(["KeyError", "service account not found"]);
    for id in ["nobody", "01900000-0000-7000-8000-000000000000", &ada.id().to_string()] {
        world.get(&format!("{all}/{id}"), &ada).await.refused(404, &unknown);
    }
    world.get(&one, &eve).await.refused(404, &json!(["KeyError", "organization not found"]));

    let change = json!({ "username": "walker", "name": null, "is_active": null });
    let changed = world.json("PATCH", &format!("{all}/runner"), &ada.token, &change).await.ok();
    assert_eq!((&changed["username"], &changed["name"]), (&json!("walker"), &json!(null)));
    assert_eq!(changed["description"], "Runs at night", "what is absent is left alone");
    assert_eq!(world.json("PATCH", &one, &ada.token, &json!({ "username": "later" })).await.status, 409);
    for (method, path, body, field) in [
        ("POST", &all, json!({ "username": "a b" }), "username"),
        ("POST", &all, json!({ "username": "x", "role_id": "owner" }), "role_id"),
        ("POST", &all, json!({ "username": "x", "role_id": ada.id().to_string() }), "role_id"),
        ("POST", &all, json!({ "username": "x", "name": "x".repeat(51) }), "name"),
        ("PATCH", &one, json!({ "username": "" }), "username"),
        ("PATCH", &one, json!({ "name": "" }), "name"),
        ("PATCH", &one, json!({ "description": "\u{7}" }), "description"),
    ] {
        let answer = world.json(method, path, &ada.token, &body).await;
        assert_eq!(
            (answer.status, &answer.body["detail"][0]["loc"]),
            (422, &json!(["body", field])),
            "{body}"
        );
    }
    assert_eq!(world.ask("DELETE", &one, &ada.token).await.ok(), json!(null));
    assert_eq!(world.ask("DELETE", &one, &ada.token).await.status, 404);
    world.json("POST", &all, &ada.token, &json!({ "username": "walker" })).await.ok();
}

/// A key works at once, both at the sign-in and by itself, until it is put to sleep, and again when it is woken.
#[tokio::test]
async fn keys_sleep_and_wake() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let org = world.organization(&ada, "North Sea").await;
    let all = format!("/organizations/{org}/service_accounts");
    world.json("POST", &all, &ada.token, &json!({ "username": "runner" })).await.ok();
    let keys = format!("{all}/runner/api_keys");
    let body = json!({ "name": "night", "description": "of the night" });
    let answer = world.json("POST", &keys, &ada.token, &body).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let made = answer.ok();
    let key = made["key"].as_str().unwrap().to_owned();
    assert!(key.starts_with("ZENPROKEY_"));
    assert_eq!((&made["description"], &made["active"]), (&json!("of the night"), &json!(true)));
    assert_eq!((&made["expires"], &made["last_rotated"]), (&json!(null), &json!(null)));
    assert_eq!(world.json("POST", &keys, &ada.token, &body).await.status, 409);
    let twin = json!({ "name": "twin" });
    let another = || world.json("POST", &keys, &ada.token, &twin);
    let (one, other) = tokio::join!(another(), another());
    assert_eq!(one.status.min(other.status), 200);
    assert_eq!(one.status.max(other.status), 409, "a name is taken once, even at once");
    world.ask("DELETE", &format!("{keys}/twin"), &ada.token).await.ok();
    let listed = world.get(&keys, &ada).await.ok();
    assert_eq!((&listed[0]["name"], &listed[0]["key"]), (&json!("night"), &json!(null)));
    let signed_in = world.sign_in_by_key(&key).await.ok()["access_token"].as_str().unwrap().to_owned();
    for token in [&key, &signed_in] {
        assert_eq!(world.ask("GET", "/users/me", token).await.ok()["username"], "runner");
    }
    assert_eq!(world.get(&format!("{all}/runner"), &ada).await.ok()["api_key_count"], 1);

    let one = format!("{keys}/night");
    let off = world.json("PATCH", &one, &ada.token, &json!({ "active": false })).await.ok();
    assert_eq!(off["active"], false);
    for token in [&key, &signed_in] {
        assert_eq!(world.ask("GET", "/users/me", token).await.status, 401, "at once");
    }
    assert_eq!(world.sign_in_by_key(&key).await.status, 401);
    world.tick();
    let change = json!({ "name": "day", "description": null, "active": true });
    let on = world.json("PATCH", &one, &ada.token, &change).await.ok();
    assert_eq!((&on["name"], &on["description"], &on["active"]), (&json!("day"), &json!(null), &json!(true)));
    assert_eq!((&made["updated"], &on["created"]), (&made["created"], &made["created"]));
    assert!(on["updated"].as_str() > made["updated"].as_str());
    assert_eq!(world.get(&keys, &ada).await.ok()[0]["updated"], on["updated"]);
    assert_eq!(world.ask("GET", "/users/me", &key).await.ok()["username"], "runner");
    assert_eq!(
        world.ask("GET", "/users/me", &signed_in).await.status,
        401,
        "what was given for it has ended"
    );
    let one = format!("{keys}/day");
    assert_eq!(world.ask("DELETE", &one, &ada.token).await.ok(), json!(null));
    world.ask("DELETE", &one, &ada.token).await.refused(404, &json!(["KeyError", "API key not found"]));
    assert_eq!(world.ask("GET", "/users/me", &key).await.status, 401);
}

#[tokio::test]
async fn keys_are_rotated() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let org = world.organization(&ada, "North Sea").await;
    let all = format!("/organizations/{org}/service_accounts");
    world.json("POST", &all, &ada.token, &json!({ "username": "runner" })).await.ok();
    let keys = format!("{all}/runner/api_keys");
    let new = json!({ "name": "night", "expires_in_minutes": 60 });
    let made = world.json("POST", &keys, &ada.token, &new).await.ok();
    let rotate = format!("{keys}/{}/rotate", made["id"].as_str().unwrap());
    let rotated = async |minutes: Value| {
        let body = json!({ "retain_period_minutes": minutes });
        world.json("POST", &rotate, &ada.token, &body).await.ok()
    };
    let secret = |key: &Value| key["key"].as_str().unwrap().to_owned();
    let works = async |key: &str| world.ask("GET", "/users/me", key).await.status == 200;
    let (first, second) = (secret(&made), rotated(json!(10)).await);
    assert_eq!((&second["id"], &second["expires"]), (&made["id"], &made["expires"]));
    assert_eq!((second["last_rotated"].is_string(), &second["updated"]), (true, &second["last_rotated"]));
    let second = secret(&second);
    assert!(works(&first).await && works(&second).await);
    world.core.clock().advance_seconds(600);
    assert!(!works(&first).await && works(&second).await);
    let third = secret(&rotated(json!(null)).await);
    assert!(!works(&second).await && works(&third).await, "without a time to retain it, at once");
    // Renamed, the key of before counts on; put to sleep, none does, and a new secret of what sleeps wakes nothing.
    let fourth = secret(&rotated(json!(10)).await);
    let one = format!("{keys}/night");
    world.json("PATCH", &one, &ada.token, &json!({ "description": "x" })).await.ok();
    assert!(works(&third).await && works(&fourth).await);
    world.json("PATCH", &one, &ada.token, &json!({ "active": false })).await.ok();
    let fifth = secret(&rotated(json!(10)).await);
    for key in [&third, &fourth, &fifth] {
        assert!(!works(key).await);
    }
    world.json("PATCH", &one, &ada.token, &json!({ "active": true })).await.ok();
    assert!(!works(&third).await && !works(&fourth).await && works(&fifth).await);
    for minutes in [json!(-1), json!(7 * 24 * 60 + 1), json!(i64::MAX)] {
        let answer =
            world.json("POST", &rotate, &ada.token, &json!({ "retain_period_minutes": minutes })).await;
        let place = json!(["body", "retain_period_minutes"]);
        assert_eq!((answer.status, &answer.body["detail"][0]["loc"]), (422, &place), "{minutes}");
    }
}

/// Roles are given to service accounts as to people, and nobody acts in the name of who holds more.
#[tokio::test]
async fn roles_are_given_to_them() {
    let world = World::start().await;
    let (ada, ben) = (world.user("ada").await, world.user("ben").await);
    let org = world.organization(&ada, "North Sea").await;
    let roles = world.get(&format!("/organizations/{org}/roles"), &ada).await.ok();
    let role = |name: &str| {
        let found = roles.as_array().unwrap().iter().find(|role| role["name"] == name).unwrap();
        found["id"].as_str().unwrap().to_owned()
    };
    let given = |role: &str, user: &str| format!("/roles/{role}/assignments?user_id={user}");
    let path = given(&role("Organization Manager"), &ben.id().to_string());
    world.ask("POST", &path, &world.admin.token).await.ok();
    let all = format!("/organizations/{org}/service_accounts");
    let body = json!({ "username": "runner", "role_id": role("Organization Viewer") });
    let made = world.json("POST", &all, &ben.token, &body).await.ok();
    let runner = made["id"].as_str().unwrap();
    let owner = json!({ "username": "owner", "role_id": role("Organization Admin") });
    assert_eq!(world.json("POST", &all, &ben.token, &owner).await.status, 403);

    let path = given(&role("Organization Admin"), runner);
    let assignment = world.ask("POST", &path, &ada.token).await.ok();
    assert_eq!(assignment["user"]["is_service_account"], true);
    let keys = format!("{all}/runner/api_keys");
    assert_eq!(world.json("POST", &keys, &ben.token, &json!({ "name": "k" })).await.status, 403);
    let key = world.json("POST", &keys, &ada.token, &json!({ "name": "k" })).await.ok();
    for (method, path) in [("PATCH", format!("{keys}/k")), ("POST", format!("{keys}/k/rotate"))] {
        assert_eq!(world.json(method, &path, &ben.token, &json!({})).await.status, 403, "{path}");
    }
    let key = key["key"].as_str().unwrap();
    assert_eq!(world.ask("GET", &all, key).await.all("username"), ["runner"]);
    world.ask("DELETE", &path, &ada.token).await.ok();
    assert_eq!(world.ask("GET", &all, key).await.status, 403, "a viewer again");
}
