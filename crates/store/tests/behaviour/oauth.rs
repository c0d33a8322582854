//! OAuth: clients, what people allow them, and the tokens that come of it.

use std::sync::Arc;

use tenantry_core::Shower;
use tenantry_core::authz::OrganizationRef;
use tenantry_core::browser::{BrowserSession, Origin};
use tenantry_core::credential::{Access, Issued, NewApiKey, Secret};
use tenantry_core::error::{Kind, Result};
use tenantry_core::oauth::{
    AccessToken, AuthorizationRequest, Challenge, ClientRegistration, GrantType, ProvenClient, Redemption,
    RegisteredClient, Scopes, Tokens,
};
use tenantry_testkit::{Member, TestCore};

use crate::asking::{called, kind, reason};
use crate::browser::{person, sign_in};

on_both_engines!(
    a_code_is_spent_once,
    a_code_is_bound_to_client_address_and_verifier,
    of_two_who_spend_a_code_one_gets_tokens,
    refresh_tokens_rotate,
    signing_out_ends_a_login_only_by_a_token_as_good,
    a_reused_refresh_token_ends_everything,
    a_refresh_token_may_be_shown_again_within_the_grace,
    refreshing_at_once_keeps_the_family,
    what_is_allowed_is_never_widened,
    nothing_that_is_allowed_beside_a_reset_outlives_it,
    tokens_die_with_what_they_rest_on,
    tokens_are_shown_and_ended_by_their_own_client_only,
    a_refresh_token_that_was_exchanged_still_stands_for_its_family,
    keys_that_a_program_makes_end_with_it,
    what_has_expired_is_forgotten,
);

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CALLBACK: &str = "https://app.example/callback";

/// A confidential client of people, that may ask for everything.
pub(crate) fn registration(name: &str) -> ClientRegistration {
    ClientRegistration {
        name: Some(name.to_owned()),
        confidential: true,
        redirect_uris: vec![CALLBACK.to_owned()],
        logout_uris: Vec::new(),
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        scopes: Scopes::ALL,
        audiences: vec!["https://other.example/".to_owned()],
    }
}

/// A person in a browser, before a client.
struct Scene {
    core: TestCore,
    root: Member,
    browser: BrowserSession,
    client: ProvenClient,
}

impl Scene {
    async fn new(core: TestCore) -> Self {
        let root = core.root().await;
        person(&core, &root, "ann").await;
        let session = sign_in(&core, "ann").await;
        let browser = core.browser_session(session.secret.expose()).await.unwrap();
        let client = proven(&core, &root, "App").await;
        Self { core, root, browser, client }
    }

    /// What the person allows the client.
    async fn code(&self, scopes: Scopes) -> Result<String> {
        self.code_for(&self.client, scopes, None).await
    }

    async fn code_for(
        &self,
        client: &ProvenClient,
        scopes: Scopes,
        audience: Option<&str>,
    ) -> Result<String> {
        let request = AuthorizationRequest {
            client: client.client.clone(),
            redirect_uri: CALLBACK.to_owned(),
            scopes,
            challenge: Challenge::parse(Some(CHALLENGE), Some("S256")).unwrap(),
            nonce: Some("n".to_owned()),
            audience: audience.map(str::to_owned),
        };
        Ok(self.core.authorize(&self.browser, request).await?.expose().to_owned())
    }

    async fn redeem(&self, code: &str) -> Result<Tokens> {
        self.core.redeem_code(&self.client, redemption(code)).await
    }

    async fn tokens(&self, scopes: Scopes) -> Tokens {
        self.redeem(&self.code(scopes).await.unwrap()).await.unwrap()
    }

    async fn refresh(&self, tokens: &Tokens) -> Result<Tokens> {
        self.core.refresh(&self.client, refresh_token(tokens), None).await
    }

    async fn counts(&self, tokens: &Tokens) -> bool {
        self.core.authenticate(access_token(tokens).secret.expose()).await.is_ok()
    }

    fn audited(&self, action: &str) -> String {
        self.core.sql(&format!("SELECT COUNT(*) FROM audit_events WHERE action = '{action}'"))
    }
}

pub(crate) async fn proven(core: &TestCore, root: &Member, name: &str) -> ProvenClient {
    let RegisteredClient { client, secret } =
        core.register_client(&root.caller, registration(name)).await.unwrap();
    core.prove_client(&client.id, secret.as_ref().map(Secret::expose), &Origin::default()).await.unwrap()
}

fn redemption(code: &str) -> Redemption {
    Redemption { code: code.to_owned(), redirect_uri: CALLBACK.to_owned(), verifier: VERIFIER.to_owned() }
}

fn access_token(tokens: &Tokens) -> &Issued {
    match &tokens.access {
        AccessToken::Opaque(issued) => issued,
        AccessToken::Signed { .. } => panic!("a token for this server"),
    }
}

fn refresh_token(tokens: &Tokens) -> &str {
    tokens.refresh.as_ref().expect("offline access was allowed").expose()
}

fn offline() -> Scopes {
    Scopes::OPENID.union(Scopes::API).union(Scopes::OFFLINE_ACCESS)
}

async fn a_code_is_spent_once(core: TestCore) {
    let scene = Scene::new(core).await;
    let carried = scene.code(offline()).await.unwrap();
    let tokens = scene.redeem(&carried).await.unwrap();
    assert_eq!(tokens.person.id, scene.browser.caller.principal);
    assert_eq!((tokens.scopes, tokens.nonce.as_deref()), (offline(), Some("n")));
    assert!(scene.counts(&tokens).await);
    assert_eq!(reason(scene.redeem(&carried).await), "oauth.invalid_grant");
    // Whoever was first may have stolen it.
    assert!(!scene.counts(&tokens).await);
    assert_eq!(reason(scene.refresh(&tokens).await), "oauth.invalid_grant");
    assert_eq!(scene.audited("authorization.reused_code"), "1");

    let late = scene.code(offline()).await.unwrap();
    scene.core.clock().advance_seconds(60);
    assert_eq!(reason(scene.redeem(&late).await), "oauth.invalid_grant");
}

async fn a_code_is_bound_to_client_address_and_verifier(core: TestCore) {
    let scene = Scene::new(core).await;
    let other = proven(&scene.core, &scene.root, "Other").await;
    let carried = scene.code(offline()).await.unwrap();
    let stolen = scene.core.redeem_code(&other, redemption(&carried)).await;
    assert_eq!(reason(stolen), "oauth.invalid_grant");
    let elsewhere = Redemption { redirect_uri: format!("{CALLBACK}/"), ..redemption(&carried) };
    assert_eq!(reason(scene.core.redeem_code(&scene.client, elsewhere).await), "oauth.invalid_grant");
    for verifier in ["", CHALLENGE, &VERIFIER[1..]] {
        let wrong = Redemption { verifier: verifier.to_owned(), ..redemption(&carried) };
        assert_eq!(reason(scene.core.redeem_code(&scene.client, wrong).await), "oauth.invalid_grant");
    }
    for carried in ["", "tny_ac_", scene.root.token.as_str()] {
        assert_eq!(reason(scene.redeem(carried).await), "oauth.invalid_grant");
    }
    // None of these has spent it.
    scene.redeem(&carried).await.unwrap();
}

async fn of_two_who_spend_a_code_one_gets_tokens(core: TestCore) {
    let scene = Arc::new(Scene::new(core).await);
    for _ in 0..5 {
        let carried = scene.code(offline()).await.unwrap();
        let both: Vec<_> = (0..2)
            .map(|_| {
                let (scene, carried) = (Arc::clone(&scene), carried.clone());
                tokio::spawn(async move { scene.redeem(&carried).await.is_ok() })
            })
            .collect();
        let mut good = 0;
        for one in both {
            good += u32::from(one.await.unwrap());
        }
        assert_eq!(good, 1);
    }
}

async fn refresh_tokens_rotate(core: TestCore) {
    let scene = Scene::new(core).await;
    let without = scene.tokens(Scopes::API).await;
    assert!(without.refresh.is_none(), "offline access was not asked for");
    let mut tokens = scene.tokens(offline()).await;
    let week = 7 * 24 * 60 * 60;
    for _ in 0..3 {
        scene.core.clock().advance_seconds(week);
        assert!(!scene.counts(&tokens).await);
        let next = scene.refresh(&tokens).await.unwrap();
        assert_ne!(refresh_token(&next), refresh_token(&tokens));
        assert_eq!(next.authorization.signed_in_at, tokens.authorization.signed_in_at);
        assert!(scene.counts(&next).await);
        tokens = next;
    }
    scene.core.clock().advance_seconds(scene.core.settings().refresh_token_seconds);
    assert_eq!(reason(scene.refresh(&tokens).await), "oauth.invalid_grant");
}

/// One that is good for less, or was got for another one, ends alone.
async fn signing_out_ends_a_login_only_by_a_token_as_good(core: TestCore) {
    let scene = Scene::new(core).await;
    let first = scene.tokens(offline().union(Scopes::API_READ)).await;
    let narrow = scene.core.refresh(&scene.client, refresh_token(&first), Some(Scopes::API_READ));
    let narrow = narrow.await.unwrap();
    let shown = access_token(&first).secret.expose();
    let derived = scene.core.derive_token(shown, None, None).await.unwrap();
    for ended in [access_token(&narrow), &derived] {
        let ended = ended.secret.expose();
        scene.core.authenticate(ended).await.unwrap();
        scene.core.sign_out(ended, None).await.unwrap();
        assert_eq!(kind(scene.core.authenticate(ended).await), Kind::Unauthenticated);
        assert!(scene.counts(&first).await);
    }
    let next = scene.refresh(&narrow).await.unwrap();
    scene.core.sign_out(access_token(&next).secret.expose(), None).await.unwrap();
    assert!(!scene.counts(&first).await);
    assert_eq!(reason(scene.refresh(&next).await), "oauth.invalid_grant");
}

async fn a_reused_refresh_token_ends_everything(core: TestCore) {
    let scene = Scene::new(core).await;
    let first = scene.tokens(offline()).await;
    let bystander = scene.tokens(offline()).await;
    let second = scene.refresh(&first).await.unwrap();
    scene.core.clock().advance_seconds(10);
    assert_eq!(reason(scene.refresh(&first).await), "oauth.invalid_grant");
    assert!(!scene.counts(&second).await);
    assert_eq!(reason(scene.refresh(&second).await), "oauth.invalid_grant");
    assert_eq!(scene.audited("authorization.reused_refresh_token"), "1");
    assert!(scene.counts(&bystander).await, "what came of another consent lives on");
}

async fn a_refresh_token_may_be_shown_again_within_the_grace(core: TestCore) {
    let scene = Scene::new(core).await;
    let first = scene.tokens(offline()).await;
    let lost = scene.refresh(&first).await.unwrap();
    scene.core.clock().advance_seconds(9);
    let again = scene.refresh(&first).await.unwrap();
    assert!(scene.counts(&lost).await && scene.counts(&again).await);
    scene.refresh(&again).await.unwrap();
}

async fn refreshing_at_once_keeps_the_family(core: TestCore) {
    let scene = Arc::new(Scene::new(core).await);
    let tokens = Arc::new(scene.tokens(offline()).await);
    let all: Vec<_> = (0..4)
        .map(|_| {
            let (scene, tokens) = (Arc::clone(&scene), Arc::clone(&tokens));
            tokio::spawn(async move { scene.refresh(&tokens).await })
        })
        .collect();
    for one in all {
        let tokens = one.await.unwrap().unwrap();
        assert!(scene.counts(&tokens).await);
    }
    assert_eq!(scene.audited("authorization.refresh"), "4");
}

async fn what_is_allowed_is_never_widened(core: TestCore) {
    let scene = Scene::new(core).await;
    let ann = Member { caller: scene.browser.caller.clone(), token: String::new() };
    let org = scene.core.organization(&ann, "Org").await.id;
    let may_write = async |tokens: &Tokens, name: &str| {
        let member = scene.core.member(access_token(tokens).secret.expose()).await;
        let made = scene.core.create_workspace(&member.caller, OrganizationRef::Id(org), called(name)).await;
        let read = scene.core.get_organization(&member.caller, OrganizationRef::Id(org)).await;
        (read.is_ok(), made.is_ok())
    };
    let whole = scene.tokens(offline().union(Scopes::API_READ)).await;
    assert_eq!(may_write(&whole, "A").await, (true, true));
    let reading = scene.tokens(Scopes::API_READ).await;
    assert_eq!(may_write(&reading, "B").await, (true, false));
    let named = scene.tokens(Scopes::OPENID.union(Scopes::PROFILE)).await;
    let named = access_token(&named).secret.expose();
    assert_eq!(reason(scene.core.authenticate(named).await), "credential.no_access");
    let (person, scopes) = scene.core.identify(named).await.unwrap();
    assert_eq!((person.id, scopes), (ann.id(), Scopes::OPENID.union(Scopes::PROFILE)));
    assert_eq!(scene.core.identify(&scene.root.token).await.unwrap().1, Scopes::NONE);
    let narrower = |scopes| scene.core.refresh(&scene.client, refresh_token(&whole), Some(scopes));
    assert_eq!(may_write(&narrower(Scopes::API_READ).await.unwrap(), "D").await, (true, false));
    assert_eq!(reason(narrower(Scopes::EMAIL).await), "oauth.invalid_scope");
    // For another resource, there is no token that this server would take.
    let carried = scene.code_for(&scene.client, offline(), Some("https://other.example/")).await.unwrap();
    assert!(matches!(scene.redeem(&carried).await.unwrap().access, AccessToken::Signed { .. }));
}

async fn nothing_that_is_allowed_beside_a_reset_outlives_it(core: TestCore) {
    let scene = Arc::new(Scene::new(core).await);
    let ann = scene.browser.caller.principal;
    let (_, link) = scene.core.send_activation(&scene.root.caller, ann, None).await.unwrap();
    let asking: Vec<_> = (0..8)
        .map(|_| {
            let scene = Arc::clone(&scene);
            // Until the session has ended.
            tokio::spawn(async move { while scene.code(offline()).await.is_ok() {} })
        })
        .collect();
    scene.core.reset_password(link.unwrap().expose(), "another horse", None).await.unwrap();
    for asked in asking {
        asked.await.unwrap();
    }
    let left = "SELECT COUNT(*) FROM credentials WHERE kind = 'authorization' AND revoked_at IS NULL";
    assert_eq!(scene.core.sql(left), "0");
}

async fn tokens_die_with_what_they_rest_on(core: TestCore) {
    let scene = Scene::new(core).await;
    let ended = scene.tokens(offline()).await;
    let id = ended.authorization.id();
    assert_eq!(scene.core.list_own_authorizations(&scene.browser.caller).await.unwrap()[0].id(), id);
    scene.core.end_own_authorization(&scene.browser.caller, id).await.unwrap();
    assert!(!scene.counts(&ended).await);
    assert_eq!(scene.core.list_own_authorizations(&scene.browser.caller).await.unwrap(), []);

    let tokens = scene.tokens(offline()).await;
    let carried = scene.code(offline()).await.unwrap();
    let allowed =
        scene.core.allowed_scopes(&scene.browser.caller, (&scene.client.client.id, None)).await.unwrap();
    assert_eq!(allowed, offline());
    scene.core.set_suspended(&scene.root.caller, scene.browser.caller.principal, true).await.unwrap();
    assert!(!scene.counts(&tokens).await);
    assert_eq!(reason(scene.refresh(&tokens).await), "oauth.invalid_grant");
    assert_eq!(reason(scene.redeem(&carried).await), "oauth.invalid_grant");
    scene.core.set_suspended(&scene.root.caller, scene.browser.caller.principal, false).await.unwrap();

    let tokens = scene.tokens(offline()).await;
    scene.core.delete_client(&scene.root.caller, &scene.client.client.id).await.unwrap();
    assert!(!scene.counts(&tokens).await);
    assert_eq!(reason(scene.refresh(&tokens).await), "oauth.invalid_grant");

    // Nothing is allowed in a session that has ended.
    scene.core.revoke_own_credential(&scene.browser.caller, scene.browser.caller.credential).await.unwrap();
    let request = AuthorizationRequest {
        client: scene.client.client.clone(),
        redirect_uri: CALLBACK.to_owned(),
        scopes: offline(),
        challenge: Challenge::parse(Some(CHALLENGE), Some("S256")).unwrap(),
        nonce: None,
        audience: None,
    };
    assert_eq!(kind(scene.core.authorize(&scene.browser, request).await), Kind::Unauthenticated);
}

async fn tokens_are_shown_and_ended_by_their_own_client_only(core: TestCore) {
    let scene = Scene::new(core).await;
    let core = &scene.core;
    let other = proven(core, &scene.root, "Other").await;
    let tokens = scene.tokens(offline()).await;
    let (access, refresh) = (access_token(&tokens).secret.expose(), refresh_token(&tokens));
    for token in [access, refresh] {
        let told = core.introspect(&scene.client, token).await.unwrap().unwrap();
        assert_eq!(told.found.principal.id, tokens.person.id);
        assert_eq!(told.scopes, offline());
        assert!(core.introspect(&other, token).await.unwrap().is_none());
        core.revoke_token(&other, token).await.unwrap();
    }
    for token in ["", "nonsense", scene.root.token.as_str()] {
        assert!(core.introspect(&scene.client, token).await.unwrap().is_none());
        core.revoke_token(&scene.client, token).await.unwrap();
    }
    core.authenticate(&scene.root.token).await.unwrap();
    core.revoke_token(&scene.client, access).await.unwrap();
    assert!(core.introspect(&scene.client, access).await.unwrap().is_none());
    let next = scene.refresh(&tokens).await.unwrap();
    core.revoke_token(&scene.client, refresh_token(&next)).await.unwrap();
    assert!(!scene.counts(&next).await);
    assert_eq!(reason(scene.refresh(&next).await), "oauth.invalid_grant");
}

async fn a_refresh_token_that_was_exchanged_still_stands_for_its_family(core: TestCore) {
    let scene = Scene::new(core).await;
    let first = scene.tokens(offline()).await;
    // The answer to this one is lost, and then the person signs out of the program.
    let lost = scene.refresh(&first).await.unwrap();
    scene.core.revoke_token(&scene.client, refresh_token(&first)).await.unwrap();
    assert!(!scene.counts(&lost).await && !scene.counts(&first).await);
    assert_eq!(reason(scene.refresh(&lost).await), "oauth.invalid_grant");
}

async fn keys_that_a_program_makes_end_with_it(core: TestCore) {
    let scene = Scene::new(core).await;
    let core = &scene.core;
    let ann = Member { caller: scene.browser.caller.clone(), token: String::new() };
    let org = OrganizationRef::Id(core.organization(&ann, "Org").await.id);
    let tokens = scene.tokens(offline()).await;
    let program = core.member(access_token(&tokens).secret.expose()).await;
    let new = NewApiKey {
        owner: None,
        title: "Key".to_owned(),
        days: 7,
        access: Access::Everything,
        workspaces: vec![],
    };
    let key = core.create_api_key(&program.caller, org.clone(), new.clone()).await.unwrap();
    let by_hand = core.create_api_key(&ann.caller, org, new).await.unwrap();
    let exchanged = core.exchange_bearer(key.secret.expose(), Shower::default()).await.unwrap();
    core.clock().advance_seconds(2 * core.settings().access_token_seconds / 3);
    core.authenticate(key.secret.expose()).await.unwrap();
    let ended = core.end_own_authorizations(&scene.browser.caller, &scene.client.client.id).await.unwrap();
    assert_eq!(ended, 1);
    for secret in [&key.secret, &exchanged.secret] {
        assert_eq!(kind(core.authenticate(secret.expose()).await), Kind::Unauthenticated);
    }
    core.authenticate(by_hand.secret.expose()).await.unwrap();
}

async fn what_has_expired_is_forgotten(core: TestCore) {
    let scene = Scene::new(core).await;
    let count = || scene.core.sql("SELECT COUNT(*) FROM credentials WHERE kind <> 'personal_access_token'");
    scene.refresh(&scene.tokens(offline()).await).await.unwrap();
    scene.code(offline()).await.unwrap();
    let before = count();
    assert_eq!(scene.core.forget_credentials().await.unwrap(), 0);
    let day = 24 * 60 * 60;
    scene.core.clock().advance_seconds(2 * day);
    while scene.core.forget_credentials().await.unwrap() > 0 {}
    // Refresh tokens live on, the exchanged one among them, and with them what they rest on.
    assert_eq!((before.as_str(), count().as_str()), ("7", "3"));
    scene.core.clock().advance_seconds(scene.core.settings().refresh_token_seconds);
    while scene.core.forget_credentials().await.unwrap() > 0 {}
    assert_eq!(count(), "0");
    assert_eq!(scene.core.sql("SELECT COUNT(*) FROM authorizations"), "0");
}
