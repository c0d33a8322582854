//! Refusals in this dialect's shape, whatever part of the server they come from.

use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn what_the_router_refuses_has_the_dialects_shape() {
    let world = World::start().await;
    let token = format!("Bearer {}", world.admin.token);
    let long = format!("\"{}\"", "x".repeat(4096));
    let cases: [(&str, &str, &str, &str, u16, Value); 9] = [
        ("GET", "/", "", "", 404, json!("Not Found")),
        ("GET", "/nowhere/at/all", "", "", 404, json!("Not Found")),
        ("GET", "/organizations/", "", "", 404, json!("Not Found")),
        ("PUT", "/organizations", "", "", 405, json!("Method Not Allowed")),
        ("GET", "/auth/login", "", "", 405, json!("Method Not Allowed")),
        (
            "POST",
            "/organizations",
            "text/plain",
            "{}",
            415,
            json!("expected a body of the type application/json"),
        ),
        (
            "POST",
            "/auth/login",
            "application/json",
            "{}",
            415,
            json!("expected a body of the type application/x-www-form-urlencoded"),
        ),
        (
            "POST",
            "/organizations",
            "application/json",
            &long,
            413,
            json!("the body has more than 4096 bytes"),
        ),
        (
            "POST",
            "/organizations",
            "application/json",
            "{",
            422,
            json!([{
                "loc": ["body"],
                "msg": "not JSON: EOF while parsing an object at line 1 column 1",
                "type": "malformed",
            }]),
        ),
    ];
    for (method, path, media_type, body, status, detail) in cases {
        let headers = [("authorization", token.as_str()), ("content-type", media_type)];
        let answer = world.send(method, path, &headers, body).await;
        assert_eq!((answer.status, &answer.body), (status, &json!({ "detail": detail })), "{method} {path}");
    }
}

/// Whoever cannot say who they are learns nothing from the rest of the request.
#[tokio::test]
async fn every_route_but_the_sign_in_asks_who_is_there() {
    let world = World::start().await;
    let id = world.organization(&world.admin, "North Sea").await;
    let routes = [
        ("GET", "/organizations?limit=x".to_owned()),
        ("POST", "/organizations".to_owned()),
        ("GET", format!("/organizations/{id}")),
        ("PATCH", format!("/organizations/{id}")),
        ("DELETE", format!("/organizations/{id}")),
        ("GET", format!("/organizations/{id}/tenants?status=x")),
    ];
    for (method, path) in &routes {
        for (credential, detail) in [
            (None, "a credential is required"),
            (Some("Bearer tny_pat_made_up"), "the credential is not valid"),
            (Some("Basic cm9vdDpyb290"), "the credential is not valid"),
        ] {
            let headers: Vec<_> =
                credential.iter().map(|credential| ("authorization", *credential)).collect();
            let answer = world.send(method, path, &headers, "").await;
            assert_eq!(answer.headers["www-authenticate"], "Bearer", "{method} {path}");
            answer.refused(401, &json!(detail));
        }
    }
}

/// Real or not, what the caller may not know of gets the same answer, to the last header.
#[tokio::test]
async fn another_tenants_id_is_as_unknown_as_any() {
    let world = World::start().await;
    let (ada, eve) = (world.user("ada").await, world.user("eve").await);
    let real = world.organization(&ada, "North Sea").await;
    let routes = [
        ("GET", "", json!(null)),
        ("GET", "?include_subscription_status=True", json!(null)),
        ("PATCH", "", json!({ "name": "Mine" })),
        ("PATCH", "", json!({ "name": "" })),
        ("DELETE", "", json!(null)),
        ("GET", "/tenants", json!(null)),
        ("GET", "/tenants?status=deleted", json!(null)),
    ];
    for (method, rest, body) in routes {
        let mut answers = Vec::new();
        for id in [real.as_str(), "01900000-0000-7000-8000-000000000000", "no-uuid", "north-sea", "%ff"] {
            answers.push(world.json(method, &format!("/organizations/{id}{rest}"), &eve.token, &body).await);
        }
        for answer in &answers {
            assert_eq!((answer.status, &answer.body), (404, &answers[0].body), "{method} {rest}");
            assert_eq!(answer.headers, answers[0].headers, "{method} {rest}");
        }
        answers.swap_remove(0).refused(404, &json!(["KeyError", "organization not found"]));
    }
    assert_eq!(world.get(&format!("/organizations/{real}"), &ada).await.ok()["name"], "North Sea");
}
