//! What only the embedded engine does: one owner, one writer, many transactions in one commit.

use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tenantry_core::authz::OrganizationRef;
use tenantry_core::clock::Clock;
use tenantry_core::error::{Error, Kind, Result};
use tenantry_core::ids::OrganizationId;
use tenantry_core::store::BoxFuture;
use tenantry_core::store::Session;
use tenantry_testkit::{Member, TestCore};
use tokio::task::JoinHandle;

use crate::asking::{called, every_workspace, kind, names};

#[tokio::test]
async fn a_second_owner_is_refused_by_name() {
    let core = TestCore::sqlite().await;
    let refused = tenantry_store::open(core.database(), core.clock().now()).await.err().unwrap();
    assert_eq!(refused.kind, Kind::Unavailable);
    let says = refused.public().to_owned();
    assert!(says.contains(&core.file().display().to_string()), "{says}");
    assert!(says.contains(&format!("process {}", std::process::id())), "{says}");

    let (file, now) = (core.database().clone(), core.clock().now());
    let directory = tempfile::TempDir::new().unwrap();
    let copy = directory.path().join("copy.db");
    fs::copy(core.file(), &copy).unwrap();
    tenantry_store::open(&tenantry_store::Database::Sqlite(copy), now).await.unwrap();
    assert!(tenantry_store::open(&file, now).await.is_err(), "trying did not loosen the lock");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let directory = tempfile::TempDir::new().unwrap();
    let core = TestCore::in_directory(directory.path(), 0).await;
    core.sql("INSERT INTO schema_migrations VALUES (99, 'of tomorrow', '', 0)");
    let (database, now) = (core.database().clone(), core.clock().now());
    drop(core);
    let refused = tenantry_store::open(&database, now).await.err().unwrap();
    assert_eq!(refused.reason, "store.migration");
}

/// Sleeps on the writing thread, so that what comes meanwhile waits for it and then makes one batch.
fn hold_up<'a>(_: &'a dyn Session, millis: &'a u64) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        thread::sleep(Duration::from_millis(*millis));
        Ok(())
    })
}

/// Writes, and then panics.
fn panic_half_way<'a>(session: &'a dyn Session, org: &'a OrganizationId) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        session.lock_organization(*org).await?;
        panic!("a use case panics in a test");
    })
}

fn fail_half_way<'a>(session: &'a dyn Session, org: &'a OrganizationId) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        session.lock_organization(*org).await?;
        Err(Error::new(Kind::Precondition, "test.failed", "failed"))
    })
}

struct Estate {
    core: Arc<TestCore>,
    root: Member,
    org: OrganizationId,
}

impl Estate {
    async fn new() -> Self {
        let core = Arc::new(TestCore::sqlite().await);
        let root = core.root().await;
        let org = core.organization(&root, "Org").await.id;
        Self { core, root, org }
    }

    /// Keeps the writer busy; whatever is asked for before this ends goes into one batch.
    async fn keep_busy(&self, millis: u64) -> JoinHandle<Result<()>> {
        let core = Arc::clone(&self.core);
        let busy = tokio::spawn(async move { core.store().write(millis, hold_up).await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        busy
    }

    fn create(&self, name: String) -> JoinHandle<Result<()>> {
        let (core, caller, org) = (Arc::clone(&self.core), self.root.caller.clone(), self.org);
        tokio::spawn(async move {
            core.create_workspace(&caller, OrganizationRef::Id(org), called(&name)).await.map(drop)
        })
    }

    async fn names(&self) -> Vec<String> {
        names(&self.core, &self.root, self.org, every_workspace()).await
    }

    /// How many transactions the log holds: frames that end one say how large the database is after it.
    fn commits(&self) -> usize {
        let mut log = self.core.file().as_os_str().to_owned();
        log.push("-wal");
        let log = fs::read(log).unwrap();
        let page = u32::from_be_bytes(log[8..12].try_into().unwrap()) as usize;
        log[32..].chunks_exact(24 + page).filter(|frame| frame[4..8] != [0; 4]).count()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_committed_together() {
    let estate = Estate::new().await;
    let before = estate.commits();
    let busy = estate.keep_busy(300).await;
    let creates: Vec<_> = (0..50).map(|number| estate.create(format!("W{number}"))).collect();
    busy.await.unwrap().unwrap();
    for create in creates {
        create.await.unwrap().unwrap();
    }
    assert_eq!(estate.names().await.len(), 50);
    assert!(estate.commits() - before <= 2, "{} commits", estate.commits() - before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_of_a_batch_fail_alone() {
    let estate = Estate::new().await;
    let version = || estate.core.sql("SELECT SUM(version) FROM versions").parse::<i64>().unwrap();
    let before = version();
    let busy = estate.keep_busy(300).await;
    let (core, org) = (Arc::clone(&estate.core), estate.org);
    let first = estate.create("first".into());
    let failing = tokio::spawn(async move {
        let panicking = core.store().write(org, panic_half_way).await;
        (panicking, core.store().write(org, fail_half_way).await)
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let again = estate.create("First".into());
    let last = estate.create("last".into());
    busy.await.unwrap().unwrap();
    first.await.unwrap().unwrap();
    let (panicking, failed) = failing.await.unwrap();
    assert_eq!(kind(panicking), Kind::Internal);
    assert_eq!(kind(failed), Kind::Precondition);
    assert_eq!(kind(again.await.unwrap()), Kind::AlreadyExists);
    last.await.unwrap().unwrap();
    assert_eq!(estate.names().await, ["first", "last"]);
    assert_eq!(version(), before + 2, "what failed left nothing");
    assert_eq!(estate.core.examine().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_before_the_start_changes_nothing() {
    let estate = Estate::new().await;
    let busy = estate.keep_busy(400).await;
    let left = estate.create("left before the batch".into());
    // In the same batch, behind a member that takes its time.
    let core = Arc::clone(&estate.core);
    let slow = tokio::spawn(async move { core.store().write(400, hold_up).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let late = estate.create("left while the batch ran".into());
    let stays = estate.create("stays".into());
    tokio::time::sleep(Duration::from_millis(50)).await;
    left.abort();
    busy.await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    late.abort();
    slow.await.unwrap().unwrap();
    stays.await.unwrap().unwrap();
    assert_eq!(estate.names().await, ["stays"]);
    assert_eq!(estate.core.examine().await.unwrap(), []);
}

/// What was asked for before the end is done before the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_commits_what_was_taken() {
    let directory = tempfile::TempDir::new().unwrap();
    let core = TestCore::in_directory(directory.path(), 0).await;
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    core.workspace(&root, org, "W").await;
    drop(core);
    let core = TestCore::in_directory(directory.path(), 1).await;
    let root = core.member(&root.token).await;
    assert_eq!(names(&core, &root, org, every_workspace()).await, ["W"]);
}
