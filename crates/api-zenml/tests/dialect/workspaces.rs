//! `/workspaces` and `/tenants`.

use serde_json::{Value, json};

use crate::world::{Answer, World};

#[tokio::test]
async fn one_is_made_changed_and_deleted() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let north = world.organization(&ada, "North").await;
    let made = world.json("POST", "/workspaces", &ada.token, &json!({"name": "North Sea"})).await.ok();
    assert_eq!((&made["name"], &made["display_name"]), (&json!("north-sea"), &json!("North Sea")));
    assert_eq!((&made["organization"]["id"], &made["is_managed"]), (&json!(north), &json!(true)));
    assert_eq!((&made["desired_state"], &made["status"]), (&json!("available"), &json!("pending")));
    let path = format!("/tenants/{}", made["id"].as_str().unwrap());
    let change =
        json!({"name": "deep-sea", "display_name": "Deep Sea", "description": "Cold", "logo_url": null});
    let changed = world.json("PATCH", &format!("{path}?force=True"), &ada.token, &change).await.ok();
    assert_eq!((&changed["name"], &changed["display_name"]), (&json!("deep-sea"), &json!("Deep Sea")));
    assert_eq!(changed["description"], "Cold");
    assert_eq!(world.get("/workspaces/deep-sea", &ada).await.ok()["id"], made["id"]);
    assert_eq!(world.get("/workspaces/DEEP%20SEA", &ada).await.ok()["id"], made["id"]);
    assert_eq!(world.get(&format!("/organizations/{north}/tenant/deep-sea"), &ada).await.status, 200);
    let taken = world.json("POST", "/tenants", &ada.token, &json!({"name": "deep-sea"})).await;
    assert_eq!((taken.status, &taken.body["detail"][0]), (409, &json!("EntityExistsError")));
    // One page of the vendor's documentation names it in the query, and sends nothing besides.
    let bare = world.ask("POST", "/workspaces?name=shallow-sea", &ada.token).await.ok();
    assert_eq!((&bare["name"], &bare["status"]), (&json!("shallow-sea"), &json!("pending")));
    assert_eq!(
        world.ask("POST", "/workspaces", &ada.token).await.body["detail"][0]["loc"],
        json!(["body", "name"])
    );
    assert_eq!(world.json("DELETE", &path, &ada.token, &Value::Null).await.ok(), Value::Null);
    assert_eq!(world.get("/workspaces/deep-sea", &ada).await.status, 404);
    assert_eq!(world.get(&path, &ada).await.ok()["status"], "deleted");
    assert_eq!(world.json("DELETE", &path, &ada.token, &Value::Null).await.status, 404);
    let lake = world.json("POST", "/workspaces", &ada.token, &json!({"name": "lake"})).await.ok();
    let named = format!("/workspaces?workspace_id={}", lake["id"].as_str().unwrap());
    assert_eq!(world.json("DELETE", "/workspaces", &ada.token, &Value::Null).await.status, 422);
    assert_eq!(world.json("DELETE", &named, &ada.token, &Value::Null).await.ok(), Value::Null);
    assert_eq!(world.get("/workspaces/lake", &ada).await.status, 404);
}

/// What a refusal is about, with dots between.
fn loc(refused: &Answer) -> String {
    let loc = refused.body["detail"][0]["loc"].as_array().unwrap();
    loc[1..].iter().map(|part| part.as_str().unwrap()).collect::<Vec<_>>().join(".")
}

#[tokio::test]
async fn bodies_are_refused_by_field() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let north = world.organization(&ada, "North").await;
    let made = world.json("POST", "/workspaces", &ada.token, &json!({"name": "sea"})).await.ok();
    let path = format!("/workspaces/{}", made["id"].as_str().unwrap());
    let long = "x".repeat(51);
    let create = [
        (json!({}), "name"),
        (json!({ "name": long }), "name"),
        (json!({"name": "x", "display_name": long}), "display_name"),
        (json!({"name": "x", "description": ""}), "description"),
        (json!({"name": "x", "id": "x"}), "id"),
        (json!({"name": "x", "organization_id": "north"}), "organization_id"),
        (json!({"name": "x", "owner_id": north}), "owner_id"),
        (json!({"name": "x", "workspace_type": "kitaru"}), "workspace_type"),
        (json!({"name": "x", "desired_state": "pending"}), "desired_state"),
        (json!({"name": "x", "zenml_service": {"configuration": {}}}), "zenml_service.configuration.version"),
        (
            json!({"name": "x", "zenml_service": {"configuration": {"version": "1", "secrets_store": {}}}}),
            "zenml_service.configuration.secrets_store.type",
        ),
        (json!({"name": "x", "description": "a\u{0}b"}), "description"),
        (json!({"name": "x", "mlflow_service": {"configuration": []}}), "mlflow_service.configuration"),
    ];
    for (body, field) in create {
        let refused = world.json("POST", "/workspaces", &ada.token, &body).await;
        assert_eq!(refused.status, 422, "{body}: {refused:?}");
        assert_eq!(loc(&refused), field, "{body}: {refused:?}");
    }
    for (body, field) in [
        (json!({"name": "North Sea"}), "name"),
        (json!({"name": "x".repeat(51)}), "name"),
        (json!({"is_managed": false}), "is_managed"),
        (json!({"display_name": ""}), "display_name"),
        (json!({"owner_id": north}), "owner_id"),
        (json!({"desired_state": "gone"}), "desired_state"),
    ] {
        let refused = world.json("PATCH", &path, &ada.token, &body).await;
        assert_eq!(refused.status, 422, "{body}: {refused:?}");
        assert_eq!(loc(&refused), field, "{body}: {refused:?}");
    }
    world.json("PATCH", &path, &ada.token, &json!({"name": "x".repeat(50), "is_managed": true})).await.ok();
    for query in ["workspace_id=x", "is_managed=maybe", "member_only=x", "limit=101", "status=x"] {
        assert_eq!(world.get(&format!("/workspaces?{query}"), &ada).await.status, 422, "{query}");
    }
}

#[tokio::test]
async fn what_is_secret_goes_in_and_never_out() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    world.organization(&ada, "North").await;
    let configuration = json!({
        "version": "0.98.0",
        "secrets_store": {"type": "sql", "encryption_key": "hush-1"},
        "admin": {
            "secret_environment_vars": {"KEY": "hush-2"},
            "provider_config": {"token": "hush-3"},
            "debug": true,
        },
    });
    let body = json!({"name": "sea", "zenml_service": {"configuration": configuration}});
    let made = world.json("POST", "/workspaces", &ada.token, &body).await.ok();
    assert!(!made.to_string().contains("hush"), "{made}");
    let shown = &made["zenml_service"]["configuration"];
    assert_eq!((&shown["secrets_store"]["type"], &shown["admin"]["debug"]), (&json!("sql"), &json!(true)));
    // What is read can be written back, and the secrets stay.
    let id = made["id"].as_str().unwrap();
    let path = format!("/workspaces/{id}");
    let write = async |configuration: &serde_json::Value| {
        let body = json!({"zenml_service": {"configuration": configuration}});
        let changed = world.json("PATCH", &path, &ada.token, &body).await.ok();
        assert!(!changed.to_string().contains("hush"), "{changed}");
        changed["zenml_service"]["configuration"].clone()
    };
    let kept = || secrets_of(&world, id);
    assert_eq!(&write(shown).await, shown);
    let all = json!({
        "/secrets_store/encryption_key": "hush-1",
        "/admin/secret_environment_vars": {"KEY": "hush-2"},
        "/admin/provider_config": {"token": "hush-3"},
    });
    assert_eq!(kept(), all);
    // Another one leaves the rest alone, and what is not there any more is dropped.
    let mut another = shown.clone();
    another["secrets_store"]["encryption_key"] = json!("hush-4");
    write(&another).await;
    let mut expected = all.clone();
    expected["/secrets_store/encryption_key"] = json!("hush-4");
    assert_eq!(kept(), expected);
    another["secrets_store"] = json!({"type": "sql"});
    another["admin"].as_object_mut().unwrap().remove("provider_config");
    write(&another).await;
    assert_eq!(kept(), json!({"/admin/secret_environment_vars": {"KEY": "hush-2"}}));
    write(&json!({"version": "0.98.0"})).await;
    assert_eq!(kept(), json!(null));
    let artifacts = json!({
        "version": "2",
        "artifact_store": {"auth_config": {"key": "hush-5"}},
        "admin": {"provider_config": {"token": "hush-6"}},
    });
    let body = json!({"mlflow_service": {"configuration": artifacts}});
    let changed = world.json("PATCH", &path, &ada.token, &body).await.ok();
    assert!(!changed.to_string().contains("hush"), "{changed}");
}

/// What is kept of a ZenML server's secrets, opened: the seal of the tests hides nothing.
fn secrets_of(world: &World, id: &str) -> serde_json::Value {
    use base64::Engine;
    let literal = world.core.literal(&id.parse().unwrap());
    let details = world.core.sql(&format!("SELECT details FROM workspaces WHERE id = {literal}"));
    let details: serde_json::Value = serde_json::from_str(&details).unwrap();
    let Some(sealed) = details["zenml"]["secrets"].as_str() else { return json!(null) };
    let sealed = base64::engine::general_purpose::STANDARD.decode(sealed).unwrap();
    let context = format!("workspace:{id}:zenml");
    serde_json::from_slice(&world.core.seal().open(&context, &sealed).unwrap()).unwrap()
}

#[tokio::test]
async fn configurations_are_refused_by_member() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    world.organization(&ada, "North").await;
    let create = async |service: &str, configuration: serde_json::Value| {
        let body = json!({"name": "sea", service: {"configuration": configuration}});
        world.json("POST", "/workspaces", &ada.token, &body).await
    };
    let place = |text: &str| json!(["body"].into_iter().chain(text.split('/')).collect::<Vec<_>>());
    for (service, configuration, at) in [
        ("zenml_service", json!({}), "/version"),
        ("zenml_service", json!("latest"), ""),
        ("zenml_service", json!(["0.98.0"]), ""),
        ("zenml_service", json!({"version": ""}), "/version"),
        ("zenml_service", json!({"version": 98}), "/version"),
        ("zenml_service", json!({"version": "1", "analytics_enabled": null}), "/analytics_enabled"),
        ("zenml_service", json!({"version": "1", "secrets_store": {"key": "hush"}}), "/secrets_store/type"),
        ("zenml_service", json!({"version": "1", "backup_secrets_store": "sql"}), "/backup_secrets_store"),
        ("zenml_service", json!({"version": "1", "admin": {"debug": "yes"}}), "/admin/debug"),
        (
            "zenml_service",
            json!({"version": "1", "admin": {"environment_vars": {"A": 1}}}),
            "/admin/environment_vars/A",
        ),
        (
            "zenml_service",
            json!({"version": "1", "admin": {"resources": {"replicas": 1.5}}}),
            "/admin/resources/replicas",
        ),
        (
            "zenml_service",
            json!({"version": "1", "admin": {"resources": {"replicas": -1}}}),
            "/admin/resources/replicas",
        ),
        (
            "zenml_service",
            json!({"version": "1", "admin": {"resources": {"min_replicas": 3, "max_replicas": 2}}}),
            "/admin/resources/min_replicas",
        ),
        // What is left out is one of each.
        (
            "zenml_service",
            json!({"version": "1", "admin": {"resources": {"min_replicas": 3}}}),
            "/admin/resources/min_replicas",
        ),
        (
            "zenml_service",
            json!({"version": "1", "admin": {"resources": {"max_replicas": 0}}}),
            "/admin/resources/max_replicas",
        ),
        (
            "mlflow_service",
            json!({"version": "2", "admin": {"resources": {"replicas": -1}}}),
            "/admin/resources/replicas",
        ),
        ("mlflow_service", json!({}), "/version"),
        ("mlflow_service", json!({"version": "2", "artifact_store": {"type": 1}}), "/artifact_store/type"),
        (
            "mlflow_service",
            json!({"version": "2", "admin": {"resources": {"cpu": 4}}}),
            "/admin/resources/cpu",
        ),
    ] {
        let answer = create(service, configuration.clone()).await;
        let expected = place(&format!("{service}/configuration{at}"));
        assert_eq!((answer.status, &answer.body["detail"][0]["loc"]), (422, &expected), "{configuration}");
        assert!(!answer.body.to_string().contains("hush"), "{answer:?}");
    }
    // What the vendor's page shows is taken, and what nobody knows is kept.
    let whole = json!({
        "version": "0.98.0",
        "analytics_enabled": true,
        "secrets_store": {"type": "sql"},
        "backup_secrets_store": null,
        "admin": {
            "helm_chart_version": "1", "debug": true, "environment_vars": {"A": "b"}, "provider_type": "argocd",
            "provider_config": {}, "service_tier": "basic",
            "resources": {"replicas": 1, "cpu": "4", "autoscaling_enabled": false, "max_storage_size": null, "gpu": 1},
        },
        "colour": "red",
    });
    let made = create("zenml_service", whole.clone()).await.ok();
    let mut whole = whole;
    whole["admin"]["provider_config"] = json!(null);
    assert_eq!(made["zenml_service"]["configuration"], whole);
}

#[tokio::test]
async fn a_name_may_stand_in_several_organizations() {
    let world = World::start().await;
    let (ada, bob) = (world.user("ada").await, world.user("bob").await);
    let (north, south) = (world.organization(&ada, "North").await, world.organization(&ada, "South").await);
    let west = world.organization(&bob, "West").await;
    for (who, organization) in [(&ada, &north), (&ada, &south), (&bob, &west)] {
        let body = json!({"name": "sea", "organization_id": organization});
        world.json("POST", "/workspaces", &who.token, &body).await.ok();
    }
    assert_eq!(world.get("/workspaces/sea", &ada).await.status, 409);
    assert_eq!(world.get("/workspaces/sea", &bob).await.ok()["organization"]["id"], json!(west));
    assert_eq!(world.get("/workspaces?workspace_name=sea", &ada).await.all("name").len(), 2);
    let narrowed = format!("/workspaces?workspace_name=sea&organization_id={south}&member_only=True");
    assert_eq!(world.get(&narrowed, &ada).await.all("name").len(), 1);
    // Who belongs to several organizations has to say which one is meant.
    let unclear = world.json("POST", "/workspaces", &ada.token, &json!({"name": "lake"})).await;
    assert_eq!(unclear.status, 422);
    // Nothing of another organization is shown, by id, name, filter or owner.
    let theirs = world.get("/workspaces/sea", &bob).await.ok();
    let id = theirs["id"].as_str().unwrap();
    let owner = theirs["owner"]["id"].as_str().unwrap();
    assert_eq!(world.get(&format!("/workspaces/{id}"), &ada).await.status, 404);
    for query in
        [format!("workspace_id={id}"), format!("organization_id={west}"), format!("owner_id={owner}")]
    {
        assert_eq!(world.get(&format!("/workspaces?{query}"), &ada).await.all("id"), [""; 0], "{query}");
    }
    let change = world.json("PATCH", &format!("/workspaces/{id}"), &ada.token, &json!({"name": "x"})).await;
    assert_eq!(change.status, 404);
    assert_eq!(world.get(&format!("/users/authorize_server?server_id={id}"), &ada).await.status, 404);
}

#[tokio::test]
async fn names_are_asked_for() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let north = world.organization(&ada, "North").await;
    world.json("POST", "/workspaces", &ada.token, &json!({"name": "sea"})).await.ok();
    for (path, status) in [
        ("/organizations/validation/name/South".to_owned(), 200),
        ("/organizations/validation/name/north".to_owned(), 409),
        (format!("/organizations/validation/name/{}", "x".repeat(51)), 422),
        (format!("/organizations/{north}/validation/workspace_name/lake"), 200),
        (format!("/organizations/{north}/validation/tenant_name/sea"), 409),
        (format!("/organizations/{north}/validation/tenant_name/{}", "x".repeat(51)), 422),
    ] {
        let answer = world.get(&path, &ada).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
    }
    assert_eq!(world.get("/organizations?name=South", &ada).await.all("id"), [""; 0]);
}

#[tokio::test]
async fn the_server_tells_what_it_is() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    assert_eq!(world.send("GET", "/health", &[], "").await.ok(), json!("OK"));
    assert_eq!(world.get("/server/info", &ada).await.ok()["name"], "tenantry");
    assert_eq!(world.get("/releases", &ada).await.ok().as_array().unwrap().len(), 1);
    assert_eq!(world.get("/releases/tenantry", &ada).await.status, 200);
    assert_eq!(world.get("/releases/zenml", &ada).await.status, 404);
}
