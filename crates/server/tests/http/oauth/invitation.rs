//! The page on which an invitation is answered.

use reqwest::Method;
use serde_json::json;
use tenantry_core::settings::{AddPeople, Settings};
use tenantry_server::demo;
use tenantry_testkit::estate::answer;

use super::browser::Browser;
use crate::harness::{Engine, TestServer, both_alone};
use crate::mail::Mailbox;

both_alone!(
    an_invitation_is_answered_on_its_page,
    somebody_else_is_asked_to_switch,
    a_wrong_secret_counts_once,
    who_invites_is_not_asked,
    who_is_signed_in_as_somebody_else_joins_too,
    who_has_no_account_joins_with_a_new_one,
    of_many_who_join_one_does,
    nobody_joins_by_guessing,
    nobody_joins_by_an_offer_that_fell
);

/// An invitation of kit to northwind: the path of its page.
async fn invited(server: &TestServer) -> String {
    let kit = server.estate.people.iter().find(|person| person.username == "kit").unwrap();
    invited_by_address(server, &kit.email).await
}

async fn invited_by_address(server: &TestServer, email: &str) -> String {
    let body = json!({"email": email});
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

/// Who is signed in has as many guesses as who is not.
async fn a_wrong_secret_counts_once(server: &TestServer) {
    let path = "/login/invitation?organization=northwind&invitation=0190b0a0-0000-7000-8000-00000000000b\
                &secret=tny_mi_2C4mFeW4L2fEZBzCu9KkVA8hwy131mua4LxiNr";
    let mut browser = Browser::of(server, "dan").await;
    for guess in 1..=4 {
        assert_eq!(browser.get(path).await.status, 404, "{guess}");
    }
}

/// Who may see an invitation is not who it is for, and could only be told no.
async fn who_invites_is_not_asked(server: &TestServer) {
    let path = invited(server).await;
    let without = path.split_once("&secret=").unwrap().0;
    let mut browser = Browser::of(server, "ada").await;
    let page = browser.get(&path).await;
    assert_eq!(page.status, 404);
    assert!(
        page.text.contains("It is for k...@tenantry.example, and you are signed in as ada@"),
        "{}",
        page.text
    );
    assert!(!page.text.contains("<form") && !page.text.contains("kit"), "{}", page.text);
    // Without the secret nobody is told.
    let page = browser.get(without).await;
    assert!(page.status == 404 && page.text.contains("no open invitation here for ada@"), "{}", page.text);
    // The way on leads to the sign-in, and back.
    let onward = page.text.split("<a href=\"").nth(1).unwrap().split('"').next().unwrap();
    let page = browser.get(&super::browser::plain(onward)).await;
    let back = browser.sign_in(&page, "kit").await;
    let offer = browser.follow(&back).await;
    assert!(offer.status == 200 && offer.text.contains("invited to northwind as member"), "{}", offer.text);
}

async fn who_is_signed_in_as_somebody_else_joins_too(server: &TestServer) {
    let path = invited_by_address(server, "nell@example.org").await;
    let mut browser = Browser::of(server, "dan").await;
    let offer = browser.get(&path).await;
    assert!(offer.status == 200 && offer.text.contains("no account for nell@example.org"), "{}", offer.text);
    assert!(offer.text.contains("will be signed out"), "{}", offer.text);
    let done = browser.fill(&offer, &NEW).await;
    assert!(done.text.contains("You belong to northwind now"), "{}", done.text);
    assert!(browser.get("/login/account").await.text.contains("Nell Newcomb"));
}

const NEW: [(&str, &str); 3] =
    [("name", "Nell Newcomb"), ("password", "correct horse"), ("decision", "join")];

/// Puts the invitation of the page into a team: the path of the team.
async fn put_in_a_team(server: &TestServer, page: &str) -> String {
    const ORGANIZATION: &str = "/api/v1/organizations/northwind";
    let id = page.split("invitation=").nth(1).unwrap().split('&').next().unwrap();
    let team = json!({"title": "Newcomers"});
    let team = server.send("ada", Method::POST, &format!("{ORGANIZATION}/teams"), Some(team)).await;
    let team = team.expect(200)["name"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let team = format!("{ORGANIZATION}/teams/{team}");
    let waiting = json!({"member": format!("invitations/{id}")});
    server.send("ada", Method::POST, &format!("{team}/members"), Some(waiting)).await.expect(200);
    team
}

/// The demo lets inviters make accounts of any address, so a secret that was shown to one will do.
async fn who_has_no_account_joins_with_a_new_one(server: &TestServer) {
    let path = invited_by_address(server, "Nell@Example.org").await;
    let team = put_in_a_team(server, &path).await;
    let mut browser = Browser::new(server);
    for _ in 0..2 {
        let offer = browser.get(&path).await;
        assert_eq!(offer.status, 200, "{}", offer.text);
        assert!(offer.text.contains("invited to northwind as member"), "{}", offer.text);
        assert!(offer.text.contains("no account for Nell@Example.org yet"), "{}", offer.text);
    }
    let offer = browser.get(&path).await;
    let weak = browser.fill(&offer, &[NEW[0], ("password", "nell@example.org"), NEW[2]]).await;
    assert_eq!(weak.status, 400);
    assert!(
        weak.text.contains("role=\"alert\">password: ") && weak.text.contains("Nell Newcomb"),
        "{}",
        weak.text
    );
    let done = browser.fill(&weak, &NEW).await;
    assert!(done.text.contains("You belong to northwind now"), "{}", done.text);
    assert!(browser.get("/login/account").await.text.contains("Nell Newcomb"));
    let members = server.get("ada", &format!("{team}/members")).await.expect(200);
    assert!(members.to_string().contains("users/"), "{members}");
    let events = "SELECT count(*) FROM audit_events WHERE action = 'invitation.join'";
    assert_eq!(answer(&server.database, events), "1");
    // Nobody has shown to get what is mailed there.
    let verified = "SELECT count(*) FROM principals WHERE email_folded = 'nell@example.org' AND email_verified_at IS NULL";
    assert_eq!(answer(&server.database, verified), "1");
    // It counted once, and the account is one like any other.
    let mut other = Browser::new(server);
    let to_sign_in = other.get(&path).await;
    let page = other.follow(&to_sign_in).await;
    let back = other.fill(&page, &[("login", "nell@example.org"), NEW[1]]).await;
    assert!(other.follow(&back).await.text.contains("is over"));
}

async fn of_many_who_join_one_does(server: &TestServer) {
    let path = invited_by_address(server, "nell@example.org").await;
    let mut browsers = [Browser::new(server), Browser::new(server), Browser::new(server)];
    let mut offers = Vec::new();
    for browser in &mut browsers {
        offers.push(browser.get(&path).await);
    }
    let [first, second, third] = &mut browsers;
    let done = tokio::join!(
        first.fill(&offers[0], &NEW),
        second.fill(&offers[1], &NEW),
        third.fill(&offers[2], &NEW)
    );
    let done = [done.0, done.1, done.2];
    let joined = done.iter().filter(|answer| answer.text.contains("You belong to northwind now")).count();
    assert_eq!(joined, 1, "{:?}", done.map(|answer| answer.status));
    let made =
        answer(&server.database, "SELECT count(*) FROM principals WHERE email_folded = 'nell@example.org'");
    assert_eq!(made, "1");
}

/// Without the secret nobody learns that there is an invitation, or that an address has an account.
async fn nobody_joins_by_guessing(server: &TestServer) {
    let path = invited_by_address(server, "nell@example.org").await;
    let (before, secret) = path.split_once("&secret=").unwrap();
    let southgate = server.organization("southgate");
    let elsewhere = path.replace(&server.organization("northwind"), &southgate);
    let other = invited_by_address(server, "pat@example.org").await;
    let mixed = format!("{before}&secret={}", other.split_once("&secret=").unwrap().1);
    let mut browser = Browser::new(server);
    for path in [before, &format!("{before}&secret=tny_inv_x"), &elsewhere, &mixed, &invited(server).await] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.text);
        assert!(answer.headers["location"].to_str().unwrap().starts_with("/login?return_to="));
    }
    // A form that is none of ours makes nothing.
    let form = [("secret", secret), ("decision", "join"), ("password", "correct horse")];
    let form = form.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!(browser.post("/login/invitation", &form).await.status, 403);
    // Guesses are counted, whoever makes them.
    let offer = browser.get(&path).await;
    let mut answers = Vec::new();
    for _ in 0..8 {
        answers.push(browser.fill(&offer, &[&NEW[..], &[("secret", "tny_inv_x")]].concat()).await.status);
    }
    assert_eq!((answers[0], answers[7]), (303, 429), "{answers:?}");
}

async fn nobody_joins_by_an_offer_that_fell(server: &TestServer) {
    let northwind = server.organization("northwind");
    let body = json!({"email": "nell@example.org"});
    let invites = format!("/api/v1/organizations/{northwind}/invites");
    let made = server.send("oscar", Method::POST, &invites, Some(body)).await.expect(200);
    let link = made["link"].as_str().unwrap().strip_prefix(&server.url).unwrap().to_owned();
    let mut browser = Browser::new(server);
    let offer = browser.get(&link).await;
    let oscar = format!("/api/v1/users/{}:suspend", server.principal("oscar"));
    server.send("root", Method::POST, &oscar, None).await.expect(200);
    let refused = browser.fill(&offer, &NEW).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("may not offer this any more"), "{}", refused.text);
    let made =
        answer(&server.database, "SELECT count(*) FROM principals WHERE email_folded = 'nell@example.org'");
    assert_eq!(made, "0");
}

/// Whoever invites could else have the account of any address.
#[tokio::test]
async fn a_secret_that_was_not_mailed_proves_nothing() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let settings = Settings { add_people: AddPeople::Invite, ..demo::settings() };
        let server = TestServer::with(engine, settings);
        let path = invited_by_address(&server, "nell@example.org").await;
        let mut browser = Browser::new(&server);
        let to_sign_in = browser.get(&path).await;
        let page = browser.follow(&to_sign_in).await;
        // A known address and an unknown one get the same answer, which says what to do.
        assert!(
            page.text.contains("You are invited. Sign in") && page.text.contains("ask who runs"),
            "{}",
            page.text
        );
    }
}

/// The same server with mail: the link that comes by it makes the account, and proves its address.
#[tokio::test]
async fn a_mailed_secret_proves_the_address() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let mailbox = Mailbox::refusing(0).await;
        let server = TestServer::mailing(engine, mailbox.server());
        let body = json!({"email": "nell@example.org"});
        let invites = "/api/v1/organizations/northwind/invites";
        let made = server.send("ada", Method::POST, invites, Some(body)).await.expect(200);
        assert!(made["secret"].is_null() && made["link"].is_null(), "{made}");
        let mail = mailbox.mails(1).await.remove(0);
        let mail = mail.replace("=\n", "").replace("=3D", "=");
        let path = mail.split_once(&server.url).unwrap().1.split_whitespace().next().unwrap();
        assert!(path.contains("&secret=tny_mi_"), "{path}");
        let mut browser = Browser::new(&server);
        let offer = browser.get(path).await;
        let done = browser.fill(&offer, &NEW).await;
        assert!(done.text.contains("You belong to northwind now"), "{}", done.text);
        let verified = "SELECT count(*) FROM principals WHERE email_folded = 'nell@example.org' AND email_verified_at > 0";
        assert_eq!(answer(&server.database, verified), "1");
    }
}
