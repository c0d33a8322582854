//! `GET /workspace/orgs/{org_id}/workspaces`

use serde_json::{Value, json};

use crate::harness::{TestServer, both};

both!(
    shows_every_member,
    shows_only_what_the_caller_has_a_role_in,
    links_walk_through_the_list_without_loss_or_repeat,
    sorts_by_every_key,
    filters_by_everything,
    filters_by_time,
    includes_deleted_ones_when_asked,
    strangers_cannot_tell_what_exists,
    names_the_parameter_at_fault,
);

/// What ada sees in northwind, by name.
const ADAS: [&str; 11] = [
    "Cable Routes",
    "Default",
    "Küste 日本",
    "Legacy Grid",
    "North Sea",
    "Old Experiments",
    "Reservoir Models",
    "Seabed Survey",
    "Turbine Forecasts",
    "Zz scratch",
    "archive 2024",
];
const BENS: [&str; 6] =
    ["Ben's Bench", "North Sea", "Old Experiments", "Reservoir Models", "Seabed Survey", "archive 2024"];
const NOBODY: &str = "0199f000-0000-7000-8000-00000000000a";

fn path(server: &TestServer) -> String {
    format!("/workspace/orgs/{}/workspaces", server.organization("northwind"))
}

async fn list(server: &TestServer, who: &str, query: &str) -> Value {
    server.get(who, &format!("{}?{query}", path(server))).await.expect(200)
}

async fn names(server: &TestServer, who: &str, query: &str) -> Vec<String> {
    let page = list(server, who, query).await;
    let names = texts(&page, "name");
    assert_eq!(page["links"]["total"], names.len(), "all on one page: {query}");
    names
}

fn texts(page: &Value, member: &str) -> Vec<String> {
    let results = page["results"].as_array().unwrap();
    results.iter().map(|workspace| workspace[member].as_str().unwrap().to_owned()).collect()
}

async fn shows_every_member(server: &TestServer) {
    let list_url = format!("{}{}", server.url, path(server));
    let person = |who: &str, name: &str| json!({"id": server.principal(who), "name": name, "email": format!("{who}@tenantry.example")});
    let page = |offset: u32| format!("{list_url}?name=North+Sea&limit=20&offset={offset}");
    let got = list(server, "ben", "name=North%20Sea&x=1").await;
    let workspace = &got["results"][0];
    let id = workspace["id"].as_str().unwrap();
    let ring = [[1.5, 53.0], [4.5, 53.0], [4.5, 56.5], [1.5, 56.5], [1.5, 53.0]];
    let expected = json!({
        "links": {"count": 1, "total": 1, "first": page(0), "last": page(0), "next": null, "previous": null},
        "results": [{
            "id": server.workspace("northwind", "ada", "North Sea").await,
            "name": "North Sea",
            "description": "Wind farms between Dogger Bank and the Dutch coast",
            "default_coordinate_system": "EPSG:23031",
            "bounding_box": {"type": "Polygon", "coordinates": [ring]},
            "labels": ["offshore", "wind"],
            "ml_enabled": false,
            "self_link": format!("{list_url}/{id}"),
            "created_at": workspace["created_at"],
            "created_by": person("ada", "Ada Larsen"),
            "updated_at": workspace["updated_at"],
            "updated_by": person("ada", "Ada Larsen"),
            "current_user_role": "editor",
        }],
    });
    assert_eq!(got, expected);
    let time = workspace["created_at"].as_str().unwrap();
    assert_eq!((time.len(), &time[19..20], &time[26..]), (27, ".", "Z"), "{time}");

    let bare = &list(server, "ada", "name=Default").await["results"][0];
    let empty =
        json!({"description": "", "default_coordinate_system": "", "bounding_box": null, "labels": []});
    for (member, value) in empty.as_object().unwrap() {
        assert_eq!(&bare[member], value, "{member}");
    }
}

async fn shows_only_what_the_caller_has_a_role_in(server: &TestServer) {
    assert_eq!(names(server, "ada", "").await, ADAS);
    assert_eq!(names(server, "ben", "").await, BENS);
    assert_eq!(names(server, "cleo", "").await, ["Reservoir Models"]);
    assert_eq!(names(server, "northwind-ci", "").await, ["Cable Routes", "Turbine Forecasts"]);
    // Who administers the organization sees them on the admin paths only.
    assert_eq!(names(server, "oscar", "").await, [""; 0]);
}

/// By name, and by a key that is the same in many rows.
async fn links_walk_through_the_list_without_loss_or_repeat(server: &TestServer) {
    for (who, order, all) in [("ada", "", &ADAS[..]), ("ada", "&sort=user_role", &ADAS), ("ben", "", &BENS)] {
        let mut seen = Vec::new();
        let mut before: Option<String> = None;
        let mut next = Some(format!("{}?limit=4{order}", path(server)));
        while let Some(here) = next {
            let page = server.get(who, &here).await.expect(200);
            assert_eq!(page["links"]["total"], all.len());
            let names = texts(&page, "name");
            assert_eq!(page["links"]["count"], names.len());
            seen.extend(names);
            assert_eq!(page["links"]["previous"].is_null(), before.is_none());
            if let Some(link) = page["links"]["previous"].as_str() {
                let previous = server.get(who, &link[server.url.len()..]).await.expect(200);
                assert_eq!(previous["links"]["next"], format!("{}{here}", server.url));
            }
            next = page["links"]["next"].as_str().map(|link| link[server.url.len()..].to_owned());
            if next.is_none() {
                assert_eq!(page["links"]["last"], format!("{}{here}", server.url));
            }
            before = Some(here);
        }
        seen.sort();
        assert_eq!(seen, all, "{who} {order}");
    }
    for (query, count) in [
        ("limit=0", 0),
        ("limit=1000", 11),
        ("offset=10", 1),
        ("offset=11", 0),
        ("offset=9223372036854775807", 0),
    ] {
        let page = list(server, "ada", query).await;
        assert_eq!((&page["links"]["count"], texts(&page, "name").len()), (&json!(count), count), "{query}");
        assert_eq!(page["links"]["total"], 11, "{query}");
    }
}

async fn sorts_by_every_key(server: &TestServer) {
    let mut backwards = ADAS;
    backwards.reverse();
    assert_eq!(names(server, "ada", "order_by=desc:name").await, backwards);
    assert_eq!(names(server, "ada", "sort=-name").await, backwards);
    assert_eq!(names(server, "ada", "sort=name&order_by=desc:name").await, backwards);
    for key in ["created_at", "updated_at"] {
        let mut times = texts(&list(server, "ada", &format!("order_by={key}")).await, key);
        assert!(times.is_sorted(), "{times:?}");
        let descending = texts(&list(server, "ada", &format!("sort=-{key}")).await, key);
        times.reverse();
        assert_eq!(descending, times);
    }
    // A role that is weaker than any built-in one shows as viewer and ranks with it.
    let page = list(server, "ben", "order_by=user_role,desc:name").await;
    assert_eq!(
        texts(&page, "current_user_role"),
        ["viewer", "editor", "editor", "editor", "editor", "owner"]
    );
    assert_eq!(
        texts(&page, "name"),
        ["Reservoir Models", "archive 2024", "Seabed Survey", "Old Experiments", "North Sea", "Ben's Bench"]
    );
    let strongest_first = texts(&list(server, "ben", "order_by=desc:user_role").await, "name");
    assert_eq!(strongest_first[..2], ["Ben's Bench", "North Sea"]);
}

async fn filters_by_everything(server: &TestServer) {
    let (ada, ben) = (server.principal("ada"), server.principal("ben"));
    let (bench, made_by_ada) = BENS.split_first().unwrap();
    let shared = &BENS[1..];
    for (who, query, expected) in [
        ("ben", "unknown=1", &BENS[..]),
        ("ben", &format!("created_by={ben}"), &[*bench]),
        ("ben", &format!("created_by=eq:{}", ada.to_uppercase()), made_by_ada),
        ("ben", &format!("filter%5Bcreated_by%5D={ben}"), &[*bench]),
        ("ben", &format!("filter%5Bcreated_by%5D={ben}&created_by={ada}"), &[]),
        ("ben", &format!("created_by={NOBODY}"), &[]),
        ("ada", "name=North+Sea", &["North Sea"]),
        ("ada", "filter[name]=eq:K%C3%BCste%20%E6%97%A5%E6%9C%AC", &["Küste 日本"]),
        ("ada", "name=north+sea", &[]),
        ("ada", "name=North%25", &[]),
        ("ada", "name=North*", &[]),
        ("ada", "name=", &[]),
        ("ada", "name=Default&filter%5Bname%5D=Default", &["Default"]),
        ("ada", "name=Default&filter%5Bname%5D=North+Sea", &[]),
        ("ada", &format!("user_id={ben}"), shared),
        ("ada", &format!("filter%5Buser_id%5D={ben}&name=North+Sea"), &["North Sea"]),
        ("ada", &format!("user_id={NOBODY}"), &[]),
        ("ada", "deleted=False", &ADAS),
    ] {
        assert_eq!(names(server, who, query).await, expected, "{query}");
    }
}

/// Each operator against the times that the list itself shows.
async fn filters_by_time(server: &TestServer) {
    for key in ["created_at", "updated_at"] {
        let page = list(server, "ada", &format!("order_by={key}")).await;
        let (times, names_in_order) = (texts(&page, key), texts(&page, "name"));
        let (third, sixth) = (&times[2], &times[5]);
        let naive = third.trim_end_matches('Z');
        for (values, from, to) in [
            (format!("{key}={third}"), 2, 3),
            (format!("{key}=eq:{naive}%2B00:00"), 2, 3),
            (format!("{key}=lt:{naive}"), 0, 2),
            (format!("{key}=lte:{third}"), 0, 3),
            (format!("{key}=gt:{third}"), 3, 11),
            (format!("{key}=gte:{third}&{key}=lt:{sixth}"), 2, 5),
            (format!("{key}=gte:{third},lt:{sixth}"), 2, 5),
            (format!("{key}=gte:2000-01-01"), 0, 11),
            (format!("{key}=lt:2000-01-01"), 0, 0),
        ] {
            let query = format!("order_by={key}&{values}");
            assert_eq!(names(server, "ada", &query).await, names_in_order[from..to], "{query}");
        }
    }
}

async fn includes_deleted_ones_when_asked(server: &TestServer) {
    let mut all = ADAS.to_vec();
    all.push("Abandoned Idea");
    all.sort_unstable();
    assert_eq!(names(server, "ada", "deleted=True").await, all);
    assert_eq!(names(server, "ada", "deleted=true&name=Abandoned+Idea").await, ["Abandoned Idea"]);
    assert_eq!(names(server, "ada", "name=Abandoned+Idea").await, [""; 0]);
    assert_eq!(names(server, "ben", "deleted=True").await, BENS);
}

async fn strangers_cannot_tell_what_exists(server: &TestServer) {
    let real = server.organization("northwind");
    let hidden = json!({"type": "about:blank", "title": "Not Found", "status": 404, "detail": "organization not found"});
    let upper = real.to_uppercase();
    for who in ["dan", "kit", "root"] {
        for organization in [&*real, &*upper, NOBODY, "northwind", "%ff", "%00", "%20"] {
            for query in ["", "?deleted=True&limit=0"] {
                let path = format!("/workspace/orgs/{organization}/workspaces{query}");
                let answer = server.get(who, &path).await;
                assert_eq!((answer.status, answer.json()), (404, hidden.clone()), "{who} {organization}");
            }
        }
    }
    // Evo knows ids only, in any case.
    assert_eq!(server.get("ada", "/workspace/orgs/northwind/workspaces").await.status, 404);
    assert_eq!(server.get("ada", &format!("/workspace/orgs/{upper}/workspaces")).await.status, 200);
}

async fn names_the_parameter_at_fault(server: &TestServer) {
    let order = "expected name, created_at, updated_at or user_role, with";
    let time = "expected an ISO 8601 date or time behind eq:, lt:, lte:, gt: or gte:, such as gte:2026-01-31";
    for (query, name, reason) in [
        ("limit=-1", "limit", "expected an integer from 0 to 1000"),
        ("limit=1001", "limit", "expected an integer from 0 to 1000"),
        ("offset=x", "offset", "expected an integer from 0 to 9223372036854775807"),
        ("deleted=maybe", "deleted", "expected true or false"),
        ("filter%5Buser_id%5D=x", "filter[user_id]", "expected a UUID"),
        ("name=a&name=b", "name", "expected at most one value"),
        ("name=%00", "name", "the value has a NUL character"),
        ("x=%zz", "x", "the value has a percent sign without two hexadecimal digits"),
        ("sort=size", "sort", &format!("{order} - for descending; got \"size\"")),
        ("order_by=up:name", "order_by", &format!("{order} asc: or desc:; got \"up:name\"")),
        ("created_at=now", "created_at", time),
    ] {
        let answer = server.get("ada", &format!("{}?{query}", path(server))).await;
        let expected = json!({
            "type": "about:blank",
            "title": "Unprocessable Entity",
            "status": 422,
            "detail": format!("{name}: {reason}"),
            "invalid-params": [{"name": name, "reason": reason}],
        });
        assert_eq!((answer.status, answer.json()), (422, expected), "{query}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
}
