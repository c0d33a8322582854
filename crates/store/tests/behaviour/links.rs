//! Links: one use, one account, one address, for a time.

use std::sync::Arc;

use tenantry_core::caller::{Caller, Narrowing};
use tenantry_core::error::Kind;
use tenantry_core::link::{LinkKind, RESET_SECONDS, VERIFICATION_SECONDS};
use tenantry_core::mail::Letter;
use tenantry_core::permission::PermissionSet;
use tenantry_core::principal::AccountChange;
use tenantry_core::{Result, Shower};
use tenantry_testkit::TestCore;

use crate::asking::{kind, reason, refusal};
use crate::mail::mailing;

on_both_engines!(
    an_account_is_activated_by_its_link,
    a_link_counts_once_and_for_a_time,
    of_two_uses_at_once_one_counts,
    another_link_password_or_address_ends_a_link,
    a_reset_ends_every_sign_in,
);

mod mailing_on_sqlite {
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn resets_are_asked_for_alike() {
        super::resets_are_asked_for_alike(super::mailing(false).await).await;
    }
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn addresses_are_proved() {
        super::addresses_are_proved(super::mailing(false).await).await;
    }
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn another_address_needs_the_password() {
        super::another_address_needs_the_password(super::mailing(false).await).await;
    }
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_comes_to_no_letter_is_no_attempt() {
        super::what_comes_to_no_letter_is_no_attempt(super::mailing(false).await).await;
    }
}
mod mailing_on_postgres {
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn resets_are_asked_for_alike() {
        super::resets_are_asked_for_alike(super::mailing(true).await).await;
    }
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn addresses_are_proved() {
        super::addresses_are_proved(super::mailing(true).await).await;
    }
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn another_address_needs_the_password() {
        super::another_address_needs_the_password(super::mailing(true).await).await;
    }
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_comes_to_no_letter_is_no_attempt() {
        super::what_comes_to_no_letter_is_no_attempt(super::mailing(true).await).await;
    }
}

async fn activation(
    core: &TestCore,
    root: &tenantry_testkit::Member,
    id: tenantry_core::ids::PrincipalId,
) -> String {
    let (_, secret) = core.send_activation(&root.caller, id, None).await.unwrap();
    secret.unwrap().expose().to_owned()
}

fn is_void<T: std::fmt::Debug>(outcome: Result<T>) -> bool {
    let error = outcome.unwrap_err();
    error.violations.iter().any(|violation| violation.field == "secret" && violation.rule == "wrong")
}

async fn an_account_is_activated_by_its_link(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let secret = activation(&core, &root, ann.id()).await;
    assert!(secret.starts_with("tny_act_"));
    for _ in 0..3 {
        let seen = core.look_at_link(&secret, None).await.unwrap();
        assert_eq!((seen.kind, &*seen.shown_name), (LinkKind::Activation, "ann"));
    }
    let refused = core.reset_password(&secret, "password1", None).await.unwrap_err();
    assert_eq!(refused.violations[0].rule, "common");
    core.reset_password(&secret, "correct horse", None).await.unwrap();
    core.sign_in_user("ann", "correct horse", None).await.unwrap();
    let account = core.get_account(&root.caller, ann.id()).await.unwrap();
    // The administrator saw the link, so it proves no address.
    assert_eq!((account.has_password, account.email_verified_at), (true, None));
    // The next one is for another password.
    assert!(activation(&core, &root, ann.id()).await.starts_with("tny_rst_"));
}

async fn a_link_counts_once_and_for_a_time(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let secret = activation(&core, &root, ann.id()).await;
    core.reset_password(&secret, "correct horse", None).await.unwrap();
    assert!(is_void(core.reset_password(&secret, "correct horse", None).await));
    assert!(is_void(core.look_at_link(&secret, None).await));
    for nonsense in ["", "tny_rst_", "x\u{0}", &root.token] {
        assert!(is_void(core.look_at_link(nonsense, None).await));
    }
    let late = activation(&core, &root, ann.id()).await;
    assert!(is_void(core.verify_email(&late, None).await), "a link of another kind");
    core.clock().advance_seconds(RESET_SECONDS - 1);
    core.look_at_link(&late, None).await.unwrap();
    core.clock().advance_seconds(1);
    assert!(is_void(core.reset_password(&late, "battery staple", None).await));
    assert_eq!(core.sweep_links().await.unwrap(), 1);
    assert_eq!(core.sql("SELECT COUNT(*) FROM links"), "0");
    // Who is suspended is not let in by a link.
    let secret = activation(&core, &root, ann.id()).await;
    core.set_suspended(&root.caller, ann.id(), true).await.unwrap();
    assert!(is_void(core.reset_password(&secret, "battery staple", None).await));
    assert_eq!(reason(core.send_activation(&root.caller, ann.id(), None).await), "user.suspended");
}

async fn of_two_uses_at_once_one_counts(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let secret = activation(&core, &root, ann.id()).await;
    let core = Arc::new(core);
    let uses: Vec<_> = (0..8)
        .map(|number| {
            let (core, secret) = (Arc::clone(&core), secret.clone());
            tokio::spawn(async move {
                let password = format!("correct horse {number}");
                core.reset_password(&secret, &password, None).await.map(|()| password)
            })
        })
        .collect();
    let mut won = Vec::new();
    for used in uses {
        won.extend(used.await.unwrap().ok());
    }
    assert_eq!(won.len(), 1);
    core.sign_in_user("ann", &won[0], None).await.unwrap();
}

async fn another_link_password_or_address_ends_a_link(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let first = activation(&core, &root, ann.id()).await;
    let second = activation(&core, &root, ann.id()).await;
    assert!(is_void(core.look_at_link(&first, None).await));
    core.look_at_link(&second, None).await.unwrap();
    let moved = AccountChange { email: Some("ann@new.example".into()), ..AccountChange::default() };
    core.update_account(&root.caller, ann.id(), moved).await.unwrap();
    assert!(is_void(core.look_at_link(&second, None).await));
    let third = activation(&core, &root, ann.id()).await;
    core.reset_password(&third, "correct horse", None).await.unwrap();
    let fourth = activation(&core, &root, ann.id()).await;
    let ann = core.member(&ann.token).await;
    core.change_password(&ann.caller, "correct horse".into(), "battery staple".into()).await.unwrap();
    assert!(is_void(core.look_at_link(&fourth, None).await));
}

async fn a_reset_ends_every_sign_in(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    core.reset_password(&activation(&core, &root, ann.id()).await, "correct horse", None).await.unwrap();
    let here = core.sign_in_user("ann", "correct horse", None).await.unwrap();
    let of_token = core.exchange_bearer(&ann.token, Shower::default()).await.unwrap();
    let reset = activation(&core, &root, ann.id()).await;
    core.reset_password(&reset, "battery staple", None).await.unwrap();
    assert_eq!(kind(core.authenticate(here.secret.expose()).await), Kind::Unauthenticated);
    core.authenticate(of_token.secret.expose()).await.unwrap();
    core.authenticate(&ann.token).await.unwrap();
    let trail = core.sql("SELECT action FROM audit_events WHERE action LIKE 'user.%' ORDER BY id");
    let expected = [
        "user.create",
        "user.send_activation",
        "user.reset_password",
        "user.send_activation",
        "user.reset_password",
    ];
    assert_eq!(trail.lines().collect::<Vec<_>>(), expected);
}

/// Known or not: the same answer, the same rows, and the mail goes to who is known.
async fn resets_are_asked_for_alike(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    core.suspend_account(&root.caller, core.user(&root, "bob").await.id(), true, None).await.unwrap();
    let rows = || core.sql("SELECT COUNT(*) FROM outbox");
    let hashed = core.passwords().asked();
    let mut work = Vec::new();
    for (count, login) in ["ann", " ANN@example.org ", "bob", "nobody", ""].into_iter().enumerate() {
        let before = core.work();
        core.request_password_reset(login, None).await.unwrap();
        work.push([0, 1].map(|kind: usize| core.work()[kind] - before[kind]));
        assert_eq!(rows(), (count + 1).to_string(), "{login}");
    }
    assert_eq!(core.passwords().asked(), hashed);
    assert!(work.iter().all(|one| *one == work[0]), "{work:?}");
    let mut sent = Vec::new();
    for mail in core.claim_mail().await.unwrap() {
        if let Some(Letter::Link { to, secret, .. }) = core.letter_of(&mail).await.unwrap() {
            sent.push((to, secret));
            core.mail_done(&mail).await.unwrap();
        }
    }
    let to: Vec<_> = sent.iter().map(|(to, _)| &**to).collect();
    assert_eq!(to, ["ann@example.org", "ann@example.org"]);
    assert_eq!(rows(), "0");
    assert!(is_void(core.look_at_link(&sent[0].1, None).await), "the newer one took its place");
    core.reset_password(&sent[1].1, "correct horse", None).await.unwrap();
    let account = core.get_account(&root.caller, ann.id()).await.unwrap();
    assert!(account.email_verified_at.is_some(), "the link was mailed");
    // Asking often is refused, whoever is asked for.
    for login in ["ann", "nobody"] {
        let mut refused = None;
        for _ in 0..9 {
            refused = refused.or(core.request_password_reset(login, None).await.err());
        }
        assert_eq!(refused.unwrap().kind, Kind::RateLimited);
    }
}

/// The letters that wait, and none of them again.
async fn letters(core: &TestCore) -> Vec<Letter> {
    let mut letters = Vec::new();
    for mail in core.claim_mail().await.unwrap() {
        letters.extend(core.letter_of(&mail).await.unwrap());
        core.mail_done(&mail).await.unwrap();
    }
    letters
}

/// The only letter that waits: to whom, and the secret of its link.
pub(crate) async fn link(core: &TestCore) -> (String, String) {
    let mut letters = letters(core).await;
    let (Some(Letter::Link { to, secret, .. }), true) = (letters.pop(), letters.is_empty()) else {
        panic!("another letter")
    };
    (to, secret)
}

async fn addresses_are_proved(core: TestCore) {
    const PASSWORD: &str = "correct horse";
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let bob = core.user(&root, "bob").await;
    core.request_email_verification(&ann.caller).await.unwrap();
    let (to, secret) = link(&core).await;
    assert_eq!(to, "ann@example.org");
    assert!(core.get_account(&root.caller, ann.id()).await.unwrap().email_verified_at.is_none());
    core.verify_email(&secret, None).await.unwrap();
    assert!(core.get_account(&root.caller, ann.id()).await.unwrap().email_verified_at.is_some());
    assert_eq!(letters(&core).await.len(), 0, "it is the same address");
    // Another one is the account's once it is proved, and not before; the one until then is told.
    core.send_activation(&root.caller, ann.id(), None).await.unwrap();
    core.reset_password(&link(&core).await.1, PASSWORD, None).await.unwrap();
    core.request_email_change(&ann.caller, "ann@new.example", PASSWORD).await.unwrap();
    let (to, secret) = link(&core).await;
    assert_eq!(to, "ann@new.example");
    assert_eq!(core.get_own_account(&ann.caller).await.unwrap().email.unwrap(), "ann@example.org");
    assert!(is_void(core.reset_password(&secret, PASSWORD, None).await));
    assert_eq!(core.verify_email(&secret, None).await.unwrap().email.unwrap(), "ann@new.example");
    let [Letter::Moved { to, .. }] = &letters(&core).await[..] else { panic!("another letter") };
    assert_eq!(to, "ann@example.org");
    // Asking for somebody else's tells nothing; who has the mailbox is told.
    core.request_email_change(&ann.caller, "bob@example.org", PASSWORD).await.unwrap();
    let (to, secret) = link(&core).await;
    assert_eq!(to, "bob@example.org");
    assert_eq!(refusal(core.verify_email(&secret, None).await).1, "user.name_taken");
    assert_eq!(core.get_own_account(&bob.caller).await.unwrap().email.unwrap(), "bob@example.org");
    core.clock().advance_seconds(VERIFICATION_SECONDS);
    assert!(is_void(core.verify_email(&secret, None).await));
    // A link that was written a moment too late goes to where the account is no more.
    core.request_password_reset("bob", None).await.unwrap();
    let (_, late) = link(&core).await;
    core.sql("UPDATE principals SET email = 'b@new.example', email_folded = 'b@new.example' WHERE username = 'bob'");
    assert!(is_void(core.look_at_link(&late, None).await));
    assert!(is_void(core.reset_password(&late, PASSWORD, None).await));
    core.sql("UPDATE principals SET email = 'bob@example.org', email_folded = 'bob@example.org' WHERE username = 'bob'");
    // Who runs the server moves an account at once, and that is told too.
    let moved = |email: &str| AccountChange { email: Some(email.to_owned()), ..AccountChange::default() };
    core.update_account(&root.caller, bob.id(), moved("Bob@Example.org")).await.unwrap();
    assert_eq!(letters(&core).await.len(), 0);
    core.update_account(&root.caller, bob.id(), moved("bob@new.example")).await.unwrap();
    let [Letter::Moved { to, .. }] = &letters(&core).await[..] else { panic!("another letter") };
    assert_eq!(to, "Bob@Example.org");
}

/// Who has a token that may only read does not keep its person from asking.
async fn what_comes_to_no_letter_is_no_attempt(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let narrowing = Narrowing { permissions: Some(PermissionSet::reading()), ..Narrowing::default() };
    let narrow = Caller { narrowing, ..ann.caller.clone() };
    for _ in 0..9 {
        assert_eq!(kind(core.request_email_verification(&narrow).await), Kind::Forbidden);
        core.rehearsal().request_email_verification(&ann.caller).await.unwrap();
    }
    let mut sent = 0;
    let refused = loop {
        match core.request_email_verification(&ann.caller).await {
            Ok(()) => sent += 1,
            Err(refused) => break refused.kind,
        }
    };
    assert_eq!((refused, sent), (Kind::RateLimited, 5));
}

/// A token alone moves no account: its links would outlive what a person allowed the program that has it.
async fn another_address_needs_the_password(core: TestCore) {
    let core = Arc::new(core);
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let ask = async |password: &str| {
        core.request_email_change(&ann.caller, "mallory@evil.example", password).await.unwrap_err()
    };
    assert_eq!(ask("correct horse").await.reason, "password.none");
    core.send_activation(&root.caller, ann.id(), None).await.unwrap();
    core.reset_password(&link(&core).await.1, "another horse", None).await.unwrap();
    // It may be another one by the time that it is verified.
    core.send_activation(&root.caller, ann.id(), None).await.unwrap();
    let (resetting, secret) = (Arc::clone(&core), link(&core).await.1);
    core.passwords().meanwhile.set(async move {
        resetting.reset_password(&secret, "correct horse", None).await.unwrap();
    });
    assert_eq!(ask("another horse").await.reason, "password.stale");
    // Guesses are counted with those of sign-ins and changes of the password.
    assert_eq!(ask("battery").await.violations[0].field, "current_password");
    for _ in 0..2 {
        assert_eq!(ask("battery staple").await.violations[0].field, "current_password");
        let guess = core.change_password(&ann.caller, "battery".into(), "battery staple".into()).await;
        assert_eq!(guess.unwrap_err().violations[0].field, "current_password");
    }
    assert_eq!(ask("correct horse").await.kind, Kind::RateLimited);
    assert_eq!(letters(&core).await.len(), 0);
    assert_eq!(core.sql("SELECT COUNT(*) FROM links"), "0");
}
