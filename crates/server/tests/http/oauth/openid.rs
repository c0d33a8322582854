//! What OpenID Connect adds to questions and answers.

use reqwest::Method;
use serde_json::{Value, json};
use tenantry_core::settings::Settings;
use tenantry_server::demo;
use tenantry_testkit::estate::answer;

use super::browser::Browser;
use super::{App, parameter};
use crate::harness::{Answer, Engine, TestServer, both, both_alone, client};

both!(a_question_about_somebody_is_answered_for_nobody_else, a_question_may_come_as_a_form);
both_alone!(it_is_told_whether_an_address_is_proved, another_server_of_ours_believes_it);

/// What a client got for who is signed in.
async fn tokens(server: &TestServer, app: &App, browser: &mut Browser<'_>) -> Value {
    app.redeem(server, &app.code(browser).await).await.expect(200)
}

/// Core, section 3.1.2.1: whom the client means is signed in, or signs in now, or the client is told that nobody did.
async fn a_question_about_somebody_is_answered_for_nobody_else(server: &TestServer) {
    let app = App::new(server).await;
    let mut ada = Browser::of(server, "ada").await;
    let of_ada = tokens(server, &app, &mut ada).await;
    let of_ada = of_ada["id_token"].as_str().unwrap();
    let mut ben = Browser::of(server, "ben").await;
    tokens(server, &app, &mut ben).await;
    let silent = [("prompt", "none"), ("id_token_hint", of_ada)];
    parameter(&ada.get(&app.question(&silent)).await, "code");
    let refused = ben.get(&app.question(&silent)).await;
    assert_eq!(parameter(&refused, "error"), "login_required");
    // Another client's token, and what is none, says of nobody that they are meant.
    let other = App::new(server).await;
    let of_other = tokens(server, &other, &mut ada).await;
    for hint in [of_other["id_token"].as_str().unwrap(), "nonsense"] {
        let refused = ada.get(&app.question(&[("prompt", "none"), ("id_token_hint", hint)])).await;
        assert_eq!(parameter(&refused, "error"), "login_required", "{hint}");
        parameter(&ada.get(&app.question(&[("id_token_hint", hint)])).await, "code");
    }
    // Who is asked aloud signs in as who is meant; who signs in as somebody else is not asked for ever.
    let question = app.question(&[("id_token_hint", of_ada)]);
    let to_sign_in = ben.get(&question).await;
    let page = ben.follow(&to_sign_in).await;
    assert!(page.status == 200 && !page.text.contains("Continue"), "{}", page.text);
    let mut again = Browser::of(server, "ben").await;
    let same = again.get(&question).await;
    let same = again.follow(&same).await;
    let back = again.sign_in(&same, "ben").await;
    let refused = again.follow_anywhere(&back).await;
    assert_eq!(parameter(&refused, "error"), "login_required");
    let back = ben.sign_in(&page, "ada").await;
    parameter(&ben.follow_anywhere(&back).await, "code");
}

/// Core, section 3.1.2.1 demands GET and POST. The form is another site's, so that browsers withhold the session.
async fn a_question_may_come_as_a_form(server: &TestServer) {
    let app = App::new(server).await;
    let question = app.question(&[]);
    let query = question.split_once('?').unwrap().1;
    let request = client()
        .post(format!("{}/oauth2/authorize", server.url))
        .header("origin", "https://app.example")
        .header("sec-fetch-site", "cross-site")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(query.to_owned());
    let sent = Answer::of(request).await;
    let mut browser = Browser::of(server, "ben").await;
    let page = browser.follow(&sent).await;
    assert!(page.status == 200 && page.text.contains("Allow App?"), "{}", page.text);
    // An answer is a form of ours alone.
    for more in ["&decision=allow", "&form_token=x", "&decision=allow&form_token=x"] {
        let request = client()
            .post(format!("{}/oauth2/authorize", server.url))
            .header("origin", &server.url)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("{query}{more}"));
        assert_eq!(browser.send(request).await.status, 403, "{more}");
    }
}

/// Core, section 5.1.
async fn it_is_told_whether_an_address_is_proved(server: &TestServer) {
    let app = App::new(server).await;
    for proved in [false, true] {
        if proved {
            let prove = "UPDATE principals SET email_verified_at = 1 WHERE username = 'ben'";
            answer(&server.database, prove);
        }
        let mut ben = Browser::of(server, "ben").await;
        let tokens = tokens(server, &app, &mut ben).await;
        let said = super::flow::claims(tokens["id_token"].as_str().unwrap());
        assert_eq!(
            (&said["email"], &said["email_verified"]),
            (&json!("ben@tenantry.example"), &json!(proved))
        );
        let access = tokens["access_token"].as_str().unwrap();
        let info = server.get(access, "/oauth2/userinfo").await.expect(200);
        assert_eq!(info["email_verified"], json!(proved));
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
            ("scope", "openid profile api"),
        ];
        let narrower = app.ask(server, &form).await.expect(200);
        let info =
            server.get(narrower["access_token"].as_str().unwrap(), "/oauth2/userinfo").await.expect(200);
        assert!(info.get("email").is_none() && info.get("email_verified").is_none(), "{info}");
    }
    let told = server.get("", "/.well-known/openid-configuration").await.expect(200);
    assert!(told["claims_supported"].as_array().unwrap().contains(&json!("email_verified")));
}

/// A server that trusts this one as an issuer lets in who has proved the address here, and nobody else.
async fn another_server_of_ours_believes_it(server: &TestServer) {
    let there = TestServer::with(
        Engine::Sqlite,
        Settings { outbound_allow: vec![server.url.clone()], ..demo::settings() },
    );
    let callback = format!("{}/login/issuer/callback", there.url);
    let app = App::with(server, json!({"redirect_uris": [callback]})).await;
    let issuer = json!({
        "url": server.url, "title": "Home", "client_id": app.id, "client_secret": app.secret,
        "domains": ["corp.example"], "admits_newcomers": true,
    });
    let issuer = there.send("root", Method::POST, "/api/v1/issuers", Some(issuer)).await.expect(200);
    let issuer = issuer["name"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let mut here = Browser::of(server, "ben").await;
    let ben = format!("/api/v1/users/{}", server.principal("ben"));
    let email = json!({"email": "ben@corp.example"});
    server.send("root", Method::PATCH, &ben, Some(email)).await.expect(200);
    for status in [403, 303] {
        if status == 303 {
            let prove = "UPDATE principals SET email_verified_at = 1 WHERE username = 'ben'";
            answer(&server.database, prove);
        }
        let mut away = Browser::new(&there);
        let departure = away.get(&format!("/login/issuer?issuer={issuer}")).await;
        let to = departure.headers["location"].to_str().unwrap().to_owned();
        let asked = here.get(to.strip_prefix(&server.url).unwrap()).await;
        let back =
            if asked.status == 200 { here.fill(&asked, &[("decision", "allow")]).await } else { asked };
        let back = back.headers["location"].to_str().unwrap().to_owned();
        let arrived = away.get(back.strip_prefix(&there.url).unwrap()).await;
        assert_eq!(arrived.status, status, "{}", arrived.text);
    }
    let made = "SELECT COUNT(*) FROM principals WHERE email = 'ben@corp.example' AND email_verified_at > 0";
    assert_eq!(answer(&there.database, made), "1");
}
