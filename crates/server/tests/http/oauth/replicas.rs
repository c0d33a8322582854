//! What one replica ends counts on no other, from its next request on: nobody waits here.

use reqwest::Method;

use super::App;
use super::browser::Browser;
use crate::harness::{Answer, Engine, TestServer, client};

#[tokio::test]
async fn what_one_replica_ends_counts_on_no_other() {
    let here = TestServer::start(Engine::Postgres);
    let there = here.replica();
    tokens_end(&here, &there).await;
    tokens_end(&there, &here).await;
    sessions_end(&here, &there).await;
    sessions_end(&there, &here).await;
}

/// Access and refresh tokens: by their client, by their person, and with the account.
async fn tokens_end(ending: &TestServer, asking: &TestServer) {
    let app = App::new(ending).await;
    let mut browser = Browser::of(ending, "ben").await;
    for way in ["client", "person", "account"] {
        let code = app.code(&mut browser).await;
        let tokens = app.redeem(ending, &code).await.expect(200);
        let token = |name: &str| tokens[name].as_str().unwrap().to_owned();
        let (access, refresh) = (token("access_token"), token("refresh_token"));
        let next = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
        // The other replica knows both by now.
        for _ in 0..2 {
            asking.get(&access, "/api/v1/me").await.expect(200);
        }
        let refreshed = app.ask(asking, &next).await.expect(200);
        let refresh = refreshed["refresh_token"].as_str().unwrap();
        match way {
            "client" => {
                let request = client().post(format!("{}/oauth2/revoke", ending.url));
                let request = request.form(&[("token", refresh)]).basic_auth(&app.id, Some(&app.secret));
                Answer::of(request).await.expect(200);
            }
            "person" => {
                let list = ending.get("ben", "/api/v1/me/authorizations").await.expect(200);
                let path = format!("/api/v1/{}", list["authorizations"][0]["name"].as_str().unwrap());
                ending.send("ben", Method::DELETE, &path, None).await.expect(200);
            }
            _ => suspend(ending, "suspend").await,
        }
        asking.get(&access, "/api/v1/me").await.expect(401);
        let next = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
        assert_eq!(app.ask(asking, &next).await.expect(400)["error"], "invalid_grant", "{way}");
    }
    suspend(ending, "resume").await;
}

/// Browser sessions: signed out, ended from elsewhere, and with the account.
async fn sessions_end(ending: &TestServer, asking: &TestServer) {
    for way in ["sign out", "person", "account"] {
        let mut browser = Browser::of(ending, "ben").await;
        let mut elsewhere = Browser::new(asking);
        elsewhere.cookies.clone_from(&browser.cookies);
        for _ in 0..2 {
            assert_eq!(elsewhere.get("/login/account").await.status, 200);
        }
        match way {
            "sign out" => {
                let page = browser.get("/oauth2/logout").await;
                browser.fill(&page, &[]).await;
            }
            "person" => {
                ending.send("ben", Method::POST, "/api/v1/me/sessions:endOthers", None).await.expect(200);
            }
            _ => suspend(ending, "suspend").await,
        }
        assert_eq!(elsewhere.get("/login/account").await.status, 303, "{way}");
    }
    suspend(ending, "resume").await;
}

async fn suspend(server: &TestServer, method: &str) {
    let path = format!("/api/v1/users/{}:{method}", server.principal("ben"));
    server.send("root", Method::POST, &path, None).await.expect(200);
}
