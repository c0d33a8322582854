//! What a program makes with what it was given: keys, tokens for them, devices that it lets in, and so on. All of it ends with
//! the first.

use tenantry_core::Shower;
use tenantry_core::browser::Origin;
use tenantry_core::credential::{NewToken, Secret};
use tenantry_core::device::{Approval, Decision, DeviceTokens};
use tenantry_core::oauth::{ClientRegistration, GrantType, ProvenClient, RegisteredClient, Scopes};
use tenantry_testkit::TestCore;

use crate::device::{Scene, access};

on_both_engines!(a_device_goes_with_what_let_it_in, what_a_client_was_given_goes_with_it);

/// More devices of these programs, each let in by the one before.
async fn chain(scene: &mut Scene, first: &DeviceTokens, by: &[&ProvenClient]) -> Vec<DeviceTokens> {
    let mut chain = vec![first.clone()];
    for program in by {
        scene.program = (*program).clone();
        let token = access(chain.last().unwrap()).secret.clone();
        let caller = scene.core.authenticate(token.expose()).await.unwrap();
        // A key of its own making, exchanged for another token, is no way out.
        let title = format!("key {}", chain.len());
        let new = NewToken { as_key: true, title, ..NewToken::default() };
        let (_, key) = scene.core.create_own_token(&caller, new).await.unwrap();
        let exchanged = scene.core.exchange_bearer(key.expose(), Shower::default()).await.unwrap();
        let caller = scene.core.authenticate(exchanged.secret.expose()).await.unwrap();
        let started = scene.start().await;
        let yes = Decision::Approve(Approval { trusted: true, ..Approval::default() });
        scene.decide(&caller, &started.user_code.expose(), yes).await.unwrap();
        chain.push(scene.poll(&started).await.unwrap());
    }
    for tokens in &chain {
        assert!(scene.counts(tokens).await);
    }
    chain
}

/// Whoever takes a program's access back takes back what it let in, however far that went on.
async fn a_device_goes_with_what_let_it_in(core: TestCore) {
    let mut scene = Scene::new(core).await;
    let (first, program) = (scene.device().await, scene.program.clone());
    let chain = chain(&mut scene, &first, &[&program; 5]).await;
    let other = scene.device().await;
    scene.core.end_own_authorization(&scene.ann.caller, first.device.authorization).await.unwrap();
    for tokens in &chain {
        assert!(!scene.counts(tokens).await);
    }
    assert!(scene.counts(&other).await);
}

/// However far that went on, and through whichever program.
async fn what_a_client_was_given_goes_with_it(core: TestCore) {
    let mut scene = Scene::new(core).await;
    let registration = ClientRegistration {
        name: Some("App".to_owned()),
        confidential: true,
        redirect_uris: Vec::new(),
        logout_uris: Vec::new(),
        grant_types: vec![GrantType::DeviceCode],
        scopes: Scopes::API,
        audiences: Vec::new(),
    };
    let RegisteredClient { client, secret } =
        scene.core.register_client(&scene.root.caller, registration).await.unwrap();
    let secret = secret.as_ref().map(Secret::expose);
    let app = scene.core.prove_client(&client.id, secret, &Origin::default()).await.unwrap();
    let program = std::mem::replace(&mut scene.program, app.clone());
    let first = scene.device().await;
    let chain = chain(&mut scene, &first, &[&program, &program, &app, &program]).await;
    scene.program = program;
    let other = scene.device().await;
    scene.core.delete_client(&scene.root.caller, &client.id).await.unwrap();
    for tokens in &chain {
        assert!(!scene.counts(tokens).await);
    }
    assert!(scene.counts(&other).await);
}
