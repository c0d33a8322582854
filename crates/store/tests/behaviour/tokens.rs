//! Personal access tokens as their owner sees them all.

use std::sync::Arc;

use tenantry_core::Shower;
use tenantry_core::authz::OrganizationRef;
use tenantry_core::clock::Clock;
use tenantry_core::credential::{
    Access, ApiKeyChange, ApiKeyField, Issued, NewApiKey, NewToken, Rotation, TOKENS_MAX,
};
use tenantry_core::error::{Kind, Result};
use tenantry_core::filter::{Filter, ListQuery};
use tenantry_core::ids::CredentialId;
use tenantry_core::page::Order;
use tenantry_core::permission::BuiltinRole;
use tenantry_core::principal::NewServiceAccount;
use tenantry_core::service_account::{AccountSecret, NewAccountSecret};
use tenantry_core::settings::Settings;
use tenantry_core::workspace::WorkspaceChange;
use tenantry_testkit::estate::target;
use tenantry_testkit::{Member, TestCore};

use crate::asking::{first_page, kind, reason};

on_both_engines!(
    a_token_counts_where_and_as_long_as_it_says,
    a_narrow_token_makes_no_other,
    a_token_for_one_workspace_is_for_an_open_one,
    a_rotated_token_has_another_secret,
    a_rotated_token_keeps_its_form,
    rotating_at_once_leaves_one_secret,
    a_token_ends_itself_only_if_it_may,
    tokens_are_their_owners_alone,
    a_person_has_so_many_tokens_and_no_more,
);

async fn make(core: &TestCore, who: &Member, new: NewToken) -> Result<Issued> {
    let (made, secret) = core.create_own_token(&who.caller, new).await?;
    Ok(Issued { credential: made.credential, secret })
}

fn named(title: &str) -> NewToken {
    NewToken { title: title.to_owned(), ..NewToken::default() }
}

async fn titles(core: &TestCore, who: &Member) -> Vec<String> {
    let page = first_page(vec![Order::ascending(ApiKeyField::CreatedAt)]);
    let query = ListQuery { filter: Filter::All, page };
    let tokens = core.list_own_tokens(&who.caller, query).await.unwrap();
    tokens.items.into_iter().map(|token| token.credential.title).collect()
}

async fn counts(core: &TestCore, token: &str) -> bool {
    core.authenticate(token).await.is_ok()
}

async fn a_token_counts_where_and_as_long_as_it_says(core: TestCore) {
    let root = core.root().await;
    let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
    let north = core.organization(&ann, "north").await;
    let south = core.organization(&bob, "south").await;
    let sea = core.workspace(&ann, north.id, "sea").await;
    let new = NewToken {
        seconds: Some(60),
        organization: Some(OrganizationRef::Name("north".to_owned())),
        workspaces: vec![sea.id],
        access: Access::Reading,
        ..named("narrow")
    };
    let narrow = make(&core, &ann, new.clone()).await.unwrap();
    let caller = core.authenticate(narrow.secret.expose()).await.unwrap();
    assert_eq!(caller.narrowing.organization, Some(north.id));
    assert_eq!(caller.narrowing.workspaces, Some(vec![sea.id]));
    assert_eq!(caller.narrowing.permissions, Access::Reading.permissions());
    assert_eq!(titles(&core, &ann).await, ["first token", "narrow"]);
    core.clock().advance_seconds(60);
    assert!(!counts(&core, narrow.secret.expose()).await);

    // Nothing is learnt of organizations and workspaces that are not one's own.
    let violated = |error: tenantry_core::Error| error.violations[0].field.to_string();
    for (organization, workspaces, field) in [
        (Some(OrganizationRef::Id(south.id)), vec![], "organization"),
        (Some(OrganizationRef::Name("nowhere".to_owned())), vec![], "organization"),
        (None, vec![sea.id], "workspace_ids"),
    ] {
        let new = NewToken { organization, workspaces, ..named("x") };
        assert_eq!(violated(make(&core, &ann, new).await.unwrap_err()), field);
    }
    let wrong = NewToken { organization: Some(OrganizationRef::Id(south.id)), ..new };
    assert_eq!(violated(make(&core, &bob, wrong).await.unwrap_err()), "workspace_ids");
    for seconds in [0, 365 * 24 * 60 * 60 + 1] {
        let new = NewToken { seconds: Some(seconds), ..named("x") };
        assert_eq!(violated(make(&core, &ann, new).await.unwrap_err()), "ttl");
    }
}

async fn a_token_for_one_workspace_is_for_an_open_one(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let org = core.organization(&ann, "north").await.id;
    let sea = core.workspace(&ann, org, "sea").await.id;
    let token = async || core.derive_token(&ann.token, Some(sea), None).await;
    let active = async |is_active| {
        let change = WorkspaceChange { is_active: Some(is_active), ..WorkspaceChange::default() };
        core.update_workspace(&ann.caller, target(org, sea), change).await.unwrap();
    };
    token().await.unwrap();
    active(false).await;
    assert_eq!(kind(token().await), Kind::Forbidden);
    active(true).await;
    token().await.unwrap();
    core.delete_workspace(&ann.caller, target(org, sea), None, true).await.unwrap();
    assert_eq!(kind(token().await), Kind::NotFound);
}

async fn a_narrow_token_makes_no_other(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let north = core.organization(&ann, "north").await;
    let reader = make(&core, &ann, NewToken { access: Access::Reading, ..named("reader") }).await.unwrap();
    let reader = core.member(reader.secret.expose()).await;
    let whole = make(&core, &ann, named("whole")).await.unwrap();
    let id = whole.credential.id;
    let whole = core.member(whole.secret.expose()).await;
    let machine = NewServiceAccount::new("robot", BuiltinRole::OrganizationOwner);
    let machine =
        core.create_service_account(&ann.caller, OrganizationRef::Id(north.id), machine).await.unwrap();
    let machine = core.member(machine.api_key.secret.expose()).await;
    for narrow in [&reader, &machine] {
        let caller = &narrow.caller;
        assert_eq!(kind(make(&core, narrow, named("more")).await), Kind::Forbidden);
        assert_eq!(kind(core.get_own_token(caller, id).await), Kind::Forbidden);
        assert_eq!(kind(core.update_own_token(caller, id, ApiKeyChange::default()).await), Kind::Forbidden);
        assert_eq!(kind(core.rotate_own_token(caller, id, Rotation::default()).await), Kind::Forbidden);
        assert_eq!(kind(core.delete_own_token(caller, id, None).await), Kind::Forbidden);
    }
    make(&core, &whole, named("more")).await.unwrap();
}

async fn a_rotated_token_keeps_its_form(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    for (as_key, prefix) in [(true, "ZENPROKEY_p_"), (false, "tny_pat_")] {
        let made = make(&core, &ann, NewToken { as_key, ..named(prefix) }).await.unwrap();
        let (key, second) =
            core.rotate_own_token(&ann.caller, made.credential.id, Rotation::default()).await.unwrap();
        let listed = core.get_own_token(&ann.caller, made.credential.id).await.unwrap();
        for (credential, secret) in
            [(&made.credential, &made.secret), (&key.credential, &second), (&listed.credential, &second)]
        {
            let beginning = credential.beginning();
            assert!(beginning.starts_with(prefix) && secret.expose().starts_with(&beginning), "{beginning}");
            assert_eq!(beginning.len(), prefix.len() + 4);
        }
        assert!(counts(&core, second.expose()).await);
    }
}

async fn a_rotated_token_has_another_secret(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    core.organization(&ann, "north").await;
    let made = make(&core, &ann, named("token")).await.unwrap();
    let id = made.credential.id;
    let first = made.secret.expose();
    let exchanged = core.exchange_bearer(first, Shower::default()).await.unwrap();
    let exchanged = exchanged.secret.expose();
    assert!(counts(&core, first).await);

    let slowly = Rotation { overlap_seconds: 60, expected_version: Some(1.into()) };
    let (key, second) = core.rotate_own_token(&ann.caller, id, slowly.clone()).await.unwrap();
    assert_eq!((key.credential.id, key.credential.version), (id, 2));
    assert_eq!(key.credential.first_characters, second.first_characters());
    let second = second.expose();
    for token in [first, second, exchanged] {
        assert!(counts(&core, token).await);
    }
    assert_eq!(titles(&core, &ann).await, ["first token", "token"], "the old secret is no token of its own");
    let stale = core.rotate_own_token(&ann.caller, id, slowly.clone()).await;
    assert_eq!(kind(stale), Kind::Conflict);
    core.clock().advance_seconds(60);
    assert!(!counts(&core, first).await);
    assert!(counts(&core, second).await);

    let (_, third) = core.rotate_own_token(&ann.caller, id, Rotation::default()).await.unwrap();
    for token in [first, second, exchanged] {
        assert!(!counts(&core, token).await);
    }
    assert!(counts(&core, third.expose()).await);
    let (_, fourth) =
        core.rotate_own_token(&ann.caller, id, Rotation { expected_version: None, ..slowly }).await.unwrap();
    core.delete_own_token(&ann.caller, id, None).await.unwrap();
    for token in [third.expose(), fourth.expose()] {
        assert!(!counts(&core, token).await);
    }
    for overlap_seconds in [-1, 8 * 24 * 60 * 60] {
        let made = make(&core, &ann, named("token")).await.unwrap();
        let rotation = Rotation { overlap_seconds, ..Rotation::default() };
        let refused = core.rotate_own_token(&ann.caller, made.credential.id, rotation).await;
        assert_eq!(kind(refused), Kind::Invalid);
    }
}

async fn rotating_at_once_leaves_one_secret(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let id = make(&core, &ann, named("token")).await.unwrap().credential.id;
    let core = Arc::new(core);
    let rotations: Vec<_> = (0..4)
        .map(|_| {
            let (core, caller) = (Arc::clone(&core), ann.caller.clone());
            tokio::spawn(async move { core.rotate_own_token(&caller, id, Rotation::default()).await })
        })
        .collect();
    let mut good = 0;
    for rotation in rotations {
        let (_, secret) = rotation.await.unwrap().unwrap();
        good += u32::from(counts(&core, secret.expose()).await);
    }
    // Each was told of a secret, and the last one counts.
    assert!(good >= 1);
    let version = core.get_own_token(&ann.caller, id).await.unwrap().credential.version;
    assert_eq!(version, 5);
}

async fn a_token_ends_itself_only_if_it_may(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let (may, may_not) = (
        make(&core, &ann, NewToken { ends_itself: true, ..named("may") }).await.unwrap(),
        make(&core, &ann, named("may not")).await.unwrap(),
    );
    let exchanged = core.exchange_bearer(may.secret.expose(), Shower::default()).await.unwrap();
    for token in [may_not.secret.expose(), exchanged.secret.expose()] {
        assert_eq!(kind(core.end_shown_token(token, None).await), Kind::Forbidden);
    }
    core.end_shown_token(may.secret.expose(), None).await.unwrap();
    for token in [may.secret.expose(), exchanged.secret.expose()] {
        assert_eq!(kind(core.end_shown_token(token, None).await), Kind::Unauthenticated);
    }
    assert!(counts(&core, may_not.secret.expose()).await);
    // A secret that was rotated away and still counts ends the whole.
    let made = make(&core, &ann, NewToken { ends_itself: true, ..named("may") }).await.unwrap();
    let rotation = Rotation { overlap_seconds: 60, ..Rotation::default() };
    let (_, second) = core.rotate_own_token(&ann.caller, made.credential.id, rotation).await.unwrap();
    core.end_shown_token(made.secret.expose(), None).await.unwrap();
    assert!(!counts(&core, second.expose()).await);
}

async fn tokens_are_their_owners_alone(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let id = make(&core, &ann, named("token")).await.unwrap().credential.id;
    let unknown = CredentialId::from_uuid(*root.id().as_uuid());
    for id in [id, unknown] {
        let caller = &root.caller;
        assert_eq!(kind(core.get_own_token(caller, id).await), Kind::NotFound);
        assert_eq!(kind(core.update_own_token(caller, id, ApiKeyChange::default()).await), Kind::NotFound);
        assert_eq!(kind(core.rotate_own_token(caller, id, Rotation::default()).await), Kind::NotFound);
        assert_eq!(kind(core.delete_own_token(caller, id, None).await), Kind::NotFound);
    }
    // Whatever else is a credential is no token.
    let other = core.exchange_bearer(&ann.token, Shower::default()).await.unwrap().credential.id;
    assert_eq!(kind(core.get_own_token(&ann.caller, other).await), Kind::NotFound);
}

async fn a_person_has_so_many_tokens_and_no_more(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    core.organization(&ann, "north").await;
    let key = NewApiKey {
        owner: None,
        title: "key".to_owned(),
        days: 7,
        access: Access::Everything,
        workspaces: Vec::new(),
    };
    core.create_api_key(&ann.caller, OrganizationRef::Name("north".to_owned()), key).await.unwrap();
    let core = Arc::new(core);
    let wanted: Vec<_> = (0..TOKENS_MAX + 5)
        .map(|_| {
            let (core, ann) = (Arc::clone(&core), ann.clone());
            tokio::spawn(async move { make(&core, &ann, named("token")).await.map_err(|e| e.reason) })
        })
        .collect();
    let mut made = 0;
    for one in wanted {
        match one.await.unwrap() {
            Ok(_) => made += 1,
            Err(reason) => assert_eq!(reason, "token.limit"),
        }
    }
    // The first token and the key count too.
    assert_eq!(made, TOKENS_MAX - 2);
    assert_eq!(reason(make(&core, &ann, named("more")).await), "token.limit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lifetimes_are_what_the_server_says() {
    const DAY: i64 = 24 * 60 * 60;
    let settings =
        Settings { token_seconds: 30 * DAY, service_key_seconds: Some(10 * DAY), ..Settings::default() };
    for core in [TestCore::sqlite_with(settings.clone()).await, TestCore::postgres_with(settings).await] {
        let ends = |days: i64| Some(core.clock().now().plus_seconds(days * DAY));
        let root = core.root().await;
        let ann = core.user(&root, "ann").await;
        // The first tokens too, which are shown to who makes the account.
        for who in [&root, &ann] {
            let first = core.get_own_token(&who.caller, who.caller.credential).await.unwrap();
            assert_eq!(first.credential.expires_at, ends(30));
        }
        let token = async |seconds| make(&core, &ann, NewToken { seconds, ..named("token") }).await;
        assert_eq!(token(None).await.unwrap().credential.expires_at, ends(30));
        assert_eq!(token(Some(DAY)).await.unwrap().credential.expires_at, ends(1));
        for unfit in [30 * DAY + 1, 0, -1] {
            assert_eq!(token(Some(unfit)).await.unwrap_err().violations[0].field, "ttl");
        }
        let north = OrganizationRef::Id(core.organization(&ann, "north").await.id);
        let key = async |days| {
            let title = format!("{days} days");
            let new = NewApiKey { owner: None, title, days, access: Access::Everything, workspaces: vec![] };
            core.create_api_key(&ann.caller, north.clone(), new).await
        };
        assert_eq!(key(30).await.unwrap().credential.expires_at, ends(30));
        assert_eq!(key(60).await.unwrap_err().violations[0].field, "ttl");

        let new = NewServiceAccount::new("ci", BuiltinRole::OrganizationMember);
        let made = core.create_service_account(&ann.caller, north.clone(), new).await.unwrap();
        assert_eq!(made.api_key.credential.expires_at, ends(10));
        assert_eq!(made.client.credential.expires_at, ends(10));
        for kind in [AccountSecret::ApiKey, AccountSecret::Client] {
            let more = async |seconds| {
                let new =
                    NewAccountSecret { title: "more".to_owned(), seconds, ..NewAccountSecret::default() };
                let at = (north.clone(), made.account.id);
                core.create_account_secret(&ann.caller, at, kind, new).await
            };
            assert_eq!(more(None).await.unwrap().0.credential.expires_at, ends(10));
            assert_eq!(more(Some(DAY)).await.unwrap().0.credential.expires_at, ends(1));
            assert_eq!(more(Some(11 * DAY)).await.unwrap_err().violations[0].field, "ttl");
        }
    }
}
