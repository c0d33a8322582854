//! The same requests to this server and to `oauth-as`, an authorization server that somebody else wrote from the same RFCs:
//! what the two answer differently is written down here with a reason, and nothing else may differ.

mod differences;
mod side;

use std::collections::BTreeSet;

use serde_json::Value;

use super::{CALLBACK, VERIFIER};
use crate::harness::{TestServer, both_alone};
use differences::DIFFERENCES;
use side::Side;

both_alone!(two_servers_answer_alike);

pub(super) const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn two_servers_answer_alike(server: &TestServer) {
    let (mut ours, mut theirs) = (Side::ours(server).await, Side::theirs().await);
    for side in [&mut ours, &mut theirs] {
        says_of_itself(side);
        asks_a_person(side).await;
        redeems_codes(side).await;
        refreshes(side).await;
        asks_for_itself(side).await;
        looks_at_and_ends_tokens(side).await;
        logs_a_device_in(side).await;
    }
    assert_eq!(ours.steps.len(), theirs.steps.len());
    let steps = ours.steps.iter().zip(&theirs.steps);
    let found: BTreeSet<_> = steps
        .inspect(|(ours, theirs)| assert_eq!(ours.0, theirs.0))
        .filter(|(ours, theirs)| ours.1 != theirs.1)
        .map(|(ours, theirs)| (ours.0, ours.1.as_str(), theirs.1.as_str()))
        .collect();
    let listed: BTreeSet<_> = DIFFERENCES.iter().flat_map(|(_, steps)| *steps).copied().collect();
    let unlisted: Vec<_> = found.difference(&listed).collect();
    assert!(unlisted.is_empty(), "step, our answer, theirs: {unlisted:#?}");
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(gone.is_empty(), "the servers do not differ any more as is listed: {gone:#?}");
}

/// What is published of both alike.
fn says_of_itself(side: &mut Side<'_>) {
    for name in [
        "response_types_supported",
        "response_modes_supported",
        "grant_types_supported",
        "code_challenge_methods_supported",
        "token_endpoint_auth_methods_supported",
        "introspection_endpoint_auth_methods_supported",
        "revocation_endpoint_auth_methods_supported",
        "authorization_response_iss_parameter_supported",
    ] {
        let mut told = side.metadata[name].clone();
        if let Value::Array(words) = &mut told {
            words.sort_by_key(Value::to_string);
        }
        side.note(name, told.to_string());
    }
}

async fn asks_a_person(side: &mut Side<'_>) {
    side.ask("a good question", &[]).await;
    side.ask("no challenge", &[("code_challenge", ""), ("code_challenge_method", "")]).await;
    side.ask("no challenge, but a method", &[("code_challenge", "")]).await;
    side.ask("a plain challenge", &[("code_challenge_method", "plain")]).await;
    side.ask("a challenge without a method", &[("code_challenge_method", "")]).await;
    side.ask("a challenge that is none", &[("code_challenge", "short")]).await;
    side.ask("the implicit grant", &[("response_type", "token")]).await;
    side.ask("no response type", &[("response_type", "")]).await;
    side.ask("an unknown scope", &[("scope", "api everything")]).await;
    side.ask("no scope", &[("scope", "")]).await;
    side.ask("no state", &[("state", "")]).await;
    side.ask("an unknown resource", &[("resource", "https://other.example/")]).await;
    side.ask("a request object", &[("request", "x.y.z")]).await;
    side.ask("an unknown client", &[("client_id", "nobody")]).await;
    side.ask("no client", &[("client_id", "")]).await;
    side.ask("another address", &[("redirect_uri", "https://evil.example/callback")]).await;
    side.ask("the address with a slash", &[("redirect_uri", "https://app.example/callback/")]).await;
    side.ask("the address with a fragment", &[("redirect_uri", "https://app.example/callback#x")]).await;
    side.ask("no address", &[("redirect_uri", "")]).await;
    let twice = format!("{}&state=again", side.app.question(&[("scope", "api")]));
    let answer = side.question(&twice).await;
    side.note("state twice", side::sent_back(&answer).0);
}

/// Exchanges a code, with changes: later parameters replace earlier ones, an empty one is left out.
async fn redeem(side: &mut Side<'_>, step: &'static str, code: &str, changes: &[(&str, &str)]) -> Value {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in changes {
        form.retain(|(known, _)| known != name);
        form.push((name, value));
    }
    form.retain(|(_, value)| !value.is_empty());
    let (id, secret) = (side.app.id.clone(), side.app.secret.clone());
    side.post(step, "token_endpoint", Some((&id, &secret)), &form).await
}

async fn redeems_codes(side: &mut Side<'_>) {
    const WRONG: &str = "wrong-wrong-wrong-wrong-wrong-wrong-wrong-wrong";
    let code = side.code().await;
    redeem(side, "a wrong verifier", &code, &[("code_verifier", WRONG)]).await;
    redeem(side, "the right verifier after a wrong one", &code, &[]).await;
    let code = side.code().await;
    redeem(side, "no verifier", &code, &[("code_verifier", "")]).await;
    let code = side.code().await;
    redeem(side, "a verifier that is too short", &code, &[("code_verifier", "short")]).await;
    let code = side.code().await;
    redeem(side, "another redirect address", &code, &[("redirect_uri", "https://evil.example/")]).await;
    let code = side.code().await;
    redeem(side, "no redirect address", &code, &[("redirect_uri", "")]).await;
    redeem(side, "an unknown code", "made-up", &[]).await;
    redeem(side, "no code", "", &[]).await;
    redeem(side, "no grant type", "made-up", &[("grant_type", "")]).await;
    redeem(side, "the password grant", "made-up", &[("grant_type", "password")]).await;
    redeem(side, "the implicit grant at the token endpoint", "made-up", &[("grant_type", "implicit")]).await;

    let code = side.code().await;
    let (id, secret) = (side.other.id.clone(), side.other.secret.clone());
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    side.post("a code of another client", "token_endpoint", Some((&id, &secret)), &form).await;

    let code = side.code().await;
    let tokens = redeem(side, "a code", &code, &[]).await;
    let told = introspect(side, "its access token", &tokens["access_token"]).await;
    side.note("what is told of it", side::members(&told).join(" "));
    redeem(side, "the code again", &code, &[]).await;
    introspect(side, "the access token after that", &tokens["access_token"]).await;
    introspect(side, "the refresh token after that", &tokens["refresh_token"]).await;

    let code = side.code().await;
    let (id, secret) = (side.app.id.clone(), side.app.secret.clone());
    let mut form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("client_id", &id),
        ("client_secret", "wrong"),
    ];
    side.post("no secret", "token_endpoint", None, &form[..5]).await;
    side.post("no client at the token endpoint", "token_endpoint", None, &form[..4]).await;
    side.post("a wrong secret in the body", "token_endpoint", None, &form).await;
    side.post("a wrong secret in the header", "token_endpoint", Some((&id, "wrong")), &form[..4]).await;
    side.post("a client that is not there", "token_endpoint", Some(("nobody", &secret)), &form[..4]).await;
    form[5].1 = &secret;
    side.post("a secret in both", "token_endpoint", Some((&id, &secret)), &form).await;
    side.post("a secret in the body", "token_endpoint", None, &form).await;
}

async fn introspect(side: &mut Side<'_>, step: &'static str, token: &Value) -> Value {
    let (id, secret) = (side.app.id.clone(), side.app.secret.clone());
    let form = [("token", token.as_str().unwrap_or_default())];
    side.post(step, "introspection_endpoint", Some((&id, &secret)), &form).await
}

async fn refresh(side: &mut Side<'_>, step: &'static str, token: &Value, more: &[(&str, &str)]) -> Value {
    let (id, secret) = (side.app.id.clone(), side.app.secret.clone());
    let form =
        [&[("grant_type", "refresh_token"), ("refresh_token", token.as_str().unwrap_or_default())], more]
            .concat();
    side.post(step, "token_endpoint", Some((&id, &secret)), &form).await
}

async fn refreshes(side: &mut Side<'_>) {
    let code = side.code().await;
    let first = redeem(side, "a code to refresh from", &code, &[]).await;
    let (id, secret) = (side.other.id.clone(), side.other.secret.clone());
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", first["refresh_token"].as_str().unwrap_or_default()),
    ];
    side.post("a refresh token of another client", "token_endpoint", Some((&id, &secret)), &form).await;
    refresh(side, "a wider scope", &first["refresh_token"], &[("scope", "api email")]).await;
    refresh(side, "an unknown scope to refresh", &first["refresh_token"], &[("scope", "everything")]).await;
    let second = refresh(side, "a refresh", &first["refresh_token"], &[]).await;
    let third = refresh(side, "the same within seconds", &first["refresh_token"], &[]).await;
    introspect(side, "the first access token after a refresh", &first["access_token"]).await;
    introspect(side, "the second access token", &second["access_token"]).await;
    // Within these seconds their next token answers what the one before it did.
    side.wait();
    let narrow = refresh(side, "a narrower scope", &third["refresh_token"], &[("scope", "api")]).await;
    side.wait();
    refresh(side, "the whole scope after that", &narrow["refresh_token"], &[("scope", "api offline_access")])
        .await;
    side.wait();
    refresh(side, "the first refresh token later", &first["refresh_token"], &[]).await;
    introspect(side, "the family's access token after that", &narrow["access_token"]).await;
    introspect(side, "the family's refresh token after that", &narrow["refresh_token"]).await;
    refresh(side, "an unknown refresh token", &"made-up".into(), &[]).await;
    refresh(side, "no refresh token", &"".into(), &[]).await;
    refresh(side, "an access token to refresh", &first["access_token"], &[]).await;
}

async fn asks_for_itself(side: &mut Side<'_>) {
    let token = "token_endpoint";
    let grant = ("grant_type", "client_credentials");
    let (id, secret) = (side.service.id.clone(), side.service.secret.clone());
    let service = Some((&*id, &*secret));
    side.post("client credentials", token, service, &[grant, ("scope", "api")]).await;
    side.post("client credentials without a scope", token, service, &[grant]).await;
    side.post("client credentials with an unknown scope", token, service, &[grant, ("scope", "everything")])
        .await;
    side.post("client credentials with a scope of people", token, service, &[grant, ("scope", "openid")])
        .await;
    side.post("client credentials with a wrong secret", token, Some((&id, "wrong")), &[grant]).await;
    let wrong = [grant, ("client_id", &id), ("client_secret", "wrong")];
    side.post("client credentials with a wrong secret in the body", token, None, &wrong).await;
    let bare = [grant, ("client_id", &id)];
    side.post("client credentials without a secret", token, None, &bare).await;
    let (id, secret) = (side.app.id.clone(), side.app.secret.clone());
    side.post("client credentials that are not allowed", token, Some((&id, &secret)), &[grant]).await;
    let public = side.public.id.clone();
    side.post("client credentials of a public client", token, None, &[grant, ("client_id", &public)]).await;
    let known = [grant, ("client_id", &public), ("client_secret", "x")];
    side.post("a public client with a secret", token, None, &known).await;
}

async fn looks_at_and_ends_tokens(side: &mut Side<'_>) {
    let (introspection, revocation) = ("introspection_endpoint", "revocation_endpoint");
    let (id, secret) = (side.app.id.clone(), side.app.secret.clone());
    let (another, other_secret) = (side.other.id.clone(), side.other.secret.clone());
    let (app, other) = (Some((&*id, &*secret)), Some((&*another, &*other_secret)));
    let public = side.public.id.clone();
    let code = side.code().await;
    let tokens = redeem(side, "a code to revoke from", &code, &[]).await;
    let access = ("token", tokens["access_token"].as_str().unwrap_or_default());
    let renewing = ("token", tokens["refresh_token"].as_str().unwrap_or_default());
    side.post("a refresh token is introspected", introspection, app, &[renewing]).await;
    side.post(
        "by a hint that is wrong",
        introspection,
        app,
        &[renewing, ("token_type_hint", "access_token")],
    )
    .await;
    side.post("by a hint that nobody knows", introspection, app, &[access, ("token_type_hint", "x")]).await;
    side.post("by another client", introspection, other, &[access]).await;
    side.post("by a public client", introspection, None, &[access, ("client_id", &public)]).await;
    side.post("by nobody", introspection, None, &[access]).await;
    side.post("by a wrong secret", introspection, Some((&id, "wrong")), &[access]).await;
    side.post("an unknown token is introspected", introspection, app, &[("token", "made-up")]).await;
    side.post("no token is introspected", introspection, app, &[]).await;

    side.post("another client revokes", revocation, other, &[access]).await;
    side.post("a public client revokes", revocation, None, &[access, ("client_id", &public)]).await;
    introspect(side, "the access token that others revoked", &tokens["access_token"]).await;
    side.post("nobody revokes", revocation, None, &[access]).await;
    side.post("a wrong secret revokes", revocation, Some((&id, "wrong")), &[access]).await;
    side.post("an unknown token is revoked", revocation, app, &[("token", "made-up")]).await;
    side.post("no token is revoked", revocation, app, &[]).await;
    side.post("an unknown hint", revocation, app, &[("token", "made-up"), ("token_type_hint", "x")]).await;
    side.post("the access token is revoked", revocation, app, &[access]).await;
    introspect(side, "the access token that is revoked", &tokens["access_token"]).await;
    introspect(side, "the refresh token beside it", &tokens["refresh_token"]).await;

    let code = side.code().await;
    let tokens = redeem(side, "another code to revoke from", &code, &[]).await;
    let renewing = ("token", tokens["refresh_token"].as_str().unwrap_or_default());
    side.post("the refresh token is revoked", revocation, app, &[renewing]).await;
    introspect(side, "the refresh token that is revoked", &tokens["refresh_token"]).await;
    introspect(side, "the access token beside it", &tokens["access_token"]).await;
    refresh(side, "a revoked token to refresh", &tokens["refresh_token"], &[]).await;
}

async fn logs_a_device_in(side: &mut Side<'_>) {
    let (device, token) = ("device_authorization_endpoint", "token_endpoint");
    let (public, other) = (side.public.id.clone(), side.other.id.clone());
    let other_secret = side.other.secret.clone();
    let service = (side.service.id.clone(), side.service.secret.clone());
    let client = ("client_id", &*public);
    let scope = ("scope", "api offline_access");
    side.post("a device of an unknown client", device, None, &[("client_id", "nobody"), scope]).await;
    side.post("a device of no client", device, None, &[scope]).await;
    side.post("a device with an unknown scope", device, None, &[client, ("scope", "everything")]).await;
    side.post(
        "a device of a client that has none",
        device,
        Some((&service.0, &service.1)),
        &[("scope", "api")],
    )
    .await;
    let begun = side.post("a device", device, None, &[client, scope]).await;
    let form = [
        ("grant_type", DEVICE_CODE),
        client,
        ("device_code", begun["device_code"].as_str().unwrap_or_default()),
    ];
    side.post("a device waits", token, None, &form).await;
    side.post("a device does not wait", token, None, &form).await;
    side.wait();
    side.post("a device of another client", token, Some((&other, &other_secret)), &[form[0], form[2]]).await;
    side.post("a device waits longer", token, None, &form).await;
    side.decide(&begun, true).await;
    side.wait();
    side.post("a device is let in", token, None, &form).await;
    side.post("a device code again", token, None, &form).await;
    side.post("an unknown device code", token, None, &[form[0], client, ("device_code", "made-up")]).await;
    side.post("no device code", token, None, &form[..2]).await;
    let begun = side.post("another device", device, None, &[client, scope]).await;
    side.decide(&begun, false).await;
    let form = [form[0], client, ("device_code", begun["device_code"].as_str().unwrap_or_default())];
    side.post("a device is not let in", token, None, &form).await;
    side.post("a device that was not let in asks again", token, None, &form).await;
}
