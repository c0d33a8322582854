//! A program without a browser, and the person who logs it in.

use serde_json::{Value, json};

use super::browser::{Browser, between};
use crate::harness::{Answer, SOURCE, TestServer, both, client};

both!(
    a_person_logs_a_program_in,
    a_code_alone_confirms_nothing,
    a_person_says_no,
    codes_are_read_as_people_type_them,
    a_person_chooses_the_workspace_of_a_program,
    a_workspace_that_cannot_be_entered_is_not_chosen
);

/// The command line's own client, which holds no secret.
const CLI: &str = "tenantry-cli";

async fn begin(server: &TestServer) -> Value {
    let request = client().post(format!("{}/oauth2/device_authorization", server.url));
    let request = request
        .header("user-agent", "tenantry/0.1 (Linux)")
        .header(SOURCE, "203.0.113.7")
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
        "tenantry/0.1 (Linux), 203.0.113.7",
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

/// A program of ZenML's, which works in one workspace.
async fn begin_zenml(server: &TestServer) -> Value {
    let form = [("client_id", "7f1f2b1c-4a1e-4c7e-9d2a-0a4b6a5a9d10")];
    let request = client().post(format!("{}/auth/device_authorization", server.url));
    Answer::of(request.form(&form)).await.expect(200)
}

async fn poll_zenml(server: &TestServer, begun: &Value) -> Answer {
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", "7f1f2b1c-4a1e-4c7e-9d2a-0a4b6a5a9d10"),
        ("device_code", begun["device_code"].as_str().unwrap()),
    ];
    Answer::of(client().post(format!("{}/auth/login", server.url)).form(&form)).await
}

async fn a_person_chooses_the_workspace_of_a_program(server: &TestServer) {
    // Whoever has one only is suggested that one, also when they have to sign in first.
    let begun = begin_zenml(server).await;
    let mut browser = Browser::new(server);
    let to_sign_in = browser.get(page_of(server, &begun)).await;
    let page = browser.follow(&to_sign_in).await;
    let back = browser.sign_in(&page, "cleo").await;
    let question = browser.follow(&back).await;
    let suggested = between(&question.text, "selected>", "</option>").unwrap();
    assert_eq!(suggested, "Reservoir Models (northwind)");
    let id = between(&question.text, "<option value=\"\">None yet</option>\n<option value=\"", "\"").unwrap();
    browser.fill(&question, &[("decision", "approve"), ("workspace", id)]).await;
    let tokens = poll_zenml(server, &begun).await.expect(200);
    assert_eq!(tokens["device_metadata"], json!({"tenant_id": id, "workspace_id": id}));
    // A program that was given a name asks for it, by the code that is typed in, too.
    let begun = begin_zenml(server).await;
    let mut browser = Browser::of(server, "cleo").await;
    let empty = browser.get("/login/device?workspace=reservoir-models").await;
    assert!(empty.text.contains("<input type=\"hidden\" name=\"workspace\" value=\"reservoir-models\">"));
    let path = page_of(server, &begun).replace("workspace=", "workspace=reservoir-models");
    let question = browser.get(&path).await;
    assert_eq!(between(&question.text, "selected>", "</option>"), Some(suggested));
    // None is an answer as well.
    browser.fill(&question, &[("decision", "approve"), ("workspace", "")]).await;
    assert_eq!(poll_zenml(server, &begun).await.expect(200)["device_metadata"], json!({}));
    // Programs that work in none do not ask.
    let begun = begin(server).await;
    assert!(!browser.get(page_of(server, &begun)).await.text.contains("<select"));
}

async fn a_workspace_that_cannot_be_entered_is_not_chosen(server: &TestServer) {
    let begun = begin_zenml(server).await;
    let mut browser = Browser::of(server, "ada").await;
    let question = browser.get(page_of(server, &begun)).await;
    let (offered, all) =
        (question.text.matches("<option").count() - 1, "/workspaces?limit=100&member_only=True");
    let all = server.get("ada", all).await.expect(200);
    let runs = |workspace: &&Value| workspace["status"] == "available";
    assert_eq!(offered, all.as_array().unwrap().iter().filter(runs).count());
    assert!(offered < all.as_array().unwrap().len(), "those that do not run lead nowhere");
    let theirs = server.get("dan", "/workspaces?limit=1").await.expect(200);
    let theirs = theirs[0]["id"].as_str().unwrap();
    let begun = begin_zenml(server).await;
    let mut browser = Browser::of(server, "cleo").await;
    for named in [theirs, "no-such"] {
        let path = page_of(server, &begun).replace("workspace=", &format!("workspace={named}"));
        let question = browser.get(&path).await;
        assert!(
            between(&question.text, "role=\"alert\">", "<")
                .unwrap()
                .contains("not there, not running, or none that you can enter")
        );
        assert!(!question.text.contains(" selected>") && !question.text.contains(theirs));
        let refused = browser.fill(&question, &[("decision", "approve"), ("workspace", named)]).await;
        assert_eq!(refused.status, 404, "{}", refused.text);
    }
    assert_eq!(poll_zenml(server, &begun).await.expect(400)["error"], "authorization_pending");
}
