//! The outbox: written with what causes a mail, sealed, and emptied once.

use tenantry_core::authz::OrganizationRef;
use tenantry_core::mail::{ClaimedMail, Letter, MAIL_ATTEMPTS_MAX};
use tenantry_core::settings::Settings;
use tenantry_testkit::TestCore;

/// A core whose server has a mail server.
pub(crate) async fn mailing(postgres: bool) -> TestCore {
    let settings = Settings { mail: true, ..Settings::default() };
    if postgres { TestCore::postgres_with(settings).await } else { TestCore::sqlite_with(settings).await }
}

macro_rules! both_mailing {
    ($($behaviour:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::$behaviour(super::mailing(false).await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::$behaviour(super::mailing(true).await).await;
            })*
        }
    };
}

both_mailing!(
    what_is_mailed_is_not_shown,
    nothing_that_was_undone_is_mailed,
    a_mail_is_tried_again_and_given_up,
    one_of_several_sends_a_mail,
);

async fn claimed(core: &TestCore) -> Vec<ClaimedMail> {
    core.claim_mail().await.unwrap()
}

/// A dump of the database shows neither whom a mail is to nor the secret in it.
async fn what_is_mailed_is_not_shown(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let org = core.organization(&ann, "North").await.id;
    let by = || OrganizationRef::Id(org);
    let (invitation, shown) =
        core.invite(&ann.caller, by(), "guest@example.org".into(), vec![]).await.unwrap();
    assert!(shown.is_none());
    let (_, shown) = core.resend_invitation(&ann.caller, by(), invitation.id).await.unwrap();
    assert!(shown.is_none());
    let (_, shown) = core.send_activation(&root.caller, ann.id(), None).await.unwrap();
    assert!(shown.is_none());
    let dump = core.sql("SELECT * FROM outbox");
    assert_eq!(dump.lines().count(), 3);
    let mut secrets = Vec::new();
    for mail in claimed(&core).await {
        assert_eq!(mail.attempts, 1);
        match core.letter_of(&mail).await.unwrap().unwrap() {
            Letter::Invitation { to, organization_name, workspace_name, inviter, secret, .. } => {
                assert_eq!((&*to, &*organization_name), ("guest@example.org", "North"));
                assert_eq!((workspace_name, inviter.as_deref()), (None, Some("ann")));
                secrets.push(secret);
            }
            Letter::Link { kind, to, name, secret } => {
                assert_eq!((&*kind, &*to, &*name), ("activation", "ann@example.org", "ann"));
                core.look_at_link(&secret, None).await.unwrap();
                secrets.push(secret);
            }
            Letter::Moved { to, .. } => panic!("a letter to {to}"),
        }
    }
    let all = dump + &core.sql("SELECT * FROM links") + &core.sql("SELECT * FROM audit_events");
    for secret in &secrets {
        let hex = secret.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        assert!(!all.contains(&**secret) && !all.contains(&hex));
    }
    assert!(!all.contains("guest"), "{all}");
}

async fn nothing_that_was_undone_is_mailed(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let org = core.organization(&ann, "North").await.id;
    let by = || OrganizationRef::Id(org);
    core.rehearsal().invite(&ann.caller, by(), "guest@example.org".into(), vec![]).await.unwrap();
    core.invite(&ann.caller, by(), "nonsense".into(), vec![]).await.unwrap_err();
    core.rehearsal().send_activation(&root.caller, ann.id(), None).await.unwrap();
    assert_eq!(claimed(&core).await, []);
}

async fn a_mail_is_tried_again_and_given_up(core: TestCore) {
    let root = core.root().await;
    core.send_activation(&root.caller, root.id(), None).await.unwrap();
    let mut waits = Vec::new();
    loop {
        let mail = claimed(&core).await.remove(0);
        assert_eq!(claimed(&core).await, [], "it is claimed");
        if !core.mail_failed(&mail).await.unwrap() {
            break;
        }
        let mut waited = 0;
        while core.sql("SELECT due_at FROM outbox").parse::<i64>().unwrap()
            > tenantry_core::clock::Clock::now(core.clock()).as_micros()
        {
            core.clock().advance_seconds(60);
            waited += 1;
        }
        waits.push(waited);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]);
    assert_eq!(i64::try_from(waits.len()).unwrap() + 1, MAIL_ATTEMPTS_MAX);
    assert_eq!(core.sql("SELECT COUNT(*) FROM outbox"), "0");
}

async fn one_of_several_sends_a_mail(core: TestCore) {
    let root = core.root().await;
    for _ in 0..5 {
        core.send_activation(&root.caller, root.id(), None).await.unwrap();
    }
    let core = std::sync::Arc::new(core);
    let claims: Vec<_> = (0..6)
        .map(|_| {
            let core = std::sync::Arc::clone(&core);
            tokio::spawn(async move { core.claim_mail().await.unwrap() })
        })
        .collect();
    let mut ids = Vec::new();
    for claim in claims {
        ids.extend(claim.await.unwrap().into_iter().map(|mail| mail.id));
    }
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!((count, ids.len()), (5, 5));
    // What was claimed and neither sent nor given back is due again.
    core.clock().advance_seconds(5 * 60);
    assert_eq!(claimed(&core).await.len(), 5);
}
