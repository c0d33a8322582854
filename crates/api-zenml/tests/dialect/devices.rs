//! `/auth/device_authorization`, the device grant of `/auth/login`, and `/devices`.

use serde_json::{Value, json};
use tenantry_core::credential::{Access, NewToken};

use crate::world::{Answer, World};

const CLIENT: &str = "11111111-1111-4111-8111-111111111111";
const OTHER_CLIENT: &str = "22222222-2222-4222-8222-222222222222";

impl World {
    async fn form(&self, path: &str, form: &str) -> Answer {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("user-agent", "Host/laptop ZenML/0.80.1 Python/3.12.3 OS/Linux"),
        ];
        self.send("POST", path, &headers, form).await
    }

    /// What a program is told that wants to be logged in.
    async fn begin(&self, more: &str) -> Value {
        let answer = self.form("/auth/device_authorization", &format!("client_id={CLIENT}{more}")).await;
        assert_eq!(answer.headers["cache-control"], "no-store");
        answer.ok()
    }

    /// What it gets.
    async fn poll(&self, started: &Value) -> Answer {
        self.poll_as(started, CLIENT).await
    }

    async fn poll_as(&self, started: &Value, client: &str) -> Answer {
        let code = started["device_code"].as_str().unwrap();
        let grant = "urn:ietf:params:oauth:grant-type:device_code";
        let form = format!("device_code={code}&client_id={client}&grant_type={grant}");
        self.form("/auth/login", &form).await
    }

    async fn verify(&self, token: &str, started: &Value, more: &Value) -> Answer {
        let mut body = json!({ "user_code": started["user_code"] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.json("PUT", "/devices/verify", token, &body).await
    }
}

impl Answer {
    /// The client builds an object from the keys, so there may be no others.
    #[track_caller]
    fn waits(self, error: &str) {
        let description = self.body["error_description"].clone();
        let expected = json!({ "error": error, "error_description": description });
        assert_eq!((self.status, self.body), (400, expected));
        assert!(description.is_string());
    }
}

#[tokio::test]
async fn a_program_is_logged_in_by_a_person() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let started = world.begin("").await;
    let code = started["user_code"].as_str().unwrap();
    let page = "https://tenantry.example/login/device";
    let expected = json!({
        "device_code": started["device_code"],
        "user_code": code,
        "verification_uri": format!("{page}?workspace="),
        "verification_uri_complete": format!("{page}?code={code}&workspace="),
        "expires_in": 600,
        "interval": 5,
    });
    assert_eq!(started, expected);
    world.poll(&started).await.waits("authorization_pending");
    world.poll(&started).await.waits("slow_down");

    let waiting = world.get(&format!("/devices/{}", code.to_lowercase()), &ada).await.ok();
    assert_eq!((&waiting["status"], &waiting["hostname"]), (&json!("pending"), &json!("laptop")));
    let metadata = json!({ "device_metadata": { "tenant_id": CLIENT }, "trusted_device": true });
    let verified = world.verify(&ada.token, &started, &metadata).await.ok();
    let expected = json!({
        "id": waiting["id"],
        "name": "ZenML",
        "created": verified["created"],
        "updated": verified["updated"],
        "user_id": ada.id().to_string(),
        "client_id": CLIENT,
        "expires": verified["expires"],
        "trusted_device": true,
        "status": "verified",
        "os": "Linux",
        "ip_address": null,
        "hostname": "laptop",
        "city": null,
        "region": null,
        "country": null,
        "zenml_version": "0.80.1",
        "python_version": "3.12.3",
        "last_login": null,
        "device_metadata": { "tenant_id": CLIENT },
    });
    assert_eq!(verified, expected);
    let answer = world.poll(&started).await;
    assert!(answer.headers.get("set-cookie").is_none());
    let token = answer.ok();
    let access = token["access_token"].as_str().unwrap();
    let expected = json!({
        "access_token": access,
        "token_type": "bearer",
        "expires_in": 30 * 24 * 60 * 60,
        "device_id": waiting["id"],
        "device_metadata": { "tenant_id": CLIENT },
    });
    assert_eq!(token, expected);
    let seen = world.get("/devices", &world.core.member(access).await).await;
    assert_eq!(seen.all("status"), ["active"]);
    world.poll(&started).await.waits("invalid_grant");
    world.get(&format!("/devices/{code}"), &ada).await.refused(404, &json!(["KeyError", "device not found"]));
}

#[tokio::test]
async fn what_is_not_confirmed_gets_nothing() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let started = world.begin("").await;
    world.poll_as(&started, OTHER_CLIENT).await.waits("invalid_grant");
    world.poll(&json!({ "device_code": "made up" })).await.waits("invalid_grant");
    let not_found = json!(["KeyError", "device not found"]);
    for code in ["BCDFG-HJKLM", "", "x"] {
        let made_up = json!({ "user_code": code });
        world.verify(&ada.token, &made_up, &json!({})).await.refused(404, &not_found);
    }
    for metadata in [json!({ "tenant_id": 1 }), json!({ "tenant_id": null })] {
        let answer = world.verify(&ada.token, &started, &json!({ "device_metadata": metadata })).await;
        let fault = json!({ "loc": ["body", "device_metadata", "tenant_id"], "msg": "expected a text", "type": "string_type" });
        answer.refused(422, &json!([fault]));
    }
    world.core.clock().advance_seconds(600);
    world.poll(&started).await.waits("expired_token");
    world.verify(&ada.token, &started, &json!({})).await.refused(404, &not_found);
}

/// Its login would outlive the token by a month.
#[tokio::test]
async fn a_limited_token_confirms_nothing() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let new = NewToken {
        title: "reader".to_owned(),
        seconds: Some(60),
        access: Access::Reading,
        ..NewToken::default()
    };
    let (_, reader) = world.core.create_own_token(&ada.caller, new).await.unwrap();
    let started = world.begin("").await;
    let refused = world.verify(reader.expose(), &started, &json!({ "trusted_device": true })).await;
    assert_eq!(refused.status, 403);
    world.poll(&started).await.waits("authorization_pending");
    world.verify(&ada.token, &started, &json!({})).await.ok();
}

/// What strangers may begin is bounded for each source, whatever the server's limits are.
#[tokio::test]
async fn a_source_begins_so_many_logins() {
    let world = World::start().await;
    for _ in 0..100 {
        world.begin("").await;
    }
    let refused = world.form("/auth/device_authorization", &format!("client_id={CLIENT}")).await;
    assert_eq!((refused.status, &refused.headers["retry-after"]), (429, &"1".parse().unwrap()));
    world.core.clock().advance_seconds(15 * 60);
    world.begin("").await;
}

#[tokio::test]
async fn programs_say_who_they_are_by_a_uuid() {
    let world = World::start().await;
    for (form, field, kind) in [
        ("", "client_id", "missing"),
        ("client_id=", "client_id", "missing"),
        ("client_id=zenml", "client_id", "uuid_parsing"),
        ("client_id=11111111-1111-4111-8111-111111111111&device_id=x", "device_id", "uuid_parsing"),
    ] {
        let answer = world.form("/auth/device_authorization", form).await;
        assert_eq!(answer.status, 422, "{form}");
        assert_eq!(answer.body["detail"][0]["loc"], json!(["body", field]), "{form}");
        assert_eq!(answer.body["detail"][0]["type"], kind, "{form}");
    }
}

#[tokio::test]
async fn a_device_comes_back_under_its_id() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let first = world.begin("").await;
    let id = world.verify(&ada.token, &first, &json!({})).await.ok()["id"].clone();
    world.poll(&first).await.ok();
    let again = world.begin(&format!("&device_id={}", id.as_str().unwrap())).await;
    assert_eq!(world.verify(&ada.token, &again, &json!({})).await.ok()["id"], id);
    let token = world.poll(&again).await.ok();
    assert_eq!((&token["device_id"], &token["expires_in"]), (&id, &json!(24 * 60 * 60)));
    assert_eq!(world.get("/devices", &ada).await.all("id").len(), 1);
}

/// By the device's own token, not by one that was got for it.
#[tokio::test]
async fn signing_out_ends_the_login_of_the_device() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let organization = world.core.organization(&ada, "North Sea").await.id;
    let workspace = world.core.workspace(&ada, organization, "here").await.id;
    let started = world.begin("").await;
    let id = world.verify(&ada.token, &started, &json!({})).await.ok()["id"].as_str().unwrap().to_owned();
    let token = world.poll(&started).await.ok()["access_token"].as_str().unwrap().to_owned();
    let derive = async |workspace| {
        let made = world.core.derive_token(&token, workspace, None).await.unwrap();
        made.secret.expose().to_owned()
    };
    for workspace in [None, Some(workspace)] {
        let derived = derive(workspace).await;
        world.json("POST", "/auth/logout", &derived, &json!({})).await.ok();
        assert!(world.core.authenticate(&derived).await.is_err());
        world.core.authenticate(&token).await.unwrap();
    }
    let (derived, narrow) = (derive(None).await, derive(Some(workspace)).await);
    world.json("POST", "/auth/logout", &token, &json!({})).await.ok();
    for ended in [&token, &derived, &narrow] {
        assert!(world.core.authenticate(ended).await.is_err());
    }
    assert_eq!(world.get(&format!("/devices/{id}"), &ada).await.ok()["status"], "pending");
}

#[tokio::test]
async fn devices_are_renamed_locked_and_forgotten() {
    let world = World::start().await;
    let (ada, eve) = (world.user("ada").await, world.user("eve").await);
    let mut devices = Vec::new();
    for _ in 0..2 {
        world.tick();
        let started = world.begin("").await;
        let id = world.verify(&ada.token, &started, &json!({})).await.ok()["id"].as_str().unwrap().to_owned();
        let token = world.poll(&started).await.ok()["access_token"].as_str().unwrap().to_owned();
        devices.push((id, token));
    }
    let listed = world.get("/devices", &ada).await.all("id");
    assert_eq!(listed, [devices[1].0.as_str(), devices[0].0.as_str()]);
    assert_eq!(world.get("/devices?offset=1&limit=1", &ada).await.all("id"), [devices[0].0.as_str()]);

    let (id, token) = &devices[0];
    let path = format!("/devices/{id}");
    let named = world.json("PUT", &path, &ada.token, &json!({ "name": "laptop", "locked": null })).await.ok();
    assert_eq!((&named["name"], &named["status"]), (&json!("laptop"), &json!("active")));
    let locked = world.json("PUT", &path, &ada.token, &json!({ "locked": true })).await.ok();
    assert_eq!(locked["status"], "locked");
    assert!(world.core.authenticate(token).await.is_err());
    let open = world.json("PUT", &path, &ada.token, &json!({ "locked": false })).await.ok();
    assert_eq!((&open["status"], &open["name"]), (&json!("pending"), &json!("laptop")));

    let not_found = json!(["KeyError", "device not found"]);
    for path in [&path, "/devices/33333333-3333-4333-8333-333333333333"] {
        world.get(path, &eve).await.refused(404, &not_found);
        world.json("PUT", path, &eve.token, &json!({})).await.refused(404, &not_found);
        world.json("DELETE", path, &eve.token, &json!({})).await.refused(404, &not_found);
    }
    assert_eq!(world.json("DELETE", &path, &ada.token, &json!({})).await.ok(), Value::Null);
    world.get(&path, &ada).await.refused(404, &not_found);
    assert_eq!(world.get("/devices", &ada).await.all("id"), [devices[1].0.as_str()]);
}
