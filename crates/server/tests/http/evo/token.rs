//! `POST /connect/token`

use serde_json::json;

use crate::harness::{Answer, TestServer, both, client};

both!(a_client_gets_a_token_that_lists, only_the_right_secret_counts);

async fn ask(server: &TestServer, form: &[(&str, &str)]) -> Answer {
    Answer::of(client().post(format!("{}/connect/token", server.url)).form(form)).await
}

async fn a_client_gets_a_token_that_lists(server: &TestServer) {
    let account = &server.estate.service_accounts[0];
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &account.client_id),
        ("client_secret", &account.client_secret),
        ("scope", "evo.discovery evo.workspace"),
    ];
    let in_form = ask(server, &form).await;
    let basic = client().post(format!("{}/connect/token", server.url)).form(&form[..1]);
    let in_header = Answer::of(basic.basic_auth(&account.client_id, Some(&account.client_secret))).await;
    for answer in [in_form, in_header] {
        let token = answer.expect(200);
        assert_eq!(answer.headers["cache-control"], "no-store");
        assert_eq!((&token["token_type"], &token["expires_in"]), (&json!("Bearer"), &json!(3600)));
        assert_eq!(token["scope"], "evo.discovery evo.workspace");

        let path = format!("/workspace/orgs/{}/workspaces", server.organization("northwind"));
        let page = server.get(token["access_token"].as_str().unwrap(), &path).await.expect(200);
        let names = page["results"].as_array().unwrap().iter().map(|workspace| &workspace["name"]);
        assert_eq!(names.collect::<Vec<_>>(), ["Cable Routes", "Turbine Forecasts"]);
    }
}

/// Whatever is wrong with it, the answer is the same.
async fn only_the_right_secret_counts(server: &TestServer) {
    let account = &server.estate.service_accounts[0];
    let (id, secret) = (&*account.client_id, &*account.client_secret);
    let unknown = "0199f000-0000-7000-8000-00000000000a";
    for (id, secret) in [(unknown, secret), (id, server.token("ada")), (id, &account.api_key), ("x", "y")] {
        let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
        let answer = ask(server, &form).await;
        let error = json!({"error": "invalid_client", "error_description": "the credential is not valid"});
        assert_eq!((answer.status, answer.json()), (401, error));
        assert_eq!(answer.headers["www-authenticate"], "Basic realm=\"token endpoint\"");
    }
}
