//! `/organizations` and `/organizations/{organization}`.

use serde_json::{Value, json};
use tenantry_core::authz::OrganizationRef;
use tenantry_core::clock::Clock;
use tenantry_core::organization::OrganizationChange;
use tenantry_core::permission::BuiltinRole;
use tenantry_core::settings::Settings;

use crate::world::World;

#[tokio::test]
async fn one_is_made_and_found_by_id_name_and_key() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let body = json!({
        "name": "North Sea",
        "description": "Everything below 58 degrees",
        "logo_url": "https://north.example/logo.svg",
        "links": [{ "name": "Docs", "url": "https://north.example/docs", "unknown": 1 }],
        "trusted_domains": [],
        "unknown": "is ignored",
    });
    let made = world.json("POST", "/organizations", &ada.token, &body).await.ok();
    insta::assert_json_snapshot!(made, @r#"
    {
      "name": "North Sea",
      "description": "Everything below 58 degrees",
      "logo_url": "https://north.example/logo.svg",
      "id": "019b76da-a800-7000-8000-000000000009",
      "created": "2026-01-01T00:00:00.000000Z",
      "updated": "2026-01-01T00:00:00.000000Z",
      "has_active_subscription": null,
      "trial_expiry": null,
      "links": [
        {
          "name": "Docs",
          "url": "https://north.example/docs"
        }
      ]
    }
    "#);
    let id = made["id"].as_str().unwrap();
    for path in [id, &id.to_uppercase(), "North%20Sea", "NORTH%20SEA", "north-sea"] {
        assert_eq!(world.get(&format!("/organizations/{path}"), &ada).await.ok(), made, "{path}");
    }
    let asked = world.get(&format!("/organizations/{id}?include_subscription_status=True"), &ada).await.ok();
    assert_eq!((&asked["has_active_subscription"], &asked["trial_expiry"]), (&json!(true), &json!(null)));
    let not_asked = world.get(&format!("/organizations/{id}?include_subscription_status=False"), &ada).await;
    assert_eq!(not_asked.ok(), made);
}

#[tokio::test]
async fn a_trial_ends() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let id = world.organization(&ada, "North Sea").await;
    let told = async || {
        let asked =
            world.get(&format!("/organizations/{id}?include_subscription_status=True"), &ada).await.ok();
        let trial = world.get(&format!("/organizations/{id}/trial"), &ada).await.ok();
        assert_eq!(asked["trial_expiry"], trial["trial_expiry"]);
        json!([asked["has_active_subscription"], trial["is_trial"], trial["trial_expiry"]])
    };
    assert_eq!(told().await, json!([true, false, null]));
    let set = async |ends: Option<i64>| {
        let ends = ends.map(|seconds| world.core.clock().now().plus_seconds(seconds));
        let change = OrganizationChange { trial_ends_at: Some(ends), ..OrganizationChange::default() };
        let by = OrganizationRef::parse(&id);
        world.core.update_organization(&world.admin.caller, by, change).await.unwrap();
    };
    set(Some(60)).await;
    assert_eq!(told().await, json!([true, true, 60]));
    world.core.clock().advance_seconds(59);
    assert_eq!(told().await, json!([true, true, 1]));
    world.core.clock().advance_seconds(1);
    assert_eq!(told().await, json!([false, true, 0]));
    // Lists hold nothing that runs with the clock.
    let list = world.get("/organizations", &ada).await.ok();
    assert_eq!((&list[0]["has_active_subscription"], &list[0]["trial_expiry"]), (&json!(null), &json!(null)));
    set(None).await;
    assert_eq!(told().await, json!([true, false, null]));
}

#[tokio::test]
async fn an_id_of_the_clients_own_is_taken_once() {
    let world = World::start().await;
    let id = "ABCDEF01-2345-4678-9abc-def012345678";
    let body = json!({ "id": id, "name": "North Sea", "description": null, "logo_url": null, "links": null });
    let made = world.json("POST", "/organizations", &world.admin.token, &body).await.ok();
    assert_eq!(made["id"], id.to_lowercase());
    let again = json!({ "id": id, "name": "South Sea" });
    let answer = world.json("POST", "/organizations", &world.admin.token, &again).await;
    answer.refused(409, &json!(["EntityExistsError", "the id is taken"]));
    // Others would find out which ids are somebody's.
    let ada = world.user("ada").await;
    let north = world.organization(&ada, "North").await;
    for id in [id, "abcdef01-2345-4678-9abc-def012345679"] {
        let expected =
            json!(["IllegalOperationError", "ids are given by the server: only who runs it may choose one"]);
        let body = json!({ "id": id, "name": "Baltic Sea" });
        world.json("POST", "/organizations", &ada.token, &body).await.refused(403, &expected);
        for path in ["/workspaces", "/workspaces?enroll=True"] {
            let body = json!({ "id": id, "name": "baltic-sea", "organization_id": north });
            world.json("POST", path, &ada.token, &body).await.refused(403, &expected);
        }
    }
}

#[tokio::test]
async fn a_name_is_taken_ignoring_case() {
    let world = World::start().await;
    world.organization(&world.admin, "North Sea").await;
    let taken = json!(["EntityExistsError", "there is an organization of this name"]);
    let body = json!({ "name": "NORTH SEA" });
    world.json("POST", "/organizations", &world.admin.token, &body).await.refused(409, &taken);
    let other = world.organization(&world.admin, "South Sea").await;
    let path = format!("/organizations/{other}");
    world.json("PATCH", &path, &world.admin.token, &body).await.refused(409, &taken);
}

#[tokio::test]
async fn bodies_are_refused_by_field() {
    let world = World::start().await;
    let id = world.organization(&world.admin, "North Sea").await;
    let cases = [
        (json!({}), json!(["body", "name"]), "missing"),
        (json!({ "name": null }), json!(["body", "name"]), "missing"),
        (json!({ "name": 1 }), json!(["body", "name"]), "form"),
        (json!({ "name": " " }), json!(["body", "name"]), "too_short"),
        (json!({ "name": "n".repeat(51) }), json!(["body", "name"]), "too_long"),
        (json!({ "name": "N", "description": "" }), json!(["body", "description"]), "too_short"),
        (json!({ "name": "N", "description": "d".repeat(257) }), json!(["body", "description"]), "too_long"),
        (json!({ "name": "N", "logo_url": "javascript:1" }), json!(["body", "logo_url"]), "url"),
        (json!({ "name": "N", "links": [{ "name": "a" }] }), json!(["body", "links", 0, "url"]), "missing"),
        (
            json!({ "name": "N", "links": [{ "name": "a", "url": "b" }] }),
            json!(["body", "links", "url"]),
            "url",
        ),
        (json!({ "name": "N", "id": "12" }), json!(["body", "id"]), "form"),
        (json!({ "name": "N", "owner_id": "" }), json!(["body", "owner_id"]), "form"),
        (json!({ "name": "N", "owner_id": id }), json!(["body", "owner_id"]), "unknown"),
        (
            json!({ "name": "N", "trusted_domains": ["a.example"] }),
            json!(["body", "trusted_domains"]),
            "unsupported",
        ),
        (json!([null, "N", null, null, null, null, null]), json!(["body"]), "form"),
        (json!("N"), json!(["body"]), "form"),
    ];
    for (body, place, rule) in cases {
        let answer = world.json("POST", "/organizations", &world.admin.token, &body).await;
        assert_eq!(answer.status, 422, "{body} {answer:?}");
        let items = answer.body["detail"].as_array().unwrap();
        assert_eq!(items.len(), 1, "{body}");
        assert_eq!((&items[0]["loc"], &items[0]["type"]), (&place, &json!(rule)), "{body} {items:?}");
        assert!(items[0]["msg"].is_string());
    }
    let longest = json!({ "name": "ä".repeat(50), "description": "ä".repeat(256) });
    world.json("POST", "/organizations", &world.admin.token, &longest).await.ok();
}

#[tokio::test]
async fn who_may_create_and_for_whom() {
    let world = World::with(Settings { organizations_per_owner: Some(1), ..Settings::default() }).await;
    let ada = world.user("ada").await;
    let north = world.organization(&ada, "North Sea").await;
    let (key, ..) = world.robot(&ada, &north).await;
    let body = json!({ "name": "South Sea" });
    let limit = json!([
        "SubscriptionUpgradeRequiredError",
        "the owner has as many organizations as this server allows"
    ]);
    world.json("POST", "/organizations", &ada.token, &body).await.refused(402, &limit);
    let machine = json!(["IllegalOperationError", "a service account may not create organizations"]);
    world.json("POST", "/organizations", &key, &body).await.refused(403, &machine);
    let for_root = json!({ "name": "South Sea", "owner_id": world.admin.id().to_string() });
    let others = json!(["IllegalOperationError", "only the server's administrators may name another owner"]);
    world.json("POST", "/organizations", &ada.token, &for_root).await.refused(403, &others);
    let eve = world.user("eve").await;
    let for_eve = json!({ "name": "South Sea", "owner_id": eve.id().to_string() });
    world.json("POST", "/organizations", &world.admin.token, &for_eve).await.ok();
    assert_eq!(world.get("/organizations", &eve).await.all("name"), ["South Sea"]);
}

#[tokio::test]
async fn a_list_has_the_newest_first_and_walks_in_pages() {
    let world = World::start().await;
    let (ada, eve) = (world.user("ada").await, world.user("eve").await);
    for name in ["delta", "Alpha", "bravo", "Charlie", "echo"] {
        world.organization(&ada, name).await;
        // The last two are as old as each other.
        if name != "Charlie" {
            world.tick();
        }
    }
    world.organization(&eve, "foxtrot").await;
    let all = world.get("/organizations", &ada).await.all("name");
    assert_eq!(all, ["Charlie", "echo", "bravo", "Alpha", "delta"]);
    let mut walked = Vec::new();
    for offset in [0, 2, 4, 6] {
        walked.extend(world.get(&format!("/organizations?offset={offset}&limit=2"), &ada).await.all("name"));
    }
    assert_eq!(walked, all);
    assert_eq!(world.get("/organizations?limit=0", &ada).await.ok(), json!([]));
    let far = "/organizations?offset=18446744073709551615";
    assert_eq!(world.get(far, &ada).await.ok(), json!([]));
    assert_eq!(world.get("/organizations?limit=20", &world.admin).await.all("name").len(), 6);
}

#[tokio::test]
async fn filters_narrow_what_the_caller_sees() {
    let world = World::start().await;
    let (ada, eve) = (world.user("ada").await, world.user("eve").await);
    let north = world.organization(&ada, "North Sea").await;
    world.organization(&eve, "South Sea").await;
    let join = world.core.add_organization_user(
        &world.admin.caller,
        OrganizationRef::parse("South Sea"),
        ada.id(),
        BuiltinRole::OrganizationMember,
    );
    join.await.unwrap();
    let by_eve = format!("owner_id={}", eve.id());
    let cases: [(&str, &[&str]); 10] = [
        ("name=North+Sea", &["North Sea"]),
        ("name=north+sea", &[]),
        ("name=North", &[]),
        ("name=&owner_id=&owner_username=", &["North Sea", "South Sea"]),
        (&by_eve, &["South Sea"]),
        ("owner_username=ada", &["North Sea"]),
        ("owner_username=EVE", &["South Sea"]),
        ("owner_username=nobody", &[]),
        ("owner_username=eve&name=North+Sea", &[]),
        ("unknown=1", &["North Sea", "South Sea"]),
    ];
    for (query, names) in cases {
        assert_eq!(world.get(&format!("/organizations?{query}"), &ada).await.all("name"), names, "{query}");
    }
    assert_eq!(world.get("/organizations?owner_username=ada", &eve).await.ok(), json!([]));
    let one = world.get(&format!("/organizations?owner_id={}", ada.id()), &ada).await.ok();
    assert_eq!(one[0], world.get(&format!("/organizations/{north}"), &ada).await.ok());
}

#[tokio::test]
async fn queries_are_refused_by_parameter() {
    let world = World::start().await;
    let id = world.organization(&world.admin, "North Sea").await;
    let one = format!("/organizations/{id}");
    let tenants = format!("{one}/tenants");
    let cases = [
        ("/organizations", "limit=-1", "limit", "greater_than_equal"),
        ("/organizations", "limit=10001", "limit", "less_than_equal"),
        ("/organizations", "limit=ten", "limit", "int_parsing"),
        ("/organizations", "offset=-1", "offset", "greater_than_equal"),
        ("/organizations", "offset=1.5", "offset", "int_parsing"),
        ("/organizations", "owner_id=ada", "owner_id", "form"),
        ("/organizations", "name=a&name=b", "name", "repeated"),
        ("/organizations", "name=%ff", "name", "encoding"),
        (&one, "include_subscription_status=maybe", "include_subscription_status", "bool_parsing"),
        (&tenants, "limit=101", "limit", "less_than_equal"),
        (&tenants, "offset=-1", "offset", "greater_than_equal"),
        (&tenants, "status=gone", "status", "form"),
        (&tenants, "status=Available", "status", "form"),
    ];
    for (path, query, parameter, rule) in cases {
        let answer = world.get(&format!("{path}?{query}"), &world.admin).await;
        assert_eq!(answer.status, 422, "{query}");
        let item = &answer.body["detail"][0];
        assert_eq!((&item["loc"], &item["type"]), (&json!(["query", parameter]), &json!(rule)), "{query}");
    }
}

#[tokio::test]
async fn a_change_leaves_alone_what_is_absent_and_clears_what_is_null() {
    let world = World::start().await;
    let body = json!({
        "name": "North Sea",
        "description": "Cold",
        "logo_url": "https://north.example/logo.svg",
        "links": [{ "name": "Docs", "url": "https://north.example/docs" }],
    });
    let token = &world.admin.token;
    let made = world.json("POST", "/organizations", token, &body).await.ok();
    let path = format!("/organizations/{}", made["id"].as_str().unwrap());
    let change = async |body: Value| {
        world.tick();
        let mut changed = world.json("PATCH", &path, token, &body).await.ok();
        assert_eq!(world.get(&path, &world.admin).await.ok(), changed);
        assert_ne!(changed["updated"], made["updated"]);
        changed["updated"] = made["updated"].clone();
        changed
    };
    assert_eq!(change(json!({})).await, made);
    assert_eq!(change(json!({ "name": null, "owner_id": null, "trusted_domains": null })).await, made);
    let mut expected = made.clone();
    expected["name"] = json!("South Sea");
    assert_eq!(change(json!({ "name": "South Sea" })).await, expected);
    expected["description"] = json!(null);
    expected["logo_url"] = json!(null);
    expected["links"] = json!([{ "name": "New", "url": "https://south.example" }]);
    let links = expected["links"].clone();
    assert_eq!(change(json!({ "description": null, "logo_url": null, "links": links })).await, expected);
    expected["links"] = json!([]);
    assert_eq!(change(json!({ "links": null })).await, expected);
    let empty = world.json("PATCH", &path, token, &json!({ "description": "" })).await;
    assert_eq!((empty.status, &empty.body["detail"][0]["loc"]), (422, &json!(["body", "description"])));
}

#[tokio::test]
async fn members_may_read_but_neither_change_nor_delete() {
    let world = World::start().await;
    let (ada, bob) = (world.user("ada").await, world.user("bob").await);
    let id = world.organization(&ada, "North Sea").await;
    let organization = || OrganizationRef::parse(&id);
    let role = BuiltinRole::OrganizationMember;
    world.core.add_organization_user(&world.admin.caller, organization(), bob.id(), role).await.unwrap();
    let path = format!("/organizations/{id}");
    world.get(&path, &bob).await.ok();
    for (method, body) in [("PATCH", json!({ "name": "Mine" })), ("DELETE", json!(null))] {
        let answer = world.json(method, &path, &bob.token, &body).await;
        assert_eq!(
            (answer.status, &answer.body["detail"][0]),
            (403, &json!("IllegalOperationError")),
            "{method}"
        );
    }
    let owner = json!({ "owner_id": bob.id().to_string() });
    world.json("PATCH", &path, &ada.token, &owner).await.ok();
    assert_eq!(world.get("/organizations?owner_username=bob", &bob).await.all("id"), [id.as_str()]);
}

#[tokio::test]
async fn a_deleted_one_is_gone_and_its_name_free() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let id = world.organization(&ada, "North Sea").await;
    let path = format!("/organizations/{id}");
    let deleted = world.json("DELETE", &path, &ada.token, &json!(null)).await;
    assert_eq!((deleted.status, &deleted.body), (200, &json!(null)));
    let unknown = json!(["KeyError", "organization not found"]);
    world.json("DELETE", &path, &ada.token, &json!(null)).await.refused(404, &unknown);
    world.get(&path, &ada).await.refused(404, &unknown);
    world.get(&format!("{path}/tenants"), &ada).await.refused(404, &unknown);
    assert_eq!(world.get("/organizations", &ada).await.ok(), json!([]));
    assert_ne!(world.organization(&ada, "North Sea").await, id);
}
