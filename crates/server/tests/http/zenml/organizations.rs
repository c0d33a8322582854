//! `/organizations`.

use serde_json::json;

use crate::harness::{Answer, TestServer, both};

both!(lists_the_newest_first_in_pages, filters_by_every_parameter, finds_one_by_id_name_and_key);

fn names(answer: &Answer) -> Vec<String> {
    let list = answer.expect(200);
    list.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

async fn lists_the_newest_first_in_pages(server: &TestServer) {
    assert_eq!(names(&server.get("root", "/organizations").await), ["southgate", "northwind"]);
    assert_eq!(names(&server.get("root", "/organizations?offset=1&limit=1").await), ["northwind"]);
    assert_eq!(names(&server.get("root", "/organizations?offset=2&limit=1").await), [""; 0]);
    assert_eq!(names(&server.get("root", "/organizations?limit=0").await), [""; 0]);
    for (who, seen) in [("ada", "northwind"), ("dan", "southgate"), ("northwind-ci", "northwind")] {
        assert_eq!(names(&server.get(who, "/organizations").await), [seen], "{who}");
    }
    assert_eq!(names(&server.get("kit", "/organizations").await), [""; 0]);
}

async fn filters_by_every_parameter(server: &TestServer) {
    let of_dan = format!("owner_id={}", server.principal("dan"));
    let cases: [(&str, &[&str]); 7] = [
        ("name=northwind", &["northwind"]),
        ("name=Northwind", &[]),
        ("name=&owner_id=&owner_username=", &["southgate", "northwind"]),
        (&of_dan, &["southgate"]),
        ("owner_username=ADA", &["northwind"]),
        ("owner_username=ada&name=southgate", &[]),
        ("unknown=1", &["southgate", "northwind"]),
    ];
    for (query, expected) in cases {
        assert_eq!(names(&server.get("root", &format!("/organizations?{query}")).await), expected, "{query}");
    }
}

async fn finds_one_by_id_name_and_key(server: &TestServer) {
    let id = server.organization("northwind");
    let found = server.get("ada", &format!("/organizations/{id}")).await.expect(200);
    assert_eq!((&found["id"], &found["has_active_subscription"]), (&json!(id), &json!(null)));
    for path in ["northwind", "NORTHWIND"] {
        assert_eq!(server.get("ada", &format!("/organizations/{path}")).await.expect(200), found, "{path}");
    }
}
