//! One of the two servers that are asked the same, and what it answers, in words that can be compared.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use oauth_as::client::{Client, ClientAuth, ClientId};
use oauth_as::grant::GrantType;
use oauth_as::http::{ApprovalDecision, ServiceBuilder};
use oauth_as::scope::ScopeSet;
use oauth_as::server::{AuthorizationServer, Clock, ServerConfig};
use oauth_as::store::MemoryStorage;
use reqwest::Method;
use serde_json::{Value, json};
use tenantry_testkit::estate::answer;

use super::super::browser::Browser;
use super::super::{App, CALLBACK};
use super::DEVICE_CODE;
use crate::harness::{Answer, TestServer, client};

/// Longer than a refresh token may be shown again, and than a program waits between two questions.
const WHILE_SECONDS: u64 = 11;

pub(super) struct Side<'a> {
    host: Host<'a>,
    /// Where the endpoints are, and what is said of them (RFC 8414).
    pub(super) metadata: Value,
    /// A client with a secret, another one, and one without.
    pub(super) app: App,
    pub(super) other: App,
    pub(super) public: App,
    /// What asks for itself.
    pub(super) service: App,
    /// What was asked, and what was answered.
    pub(super) steps: Vec<(&'static str, String)>,
}

enum Host<'a> {
    Ours(&'a TestServer, Box<Browser<'a>>),
    Theirs(Arc<AuthorizationServer<MemoryStorage, Later>>, Arc<AtomicU64>),
}

/// A clock that is so many seconds fast.
struct Later(Arc<AtomicU64>);

impl Clock for Later {
    fn now(&self) -> SystemTime {
        SystemTime::now() + Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

impl<'a> Side<'a> {
    pub(super) async fn ours(server: &'a TestServer) -> Self {
        let grants = json!({"grant_types": ["authorization_code", "refresh_token", DEVICE_CODE]});
        let mut bare = grants.clone();
        bare["token_endpoint_auth_method"] = "none".into();
        let account = &server.estate.service_accounts[0];
        Self {
            metadata: metadata(&server.url).await,
            app: App::with(server, grants.clone()).await,
            other: App::with(server, grants).await,
            public: App::with(server, bare).await,
            service: App { id: account.client_id.clone(), secret: account.client_secret.clone() },
            host: Host::Ours(server, Box::new(Browser::of(server, "ben").await)),
            steps: Vec::new(),
        }
    }

    /// The same clients and the same limits, as far as it has them.
    pub(super) async fn theirs() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut config = ServerConfig::new(&url, format!("{url}/device"));
        config.introspection_endpoint = Some(format!("{url}/introspect"));
        config.revocation_endpoint = Some(format!("{url}/revoke"));
        config.refresh_retry_window = Duration::from_secs(10);
        config.include_verification_uri_complete = true;
        let ahead = Arc::new(AtomicU64::new(0));
        let clock = Later(Arc::clone(&ahead));
        let server = Arc::new(AuthorizationServer::with_clock(config, MemoryStorage::new(), clock));
        let person = [GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::DeviceCode];
        let mut apps = Vec::new();
        for (name, secret, grants) in [
            ("app", "app-secret", &person[..]),
            ("other", "other-secret", &person),
            ("public", "", &person),
            ("service", "service-secret", &[GrantType::ClientCredentials]),
        ] {
            let auth = match secret {
                "" => ClientAuth::Public,
                secret => ClientAuth::ConfidentialSecret { secret: secret.to_owned() },
            };
            let registered = Client {
                client_id: ClientId::new(name),
                auth,
                grant_types: grants.to_vec(),
                redirect_uris: vec![CALLBACK.to_owned()],
                allowed_scopes: ScopeSet::parse("openid profile email offline_access api").unwrap(),
                default_scopes: ScopeSet::empty(),
                name: None,
                registration: None,
            };
            server.register_client(registered).await.unwrap();
            apps.push(App { id: name.to_owned(), secret: secret.to_owned() });
        }
        let service = ServiceBuilder::new(Arc::clone(&server))
            .with_subject_resolver(|_| Some("ben".to_owned()))
            .with_approval_resolver(|_| ApprovalDecision::Approve)
            .build()
            .unwrap();
        let router = axum::Router::from(service);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let [app, other, public, service] = <[App; 4]>::try_from(apps).ok().unwrap();
        let metadata = metadata(&url).await;
        Self { host: Host::Theirs(server, ahead), metadata, app, other, public, service, steps: Vec::new() }
    }

    /// Notes what a step came to.
    pub(super) fn note(&mut self, step: &'static str, outcome: String) {
        self.steps.push((step, outcome));
    }

    /// Asks a person, who allows it; the code, if one comes. Later parameters replace earlier ones, as in `App::question`.
    pub(super) async fn ask(&mut self, step: &'static str, more: &[(&str, &str)]) -> String {
        let answer =
            self.question(&self.app.question(&[&[("scope", "api offline_access")], more].concat())).await;
        let (outcome, code) = sent_back(&answer);
        self.note(step, outcome);
        code
    }

    /// A code, without a step of its own.
    pub(super) async fn code(&mut self) -> String {
        let answer = self.question(&self.app.question(&[("scope", "api offline_access")])).await;
        sent_back(&answer).1
    }

    /// What the person's browser is answered in the end.
    pub(super) async fn question(&mut self, question: &str) -> Answer {
        let (_, query) = question.split_once('?').unwrap();
        let endpoint = self.metadata["authorization_endpoint"].as_str().unwrap();
        match &mut self.host {
            Host::Ours(_, browser) => {
                let page = browser.get(question).await;
                if page.status == 200 { browser.fill(&page, &[("decision", "allow")]).await } else { page }
            }
            Host::Theirs(..) => Answer::of(client().get(format!("{endpoint}?{query}"))).await,
        }
    }

    /// Sends a form to an endpoint as a client with its secret; notes and gives back what is answered.
    pub(super) async fn post(
        &mut self,
        step: &'static str,
        endpoint: &str,
        as_client: Option<(&str, &str)>,
        form: &[(&str, &str)],
    ) -> Value {
        let request = client().post(self.metadata[endpoint].as_str().unwrap()).form(form);
        let request = match as_client {
            Some((id, secret)) => request.basic_auth(id, Some(secret)),
            None => request,
        };
        let answer = Answer::of(request).await;
        self.note(step, outcome(&answer));
        serde_json::from_str(&answer.text).unwrap_or_default()
    }

    /// A person answers a program that waits.
    pub(super) async fn decide(&self, begun: &Value, yes: bool) {
        let code = begun["user_code"].as_str().unwrap();
        match &self.host {
            Host::Ours(server, _) => {
                let path = if yes { "/api/v1/me/devices:approve" } else { "/api/v1/me/devices:deny" };
                server.send("ben", Method::POST, path, Some(json!({"user_code": code}))).await.expect(200);
            }
            Host::Theirs(server, _) if yes => server.approve_device(code, "ben").await.unwrap(),
            Host::Theirs(server, _) => server.deny_device(code).await.unwrap(),
        }
    }

    /// Time passes.
    pub(super) fn wait(&self) {
        match &self.host {
            Host::Ours(server, _) => {
                for (table, column) in [("credentials", "revoked_at"), ("device_logins", "polled_at")] {
                    let earlier = format!("{column} = {column} - {WHILE_SECONDS} * 1000000");
                    answer(
                        &server.database,
                        &format!("UPDATE {table} SET {earlier} WHERE {column} IS NOT NULL"),
                    );
                }
            }
            Host::Theirs(_, ahead) => _ = ahead.fetch_add(WHILE_SECONDS, Ordering::Relaxed),
        }
    }
}

async fn metadata(url: &str) -> Value {
    let well_known = format!("{url}/.well-known/oauth-authorization-server");
    Answer::of(client().get(well_known)).await.expect(200)
}

/// What a browser brings the client back, by name, and the code in it. That one redirects by 302 and the other by 303 (as
/// RFC 9700, section 4.12, has it) is told here once, instead of in each step.
pub(super) fn sent_back(answer: &Answer) -> (String, String) {
    if !matches!(answer.status, 302 | 303) {
        return (format!("{} and no redirect", answer.status), String::new());
    }
    let location = url::Url::parse(answer.headers["location"].to_str().unwrap()).unwrap();
    let pairs: std::collections::BTreeMap<_, _> = location.query_pairs().collect();
    let names: Vec<_> =
        pairs.keys().map(|name| &**name).filter(|name| *name != "error_description").collect();
    let error = pairs.get("error").map(|error| format!("error {error}: ")).unwrap_or_default();
    let code = pairs.get("code").map(ToString::to_string).unwrap_or_default();
    (format!("{error}{}", names.join(" ")), code)
}

/// A status; then the code of an error and whether a 401 tells how to prove oneself, or the names of the members of the
/// answer, with what is worth comparing of them. What introspection tells beside `active` is optional, and is compared once.
fn outcome(answer: &Answer) -> String {
    let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
    let mut told = vec![answer.status.to_string()];
    if let Some(error) = body["error"].as_str() {
        told.push(error.to_owned());
        told.extend(answer.headers.contains_key("www-authenticate").then(|| "challenged".to_owned()));
    } else if let Some(active) = body["active"].as_bool() {
        told.push(if active { "active" } else { "inactive" }.to_owned());
    } else {
        told.extend(members(&body));
    }
    let kept =
        !answer.headers.get("cache-control").is_some_and(|it| it.to_str().unwrap().contains("no-store"));
    told.extend((kept && !answer.text.is_empty()).then(|| "kept".to_owned()));
    told.join(" ")
}

/// The names of an object's members, in order; with `scope` what is in it, whose order says nothing (RFC 6749, section 3.3).
pub(super) fn members(body: &Value) -> Vec<String> {
    let mut names: Vec<_> = body.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    names.sort();
    if let Some(scope) = body["scope"].as_str() {
        let mut scopes: Vec<_> = scope.split(' ').collect();
        scopes.sort_unstable();
        names.push(format!("({})", scopes.join(" ")));
    }
    names
}
