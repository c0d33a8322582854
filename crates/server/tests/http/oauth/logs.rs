//! No secret that was given out or typed in stands in the log, however much is logged.
//!
//! The log is what a process of its own writes to its standard error while everything below is done in it, so that it is the
//! log of all threads, and of the libraries, too.

use std::collections::BTreeSet;
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use super::browser::Browser;
use super::oracle::DEVICE_CODE;
use super::{App, CALLBACK, VERIFIER};
use crate::harness::{Answer, Engine, TestServer, client};

const ENGINE: &str = "TENANTRY_TEST_ENGINE";
/// Before a secret in what the process prints.
const MARK: &str = "secret: ";

/// What is typed in here and nowhere else.
const PASSWORD: &str = "ninety-nine paper lanterns";
const WRONG: &str = "a hundred paper lanterns";

#[test]
fn the_log_shows_no_secret() {
    for engine in ["sqlite", "postgres"] {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "oauth::logs::secrets_are_used", "--ignored", "--nocapture"]);
        child.env("TENANTRY_LOG", "debug").env(ENGINE, engine);
        let output = child.output().unwrap();
        let (printed, log) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success(), "{printed}\n{log}");
        assert!(log.contains("\"level\":\"DEBUG\""), "everything is logged");

        let secrets: BTreeSet<_> = printed.lines().filter_map(|line| line.strip_prefix(MARK)).collect();
        assert!(secrets.len() > 40, "{secrets:?}");
        for secret in secrets {
            let hit = log.lines().find(|line| line.contains(secret));
            assert!(hit.is_none(), "{engine}: {hit:?} has {secret}");
        }
        // Nor one that nobody thought of.
        for prefix in ["tny_", "ZENPROKEY_", "PRIVATE KEY"] {
            let hit = log.lines().find(|line| line.contains(prefix));
            assert!(hit.is_none(), "{engine}: {hit:?}");
        }
        access_lines_have_templates(&log);
    }
}

/// Of the request they tell the method and the route's template, and nothing of its path, query, headers or body.
fn access_lines_have_templates(log: &str) {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut routes = BTreeSet::new();
    for line in lines.filter(|line| line["target"] == "access") {
        let mut fields: Vec<_> = line["fields"].as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["message", "method", "micros", "request_id", "route", "status"]);
        assert!(line.get("span").is_none() && line.get("spans").is_none(), "{line}");
        routes.insert(line["fields"]["route"].as_str().unwrap().to_owned());
    }
    let routes = routes.into_iter().collect::<Vec<_>>().join("\n");
    insta::allow_duplicates! {
    insta::assert_snapshot!(routes, @r"
    /api/v1/me
    /api/v1/me:changePassword
    /api/v1/organizations/{organization}
    /api/v1/organizations/{organization}/apiKeys
    /api/v1/organizations/{organization}/invites
    /api/v1/user
    /api/v1/users/{user}
    /auth/login
    /login
    /login/device
    /login/invitation
    /login/reset
    /oauth2/authorize
    /oauth2/device_authorization
    /oauth2/introspect
    /oauth2/register
    /oauth2/revoke
    /oauth2/token
    /oauth2/userinfo
    /organizations
    unknown
    ");
    }
}

/// Everything that takes or gives a secret, done well and done badly; what they are is printed.
#[tokio::test]
#[ignore = "the_log_shows_no_secret runs it, in a process of its own"]
async fn secrets_are_used() {
    tenantry_server::log::install("debug");
    let engine = match std::env::var(ENGINE).as_deref() {
        Ok("postgres") => Engine::Postgres,
        _ => Engine::Sqlite,
    };
    let server = &TestServer::start(engine);
    let mut secrets = vec![PASSWORD.to_owned(), WRONG.to_owned(), VERIFIER.to_owned()];
    for person in &server.estate.people {
        secrets.extend([person.token.clone(), person.password.clone()]);
        server.get(&person.token, "/api/v1/me").await.expect(200);
    }
    for account in &server.estate.service_accounts {
        secrets.extend([account.client_secret.clone(), account.api_key.clone()]);
        server.get(&account.api_key, "/api/v1/me").await.expect(200);
    }
    // Where no secret belongs.
    let token = server.token("ben");
    for path in
        [format!("/nowhere/{token}"), format!("/api/v1/organizations/{token}"), format!("/?token={token}")]
    {
        server.get("", &path).await;
        server.get(token, &path).await;
    }
    let cut = &token[..token.len() - 1];
    secrets.push(cut.to_owned());
    server.get(cut, "/api/v1/me").await.expect(401);

    a_code_and_what_comes_of_it(server, &mut secrets).await;
    a_device(server, &mut secrets).await;
    programs(server, &mut secrets).await;
    links(server, &mut secrets).await;
    passwords(server, &mut secrets).await;
    for secret in secrets {
        println!("{MARK}{secret}");
    }
}

fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_else(|| panic!("{name} in {body}")).to_owned()
}

async fn a_code_and_what_comes_of_it(server: &TestServer, secrets: &mut Vec<String>) {
    let app = App::new(server).await;
    let mut browser = Browser::new(server);
    let page = browser.get("/login").await;
    secrets.extend(browser.cookies.values().cloned());
    let refused = browser.fill(&page, &[("login", "ben"), ("password", WRONG)]).await;
    let answer = browser.sign_in(&refused, "ben").await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let code = app.code(&mut browser).await;
    secrets.extend([app.secret.clone(), code.clone()]);
    secrets.extend(browser.cookies.values().cloned());
    let wrong = App { id: app.id.clone(), secret: WRONG.to_owned() };
    wrong.redeem(server, &code).await.expect(401);
    let guess = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK)];
    app.ask(server, &[&guess[..], &[("code_verifier", WRONG)]].concat()).await.expect(400);
    let tokens = app.redeem(server, &code).await.expect(200);
    let shown = text(&tokens, "refresh_token");
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", shown.as_str())];
    let next = app.ask(server, &refresh).await.expect(200);
    for given in [&tokens, &next] {
        secrets.extend(["access_token", "refresh_token", "id_token"].map(|name| text(given, name)));
        server.get(&text(given, "access_token"), "/oauth2/userinfo").await.expect(200);
    }
    for path in ["/oauth2/introspect", "/oauth2/revoke"] {
        let asked = client().post(format!("{}{path}", server.url)).form(&[("token", &shown)]);
        Answer::of(asked.basic_auth(&app.id, Some(&app.secret))).await.expect(200);
    }
    app.redeem(server, &code).await.expect(400);
    app.ask(server, &refresh).await.expect(400);
}

async fn a_device(server: &TestServer, secrets: &mut Vec<String>) {
    let asked = client().post(format!("{}/oauth2/device_authorization", server.url));
    let begun =
        Answer::of(asked.form(&[("client_id", "tenantry-cli"), ("scope", "openid api")])).await.expect(200);
    let (device, user) = (text(&begun, "device_code"), text(&begun, "user_code"));
    let poll = async || {
        let form = [("grant_type", DEVICE_CODE), ("client_id", "tenantry-cli"), ("device_code", &device)];
        Answer::of(client().post(format!("{}/oauth2/token", server.url)).form(&form)).await
    };
    poll().await.expect(400);
    let mut browser = Browser::of(server, "ben").await;
    let question = browser.get(&format!("/login/device?code={user}")).await;
    let done = browser.fill(&question, &[("decision", "approve")]).await;
    assert_eq!(done.status, 200, "{}", done.text);
    let tokens = poll().await.expect(200);
    secrets.extend(browser.cookies.into_values());
    secrets.extend(["access_token", "id_token"].map(|name| text(&tokens, name)));
    secrets.extend([device, user]);
}

async fn programs(server: &TestServer, secrets: &mut Vec<String>) {
    let account = &server.estate.service_accounts[0];
    let service = App { id: account.client_id.clone(), secret: account.client_secret.clone() };
    let tokens = service.ask(server, &[("grant_type", "client_credentials")]).await.expect(200);
    let access = text(&tokens, "access_token");
    server.get(&access, "/api/v1/me").await.expect(200);
    let keys = "/api/v1/organizations/northwind/apiKeys";
    let made = server.send("ben", Method::POST, keys, Some(json!({"title": "Laptop"}))).await.expect(200);
    let key = text(&made, "secret");
    for path in ["/api/v1/me", "/organizations", "/api/v1/user", "/workspace/orgs"] {
        server.get(&key, path).await;
    }
    let ada = server.estate.people.iter().find(|person| person.username == "ada").unwrap();
    let form = [("username", ada.username.as_str()), ("password", &ada.password)];
    let login = client().post(format!("{}/auth/login", server.url)).form(&form);
    let zenml = text(&Answer::of(login).await.expect(200), "access_token");
    server.get(&zenml, "/organizations").await.expect(200);
    secrets.extend([access, key, zenml]);
}

async fn links(server: &TestServer, secrets: &mut Vec<String>) {
    let invites = "/api/v1/organizations/northwind/invites";
    let body = json!({"email": "nell@example.org"});
    let made = server.send("ada", Method::POST, invites, Some(body)).await.expect(200);
    let link = text(&made, "link");
    let mut browser = Browser::new(server);
    let offer = browser.get(link.strip_prefix(&server.url).unwrap()).await;
    let new = [("name", "Nell Newcomb"), ("password", PASSWORD), ("decision", "join")];
    let joined = browser.fill(&offer, &new).await;
    assert!(joined.text.contains("You belong to northwind now"), "{}", joined.text);

    let activate = format!("/api/v1/users/{}:sendActivation", server.principal("cleo"));
    let sent = server.send("root", Method::POST, &activate, None).await.expect(200);
    let link = text(&sent, "link");
    let mut browser = Browser::new(server);
    let page = browser.get(link.strip_prefix(&server.url).unwrap()).await;
    let done = browser.fill(&page, &[("password", PASSWORD)]).await;
    assert!(matches!(done.status, 200 | 303), "{}", done.text);
    secrets.extend([text(&made, "secret"), link.split_once("secret=").unwrap().1.to_owned()]);
    secrets.extend(browser.cookies.into_values());
}

async fn passwords(server: &TestServer, secrets: &mut Vec<String>) {
    let dan = server.estate.people.iter().find(|person| person.username == "dan").unwrap();
    let change = "/api/v1/me:changePassword";
    let body = json!({"current_password": WRONG, "new_password": PASSWORD});
    server.send("dan", Method::POST, change, Some(body)).await;
    let body = json!({"current_password": dan.password, "new_password": PASSWORD});
    server.send("dan", Method::POST, change, Some(body)).await;
    // Bodies that cannot be read to their end.
    for body in [format!("{{\"current_password\": \"{WRONG}\""), format!("[\"{PASSWORD}\"]")] {
        let request = client().post(format!("{}{change}", server.url)).bearer_auth(server.token("dan"));
        let answer = Answer::of(request.header("content-type", "application/json").body(body)).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
    }
    secrets.push(server.token("dan").to_owned());
}
