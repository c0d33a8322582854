//! Organizations: made, changed, handed over, deleted, restored; their preferences; who one is.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{TestServer, both, both_alone};

both!(knows_who_asks, shows_what_one_belongs_to);
both_alone!(lives_its_life, refuses_bad_input, hands_over, keeps_preferences);

const LIST: &str = "/api/v1/organizations";

async fn knows_who_asks(server: &TestServer) {
    let ada = server.get("ada", "/api/v1/me").await.expect(200);
    assert_eq!(
        ada,
        json!({
            "name": format!("users/{}", server.principal("ada")),
            "display_name": "Ada Larsen",
            "email": "ada@tenantry.example",
            "username": "ada",
        })
    );
    let robot = server.get("northwind-ci", "/api/v1/me").await.expect(200);
    let northwind = server.organization("northwind");
    assert!(robot["name"].as_str().unwrap().starts_with(&format!("organizations/{northwind}/users/")));
    server.get("", "/api/v1/me").await.expect(401);
}

async fn shows_what_one_belongs_to(server: &TestServer) {
    let titles = async |who: &str, path: &str, rows: &str| {
        let list = server.get(who, path).await.expect(200);
        let list = list[rows].as_array().unwrap().iter();
        list.map(|made| made["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let by_title = format!("{LIST}?order_by=title");
    assert_eq!(titles("ada", &by_title, "organizations").await, ["northwind"]);
    assert_eq!(titles("root", &by_title, "organizations").await, ["northwind", "southgate"]);
    assert_eq!(titles("kit", &by_title, "organizations").await, [""; 0]);
    let own = "/api/v1/me/organizations";
    assert_eq!(titles("ada", own, "user_organizations").await, ["northwind"]);
    assert_eq!(titles("root", own, "user_organizations").await, [""; 0]);
    let filtered = format!("{LIST}?filter=title:NORTH");
    assert_eq!(titles("root", &filtered, "organizations").await, ["northwind"]);
    let one = server.get("ben", &format!("{LIST}/northwind")).await.expect(200);
    assert_eq!((one["owner_email"].clone(), one["etag"].is_string()), (json!("ada@tenantry.example"), true));
    let first = server.get("root", &format!("{LIST}?page_size=1&order_by=title")).await.expect(200);
    let token = first["next_page_token"].as_str().unwrap();
    let second = format!("{LIST}?page_size=1&order_by=title&page_token={token}");
    assert_eq!(titles("root", &second, "organizations").await, ["southgate"]);
}

async fn lives_its_life(server: &TestServer) {
    let logo = "data:image/png;base64,iVBORw0KGgo=";
    let body = json!({"title": "Fenland", "logo_data_uri": logo, "name": "ignored"});
    let made = server.send("kit", Method::POST, LIST, Some(body)).await.expect(200);
    assert_eq!(
        (made["title"].clone(), made["logo_data_uri"].clone(), made["owner_email"].clone()),
        (json!("Fenland"), json!(logo), json!("kit@tenantry.example"))
    );
    let path = format!("/api/v1/{}", made["name"].as_str().unwrap());
    let etag = made["etag"].clone();
    let masked = format!("{path}?update_mask=logo_data_uri");
    let body = json!({"title": "ignored", "etag": etag});
    let changed = server.send("kit", Method::PATCH, &masked, Some(body.clone())).await.expect(200);
    assert_eq!((changed["title"].clone(), changed.get("logo_data_uri")), (json!("Fenland"), None));
    server.send("kit", Method::PATCH, &masked, Some(body)).await.expect(409);
    server.send("kit", Method::PATCH, &path, Some(json!({"title": "Northwind"}))).await.expect(409);

    let workspaces = format!("{path}/workspaces");
    server.send("kit", Method::POST, &workspaces, Some(json!({"title": "W"}))).await.expect(200);
    let used = server.send("kit", Method::DELETE, &path, None).await.expect(400);
    assert_eq!(used["details"][0]["reason"], "ORGANIZATION_IN_USE");
    let gone = server.send("kit", Method::DELETE, &format!("{path}?force=true"), None).await.expect(200);
    assert!(gone["delete_time"].is_string() && gone["purge_time"].is_string());
    assert_eq!(server.get("kit", &path).await.expect(200), gone);
    server.get("ada", &path).await.expect(403);
    server.get("kit", &workspaces).await.expect(403);
    server.send("kit", Method::DELETE, &path, None).await.expect(404);
    server.send("kit", Method::DELETE, &format!("{path}?allow_missing=true"), None).await.expect(200);
    let deleted = server.get("kit", &format!("{LIST}?show_deleted=true")).await.expect(200);
    assert_eq!(deleted["organizations"][0], gone);

    let undelete = format!("{path}:undelete");
    server.send("ada", Method::POST, &undelete, None).await.expect(403);
    let back = server.send("kit", Method::POST, &undelete, Some(json!({}))).await.expect(200);
    assert_eq!((back["title"].clone(), back.get("delete_time")), (json!("Fenland"), None));
    server.send("kit", Method::POST, &undelete, None).await.expect(409);
    server.send("kit", Method::POST, &format!("{path}:nonsense"), None).await.expect(404);
}

async fn refuses_bad_input(server: &TestServer) {
    let northwind = format!("{LIST}/northwind");
    for (method, path, body, field) in [
        (Method::POST, LIST, json!({}), "title"),
        (Method::POST, LIST, json!({"title": "x".repeat(51)}), "title"),
        (
            Method::POST,
            LIST,
            json!({"title": "a", "logo_data_uri": "https://x.example/l.png"}),
            "logo_data_uri",
        ),
        (
            Method::POST,
            LIST,
            json!({"title": "a", "logo_data_uri": "data:image/svg+xml;base64,AA"}),
            "logo_data_uri",
        ),
        (Method::POST, LIST, json!({"title": "a", "colour": 1}), "colour"),
        (Method::POST, "/api/v1/organizations?organization_id=x", json!({"title": "a"}), "organization_id"),
        (Method::PATCH, &northwind, json!({"title": null}), "title"),
        (Method::PATCH, &format!("{northwind}?update_mask=name"), json!({}), "update_mask"),
        (Method::POST, &format!("{northwind}:transferOwnership"), json!({}), "user"),
        (Method::POST, &format!("{northwind}:transferOwnership"), json!({"user": "users/x"}), "user"),
    ] {
        let refused = server.send("ada", method, path, Some(body.clone())).await.expect(400);
        assert_eq!(refused["details"][1]["field_violations"][0]["field"], field, "{path} {body}");
        assert!(refused["message"].as_str().unwrap().contains(field), "{path} {body}: {refused}");
    }
    server.send("northwind-ci", Method::POST, LIST, Some(json!({"title": "Robots"}))).await.expect(403);
    server.send("ben", Method::PATCH, &northwind, Some(json!({"colour": 1}))).await.expect(403);
}

async fn hands_over(server: &TestServer) {
    let transfer = format!("{LIST}/northwind:transferOwnership");
    let to = |who: &str| Some(json!({"user": format!("organizations/x/users/{}", server.principal(who))}));
    server.send("oscar", Method::POST, &transfer, to("oscar")).await.expect(403);
    server.send("ada", Method::POST, &transfer, to("dan")).await.expect(400);
    let rehearsed = format!("{transfer}?validate_only=true");
    server.send("ada", Method::POST, &rehearsed, to("oscar")).await.expect(200);
    let handed = server.send("ada", Method::POST, &transfer, to("oscar")).await.expect(200);
    assert_eq!(handed["owner_email"], "oscar@tenantry.example");
}

async fn keeps_preferences(server: &TestServer) {
    for parent in ["/api/v1/organizations/northwind", "/api/v1/organizations/northwind/workspaces/north-sea"]
    {
        let path = format!("{parent}/preferences");
        let whole = json!({
            "support_team_access": true,
            "general": {"time_zone": "Europe/Oslo", "date_format": "DATE_FORMAT_DD_MMM_YYYY", "decimal_places": 3},
        });
        let all = format!("{path}?update_mask=*");
        let set = server.send("ada", Method::PATCH, &all, Some(whole.clone())).await.expect(200);
        assert_eq!(
            (set["support_team_access"].clone(), set["general"].clone()),
            (json!(true), whole["general"].clone())
        );
        let one = format!("{path}?update_mask=general.time_zone,support_team_access");
        let body = json!({"general": {"time_zone": "Asia/Tokyo", "decimal_places": 9}});
        let set = server.send("ada", Method::PATCH, &one, Some(body)).await.expect(200);
        assert_eq!(set["support_team_access"], false);
        assert_eq!(set["general"]["time_zone"], "Asia/Tokyo");
        assert_eq!(set["general"]["decimal_places"], 3);
        // Without a mask: every field that the body has.
        let body = json!({"general": {"date_format": "DATE_FORMAT_UNSPECIFIED", "time_format": "TIME_FORMAT_24_HOUR"}});
        let set = server.send("ada", Method::PATCH, &path, Some(body)).await.expect(200);
        let expected =
            json!({"time_zone": "Asia/Tokyo", "time_format": "TIME_FORMAT_24_HOUR", "decimal_places": 3});
        assert_eq!(set["general"], expected);
        assert_eq!(server.get("cleo", &path).await.status, if parent.ends_with("sea") { 403 } else { 200 });
        server.send("cleo", Method::PATCH, &path, Some(json!({}))).await.expect(403);
        for (bad, field) in [
            (json!({"general": {"time_zone": "Mars/Base"}}), "general.time_zone"),
            (json!({"general": {"time_format": "24"}}), "general.time_format"),
            (json!({"general": {"decimal_places": -1}}), "general.decimal_places"),
            (json!({"general": {"colour": 1}}), "general.colour"),
            (json!({"general": []}), "general"),
            (json!({"support_team_access": "yes"}), "support_team_access"),
        ] {
            let refused = server.send("ada", Method::PATCH, &path, Some(bad.clone())).await.expect(400);
            assert_eq!(refused["details"][1]["field_violations"][0]["field"], field, "{bad}");
        }
        // How long invitations count is for the organization to say, within what the server says.
        let days = async |days: Value| {
            server.send("ada", Method::PATCH, &path, Some(json!({"invitation_days": days}))).await
        };
        if parent.ends_with("sea") {
            days(json!(2)).await.expect(400);
        } else {
            assert_eq!(days(json!(2)).await.expect(200)["invitation_days"], 2);
            assert_eq!(server.get("ada", &path).await.expect(200)["invitation_days"], 2);
            for unfit in [json!(0), json!(8), json!(-1), json!("2"), json!(70_000)] {
                let refused = days(unfit.clone()).await.expect(400);
                let field = &refused["details"][1]["field_violations"][0]["field"];
                assert_eq!(field, "invitation_days", "{unfit}");
            }
            assert_eq!(days(Value::Null).await.expect(200).get("invitation_days"), None);
        }
        let stale = json!({"etag": "\"1000\""});
        server.send("ada", Method::PATCH, &path, Some(stale)).await.expect(409);
    }
}
