//! `POST /auth/login`.

use serde_json::json;

use crate::world::{Answer, World};

async fn sign_in(world: &World, form: &str) -> Answer {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    world.send("POST", "/auth/login", &headers, form).await
}

#[tokio::test]
async fn every_grant_answers_with_a_token_that_counts() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let north = world.organization(&ada, "North Sea").await;
    let (key, client, secret) = world.robot(&ada, &north).await;
    let forms = [
        "username=ada&password=secret+of+ada".to_owned(),
        "username=ADA@tenantry.example&password=secret+of+ada&grant_type=password&client_id=&client_secret=&device_code="
            .to_owned(),
        format!("client_id={client}&client_secret={secret}"),
        format!("client_id={client}&client_secret={secret}&grant_type=client_credentials&audience=x&username=&password="),
        format!("password={key}"),
        format!("password={key}&grant_type=zenml_api_key"),
    ];
    for form in forms {
        let answer = sign_in(&world, &form).await;
        assert_eq!(answer.headers["cache-control"], "no-store", "{form}");
        let body = answer.ok();
        let token = body["access_token"].as_str().unwrap();
        assert_eq!(
            body,
            json!({ "access_token": token, "token_type": "bearer", "expires_in": 3600 }),
            "{form}"
        );
        let seen = world.get("/organizations", &world.core.member(token).await).await;
        assert_eq!(seen.all("id"), [north.as_str()], "{form}");
    }
}

#[tokio::test]
async fn what_does_not_count_is_401_and_what_is_missing_422() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let north = world.organization(&ada, "North Sea").await;
    let (key, client, secret) = world.robot(&ada, &north).await;
    let bad = [
        "username=ada&password=secret+of+eve".to_owned(),
        "username=nobody&password=secret+of+ada".to_owned(),
        format!("client_id={client}&client_secret={key}"),
        format!("client_id={north}&client_secret={secret}"),
        "client_id=x&client_secret=y".to_owned(),
        format!("password={key}0"),
        "password=ZENPROKEY_".to_owned(),
    ];
    for form in bad {
        let answer = sign_in(&world, &form).await;
        assert_eq!(answer.headers["www-authenticate"], "Bearer", "{form}");
        answer.refused(401, &json!("the credential is not valid"));
    }
    // A token is no key: exchanged for the next one, and the next, it would live for ever.
    for form in ["", "username=&password=", &format!("password={}", ada.token), "audience=x"] {
        let missing = json!([{ "loc": ["body", "username"], "msg": "Field required", "type": "missing" }]);
        sign_in(&world, form).await.refused(422, &missing);
    }
}

#[tokio::test]
async fn a_token_ends_when_it_says() {
    let world = World::start().await;
    world.user("ada").await;
    let body = sign_in(&world, "username=ada&password=secret+of+ada").await.ok();
    let token = body["access_token"].as_str().unwrap();
    let seconds = body["expires_in"].as_i64().unwrap();
    world.core.clock().advance_seconds(seconds - 1);
    assert!(world.core.authenticate(token).await.is_ok());
    world.tick();
    assert!(world.core.authenticate(token).await.is_err());
}
