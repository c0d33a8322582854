//! Making accounts: by who runs the server, and by nobody else.

use reqwest::Method;
use serde_json::json;

use crate::harness::{TestServer, both_alone};

both_alone!(are_made_by_who_runs_the_server, repeat_no_secret, refuse_bad_input);

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
        ("/api/v1/users?force=true", json!({"email": "a@b.example"}), "force"),
    ] {
        let refused = server.send("root", Method::POST, path, Some(body.clone())).await.expect(400);
        assert_eq!(refused["details"][1]["field_violations"][0]["field"], field, "{path} {body}");
        // Permission is judged before the request is.
        server.send("ada", Method::POST, path, Some(body)).await.expect(403);
    }
    server.get("root", USERS).await.expect(405);
}
