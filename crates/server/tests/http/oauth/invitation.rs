//! The page on which an invitation is answered.

use reqwest::Method;
use serde_json::json;

use super::browser::Browser;
use crate::harness::{TestServer, both_alone};

both_alone!(an_invitation_is_answered_on_its_page, somebody_else_is_asked_to_switch);

/// An invitation of kit to northwind: the path of its page.
async fn invited(server: &TestServer) -> String {
    let kit = server.estate.people.iter().find(|person| person.username == "kit").unwrap();
    let body = json!({"email": kit.email});
    let made = server.send("ada", Method::POST, "/api/v1/organizations/northwind/invites", Some(body)).await;
    let made = made.expect(200);
    let id = made["invitation_id"].as_str().unwrap();
    let secret = made["secret"].as_str().unwrap();
    let query = [
        ("organization", server.organization("northwind")),
        ("invitation", id.to_owned()),
        ("secret", secret.to_owned()),
    ];
    let query = query.each_ref().map(|(name, value)| (*name, value.as_str()));
    format!("/login/invitation?{}", tenantry_http::encode_query(query))
}

async fn an_invitation_is_answered_on_its_page(server: &TestServer) {
    let path = invited(server).await;
    let mut browser = Browser::new(server);
    let to_sign_in = browser.get(&path).await;
    let page = browser.follow(&to_sign_in).await;
    let back = browser.sign_in(&page, "kit").await;
    let offer = browser.follow(&back).await;
    assert!(offer.status == 200 && offer.text.contains("invited to northwind as member"), "{}", offer.text);
    // Whoever looks first spends nothing.
    assert_eq!(browser.get(&path).await.status, 200);
    let before = browser.cookies["__Host-tenantry"].clone();
    let done = browser.fill(&offer, &[("decision", "accept")]).await;
    assert!(done.text.contains("You belong to northwind"), "{}", done.text);
    assert_ne!(browser.cookies["__Host-tenantry"], before);
    server.get("kit", "/api/v1/organizations/northwind").await.expect(200);
    let over = browser.get(&path).await;
    assert!(over.text.contains("is over"), "{}", over.text);
}

async fn somebody_else_is_asked_to_switch(server: &TestServer) {
    let path = invited(server).await;
    let mut browser = Browser::of(server, "dan").await;
    let page = browser.get(&path).await;
    assert_eq!(page.status, 404);
    assert!(page.text.contains("not for this account") && page.text.contains("Sign in as somebody else"));
    let random =
        "/login/invitation?organization=northwind&invitation=0190b0a0-0000-7000-8000-00000000000a&secret=x";
    let nothing = browser.get(random).await;
    assert_eq!(nothing.status, 404);
    for path in ["/login/invitation", "/login/invitation?invitation=x", random] {
        assert_eq!(browser.get(path).await.status, 404);
    }
}
