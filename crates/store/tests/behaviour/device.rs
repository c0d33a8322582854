//! Device login (RFC 8628): what a program asks, what a person answers, and what comes of it.

use std::sync::Arc;

use tenantry_core::authz::OrganizationRef;
use tenantry_core::browser::Origin;
use tenantry_core::caller::Caller;
use tenantry_core::clock::Clock;
use tenantry_core::credential::{Access, Issued, NewApiKey, NewToken};
use tenantry_core::device::{
    Approval, Decision, Device, DeviceChange, DeviceRequest, DeviceStatus, DeviceTokens, LoginState,
    StartedLogin, TokenLife,
};
use tenantry_core::error::{Kind, Result};
use tenantry_core::ids::DeviceId;
use tenantry_core::oauth::{AccessToken, ProvenClient, Scopes};
use tenantry_testkit::{Member, TestCore};

use crate::asking::{kind, reason};
use crate::issuers::{enter, verified};
use crate::issuers_of_organizations;

on_both_engines!(
    a_device_waits_until_somebody_answers,
    a_device_that_asks_too_often_is_slowed_down,
    a_refused_device_gets_nothing,
    old_codes_count_for_nothing,
    codes_are_told_from_one_another,
    of_two_who_ask_at_once_one_gets_tokens,
    of_two_who_answer_at_once_one_is_heard,
    a_narrow_credential_lets_no_device_in,
    a_device_is_as_narrow_as_what_it_asked_for,
    what_a_device_has_ends_with_its_time,
    suspension_and_withdrawal_end_a_login,
    a_locked_device_is_out_at_once,
    a_deleted_device_is_out_and_unknown,
    a_device_that_comes_back_is_the_same,
    devices_are_their_owners_alone,
    what_is_over_is_forgotten,
    an_organization_goes_with_the_devices_that_were_only_for_it,
);

const DAY: i64 = 24 * 60 * 60;

/// A person, and a program that wants to be logged in.
pub(crate) struct Scene {
    pub(crate) core: TestCore,
    pub(crate) root: Member,
    pub(crate) ann: Member,
    pub(crate) program: ProvenClient,
}

impl Scene {
    pub(crate) async fn new(core: TestCore) -> Self {
        let root = core.root().await;
        let ann = core.user(&root, "ann").await;
        Self { core, root, ann, program: ProvenClient::of_program("program".to_owned(), "Program", None) }
    }

    pub(crate) async fn start(&self) -> StartedLogin {
        self.start_as(Scopes::API, None).await
    }

    async fn start_as(&self, scopes: Scopes, device: Option<DeviceId>) -> StartedLogin {
        let from = Origin {
            source: Some([192, 0, 2, 7].into()),
            user_agent: Some("Host/laptop".to_owned()),
            request_id: None,
        };
        let request =
            DeviceRequest { client: self.program.clone(), scopes, device, interval_seconds: 5, from };
        self.core.start_device_login(request).await.unwrap()
    }

    pub(crate) async fn poll(&self, started: &StartedLogin) -> Result<DeviceTokens> {
        self.core.redeem_device_code(&self.program, started.device_code.expose(), TokenLife::WithDevice).await
    }

    pub(crate) async fn decide(
        &self,
        who: &Caller,
        typed: &str,
        decision: Decision,
    ) -> Result<Option<Device>> {
        self.core.decide_device(who, (typed, None), decision).await
    }

    async fn approve(&self, started: &StartedLogin) -> Device {
        self.approve_as(started, Approval::default()).await
    }

    async fn approve_as(&self, started: &StartedLogin, approval: Approval) -> Device {
        let typed = started.user_code.expose();
        self.decide(&self.ann.caller, &typed, Decision::Approve(approval)).await.unwrap().unwrap()
    }

    /// A device of the person's that has taken its tokens.
    pub(crate) async fn device(&self) -> DeviceTokens {
        let started = self.start().await;
        self.approve(&started).await;
        self.poll(&started).await.unwrap()
    }

    pub(crate) async fn counts(&self, tokens: &DeviceTokens) -> bool {
        self.core.authenticate(access(tokens).secret.expose()).await.is_ok()
    }

    async fn devices(&self) -> Vec<Device> {
        self.core.list_own_devices(&self.ann.caller).await.unwrap()
    }
}

pub(crate) fn access(tokens: &DeviceTokens) -> &Issued {
    match &tokens.tokens.access {
        AccessToken::Opaque(issued) => issued,
        AccessToken::Signed { .. } => panic!("a token for this server"),
    }
}

async fn a_device_waits_until_somebody_answers(core: TestCore) {
    let scene = Scene::new(core).await;
    let started = scene.start().await;
    assert_eq!(started.expires_at, scene.core.clock().now().plus_seconds(600));
    assert_eq!(reason(scene.poll(&started).await), "oauth.authorization_pending");

    let sloppy = started.user_code.expose().to_lowercase().replace('-', "");
    let seen = scene.core.look_at_device(&scene.ann.caller, &sloppy, None).await.unwrap();
    assert_eq!((seen.client_name.as_str(), seen.scopes), ("Program", Scopes::API));
    assert_eq!(
        (seen.source.as_deref(), seen.user_agent.as_deref()),
        (Some("192.0.2.7"), Some("Host/laptop"))
    );

    let approval = Approval {
        name: Some("My laptop".to_owned()),
        metadata: [("tenant_id".to_owned(), "x".to_owned())].into(),
        ..Approval::default()
    };
    let device = scene.approve_as(&started, approval).await;
    assert_eq!((device.id, device.status()), (started.id, DeviceStatus::Verified));
    let state = scene.core.device_login(&scene.program, started.device_code.expose()).await.unwrap().state;
    assert_eq!(state, LoginState::Approved(scene.ann.id()));

    // An answer is waited for, so it may be had at any time.
    let tokens = scene.poll(&started).await.unwrap();
    assert_eq!(tokens.tokens.person.id, scene.ann.id());
    assert_eq!((tokens.device.id, tokens.device.metadata["tenant_id"].as_str()), (device.id, "x"));
    assert!(tokens.tokens.refresh.is_none(), "offline access was not asked for");
    let caller = scene.core.authenticate(access(&tokens).secret.expose()).await.unwrap();
    assert_eq!(caller.principal, scene.ann.id());

    let listed = scene.devices().await;
    assert_eq!((listed.len(), listed[0].name.as_str()), (1, "My laptop"));
    assert_eq!(listed[0].status(), DeviceStatus::Active);
    assert_eq!(reason(scene.poll(&started).await), "oauth.invalid_grant");
    assert!(scene.counts(&tokens).await);
    // The code is used up for people too.
    let again = scene.core.look_at_device(&scene.ann.caller, &started.user_code.expose(), None).await;
    assert_eq!(kind(again), Kind::Invalid);
}

async fn a_device_that_asks_too_often_is_slowed_down(core: TestCore) {
    let scene = Scene::new(core).await;
    let started = scene.start().await;
    assert_eq!(reason(scene.poll(&started).await), "oauth.authorization_pending");
    scene.core.clock().advance_seconds(4);
    assert_eq!(reason(scene.poll(&started).await), "oauth.authorization_pending");
    scene.core.clock().advance_seconds(3);
    assert_eq!(reason(scene.poll(&started).await), "oauth.slow_down");
    // From now on, ten seconds.
    scene.core.clock().advance_seconds(5);
    assert_eq!(reason(scene.poll(&started).await), "oauth.slow_down");
    scene.core.clock().advance_seconds(15);
    assert_eq!(reason(scene.poll(&started).await), "oauth.authorization_pending");
    scene.approve(&started).await;
    scene.poll(&started).await.unwrap();
}

async fn a_refused_device_gets_nothing(core: TestCore) {
    let scene = Scene::new(core).await;
    let started = scene.start().await;
    let typed = started.user_code.expose();
    assert_eq!(scene.decide(&scene.ann.caller, &typed, Decision::Deny).await.unwrap(), None);
    for _ in 0..2 {
        assert_eq!(reason(scene.poll(&started).await), "oauth.access_denied");
    }
    let changed = scene.decide(&scene.ann.caller, &typed, Decision::Approve(Approval::default())).await;
    assert_eq!(kind(changed), Kind::Invalid);
    assert_eq!(scene.devices().await, []);
}

async fn old_codes_count_for_nothing(core: TestCore) {
    let scene = Scene::new(core).await;
    let (approved, pending) = (scene.start().await, scene.start().await);
    scene.approve(&approved).await;
    scene.core.clock().advance_seconds(600);
    for started in [&approved, &pending] {
        assert_eq!(reason(scene.poll(started).await), "oauth.expired_token");
        let typed = started.user_code.expose();
        let late = scene.decide(&scene.ann.caller, &typed, Decision::Approve(Approval::default())).await;
        assert_eq!(kind(late), Kind::Invalid);
    }
    // What was confirmed and never taken is nothing.
    assert_eq!(scene.devices().await[0].status(), DeviceStatus::Ended);
}

async fn codes_are_told_from_one_another(core: TestCore) {
    let scene = Scene::new(core).await;
    let started = scene.start().await;
    scene.approve(&started).await;
    let other = ProvenClient::of_program("other".to_owned(), "Other", None);
    let stolen = scene.core.redeem_device_code(&other, started.device_code.expose(), TokenLife::Usual).await;
    assert_eq!(reason(stolen), "oauth.invalid_grant");
    let user_code = started.user_code.expose();
    for typed in ["", "tny_dc_", &user_code, &scene.ann.token] {
        let made_up = scene.core.redeem_device_code(&scene.program, typed, TokenLife::Usual).await;
        assert_eq!(reason(made_up), "oauth.invalid_grant", "{typed}");
    }
    for typed in ["", "BCDFG-HJKLM", started.device_code.expose()] {
        let error = scene.core.look_at_device(&scene.ann.caller, typed, None).await.unwrap_err();
        assert_eq!((error.violations[0].field.as_ref(), error.violations[0].rule), ("user_code", "wrong"));
    }
    // Neither code is in the database.
    let kept = scene.core.sql("SELECT COUNT(*) FROM device_logins WHERE LENGTH(user_code_hash) = 32");
    assert_eq!(kept, "1");
    scene.poll(&started).await.unwrap();
}

async fn of_two_who_ask_at_once_one_gets_tokens(core: TestCore) {
    let scene = Arc::new(Scene::new(core).await);
    for _ in 0..5 {
        let started = Arc::new(scene.start().await);
        scene.approve(&started).await;
        let asked: Vec<_> = (0..4)
            .map(|_| {
                let (scene, started) = (Arc::clone(&scene), Arc::clone(&started));
                tokio::spawn(async move { scene.poll(&started).await.map(drop).map_err(|e| e.reason) })
            })
            .collect();
        let mut good = 0;
        for one in asked {
            match one.await.unwrap() {
                Ok(()) => good += 1,
                Err(reason) => assert_eq!(reason, "oauth.invalid_grant"),
            }
        }
        assert_eq!(good, 1);
    }
    let given = scene.core.sql("SELECT COUNT(*) FROM credentials WHERE kind = 'access_token'");
    assert_eq!(given, "5");
}

async fn of_two_who_answer_at_once_one_is_heard(core: TestCore) {
    let scene = Arc::new(Scene::new(core).await);
    let bob = scene.core.user(&scene.root, "bob").await;
    for _ in 0..5 {
        let started = scene.start().await;
        let answers: Vec<_> = [scene.ann.caller.clone(), bob.caller.clone()]
            .into_iter()
            .map(|who| {
                let (scene, typed) = (Arc::clone(&scene), started.user_code.expose());
                tokio::spawn(async move {
                    scene.decide(&who, &typed, Decision::Approve(Approval::default())).await.is_ok()
                })
            })
            .collect();
        let mut heard = 0;
        for one in answers {
            heard += u32::from(one.await.unwrap());
        }
        assert_eq!(heard, 1);
    }
}

/// A device's login outlives the key that would say yes.
async fn a_narrow_credential_lets_no_device_in(core: TestCore) {
    let scene = Scene::new(core).await;
    let north = scene.core.organization(&scene.ann, "north").await;
    let north = OrganizationRef::Id(north.id);
    let started = scene.start().await;
    let typed = started.user_code.expose();
    let mut narrow = Vec::new();
    for access in [Access::Reading, Access::Everything] {
        let new = NewApiKey { owner: None, title: "key".to_owned(), days: 7, access, workspaces: Vec::new() };
        narrow.push(scene.core.create_api_key(&scene.ann.caller, north.clone(), new).await.unwrap().secret);
        let new = NewToken {
            title: "token".to_owned(),
            seconds: Some(60),
            access,
            organization: (access == Access::Everything).then(|| north.clone()),
            ..NewToken::default()
        };
        narrow.push(scene.core.create_own_token(&scene.ann.caller, new).await.unwrap().1);
    }
    for secret in narrow {
        let caller = scene.core.authenticate(secret.expose()).await.unwrap();
        let yes = Decision::Approve(Approval::default());
        assert_eq!(kind(scene.decide(&caller, &typed, yes).await), Kind::Forbidden);
        // It has no say about the person's devices either.
        assert_eq!(kind(scene.core.list_own_devices(&caller).await), Kind::Forbidden);
    }
    scene.approve(&started).await;
}

async fn a_device_is_as_narrow_as_what_it_asked_for(core: TestCore) {
    let scene = Scene::new(core).await;
    let started = scene.start_as(Scopes::OPENID, None).await;
    scene.approve(&started).await;
    let tokens = scene.poll(&started).await.unwrap();
    assert_eq!(kind(scene.core.authenticate(access(&tokens).secret.expose()).await), Kind::Forbidden);
}

async fn what_a_device_has_ends_with_its_time(core: TestCore) {
    let scene = Scene::new(core).await;
    for (trusted, days) in [(false, 1), (true, 30)] {
        let started = scene.start_as(Scopes::API.union(Scopes::OFFLINE_ACCESS), None).await;
        scene.approve_as(&started, Approval { trusted, ..Approval::default() }).await;
        scene.core.clock().advance_seconds(5);
        let mut tokens = scene.poll(&started).await.unwrap();
        assert_eq!(tokens.tokens.expires_in, days * DAY - 5);
        scene.core.clock().advance_seconds(days * DAY - 5 - 60);
        assert!(scene.counts(&tokens).await);
        // Refreshing does not prolong it.
        let refresh = tokens.tokens.refresh.as_ref().unwrap().expose();
        tokens.tokens = scene.core.refresh(&scene.program, refresh, None).await.unwrap();
        assert_eq!(tokens.tokens.expires_in, 60);
        scene.core.clock().advance_seconds(60);
        assert!(!scene.counts(&tokens).await);
        let refresh = tokens.tokens.refresh.as_ref().unwrap().expose();
        let late = scene.core.refresh(&scene.program, refresh, None).await;
        assert_eq!(reason(late), "oauth.invalid_grant");
        assert_eq!(scene.devices().await, []);
    }
}

async fn suspension_and_withdrawal_end_a_login(core: TestCore) {
    let scene = Scene::new(core).await;
    let (withdrawn, taken_back) = (scene.start().await, scene.start().await);
    scene.approve(&withdrawn).await;
    let device = scene.approve(&taken_back).await;
    scene.core.end_own_authorization(&scene.ann.caller, device.authorization).await.unwrap();
    assert_eq!(reason(scene.poll(&taken_back).await), "oauth.access_denied");
    let tokens = scene.device().await;
    scene.core.set_suspended(&scene.root.caller, scene.ann.id(), true).await.unwrap();
    assert_eq!(reason(scene.poll(&withdrawn).await), "oauth.access_denied");
    assert!(!scene.counts(&tokens).await);
    // Who is suspended answers no more, whatever was read before.
    let started = scene.start().await;
    let late = scene.decide(&scene.ann.caller, &started.user_code.expose(), Decision::Deny).await;
    assert_eq!(kind(late), Kind::Unauthenticated);
    scene.core.set_suspended(&scene.root.caller, scene.ann.id(), false).await.unwrap();
    assert_eq!(reason(scene.poll(&withdrawn).await), "oauth.invalid_grant");
}

async fn a_locked_device_is_out_at_once(core: TestCore) {
    let scene = Scene::new(core).await;
    let started = scene.start_as(Scopes::API.union(Scopes::OFFLINE_ACCESS), None).await;
    scene.approve(&started).await;
    let tokens = scene.poll(&started).await.unwrap();
    let id = tokens.device.id;
    let lock = |locked| DeviceChange { locked: Some(locked), ..DeviceChange::default() };
    let locked = scene.core.update_own_device(&scene.ann.caller, id, lock(true)).await.unwrap();
    assert_eq!(locked.status(), DeviceStatus::Locked);
    assert!(!scene.counts(&tokens).await);
    let refresh = tokens.tokens.refresh.as_ref().unwrap().expose();
    assert_eq!(reason(scene.core.refresh(&scene.program, refresh, None).await), "oauth.invalid_grant");
    // It cannot come back under its id.
    let again = scene.start_as(Scopes::API, Some(id)).await;
    let typed = again.user_code.expose();
    let yes = || Decision::Approve(Approval::default());
    assert_eq!(reason(scene.decide(&scene.ann.caller, &typed, yes()).await), "device.locked");
    let open = scene.core.update_own_device(&scene.ann.caller, id, lock(false)).await.unwrap();
    assert_eq!(open.status(), DeviceStatus::Ended);
    assert!(!scene.counts(&tokens).await, "what was ended stays so");
    let stale = DeviceChange { expected_version: Some(locked.version.into()), ..lock(true) };
    let stale = scene.core.update_own_device(&scene.ann.caller, id, stale).await;
    assert_eq!(kind(stale), Kind::Conflict);
    scene.decide(&scene.ann.caller, &typed, yes()).await.unwrap();
    assert_eq!(scene.poll(&again).await.unwrap().device.id, id);
}

async fn a_deleted_device_is_out_and_unknown(core: TestCore) {
    let scene = Scene::new(core).await;
    let (tokens, other) = (scene.device().await, scene.device().await);
    let id = tokens.device.id;
    scene.core.delete_own_device(&scene.ann.caller, id, None).await.unwrap();
    assert!(!scene.counts(&tokens).await);
    assert!(scene.counts(&other).await);
    assert_eq!(kind(scene.core.get_own_device(&scene.ann.caller, id).await), Kind::NotFound);
    assert_eq!(kind(scene.core.delete_own_device(&scene.ann.caller, id, None).await), Kind::NotFound);
    assert_eq!(scene.devices().await.len(), 1);
    let events = "SELECT COUNT(*) FROM audit_events WHERE action LIKE 'device.%'";
    assert_eq!(scene.core.sql(events), "5");
}

async fn a_device_that_comes_back_is_the_same(core: TestCore) {
    let scene = Scene::new(core).await;
    let first = scene.device().await;
    scene.core.clock().advance_seconds(60);
    let started = scene.start_as(Scopes::API, Some(first.device.id)).await;
    scene.approve(&started).await;
    assert!(!scene.counts(&first).await, "what it had before is replaced");
    let second = scene.poll(&started).await.unwrap();
    assert_eq!(second.device.id, first.device.id);
    assert_eq!(second.device.created_at, first.device.created_at);
    assert_eq!(scene.devices().await.len(), 1);
    // Another person's device, or another client's, is none of theirs.
    let bob = scene.core.user(&scene.root, "bob").await;
    let started = scene.start_as(Scopes::API, Some(first.device.id)).await;
    let typed = started.user_code.expose();
    let bobs = scene.decide(&bob.caller, &typed, Decision::Approve(Approval::default())).await.unwrap();
    assert_eq!(bobs.unwrap().id, started.id);
    assert!(scene.counts(&second).await);
}

async fn devices_are_their_owners_alone(core: TestCore) {
    let scene = Scene::new(core).await;
    let id = scene.device().await.device.id;
    let unknown = DeviceId::from_uuid(*scene.root.id().as_uuid());
    for id in [id, unknown] {
        let root = &scene.root.caller;
        assert_eq!(kind(scene.core.get_own_device(root, id).await), Kind::NotFound);
        let change = DeviceChange { locked: Some(true), ..DeviceChange::default() };
        assert_eq!(kind(scene.core.update_own_device(root, id, change).await), Kind::NotFound);
        assert_eq!(kind(scene.core.delete_own_device(root, id, None).await), Kind::NotFound);
    }
    assert_eq!(scene.core.list_own_devices(&scene.root.caller).await.unwrap(), []);
    assert_eq!(scene.devices().await.len(), 1);
}

async fn what_is_over_is_forgotten(core: TestCore) {
    let scene = Scene::new(core).await;
    scene.device().await;
    let pending = scene.start().await;
    let count = |table: &str| scene.core.sql(&format!("SELECT COUNT(*) FROM {table}"));
    scene.core.clock().advance_seconds(1199);
    assert_eq!(scene.core.forget_devices().await.unwrap(), 0);
    assert_eq!(reason(scene.poll(&pending).await), "oauth.expired_token");
    scene.core.clock().advance_seconds(1);
    assert_eq!(scene.core.forget_devices().await.unwrap(), 2);
    assert_eq!((count("device_logins"), count("devices")), ("0".to_owned(), "1".to_owned()));
    scene.core.clock().advance_seconds(DAY);
    assert_eq!(scene.core.forget_devices().await.unwrap(), 1);
    assert_eq!(scene.core.forget_devices().await.unwrap(), 0);
    assert_eq!(count("devices"), "0");
}

async fn an_organization_goes_with_the_devices_that_were_only_for_it(core: TestCore) {
    let (root, ann, north, issuer) = issuers_of_organizations::scene(&core).await;
    let kim = enter(&core, &issuer, &verified("k", "kim@north.example")).await;
    let program = ProvenClient::of_program("program".to_owned(), "Program", None);
    let scene = Scene { core, root, ann, program };
    let started = scene.start().await;
    let yes = Decision::Approve(Approval { signed_in_at: Some(kim.signed_in_at), ..Approval::default() });
    scene.decide(&kim.caller, &started.user_code.expose(), yes).await.unwrap();
    let tokens = scene.poll(&started).await.unwrap();
    let caller = scene.core.authenticate(access(&tokens).secret.expose()).await.unwrap();
    assert_eq!(caller.narrowing.organization, Some(north));
    let whole = scene.device().await;
    let bound =
        format!("SELECT COUNT(*) FROM credentials WHERE org_id = {}", scene.core.literal(north.as_uuid()));
    assert_eq!(
        scene.core.sql(&bound),
        "4",
        "the identity, the session, what was allowed in it, and the token"
    );
    scene.core.delete_organization(&scene.ann.caller, OrganizationRef::Id(north), None, true).await.unwrap();
    scene.core.clock().advance_seconds(scene.core.settings().retention_seconds + 1);
    while scene.core.purge().await.unwrap() {}
    assert_eq!(scene.core.sql(&bound), "0");
    assert_eq!(scene.core.sql("SELECT COUNT(*) FROM devices"), "1");
    assert_eq!(whole.device.status(), DeviceStatus::Active);
}
