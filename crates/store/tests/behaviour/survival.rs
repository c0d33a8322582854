//! A process that is killed while it writes: what was acknowledged is there, once, with its audit event.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use std::{env, thread};

use tenantry_core::authz::OrganizationRef;
use tenantry_core::ids::OrganizationId;
use tenantry_testkit::{Member, TestCore};

use crate::asking::{called, every_workspace, names};

const DIRECTORY: &str = "TENANTRY_TEST_DIRECTORY";
const ROUNDS: u16 = 30;

#[tokio::test]
async fn acknowledged_rows_survive_kills() {
    let directory = tempfile::TempDir::new().unwrap();
    let core = TestCore::in_directory(directory.path(), 0).await;
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    drop(core);

    let mut acknowledged = 0;
    for round in 1..=ROUNDS {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "survival::writes_until_it_is_killed", "--ignored", "--nocapture"])
            .env(DIRECTORY, directory.path())
            .env("TENANTRY_TEST_ROUND", round.to_string())
            .env("TENANTRY_TEST_TOKEN", &root.token)
            .env("TENANTRY_TEST_ORGANIZATION", org.to_string())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let acks = acks(directory.path(), round);
        for _ in 0..500 {
            if fs::metadata(&acks).is_ok_and(|acks| acks.len() > 0) {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        thread::sleep(Duration::from_millis(u64::from(round) * 7 % 60));
        child.kill().unwrap();
        child.wait().unwrap();

        let core = TestCore::in_directory(directory.path(), 1000 + round).await;
        let there = rows(&core, &root, org).await;
        let text = fs::read_to_string(&acks).unwrap();
        // The last line may be cut off by the kill; then it was not told.
        for name in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            assert!(there.contains(name), "round {round}: {name} was acknowledged and is gone");
            acknowledged += 1;
        }
        assert_eq!(core.examine().await.unwrap(), [], "round {round}");
    }
    assert!(acknowledged > usize::from(ROUNDS), "{acknowledged} rows: the child hardly wrote");
}

/// Every name there is, each once and each with its audit event.
async fn rows(core: &TestCore, root: &Member, org: OrganizationId) -> HashSet<String> {
    let mut query = every_workspace();
    query.page.limit = 1_000_000;
    let all = names(core, root, org, query).await;
    let there: HashSet<String> = all.iter().cloned().collect();
    assert_eq!(all.len(), there.len(), "a row is there twice");
    let events = core.sql("SELECT COUNT(*) FROM audit_events WHERE action = 'workspace.create'");
    assert_eq!(events, all.len().to_string());
    there
}

fn acks(directory: &Path, round: u16) -> PathBuf {
    directory.join(format!("acks-{round}"))
}

#[test]
#[ignore = "the test above runs it in a process of its own, and kills it"]
fn writes_until_it_is_killed() {
    let told = |name| env::var(name).unwrap();
    let directory = PathBuf::from(told(DIRECTORY));
    let round = told("TENANTRY_TEST_ROUND").parse().unwrap();
    let org = OrganizationId::parse(&told("TENANTRY_TEST_ORGANIZATION")).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let core = Arc::new(TestCore::in_directory(&directory, round).await);
        let root = core.member(&told("TENANTRY_TEST_TOKEN")).await;
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let (core, caller, directory) = (Arc::clone(&core), root.caller.clone(), directory.clone());
                tokio::spawn(async move {
                    let mut acks =
                        OpenOptions::new().create(true).append(true).open(acks(&directory, round)).unwrap();
                    for number in 0.. {
                        let name = format!("r{round}w{writer}n{number}");
                        let made = core.create_workspace(&caller, OrganizationRef::Id(org), called(&name));
                        made.await.unwrap();
                        acks.write_all(format!("{name}\n").as_bytes()).unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
    });
}
