//! What people write stays text on every page, wherever they wrote it.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use tenantry_core::browser::Origin;
use tenantry_core::link::LinkKind;
use tenantry_core::mail::Letter;
use tenantry_core::settings::Settings;
use tenantry_http::encode_query;
use tenantry_server::demo;

use super::App;
use super::browser::Browser;
use crate::harness::{Answer, Engine, TestServer, client};
use crate::matrix::{Ids, rows, things};

/// With a number behind it at most fifty characters, which is what the shortest texts may have.
const NASTY: &str = "<img src=x onerror=alert(1)>\"'&";
const SHOWN: &str = "&#60;img src=x onerror=alert(1)&#62;&#34;&#39;&#38;";

/// The pages that have no text of anybody's in them.
const EMPTY: [&str; 1] = ["/login/reset"];

#[tokio::test]
async fn text_stays_text_on_sqlite() {
    text_stays_text(Engine::Sqlite).await;
}

#[tokio::test]
async fn text_stays_text_on_postgres() {
    text_stays_text(Engine::Postgres).await;
}

/// Every text that a write of the document takes is written, in whichever dialect, and then every page of the document is
/// looked at.
async fn text_stays_text(engine: Engine) {
    let server = &TestServer::with(engine, Settings { mail: true, ..demo::settings() });
    let mut ids = things(server, "ada", "northwind", "cleo").await;
    ids.workspace = server.workspace("northwind", "ada", "Reservoir Models").await;
    let mut ada = Browser::of(server, "ada").await;
    let document = tenantry_server::reference::document(&server.url, None);
    // Guesses at codes are among what is written.
    ada.source = Some("192.0.2.7".to_owned());
    let taken = write_everywhere(server, &document, &ids).await;
    for known in [
        "PATCH /api/v1/me display_name",
        "PATCH /api/v1/organizations/{organization} title",
        "PATCH /api/v1/organizations/{organization}/workspaces/{workspace} title",
        "PATCH /api/v1/organizations/{organization}/roles/{role} title",
        "PATCH /api/v1/organizations/{organization}/teams/{team} title",
        "PATCH /api/v1/organizations/{organization}/issuers/{issuer} title",
        "PATCH /api/v1/me/devices/{device} title",
    ] {
        assert!(taken.contains(known), "{known} was not taken: {taken:#?}");
    }
    let mut looked = BTreeSet::new();
    let mut look = |path: &str, page: &Answer, shows: usize| {
        assert!(!page.text.contains("<img"), "{path}: {}", page.text);
        let shown = page.text.matches(SHOWN).count();
        assert!(shown >= shows, "{path} shows it {shown} times: {}", page.text);
        looked.insert(path.split('?').next().unwrap().to_owned());
    };

    // A client, a program's device, and where somebody is signed in.
    let app = App::with(
        server,
        json!({
            "client_name": NASTY,
            "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        }),
    )
    .await;
    let question = app.question(&[("state", NASTY), ("nonce", NASTY)]);
    let consent = ada.get(&question).await;
    look(&question, &consent, 4);
    ada.fill(&consent, &[("decision", "allow")]).await;
    let request = client().post(format!("{}/oauth2/device_authorization", server.url));
    let begun = Answer::of(request.basic_auth(&app.id, Some(&app.secret)).form(&[("scope", "api")])).await;
    let begun = begun.expect(200);
    let of_device = [("code", begun["user_code"].as_str().unwrap()), ("workspace", "")];
    let device = format!("/login/device?{}", encode_query(of_device));
    look(&device, &ada.get(&device).await, 3);
    let wrong = format!("/login/device?{}", encode_query([("code", NASTY), ("workspace", NASTY)]));
    look(&wrong, &ada.get(&wrong).await, 2);
    let person = server.estate.people.iter().find(|person| person.username == "ada").unwrap();
    let from = Origin { user_agent: Some(NASTY.to_owned()), ..Origin::default() };
    server.core.sign_in_browser(&person.email, &person.password, (from, None)).await.unwrap();
    let account = ada.get("/login/account").await;
    look("/login/account", &account, 4);
    let logout = format!("/oauth2/logout?{}", encode_query([("state", NASTY)]));
    look(&logout, &ada.get(&logout).await, 2);

    // The sign-in, with what was typed and the issuers of an organization.
    let sign_in = [("login_hint", NASTY), ("organization", &*ids.fill("{organization}"))];
    let sign_in = format!("/login?{}", encode_query(sign_in));
    look(&sign_in, &Browser::new(server).get(&sign_in).await, 2);
    let id = uuid::Uuid::from_u128(1).to_string();
    let by_issuer = [("issuer", &*id), ("return_to", NASTY), ("login_hint", NASTY)];
    let by_issuer = format!("/login/issuer?{}", encode_query(by_issuer));
    let led = client().get(format!("{}{by_issuer}", server.url)).header("sec-fetch-site", "cross-site");
    look(&by_issuer, &Browser::new(server).send(led).await, 0);
    let wrong = format!("/login/issuer/callback?{}", encode_query([("state", NASTY), ("error", NASTY)]));
    look(&wrong, &Browser::new(server).get(&wrong).await, 0);

    // What is mailed: invitations to who has an account and to who has none, and links.
    let invites = "/api/v1/organizations/{organization}/invites";
    let kit = server.estate.people.iter().find(|person| person.username == "kit").unwrap();
    let mut theirs = Browser::of(server, "kit").await;
    let named = server.send("kit", Method::PATCH, "/api/v1/me", Some(json!({"display_name": NASTY}))).await;
    named.expect(200);
    letters(server).await;
    for email in [kit.email.as_str(), "nell@example.org"] {
        let role = json!([ids.fill("organizations/{organization}/roles/{role}")]);
        let body = json!({"email": email, "roles": role});
        server.send("ada", Method::POST, &ids.fill(invites), Some(body)).await.expect(200);
    }
    let kits = server.principal("kit");
    let send = format!("/api/v1/users/{kits}:sendActivation");
    server.send("root", Method::POST, &send, None).await.expect(200);
    server.send("kit", Method::POST, "/api/v1/me:requestEmailVerification", None).await.expect(200);
    let mut mailed = 0;
    for letter in letters(server).await {
        mailed += 1;
        match letter {
            Letter::Invitation { to, organization, invitation, secret, .. } => {
                let query = [("organization", organization), ("invitation", invitation), ("secret", secret)];
                let query = encode_query(query.each_ref().map(|(name, value)| (*name, value.as_str())));
                let path = format!("/login/invitation?{query}");
                let (page, shows) = if to == kit.email {
                    (theirs.get(&path).await, 4)
                } else {
                    (Browser::new(server).get(&path).await, 3)
                };
                look(&path, &page, shows);
                // The wrong account is told so.
                look(&path, &ada.get(&path).await, 0);
            }
            Letter::Link { kind, secret, .. } => {
                let page = match LinkKind::from_word(&kind).unwrap() {
                    LinkKind::EmailVerification => "verify",
                    LinkKind::Activation | LinkKind::PasswordReset => "activate",
                };
                let path = format!("/login/{page}?{}", encode_query([("secret", &*secret)]));
                look(&path, &theirs.get(&path).await, 1);
            }
            Letter::Moved { .. } => {}
        }
    }
    assert_eq!(mailed, 4);

    let pages: BTreeSet<String> = html_pages(&document)
        .into_iter()
        .filter(|path| !EMPTY.contains(&path.as_str()) && !looked.contains(path))
        .collect();
    assert_eq!(pages, BTreeSet::new(), "nobody looked at these");
}

/// The letters that wait.
async fn letters(server: &TestServer) -> Vec<Letter> {
    let mut letters = Vec::new();
    loop {
        let claimed = server.core.claim_mail().await.unwrap();
        if claimed.is_empty() {
            return letters;
        }
        for mail in claimed {
            letters.extend(server.core.letter_of(&mail).await.unwrap());
            server.core.mail_done(&mail).await.unwrap();
        }
    }
}

/// The paths that answer pages.
fn html_pages(document: &Value) -> Vec<String> {
    let paths = document["paths"].as_object().unwrap().iter();
    let is_page = |item: &Value| !item["get"]["responses"]["200"]["content"]["text/html"].is_null();
    paths.filter(|(_, item)| is_page(item)).map(|(path, _)| path.clone()).collect()
}

/// Sends the body that the matrix has for each write, with the text in one field after the other: which of them took it,
/// as method, path and field.
async fn write_everywhere(server: &TestServer, document: &Value, ids: &Ids) -> BTreeSet<String> {
    let mut taken = BTreeSet::new();
    for row in rows() {
        let told = &document["paths"][row.path][row.method.to_lowercase()];
        let schema = &told["requestBody"]["content"]["application/json"]["schema"];
        let Some(body) = row.body.as_ref().filter(|body| body.is_object() && !schema.is_null()) else {
            continue;
        };
        let of_the_server = row.path.starts_with("/api/v1/users")
            || row.path.starts_with("/users")
            || row.path.starts_with("/api/v1/issuers")
            || row.path.starts_with("/oauth2/");
        let who = if of_the_server { "root" } else { "ada" };
        let query = ids.fill(row.query).replace("validate_only=true", "");
        let path = format!("{}?{query}", ids.fill(row.path));
        for field in texts(document, schema) {
            let mut body: Value = serde_json::from_str(&ids.fill(&body.to_string())).unwrap();
            let (outer, inner) = field.split_once('.').unwrap_or((&field, ""));
            // Some names may be there once.
            let text = format!("{NASTY}{}", taken.len());
            match inner {
                "" => body[outer] = text.into(),
                inner => body[outer] = json!({ inner: text }),
            }
            let method = Method::from_bytes(row.method.as_bytes()).unwrap();
            let answer = server.send(who, method, &path, Some(body)).await;
            assert!(answer.status < 500, "{} {path} {field}: {}", row.method, answer.text);
            if answer.status < 300 {
                taken.insert(format!("{} {} {field}", row.method, row.path));
            }
        }
    }
    taken
}

/// The fields that take a text, also those within an object.
fn texts(document: &Value, schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (name, told) in properties(document, schema) {
        if told["type"] == "string" {
            found.push(name);
            continue;
        }
        let inner = properties(document, told).into_iter().filter(|(_, told)| told["type"] == "string");
        found.extend(inner.map(|(inner, _)| format!("{name}.{inner}")));
    }
    found
}

fn properties<'d>(document: &'d Value, schema: &'d Value) -> Vec<(String, &'d Value)> {
    let own = resolved(document, schema)["properties"].as_object().into_iter().flatten();
    own.map(|(name, told)| (name.clone(), resolved(document, told))).collect()
}

/// The schema behind a reference, or of what is not null.
fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    if let Some(pointer) = schema["$ref"].as_str() {
        return resolved(document, document.pointer(pointer.trim_start_matches('#')).unwrap());
    }
    let choices = schema["anyOf"].as_array().into_iter().flatten();
    choices.map(|one| resolved(document, one)).find(|one| one["type"] != "null").unwrap_or(schema)
}
