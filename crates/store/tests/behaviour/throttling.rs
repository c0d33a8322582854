//! Throttling: what is guessed costs time, and its victim none.

use std::net::IpAddr;
use std::path::Path;

use futures_util::future::join_all;
use tenantry_core::Shower;
use tenantry_core::authz::OrganizationRef;
use tenantry_core::error::{Error, Kind};
use tenantry_core::principal::NewUser;
use tenantry_core::throttle::{Attempts, Purpose};
use tenantry_testkit::postgres::TestPostgres;
use tenantry_testkit::{Member, TestCore};

use crate::asking::{kind, refusal};

on_both_engines!(
    guessing_takes_longer_and_longer,
    a_victim_is_not_locked_out,
    known_and_unknown_accounts_do_the_same_work,
    a_source_is_slowed_whatever_it_tries,
    invitations_are_not_guessed,
    old_failures_are_forgotten,
    what_counts_however_it_ends_is_bounded_at_once,
);

#[expect(clippy::unnecessary_wraps, reason = "it is what the core takes")]
fn from(address: &str) -> Option<IpAddr> {
    Some(address.parse().unwrap())
}

/// Somebody called ann with a password.
async fn ann(core: &TestCore, root: &Member) -> Member {
    let new = NewUser {
        username: Some("ann".into()),
        email: "ann@example.org".into(),
        password: Some("correct horse".into()),
        ..NewUser::default()
    };
    let (_, token) = core.create_user(&root.caller, new).await.unwrap();
    core.member(token.secret.expose()).await
}

async fn attempt(core: &TestCore, login: &str, password: &str, source: Option<IpAddr>) -> Result<(), Error> {
    core.sign_in_user(login, password, source).await.map(drop)
}

/// Fails until it is not even heard: how often that took.
async fn fail_until_refused(core: &TestCore, login: &str, source: Option<IpAddr>) -> (u32, u64) {
    for count in 0..100 {
        let error = attempt(core, login, "wrong horse", source).await.unwrap_err();
        if error.kind == Kind::RateLimited {
            return (count, error.retry_after().unwrap());
        }
        assert_eq!(error.kind, Kind::Unauthenticated);
    }
    panic!("nothing stops this");
}

async fn guessing_takes_longer_and_longer(core: TestCore) {
    let root = core.root().await;
    ann(&core, &root).await;
    let source = from("192.0.2.1");
    assert_eq!(fail_until_refused(&core, "ann", source).await, (5, 1));
    let hashed = core.passwords().asked();
    let refused = attempt(&core, "ann", "correct horse", source).await.unwrap_err();
    assert_eq!((refused.kind, refused.reason), (Kind::RateLimited, "attempts.too_many"));
    assert_eq!(core.passwords().asked(), hashed, "nothing is hashed for it");
    for expected in [2, 4, 8, 16] {
        let (_, seconds) = {
            core.clock().advance_seconds(expected / 2);
            assert_eq!(kind(attempt(&core, "ann", "wrong horse", source).await), Kind::Unauthenticated);
            fail_until_refused(&core, "ann", source).await
        };
        assert_eq!(i64::try_from(seconds).unwrap(), expected);
    }
    core.clock().advance_seconds(16);
    attempt(&core, "ann", "correct horse", source).await.unwrap();
    // Who got in begins anew.
    assert_eq!(fail_until_refused(&core, "ann", source).await.0, 5);
}

async fn a_victim_is_not_locked_out(core: TestCore) {
    let root = core.root().await;
    let token = ann(&core, &root).await.token;
    let before = core.sign_in_user("ann", "correct horse", from("192.0.2.1")).await.unwrap();
    for attacker in 1..20 {
        fail_until_refused(&core, "ann", from(&format!("203.0.113.{attacker}"))).await;
        fail_until_refused(&core, "ann@example.org", from(&format!("2001:db8:{attacker}::1"))).await;
    }
    attempt(&core, "ann", "correct horse", from("192.0.2.1")).await.unwrap();
    attempt(&core, "ann", "correct horse", from("192.0.2.99")).await.unwrap();
    for kept in [token.as_str(), before.secret.expose()] {
        core.authenticate(kept).await.unwrap();
    }
    // One network of IPv6 is one source.
    let same = attempt(&core, "ann@example.org", "correct horse", from("2001:db8:1::ffff")).await;
    assert_eq!(kind(same), Kind::RateLimited);
}

async fn known_and_unknown_accounts_do_the_same_work(core: TestCore) {
    let root = core.root().await;
    ann(&core, &root).await;
    core.user(&root, "bob").await; // without a password
    let mut seen = Vec::new();
    for login in ["ann", "bob", "nobody", "nobody@example.org"] {
        let (hashed, worked, mut answers) = (core.passwords().asked(), core.work(), Vec::new());
        for _ in 0..7 {
            answers.push(refusal(attempt(&core, login, "wrong horse", from("192.0.2.1")).await));
        }
        let work = [0, 1].map(|kind: usize| core.work()[kind] - worked[kind]);
        seen.push((answers, core.passwords().asked() - hashed, work));
    }
    assert!(seen.iter().all(|answers| *answers == seen[0]), "{seen:?}");
    // A row for each, and one for the source.
    assert_eq!(core.sql("SELECT COUNT(*) FROM failures"), "5");
    let text = core.sql("SELECT * FROM failures");
    assert!(!text.contains("ann") && !text.contains("192.0.2.1"), "{text}");
}

async fn a_source_is_slowed_whatever_it_tries(core: TestCore) {
    let root = core.root().await;
    let ann = ann(&core, &root).await;
    let source = from("192.0.2.1");
    for number in 0..50 {
        let login = format!("user{number}");
        assert_eq!(kind(attempt(&core, &login, "wrong horse", source).await), Kind::Unauthenticated);
    }
    assert_eq!(kind(attempt(&core, "ann", "correct horse", source).await), Kind::RateLimited);
    assert_eq!(
        kind(core.exchange_bearer(&ann.token, Shower { source, user_agent: None }).await),
        Kind::RateLimited
    );
    // It signs in elsewhere, and in a while here.
    core.exchange_bearer(&ann.token, Shower { source: from("192.0.2.2"), user_agent: None }).await.unwrap();
    core.clock().advance_seconds(1);
    attempt(&core, "ann", "correct horse", source).await.unwrap();
}

async fn invitations_are_not_guessed(core: TestCore) {
    let root = core.root().await;
    let ann = ann(&core, &root).await;
    let bob = core.user(&root, "bob").await;
    let org = core.organization(&ann, "Org").await.id;
    let by = || OrganizationRef::Id(org);
    let (invitation, secret) =
        core.invite(&ann.caller, by(), "bob@example.org".into(), vec![]).await.unwrap();
    let mut caller = bob.caller.clone();
    caller.source = from("192.0.2.1");
    let mut kinds = Vec::new();
    for _ in 0..6 {
        let wrong = Some("tny_inv_wrong".to_owned());
        kinds.push(kind(core.accept_invitation(&caller, by(), invitation.id, wrong).await));
    }
    assert_eq!(kinds[4..], [Kind::Invalid, Kind::RateLimited]);
    caller.source = from("192.0.2.2");
    let secret = secret.map(|secret| secret.expose().to_owned());
    core.accept_invitation(&caller, by(), invitation.id, secret).await.unwrap();
}

async fn old_failures_are_forgotten(core: TestCore) {
    let root = core.root().await;
    ann(&core, &root).await;
    let source = from("192.0.2.1");
    fail_until_refused(&core, "ann", source).await;
    core.clock().advance_seconds(24 * 60 * 60 + 1);
    assert_eq!(fail_until_refused(&core, "ann", source).await.0, 5);
    core.clock().advance_seconds(24 * 60 * 60);
    assert_eq!(core.sweep_attempts().await.unwrap(), 0);
    core.clock().advance_seconds(1);
    assert_eq!(core.sweep_attempts().await.unwrap(), 2);
    assert_eq!(core.sql("SELECT COUNT(*) FROM failures"), "0");
}

/// Those who begin at the same time are counted one by one.
async fn what_counts_however_it_ends_is_bounded_at_once(core: TestCore) {
    let attempts = Attempts::of_source(Purpose::DeviceLogin, from("192.0.2.1"));
    let all = join_all((0..150).map(|_| core.spend_attempt(&attempts))).await;
    let (passed, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
    assert_eq!(passed.len(), 100);
    for refused in refused {
        let refused = refused.unwrap_err();
        assert_eq!((refused.kind, refused.retry_after()), (Kind::RateLimited, Some(1)));
    }
    core.clock().advance_seconds(1);
    core.spend_attempt(&attempts).await.unwrap();
    assert_eq!(core.spend_attempt(&attempts).await.unwrap_err().retry_after(), Some(2));
    core.spend_attempt(&Attempts::of_source(Purpose::DeviceLogin, from("198.51.100.1"))).await.unwrap();
}

/// A second replica counts on where the first one stopped.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_count_together() {
    let core = TestCore::on(TestPostgres::shared(), tenantry_core::settings::Settings::default()).await;
    let root = core.root().await;
    ann(&core, &root).await;
    let replica = core.replica(1).await;
    let source = from("192.0.2.1");
    for (number, at) in [&core, &replica, &core, &replica, &core].into_iter().enumerate() {
        let failed = attempt(at, "ann", "wrong horse", source).await;
        assert_eq!(kind(failed), Kind::Unauthenticated, "{number}");
    }
    for at in [&core, &replica] {
        assert_eq!(kind(attempt(at, "ann", "correct horse", source).await), Kind::RateLimited);
    }
    attempt(&replica, "ann", "correct horse", from("192.0.2.2")).await.unwrap();
}

/// A restart forgets nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_counts_on() {
    let directory = tempfile::tempdir().unwrap();
    let path: &Path = directory.path();
    let core = TestCore::in_directory(path, 0).await;
    let root = core.root().await;
    ann(&core, &root).await;
    fail_until_refused(&core, "ann", from("192.0.2.1")).await;
    drop(core);
    let core = TestCore::in_directory(path, 1).await;
    assert_eq!(kind(attempt(&core, "ann", "correct horse", from("192.0.2.1")).await), Kind::RateLimited);
    attempt(&core, "ann", "correct horse", from("192.0.2.2")).await.unwrap();
}
