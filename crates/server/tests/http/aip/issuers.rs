//! External issuers, as the server's administrator and an owner see to them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{TestServer, both_alone};

both_alone!(the_server_trusts_an_issuer, an_organization_trusts_an_issuer);

fn issuer() -> Value {
    json!({
        "url": "https://id.example",
        "title": "Id",
        "client_id": "us",
        "client_secret": "hush-hush",
        "audience": "api",
        "domains": ["Example.org"],
    })
}

/// What does not change from run to run.
fn told(mut issuer: Value) -> Value {
    for name in ["name", "create_time", "update_time"] {
        assert!(issuer.as_object_mut().unwrap().shift_remove(name).is_some(), "{name}");
    }
    issuer
}

async fn the_server_trusts_an_issuer(server: &TestServer) {
    let send = async |method: Method, path: &str, body: Value| {
        server.send("root", method, &format!("/api/v1/{path}"), Some(body)).await
    };
    let rehearsed = send(Method::POST, "issuers?validate_only=true", issuer()).await.expect(200);
    assert_eq!(rehearsed["title"], "Id");
    let once = "issuers?request_id=0190b0a0-0000-7000-8000-000000000077";
    let made = send(Method::POST, once, issuer()).await.expect(200);
    assert_eq!(send(Method::POST, once, issuer()).await.expect(200), made);
    let name = made["name"].as_str().unwrap().to_owned();
    insta::allow_duplicates! { insta::assert_json_snapshot!(told(made), @r#"
    {
      "url": "https://id.example",
      "title": "Id",
      "client_id": "us",
      "algorithms": [
        "RS256"
      ],
      "audience": "api",
      "admits_newcomers": false,
      "domains": [
        "example.org"
      ],
      "etag": "\"1\""
    }
    "#) };
    assert_eq!(send(Method::POST, "issuers", issuer()).await.status, 409);
    let change = json!({"algorithms": ["EdDSA", "ES256"], "audience": null, "admits_newcomers": true});
    let masked = format!("{name}?update_mask=algorithms,audience");
    let changed = send(Method::PATCH, &masked, change).await.expect(200);
    insta::allow_duplicates! { insta::assert_json_snapshot!(told(changed), @r#"
    {
      "url": "https://id.example",
      "title": "Id",
      "client_id": "us",
      "algorithms": [
        "ES256",
        "EdDSA"
      ],
      "admits_newcomers": false,
      "domains": [
        "example.org"
      ],
      "etag": "\"2\""
    }
    "#) };
    for (field, wrong) in [
        ("url", json!("https://other.example")),
        ("title", json!("")),
        ("client_id", json!("a b")),
        ("client_secret", json!("")),
        ("algorithms", json!(["HS256"])),
        ("algorithms", json!("RS256")),
        ("audience", json!("us")),
        ("admits_newcomers", json!("yes")),
        ("role", json!("member")),
        ("role", json!("nobody")),
        ("domains", json!(["org"])),
        ("domains", json!([1])),
        ("surprise", json!(1)),
    ] {
        let refused = send(Method::PATCH, &name, json!({field: wrong})).await.expect(400);
        let violation = &refused["error"]["details"][1]["fieldViolations"][0]["field"];
        let violation = violation.as_str().or(refused["details"][1]["field_violations"][0]["field"].as_str());
        assert_eq!(violation, Some(field), "{refused}");
    }
    let inside =
        json!({"url": "http://169.254.169.254", "title": "x", "client_id": "x", "client_secret": "x"});
    assert_eq!(send(Method::POST, "issuers", inside).await.status, 400);
    assert_eq!(send(Method::PATCH, &name, json!({"title": "x", "etag": "\"1\""})).await.status, 409);
    let listed = server.get("root", "/api/v1/issuers").await.expect(200);
    assert_eq!(listed["issuers"][0]["name"], name);
    assert!(!listed.to_string().contains("hush"));
    assert_eq!(server.get("ada", "/api/v1/issuers").await.status, 403);
    assert_eq!(send(Method::DELETE, &name, Value::Null).await.status, 200);
    assert_eq!(server.get("root", &format!("/api/v1/{name}")).await.status, 404);
    assert_eq!(send(Method::DELETE, &format!("{name}?allow_missing=true"), Value::Null).await.status, 200);
}

async fn an_organization_trusts_an_issuer(server: &TestServer) {
    let path = format!("/api/v1/organizations/{}/issuers", server.organization("northwind"));
    let create = async |who: &str, body: Value| server.send(who, Method::POST, &path, Some(body)).await;
    // Domains are not the organization's to say.
    assert_eq!(create("ada", issuer()).await.status, 403);
    let mut own = issuer();
    own.as_object_mut().unwrap().remove("domains");
    own["role"] = "cxo".into();
    assert_eq!(create("oscar", own.clone()).await.status, 403);
    assert_eq!(create("dan", own.clone()).await.status, 403);
    let made = create("ada", own).await.expect(200);
    let name = made["name"].as_str().unwrap().to_owned();
    assert_eq!((&made["role"], &made["domains"]), (&json!("cxo"), &json!([])));
    let confirmed = json!({"domains": ["northwind.example"]});
    let confirm = async |who: &str| {
        server.send(who, Method::PATCH, &format!("/api/v1/{name}"), Some(confirmed.clone())).await
    };
    assert_eq!(confirm("ada").await.status, 403);
    assert_eq!(confirm("root").await.expect(200)["domains"], json!(["northwind.example"]));
    server.get("oscar", &format!("/api/v1/{name}")).await.expect(200);
    assert_eq!(server.get("cleo", &format!("/api/v1/{name}")).await.status, 403);
    let id = name.rsplit('/').next().unwrap();
    assert_eq!(server.get("root", &format!("/api/v1/issuers/{id}")).await.status, 404);
    let listed = server.get("ada", &path).await.expect(200);
    assert_eq!(listed["issuers"].as_array().unwrap().len(), 1);
}
