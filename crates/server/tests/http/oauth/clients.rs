//! Clients that others wrote, as crates; those that are none are run by `cargo xtask compat oauth`.

use openidconnect::core::{CoreClient, CoreProviderMetadata, CoreResponseType, CoreUserInfoClaims};
use openidconnect::{
    AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse,
    IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, Scope, TokenResponse,
};

use super::browser::Browser;
use super::{App, CALLBACK, parameter};
use crate::harness::{TestServer, both, client};

both!(openidconnect_is_content);

/// What the crate asks, sent by the tests' own client.
async fn send(request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let (parts, body) = request.into_parts();
    let sent = client().request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body);
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
    let judge = CoreClient::from_provider_metadata(metadata, id, secret)
        .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).unwrap());
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
    judge.exchange_refresh_token(refresh).unwrap().request_async(&send).await.unwrap();
}
