//! No secret that was given out stands in the database.

use reqwest::Method;
use serde_json::{Value, json};
use tenantry_core::credential::{Secret, TokenKind};
use tenantry_server::mail::MailServer;

use super::App;
use super::browser::Browser;
use crate::harness::{Answer, Engine, TestServer, both_alone, client};

both_alone!(the_database_shows_no_secret);

async fn the_database_shows_no_secret(server: &TestServer) {
    let app = App::new(server).await;
    let mut browser = Browser::of(server, "ben").await;
    let code = app.code(&mut browser).await;
    let tokens = app.redeem(server, &code).await.expect(200);
    let mut secrets = vec![app.secret.clone(), code];
    secrets.extend(browser.cookies.into_values());
    for name in ["access_token", "refresh_token", "id_token"] {
        secrets.push(tokens[name].as_str().unwrap().to_owned());
    }
    secrets.extend(server.estate.people.iter().flat_map(|it| [it.token.clone(), it.password.clone()]));
    secrets.extend(server.estate.service_accounts.iter().map(|it| it.client_secret.clone()));
    secrets.extend(server.estate.service_accounts.iter().map(|it| it.api_key.clone()));
    secrets.extend(made_by_request(server).await);
    // What a program and a person are shown.
    let form = [("client_id", "tenantry-cli"), ("scope", "api")];
    let request = client().post(format!("{}/oauth2/device_authorization", server.url)).form(&form);
    let started = Answer::of(request).await.expect(200);
    for name in ["device_code", "user_code"] {
        secrets.push(started[name].as_str().unwrap().to_owned());
    }
    secrets.push(started["user_code"].as_str().unwrap().replace('-', ""));
    let issuer = json!({
        "title": "Id", "url": "https://id.example", "client_id": "us", "client_secret": "not-to-be-seen-by-anybody",
    });
    server.send("root", Method::POST, "/api/v1/issuers", Some(issuer)).await.expect(200);
    secrets.push("not-to-be-seen-by-anybody".to_owned());
    let dump = dump_without_secrets(server);
    for secret in secrets {
        assert!(!dump.contains(&secret), "the database has {}...", &secret[..8]);
    }
}

/// Secrets of every kind that the AIP dialect gives out, each by a request whose answer is kept, and others in their place.
async fn made_by_request(server: &TestServer) -> Vec<String> {
    const NORTHWIND: &str = "/api/v1/organizations/northwind";
    let mut secrets = Vec::new();
    let mut asked = 0;
    let mut ask = async |who: &str, path: &str, body: Value| {
        asked += 1;
        let path = format!("{path}?request_id=0190b0a0-0000-7000-8000-{asked:012x}");
        let made = server.send(who, Method::POST, &path, Some(body)).await.expect(200);
        let shown = found_in(&made.to_string());
        assert!(!shown.is_empty(), "{path} shows no secret: {made}");
        secrets.extend(shown);
        made
    };
    let account = json!({"title": "Robot"});
    let account =
        server.send("ada", Method::POST, &format!("{NORTHWIND}/serviceAccounts"), Some(account)).await;
    let account = format!("/api/v1/{}", account.expect(200)["name"].as_str().unwrap());
    for (who, path) in [
        ("ada", "/api/v1/me/tokens".to_owned()),
        ("ada", format!("{account}/apiKeys")),
        ("ada", format!("{account}/clients")),
    ] {
        let made = ask(who, &path, json!({"title": "Made"})).await;
        ask(who, &format!("/api/v1/{}:rotate", made["name"].as_str().unwrap()), json!({"overlap": "60s"}))
            .await;
    }
    let key = json!({"title": "Made", "ttl": "604800s"});
    ask("ada", &format!("{NORTHWIND}/apiKeys"), key).await;
    let invitation = ask("ada", &format!("{NORTHWIND}/invites"), json!({"email": "x@partner.example"})).await;
    let id = invitation["invitation_id"].as_str().unwrap();
    ask("ada", &format!("{NORTHWIND}/invitations/{id}:resend"), json!({})).await;
    let ben = server.principal("ben");
    ask("root", &format!("/api/v1/users/{ben}:sendActivation"), json!({})).await;
    ask("root", "/api/v1/users", json!({"email": "new@tenantry.example"})).await;
    secrets
}

/// Whatever in a text is a secret of ours, by its checksum.
fn found_in(text: &str) -> Vec<String> {
    let runs = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let prefixes = TokenKind::ALL.map(TokenKind::prefix);
    let from = |run: &str| {
        let start = prefixes.iter().filter_map(|prefix| run.find(prefix)).min()?;
        Secret::parse(&run[start..]).map(|secret| secret.expose().to_owned())
    };
    runs.filter_map(from).collect()
}

/// Everything that is stored, in which nothing passes for a secret: neither as text nor in what is stored as bytes.
fn dump_without_secrets(server: &TestServer) -> String {
    let dump = tenantry_testkit::estate::dump(&server.database);
    assert!(dump.contains("northwind"), "the dump has the texts of the database");
    assert!(
        found_in(&dump).is_empty(),
        "{:?}",
        found_in(&dump).iter().map(|it| &it[..8]).collect::<Vec<_>>()
    );
    let in_hex = dump.to_lowercase();
    for prefix in TokenKind::ALL.map(TokenKind::prefix) {
        let hex = prefix.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        assert!(!in_hex.contains(&hex), "{prefix} in bytes");
    }
    // Nor the private half of a key.
    assert!(!dump.contains("PRIVATE KEY"));
    dump
}

/// What waits to be mailed is sealed, or is no secret yet.
#[tokio::test]
async fn the_outbox_shows_no_secret() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        // Nobody listens there.
        let nowhere =
            MailServer::new("smtp://127.0.0.1:9?tls=none", "Tenantry <tenantry@example.org>").unwrap();
        let server = TestServer::mailing(engine, nowhere);
        let invites = "/api/v1/organizations/northwind/invites";
        let body = json!({"email": "guest@tenantry.example"});
        server.send("ada", Method::POST, invites, Some(body)).await.expect(200);
        let ben = format!("/api/v1/users/{}:sendActivation", server.principal("ben"));
        server.send("root", Method::POST, &ben, None).await.expect(200);
        server.core.request_password_reset("cleo", None).await.unwrap();
        let waiting = tenantry_testkit::estate::answer(&server.database, "SELECT COUNT(*) FROM outbox");
        assert_eq!(waiting, "3");
        dump_without_secrets(&server);
    }
}
