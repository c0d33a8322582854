//! The server behind a workspace, and the key of one that somebody else runs.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, TestServer, both_alone, client};

both_alone!(tells_where_the_lifecycle_stands, keys_are_exchanged, who_runs_servers_answers_wishes);

async fn enroll(server: &TestServer) -> (String, String) {
    let body = json!({"name": "reservoirs", "organization_id": server.organization("northwind")});
    let made = server.send("ada", Method::POST, "/workspaces?enroll=True", Some(body)).await.expect(200);
    let text = |member: &str| made[member].as_str().unwrap().to_owned();
    (text("id"), text("enrollment_key"))
}

async fn sign_in(server: &TestServer, id: &str, key: &str) -> Answer {
    let form = [("client_id", id), ("client_secret", key)];
    Answer::of(client().post(format!("{}/auth/login", server.url)).form(&form)).await
}

async fn tells_where_the_lifecycle_stands(server: &TestServer) {
    let (id, _) = enroll(server).await;
    let path = format!("/api/v1/organizations/northwind/workspaces/{id}/server");
    let told = server.get("ada", &path).await.expect(200);
    assert_eq!((&told["enrolled"], &told["client_id"]), (&json!(true), &json!(id)));
    assert_eq!((&told["state"], &told["desired_state"]), (&json!("pending"), &json!("available")));
    let first = told["generation"].as_u64().unwrap();
    let away = format!("/workspaces/{id}/deactivate");
    server.send("ada", Method::PATCH, &away, None).await.expect(200);
    let told = server.get("ada", &path).await.expect(200);
    assert_eq!((&told["state"], &told["desired_state"]), (&json!("deactivated"), &json!("deactivated")));
    assert!(told["generation"].as_u64().unwrap() > first);
    let northwind = server.organization("northwind");
    let sea = server.workspace(&northwind, "ada", "North Sea").await;
    let path = format!("/api/v1/organizations/northwind/workspaces/{sea}/server");
    let told = server.get("ben", &path).await.expect(200);
    assert_eq!((&told["enrolled"], told.get("client_id")), (&json!(false), None));
    server.get("dan", &path).await.expect(403);
}

/// The old key counts on for as long as is said, and what was given for it with it.
async fn keys_are_exchanged(server: &TestServer) {
    let (id, first) = enroll(server).await;
    let rotate = format!("/api/v1/organizations/northwind/workspaces/{id}:rotateEnrollmentKey");
    let exchange = async |body: Option<Value>| {
        let made = server.send("ada", Method::POST, &rotate, body).await.expect(200);
        assert_eq!(made["client_id"], json!(id));
        made["secret"].as_str().unwrap().to_owned()
    };
    let report =
        async |token: &str| server.send(token, Method::PATCH, "/workspace_status", None).await.status;
    let token = sign_in(server, &id, &first).await.expect(200)["access_token"].as_str().unwrap().to_owned();
    assert_eq!(report(&token).await, 200);

    let second = exchange(Some(json!({"overlap": "3600s"}))).await;
    for key in [&first, &second] {
        sign_in(server, &id, key).await.expect(200);
    }
    assert_eq!(report(&token).await, 200);
    let third = exchange(None).await;
    for key in [&first, &second] {
        sign_in(server, &id, key).await.expect(401);
    }
    assert_eq!(report(&token).await, 401, "what was given for the key has ended");
    let token = sign_in(server, &id, &third).await.expect(200)["access_token"].as_str().unwrap().to_owned();
    assert_eq!(report(&token).await, 200);

    // A rehearsal exchanges nothing; neither the server itself does, nor who may not.
    let rehearsed = format!("{rotate}?validate_only=true");
    server.send("ada", Method::POST, &rehearsed, None).await.expect(200);
    for who in [&*token, "cleo", "dan"] {
        server.send(who, Method::POST, &rotate, None).await.expect(403);
    }
    sign_in(server, &id, &third).await.expect(200);
    let northwind = server.organization("northwind");
    let sea = server.workspace(&northwind, "ada", "North Sea").await;
    let ours = rotate.replace(&id, &sea);
    server.send("ada", Method::POST, &ours, None).await.expect(400);
    server.send("ada", Method::POST, &rotate, Some(json!({"overlap": "8d"}))).await.expect(400);
    assert_eq!(server.core.examine().await.unwrap(), []);
}

async fn who_runs_servers_answers_wishes(server: &TestServer) {
    let northwind = server.organization("northwind");
    let sea = server.workspace(&northwind, "ada", "North Sea").await;
    let at = |method: &str| format!("/api/v1/organizations/northwind/workspaces/{sea}{method}");
    server.send("ada", Method::PATCH, &format!("/workspaces/{sea}/deploy"), None).await.expect(200);
    let wished = server.get("ada", &at("/server")).await.expect(200);
    assert_eq!((&wished["state"], &wished["desired_state"]), (&json!("pending"), &json!("available")));
    let report =
        async |who: &str, body: Value| server.send(who, Method::POST, &at(":reportServer"), Some(body)).await;
    for (field, body) in [
        ("state", json!({})),
        ("state", json!({"state": "up"})),
        ("generation", json!({"state": "available", "generation": 0})),
        ("generation", json!({"state": "available", "generation": 4711})),
        ("server_url", json!({"state": "available", "server_url": "ftp://sea.example"})),
    ] {
        let refused = report("ada", body).await;
        assert_eq!(refused.status, 400);
        assert!(refused.text.contains(field), "{field}: {}", refused.text);
    }
    for who in ["ben", "cleo", "dan"] {
        report(who, json!({"state": "available"})).await.expect(403);
    }
    let answer = json!({
        "state": "available", "generation": wished["generation"], "server_url": "https://sea.example"
    });
    let told = report("ada", answer).await.expect(200);
    assert_eq!((&told["state"], &told["observed_generation"]), (&json!("available"), &wished["generation"]));
    let shown = server.get("ada", &format!("/workspaces/{sea}")).await.expect(200);
    assert_eq!(
        (&shown["status"], &shown["zenml_service"]["status"]["server_url"]),
        (&json!("available"), &json!("https://sea.example"))
    );
    // A later wish waits again, and an answer to the one before comes too late once it is answered.
    server.send("ada", Method::PATCH, &format!("/workspaces/{sea}/deactivate"), None).await.expect(200);
    report("root", json!({"state": "deactivated"})).await.expect(200);
    let late = report("ada", json!({"state": "available", "generation": wished["generation"]})).await;
    assert_eq!(late.status, 409);
}
