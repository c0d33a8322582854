//! Hostile input at every route: no answer is a fault of ours, and each has the shape of its dialect.

use reqwest::Method;
use serde_json::Value;

use crate::harness::{Answer, TestServer, both, client};

both!(nothing_makes_the_server_fail);

async fn nothing_makes_the_server_fail(server: &TestServer) {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let bodies = [
        "",
        "{",
        "null",
        "[]",
        "5",
        "\"\\ud800\"",
        "{\"title\":\"\\ud800\"}",
        "{\"a\":1e999}",
        "\u{0}",
        "{\"title\":{\"title\":{}}}",
        "{\"name\":\"a\\u0000b\"}",
        &deep,
    ];
    let queries = [
        "",
        "page_size=-1",
        "page_size=999999999999999999999",
        "limit=1e9",
        "limit=-5",
        "offset=18446744073709551616",
        "page=0",
        "page=99999999999",
        "filter=%00",
        "filter=((((((((((",
        "name=%f0%28",
        "a=1&a=2&limit=1&limit=2",
        "order_by=,,,",
        "=",
        "&&&",
        "%",
        "page_token=%ff",
        "page_token=AAAA",
        "created_at=gt:9999999999-01-01",
        "created_at=eq:",
        "status=%00",
        "deleted=maybe",
        "user_id=x",
        "sort=-",
        "filter=title%3D%22%5Cud800%22",
        "page_size=1.5",
        "filter[name]=%00",
    ];
    let tables = [
        tenantry_api_aip::routes(),
        tenantry_api_evo::routes(),
        tenantry_api_dreadnode::routes(),
        tenantry_api_zenml::routes(),
    ];
    let northwind = server.organization("northwind");
    for (method, path) in tables.iter().flat_map(tenantry_http::Routes::table) {
        for id in [
            northwind.as_str(),
            "%00",
            "%ff",
            "..%2f..",
            "a%20b",
            "'%22;--",
            &"x".repeat(5000),
            "%F0%9F%A6%80",
        ] {
            let mut text = (*path).to_owned();
            for name in ["{organization}", "{org_id}", "{org}", "{workspace}", "{user}"] {
                text = text.replace(name, id);
            }
            check(server, method, &text, "", "{}").await;
        }
        let text = ["{organization}", "{org_id}", "{org}"]
            .iter()
            .fold((*path).to_owned(), |text, name| text.replace(name, &northwind));
        let text = text.replace("{workspace}", "north-sea").replace("{user}", "nobody");
        for query in queries {
            if *method == Method::GET {
                check(server, method, &text, query, "").await;
            }
        }
        for body in bodies {
            // A good DELETE would change what other tests read.
            if *method != Method::GET && *method != Method::DELETE {
                check(server, method, &text, "validate_only=true", body).await;
            }
        }
    }
}

async fn check(server: &TestServer, method: &Method, path: &str, query: &str, body: &str) {
    let token = if *method == Method::DELETE { server.token("cleo") } else { server.token("ada") };
    let request =
        client().request(method.clone(), format!("{}{path}?{query}", server.url)).bearer_auth(token);
    let answer = Answer::of(request.header("content-type", "application/json").body(body.to_owned())).await;
    assert!(answer.status < 500, "{method} {path}?{query} {body:.60}: {} {}", answer.status, answer.text);
    if answer.status >= 400 && *method != Method::HEAD {
        let said: Value = answer.json();
        assert!(said.is_object(), "{method} {path}?{query}: {said}");
        assert!(!answer.text.contains("SELECT") && !answer.text.contains("sqlite"), "{}", answer.text);
    }
}
