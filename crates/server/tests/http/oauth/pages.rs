//! The pages themselves: what they refuse, and what they never do.

use std::collections::BTreeMap;
use std::sync::Arc;

use tenantry_http::{Limits, Served};
use tenantry_server::keys::MasterKey;
use tenantry_server::serve::app;
use tenantry_server::world::SystemEntropy;

use super::App;
use super::browser::{Browser, between, plain};
use crate::harness::{Answer, Engine, TestServer, both, both_alone, client};

both!(
    forms_are_taken_from_our_own_pages_only,
    a_wrong_password_and_an_unknown_name_look_alike,
    without_mail_who_forgot_a_password_is_told_whom_to_ask,
    nobody_is_sent_elsewhere_after_a_sign_in,
    pages_allow_nothing_from_elsewhere,
    answers_are_for_nobody_else_s_pages,
    a_session_and_a_token_do_not_go_together,
    signing_in_gives_another_session,
);
both_alone!(
    looking_changes_nothing,
    sessions_are_ended_on_their_page,
    a_password_of_somebody_else_s_choice_is_changed_first,
);

fn fields(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn forms_are_taken_from_our_own_pages_only(server: &TestServer) {
    let mut victim = Browser::new(server);
    let page = victim.get("/login").await;
    let token = between(&page.text, "name=\"form_token\" value=\"", "\"").unwrap().to_owned();
    let ada = server.estate.people.iter().find(|person| person.username == "ada").unwrap();
    let form = fields(&[("login", "ada"), ("password", &ada.password), ("form_token", &token)]);
    let url = format!("{}/login", server.url);
    let own = [("origin", server.url.as_str()), ("sec-fetch-site", "same-origin")];
    // From another site, as browsers tell it.
    for headers in [
        [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
        [("origin", "null"), ("sec-fetch-site", "cross-site")],
        [("origin", server.url.as_str()), ("sec-fetch-site", "same-site")],
    ] {
        let mut request = client().post(&url).form(&form);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        assert_eq!(victim.send(request).await.status, 403, "{headers:?}");
    }
    // Without the token, with somebody else's, and without the cookie that it is bound to.
    let mut attacker = Browser::new(server);
    let other = attacker.get("/login").await;
    let stolen = between(&other.text, "name=\"form_token\" value=\"", "\"").unwrap();
    for token in ["", stolen] {
        let form = fields(&[("login", "ada"), ("password", &ada.password), ("form_token", token)]);
        assert_eq!(victim.post("/login", &form).await.status, 403);
    }
    assert_eq!(Browser::new(server).post("/login", &form).await.status, 403);
    // A page may withhold where it is: then the token alone counts.
    let withheld = client().post(&url).form(&form).header("origin", "null").header(own[1].0, own[1].1);
    assert_eq!(victim.send(withheld).await.status, 303);
}

async fn a_wrong_password_and_an_unknown_name_look_alike(server: &TestServer) {
    let mut seen = Vec::new();
    for login in ["ada", "nobody"] {
        let mut browser = Browser::new(server);
        let page = browser.get("/login").await;
        let answer = browser.fill(&page, &[("login", login), ("password", "wrong horse")]).await;
        assert_eq!(answer.status, 401);
        assert!(!browser.cookies.contains_key("__Host-tenantry"));
        let token = between(&answer.text, "name=\"form_token\" value=\"", "\"").unwrap();
        seen.push(answer.text.replace(token, "").replace(login, ""));
    }
    assert_eq!(seen[0], seen[1]);
    assert!(seen[0].contains("role=\"alert\""));
}

/// Whoever waits for a mail that never comes is told so, with an account or without.
async fn without_mail_who_forgot_a_password_is_told_whom_to_ask(server: &TestServer) {
    let mut browser = Browser::new(server);
    let shown = browser.get("/login/reset").await;
    assert!(shown.status == 200 && shown.text.contains("This server sends no mail"), "{}", shown.text);
    let token =
        between(&browser.get("/login").await.text, "name=\"form_token\" value=\"", "\"").unwrap().to_owned();
    for login in ["ada", "nobody"] {
        let form = [("form_token", token.as_str()), ("login", login)];
        let form = form.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        assert_eq!(browser.post("/login/reset", &form).await.text, shown.text);
    }
}

async fn nobody_is_sent_elsewhere_after_a_sign_in(server: &TestServer) {
    for to in ["https://evil.example/", "//evil.example", "/%5Cevil.example", "/login/%0d%0aset-cookie:x=y"] {
        let mut browser = Browser::new(server);
        let page = browser.get(&format!("/login?return_to={to}")).await;
        let answer = browser.sign_in(&page, "ben").await;
        assert_eq!(answer.headers["location"], "/login/account", "{to}");
    }
}

async fn pages_allow_nothing_from_elsewhere(server: &TestServer) {
    let app = App::new(server).await;
    let mut browser = Browser::of(server, "ben").await;
    let question = app.question(&[]);
    for path in
        ["/login", "/login/account", "/login/nothing", "/oauth2/logout", "/oauth2/authorize", &question]
    {
        let page = browser.get(path).await;
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(page.headers["x-content-type-options"], "nosniff");
        assert_eq!(page.headers["cache-control"], "no-store");
        assert!(
            !page.text.contains("<script") && !page.text.contains(" style=") && !page.text.contains(" on"),
            "{path}"
        );
    }
}

/// No page of another site reads an answer, of any API.
async fn answers_are_for_nobody_else_s_pages(server: &TestServer) {
    let paths = [
        "/api/v1/me",
        "/workspace/orgs",
        "/organizations",
        "/api/v1/user",
        "/oauth2/token",
        "/oauth2/userinfo",
        "/oauth2/jwks",
        "/.well-known/openid-configuration",
        "/login",
    ];
    for path in paths {
        for method in [reqwest::Method::GET, reqwest::Method::OPTIONS] {
            let request = client().request(method.clone(), format!("{}{path}", server.url));
            let request = request.header("origin", "https://evil.example").bearer_auth(server.token("ben"));
            let request = request.header("access-control-request-method", "POST");
            let answer = Answer::of(request).await;
            let told = answer.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
            assert_eq!(told, None, "{method} {path}");
        }
    }
}

async fn a_session_and_a_token_do_not_go_together(server: &TestServer) {
    let mut browser = Browser::of(server, "ben").await;
    let both = client().get(format!("{}/login/account", server.url)).bearer_auth(server.token("ada"));
    assert_eq!(browser.send(both).await.status, 400);
    // No API knows a session: neither alone nor beside a token, which speaks for itself.
    let evo = format!("/workspace/orgs/{}/workspaces", server.organization("northwind"));
    for path in ["/api/v1/me", "/users/me", "/api/v1/user", &evo] {
        assert_eq!(browser.get(path).await.status, 401, "{path}");
        let both = client().get(format!("{}{path}", server.url)).bearer_auth(server.token("ada"));
        let both = browser.send(both).await;
        assert_eq!((both.status, &both.text), (200, &server.get("ada", path).await.text), "{path}");
    }
    assert_eq!(browser.get("/oauth2/userinfo").await.status, 401);
}

async fn signing_in_gives_another_session(server: &TestServer) {
    let mut browser = Browser::of(server, "ben").await;
    let first = browser.cookies["__Host-tenantry"].clone();
    let page = browser.get("/login").await;
    assert!(page.text.contains("You are signed in as"));
    browser.sign_in(&page, "cleo").await;
    assert_ne!(browser.cookies["__Host-tenantry"], first);
    let mut old = Browser::new(server);
    old.cookies.insert("__Host-tenantry".to_owned(), first);
    assert_eq!(old.get("/login/account").await.status, 303);
}

async fn looking_changes_nothing(server: &TestServer) {
    let app = App::new(server).await;
    let mut browser = Browser::of(server, "ben").await;
    let count = || tenantry_testkit::estate::answer(&server.database, "SELECT COUNT(*) FROM audit_events");
    let before = count();
    for path in ["/login", "/login/account", "/oauth2/logout", &app.question(&[]), "/oauth2/jwks"] {
        assert_eq!(browser.get(path).await.status, 200, "{path}");
    }
    assert_eq!(count(), before);
}

async fn sessions_are_ended_on_their_page(server: &TestServer) {
    let app = App::new(server).await;
    let mut here = Browser::of(server, "ben").await;
    let mut there = Browser::of(server, "ben").await;
    let tokens = app.redeem(server, &app.code(&mut here).await).await.expect(200);
    let access = tokens["access_token"].as_str().unwrap();
    let page = here.get("/login/account").await;
    assert!(page.text.contains("(this browser)") && page.text.contains("App"), "{}", page.text);
    let token = between(&page.text, "name=\"form_token\" value=\"", "\"").unwrap().to_owned();
    let ids: Vec<_> =
        page.text.split("name=\"id\" value=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let [other, "others"] = ids[..] else { panic!("{ids:?}") };
    let end = |id: &str| fields(&[("form_token", &token), ("id", id)]);
    assert_eq!(here.post("/login/account", &end(other)).await.status, 303);
    assert_eq!(there.get("/login/account").await.status, 303, "it is signed out");
    server.get(access, "/api/v1/me").await.expect(200);
    assert_eq!(
        here.post("/login/account", &fields(&[("form_token", &token), ("client", &app.id)])).await.status,
        303
    );
    assert_eq!(server.get(access, "/api/v1/me").await.status, 401);
    // Somebody else's is none of theirs.
    let mut dan = Browser::of(server, "dan").await;
    let page = dan.get("/login/account").await;
    let token = between(&page.text, "name=\"form_token\" value=\"", "\"").unwrap().to_owned();
    let mine = between(&here.get("/login/account").await.text, "name=\"form_token\" value=\"", "\"")
        .unwrap()
        .to_owned();
    assert_ne!(token, mine);
    let bens = here.cookies.clone();
    dan.post("/login/account", &fields(&[("form_token", &token), ("id", other)])).await;
    here.cookies = bens;
    assert_eq!(here.get("/login/account").await.status, 200);
}

/// What people type is shown as they typed it, and does nothing.
/// Browsers that came by https once come by it again, to whatever is served.
#[tokio::test]
async fn a_server_on_https_says_so() {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt;
    let server = TestServer::shared(Engine::Sqlite);
    let directory = tempfile::tempdir().unwrap();
    let key = MasterKey::kept_in(directory.path(), &SystemEntropy).unwrap();
    for (address, said) in
        [("https://tenantry.example", Some("max-age=31536000")), ("http://127.0.0.1", None)]
    {
        let at = Served::new(Arc::clone(&server.core), address, Limits::default());
        let app = app(at, &key, tenantry_server::router::Beside::default());
        for path in
            ["/login", "/login/nothing", "/api/v1/me", "/oauth2/jwks", "/healthz", "/nothing", "/docs"]
        {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let answer = app.clone().oneshot(request).await.unwrap();
            let policy = answer.headers().get("strict-transport-security");
            assert_eq!(policy.map(|policy| policy.to_str().unwrap()), said, "{path}");
        }
    }
}

/// The contract of ZenML's `POST /users`: whom somebody else gave a password chooses another one at the first sign-in.
async fn a_password_of_somebody_else_s_choice_is_changed_first(server: &TestServer) {
    let (given, own) = ("correct horse battery", "staple of another horse");
    let address = format!("/users?email=zoe@tenantry.example&password={given}");
    server.send("root", reqwest::Method::POST, &address, None).await.expect(200);
    let sign_in = async |password: &str| {
        let form = [("username", "zoe@tenantry.example"), ("password", password)];
        Answer::of(client().post(format!("{}/auth/login", server.url)).form(&form)).await
    };
    let refused = sign_in(given).await;
    assert_eq!(refused.headers["www-authenticate"], "Bearer");
    assert_eq!(
        refused.expect(401)["detail"],
        "this password was chosen by somebody else: choose another one on the sign-in page first"
    );
    assert_eq!(sign_in("another horse").await.expect(401)["detail"], "the credential is not valid");

    let mut browser = Browser::new(server);
    let page = browser.get("/login?return_to=/login/device").await;
    let asked = browser.fill(&page, &[("login", "zoe@tenantry.example"), ("password", given)]).await;
    assert!(asked.status == 200 && asked.text.contains("this one was chosen for you"), "{}", asked.text);
    assert!(!browser.cookies.contains_key("__Host-tenantry"), "nobody is signed in yet");
    let again = browser.fill(&asked, &[("password", "short")]).await;
    assert_eq!(again.status, 400, "{}", again.text);
    let set = browser.fill(&again, &[("password", own)]).await;
    let onward = plain(between(&set.text, "<p><a href=\"", "\"").unwrap());
    let page = browser.get(&onward).await;
    let answer = browser.fill(&page, &[("login", "zoe@tenantry.example"), ("password", own)]).await;
    assert_eq!((answer.status, &answer.headers["location"]), (303, &"/login/device".parse().unwrap()));
    sign_in(own).await.expect(200);
    sign_in(given).await.expect(401);
}
