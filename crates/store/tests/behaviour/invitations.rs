//! Invitations: pending until they expire.

use std::sync::Arc;

use tenantry_core::authz::OrganizationRef;
use tenantry_core::clock::Clock;
use tenantry_core::error::Kind;
use tenantry_core::grant::RoleName;
use tenantry_core::invitation::InvitationField;
use tenantry_core::page::{Order, PageRequest, Start};
use tenantry_core::permission::BuiltinRole;
use tenantry_core::preferences::PreferencesChange;
use tenantry_core::principal::NewUser;
use tenantry_core::workspace::Workspace;
use tenantry_testkit::estate::target;
use tenantry_testkit::{Member, TestCore};

use crate::asking::{first_page, kind, reason};

on_both_engines!(
    pending_ones_are_listed_in_pages,
    they_expire,
    an_organization_says_how_long_they_count,
    they_offer_no_more_than_is_held,
    of_many_answers_one_counts,
    what_expired_is_swept,
    what_expired_cannot_be_withdrawn,
    who_is_removed_comes_back_by_no_older_one,
    domains_that_fold_alike_are_invited_apart,
);

async fn estate(core: &TestCore) -> (Member, Workspace) {
    below(core, &core.root().await).await
}

async fn below(core: &TestCore, root: &Member) -> (Member, Workspace) {
    let ann = core.user(root, "ann").await;
    let org = core.organization(&ann, "Org").await.id;
    let made = core.workspace(&ann, org, "W").await;
    (ann, made)
}

async fn pending_ones_are_listed_in_pages(core: TestCore) {
    let (ann, made) = estate(&core).await;
    let by = || target(made.organization, made.id);
    for number in 0..5 {
        let email = format!("guest-{number}@example.org");
        let (invitation, secret) = core.invite(&ann.caller, by(), email, vec![]).await.unwrap();
        let secret = secret.unwrap();
        assert_eq!(invitation.workspace, Some(made.id));
        assert!(secret.expose().starts_with("tny_inv_"));
    }
    let (mut start, mut seen) = (Start::Beginning, vec![]);
    loop {
        let page = PageRequest { order: vec![Order::ascending(InvitationField::CreatedAt)], start, limit: 2 };
        let page = core.list_invitations(&ann.caller, by(), page).await.unwrap();
        seen.extend(page.items.into_iter().map(|invitation| invitation.email));
        let Some(next) = page.next else { break };
        start = Start::After(next);
    }
    assert_eq!(seen, [0, 1, 2, 3, 4].map(|number| format!("guest-{number}@example.org")));
    // What waits for its acceptance gives nobody anything.
    assert_eq!(core.sql("SELECT COUNT(*) FROM grants WHERE subject_kind = 'invitation'"), "5");
    assert_eq!(core.examine().await.unwrap(), []);
}

async fn they_expire(core: TestCore) {
    let (ann, made) = estate(&core).await;
    let by = || target(made.organization, made.id);
    let invite = async |email: &str| core.invite(&ann.caller, by(), email.to_owned(), vec![]).await;
    let page = || first_page(vec![Order::descending(InvitationField::CreatedAt)]);
    let pending = async || core.list_invitations(&ann.caller, by(), page()).await.unwrap().items.len();
    invite("Guest@example.org").await.unwrap();
    assert_eq!(reason(invite("gUEST@example.org").await), "invitation.pending");
    let role = BuiltinRole::OrganizationMember;
    let org = || OrganizationRef::Id(made.organization);
    core.invite(&ann.caller, org(), "guest@example.org".into(), vec![RoleName::Builtin(role)]).await.unwrap();
    let again =
        core.invite(&ann.caller, org(), "guest@example.org".into(), vec![RoleName::Builtin(role)]).await;
    assert_eq!(reason(again), "invitation.pending");
    assert_eq!(pending().await, 1, "the one to the organization is not the workspace's");

    core.clock().advance_seconds(core.settings().invitation_seconds - 1);
    assert_eq!(pending().await, 1);
    core.clock().advance_seconds(1);
    assert_eq!(pending().await, 0);
    invite("guest@example.org").await.unwrap();
    assert_eq!(pending().await, 1);
}

async fn an_organization_says_how_long_they_count(core: TestCore) {
    const DAY: i64 = 24 * 60 * 60;
    let (ann, made) = estate(&core).await;
    let org = || OrganizationRef::Id(made.organization);
    let choose = async |days| {
        let change = PreferencesChange { invitation_days: Some(days), ..PreferencesChange::default() };
        core.update_organization_preferences(&ann.caller, org(), change, None).await
    };
    let ends = |days: i64| core.clock().now().plus_seconds(days * DAY);
    choose(Some(2)).await.unwrap();
    let (first, _) = core.invite(&ann.caller, org(), "a@example.org".into(), vec![]).await.unwrap();
    assert_eq!(first.expires_at, ends(2));
    let at = target(made.organization, made.id);
    let (of_workspace, _) = core.invite(&ann.caller, at, "b@example.org".into(), vec![]).await.unwrap();
    assert_eq!(of_workspace.expires_at, ends(2));
    // Those that are made keep their end until they are sent again.
    choose(Some(1)).await.unwrap();
    core.clock().advance_seconds(DAY);
    let (again, _) = core.resend_invitation(&ann.caller, org(), first.id).await.unwrap();
    assert_eq!(again.invitation.expires_at, ends(1));
    for unfit in [0, 8] {
        assert_eq!(choose(Some(unfit)).await.unwrap_err().violations[0].field, "invitation_days");
    }
    choose(None).await.unwrap();
    let (last, _) = core.invite(&ann.caller, org(), "c@example.org".into(), vec![]).await.unwrap();
    assert_eq!(last.expires_at, ends(7));
}

async fn they_offer_no_more_than_is_held(core: TestCore) {
    let (ann, made) = estate(&core).await;
    let by = || target(made.organization, made.id);
    let mut narrow = ann.clone();
    let everything = BuiltinRole::WorkspaceEditor.permissions();
    let left = everything.with(tenantry_core::permission::Permission::ManageWorkspaceInvitations);
    narrow.caller.narrowing.permissions = Some(left);
    let invite = async |role| {
        let roles = vec![RoleName::Builtin(role)];
        core.invite(&narrow.caller, by(), "guest@example.org".into(), roles).await
    };
    assert_eq!(reason(invite(BuiltinRole::WorkspaceOwner).await), "role.exceeds_own");
    invite(BuiltinRole::WorkspaceEditor).await.unwrap();
    let owner = BuiltinRole::OrganizationMember;
    let org = OrganizationRef::Id(made.organization);
    let organization =
        core.invite(&narrow.caller, org, "x@example.org".into(), vec![RoleName::Builtin(owner)]).await;
    assert_eq!(kind(organization), Kind::Forbidden);
    assert_eq!(kind(core.invite(&ann.caller, by(), "nobody".into(), vec![]).await), Kind::Invalid);
}

/// Accepted and withdrawn at once: one of them it is, and what was offered is given once or never.
async fn of_many_answers_one_counts(core: TestCore) {
    let root = core.root().await;
    let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
    let org = core.organization(&ann, "Org").await.id;
    let (core, by) = (Arc::new(core), OrganizationRef::Id(org));
    let (made, _) = core.invite(&ann.caller, by.clone(), "BOB@example.org".into(), vec![]).await.unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let (core, ann, bob, by) = (Arc::clone(&core), ann.clone(), bob.clone(), by.clone());
            tokio::spawn(async move {
                if number % 2 == 0 {
                    core.cancel_invitation(&ann.caller, by, made.id).await
                } else {
                    core.accept_invitation(&bob.caller, by, made.id, None).await.map(drop)
                }
            })
        })
        .collect();
    let mut winners = 0;
    for task in tasks {
        winners += usize::from(task.await.unwrap().is_ok());
    }
    assert_eq!(winners, 1);
    let accepted = core.sql("SELECT status FROM invitations") == "accepted";
    assert_eq!(core.get_organization(&bob.caller, by.clone()).await.is_ok(), accepted);
    assert_eq!(core.sql("SELECT COUNT(*) FROM grants WHERE subject_kind = 'invitation'"), "0");
    assert_eq!(reason(core.resend_invitation(&ann.caller, by, made.id).await), "invitation.closed");
    assert_eq!(core.examine().await.unwrap(), []);
}

async fn what_expired_is_swept(core: TestCore) {
    let (ann, made) = estate(&core).await;
    let by = || target(made.organization, made.id);
    core.invite(&ann.caller, by(), "x@example.org".into(), vec![]).await.unwrap();
    core.clock().advance_seconds(core.settings().invitation_seconds - 1);
    core.invite(&ann.caller, by(), "y@example.org".into(), vec![]).await.unwrap();
    assert_eq!(core.expire_invitations().await.unwrap(), 0);
    core.clock().advance_seconds(1);
    assert_eq!(core.expire_invitations().await.unwrap(), 1);
    assert_eq!(core.sql("SELECT COUNT(*) FROM grants WHERE subject_kind = 'invitation'"), "1");
    assert_eq!(core.sql("SELECT status FROM invitations ORDER BY created_at"), "expired\npending");
    assert_eq!(core.examine().await.unwrap(), []);
}

/// Whether the server has swept since makes no difference.
async fn what_expired_cannot_be_withdrawn(core: TestCore) {
    let (ann, made) = estate(&core).await;
    let by = || target(made.organization, made.id);
    let (invitation, _) = core.invite(&ann.caller, by(), "x@example.org".into(), vec![]).await.unwrap();
    core.clock().advance_seconds(core.settings().invitation_seconds);
    let cancel = async || kind(core.cancel_invitation(&ann.caller, by(), invitation.id).await);
    assert_eq!(cancel().await, Kind::NotFound);
    assert_eq!(core.expire_invitations().await.unwrap(), 1);
    assert_eq!(cancel().await, Kind::NotFound);
}

async fn who_is_removed_comes_back_by_no_older_one(core: TestCore) {
    let root = core.root().await;
    let (ann, made) = below(&core, &root).await;
    let by = || OrganizationRef::Id(made.organization);
    let bob = core.user(&root, "bob").await;
    let email = || "BOB@example.org".to_owned();
    let (wide, _) = core.invite(&ann.caller, by(), email(), vec![]).await.unwrap();
    core.invite(&ann.caller, target(made.organization, made.id), email(), vec![]).await.unwrap();
    core.invite(&ann.caller, by(), "cat@example.org".into(), vec![]).await.unwrap();
    let member = BuiltinRole::OrganizationMember;
    core.add_organization_user(&root.caller, by(), bob.id(), member).await.unwrap();
    core.remove_organization_user(&ann.caller, by(), bob.id(), None, false).await.unwrap();
    assert_eq!(core.list_own_invitations(&bob.caller).await.unwrap(), []);
    let accepted = core.accept_invitation(&bob.caller, by(), wide.id, None).await;
    assert_eq!(kind(accepted), Kind::Precondition);
    assert_eq!(core.sql("SELECT COUNT(*) FROM invitations WHERE status = 'revoked'"), "2");
    assert_eq!(core.sql("SELECT COUNT(*) FROM audit_events WHERE action = 'invitation.revoke'"), "2");
    core.invite(&ann.caller, by(), email(), vec![]).await.unwrap();
    assert_eq!(core.examine().await.unwrap(), []);
}

/// `stra\u{df}e.example` and `strasse.example` may be registered by different people.
async fn domains_that_fold_alike_are_invited_apart(core: TestCore) {
    let root = core.root().await;
    let (ann, made) = below(&core, &root).await;
    let by = || OrganizationRef::Id(made.organization);
    let user = |name: &str, email: &str| NewUser {
        username: Some(name.to_owned()),
        email: email.to_owned(),
        ..NewUser::default()
    };
    let mut people = Vec::new();
    for (name, email) in [("eve", "v@stra\u{df}e.example"), ("vic", "v@strasse.example")] {
        let (_, token) = core.create_user(&root.caller, user(name, email)).await.unwrap();
        people.push(core.member(token.secret.expose()).await);
    }
    core.invite(&ann.caller, by(), "V@strasse.example".into(), vec![]).await.unwrap();
    let waiting = async |who: &Member| core.list_own_invitations(&who.caller).await.unwrap().len();
    assert_eq!((waiting(&people[0]).await, waiting(&people[1]).await), (0, 1));
    core.invite(&ann.caller, by(), "v@STRA\u{1e9e}E.example".into(), vec![]).await.unwrap();
    assert_eq!((waiting(&people[0]).await, waiting(&people[1]).await), (1, 1));
    // One mailbox has one account, however its domain is written.
    let again = core.create_user(&root.caller, user("eva", "v@xn--strae-oqa.example")).await;
    assert_eq!(kind(again), Kind::AlreadyExists);
}
