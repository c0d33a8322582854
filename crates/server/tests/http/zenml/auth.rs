//! `/auth/login`, with the hasher that the server has.

use serde_json::Value;

use crate::harness::{Answer, TestServer, both, client};

both!(gives_tokens_that_count);

async fn sign_in(server: &TestServer, form: &[(&str, &str)]) -> Answer {
    Answer::of(client().post(format!("{}/auth/login", server.url)).form(form)).await
}

async fn gives_tokens_that_count(server: &TestServer) {
    let person = server.estate.people.iter().find(|person| person.username == "ada").unwrap();
    let account = &server.estate.service_accounts[0];
    let forms: [&[(&str, &str)]; 3] = [
        &[("username", "ada"), ("password", &person.password), ("client_id", ""), ("grant_type", "")],
        &[("client_id", &account.client_id), ("client_secret", &account.client_secret), ("password", "")],
        &[("password", &account.api_key)],
    ];
    for form in forms {
        let answer = sign_in(server, form).await;
        let body: Value = answer.expect(200);
        assert!(body["expires_in"].as_i64().unwrap() > 0, "{body}");
        assert_eq!(answer.headers["cache-control"], "no-store");
        let list = server.get(body["access_token"].as_str().unwrap(), "/organizations").await.expect(200);
        assert_eq!(list[0]["name"], "northwind");
    }
    for form in
        [[("username", "ada"), ("password", "wrong")], [("username", "nobody"), ("password", "wrong")]]
    {
        let answer = sign_in(server, &form).await;
        assert_eq!(answer.expect(401)["detail"], "the credential is not valid");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
}
