//! `/organizations/{organization}/tenants`.

use serde_json::{Value, json};

use crate::harness::{Answer, TestServer, both};

both!(lists_the_newest_first_in_pages, shows_each_status_when_asked, shows_what_the_caller_may_enter);

fn shown(answer: &Answer) -> Vec<String> {
    let list = answer.expect(200);
    list.as_array().unwrap().iter().map(|item| item["display_name"].as_str().unwrap().to_owned()).collect()
}

async fn tenants(server: &TestServer, who: &str, query: &str) -> Answer {
    let path = format!("/organizations/{}/tenants?{query}", server.organization("northwind"));
    server.get(who, &path).await
}

async fn lists_the_newest_first_in_pages(server: &TestServer) {
    let all = tenants(server, "ada", "").await.expect(200);
    let all = all.as_array().unwrap();
    assert!(all.is_sorted_by(|one, next| one["created"].as_str() >= next["created"].as_str()));
    let mut walked: Vec<Value> = Vec::new();
    loop {
        let page = tenants(server, "ada", &format!("offset={}&limit=4", walked.len())).await.expect(200);
        let page = page.as_array().unwrap();
        if page.is_empty() {
            break;
        }
        walked.extend(page.iter().cloned());
    }
    assert_eq!(&walked, all);
}

async fn shows_each_status_when_asked(server: &TestServer) {
    let all = tenants(server, "ada", "").await.expect(200);
    let mut found = 0;
    for status in ["not_initialized", "pending", "available", "failed", "deactivated"] {
        let those = tenants(server, "ada", &format!("status={status}")).await.expect(200);
        let expected: Vec<_> = all
            .as_array()
            .unwrap()
            .iter()
            .filter(|workspace| workspace["status"] == status)
            .cloned()
            .collect();
        assert!(!expected.is_empty(), "{status}");
        assert_eq!(those, json!(expected), "{status}");
        found += expected.len();
    }
    assert_eq!(found, all.as_array().unwrap().len(), "the rest is deleted, and not shown");
    let deleted = tenants(server, "ada", "status=deleted").await;
    assert_eq!(shown(&deleted), ["Abandoned Idea", "Old Experiments"]);
}

async fn shows_what_the_caller_may_enter(server: &TestServer) {
    assert_eq!(shown(&tenants(server, "cleo", "").await), ["Reservoir Models"]);
    for who in ["oscar", "root"] {
        assert_eq!(shown(&tenants(server, who, "").await), shown(&tenants(server, "ada", "").await), "{who}");
    }
    assert_eq!(tenants(server, "dan", "").await.expect(404)["detail"][0], "KeyError");
}
