//! Making, changing, deleting and restoring workspaces.

use reqwest::Method;
use serde_json::json;

use crate::harness::{TestServer, both_alone};

both_alone!(lives_its_life, makes_what_is_missing, rehearses, refuses_bad_input, stays_in_its_tenant);

const LIST: &str = "/api/v1/organizations/northwind/workspaces";

async fn lives_its_life(server: &TestServer) {
    let created =
        server.send("ben", Method::POST, LIST, Some(json!({"title": " Dogger Bank "}))).await.expect(200);
    assert_eq!(created["title"], "Dogger Bank");
    assert_eq!(created["creator_email"], "ben@tenantry.example");
    assert_eq!(created["etag"], "\"1\"");
    let path = format!("/api/v1/{}", created["name"].as_str().unwrap());
    let taken =
        server.send("ada", Method::POST, LIST, Some(json!({"title": "DOGGER BANK"}))).await.expect(409);
    assert_eq!(
        (taken["code"].clone(), taken["details"][0]["reason"].clone()),
        (json!(6), json!("WORKSPACE_NAME_TAKEN"))
    );

    let masked = format!("{path}?update_mask=workspace_icon");
    let body = json!({"title": "ignored", "workspace_icon": "wave", "etag": "\"1\""});
    let changed = server.send("ben", Method::PATCH, &masked, Some(body.clone())).await.expect(200);
    assert_eq!(
        (changed["title"].clone(), changed["workspace_icon"].clone()),
        (json!("Dogger Bank"), json!("wave"))
    );
    let stale = server.send("ben", Method::PATCH, &masked, Some(body)).await.expect(409);
    assert_eq!(stale["code"], 10);
    let cleared =
        server.send("ben", Method::PATCH, &path, Some(json!({"workspace_icon": ""}))).await.expect(200);
    assert!(cleared.get("workspace_icon").is_none());

    server.send("ben", Method::DELETE, &format!("{path}?etag=%221%22"), None).await.expect(409);
    let deleted = server.send("ben", Method::DELETE, &path, None).await.expect(200);
    assert!(deleted["delete_time"].is_string());
    server.send("ben", Method::DELETE, &path, None).await.expect(404);
    server.send("ben", Method::DELETE, &format!("{path}?allow_missing=true"), None).await.expect(200);
    server.send("ada", Method::POST, LIST, Some(json!({"title": "Dogger Bank"}))).await.expect(200);
    let undelete = format!("{path}:undelete");
    server.send("ben", Method::POST, &undelete, Some(json!({}))).await.expect(409);
    server.send("ben", Method::POST, &format!("{undelete}?etag=%221%22"), Some(json!({}))).await.expect(409);
    let elsewhere = json!({"title": "Fisher Bank"});
    let rehearsed = format!("{undelete}?validate_only=true");
    let renamed = server.send("ben", Method::POST, &rehearsed, Some(elsewhere)).await.expect(200);
    assert_eq!(renamed["title"], "Fisher Bank");
    let taken = json!({"title": "North Sea"});
    server.send("ben", Method::POST, &undelete, Some(taken)).await.expect(409);
    let wrong = server.send("ben", Method::POST, &undelete, Some(json!({"name": "x"}))).await.expect(400);
    assert_eq!(wrong["details"][1]["field_violations"][0]["field"], "name");
    let other = "/api/v1/organizations/northwind/workspaces/dogger-bank";
    server.send("ada", Method::DELETE, other, None).await.expect(200);
    let restored = server.send("ben", Method::POST, &undelete, Some(json!({}))).await.expect(200);
    assert!(restored.get("delete_time").is_none());
    server.send("ben", Method::POST, &undelete, Some(json!({}))).await.expect(409);
}

async fn makes_what_is_missing(server: &TestServer) {
    let id = "01a20000-0000-7000-8000-00000000c0de";
    let path = format!("{LIST}/{id}");
    let body = json!({"title": "Viking", "workspace_icon": "ship"});
    server.send("ada", Method::PATCH, &path, Some(body.clone())).await.expect(404);
    let upsert = format!("{path}?allow_missing=true");
    let untitled = server.send("ada", Method::PATCH, &upsert, Some(json!({}))).await.expect(400);
    assert_eq!(untitled["details"][1]["field_violations"][0]["field"], "title");
    server.send("ada", Method::PATCH, &upsert, Some(body.clone())).await.expect(403);
    let made = server.send("root", Method::PATCH, &upsert, Some(body)).await.expect(200);
    assert!(made["name"].as_str().unwrap().ends_with(id), "{made}");
    let again = json!({"title": "Viking Bank"});
    let changed = server.send("ada", Method::PATCH, &upsert, Some(again)).await.expect(200);
    assert_eq!((&changed["title"], &changed["workspace_icon"]), (&json!("Viking Bank"), &json!("ship")));
    // A name cannot be the id of what is made; who may not make workspaces is told no more than before.
    let named = format!("{LIST}/viking-north?allow_missing=true");
    server.send("ada", Method::PATCH, &named, Some(json!({"title": "x"}))).await.expect(404);
    server.send("dan", Method::PATCH, &named, Some(json!({"title": "x"}))).await.expect(403);
    server.send("root", Method::DELETE, &path, None).await.expect(200);
    server.send("root", Method::PATCH, &upsert, Some(json!({"title": "Viking"}))).await.expect(409);
}

async fn rehearses(server: &TestServer) {
    let made = format!("{LIST}?validate_only=true");
    server.send("ada", Method::POST, &made, Some(json!({"title": "Only a thought"}))).await.expect(200);
    let list = server.get("ada", &format!("{LIST}?filter=thought")).await.expect(200);
    assert_eq!(list["workspaces"], json!([]));
    server
        .send("ada", Method::DELETE, &format!("{LIST}/north-sea?force=true&validate_only=true"), None)
        .await
        .expect(200);
    server.get("ada", &format!("{LIST}/north-sea")).await.expect(200);
    let busy = server.send("ada", Method::DELETE, &format!("{LIST}/north-sea"), None).await.expect(400);
    assert_eq!(
        (busy["code"].clone(), busy["details"][0]["reason"].clone()),
        (json!(9), json!("WORKSPACE_IN_USE"))
    );
    let default =
        server.send("ada", Method::DELETE, &format!("{LIST}/default?force=true"), None).await.expect(400);
    assert_eq!(default["details"][0]["reason"], "WORKSPACE_DEFAULT");
}

async fn refuses_bad_input(server: &TestServer) {
    for (path, body, field) in [
        (LIST.to_owned(), json!({}), "title"),
        (LIST.to_owned(), json!({"title": 5}), "title"),
        (LIST.to_owned(), json!({"title": "  "}), "title"),
        (LIST.to_owned(), json!({"title": "x".repeat(61)}), "title"),
        (LIST.to_owned(), json!({"title": "a\u{7}b"}), "title"),
        (LIST.to_owned(), json!({"title": "a", "colour": 1}), "colour"),
        (LIST.to_owned(), json!([]), "body"),
        (format!("{LIST}?workspace_id=not-a-uuid"), json!({"title": "a"}), "workspace_id"),
        (format!("{LIST}?validate_only=maybe"), json!({"title": "a"}), "validate_only"),
        (format!("{LIST}?page_size=3"), json!({"title": "a"}), "page_size"),
    ] {
        let refused = server.send("ada", Method::POST, &path, Some(body.clone())).await.expect(400);
        assert_eq!(refused["code"], 3);
        assert_eq!(refused["details"][1]["field_violations"][0]["field"], field, "{path} {body}");
        assert!(refused["message"].as_str().unwrap().contains(field), "{path} {body}: {refused}");
        // Permission is judged before the request is.
        server.send("cleo", Method::POST, &path, Some(body.clone())).await.expect(403);
        server.send("dan", Method::POST, &path, Some(body)).await.expect(403);
    }
    let mask = format!("{LIST}/north-sea?update_mask=create_time");
    let refused = server.send("ada", Method::PATCH, &mask, Some(json!({}))).await.expect(400);
    assert_eq!(refused["details"][1]["field_violations"][0]["field"], "update_mask");
}

/// Who chooses ids would find out which are taken, so only who runs the server may.
async fn stays_in_its_tenant(server: &TestServer) {
    let southgate = server.organization("southgate");
    let theirs = server.workspace(&southgate, "dan", "Quarry").await;
    let path = format!("{LIST}?workspace_id={theirs}");
    server.send("root", Method::POST, &path, Some(json!({"title": "Mine"}))).await.expect(409);
    let own = "0190b0a0-0000-7000-8000-00000000abcd";
    let mine = async |id: &str, path: String| {
        let refused = server.send("ada", Method::POST, &path, Some(json!({"title": "Mine"}))).await;
        assert_eq!(refused.expect(403)["details"][0]["reason"], "ID_CHOSEN", "{id}");
    };
    for id in [&theirs, own] {
        mine(id, format!("{LIST}?workspace_id={id}")).await;
        mine(id, format!("/api/v1/organizations?organization_id={id}")).await;
        mine(id, format!("/api/v1/organizations/northwind/roles?role_id={id}")).await;
        let upsert = format!("{LIST}/{id}?allow_missing=true");
        let refused = server.send("ada", Method::PATCH, &upsert, Some(json!({"title": "Mine"}))).await;
        assert_eq!(refused.expect(403)["details"][0]["reason"], "ID_CHOSEN", "{id}");
    }
    let path = format!("{LIST}?workspace_id={}", own.to_ascii_uppercase());
    let made = server.send("root", Method::POST, &path, Some(json!({"title": "Mine"}))).await.expect(200);
    assert!(made["name"].as_str().unwrap().ends_with(own));
    server.get("ada", &format!("{LIST}/{theirs}")).await.expect(404);
    let hidden = server.get("ben", &format!("{LIST}/{theirs}")).await;
    let nobodys = "0190b0a0-0000-7000-8000-0000000000ff";
    let random = server.get("ben", &format!("{LIST}/{nobodys}")).await;
    assert_eq!((hidden.status, hidden.text), (403, random.text.replace(nobodys, &theirs)));
}
