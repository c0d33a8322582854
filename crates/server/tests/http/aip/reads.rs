//! What every read has in common: entity tags and field masks.

use reqwest::header::IF_NONE_MATCH;
use serde_json::json;

use crate::harness::{Answer, TestServer, both, client};

both!(tells_what_is_known_already, shows_what_was_asked_for);

const SEA: &str = "/api/v1/organizations/northwind/workspaces/north-sea";

async fn tells_what_is_known_already(server: &TestServer) {
    for path in ["", "/preferences", "/users", "/roles", "?fields=title"] {
        let path = format!("{SEA}{path}");
        let first = server.get("ada", &path).await;
        first.expect(200);
        let tag = first.headers["etag"].to_str().unwrap().to_owned();
        for (known, status) in
            [(tag.clone(), 304), (format!("W/\"x\", W/{tag}"), 304), ("\"x\"".to_owned(), 200)]
        {
            let request = client().get(format!("{}{path}", server.url)).bearer_auth(server.token("ada"));
            let again = Answer::of(request.header(IF_NONE_MATCH, known)).await;
            assert_eq!(
                (again.status, again.headers["etag"].to_str().unwrap()),
                (status, tag.as_str()),
                "{path}"
            );
            assert_eq!(again.text.is_empty(), status == 304);
        }
    }
    // The token of the next page is another one whenever the page is made; the page is the same.
    let list = "/api/v1/organizations/northwind/workspaces?page_size=1";
    let (first, again) =
        (server.get("ada", list).await, server.get("ada", &format!("{list}&made=again")).await);
    assert_ne!(first.text, again.text);
    assert_eq!(first.headers["etag"], again.headers["etag"]);
}

async fn shows_what_was_asked_for(server: &TestServer) {
    let one = server.get("ada", &format!("{SEA}?fields=title")).await.expect(200);
    assert_eq!(one, json!({"title": "North Sea"}));
    let users =
        server.get("ada", &format!("{SEA}/users?fields=users.user.email&order_by=email")).await.expect(200);
    assert_eq!(users["users"][0], json!({"user": {"email": "ada@tenantry.example"}}));
    assert!(users.get("next_page_token").is_none());
    let all = server.get("ada", &format!("{SEA}?fields=*")).await.expect(200);
    assert_eq!(all, server.get("ada", SEA).await.expect(200));
    for bad in ["colour", "title,", "workspaces.title"] {
        let refused = server.get("ada", &format!("{SEA}?fields={bad}")).await.expect(400);
        assert_eq!(refused["details"][1]["field_violations"][0]["field"], "fields");
        server.get("dan", &format!("{SEA}?fields={bad}")).await.expect(403);
    }
}
