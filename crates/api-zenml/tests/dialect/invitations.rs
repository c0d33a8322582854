//! `/organizations/{organization}/invitations` and `/invitations`.

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn one_is_made_seen_and_answered() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let org = world.organization(&ada, "North Sea").await;
    let role = world.role(&ada.token, &org, "Organization Member").await;
    let path = format!("/organizations/{org}/invitations");
    let body = json!({ "email": "Eve@tenantry.example", "role_id": role });
    let answer = world.json("POST", &path, &ada.token, &body).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let made = answer.ok();
    let id = made["id"].as_str().unwrap();
    assert!(made["link"].as_str().unwrap().starts_with("https://tenantry.example/login/invitation"));
    assert_eq!((&made["email"], &made["accepted"]), (&json!("Eve@tenantry.example"), &json!(null)));
    assert_eq!(made["role"]["name"], "Organization Member");
    assert_eq!(made["invited_by"]["username"], "ada");
    assert_eq!(world.json("POST", &path, &ada.token, &body).await.status, 409);
    let listed = world.get(&format!("{path}?only_pending=True&email=eve@TENANTRY.example"), &ada).await.ok();
    let mut expected = made.clone();
    expected.as_object_mut().unwrap().remove("link");
    assert_eq!(listed, json!([expected]), "the link is told once");

    let eve = world.user("eve").await;
    let own = world.get("/invitations", &eve).await.ok();
    let pending = json!({
        "id": id,
        "organization_name": "North Sea",
        "organization_logo_url": null,
        "organization_member_count": 1,
        "inviting_user_name": "ada",
        "inviting_user_avatar_url": null,
        "expiration_date": made["expiration_date"],
    });
    assert_eq!(own, json!([pending]));
    let own = format!("/invitations/{id}");
    assert_eq!(world.get(&own, &eve).await.ok(), pending);
    let unknown = json!(["KeyError", "invitation not found"]);
    world.get(&own, &ada).await.refused(404, &unknown);
    let missing = world.ask("POST", &own, &eve.token).await;
    assert_eq!(missing.status, 422);
    assert_eq!(missing.body["detail"][0]["loc"], json!(["query", "accept"]));
    assert_eq!(world.ask("POST", &format!("{own}?accept=True"), &eve.token).await.ok(), json!(org));
    assert_eq!(world.get("/invitations", &eve).await.ok(), json!([]));
    assert_eq!(world.get(&format!("/organizations/{org}"), &eve).await.ok()["name"], "North Sea");
    assert_eq!(world.get(&path, &ada).await.ok(), json!([]));
    let all = world.get(&format!("{path}?only_pending=False"), &ada).await.ok();
    assert_eq!((&all[0]["accepted"], &all[0]["role"]), (&json!(true), &json!(null)));
}

/// Who may invite need not be allowed to read invitations.
#[tokio::test]
async fn who_invites_is_answered() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let org = world.organization(&ada, "North Sea").await;
    let bob = world.member_of(&org, "bob").await;
    let body = json!({
        "name": "Herald",
        "organization_id": org,
        "permissions": [{ "resource": "organization_invitation", "action": "manage" }],
    });
    let herald = world.json("POST", "/roles", &ada.token, &body).await.ok();
    let herald = herald["id"].as_str().unwrap();
    let given = format!("/roles/{herald}/assignments?user_id={}", bob.id());
    world.ask("POST", &given, &ada.token).await.ok();
    let path = format!("/organizations/{org}/invitations");
    assert_eq!(world.get(&path, &bob).await.status, 403);
    let body = json!({ "email": "eve@tenantry.example", "role_id": herald });
    let made = world.json("POST", &path, &bob.token, &body).await.ok();
    assert_eq!((&made["role"]["name"], &made["invited_by"]["username"]), (&json!("Herald"), &json!("bob")));
    assert!(made["link"].is_string());
}

#[tokio::test]
async fn others_end_otherwise() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let org = world.organization(&ada, "North Sea").await;
    let role = world.role(&ada.token, &org, "Organization Viewer").await;
    let path = format!("/organizations/{org}/invitations");
    let invite = async |email: &str| {
        let body = json!({ "email": email, "role_id": role });
        let made = world.json("POST", &path, &ada.token, &body).await.ok();
        made["id"].as_str().unwrap().to_owned()
    };
    let eve = world.user("eve").await;
    let declined = invite("eve@tenantry.example").await;
    let answer = format!("/invitations/{declined}?accept=False");
    assert_eq!(world.ask("POST", &answer, &eve.token).await.ok(), json!(null));
    assert_eq!(world.ask("POST", &answer, &eve.token).await.status, 400, "it is answered");
    let withdrawn = invite("eve@tenantry.example").await;
    let one = format!("{path}/{withdrawn}");
    assert_eq!(world.ask("DELETE", &one, &ada.token).await.ok(), json!(null));
    world.ask("DELETE", &one, &ada.token).await.refused(404, &json!(["KeyError", "invitation not found"]));
    assert_eq!(world.get("/invitations", &eve).await.ok(), json!([]));
    invite("eve@tenantry.example").await;
    world.core.clock().advance_seconds(world.core.settings().invitation_seconds);
    assert_eq!(world.get("/invitations", &eve).await.ok(), json!([]));
    let all = world.get(&format!("{path}?only_pending=False"), &ada).await.ok();
    let accepted: Vec<_> = all.as_array().unwrap().iter().map(|it| &it["accepted"]).collect();
    assert_eq!(accepted, [&json!(false); 3]);
    let bob = world.member_of(&org, "bob").await;
    assert_eq!(world.get(&path, &bob).await.status, 403, "members do not see who is invited");
}

#[tokio::test]
async fn bodies_are_refused_by_field() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let org = world.organization(&ada, "North Sea").await;
    let path = format!("/organizations/{org}/invitations");
    let role = world.role(&ada.token, &org, "Organization Viewer").await;
    let inside = world.role(&ada.token, &org, "Workspace Viewer").await;
    let other = world.organization(&ada, "South").await;
    let foreign = world.role(&ada.token, &other, "Organization Viewer").await;
    for (body, field) in [
        (json!({ "email": "nobody", "role_id": role }), "email"),
        (json!({ "email": "x@tenantry.example", "role_id": "viewer" }), "role_id"),
        (json!({ "email": "x@tenantry.example", "role_id": inside }), "role_id"),
        (json!({ "email": "x@tenantry.example", "role_id": foreign }), "role_id"),
        (json!({ "email": "x@tenantry.example", "role_id": org }), "role_id"),
    ] {
        let answer = world.json("POST", &path, &ada.token, &body).await;
        assert_eq!(answer.status, 422, "{body}: {answer:?}");
        assert_eq!(answer.body["detail"][0]["loc"], json!(["body", field]), "{body}");
    }
}
