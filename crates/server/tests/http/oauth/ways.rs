//! How people are shown the way to an issuer, and how its end is seen everywhere.

use tenantry_core::authz::OrganizationRef;
use tenantry_core::issuer::{IssuerChange, IssuerOf};

use super::browser::Browser;
use super::issuer::signed;
use super::issuers::{Scene, both_with_issuers, honest, parameter, token_of};
use crate::harness::{Answer, Engine};

both_with_issuers!(who_says_who_they_are_is_shown_the_way, failures_of_issuers_are_held_against_nobody);

/// The name of a page's button that leads to an issuer, and where it leads.
fn button(page: &Answer) -> Option<(String, String)> {
    let (way, rest) = page.text.split_once("<a class=\"button\" href=\"")?.1.split_once("\">")?;
    Some((rest.split_once('<')?.0.to_owned(), way.replace("&#38;", "&")))
}

/// The issuer of an organization is found by the address that somebody types, with an account or without.
async fn who_says_who_they_are_is_shown_the_way(scene: &Scene) {
    let mut browser = Browser::new(&scene.server);
    assert!(browser.get("/login").await.text.contains("type=\"password\""));
    let northwind = IssuerOf::Organization(OrganizationRef::Name("northwind".to_owned()));
    let issuer = scene.trust("honest", northwind.clone()).await;
    let root = scene.server.core.authenticate(scene.server.token("root")).await.unwrap();
    let domains = Some(vec!["tenantry.example".to_owned()]);
    let confirmed = IssuerChange { domains, ..IssuerChange::default() };
    scene.server.core.update_issuer(&root, northwind, issuer.id, confirmed).await.unwrap();

    let page = browser.get("/login?return_to=%2Flogin%2Fdevice").await;
    assert!(!page.text.contains("type=\"password\"") && page.text.contains("Continue"), "{}", page.text);
    assert_eq!(button(&page), None);
    let mut seen = Vec::new();
    for login in ["ada@tenantry.example", "nobody@tenantry.example"] {
        let next = browser.fill(&page, &[("login", login)]).await;
        assert_eq!(next.status, 200);
        assert!(next.text.contains("type=\"password\""), "{}", next.text);
        let (title, way) = button(&next).unwrap();
        assert_eq!(title, "Sign in with The &#60;honest&#62;");
        let departure = browser.get(&way).await;
        let departure = departure.headers["location"].to_str().unwrap();
        assert_eq!(parameter(departure, "login_hint"), login);
        let escaped = login.replace('@', "%40");
        let token = token_of(&next);
        seen.push(next.text.replace(login, "").replace(&escaped, "").replace(&token, ""));
    }
    assert_eq!(seen[0], seen[1]);
    let other = browser.fill(&page, &[("login", "ada@elsewhere.example")]).await;
    assert_eq!(button(&other), None);
    // Who has a password signs in with it from there.
    let next = browser.fill(&page, &[("login", "ada")]).await;
    let back = browser.sign_in(&next, "ada").await;
    assert_eq!((back.status, back.headers["location"].to_str().unwrap()), (303, "/login/device"));

    // How fresh the sign-in has to be is the issuer's to know.
    let wanted = "/oauth2/authorize?client_id=x&prompt=login%20consent&max_age=60";
    let way = tenantry_http::encode_query([("issuer", &*issuer.id.to_string()), ("return_to", wanted)]);
    let departure = browser.get(&format!("/login/issuer?{way}")).await;
    let departure = departure.headers["location"].to_str().unwrap();
    assert_eq!((&*parameter(departure, "prompt"), &*parameter(departure, "max_age")), ("login", "60"));
    // An organization that was named stays so when the password was wrong.
    let page = browser.get("/login?organization=northwind&login_hint=ada").await;
    assert!(button(&page).is_some());
    let again = browser.fill(&page, &[("login", "ada"), ("password", "wrong horse")]).await;
    assert_eq!(again.status, 401);
    assert!(button(&again).is_some(), "{}", again.text);
}

/// Anybody can bring made-up answers, and pages of others can have browsers do so: nobody is kept out by that.
async fn failures_of_issuers_are_held_against_nobody(scene: &Scene) {
    let issuer = scene.trust("honest", IssuerOf::Server).await;
    scene.link(&issuer, "honest").await;
    let mut browser = Browser::new(&scene.server);
    for number in 0..30 {
        let departure = scene.depart(&mut browser, &issuer).await;
        let back = match number % 3 {
            0 => browser.get("/login/issuer/callback?code=x&state=y").await,
            1 => scene.come_back(&mut browser, &departure, ("honest", &[]), |_| "x".to_owned()).await,
            _ => scene.come_back(&mut browser, &departure, ("honest", &[("code", "made-up")]), honest).await,
        };
        assert_eq!(back.status, 403, "{number}: {}", back.text);
    }
    let departure = scene.depart(&mut browser, &issuer).await;
    let back = scene.come_back(&mut browser, &departure, ("honest", &[]), honest);
    assert_eq!(back.await.status, 303);
    Browser::of(&scene.server, "ada").await;
}

/// What one replica trusts no more counts on no other, from its next request on.
#[tokio::test]
async fn trust_ends_on_every_replica_at_once() {
    let scene = Scene::new(Engine::Postgres);
    let there = scene.server.replica();
    let issuer = scene.trust("honest", IssuerOf::Server).await;
    scene.link(&issuer, "honest").await;
    let mut browser = Browser::new(&scene.server);
    let departure = scene.depart(&mut browser, &issuer).await;
    scene.come_back(&mut browser, &departure, ("honest", &[]), honest).await;
    let mut elsewhere = Browser::new(&there);
    elsewhere.cookies.clone_from(&browser.cookies);
    let token = signed("honest", "honest", &scene.api_claims("honest"));
    // The other replica knows both by now.
    for _ in 0..2 {
        there.get(&token, "/api/v1/me").await.expect(200);
        assert_eq!(elsewhere.get("/login/account").await.status, 200);
    }
    let path = format!("/api/v1/issuers/{}", issuer.id);
    scene.server.send("root", reqwest::Method::DELETE, &path, None).await.expect(200);
    there.get(&token, "/api/v1/me").await.expect(401);
    assert_eq!(elsewhere.get("/login/account").await.status, 303);
}
