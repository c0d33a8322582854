//! OAuth, OpenID Connect, and the pages on which people sign in.

mod browser;
mod clients;
mod device;
mod flow;
mod invitation;
mod issuer;
mod issuers;
mod logs;
mod openid;
mod oracle;
mod pages;
mod replicas;
mod secrets;
mod text;
mod ways;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, TestServer, client};
use browser::Browser;

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CALLBACK: &str = "https://app.example/callback";

/// A client that is registered.
struct App {
    id: String,
    secret: String,
}

impl App {
    /// Registered by the server's administrator.
    async fn new(server: &TestServer) -> Self {
        Self::with(server, json!({})).await
    }

    /// The same with other metadata.
    async fn with(server: &TestServer, more: Value) -> Self {
        let mut metadata = json!({
            "client_name": "App",
            "redirect_uris": [CALLBACK],
            "post_logout_redirect_uris": ["https://app.example/out"],
            "grant_types": ["authorization_code", "refresh_token"],
            "scope": "openid profile email offline_access api",
        });
        for (name, value) in more.as_object().unwrap() {
            metadata[name] = value.clone();
        }
        let made = server.send("root", Method::POST, "/oauth2/register", Some(metadata)).await.expect(201);
        let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
        Self { id: text("client_id"), secret: text("client_secret") }
    }

    /// What it asks a person for; later parameters replace earlier ones, an empty one is left out.
    fn question(&self, more: &[(&str, &str)]) -> String {
        let mut asked = vec![
            ("client_id", self.id.as_str()),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", "openid profile email offline_access api"),
            ("state", "s&t"),
            ("nonce", "n"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in more {
            asked.retain(|(known, _)| known != name);
            asked.push((name, value));
        }
        asked.retain(|(_, value)| !value.is_empty());
        let query = tenantry_http::encode_query(asked);
        format!("/oauth2/authorize?{query}")
    }

    /// A code that somebody has allowed.
    async fn code(&self, browser: &mut Browser<'_>) -> String {
        let page = browser.get(&self.question(&[])).await;
        let answer =
            if page.status == 200 { browser.fill(&page, &[("decision", "allow")]).await } else { page };
        parameter(&answer, "code")
    }

    /// What the token endpoint answers to the client.
    async fn ask(&self, server: &TestServer, form: &[(&str, &str)]) -> Answer {
        let request = client().post(format!("{}/oauth2/token", server.url)).form(form);
        Answer::of(request.basic_auth(&self.id, Some(&self.secret))).await
    }

    async fn redeem(&self, server: &TestServer, code: &str) -> Answer {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.ask(server, &form).await
    }
}

/// A parameter of the address that a browser is sent to.
fn parameter(answer: &Answer, name: &str) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text);
    let location = url::Url::parse(answer.headers["location"].to_str().unwrap()).unwrap();
    let value = location.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
    value.unwrap_or_else(|| panic!("{location} has no {name}"))
}
