//! Browser sessions: when they count, and when no more.

use tenantry_core::Shower;
use tenantry_core::browser::Origin;
use tenantry_core::credential::Issued;
use tenantry_core::error::Kind;
use tenantry_core::ids::PrincipalId;
use tenantry_core::principal::NewUser;
use tenantry_testkit::{Member, TestCore};

use crate::asking::kind;

on_both_engines!(
    a_session_ends_when_nothing_is_done_in_it,
    a_session_ends_in_any_case,
    signing_in_again_ends_the_session_before,
    a_session_is_ended_from_elsewhere,
    a_session_counts_nowhere_else,
);

pub(crate) const PASSWORD: &str = "correct horse";

/// A user called `name` who has a password.
pub(crate) async fn person(core: &TestCore, root: &Member, name: &str) -> PrincipalId {
    let new = NewUser {
        username: Some(name.to_owned()),
        email: format!("{name}@example.org"),
        password: Some(PASSWORD.to_owned()),
        ..NewUser::default()
    };
    core.create_user(&root.caller, new).await.unwrap().0.id
}

/// A new session of the user.
pub(crate) async fn sign_in(core: &TestCore, name: &str) -> Issued {
    let from = Origin {
        source: Some([192, 0, 2, 7].into()),
        user_agent: Some("Browser".to_owned()),
        request_id: None,
    };
    core.sign_in_browser(name, PASSWORD, (from, None)).await.unwrap()
}

async fn a_session_ends_when_nothing_is_done_in_it(core: TestCore) {
    let root = core.root().await;
    let ann = person(&core, &root, "ann").await;
    let session = sign_in(&core, "ann").await;
    let cookie = session.secret.expose();
    let idle = core.settings().session_idle_seconds;
    for _ in 0..3 {
        core.clock().advance_seconds(idle - 1);
        assert_eq!(core.browser_session(cookie).await.unwrap().caller.principal, ann);
    }
    core.clock().advance_seconds(idle);
    assert_eq!(kind(core.browser_session(cookie).await), Kind::Unauthenticated);
    core.clock().advance_seconds(-1);
    assert_eq!(core.list_own_sessions(&root.caller).await.unwrap(), []);
}

async fn a_session_ends_in_any_case(core: TestCore) {
    let root = core.root().await;
    person(&core, &root, "ann").await;
    let mut session = sign_in(&core, "ann").await;
    let (idle, whole) = (core.settings().session_idle_seconds, core.settings().session_seconds);
    let begun = session.credential.created_at;
    for _ in 0..(whole / idle) {
        core.clock().advance_seconds(idle - 60);
        // A new secret is no new sign-in.
        session = core.renew_browser_session(session.secret.expose(), Origin::default()).await.unwrap();
        assert_eq!(core.browser_session(session.secret.expose()).await.unwrap().signed_in_at, begun);
    }
    core.clock().advance_seconds(whole % idle + (whole / idle) * 60);
    assert_eq!(kind(core.browser_session(session.secret.expose()).await), Kind::Unauthenticated);
}

async fn signing_in_again_ends_the_session_before(core: TestCore) {
    let root = core.root().await;
    person(&core, &root, "ann").await;
    let first = sign_in(&core, "ann").await;
    let before = first.secret.expose();
    let wrong = core.sign_in_browser("ann", "wrong horse", (Origin::default(), Some(before))).await;
    assert_eq!(kind(wrong), Kind::Unauthenticated);
    core.browser_session(before).await.unwrap();
    let second = core.sign_in_browser("ann", PASSWORD, (Origin::default(), Some(before))).await.unwrap();
    assert_eq!(kind(core.browser_session(before).await), Kind::Unauthenticated);
    let third = core.renew_browser_session(second.secret.expose(), Origin::default()).await.unwrap();
    assert_eq!(kind(core.browser_session(second.secret.expose()).await), Kind::Unauthenticated);
    core.sign_out_browser(third.secret.expose(), None).await.unwrap();
    assert_eq!(kind(core.browser_session(third.secret.expose()).await), Kind::Unauthenticated);
    core.sign_out_browser(third.secret.expose(), None).await.unwrap();
}

async fn a_session_is_ended_from_elsewhere(core: TestCore) {
    let root = core.root().await;
    let ann = person(&core, &root, "ann").await;
    let (here, there, phone) =
        (sign_in(&core, "ann").await, sign_in(&core, "ann").await, sign_in(&core, "ann").await);
    let caller = core.browser_session(here.secret.expose()).await.unwrap().caller;
    let open = core.list_own_sessions(&caller).await.unwrap();
    assert_eq!(open.len(), 3);
    assert_eq!(open[0].source.as_deref(), Some("192.0.2.7"));
    assert_eq!(open[0].user_agent.as_deref(), Some("Browser"));
    core.revoke_own_credential(&caller, phone.credential.id).await.unwrap();
    assert_eq!(kind(core.browser_session(phone.secret.expose()).await), Kind::Unauthenticated);
    assert_eq!(core.end_other_sessions(&caller).await.unwrap(), 1);
    assert_eq!(kind(core.browser_session(there.secret.expose()).await), Kind::Unauthenticated);
    core.browser_session(here.secret.expose()).await.unwrap();
    core.set_suspended(&root.caller, ann, true).await.unwrap();
    assert_eq!(kind(core.browser_session(here.secret.expose()).await), Kind::Unauthenticated);
}

async fn a_session_counts_nowhere_else(core: TestCore) {
    let root = core.root().await;
    person(&core, &root, "ann").await;
    let session = sign_in(&core, "ann").await;
    let cookie = session.secret.expose();
    assert_eq!(kind(core.authenticate(cookie).await), Kind::Unauthenticated);
    assert_eq!(kind(core.exchange_bearer(cookie, Shower::default()).await), Kind::Unauthenticated);
    for text in ["", "tny_bs_", root.token.as_str()] {
        assert_eq!(kind(core.browser_session(text).await), Kind::Unauthenticated);
    }
}
