//! Making accounts: by who runs the server, and by nobody else.

use reqwest::Method;
use serde_json::json;

use crate::harness::{TestServer, both_alone};

both_alone!(
    are_made_by_who_runs_the_server,
    repeat_no_secret,
    refuse_bad_input,
    are_read_and_changed,
    are_deleted,
    are_activated_by_a_link,
    change_their_own_names,
);

const USERS: &str = "/api/v1/users";

async fn are_made_by_who_runs_the_server(server: &TestServer) {
    let body = json!({"email": "nora@tenantry.example", "display_name": "Nora Berg", "username": "nora"});
    server.send("ada", Method::POST, USERS, Some(body.clone())).await.expect(403);
    let rehearsed = format!("{USERS}?validate_only=true");
    let thought = server.send("root", Method::POST, &rehearsed, Some(body.clone())).await.expect(200);
    assert!(thought.get("secret").is_none());
    let made = server.send("root", Method::POST, USERS, Some(body.clone())).await.expect(200);
    let token = made["secret"].as_str().unwrap();
    assert!(token.starts_with("tny_pat_"));
    let nora = json!({
        "name": made["name"],
        "display_name": "Nora Berg",
        "email": "nora@tenantry.example",
        "username": "nora",
    });
    assert_eq!(server.get(token, "/api/v1/me").await.expect(200), nora);
    let again = server.send("root", Method::POST, USERS, Some(body)).await.expect(409);
    assert_eq!(again["details"][0]["reason"], "USER_NAME_TAKEN");
    // She belongs nowhere yet.
    let organizations = server.get(token, "/api/v1/me/organizations").await.expect(200);
    assert_eq!(organizations["user_organizations"], json!([]));
}

async fn repeat_no_secret(server: &TestServer) {
    let path = format!("{USERS}?request_id=0190b0a0-0000-7000-8000-00000000beef");
    let body = json!({"email": "nora@tenantry.example"});
    let mut made = server.send("root", Method::POST, &path, Some(body.clone())).await.expect(200);
    assert!(made.as_object_mut().unwrap().shift_remove("secret").is_some());
    assert_eq!(server.send("root", Method::POST, &path, Some(body)).await.expect(200), made);
}

async fn refuse_bad_input(server: &TestServer) {
    for (path, body, field) in [
        (USERS, json!({}), "email"),
        (USERS, json!({"email": "nobody"}), "email"),
        (USERS, json!({"email": "a@b.example", "username": "a b"}), "username"),
        (USERS, json!({"email": "a@b.example", "display_name": "x".repeat(101)}), "display_name"),
        (USERS, json!({"email": "a@b.example", "password": "correct horse"}), "password"),
        (USERS, json!({"email": "a@b.example", "administrator": "yes"}), "administrator"),
        ("/api/v1/users?force=true", json!({"email": "a@b.example"}), "force"),
    ] {
        let refused = server.send("root", Method::POST, path, Some(body.clone())).await.expect(400);
        assert_eq!(refused["details"][1]["field_violations"][0]["field"], field, "{path} {body}");
        // Permission is judged before the request is.
        server.send("ada", Method::POST, path, Some(body)).await.expect(403);
    }
    for (path, field) in [
        ("/api/v1/users?order_by=state", "order_by"),
        ("/api/v1/users?filter=secret:x", "filter"),
        ("/api/v1/users?fields=users.secret", "fields"),
    ] {
        let refused = server.get("root", path).await.expect(400);
        assert_eq!(refused["details"][1]["field_violations"][0]["field"], field, "{path}");
        server.get("ada", path).await.expect(403);
    }
}

async fn are_read_and_changed(server: &TestServer) {
    let ben = format!("{USERS}/{}", server.principal("ben"));
    let read = server.get("root", &ben).await;
    let etag = read.headers["etag"].to_str().unwrap().to_owned();
    let account = read.expect(200);
    let told: Vec<_> = account.as_object().unwrap().keys().map(String::as_str).collect();
    let fields =
        "name email username display_name administrator state email_verified create_time update_time etag";
    assert_eq!(told.join(" "), fields);
    assert_eq!((&account["state"], &account["administrator"]), (&json!("ACTIVE"), &json!(false)));
    assert_eq!(account["etag"], etag);
    let list =
        server.get("root", &format!("{USERS}?filter=username=ben&fields=users.name")).await.expect(200);
    assert_eq!(list["users"], json!([{"name": account["name"]}]));
    let active = server.get("root", &format!("{USERS}?filter=state=SUSPENDED")).await.expect(200);
    assert_eq!(active["users"], json!([]));

    let patch = |query: &str| format!("{ben}?{query}");
    let body = json!({"display_name": "Benjamin", "email": "ben@new.example"});
    let masked = server.send("root", Method::PATCH, &patch("update_mask=display_name"), Some(body)).await;
    let masked = masked.expect(200);
    assert_eq!((&masked["display_name"], &masked["email"]), (&json!("Benjamin"), &account["email"]));
    let stale = json!({"username": "benny", "etag": etag});
    server.send("root", Method::PATCH, &ben, Some(stale)).await.expect(409);
    let refused =
        server.send("root", Method::PATCH, &ben, Some(json!({"username": "ada"}))).await.expect(409);
    assert_eq!(refused["details"][0]["reason"], "USER_NAME_TAKEN");

    let suspended = server.send("root", Method::POST, &format!("{ben}:suspend"), None).await.expect(200);
    assert_eq!(suspended["state"], "SUSPENDED");
    server.get("ben", "/api/v1/me").await.expect(401);
    let list = server.get("root", &format!("{USERS}?filter=state=SUSPENDED")).await.expect(200);
    assert_eq!(list["users"], json!([suspended]));
    server.send("root", Method::POST, &format!("{ben}:resume"), None).await.expect(200);
    server.get("ben", "/api/v1/me").await.expect(200);
    server.send("root", Method::POST, &format!("{ben}:promote"), None).await.expect(404);
}

async fn are_deleted(server: &TestServer) {
    let ada = format!("{USERS}/{}", server.principal("ada"));
    let refused = server.send("root", Method::DELETE, &ada, None).await.expect(400);
    assert_eq!(refused["details"][0]["reason"], "MEMBER_ACCOUNT_OWNER");
    let root = format!("{USERS}/{}", server.principal("root"));
    let refused = server.send("root", Method::DELETE, &root, None).await.expect(400);
    assert_eq!(refused["details"][0]["reason"], "SERVER_LAST_ADMINISTRATOR");
    let kit = format!("{USERS}/{}", server.principal("kit"));
    let rehearsed = format!("{kit}?validate_only=true");
    assert_eq!(server.send("root", Method::DELETE, &rehearsed, None).await.expect(200), json!({}));
    server.get("kit", "/api/v1/me").await.expect(200);
    assert_eq!(server.send("root", Method::DELETE, &kit, None).await.expect(200), json!({}));
    server.get("kit", "/api/v1/me").await.expect(401);
    server.send("root", Method::DELETE, &kit, None).await.expect(404);
    server.send("root", Method::DELETE, &format!("{kit}?allow_missing=true"), None).await.expect(200);
}

/// Without a mail server the link is shown to who makes it, this once.
async fn are_activated_by_a_link(server: &TestServer) {
    let body = json!({"email": "nora@tenantry.example", "username": "nora"});
    let made = server.send("root", Method::POST, USERS, Some(body)).await.expect(200);
    let path = format!("/api/v1/{}:sendActivation", made["name"].as_str().unwrap());
    let rehearsed = server.send("root", Method::POST, &format!("{path}?validate_only=true"), None).await;
    assert!(rehearsed.expect(200).get("link").is_none());
    let repeated = format!("{path}?request_id=0190b0a0-0000-7000-8000-00000000beef");
    let sent = server.send("root", Method::POST, &repeated, None).await.expect(200);
    let link = sent["link"].as_str().unwrap();
    let secret = link.strip_prefix(&format!("{}/login/activate?secret=", server.url)).unwrap();
    let again = server.send("root", Method::POST, &repeated, None).await.expect(200);
    assert_eq!(again, json!({"user": made["name"], "mailed": false}));

    server.core.reset_password(secret, "correct horse", None).await.unwrap();
    let login = server.core.sign_in_user("nora", "correct horse", None).await.unwrap();
    let nora = login.secret.expose();
    let change = |current: &str, new: &str| json!({"current_password": current, "new_password": new});
    let path = "/api/v1/me:changePassword";
    for (body, field) in [
        (json!({}), "current_password"),
        (change("wrong horse", "battery staple"), "current_password"),
        (change("correct horse", "12345678"), "new_password"),
        (change("correct horse", "nora@tenantry.example"), "new_password"),
    ] {
        let refused = server.send(nora, Method::POST, path, Some(body.clone())).await.expect(400);
        assert_eq!(refused["details"][1]["field_violations"][0]["field"], field, "{body}");
    }
    // A hash of the body would be kept for as long as the id.
    let once = format!("{path}?request_id=0190b0a0-0000-7000-8000-00000000cafe");
    let good = change("correct horse", "battery staple");
    server.send(nora, Method::POST, &once, Some(good.clone())).await.expect(400);
    server.send(nora, Method::POST, path, Some(good)).await.expect(200);
    server.core.sign_in_user("nora", "battery staple", None).await.unwrap();
}

async fn change_their_own_names(server: &TestServer) {
    let read = server.get("cleo", "/api/v1/me").await;
    let etag = read.headers["etag"].to_str().unwrap().to_owned();
    let body = json!({"display_name": "Cleopatra", "username": "cleopatra"});
    let rehearsed =
        server.send("cleo", Method::PATCH, "/api/v1/me?validate_only=true", Some(body.clone())).await;
    assert_eq!(rehearsed.expect(200)["username"], "cleopatra");
    let path = format!("/api/v1/me?etag={}", etag.replace('"', "%22"));
    let changed = server.send("cleo", Method::PATCH, &path, Some(body.clone())).await.expect(200);
    assert_eq!(changed, server.get("cleo", "/api/v1/me").await.expect(200));
    server.send("cleo", Method::PATCH, &path, Some(body)).await.expect(409);
    let email = json!({"email": "cleo@new.example"});
    let kept = server.send("cleo", Method::PATCH, "/api/v1/me", Some(email)).await.expect(200);
    assert_eq!(kept["email"], changed["email"], "what the server writes is ignored");
    let robot = json!({"display_name": "Robot"});
    server.send("northwind-ci", Method::PATCH, "/api/v1/me", Some(robot)).await.expect(403);
}
