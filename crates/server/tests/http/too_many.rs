//! Asking too often, in the words of each dialect: guessing at a sign-in, and requests as such.

use serde_json::json;

use crate::harness::{Answer, Engine, SOURCE, TestServer, client};
use crate::reference::Reference;

/// One guess at each sign-in, from the same source.
async fn guess(server: &TestServer) -> [Answer; 2] {
    let login = [("username", "ada"), ("password", "wrong horse")];
    let zenml = client().post(format!("{}/auth/login", server.url)).form(&login);
    let client_id = "0190b0a0-0000-7000-8000-000000000001";
    let token = [
        ("grant_type", "client_credentials"),
        ("client_id", client_id),
        ("client_secret", "wrong"),
        ("scope", "evo.workspace"),
    ];
    let evo = client().post(format!("{}/connect/token", server.url)).form(&token);
    [Answer::of(zenml).await, Answer::of(evo).await]
}

#[tokio::test]
async fn sign_ins_are_slowed_down() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = TestServer::start(engine);
        for _ in 0..5 {
            for answer in guess(&server).await {
                assert_eq!(answer.status, 401, "{}", answer.text);
            }
        }
        let [zenml, evo] = guess(&server).await;
        for answer in [&zenml, &evo] {
            assert_eq!(answer.status, 429, "{}", answer.text);
            assert_eq!(answer.headers["retry-after"], "1");
        }
        assert_eq!(zenml.json()["detail"], "too many attempts: try again in 1 seconds");
        assert_eq!(evo.json()["error"], "temporarily_unavailable");
        // Who signed in before is not concerned.
        server.get("ada", "/api/v1/me").await.expect(200);
    }
}

#[tokio::test]
async fn requests_are_counted_for_each_caller() {
    const PATHS: [&str; 4] =
        ["/api/v1/me", "/workspace/orgs/{org}/workspaces", "/api/v1/org/{org}/ws", "/organizations/{org}"];
    let server = TestServer::limited(Engine::Sqlite, 4);
    let northwind = server.organization("northwind");
    let paths = PATHS.map(|path| path.replace("{org}", &northwind));
    for path in &paths {
        server.get("ada", path).await.expect(200);
    }
    for path in &paths {
        let refused = server.get("ada", path).await;
        assert_eq!(refused.status, 429, "{path}: {}", refused.text);
        let seconds: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=16).contains(&seconds), "{path}: {seconds}");
    }
    let told = server.get("ada", "/api/v1/me").await.json();
    assert_eq!(told["details"][0]["reason"], "REQUESTS_TOO_MANY");
    assert!(told["details"][1]["retry_delay"].as_str().unwrap().ends_with('s'));
    server.get("ben", "/api/v1/me").await.expect(200);
    // Strangers have one count, whatever they show and wherever they ask.
    server.get("", "/api/v1/me").await.expect(401);
    server.get("tny_pat_0000", &paths[1]).await.expect(401);
    guess(&server).await;
    server.get("", "/api/v1/me").await.expect(429);
    server.get("tny_pat_0000", &paths[1]).await.expect(429);
    server.get("cleo", "/api/v1/me").await.expect(200);
}

/// Whoever guesses at the secret of a client is slowed down, in whichever way the client proves itself.
#[tokio::test]
async fn secrets_of_clients_are_not_guessed() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = TestServer::start(engine);
        let account = &server.estate.service_accounts[0];
        let guess = async |path: &str| {
            let form = [("grant_type", "client_credentials"), ("token", "x")];
            let request = client().post(format!("{}{path}", server.url)).form(&form);
            Answer::of(request.basic_auth(&account.client_id, Some("wrong"))).await
        };
        for path in
            ["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke", "/oauth2/token", "/oauth2/token"]
        {
            let refused = guess(path).await;
            assert_eq!(refused.expect(401)["error"], "invalid_client");
        }
        let refused = guess("/oauth2/token").await;
        assert_eq!(refused.expect(429)["error"], "temporarily_unavailable");
        assert_eq!(refused.headers["retry-after"], "1");
    }
}

/// Whatever can be asked without a credential, at each operation of the document.
#[tokio::test]
async fn strangers_are_counted_everywhere() {
    // What reads and writes nothing.
    const STATIC: [&str; 5] = [
        "/health",
        "/login/style.css",
        "/connect/authorize",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
    ];
    let id = "0190b0a0-0000-7000-8000-000000000001";
    let fields = json!({
        "client_id": id, "client_secret": "x", "username": "nobody", "password": "wrong horse", "token": "x",
        "device_code": "x", "refresh_token": "x", "grant_type": "refresh_token",
    });
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = TestServer::limited(engine, 2);
        let reference = Reference::of(&server.url);
        let open = reference.operations().filter(|(_, path, operation)| {
            operation["security"].as_array().unwrap().is_empty() && !STATIC.contains(path)
        });
        // With a credential that does not count, one is a stranger too.
        let known = reference.operations().filter(|(_, path, _)| path.starts_with("/oauth2/userinfo"));
        let mut uncounted = Vec::new();
        for (at, (method, path, operation)) in open.chain(known).enumerate() {
            let mut statuses = Vec::new();
            for _ in 0..3 {
                let filled = path.replace(['{', '}'], "");
                let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
                let request = client().request(method, format!("{}{filled}", server.url));
                let request = request.header(SOURCE, format!("10.0.{at}.1"));
                let body = &operation["requestBody"]["content"];
                let request = if body.get("application/json").is_some() {
                    request.json(&fields)
                } else if body.is_object() {
                    request.form(&fields)
                } else {
                    request
                };
                statuses.push(Answer::of(request).await.status);
            }
            if statuses[..2].contains(&429) || statuses[2] != 429 {
                uncounted.push((method, path, statuses));
            }
        }
        assert!(uncounted.is_empty(), "{uncounted:#?}");
        // Who is known is not concerned.
        server.get("ada", "/api/v1/me").await.expect(200);
    }
}

/// A password costs tens of milliseconds, so that a crowd that signs in at once does not all find a place in the queue.
#[tokio::test]
async fn a_full_queue_of_passwords_says_when_to_come_back() {
    const CROWD: u8 = 200;
    let server = TestServer::start(Engine::Sqlite);
    let page = Answer::of(client().get(format!("{}/login", server.url))).await;
    let cookie = page.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap();
    let (_, rest) = page.text.split_once("name=\"form_token\" value=\"").unwrap();
    let form_token = rest.split('"').next().unwrap();
    for path in ["/auth/login", "/api/v1/auth/login", "/login"] {
        let crowd = (0..CROWD).map(|at| {
            let form = [
                ("username", "ada"),
                ("login", "ada"),
                ("password", "wrong horse"),
                ("form_token", form_token),
            ];
            let request = client().post(format!("{}{path}", server.url)).form(&form).header("cookie", cookie);
            let request = request.header("origin", &server.url);
            Answer::of(request.header(SOURCE, format!("10.1.{at}.1")))
        });
        let answers = futures_util::future::join_all(crowd).await;
        let mut refused = answers.iter().filter(|answer| answer.status == 503).peekable();
        let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        assert!(refused.peek().is_some(), "{path}: {statuses:?}");
        for answer in refused {
            assert_eq!(answer.headers["retry-after"], "1", "{path}: {}", answer.text);
            let is_json = path != "/login";
            assert_eq!(answer.text.starts_with('{'), is_json, "{path}: {}", answer.text);
        }
    }
}
