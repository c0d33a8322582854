//! `/auth` around the token endpoint.

use serde_json::{Value, json};
use tenantry_core::authz::OrganizationRef;
use tenantry_core::ids::OrganizationId;
use tenantry_core::issuer::{ClientSecret, IssuerChange, IssuerOf, NewIssuer};
use tenantry_testkit::Member;

use crate::world::World;

async fn sign_in(world: &World) -> String {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let form = "username=ada&password=secret+of+ada";
    let answer = world.send("POST", "/auth/login", &headers, form).await.ok();
    answer["access_token"].as_str().unwrap().to_owned()
}

async fn for_an_hour(world: &World, token: &str) -> String {
    let bearer = format!("Bearer {token}");
    let answer = world.send("GET", "/auth/api_token", &[("authorization", &bearer)], "").await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    answer.ok().as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_dashboard_is_told_where_to_sign_in() {
    let world = World::start().await;
    assert_eq!(world.send("GET", "/auth/connections", &[], "").await.ok(), json!([]));
    // Nobody is sent to an address that somebody else chose, and whoever asks for it is told.
    for (query, field) in [("redirect_uri=https%3A%2F%2Fevil.example", "redirect_uri"), ("state=s", "state")]
    {
        let answer = world.send("GET", &format!("/auth/authorize?{query}"), &[], "").await;
        assert_eq!((answer.status, &answer.body["detail"][0]["loc"]), (422, &json!(["query", field])));
    }
    let answer = world.send("GET", "/auth/authorize?redirect_uri=&state=", &[], "").await;
    assert!(answer.headers.get("set-cookie").is_none());
    assert_eq!(answer.ok(), json!("https://tenantry.example/login"));
    // The providers that the server trusts are offered, and led to; those of an organization are none of a stranger's.
    let ada = world.user("ada").await;
    let north = world.core.organization(&ada, "north").await;
    let trust = async |member: &Member, of| {
        let rest = IssuerChange {
            title: Some("Id".to_owned()),
            client_id: Some("us".to_owned()),
            client_secret: Some(ClientSecret("secret".to_owned().into())),
            ..IssuerChange::default()
        };
        let new = NewIssuer { url: "https://id.example".to_owned(), rest };
        world.core.create_issuer(&member.caller, of, new).await.unwrap().id
    };
    let of_north = trust(&ada, IssuerOf::Organization(OrganizationRef::Id(north.id))).await;
    let ours = trust(&world.admin, IssuerOf::Server).await;
    let offered = world.send("GET", "/auth/connections", &[], "").await.ok();
    assert_eq!(offered, json!([{"id": ours.to_string(), "name": "Id"}]));
    let answer = world.send("GET", &format!("/auth/authorize?connection={ours}"), &[], "").await;
    assert_eq!(answer.ok(), json!(format!("https://tenantry.example/login/issuer?issuer={ours}")));
    for unknown in [of_north.to_string(), "x".to_owned()] {
        let answer = world.send("GET", &format!("/auth/authorize?connection={unknown}"), &[], "").await;
        assert_eq!((answer.status, &answer.body["detail"][0]["loc"]), (422, &json!(["query", "connection"])));
    }
}

/// Where it is not known who left, what comes back counts for nothing: that is for the page to say.
#[tokio::test]
async fn who_comes_back_is_sent_on_to_the_page() {
    let world = World::start().await;
    let answer = world.send("GET", "/auth/callback?code=c%26&state=s&iss=https%3A%2F%2Fi&x=y", &[], "").await;
    assert_eq!(answer.status, 303);
    let page = "https://tenantry.example/login/issuer/callback?code=c%26&state=s&iss=https%3A%2F%2Fi";
    assert_eq!(answer.headers["location"], page);
    let answer = world.send("GET", "/auth/callback?code=c", &[], "").await;
    assert_eq!((answer.status, &answer.body["detail"][0]["loc"]), (422, &json!(["query", "state"])));
}

#[tokio::test]
async fn signing_out_ends_the_token_and_no_key() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let token = sign_in(&world).await;
    assert_eq!(world.json("POST", "/auth/logout", &token, &json!({})).await.ok(), Value::Null);
    assert!(world.core.authenticate(&token).await.is_err());
    assert_eq!(world.json("POST", "/auth/logout", &token, &json!({})).await.status, 401);
    assert_eq!(world.json("POST", "/auth/logout", &ada.token, &json!({})).await.ok(), Value::Null);
    assert!(world.core.authenticate(&ada.token).await.is_ok());
}

/// Exchanged for the next one, and the next, a token would live for ever.
#[tokio::test]
async fn a_token_for_an_hour_lives_no_longer_than_what_it_is_given_for() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let first = sign_in(&world).await;
    world.core.clock().advance_seconds(3000);
    let second = for_an_hour(&world, &first).await;
    let third = for_an_hour(&world, &second).await;
    let of_key = for_an_hour(&world, &ada.token).await;
    world.core.clock().advance_seconds(600);
    for token in [&first, &second, &third] {
        assert!(world.core.authenticate(token).await.is_err());
    }
    assert!(world.core.authenticate(&of_key).await.is_ok());
    // All of them end with the first.
    let first = sign_in(&world).await;
    let second = for_an_hour(&world, &first).await;
    let third = for_an_hour(&world, &second).await;
    world.json("POST", "/auth/logout", &first, &json!({})).await.ok();
    for token in [&second, &third] {
        assert!(world.core.authenticate(token).await.is_err());
    }
}

#[tokio::test]
async fn a_token_for_one_workspace_is_good_for_no_other() {
    let world = World::start().await;
    let (ada, eve) = (world.user("ada").await, world.user("eve").await);
    let north = world.organization(&ada, "North Sea").await;
    world.organization(&eve, "South Sea").await;
    let organization = OrganizationId::parse(&north).unwrap();
    let here = world.core.workspace(&ada, organization, "here").await;
    world.core.workspace(&ada, organization, "there").await;
    for path in ["workspace", "tenant"] {
        let path = format!("/auth/{path}_authorization/{}", here.id);
        let answer = world.json("POST", &path, &ada.token, &json!({})).await;
        assert_eq!(answer.headers["cache-control"], "no-store");
        let body = answer.ok();
        let token = body["access_token"].as_str().unwrap();
        assert_eq!(body, json!({ "access_token": token, "token_type": "bearer", "expires_in": 3600 }));
        let narrow = world.core.member(token).await;
        let seen = world.get(&format!("/organizations/{north}/tenants"), &narrow).await;
        assert_eq!(seen.all("id"), [here.id.to_string()]);
        // It cannot be made wider again.
        let made = world.core.derive_token(token, None, None).await.unwrap();
        assert_eq!(made.credential.workspaces, Some(vec![here.id]));
        let there = OrganizationRef::Id(organization);
        assert!(world.core.delete_organization(&narrow.caller, there, None, true).await.is_err());
    }
    let random = "33333333-3333-4333-8333-333333333333".to_owned();
    for id in [here.id.to_string(), random, "x".to_owned()] {
        let path = format!("/auth/workspace_authorization/{id}");
        let answer = world.json("POST", &path, &eve.token, &json!({})).await;
        answer.refused(404, &json!(["KeyError", "workspace not found"]));
    }
}
