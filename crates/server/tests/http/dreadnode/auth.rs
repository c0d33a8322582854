//! Signing in, and the keys that come of it, as the vendor's client does it.

use reqwest::Method;
use serde_json::{Value, json};
use tenantry_core::device::{Approval, Decision};

use crate::harness::{Answer, TestServer, both_alone, client};

both_alone!(
    a_client_logs_in_by_a_device,
    the_old_client_polls_for_its_token,
    a_password_gives_a_token,
    a_password_of_somebody_else_s_choice_gives_no_token,
    signing_out_ends_the_login,
    tokens_are_refreshed_once,
    keys_are_made_listed_and_revoked,
    a_narrow_key_makes_no_other,
);

async fn begin(server: &TestServer) -> Value {
    // No body, and no content type.
    let answer = Answer::of(client().post(format!("{}/api/v1/auth/device/code", server.url))).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    answer.expect(200)
}

async fn decide(server: &TestServer, who: &str, started: &Value, decision: Decision) {
    let caller = server.core.authenticate(server.token(who)).await.unwrap();
    let typed = started["user_code"].as_str().unwrap();
    server.core.decide_device(&caller, (typed, None), decision).await.unwrap();
}

async fn approve(server: &TestServer, started: &Value) {
    decide(server, "ada", started, Decision::Approve(Approval::default())).await;
}

async fn look(server: &TestServer, started: &Value) -> Answer {
    let path = format!("/api/v1/auth/device/code/{}", started["device_code"].as_str().unwrap());
    server.get("", &path).await
}

async fn exchange(server: &TestServer, started: &Value) -> Answer {
    let body = json!({ "device_code": started["device_code"] });
    server.send("", Method::POST, "/api/v1/auth/device/token", Some(body)).await
}

async fn a_client_logs_in_by_a_device(server: &TestServer) {
    let started = begin(server).await;
    let link = format!("{}/login/device?code={}", server.url, started["user_code"].as_str().unwrap());
    assert_eq!(started["verification_url"], link);
    assert_eq!((&started["expires_in"], &started["completed"]), (&json!(600), &json!(false)));
    // As often as it likes.
    for _ in 0..3 {
        let status = look(server, &started).await.expect(200);
        assert_eq!((&status["user_id"], &status["completed"]), (&Value::Null, &json!(false)));
    }
    approve(server, &started).await;
    let status = look(server, &started).await.expect(200);
    assert_eq!(status["user_id"], server.principal("ada"));
    let answer = exchange(server, &started).await;
    assert!(answer.headers.get("set-cookie").is_none());
    let tokens = answer.expect(200);
    assert_eq!(tokens["default_org"], json!({ "key": "northwind", "name": "northwind" }));
    exchange(server, &started).await.expect(404);

    let access = tokens["access_token"].as_str().unwrap();
    let new = json!({ "name": null, "allow_self_revoke": true });
    let made = server.send(access, Method::POST, "/api/v1/user/api-keys", Some(new)).await.expect(201);
    let key = made["key"].as_str().unwrap();
    let user = server.get(key, "/api/v1/user").await.expect(200);
    assert_eq!((&user["username"], &user["email_address"]), (&json!("ada"), &json!("ada@tenantry.example")));
    let organizations = server.get(key, "/api/v1/user/organizations").await.expect(200);
    assert_eq!(organizations[0]["key"], "northwind");
    assert_eq!(organizations[0]["can_manage_members"], true);
    let listed = server.get(key, "/api/v1/user/api-keys").await.expect(200);
    assert!(listed.as_array().unwrap().iter().any(|listed| listed["id"] == made["id"]), "{listed}");
    server.send(key, Method::DELETE, "/api/v1/user/api-keys/self", None).await.expect(204);
    server.get(key, "/api/v1/user").await.expect(401);
    server.get(access, "/api/v1/user").await.expect(200);

    let refused = begin(server).await;
    decide(server, "ada", &refused, Decision::Deny).await;
    look(server, &refused).await.expect(403);
    exchange(server, &refused).await.expect(403);
    server.get("", "/api/v1/auth/device/code/made-up").await.expect(404);
}

/// It takes 401 for *not yet*, and everything else for *never*.
async fn the_old_client_polls_for_its_token(server: &TestServer) {
    let started = begin(server).await;
    for _ in 0..3 {
        exchange(server, &started).await.expect(401);
    }
    approve(server, &started).await;
    let tokens = exchange(server, &started).await.expect(200);
    assert!(tokens["refresh_token"].is_string());
}

async fn a_password_gives_a_token(server: &TestServer) {
    let person = server.estate.people.iter().find(|person| person.username == "ada").unwrap();
    let login = |password: String| {
        let form =
            [("grant_type", "password".to_owned()), ("username", "ada".to_owned()), ("password", password)];
        Answer::of(client().post(format!("{}/api/v1/auth/login", server.url)).form(&form))
    };
    let answer = login(person.password.clone()).await;
    assert!(answer.headers.get("set-cookie").is_none());
    assert_eq!(answer.headers["cache-control"], "no-store");
    let token = answer.expect(200);
    assert_eq!(token["orgs"][0], json!({ "key": "northwind", "name": "northwind" }));
    let access = token["access_token"].as_str().unwrap();
    server.get(access, "/api/v1/user").await.expect(200);
    assert_eq!(login("wrong".to_owned()).await.expect(401)["detail"], "Authentication failed");
    server.send(access, Method::POST, "/api/v1/auth/logout", None).await.expect(200);
    server.get(access, "/api/v1/user").await.expect(401);
    // A key is no session, and nobody need be in one.
    server.send("ada", Method::POST, "/api/v1/auth/logout", None).await.expect(200);
    server.get("ada", "/api/v1/user").await.expect(200);
    server.send("", Method::POST, "/api/v1/auth/logout", None).await.expect(200);
}

async fn a_password_of_somebody_else_s_choice_gives_no_token(server: &TestServer) {
    let (login, given) = ("zoe@tenantry.example", "correct horse battery");
    let address = format!("/users?email={login}&password={given}");
    server.send("root", Method::POST, &address, None).await.expect(200);
    let sign_in = async |password: &str| {
        let form = [("username", login), ("password", password)];
        Answer::of(client().post(format!("{}/api/v1/auth/login", server.url)).form(&form)).await
    };
    let refused = sign_in(given).await;
    assert_eq!(refused.headers["www-authenticate"], "Bearer");
    let detail = "This password was chosen by somebody else: choose another one on the sign-in page first";
    let expected = json!({"code": 401, "type": "authentication_error", "detail": detail});
    assert_eq!(refused.expect(401), expected);
    assert_eq!(sign_in("another horse").await.expect(401)["detail"], "Authentication failed");
    let own = "staple of another horse";
    let link = server.core.renew_password(login, given, None).await.unwrap();
    server.core.reset_password(link.expose(), own, None).await.unwrap();
    sign_in(own).await.expect(200);
}

/// By the access token in the header, by the refresh token in the body, and by both.
async fn signing_out_ends_the_login(server: &TestServer) {
    let refresh = |tokens: &Value| {
        let body = json!({ "refresh_token": tokens["refresh_token"] });
        server.send("", Method::POST, "/api/v1/auth/refresh", Some(body))
    };
    let sign_out = |token: &str, body: Value| {
        let (token, body) = (token.to_owned(), (!body.is_null()).then_some(body));
        async move { server.send(&token, Method::POST, "/api/v1/auth/logout", body).await }
    };
    for (by_header, by_body) in [(true, false), (false, true), (true, true)] {
        let started = begin(server).await;
        approve(server, &started).await;
        let tokens = exchange(server, &started).await.expect(200);
        let access = tokens["access_token"].as_str().unwrap();
        let body = json!({ "refresh_token": by_body.then_some(&tokens["refresh_token"]) });
        sign_out(if by_header { access } else { "" }, body).await.expect(200);
        server.get(access, "/api/v1/user").await.expect(401);
        refresh(&tokens).await.expect(401);
    }
    // Nor does a body that says nothing here.
    for body in ["[]", "{", "grant_type=x", "{\"refresh_token\": 1}"] {
        let started = begin(server).await;
        approve(server, &started).await;
        let tokens = exchange(server, &started).await.expect(200);
        let access = tokens["access_token"].as_str().unwrap();
        let request = client().post(format!("{}/api/v1/auth/logout", server.url)).bearer_auth(access);
        let kind = if body.contains('=') { "application/x-www-form-urlencoded" } else { "application/json" };
        let answer = Answer::of(request.header("content-type", kind).body(body)).await;
        answer.expect(if body.ends_with("1}") { 422 } else { 200 });
        server.get(access, "/api/v1/user").await.expect(401);
        refresh(&tokens).await.expect(401);
    }
    // An access token that counts no more is no obstacle; alone it is refused, and what is no refresh token ends nothing.
    let started = begin(server).await;
    approve(server, &started).await;
    let tokens = exchange(server, &started).await.expect(200);
    sign_out("tny_at_made_up", Value::Null).await.expect(401);
    sign_out("", json!({ "refresh_token": server.token("ada") })).await.expect(200);
    server.get("ada", "/api/v1/user").await.expect(200);
    sign_out("", json!({ "refresh_token": 1 })).await.expect(422);
    sign_out("tny_at_made_up", json!({ "refresh_token": tokens["refresh_token"] })).await.expect(200);
    refresh(&tokens).await.expect(401);
}

async fn tokens_are_refreshed_once(server: &TestServer) {
    let started = begin(server).await;
    approve(server, &started).await;
    let first = exchange(server, &started).await.expect(200);
    let refresh = |token: &Value| {
        let body = json!({ "refresh_token": token });
        server.send("", Method::POST, "/api/v1/auth/refresh", Some(body))
    };
    let second = refresh(&first["refresh_token"]).await.expect(200);
    assert_ne!(first["access_token"], second["access_token"]);
    server.get(second["access_token"].as_str().unwrap(), "/api/v1/user").await.expect(200);
    refresh(&json!("tny_rt_made_up")).await.expect(401);
    for body in [json!({}), json!({ "refresh_token": null }), json!({ "refresh_token": "" })] {
        let answer = server.send("", Method::POST, "/api/v1/auth/refresh", Some(body)).await.expect(422);
        assert_eq!(answer["errors"][0]["loc"], json!(["body", "refresh_token"]));
    }
}

async fn keys_are_made_listed_and_revoked(server: &TestServer) {
    const KEYS: &str = "/api/v1/user/api-keys";
    let northwind = server.organization("northwind");
    let sea = server.workspace(&northwind, "ada", "North Sea").await;
    let new = json!({
        "name": "narrow", "org_id": northwind, "workspace_id": sea, "allowed_scopes": ["read:Workspace"],
    });
    let made = server.send("ada", Method::POST, KEYS, Some(new)).await.expect(201);
    let key = made["key"].as_str().unwrap();
    assert_eq!(made["masked_key"], format!("{}...", &key[..12]));
    let listed = server.get("ada", KEYS).await.expect(200);
    let mut shown = made.clone();
    shown.as_object_mut().unwrap().remove("key");
    assert_eq!(listed[0], shown);
    let seen = server.get(key, "/api/v1/org/northwind/ws").await.expect(200);
    assert_eq!(seen["total"], 1);

    for (new, field) in [
        (json!({ "org_id": server.organization("southgate") }), "org_id"),
        (json!({ "org_id": "x" }), "org_id"),
        (json!({ "workspace_id": sea }), "workspace_id"),
        (json!({ "org_id": northwind, "workspace_id": "x" }), "workspace_id"),
        (json!({ "allowed_scopes": ["all"] }), "allowed_scopes"),
    ] {
        let answer = server.send("ada", Method::POST, KEYS, Some(new)).await.expect(422);
        assert_eq!(answer["errors"][0]["loc"][1], field);
    }
    // Only a key that was made for it ends itself.
    let this = format!("{KEYS}/self");
    server.send(key, Method::DELETE, &this, None).await.expect(403);
    let new = json!({ "allow_self_revoke": true });
    let may = server.send("ada", Method::POST, KEYS, Some(new)).await.expect(201);
    let may = may["key"].as_str().unwrap();
    server.send(may, Method::DELETE, &this, None).await.expect(204);
    server.get(may, "/api/v1/user").await.expect(401);
    let one = format!("{KEYS}/{}", made["id"].as_str().unwrap());
    server.send("dan", Method::DELETE, &one, None).await.expect(404);
    server.send("ada", Method::DELETE, &one, None).await.expect(204);
    server.send("ada", Method::DELETE, &one, None).await.expect(404);
    server.get(key, "/api/v1/user").await.expect(401);
}

async fn a_narrow_key_makes_no_other(server: &TestServer) {
    const KEYS: &str = "/api/v1/user/api-keys";
    let new = json!({ "allowed_scopes": ["read:Workspace"] });
    let narrow = server.send("ada", Method::POST, KEYS, Some(new)).await.expect(201);
    let narrow = narrow["key"].as_str().unwrap();
    server.send(narrow, Method::POST, KEYS, Some(json!({}))).await.expect(403);
    server.get(narrow, KEYS).await.expect(403);
    server.send("northwind-ci", Method::POST, KEYS, Some(json!({}))).await.expect(403);
}
