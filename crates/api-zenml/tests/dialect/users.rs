//! `/users`.

use serde_json::json;
use tenantry_core::credential::NewToken;

use crate::world::World;

#[tokio::test]
async fn everybody_finds_themselves() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let me = world.get("/users/me", &ada).await.ok();
    let expected = json!({
        "password": null,
        "password_expired": false,
        "name": null,
        "avatar_url": null,
        "company": null,
        "job_title": null,
        "metadata": null,
        "id": ada.id().to_string(),
        "username": "ada",
        "email": "ada@tenantry.example",
        "oauth_provider": null,
        "oauth_id": null,
        "is_active": true,
        "is_superuser": false,
        "is_service_account": false,
        "organization_id": null,
        "is_onboarded": false,
    });
    assert_eq!(me, expected);
    let changed = json!({ "name": "Ada", "is_onboarded": true, "email": "ada@tenantry.example" });
    assert_eq!(world.json("PATCH", "/users/me", &ada.token, &changed).await.ok()["name"], "Ada");
    for (field, value) in
        [("password", json!("hunter2")), ("email", json!("x@tenantry.example")), ("is_active", json!(false))]
    {
        let answer = world.json("PATCH", "/users/me", &ada.token, &json!({ field: value })).await;
        assert_eq!(answer.status, 422, "{field}");
        assert_eq!(answer.body["detail"][0]["loc"], json!(["body", field]));
    }
    for path in [format!("/users/{}", ada.id()), "/users/ADA@tenantry.example".to_owned()] {
        assert_eq!(world.get(&path, &ada).await.ok()["name"], "Ada", "{path}");
    }
    assert_eq!(world.get("/users", &ada).await.all("username"), ["ada"]);
    assert_eq!(world.get("/users?email=ada@tenantry.EXAMPLE", &ada).await.all("username"), ["ada"]);
    assert_eq!(world.get("/users/me", &world.admin).await.ok()["is_superuser"], true);
    let org = world.organization(&ada, "North Sea").await;
    let (key, ..) = world.robot(&ada, &org).await;
    let robot = world.ask("GET", "/users/me", &key).await.ok();
    assert_eq!((&robot["is_service_account"], &robot["organization_id"]), (&json!(true), &json!(org)));
}

/// What a person tells is the person's own: other lists have the names alone.
#[tokio::test]
async fn people_tell_of_themselves() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let told = json!({
        "avatar_url": "https://a.example/ada.png",
        "company": "Northwind",
        "job_title": "Geologist",
        "metadata": { "theme": "dark", "tour": [1, 2] },
        "is_onboarded": true,
    });
    let is_told = |user: &serde_json::Value, told: &serde_json::Value| {
        told.as_object().unwrap().iter().all(|(name, value)| user[name] == *value)
    };
    let changed = world.json("PATCH", "/users/me", &ada.token, &told).await.ok();
    assert!(is_told(&changed, &told), "{changed}");
    // What is absent or null is left alone.
    let nothing = json!({ "company": null, "job_title": null, "metadata": null, "avatar_url": null });
    assert!(is_told(&world.json("PATCH", "/users/me", &ada.token, &nothing).await.ok(), &told));
    for path in ["/users/me".to_owned(), format!("/users/{}", ada.id())] {
        assert!(is_told(&world.get(&path, &ada).await.ok(), &told), "{path}");
    }
    assert!(is_told(&world.get("/users", &ada).await.ok()[0], &told));
    let by_id = format!("/users/{}", ada.id());
    assert!(is_told(&world.get(&by_id, &world.admin).await.ok(), &told));
    let elsewhere = json!({ "company": "Southgate" });
    let changed = world.json("PATCH", &by_id, &world.admin.token, &elsewhere).await.ok();
    assert_eq!((&changed["company"], &changed["job_title"]), (&json!("Southgate"), &json!("Geologist")));
    for (field, value) in [
        ("name", json!("x".repeat(51))),
        ("company", json!("")),
        ("company", json!("x".repeat(51))),
        ("job_title", json!("x".repeat(51))),
        ("metadata", json!([])),
        ("avatar_url", json!("javascript:alert(1)")),
        ("is_onboarded", json!("yes")),
    ] {
        for path in ["/users/me", &by_id] {
            let answer = world.json("PATCH", path, &world.admin.token, &json!({ field: value })).await;
            assert_eq!(answer.status, 422, "{field} {value}");
            assert_eq!(answer.body["detail"][0]["loc"], json!(["body", field]), "{value}");
        }
    }
    let north = world.organization(&ada, "North").await;
    let body = json!({ "name": "sea", "organization_id": north });
    let workspace = world.json("POST", "/workspaces", &ada.token, &body).await.ok();
    assert_eq!(workspace["owner"]["company"], json!(null));
    let entering = format!("/users/authorize_server?server_id={}", workspace["id"].as_str().unwrap());
    let entered = world.get(&entering, &ada).await.ok();
    assert_eq!((&entered["avatar_url"], &entered["company"]), (&told["avatar_url"], &json!(null)));
}

#[tokio::test]
async fn keys_live_their_lives() {
    let world = World::start().await;
    let (ada, eve) = (world.user("ada").await, world.user("eve").await);
    world.tick();
    let body = json!({ "name": "laptop", "expires_in_minutes": 60 });
    let answer = world.json("POST", "/users/me/api_keys", &ada.token, &body).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let made = answer.ok();
    let key = made["key"].as_str().unwrap();
    // The client takes nothing else for a key, and exchanges it.
    assert!(key.starts_with("ZENPROKEY_"), "{key}");
    let exchanged = world.sign_in_by_key(key).await.ok();
    let exchanged = exchanged["access_token"].as_str().unwrap();
    assert_eq!(world.ask("GET", "/users/me", exchanged).await.ok()["username"], "ada");
    assert_eq!(world.ask("GET", "/users/me", key).await.ok()["username"], "ada");
    assert_eq!(world.json("POST", "/users/me/api_keys", &ada.token, &body).await.status, 409);
    let list = world.get("/users/me/api_keys", &ada).await.ok();
    assert_eq!(list[0]["name"], "laptop", "the newest first");
    assert_eq!((&list[0]["key"], &list[0]["active"]), (&json!(null), &json!(true)));
    let renamed = json!({ "name": "desk", "active": true });
    let path = format!("/users/me/api_keys/{}", made["id"].as_str().unwrap());
    assert_eq!(world.json("PATCH", &path, &ada.token, &renamed).await.ok()["name"], "desk");
    let asleep = json!({ "active": false, "description": "of the desk" });
    let asleep = world.json("PATCH", &path, &ada.token, &asleep).await.ok();
    assert_eq!((&asleep["active"], &asleep["description"]), (&json!(false), &json!("of the desk")));
    for asleep in [key, exchanged] {
        assert_eq!(world.ask("GET", "/users/me", asleep).await.status, 401, "at once");
    }
    assert_eq!(world.sign_in_by_key(key).await.status, 401);
    world.json("PATCH", &path, &ada.token, &json!({ "active": true })).await.ok();
    assert_eq!(world.ask("GET", "/users/me", key).await.status, 200);
    assert_eq!(world.json("PATCH", &path, &eve.token, &json!({})).await.status, 404);
    world.core.clock().advance_seconds(3600);
    assert_eq!(world.get("/users/me/api_keys", &ada).await.ok()[0]["active"], false);
    let by_name = "/users/me/api_keys/desk";
    // Another dialect lets two have one name: then none is meant more than the other.
    let same = NewToken { title: "desk".to_owned(), ..NewToken::default() };
    let (same, _) = world.core.create_own_token(&ada.caller, same).await.unwrap();
    for (method, body) in [("PATCH", json!({ "active": false })), ("DELETE", json!(null))] {
        assert_eq!(world.json(method, by_name, &ada.token, &body).await.status, 409, "{method}");
    }
    let by_id = format!("/users/me/api_keys/{}", same.credential.id);
    for (name, status) in [("desk", 200), ("chair", 200), ("desk", 409)] {
        let named = json!({ "name": name, "description": "of the two" });
        assert_eq!(world.json("PATCH", &by_id, &ada.token, &named).await.status, status, "{name}");
    }
    world.ask("DELETE", &by_id, &ada.token).await.ok();
    world.ask("DELETE", by_name, &eve.token).await.refused(404, &json!(["KeyError", "API key not found"]));
    assert_eq!(world.ask("DELETE", by_name, &ada.token).await.ok(), json!(null));
    assert_eq!(world.ask("DELETE", by_name, &ada.token).await.status, 404);
    for (body, field) in [
        (json!({ "name": "" }), "name"),
        (json!({ "name": "x".repeat(51) }), "name"),
        (json!({ "name": "x", "expires_in_minutes": 0 }), "expires_in_minutes"),
        (json!({ "name": "x", "expires_in_minutes": i64::MAX }), "expires_in_minutes"),
    ] {
        let answer = world.json("POST", "/users/me/api_keys", &ada.token, &body).await;
        assert_eq!(answer.status, 422, "{body}");
        assert_eq!(answer.body["detail"][0]["loc"], json!(["body", field]), "{body}");
    }
    let org = world.organization(&ada, "North Sea").await;
    let (robot, ..) = world.robot(&ada, &org).await;
    assert_eq!(world.ask("GET", "/users/me/api_keys", &robot).await.status, 403);
}

/// Who does not run the server learns of nobody else, whether they exist or not.
#[tokio::test]
async fn nobody_else_is_found() {
    let world = World::start().await;
    let (ada, eve) = (world.user("ada").await, world.user("eve").await);
    assert_eq!(world.get("/users?email=eve@tenantry.example", &ada).await.ok(), json!([]));
    assert_eq!(world.get("/users?offset=1", &ada).await.ok(), json!([]));
    let unknown = json!(["KeyError", "user not found"]);
    for who in [eve.id().to_string(), "eve@tenantry.example".into(), "nobody@tenantry.example".into()] {
        world.get(&format!("/users/{who}"), &ada).await.refused(404, &unknown);
    }
    for id in [eve.id().to_string(), "01900000-0000-7000-8000-000000000000".into(), ada.id().to_string()] {
        let path = format!("/users/{id}");
        assert_eq!(world.json("PATCH", &path, &ada.token, &json!({ "name": "X" })).await.status, 403);
        assert_eq!(world.ask("DELETE", &path, &ada.token).await.status, 403);
    }
    assert_eq!(world.ask("POST", "/users?email=x@tenantry.example", &ada.token).await.status, 403);
}

#[tokio::test]
async fn who_runs_the_server_administers_accounts() {
    let world = World::start().await;
    let root = &world.admin;
    let path = "/users?email=zoe@tenantry.example&password=correct%20horse%20battery";
    let made = world.ask("POST", path, &root.token).await.ok();
    assert_eq!((&made["username"], &made["password"]), (&json!("zoe@tenantry.example"), &json!(null)));
    assert_eq!(made["password_expired"], true);
    assert_eq!(world.ask("POST", path, &root.token).await.status, 409);
    let (zoe, given, own) = ("zoe@tenantry.example", "correct horse battery", "staple of another horse");
    let sign_in = async |password: &str| {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        world.send("POST", "/auth/login", &headers, &format!("username={zoe}&password={password}")).await
    };
    assert_eq!(sign_in(given).await.status, 401, "somebody else knows it");
    let link = world.core.renew_password(zoe, given, None).await.unwrap();
    world.core.reset_password(link.expose(), own, None).await.unwrap();
    let token = sign_in(own).await.ok()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(world.ask("GET", "/users/me", &token).await.ok()["password_expired"], false);
    let made = world.get("/users/zoe@tenantry.example", root).await.ok();
    for (query, field) in
        [("", "email"), ("email=nobody", "email"), ("email=y@tenantry.example&password=x", "password")]
    {
        let answer = world.ask("POST", &format!("/users?{query}"), &root.token).await;
        assert_eq!(answer.status, 422, "{query}");
        assert_eq!(answer.body["detail"][0]["loc"], json!(["query", field]), "{query}");
    }
    assert_eq!(world.get("/users?limit=1", root).await.ok().as_array().unwrap().len(), 1);
    let zoe = format!("/users/{}", made["id"].as_str().unwrap());
    assert_eq!(world.get("/users/zoe@tenantry.example", root).await.ok(), made);
    let change = json!({ "name": "Zoe", "username": "zoe", "is_active": null });
    let changed = world.json("PATCH", &zoe, &root.token, &change).await.ok();
    assert_eq!((&changed["name"], &changed["username"]), (&json!("Zoe"), &json!("zoe")));
    let off = world.json("PATCH", &zoe, &root.token, &json!({ "is_active": false })).await.ok();
    assert_eq!(off["is_active"], false);
    assert_eq!(world.ask("GET", "/users/me", &token).await.status, 401, "at once");
    let on = world.json("PATCH", &zoe, &root.token, &json!({ "is_active": true })).await.ok();
    assert_eq!(on["is_active"], true);
    assert_eq!(world.ask("DELETE", &zoe, &root.token).await.ok(), json!(null));
    world.get(&zoe, root).await.refused(404, &json!(["KeyError", "user not found"]));
    let own = format!("/users/{}", root.id());
    assert_eq!(world.ask("DELETE", &own, &root.token).await.status, 400, "the last administrator");
    let both = json!({ "name": "Gone", "is_active": false });
    assert_eq!(world.json("PATCH", &own, &root.token, &both).await.status, 400);
    assert_eq!(world.get(&own, root).await.ok()["name"], json!(null), "all of it or nothing");
}
