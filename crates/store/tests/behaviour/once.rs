//! Requests that are done once: a repetition is answered as the first was, and has no effect.

use std::sync::Arc;

use tenantry_core::Core;
use tenantry_core::authz::OrganizationRef;
use tenantry_core::error::{Kind, Result};
use tenantry_core::idempotency::{KEPT_SECONDS, KeptAnswer, Once, RequestKey};
use tenantry_core::ids::{OrganizationId, RequestKeyId};
use tenantry_core::workspace::WorkspaceDetail;
use tenantry_testkit::{Member, TestCore};
use uuid::Uuid;

use crate::asking::{called, every_workspace, kind, names, refusal};

on_both_engines!(
    a_repetition_is_answered_and_not_done,
    an_id_belongs_to_one_request,
    what_failed_is_tried_anew,
    of_many_at_once_one_is_done,
    answers_are_forgotten_after_a_day,
);

const NUMBER: u128 = 0x0190_b0a0_0000_7000_8000_0000_0000_0001;

fn key(who: &Member, fingerprint: u8) -> RequestKey {
    RequestKey::new(&who.caller, RequestKeyId::from_uuid(Uuid::from_u128(NUMBER)), [fingerprint; 32])
}

/// Makes a workspace once; the kept answer is its name.
async fn make(core: &Core, who: &Member, key: RequestKey, org: OrganizationId, name: &str) -> Result<String> {
    let keep = |made: &WorkspaceDetail| {
        Ok(KeptAnswer { status: 200, body: format!("kept {}", made.seen.workspace.name) })
    };
    let (caller, new) = (who.caller.clone(), called(name));
    let work = async move |core: Core| core.create_workspace(&caller, OrganizationRef::Id(org), new).await;
    Ok(match core.once(key, keep, work).await? {
        Once::Now(made) => format!("made {}", made.seen.workspace.name),
        Once::Before(answer) => format!("{} {}", answer.status, answer.body),
    })
}

async fn estate(core: &TestCore) -> (Member, Member, OrganizationId) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let org = core.organization(&ann, "Org").await.id;
    (root, ann, org)
}

async fn a_repetition_is_answered_and_not_done(core: TestCore) {
    let (root, ann, org) = estate(&core).await;
    assert_eq!(make(&core, &ann, key(&ann, 1), org, "Fen").await.unwrap(), "made Fen");
    for _ in 0..2 {
        assert_eq!(make(&core, &ann, key(&ann, 1), org, "Fen").await.unwrap(), "200 kept Fen");
    }
    // Ids of requests are each client's own.
    assert_eq!(make(&core, &root, key(&root, 1), org, "Moor").await.unwrap(), "made Moor");
    assert_eq!(names(&core, &ann, org, every_workspace()).await, ["Fen", "Moor"]);
    assert_eq!(core.sql("SELECT COUNT(*) FROM audit_events WHERE action = 'workspace.create'"), "2");
}

async fn an_id_belongs_to_one_request(core: TestCore) {
    let (_, ann, org) = estate(&core).await;
    make(&core, &ann, key(&ann, 1), org, "Fen").await.unwrap();
    let (refused, _, text) = refusal(make(&core, &ann, key(&ann, 2), org, "Moor").await);
    assert_eq!((refused, text.starts_with("request_id: ")), (Kind::Invalid, true));
    assert_eq!(names(&core, &ann, org, every_workspace()).await, ["Fen"]);
}

async fn what_failed_is_tried_anew(core: TestCore) {
    let (_, ann, org) = estate(&core).await;
    let made = core.workspace(&ann, org, "Fen").await;
    assert_eq!(kind(make(&core, &ann, key(&ann, 1), org, "fen").await), Kind::AlreadyExists);
    assert_eq!(core.sql("SELECT COUNT(*) FROM answers"), "0");
    let by = tenantry_testkit::estate::target(org, made.id);
    core.delete_workspace(&ann.caller, by, None, true).await.unwrap();
    assert_eq!(make(&core, &ann, key(&ann, 1), org, "fen").await.unwrap(), "made fen");
}

async fn of_many_at_once_one_is_done(core: TestCore) {
    let (_, ann, org) = estate(&core).await;
    one_of(&core, &[core.shared()], &ann, org).await;
}

/// The replicas share nothing but the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_on_two_replicas_one_is_done() {
    let core = TestCore::postgres().await;
    let (_, ann, org) = estate(&core).await;
    let other = core.replica(1).await;
    one_of(&core, &[core.shared(), other.shared()], &ann, org).await;
}

async fn one_of(core: &TestCore, cores: &[Arc<Core>], ann: &Member, org: OrganizationId) {
    let tasks = (0..12).map(|number| {
        let (core, ann) = (Arc::clone(&cores[number % cores.len()]), ann.clone());
        tokio::spawn(async move { make(&core, &ann, key(&ann, 1), org, "Fen").await.unwrap() })
    });
    let tasks: Vec<_> = tasks.collect();
    let mut answers = vec![];
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers.sort_unstable();
    assert_eq!(answers.pop().unwrap(), "made Fen");
    assert!(answers.iter().all(|answer| answer == "200 kept Fen"), "{answers:?}");
    assert_eq!(core.sql("SELECT COUNT(*) FROM audit_events WHERE action = 'workspace.create'"), "1");
}

async fn answers_are_forgotten_after_a_day(core: TestCore) {
    let (_, ann, org) = estate(&core).await;
    make(&core, &ann, key(&ann, 1), org, "Fen").await.unwrap();
    core.clock().advance_seconds(KEPT_SECONDS - 1);
    assert_eq!(core.forget_answers().await.unwrap(), 0);
    assert_eq!(make(&core, &ann, key(&ann, 1), org, "Fen").await.unwrap(), "200 kept Fen");
    core.clock().advance_seconds(1);
    // Before anybody has swept, too.
    assert_eq!(make(&core, &ann, key(&ann, 2), org, "Moor").await.unwrap(), "made Moor");
    core.clock().advance_seconds(KEPT_SECONDS);
    assert_eq!(core.forget_answers().await.unwrap(), 1);
    assert_eq!(core.sql("SELECT COUNT(*) FROM answers"), "0");
}
