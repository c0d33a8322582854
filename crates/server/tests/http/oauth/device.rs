//! A program without a browser, and the person who logs it in.

use serde_json::{Value, json};

use super::browser::{Browser, between};
use crate::harness::{Answer, TestServer, both, client};

both!(
    a_person_logs_a_program_in,
    a_code_alone_confirms_nothing,
    a_person_says_no,
    codes_are_read_as_people_type_them
);

/// The command line's own client, which holds no secret.
const CLI: &str = "tenantry-cli";

async fn begin(server: &TestServer) -> Value {
    let request = client().post(format!("{}/oauth2/device_authorization", server.url));
    let request = request
        .header("user-agent", "tenantry/0.1 (Linux)")
        .form(&[("client_id", CLI), ("scope", "openid api")]);
    Answer::of(request).await.expect(200)
}

async fn poll(server: &TestServer, begun: &Value) -> Answer {
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", CLI),
        ("device_code", begun["device_code"].as_str().unwrap()),
    ];
    Answer::of(client().post(format!("{}/oauth2/token", server.url)).form(&form)).await
}

fn page_of<'a>(server: &TestServer, begun: &'a Value) -> &'a str {
    begun["verification_uri_complete"].as_str().unwrap().strip_prefix(&server.url).unwrap()
}

async fn a_person_logs_a_program_in(server: &TestServer) {
    let begun = begin(server).await;
    assert_eq!((&begun["interval"], &begun["expires_in"]), (&json!(5), &json!(600)));
    assert_eq!(begun["verification_uri"], format!("{}/login/device", server.url));
    assert_eq!(poll(server, &begun).await.expect(400)["error"], "authorization_pending");
    assert_eq!(poll(server, &begun).await.expect(400)["error"], "slow_down");
    let mut browser = Browser::new(server);
    let to_sign_in = browser.get(page_of(server, &begun)).await;
    let page = browser.follow(&to_sign_in).await;
    let back = browser.sign_in(&page, "ben").await;
    let question = browser.follow(&back).await;
    assert_eq!(question.status, 200);
    for told in [
        "Tenantry command line",
        "tenantry/0.1 (Linux), 127.0.0.1",
        begun["user_code"].as_str().unwrap(),
        "Do everything",
    ] {
        assert!(question.text.contains(told), "{told}: {}", question.text);
    }
    let done = browser.fill(&question, &[("decision", "approve")]).await;
    assert!(done.text.contains("The device is logged in"), "{}", done.text);
    let tokens = poll(server, &begun).await.expect(200);
    assert_eq!(tokens["scope"], "openid api");
    // The page counts once.
    assert_eq!(browser.get(page_of(server, &begun)).await.status, 400);
}

async fn a_code_alone_confirms_nothing(server: &TestServer) {
    let begun = begin(server).await;
    let mut browser = Browser::of(server, "ben").await;
    for _ in 0..2 {
        assert_eq!(browser.get(page_of(server, &begun)).await.status, 200);
    }
    assert_eq!(poll(server, &begun).await.expect(400)["error"], "authorization_pending");
    let unsent = [
        ("code".to_owned(), begun["user_code"].as_str().unwrap().to_owned()),
        ("decision".to_owned(), "approve".to_owned()),
    ];
    assert_eq!(browser.post("/login/device", &unsent.into()).await.status, 403);
    let wrong = browser.get("/login/device?code=BBBBB-BBBBB").await;
    assert_eq!(wrong.status, 400);
    assert!(between(&wrong.text, "role=\"alert\">", "<").unwrap().contains("No program waits"));
}

async fn a_person_says_no(server: &TestServer) {
    let begun = begin(server).await;
    let mut browser = Browser::of(server, "ben").await;
    let question = browser.get(page_of(server, &begun)).await;
    let done = browser.fill(&question, &[("decision", "deny")]).await;
    assert!(done.text.contains("not logged in"));
    assert_eq!(poll(server, &begun).await.expect(400)["error"], "access_denied");
}

async fn codes_are_read_as_people_type_them(server: &TestServer) {
    let begun = begin(server).await;
    let typed = begun["user_code"].as_str().unwrap().to_lowercase().replace('-', "%20");
    let mut browser = Browser::of(server, "ben").await;
    let question = browser.get(&format!("/login/device?code={typed}")).await;
    assert_eq!(question.status, 200, "{}", question.text);
    browser.fill(&question, &[("decision", "approve")]).await;
    let tokens = poll(server, &begun).await.expect(200);
    server.get(tokens["access_token"].as_str().unwrap(), "/api/v1/me").await.expect(200);
    assert!(tokens["id_token"].is_string() && tokens["refresh_token"].is_null());
    assert_eq!(poll(server, &begun).await.status, 400);
}
