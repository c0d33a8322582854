//! Clients that others wrote, as crates; those that are none are run by `cargo xtask compat oauth`.

use oauth2::basic::BasicClient;
use oauth2::{
    AuthUrl, DeviceAuthorizationUrl, IntrospectionUrl, RevocationUrl, StandardDeviceAuthorizationResponse,
    StandardRevocableToken, TokenIntrospectionResponse, TokenUrl,
};
use openidconnect::core::{
    CoreClient, CoreDeviceAuthorizationResponse, CoreProviderMetadata, CoreResponseType, CoreRevocableToken,
    CoreUserInfoClaims,
};
use openidconnect::{
    AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse,
    IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, Scope, TokenResponse,
};

use super::browser::Browser;
use serde_json::json;

use super::{App, CALLBACK, VERIFIER, parameter};
use crate::harness::{Answer, TestServer, both, client};

both!(openidconnect_is_content, oauth2_is_content, guesses_of_others_do_not_lock_a_public_client_out,);

/// What the crate asks, sent by the tests' own client.
async fn send(request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let (parts, body) = request.into_parts();
    // `oauth2` revokes by https alone, which the tests' server does not speak.
    let address = parts.uri.to_string().replace("https://127.0.0.1:", "http://127.0.0.1:");
    let sent = client().request(parts.method, address).headers(parts.headers).body(body);
    let answer = sent.send().await?;
    let mut response = openidconnect::http::Response::builder().status(answer.status());
    *response.headers_mut().unwrap() = answer.headers().clone();
    Ok(response.body(answer.bytes().await?.to_vec()).unwrap())
}

async fn openidconnect_is_content(server: &TestServer) {
    let app = App::new(server).await;
    let issuer = IssuerUrl::new(server.url.clone()).unwrap();
    let metadata = CoreProviderMetadata::discover_async(issuer, &send).await.unwrap();
    let id = ClientId::new(app.id.clone());
    let secret = Some(ClientSecret::new(app.secret.clone()));
    // What the crate's own discovery leaves out is where the other document says.
    let at = |path: &str| format!("{}/oauth2/{path}", server.url);
    let judge_of = |id: ClientId, secret: Option<ClientSecret>| {
        CoreClient::from_provider_metadata(metadata.clone(), id, secret)
            .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).unwrap())
            .set_introspection_url(IntrospectionUrl::new(at("introspect")).unwrap())
            .set_revocation_url(RevocationUrl::new(at("revoke").replace("http://", "https://")).unwrap())
            .set_device_authorization_url(DeviceAuthorizationUrl::new(at("device_authorization")).unwrap())
    };
    let judge = judge_of(id, secret);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
    let (url, state, nonce) = judge
        .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
        .add_scope(Scope::new("email".to_owned()))
        .add_scope(Scope::new("offline_access".to_owned()))
        .set_pkce_challenge(challenge)
        .url();
    let mut browser = Browser::of(server, "ben").await;
    let page = browser.get(url.as_str().strip_prefix(&server.url).unwrap()).await;
    let answer = browser.fill(&page, &[("decision", "allow")]).await;
    assert_eq!(parameter(&answer, "state"), *state.secret());
    let brought = AuthorizationCode::new(parameter(&answer, "code"));
    let exchange = judge.exchange_code(brought).unwrap().set_pkce_verifier(verifier);
    let tokens = exchange.request_async(&send).await.unwrap();
    let id_token = tokens.id_token().unwrap();
    let claims = id_token.claims(&judge.id_token_verifier(), &nonce).unwrap();
    assert_eq!(claims.subject().as_str(), server.principal("ben"));
    let info: CoreUserInfoClaims = judge
        .user_info(tokens.access_token().clone(), Some(claims.subject().clone()))
        .unwrap()
        .request_async(&send)
        .await
        .unwrap();
    assert_eq!(info.email().unwrap().as_str(), "ben@tenantry.example");
    let refresh = tokens.refresh_token().unwrap();
    let next = judge.exchange_refresh_token(refresh).unwrap().request_async(&send).await.unwrap();
    let told = judge.introspect(next.access_token()).request_async(&send).await.unwrap();
    assert_eq!((told.active(), told.username()), (true, Some("ben")));
    let ended = CoreRevocableToken::RefreshToken(next.refresh_token().unwrap().clone());
    judge.revoke_token(ended).unwrap().request_async(&send).await.unwrap();
    assert!(!judge.introspect(next.access_token()).request_async(&send).await.unwrap().active());

    let account = &server.estate.service_accounts[0];
    let secret = ClientSecret::new(account.client_secret.clone());
    let service = judge_of(ClientId::new(account.client_id.clone()), Some(secret));
    let granted = service.exchange_client_credentials().unwrap().add_scope(Scope::new("api".to_owned()));
    let granted = granted.request_async(&send).await.unwrap();
    server.get(granted.access_token().secret(), "/api/v1/me").await.expect(200);

    let device = judge_of(ClientId::new("tenantry-cli".to_owned()), None);
    let started = device.exchange_device_code().add_scope(Scope::new("api".to_owned()));
    let started: CoreDeviceAuthorizationResponse = started.request_async(&send).await.unwrap();
    let approve = async |_: std::time::Duration| approve(server, started.user_code().secret()).await;
    let polling = device.exchange_device_access_token(&started).unwrap();
    let tokens = polling.request_async(&send, approve, None).await.unwrap();
    server.get(tokens.access_token().secret(), "/api/v1/me").await.expect(200);
}

/// While a device waits to ask again, somebody confirms it.
async fn approve(server: &TestServer, code: &str) {
    let body = json!({ "user_code": code });
    server.send("ben", reqwest::Method::POST, "/api/v1/me/devices:approve", Some(body)).await.expect(200);
}

/// Each client of its own: the crate's types say which addresses are set.
macro_rules! judge {
    ($server:expr, $id:expr) => {{
        let at = |path: &str| format!("{}/oauth2/{path}", $server.url);
        BasicClient::new(ClientId::new($id.to_owned()))
            .set_auth_uri(AuthUrl::new(at("authorize")).unwrap())
            .set_token_uri(TokenUrl::new(at("token")).unwrap())
            .set_introspection_url(IntrospectionUrl::new(at("introspect")).unwrap())
            .set_revocation_url(RevocationUrl::new(at("revoke").replace("http://", "https://")).unwrap())
            .set_device_authorization_url(DeviceAuthorizationUrl::new(at("device_authorization")).unwrap())
            .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).unwrap())
    }};
}

async fn oauth2_is_content(server: &TestServer) {
    let app = App::new(server).await;
    let judge = judge!(server, app.id).set_client_secret(ClientSecret::new(app.secret.clone()));
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let asked = judge.authorize_url(CsrfToken::new_random).set_pkce_challenge(challenge);
    let (url, state) = asked
        .add_scope(Scope::new("api".to_owned()))
        .add_scope(Scope::new("offline_access".to_owned()))
        .url();
    let mut browser = Browser::of(server, "ben").await;
    let page = browser.get(url.as_str().strip_prefix(&server.url).unwrap()).await;
    let answer = browser.fill(&page, &[("decision", "allow")]).await;
    assert_eq!(parameter(&answer, "state"), *state.secret());
    let brought = AuthorizationCode::new(parameter(&answer, "code"));
    let tokens = judge.exchange_code(brought).set_pkce_verifier(verifier).request_async(&send).await.unwrap();
    let next = judge.exchange_refresh_token(tokens.refresh_token().unwrap());
    let next = next.request_async(&send).await.unwrap();
    let told = judge.introspect(next.access_token()).request_async(&send).await.unwrap();
    assert_eq!((told.active(), told.username()), (true, Some("ben")));
    let ended = StandardRevocableToken::RefreshToken(next.refresh_token().unwrap().clone());
    judge.revoke_token(ended).unwrap().request_async(&send).await.unwrap();
    let told = judge.introspect(next.access_token()).request_async(&send).await.unwrap();
    assert!(!told.active());

    let account = &server.estate.service_accounts[0];
    let secret = ClientSecret::new(account.client_secret.clone());
    let service = judge!(server, account.client_id).set_client_secret(secret);
    let granted = service.exchange_client_credentials().add_scope(Scope::new("api".to_owned()));
    let granted = granted.request_async(&send).await.unwrap();
    server.get(granted.access_token().secret(), "/api/v1/me").await.expect(200);

    let device = judge!(server, "tenantry-cli");
    let started = device.exchange_device_code().add_scope(Scope::new("api".to_owned()));
    let started: StandardDeviceAuthorizationResponse = started.request_async(&send).await.unwrap();
    let approve = async |_: std::time::Duration| approve(server, started.user_code().secret()).await;
    let polling = device.exchange_device_access_token(&started);
    let tokens = polling.request_async(&send, approve, None).await.unwrap();
    server.get(tokens.access_token().secret(), "/api/v1/me").await.expect(200);
}

/// There is no secret to guess, and its id is known to everybody.
async fn guesses_of_others_do_not_lock_a_public_client_out(server: &TestServer) {
    let app = App::with(server, json!({"token_endpoint_auth_method": "none"})).await;
    let ask = async |code: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", app.id.as_str()),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        Answer::of(client().post(format!("{}/oauth2/token", server.url)).form(&form)).await
    };
    for _ in 0..30 {
        assert_eq!(ask("made-up").await.expect(400)["error"], "invalid_grant");
    }
    let mut browser = Browser::of(server, "ben").await;
    let code = app.code(&mut browser).await;
    ask(&code).await.expect(200);
}
