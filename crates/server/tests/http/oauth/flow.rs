//! From the question of a client to its tokens, and to their end.

use serde_json::{Value, json};

use super::browser::Browser;
use super::{App, CALLBACK, VERIFIER, parameter};
use crate::harness::{Answer, TestServer, both, client};

both!(
    a_person_signs_in_and_allows_a_client,
    a_client_is_answered_what_is_wrong,
    nobody_is_sent_to_an_unknown_address,
    what_was_allowed_is_not_asked_for_again,
    of_many_who_spend_a_code_one_gets_tokens,
    a_client_proves_itself_in_one_way,
    tokens_for_another_resource_are_signed,
    signed_tokens_are_told_and_ended,
    who_cannot_refresh_gets_no_refresh_token,
    a_wrong_resource_spends_nothing,
    arrays_are_no_clients,
    what_does_not_fit_a_client_is_said_in_words_of_registration,
    a_client_signs_somebody_out,
    another_kind_of_token_is_none,
);

async fn post(server: &TestServer, app: &App, path: &str, form: &[(&str, &str)]) -> Answer {
    let request = client().post(format!("{}{path}", server.url)).form(form);
    Answer::of(request.basic_auth(&app.id, Some(&app.secret))).await
}

/// The claims of a token, past its signature.
pub(super) fn claims(token: &str) -> Value {
    use base64::Engine;
    let part = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

async fn a_person_signs_in_and_allows_a_client(server: &TestServer) {
    let app = App::new(server).await;
    let mut browser = Browser::new(server);
    let to_sign_in = browser.get(&app.question(&[])).await;
    let page = browser.follow(&to_sign_in).await;
    let back = browser.sign_in(&page, "ben").await;
    let consent = browser.follow(&back).await;
    assert_eq!(consent.status, 200);
    assert!(consent.text.contains("Allow App?") && consent.text.contains("app.example"), "{}", consent.text);
    assert!(
        consent.headers["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("form-action 'self' https://app.example")
    );
    let evil = [("return_to", "/oauth2/authorize?redirect_uri=https%3A%2F%2Fevil.example%2F")];
    let page = browser.get(&format!("/login?{}", tenantry_http::encode_query(evil))).await;
    assert!(!page.headers["content-security-policy"].to_str().unwrap().contains("evil"));
    let answer = browser.fill(&consent, &[("decision", "allow")]).await;
    assert_eq!(
        (parameter(&answer, "state"), parameter(&answer, "iss")),
        ("s&t".to_owned(), server.url.clone())
    );
    assert!(answer.headers["location"].to_str().unwrap().starts_with(CALLBACK));

    let answer = app.redeem(server, &parameter(&answer, "code")).await;
    let tokens = answer.expect(200);
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert_eq!(tokens["scope"], "openid profile email offline_access api");
    let said = claims(tokens["id_token"].as_str().unwrap());
    let ben = server.principal("ben");
    assert_eq!((&said["iss"], &said["sub"]), (&json!(server.url), &json!(ben)));
    assert_eq!((&said["aud"], &said["nonce"]), (&json!(app.id), &json!("n")));
    assert_eq!(said["email"], "ben@tenantry.example");

    let access = tokens["access_token"].as_str().unwrap();
    let info = server.get(access, "/oauth2/userinfo").await.expect(200);
    assert_eq!((&info["sub"], &info["preferred_username"]), (&json!(ben), &json!("ben")));
    server.get(access, "/api/v1/me/organizations").await.expect(200);

    let refresh = tokens["refresh_token"].as_str().unwrap();
    let told = post(server, &app, "/oauth2/introspect", &[("token", refresh)]).await.expect(200);
    assert_eq!(
        (&told["active"], &told["client_id"], &told["sub"]),
        (&json!(true), &json!(app.id), &json!(ben))
    );
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh), ("scope", "openid")];
    let next = app.ask(server, &form).await.expect(200);
    assert_eq!(next["scope"], "openid");
    assert_eq!(server.get(next["access_token"].as_str().unwrap(), "/api/v1/me").await.status, 403);
    let narrow = next["access_token"].as_str().unwrap();
    assert_eq!(server.get(narrow, "/oauth2/userinfo").await.expect(200), json!({"sub": ben}));
    let wider = [("grant_type", "refresh_token"), ("refresh_token", refresh), ("scope", "api.read")];
    assert_eq!(app.ask(server, &wider).await.expect(400)["error"], "invalid_scope");

    let refresh = next["refresh_token"].as_str().unwrap();
    post(server, &app, "/oauth2/revoke", &[("token", refresh)]).await.expect(200);
    assert_eq!(
        post(server, &app, "/oauth2/introspect", &[("token", access)]).await.expect(200),
        json!({"active": false})
    );
    assert_eq!(server.get(access, "/api/v1/me").await.status, 401);
}

async fn a_client_is_answered_what_is_wrong(server: &TestServer) {
    let app = App::new(server).await;
    let mut browser = Browser::of(server, "ben").await;
    for (change, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", ""), "unsupported_response_type"),
        (("response_mode", "fragment"), "invalid_request"),
        (("scope", "openid admin"), "invalid_scope"),
        (("scope", ""), "invalid_scope"),
        (("scope", "api.read"), "invalid_scope"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
        (("resource", "https://other.example/"), "invalid_target"),
        (("request", "x.y.z"), "request_not_supported"),
        (("request_uri", "https://app.example/r"), "request_uri_not_supported"),
        (("prompt", "none"), "consent_required"),
    ] {
        let answer = browser.get(&app.question(&[change])).await;
        assert_eq!(parameter(&answer, "error"), error, "{change:?}");
        assert_eq!(
            (parameter(&answer, "state"), parameter(&answer, "iss")),
            ("s&t".to_owned(), server.url.clone())
        );
    }
    let silent = Browser::new(server).get(&app.question(&[("prompt", "none")])).await;
    assert_eq!(parameter(&silent, "error"), "login_required");
    let page = browser.get(&app.question(&[])).await;
    let denied = browser.fill(&page, &[("decision", "deny")]).await;
    assert_eq!(parameter(&denied, "error"), "access_denied");
    let again = browser.get(&app.question(&[("prompt", "login")])).await;
    assert!(again.headers["location"].to_str().unwrap().starts_with("/login?"));
    let page = browser.follow(&again).await;
    let back = browser.sign_in(&page, "ben").await;
    assert_eq!(browser.follow(&back).await.status, 200, "nobody signs in twice for one question");
    for demand in [("prompt", "login consent"), ("max_age", "0")] {
        let again = browser.get(&app.question(&[demand])).await;
        let page = browser.follow(&again).await;
        assert!(!page.text.contains("Continue"), "there is no way around: {}", page.text);
        let back = browser.sign_in(&page, "ben").await;
        assert_eq!(browser.follow(&back).await.status, 200, "{demand:?}");
    }
    let answer = browser.get(&app.question(&[("max_age", "-1")])).await;
    assert_eq!(parameter(&answer, "error"), "invalid_request");
}

async fn nobody_is_sent_to_an_unknown_address(server: &TestServer) {
    let app = App::new(server).await;
    let mut browser = Browser::of(server, "ben").await;
    for change in [
        ("client_id", "nobody"),
        ("client_id", ""),
        ("redirect_uri", ""),
        ("redirect_uri", "https://app.example/callback/"),
        ("redirect_uri", "https://evil.example/callback"),
        ("redirect_uri", "https://app.example/callback#x"),
        ("redirect_uri", "javascript:alert(1)"),
    ] {
        let answer = browser.get(&app.question(&[change])).await;
        assert_eq!(answer.status, 400, "{change:?}");
        assert!(answer.headers.get("location").is_none());
    }
    let twice = format!("{}&redirect_uri=https%3A%2F%2Fevil.example", app.question(&[]));
    assert_eq!(browser.get(&twice).await.status, 400);
}

async fn what_was_allowed_is_not_asked_for_again(server: &TestServer) {
    let app = App::new(server).await;
    let mut browser = Browser::of(server, "cleo").await;
    app.redeem(server, &app.code(&mut browser).await).await.expect(200);
    let again = browser.get(&app.question(&[("prompt", "none")])).await;
    app.redeem(server, &parameter(&again, "code")).await.expect(200);
    assert_eq!(browser.get(&app.question(&[("prompt", "consent")])).await.status, 200);
    // A public client may be anybody, so it is asked each time.
    let public = App::with(server, json!({"token_endpoint_auth_method": "none"})).await;
    public.code(&mut browser).await;
    assert_eq!(browser.get(&public.question(&[])).await.status, 200);
}

async fn of_many_who_spend_a_code_one_gets_tokens(server: &TestServer) {
    let app = App::new(server).await;
    let mut browser = Browser::of(server, "ben").await;
    let spendable = app.code(&mut browser).await;
    let all = futures_util::future::join_all((0..6).map(|_| app.redeem(server, &spendable))).await;
    let good = all.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(good, 1);
    for answer in all.iter().filter(|answer| answer.status != 200) {
        assert_eq!(answer.expect(400)["error"], "invalid_grant");
    }
}

async fn a_client_proves_itself_in_one_way(server: &TestServer) {
    let app = App::new(server).await;
    let other = App::new(server).await;
    let public = App::with(server, json!({"token_endpoint_auth_method": "none"})).await;
    let grant = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let url = format!("{}/oauth2/token", server.url);
    let with = |more: &[(&str, &str)]| client().post(&url).form(&[&grant[..], more].concat());
    let (id, secret) = (app.id.as_str(), app.secret.as_str());
    let refused = [
        (with(&[("client_id", id)]), 401),
        (with(&[("client_id", id), ("client_secret", "x")]), 401),
        (with(&[("client_id", id), ("client_secret", &other.secret)]), 401),
        (with(&[("client_id", "nobody"), ("client_secret", secret)]), 401),
        (with(&[("client_id", &public.id), ("client_secret", secret)]), 401),
        (with(&[]).basic_auth(id, Some("x")), 401),
        (with(&[]).bearer_auth(server.token("root")), 401),
        (with(&[("client_secret", secret)]).basic_auth(id, Some(secret)), 400),
        (with(&[("client_id", &other.id)]).basic_auth(id, Some(secret)), 400),
        (with(&[]), 400),
    ];
    for (at, (request, status)) in refused.into_iter().enumerate() {
        let answer = Answer::of(request).await;
        let error = if status == 401 { "invalid_client" } else { "invalid_request" };
        assert_eq!((answer.status, &answer.json()["error"]), (status, &json!(error)), "{at}");
        assert_eq!(answer.headers.contains_key("www-authenticate"), status == 401);
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
    let proven = [
        with(&[("client_id", id), ("client_secret", secret)]),
        with(&[]).basic_auth(id, Some(secret)),
        with(&[("client_id", &public.id)]),
    ];
    for request in proven {
        assert_eq!(Answer::of(request).await.expect(400)["error"], "invalid_grant");
    }
    // Introspection tells nobody who has no secret.
    let asked = client().post(format!("{}/oauth2/introspect", server.url));
    let asked = asked.form(&[("token", "x"), ("client_id", &public.id)]);
    assert_eq!(Answer::of(asked).await.expect(401)["error"], "invalid_client");
    let nothing =
        client().post(&url).form(&[("grant_type", "password"), ("client_id", id), ("client_secret", secret)]);
    assert_eq!(Answer::of(nothing).await.expect(400)["error"], "unsupported_grant_type");
    let credentials = app.ask(server, &[("grant_type", "client_credentials")]).await;
    assert_eq!(credentials.expect(400)["error"], "unauthorized_client");
    let account = &server.estate.service_accounts[0];
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &account.client_id),
        ("client_secret", &account.client_secret),
    ];
    let token = Answer::of(client().post(&url).form(&form)).await.expect(200);
    server.get(token["access_token"].as_str().unwrap(), "/api/v1/me").await.expect(200);
}

async fn tokens_for_another_resource_are_signed(server: &TestServer) {
    let app = App::with(server, json!({"audiences": ["https://other.example/"]})).await;
    let mut browser = Browser::of(server, "ben").await;
    let page = browser.get(&app.question(&[("resource", "https://other.example/")])).await;
    let answer = browser.fill(&page, &[("decision", "allow")]).await;
    let tokens = app.redeem(server, &parameter(&answer, "code")).await.expect(200);
    let access = tokens["access_token"].as_str().unwrap();
    // What was allowed there was not allowed here.
    let elsewhere = browser.get(&app.question(&[("prompt", "none")])).await;
    assert_eq!(parameter(&elsewhere, "error"), "consent_required");
    let token = tokens["refresh_token"].as_str().unwrap();
    let evil = ("resource", "https://evil.example/");
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", token), evil];
    assert_eq!(app.ask(server, &refresh).await.expect(400)["error"], "invalid_target");
    let said = claims(access);
    assert_eq!((&said["aud"], &said["client_id"]), (&json!("https://other.example/"), &json!(app.id)));
    assert!(said["jti"].is_string() && said["sub"] == json!(server.principal("ben")));
    let header = jsonwebtoken::decode_header(access).unwrap();
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    // It verifies with the published key, and is good for nothing here.
    let keys = server.get("", "/oauth2/jwks").await.expect(200);
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_value(keys).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(set.find(header.kid.as_deref().unwrap()).unwrap()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    validation.set_audience(&["https://other.example/"]);
    validation.set_issuer(&[&server.url]);
    jsonwebtoken::decode::<Value>(access, &key, &validation).unwrap();
    assert_eq!(server.get(access, "/api/v1/me").await.status, 401);
}

async fn signed_tokens_are_told_and_ended(server: &TestServer) {
    let resource = "https://other.example/";
    let app = App::with(server, json!({"audiences": [resource]})).await;
    let other = App::new(server).await;
    let mut browser = Browser::of(server, "ben").await;
    let page = browser.get(&app.question(&[("resource", resource)])).await;
    let answer = browser.fill(&page, &[("decision", "allow")]).await;
    let tokens = app.redeem(server, &parameter(&answer, "code")).await.expect(200);
    let access = tokens["access_token"].as_str().unwrap();
    let form = [("token", access)];
    let told = post(server, &app, "/oauth2/introspect", &form).await.expect(200);
    let said = claims(access);
    let expected = json!({
        "active": true, "scope": tokens["scope"], "client_id": app.id, "username": "ben", "token_type": "Bearer",
        "sub": server.principal("ben"), "iss": server.url, "aud": resource, "exp": said["exp"], "iat": said["iat"],
    });
    assert_eq!(told, expected);
    // Neither another client's, nor another kind of what this server signs, nor with another signature.
    let inactive = json!({"active": false});
    assert_eq!(post(server, &other, "/oauth2/introspect", &form).await.expect(200), inactive);
    post(server, &other, "/oauth2/revoke", &form).await.expect(200);
    let (unsigned, _) = access.rsplit_once('.').unwrap();
    let (_, signature) = tokens["id_token"].as_str().unwrap().rsplit_once('.').unwrap();
    let forged = format!("{unsigned}.{signature}");
    for token in [tokens["id_token"].as_str().unwrap(), &forged] {
        let form = [("token", token)];
        assert_eq!(post(server, &app, "/oauth2/introspect", &form).await.expect(200), inactive);
        post(server, &app, "/oauth2/revoke", &form).await.expect(200);
    }
    assert_eq!(post(server, &app, "/oauth2/introspect", &form).await.expect(200), expected);
    // It cannot be ended itself; what it came of is.
    post(server, &app, "/oauth2/revoke", &form).await.expect(200);
    assert_eq!(post(server, &app, "/oauth2/introspect", &form).await.expect(200), inactive);
    let refresh =
        [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    assert_eq!(app.ask(server, &refresh).await.expect(400)["error"], "invalid_grant");
}

async fn who_cannot_refresh_gets_no_refresh_token(server: &TestServer) {
    let app = App::with(server, json!({"grant_types": ["authorization_code"], "scope": null})).await;
    let registered = server.get("root", &format!("/oauth2/register/{}", app.id)).await.expect(200);
    assert_eq!(registered["scope"], "openid profile email");
    let mut browser = Browser::of(server, "ben").await;
    let page = browser.get(&app.question(&[("scope", "openid offline_access")])).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("Know who you are") && !page.text.contains("while you are away"));
    let answer = browser.fill(&page, &[("decision", "allow")]).await;
    let tokens = app.redeem(server, &parameter(&answer, "code")).await.expect(200);
    assert_eq!((&tokens["scope"], tokens.get("refresh_token")), (&json!("openid"), None));
    // It is remembered as what it is.
    let again = browser.get(&app.question(&[("scope", "openid offline_access"), ("prompt", "none")])).await;
    assert!(!parameter(&again, "code").is_empty());
}

async fn a_client_signs_somebody_out(server: &TestServer) {
    let app = App::new(server).await;
    let mut browser = Browser::of(server, "ben").await;
    let tokens = app.redeem(server, &app.code(&mut browser).await).await.expect(200);
    let hint = tokens["id_token"].as_str().unwrap();
    let asked = |more: &[(&str, &str)]| {
        let pairs = [&[("id_token_hint", hint), ("state", "x")], more].concat();
        format!("/oauth2/logout?{}", tenantry_http::encode_query(pairs))
    };
    let evil = browser.get(&asked(&[("post_logout_redirect_uri", "https://evil.example/")])).await;
    assert_eq!((evil.status, evil.headers.get("location")), (400, None));
    let page = browser.get(&asked(&[("post_logout_redirect_uri", "https://app.example/out")])).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert_eq!(browser.get("/login/account").await.status, 200, "asking ends nothing");
    let before = browser.cookies.clone();
    let gone = browser.fill(&page, &[]).await;
    assert_eq!(gone.headers["location"], "https://app.example/out?state=x");
    assert_eq!(browser.get("/login/account").await.status, 303);
    browser.cookies = before;
    assert_eq!(browser.get("/login/account").await.status, 303, "the session is gone, not only its cookie");
}

async fn another_kind_of_token_is_none(server: &TestServer) {
    let app = App::new(server).await;
    let mut browser = Browser::of(server, "ben").await;
    let tokens = app.redeem(server, &app.code(&mut browser).await).await.expect(200);
    let cookie = browser.cookies["__Host-tenantry"].clone();
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    for token in [text("id_token"), text("refresh_token"), cookie, app.secret.clone(), VERIFIER.to_owned()] {
        for path in ["/oauth2/userinfo", "/api/v1/me", "/organizations", "/api/v1/org/northwind/ws"] {
            assert_eq!(server.get(&token, path).await.status, 401, "{path}");
        }
    }
    let info = server.get(server.token("ben"), "/oauth2/userinfo").await;
    assert_eq!(info.headers["www-authenticate"], "Bearer error=\"insufficient_scope\"");
    assert_eq!(info.status, 403);
}

/// What was refused for its resource can be asked again for the right one.
async fn a_wrong_resource_spends_nothing(server: &TestServer) {
    let app = App::new(server).await;
    let mut browser = Browser::of(server, "ben").await;
    let code = app.code(&mut browser).await;
    let evil = ("resource", "https://evil.example/");
    let redeem = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    for _ in 0..2 {
        let refused = app.ask(server, &[&redeem[..], &[evil]].concat()).await;
        assert_eq!(refused.expect(400)["error"], "invalid_target");
    }
    let own = ("resource", server.url.as_str());
    let tokens = app.ask(server, &[&redeem[..], &[own]].concat()).await.expect(200);
    let token = tokens["refresh_token"].as_str().unwrap();
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let refused = app.ask(server, &[&refresh[..], &[evil]].concat()).await;
    assert_eq!(refused.expect(400)["error"], "invalid_target");
    // The one that a refused request showed was not exchanged: it is introspected as active.
    let told = post(server, &app, "/oauth2/introspect", &[("token", token)]).await.expect(200);
    assert_eq!(told["active"], true);
    app.ask(server, &refresh).await.expect(200);
    let account = &server.estate.service_accounts[0];
    let service = App { id: account.client_id.clone(), secret: account.client_secret.clone() };
    let refused = service.ask(server, &[("grant_type", "client_credentials"), evil]).await;
    assert_eq!(refused.expect(400)["error"], "invalid_target");
}

async fn arrays_are_no_clients(server: &TestServer) {
    let array = json!(["App", ["https://app.example/callback"], [], null, null, null, null, []]);
    let answer = server.send("root", reqwest::Method::POST, "/oauth2/register", Some(array)).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert!(answer.text.contains("expected an object"), "{}", answer.text);
}

/// RFC 7591, section 3.2.2.
async fn what_does_not_fit_a_client_is_said_in_words_of_registration(server: &TestServer) {
    let register = async |who: &str, metadata: Value| {
        server.send(who, reqwest::Method::POST, "/oauth2/register", Some(metadata)).await
    };
    let uris = json!(["https://app.example/callback"]);
    for (member, unfit) in [
        ("redirect_uris", json!(7)),
        ("client_name", json!("x".repeat(61))),
        ("grant_types", json!(["password"])),
        ("response_types", json!(["token"])),
        ("token_endpoint_auth_method", json!("private_key_jwt")),
        ("scope", json!("everything")),
        ("audiences", json!(["x"])),
    ] {
        let mut metadata = json!({"redirect_uris": uris});
        metadata[member] = unfit;
        let refused = register("root", metadata.clone()).await.expect(400);
        assert_eq!(refused["error"], "invalid_client_metadata", "{member}: {refused}");
        // Who may not register any hears that first.
        register("ada", metadata).await.expect(403);
    }
    let refused = register("root", json!({"redirect_uris": ["x"]})).await.expect(400);
    assert_eq!(refused["error"], "invalid_redirect_uri");
    let made = register("root", json!({"redirect_uris": uris})).await.expect(201);
    assert_eq!(made["client_name"], made["client_id"]);
}
