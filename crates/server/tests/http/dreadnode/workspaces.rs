//! `GET /api/v1/org/{org}/ws`

use serde_json::{Value, json};

use crate::harness::{Answer, TestServer, both, client};

both!(
    shows_every_member,
    takes_a_key_or_a_token,
    shows_only_what_the_caller_has_a_role_in,
    begins_with_the_default_one,
    pages_walk_through_the_list_without_loss_or_repeat,
    finds_the_organization_by_key_id_and_name,
    strangers_cannot_tell_what_exists,
    says_where_a_parameter_stood,
);

/// What ada sees in northwind: the default one, then from the oldest.
const ADAS: [&str; 11] = [
    "Default",
    "North Sea",
    "Reservoir Models",
    "Turbine Forecasts",
    "Seabed Survey",
    "Cable Routes",
    "Legacy Grid",
    "Old Experiments",
    "Küste 日本",
    "archive 2024",
    "Zz scratch",
];
const PATH: &str = "/api/v1/org/northwind/ws";
const NOBODY: &str = "0199f000-0000-7000-8000-00000000000a";

async fn list(server: &TestServer, who: &str, query: &str) -> Value {
    server.get(who, &format!("{PATH}?{query}")).await.expect(200)
}

fn names(page: &Value) -> Vec<&str> {
    page["workspaces"].as_array().unwrap().iter().map(|made| made["name"].as_str().unwrap()).collect()
}

async fn shows_every_member(server: &TestServer) {
    let page = list(server, "ben", "page_size=1").await;
    let seen = &page["workspaces"][0];
    let expected = json!({
        "has_next": true,
        "has_previous": false,
        "limit": 1,
        "page": 1,
        "total": 6,
        "total_pages": 6,
        "workspaces": [{
            "id": server.workspace("northwind", "ada", "North Sea").await,
            "key": "north-sea",
            "name": "North Sea",
            "description": "Wind farms between Dogger Bank and the Dutch coast",
            "created_by": server.principal("ada"),
            "org_id": server.organization("northwind"),
            "org_name": "northwind",
            "is_active": true,
            "is_default": false,
            "project_count": 1,
            "created_at": seen["created_at"],
            "updated_at": seen["updated_at"],
        }],
    });
    assert_eq!(page, expected);
    let time = seen["created_at"].as_str().unwrap();
    assert_eq!((time.len(), &time[19..20], &time[26..]), (27, ".", "Z"), "{time}");

    let default = &list(server, "ada", "").await["workspaces"][0];
    assert_eq!((&default["is_default"], &default["description"]), (&json!(true), &Value::Null));
}

async fn takes_a_key_or_a_token(server: &TestServer) {
    let (ada, stranger) = (server.token("ada"), server.token("dan"));
    for (key, authorization, status) in [
        (None, Some(format!("Bearer {ada}")), 200),
        (Some(ada), None, 200),
        (Some(ada), Some(format!("Bearer {stranger}")), 404),
        (Some(stranger), Some(format!("Bearer {ada}")), 200),
        (Some(ada), Some("Basic YTpi".to_owned()), 401),
        (Some("nonsense"), Some(format!("Bearer {ada}")), 200),
        (Some("nonsense"), None, 401),
        (None, None, 401),
    ] {
        let mut request = client().get(format!("{}{PATH}", server.url));
        if let Some(key) = key {
            request = request.header("X-Api-Key", key);
        }
        if let Some(authorization) = authorization {
            request = request.header("Authorization", authorization);
        }
        assert_eq!(Answer::of(request).await.status, status);
    }
}

async fn shows_only_what_the_caller_has_a_role_in(server: &TestServer) {
    let bens =
        ["North Sea", "Reservoir Models", "Seabed Survey", "Old Experiments", "Ben's Bench", "archive 2024"];
    for (who, expected) in [
        ("ada", &ADAS[..]),
        ("ben", &bens),
        ("cleo", &["Reservoir Models"]),
        ("northwind-ci", &["Turbine Forecasts", "Cable Routes"]),
        // Administering the organization shows nothing here.
        ("oscar", &[]),
    ] {
        let page = list(server, who, "").await;
        assert_eq!(names(&page), expected, "{who}");
        assert_eq!(page["total"], expected.len(), "{who}");
        assert_eq!(page["total_pages"], expected.len().min(1), "{who}");
    }
}

/// The client reads the first page only and looks for the default workspace there.
async fn begins_with_the_default_one(server: &TestServer) {
    assert_eq!(names(&list(server, "ada", "page_size=1").await), ["Default"]);
    assert_eq!(names(&list(server, "ada", "page_size=1&limit=nonsense&org_id=x").await), ["Default"]);
}

async fn pages_walk_through_the_list_without_loss_or_repeat(server: &TestServer) {
    for size in ["page_size", "limit"] {
        let mut seen = Vec::new();
        for number in 1..=4 {
            let page = list(server, "ada", &format!("page={number}&{size}=3")).await;
            seen.extend(names(&page).into_iter().map(str::to_owned));
            assert_eq!((&page["total"], &page["total_pages"]), (&json!(11), &json!(4)));
            assert_eq!((&page["page"], &page["limit"]), (&json!(number), &json!(3)));
            assert_eq!((&page["has_previous"], &page["has_next"]), (&json!(number > 1), &json!(number < 4)));
        }
        assert_eq!(seen, ADAS);
    }
    let behind = list(server, "ada", "page=1000000000&page_size=100").await;
    assert_eq!((names(&behind).len(), &behind["has_previous"]), (0, &json!(true)));
}

async fn finds_the_organization_by_key_id_and_name(server: &TestServer) {
    let id = server.organization("northwind");
    for organization in ["northwind", &id, &id.to_uppercase(), "NorthWind", "north%77ind"] {
        let page = server.get("ada", &format!("/api/v1/org/{organization}/ws")).await.expect(200);
        assert_eq!(page["total"], 11, "{organization}");
    }
}

async fn strangers_cannot_tell_what_exists(server: &TestServer) {
    let hidden = json!({"code": 404, "type": "not_found_error", "detail": "Organization not found"});
    let id = server.organization("northwind");
    for who in ["dan", "kit", "root"] {
        for organization in ["northwind", "Northwind", &id, NOBODY, "nowhere", "%ff", "%00", "%20"] {
            let answer = server.get(who, &format!("/api/v1/org/{organization}/ws")).await;
            assert_eq!((answer.status, answer.json()), (404, hidden.clone()), "{who} {organization}");
        }
    }
}

async fn says_where_a_parameter_stood(server: &TestServer) {
    for (query, name, word, message) in [
        ("page=0", "page", "greater_than_equal", "Input should be greater than or equal to 1"),
        ("page=x", "page", "int_parsing", "Input should be a valid integer"),
        ("page_size=101", "page_size", "less_than_equal", "Input should be less than or equal to 100"),
        ("limit=1&limit=2", "limit", "repeated", "expected at most one value"),
        ("q=%ff", "q", "encoding", "the value has bytes that are not UTF-8"),
    ] {
        let answer = server.get("ada", &format!("{PATH}?{query}")).await;
        let expected = json!({
            "code": 422,
            "type": "validation_error",
            "detail": format!("{name}: {message}"),
            "errors": [{"loc": ["query", name], "msg": message, "type": word}],
        });
        assert_eq!((answer.status, answer.json()), (422, expected), "{query}");
    }
}
