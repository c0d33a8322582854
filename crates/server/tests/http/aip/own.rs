//! What is a person's own: tokens, devices, browser sessions, what was allowed to clients.

use reqwest::Method;
use serde_json::{Value, json};
use tenantry_core::browser::Origin;
use tenantry_core::device::{DeviceRequest, StartedLogin, TokenLife};
use tenantry_core::oauth::{AccessToken, ProvenClient, Scopes};

use crate::harness::{TestServer, both_alone};

both_alone!(
    guesses_count_however_they_are_made,
    tokens_live_their_lives,
    tokens_are_rotated,
    tokens_are_as_narrow_as_they_say,
    bad_tokens_are_refused_by_field,
    devices_are_approved_locked_and_forgotten,
    an_answer_to_a_device_may_come_again,
    devices_are_denied,
    sessions_are_listed_and_ended,
    authorizations_are_listed_and_ended,
    lists_go_in_pages,
    limited_credentials_have_nothing_of_their_own,
);

const TOKENS: &str = "/api/v1/me/tokens";

async fn make(server: &TestServer, who: &str, body: Value) -> (Value, String) {
    let mut made = server.send(who, Method::POST, TOKENS, Some(body)).await.expect(200);
    let secret = made.as_object_mut().unwrap().remove("secret").unwrap();
    (made, secret.as_str().unwrap().to_owned())
}

fn path(made: &Value) -> String {
    format!("/api/v1/{}", made["name"].as_str().unwrap())
}

fn program() -> ProvenClient {
    ProvenClient::of_program("program".to_owned(), "Program", None)
}

async fn begin(server: &TestServer) -> StartedLogin {
    let request = DeviceRequest {
        client: program(),
        scopes: Scopes::API,
        device: None,
        interval_seconds: 5,
        from: Origin::default(),
    };
    server.core.start_device_login(request).await.unwrap()
}

/// A device of this person's with its token.
async fn device(server: &TestServer, who: &str) -> (Value, String) {
    let started = begin(server).await;
    let body = json!({"user_code": started.user_code.expose()});
    let device = server.send(who, Method::POST, "/api/v1/me/devices:approve", Some(body)).await.expect(200);
    let shown = started.device_code.expose();
    let given = server.core.redeem_device_code(&program(), shown, TokenLife::WithDevice).await.unwrap();
    let AccessToken::Opaque(issued) = given.tokens.access else { panic!("a token for this server") };
    (device, issued.secret.expose().to_owned())
}

async fn tokens_live_their_lives(server: &TestServer) {
    let body = json!({"title": "Laptop", "ttl": "60s", "ends_itself": true});
    let request = format!("{TOKENS}?request_id=0190b0a0-0000-7000-8000-0000000000ab");
    // A rehearsal makes none, and shows no secret of one.
    let rehearsed = format!("{request}&validate_only=true");
    let rehearsed = server.send("ben", Method::POST, &rehearsed, Some(body.clone())).await.expect(200);
    assert_eq!((&rehearsed["title"], rehearsed.get("secret")), (&json!("Laptop"), None));
    let made = server.send("ben", Method::POST, &request, Some(body.clone())).await.expect(200);
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with(made["prefix"].as_str().unwrap()));
    assert_eq!((&made["ends_itself"], &made["permission_level"]), (&json!(true), &json!("ALL")));
    // A repetition is answered without the secret, and makes no second one.
    let again = server.send("ben", Method::POST, &request, Some(body)).await.expect(200);
    assert_eq!((&again["name"], again.get("secret")), (&made["name"], None));
    let list = server.get("ben", TOKENS).await.expect(200);
    assert_eq!(list["tokens"].as_array().unwrap().last(), Some(&again));

    server.get(secret, "/api/v1/me").await.expect(200);
    let path = path(&made);
    let body = json!({"title": "Desktop", "etag": made["etag"]});
    let changed = server.send("ben", Method::PATCH, &path, Some(body.clone())).await.expect(200);
    assert_eq!((&changed["title"], &changed["etag"]), (&json!("Desktop"), &json!("\"2\"")));
    server.send("ben", Method::PATCH, &path, Some(body)).await.expect(409);
    // What is fixed may be given as it is.
    let as_it_is = json!({"ttl": "60s", "ends_itself": true, "organization": null});
    server.send("ben", Method::PATCH, &path, Some(as_it_is)).await.expect(200);
    for (field, value) in [("ttl", json!("61s")), ("ends_itself", json!(false)), ("organization", json!("x"))]
    {
        let answer = server.send("ben", Method::PATCH, &path, Some(json!({field: value}))).await;
        answer.expect(400);
        assert!(answer.text.contains(field), "{}", answer.text);
    }
    for (who, status) in [("dan", 404), ("root", 404)] {
        server.get(who, &path).await.expect(status);
        server.send(who, Method::DELETE, &path, None).await.expect(status);
    }
    server.send("ben", Method::DELETE, &path, None).await.expect(200);
    server.get(secret, "/api/v1/me").await.expect(401);
    server.send("ben", Method::DELETE, &path, None).await.expect(404);
    server.send("ben", Method::DELETE, &format!("{path}?allow_missing=true"), None).await.expect(200);
}

async fn tokens_are_rotated(server: &TestServer) {
    let (made, first) = make(server, "ben", json!({"title": "CI"})).await;
    let rotate = format!("{}:rotate", path(&made));
    let second =
        server.send("ben", Method::POST, &rotate, Some(json!({"overlap": "3600s"}))).await.expect(200);
    assert_eq!((&second["name"], &second["etag"]), (&made["name"], &json!("\"2\"")));
    let second = second["secret"].as_str().unwrap().to_owned();
    for secret in [&first, &second] {
        server.get(secret, "/api/v1/me").await.expect(200);
    }
    let third = server.send("ben", Method::POST, &rotate, None).await.expect(200);
    server.get(third["secret"].as_str().unwrap(), "/api/v1/me").await.expect(200);
    for secret in [&first, &second] {
        server.get(secret, "/api/v1/me").await.expect(401);
    }
    let stale = server.send("ben", Method::POST, &rotate, Some(json!({"etag": "\"1\""}))).await;
    stale.expect(409);
    for overlap in ["1h", "-1s", "604801s"] {
        let answer = server.send("ben", Method::POST, &rotate, Some(json!({"overlap": overlap}))).await;
        let violations = &answer.expect(400)["details"][0]["field_violations"];
        assert!(violations.to_string().contains("overlap") || answer.text.contains("overlap"), "{overlap}");
    }
    let renamed = rotate.replace(":rotate", ":renew");
    server.send("ben", Method::POST, &renamed, None).await.expect(404);
}

async fn tokens_are_as_narrow_as_they_say(server: &TestServer) {
    let northwind = server.organization("northwind");
    let sea = server.workspace(&northwind, "ada", "North Sea").await;
    let body = json!({
        "title": "Sea", "organization": format!("organizations/{northwind}"), "workspace_ids": [sea],
        "permission_level": "READ_ONLY",
    });
    let (made, secret) = make(server, "ada", body).await;
    assert_eq!(made["organization"], format!("organizations/{northwind}"));
    let at = |workspace: &str| format!("/api/v1/organizations/northwind/workspaces/{workspace}");
    server.get(&secret, &at(&sea)).await.expect(200);
    server.get(&secret, &at("reservoir-models")).await.expect(403);
    let icon = json!({"workspace_icon": "wave"});
    server.send(&secret, Method::PATCH, &at(&sea), Some(icon)).await.expect(403);
    // It is an API key of the organization, too.
    let id = made["name"].as_str().unwrap().rsplit('/').next().unwrap();
    server.get("ada", &format!("/api/v1/organizations/northwind/apiKeys/{id}")).await.expect(200);
}

async fn bad_tokens_are_refused_by_field(server: &TestServer) {
    let southgate = server.organization("southgate");
    for (body, field) in [
        (json!({}), "title"),
        (json!({"title": ""}), "title"),
        (json!({"title": "x", "ttl": "0s"}), "ttl"),
        (json!({"title": "x", "ttl": "1y"}), "ttl"),
        (json!({"title": "x", "ttl": "31536001s"}), "ttl"),
        (json!({"title": "x", "organization": southgate}), "organization"),
        (json!({"title": "x", "organization": "nowhere"}), "organization"),
        (json!({"title": "x", "workspace_ids": [southgate]}), "workspace_ids"),
        (json!({"title": "x", "ends_itself": 1}), "ends_itself"),
        (json!({"title": "x", "colour": "red"}), "colour"),
    ] {
        let answer = server.send("ada", Method::POST, TOKENS, Some(body.clone())).await;
        answer.expect(400);
        assert!(answer.text.contains(&format!("\"{field}\"")), "{body} {}", answer.text);
    }
}

async fn devices_are_approved_locked_and_forgotten(server: &TestServer) {
    let (device, secret) = device(server, "ben").await;
    assert_eq!((&device["title"], &device["state"]), (&json!("Program"), &json!("VERIFIED")));
    let path = path(&device);
    let shown = server.get("ben", &path).await.expect(200);
    assert_eq!(shown["state"], "ACTIVE");
    server.get(&secret, "/api/v1/me").await.expect(200);
    for who in ["dan", "root"] {
        server.get(who, &path).await.expect(404);
        server.send(who, Method::PATCH, &path, Some(json!({"locked": true}))).await.expect(404);
    }
    let body = json!({"title": "Laptop", "locked": true, "etag": shown["etag"]});
    let locked = server.send("ben", Method::PATCH, &path, Some(body)).await.expect(200);
    assert_eq!((&locked["title"], &locked["state"]), (&json!("Laptop"), &json!("LOCKED")));
    server.get(&secret, "/api/v1/me").await.expect(401);
    let listed = server.get("ben", "/api/v1/me/devices").await.expect(200);
    assert_eq!(listed["devices"], json!([locked]));
    server.send("ben", Method::DELETE, &path, None).await.expect(200);
    server.send("ben", Method::DELETE, &path, None).await.expect(404);
}

async fn an_answer_to_a_device_may_come_again(server: &TestServer) {
    for (at, method) in ["approve", "deny"].into_iter().enumerate() {
        let code = json!({"user_code": begin(server).await.user_code.expose()});
        let path = format!("/api/v1/me/devices:{method}?request_id=0199f000-0000-4000-8000-0000000000b{at}");
        let first = server.send("ben", Method::POST, &path, Some(code.clone())).await.expect(200);
        let again = server.send("ben", Method::POST, &path, Some(code)).await.expect(200);
        assert_eq!(first, again);
        assert_eq!(first["name"].is_string(), method == "approve");
    }
}

async fn devices_are_denied(server: &TestServer) {
    let started = begin(server).await;
    let code = json!({"user_code": started.user_code.expose()});
    let deny = "/api/v1/me/devices:deny";
    // A rehearsal tells the device nothing.
    let rehearse = format!("{deny}?validate_only=true");
    server.send("ben", Method::POST, &rehearse, Some(code.clone())).await.expect(200);
    server.send("ben", Method::POST, deny, Some(code.clone())).await.expect(200);
    // Not so often that it counts as guessing.
    for (method, who) in [("approve", "ben"), ("deny", "cleo")] {
        let path = format!("/api/v1/me/devices:{method}");
        for body in [code.clone(), json!({"user_code": "BCDFG-HJKLM"}), json!({}), json!({"user_code": "x"})]
        {
            let answer = server.send(who, Method::POST, &path, Some(body)).await;
            answer.expect(400);
            assert!(answer.text.contains("user_code"), "{}", answer.text);
        }
    }
}

async fn sessions_are_listed_and_ended(server: &TestServer) {
    let person = server.estate.people.iter().find(|person| person.username == "ben").unwrap();
    let mut cookies = Vec::new();
    for _ in 0..3 {
        let begun = server.core.sign_in_browser("ben", &person.password, (Origin::default(), None)).await;
        cookies.push(begun.unwrap().secret);
    }
    let list = server.get("ben", "/api/v1/me/sessions").await.expect(200);
    assert_eq!(list["sessions"].as_array().unwrap().len(), 3);
    let path = path(&list["sessions"][0]);
    server.send("dan", Method::DELETE, &path, None).await.expect(404);
    server.send("ben", Method::DELETE, &path, None).await.expect(200);
    server.send("ben", Method::DELETE, &path, None).await.expect(404);
    assert!(server.core.browser_session(cookies[2].expose()).await.is_err());
    // A token is no session.
    let (made, _) = make(server, "ben", json!({"title": "x"})).await;
    let id = made["name"].as_str().unwrap().rsplit('/').next().unwrap();
    server.send("ben", Method::DELETE, &format!("/api/v1/me/sessions/{id}"), None).await.expect(404);
    let ended = server.send("ben", Method::POST, "/api/v1/me/sessions:endOthers", None).await.expect(200);
    assert_eq!(ended, json!({"ended_count": 2}));
    assert!(server.core.browser_session(cookies[0].expose()).await.is_err());
}

async fn authorizations_are_listed_and_ended(server: &TestServer) {
    let (device, secret) = device(server, "ben").await;
    let name = device["authorization"].as_str().unwrap();
    let list = server.get("ben", "/api/v1/me/authorizations").await.expect(200);
    let first = &list["authorizations"][0];
    assert_eq!((&first["name"], &first["title"]), (&json!(name), &json!("Program")));
    assert_eq!(first["scopes"], json!(["api"]));
    let path = format!("/api/v1/{name}");
    assert_eq!(server.get("ben", &path).await.expect(200), *first);
    server.get("dan", &path).await.expect(404);
    server.send("dan", Method::DELETE, &path, None).await.expect(404);
    server.send("ben", Method::DELETE, &path, None).await.expect(200);
    server.get(&secret, "/api/v1/me").await.expect(401);
    server.send("ben", Method::DELETE, &path, None).await.expect(404);
    // Nothing else is ended so.
    let (made, secret) = make(server, "ben", json!({"title": "x"})).await;
    let id = made["name"].as_str().unwrap().rsplit('/').next().unwrap();
    server.send("ben", Method::DELETE, &format!("/api/v1/me/authorizations/{id}"), None).await.expect(404);
    server.get(&secret, "/api/v1/me").await.expect(200);
}

async fn lists_go_in_pages(server: &TestServer) {
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(device(server, "ben").await.0["name"].clone());
    }
    made.reverse();
    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let path = format!("/api/v1/me/devices?page_size=2&page_token={token}");
        let page = server.get("ben", &path).await.expect(200);
        seen.extend(page["devices"].as_array().unwrap().iter().map(|device| device["name"].clone()));
        page["next_page_token"].as_str().unwrap().clone_into(&mut token);
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, made);
}

async fn limited_credentials_have_nothing_of_their_own(server: &TestServer) {
    let (_, narrow) = make(server, "ada", json!({"title": "Reader", "permission_level": "READ_ONLY"})).await;
    let started = begin(server).await;
    let body = json!({"user_code": started.user_code.expose(), "trusted": true});
    for who in [narrow.as_str(), "northwind-ci"] {
        let approve = "/api/v1/me/devices:approve";
        server.send(who, Method::POST, approve, Some(body.clone())).await.expect(403);
        for path in ["tokens", "devices", "sessions", "authorizations"] {
            // Whatever else is wrong with the request.
            for query in ["", "?page_size=x"] {
                server.get(who, &format!("/api/v1/me/{path}{query}")).await.expect(403);
            }
        }
        for body in [json!({"title": "x"}), json!({})] {
            server.send(who, Method::POST, TOKENS, Some(body)).await.expect(403);
        }
        server.send(who, Method::POST, "/api/v1/me/sessions:endOthers", None).await.expect(403);
    }
}

/// A request that is only judged, or that may come again, is an attempt like any other.
async fn guesses_count_however_they_are_made(server: &TestServer) {
    let ways = ["validate_only=true", "request_id=0199f000-0000-4000-8000-0000000000aa"];
    let mut refused = Vec::new();
    for at in 0..12 {
        let path = format!("/api/v1/me/devices:approve?{}", ways[at % 2]);
        let guess = json!({"user_code": "BBBBB-BBBBB"});
        refused.push(server.send("ben", Method::POST, &path, Some(guess)).await.status);
    }
    assert_eq!((refused[0], refused[1], refused[11]), (400, 400, 429), "{refused:?}");
}
