//! The whole dialect below a configured prefix as well.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Engine, TestServer, client};

/// Whatever the root answers, the prefix does, by the same credentials and with the same addresses.
#[tokio::test]
async fn the_prefix_answers_as_the_root_does() {
    let server = TestServer::prefixed(Engine::Sqlite, "/pro/");
    let northwind = server.organization("northwind");
    for (who, path) in [
        ("ada", "/organizations?limit=2".to_owned()),
        ("ada", format!("/organizations/{northwind}/workspaces")),
        ("dan", format!("/organizations/{northwind}")),
        ("ada", "/users/me".to_owned()),
        ("", "/users/me".to_owned()),
        ("", "/server/info".to_owned()),
        ("", "/auth/authorize".to_owned()),
        ("ada", "/nothing".to_owned()),
        ("ada", "/".to_owned()),
        ("ada", "/organizations?limit=x".to_owned()),
    ] {
        let root = server.get(who, &path).await;
        let below = server.get(who, &format!("/pro{path}")).await;
        assert_eq!((below.status, &below.text), (root.status, &root.text), "{path}");
    }
    let missing = server.send("ada", Method::PUT, "/pro/organizations", None).await;
    assert_eq!((missing.status, missing.headers["allow"].to_str().unwrap()), (405, "GET,HEAD,POST"));
    // What is made below is there at the root, and other dialects stay where they are.
    let made = server.send("ada", Method::POST, "/pro/organizations", Some(json!({"name": "Below"}))).await;
    let id = made.expect(200)["id"].as_str().unwrap().to_owned();
    assert_eq!(server.get("ada", &format!("/organizations/{id}")).await.expect(200)["name"], "Below");
    assert_eq!(server.get("ada", "/provider").await.expect(404), json!({"detail": "Not Found"}));
    for path in ["/api/v1/me", "/login", "/docs", "/healthz"] {
        assert_eq!(server.get("ada", &format!("/pro{path}")).await.status, 404, "{path}");
    }

    let form = [("client_id", "01900000-0000-7000-8000-000000000001")];
    let asked = client().post(format!("{}/pro/auth/device_authorization", server.url)).form(&form);
    let begun: Value = Answer::of(asked).await.expect(200);
    // The pages are the server's own, wherever the client asks.
    assert_eq!(begun["verification_uri"], format!("{}/login/device?workspace=", server.url));
    let page = begun["verification_uri_complete"].as_str().unwrap();
    assert_eq!(Answer::of(client().get(page)).await.status, 303, "who is not signed in is sent to sign in");
    let form = [("password", server.token("northwind-ci"))];
    let login = Answer::of(client().post(format!("{}/pro/auth/login", server.url)).form(&form)).await;
    let token = login.expect(200)["access_token"].as_str().unwrap().to_owned();
    server.get(&token, "/pro/users/me").await.expect(200);

    let told = server.get("", "/openapi.json").await.expect(200);
    let about = told["info"]["description"].as_str().unwrap();
    assert!(about.ends_with("The paths of ZenML Pro are answered below `/pro` as well."), "{about}");
}
