//! API keys: limited in number, in time and in rights, and gone with what they were for.

use std::sync::Arc;

use tenantry_core::Shower;
use tenantry_core::authz::OrganizationRef;
use tenantry_core::credential::{API_KEYS_MAX, Access, ApiKeyChange, NewApiKey};
use tenantry_core::error::Kind;
use tenantry_core::ids::OrganizationId;
use tenantry_core::permission::{BuiltinRole, Permission, PermissionSet};
use tenantry_testkit::{Member, TestCore};

use crate::asking::{called, kind, reason};

on_both_engines!(
    there_are_never_too_many,
    they_end_in_time,
    changes_hold_at_once,
    they_go_with_a_membership,
    they_go_with_the_organization,
);

fn key(title: &str) -> NewApiKey {
    NewApiKey {
        owner: None,
        title: title.to_owned(),
        days: 7,
        access: Access::Everything,
        workspaces: vec![],
    }
}

async fn estate(core: &TestCore) -> (Member, Member, OrganizationId) {
    let root = core.root().await;
    let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
    let org = core.organization(&ann, "Org").await.id;
    let role = BuiltinRole::OrganizationAdmin;
    core.add_organization_user(&root.caller, OrganizationRef::Id(org), bob.id(), role).await.unwrap();
    (ann, bob, org)
}

async fn there_are_never_too_many(core: TestCore) {
    let (ann, bob, org) = estate(&core).await;
    let core = Arc::new(core);
    let tasks: Vec<_> = (0..2 * API_KEYS_MAX)
        .map(|number| {
            let (core, caller) = (Arc::clone(&core), bob.caller.clone());
            let new = key(&format!("key {number}"));
            tokio::spawn(async move { core.create_api_key(&caller, OrganizationRef::Id(org), new).await })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => made += 1,
            Err(error) => assert_eq!((error.kind, error.reason), (Kind::LimitReached, "api_key.limit")),
        }
    }
    assert_eq!(made, API_KEYS_MAX);
    // What has expired does not count, and another person's neither.
    core.create_api_key(&ann.caller, OrganizationRef::Id(org), key("ann's")).await.unwrap();
    core.clock().advance_seconds(7 * 24 * 60 * 60);
    core.create_api_key(&bob.caller, OrganizationRef::Id(org), key("one more")).await.unwrap();
}

async fn they_end_in_time(core: TestCore) {
    let (_, bob, org) = estate(&core).await;
    let made = core.create_api_key(&bob.caller, OrganizationRef::Id(org), key("k")).await.unwrap();
    core.clock().advance_seconds(7 * 24 * 60 * 60 - 1);
    core.authenticate(made.secret.expose()).await.unwrap();
    core.clock().advance_seconds(1);
    assert_eq!(kind(core.authenticate(made.secret.expose()).await), Kind::Unauthenticated);
    let forever = NewApiKey { days: 8, ..key("k") };
    let refused = core.create_api_key(&bob.caller, OrganizationRef::Id(org), forever).await;
    assert_eq!(kind(refused), Kind::Invalid);
}

async fn changes_hold_at_once(core: TestCore) {
    let (_, bob, org) = estate(&core).await;
    let by = || OrganizationRef::Id(org);
    let made = core.create_api_key(&bob.caller, by(), key("k")).await.unwrap();
    let through_key = core.member(made.secret.expose()).await;
    let token = core.exchange_bearer(made.secret.expose(), Shower::default()).await.unwrap();
    core.rehearsal().create_workspace(&through_key.caller, by(), called("W")).await.unwrap();

    let only = PermissionSet::of(&[Permission::ReadOrganization]);
    let change = ApiKeyChange { access: Some(Access::Only(only)), ..Default::default() };
    let id = made.credential.id;
    let changed = core.update_api_key(&bob.caller, by(), id, change).await.unwrap();
    assert_eq!((changed.credential.version, changed.credential.access), (2, Access::Only(only)));
    let narrower = core.member(made.secret.expose()).await;
    assert_eq!(narrower.caller.narrowing.permissions, Some(only));
    let refused = core.create_workspace(&narrower.caller, by(), called("W")).await;
    assert_eq!(kind(refused), Kind::Forbidden);
    assert_eq!(kind(core.authenticate(token.secret.expose()).await), Kind::Unauthenticated);
    // A token given for the key now is as narrow as the key.
    let token = core.exchange_bearer(made.secret.expose(), Shower::default()).await.unwrap();
    assert_eq!(core.member(token.secret.expose()).await.caller.narrowing, narrower.caller.narrowing);
    let stale = ApiKeyChange { expected_version: Some(1.into()), ..Default::default() };
    assert_eq!(reason(core.update_api_key(&bob.caller, by(), id, stale).await), "api_key.stale");
    core.delete_api_key(&bob.caller, by(), id, Some(2.into())).await.unwrap();
    for secret in [&made.secret, &token.secret] {
        assert_eq!(kind(core.authenticate(secret.expose()).await), Kind::Unauthenticated);
    }
}

async fn they_go_with_a_membership(core: TestCore) {
    let (ann, bob, org) = estate(&core).await;
    let by = || OrganizationRef::Id(org);
    let made = core.create_api_key(&bob.caller, by(), key("k")).await.unwrap();
    core.authenticate(made.secret.expose()).await.unwrap();
    let left = core.remove_organization_user(&ann.caller, by(), bob.id(), None, false).await.unwrap();
    assert_eq!((left.api_keys, left.workspaces), (1, 0));
    assert_eq!(kind(core.authenticate(made.secret.expose()).await), Kind::Unauthenticated);
    core.authenticate(&bob.token).await.unwrap();
}

async fn they_go_with_the_organization(core: TestCore) {
    let (ann, bob, org) = estate(&core).await;
    let by = || OrganizationRef::Id(org);
    let made = core.create_api_key(&bob.caller, by(), key("k")).await.unwrap();
    core.exchange_bearer(made.secret.expose(), Shower::default()).await.unwrap();
    core.delete_organization(&ann.caller, by(), None, true).await.unwrap();
    let orphan = core.member(made.secret.expose()).await;
    assert_eq!(kind(core.get_organization(&orphan.caller, by()).await), Kind::Hidden);
    core.clock().advance_seconds(core.settings().retention_seconds);
    while core.purge().await.unwrap() {}
    let id = core.literal(org.as_uuid());
    assert_eq!(core.sql(&format!("SELECT COUNT(*) FROM credentials WHERE org_id = {id}")), "0");
    assert_eq!(kind(core.authenticate(made.secret.expose()).await), Kind::Unauthenticated);
}
