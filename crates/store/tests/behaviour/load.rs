//! The synthetic estate is written past the use cases; the doctor finds nothing wrong with it all the same.

use std::sync::Arc;

use tenantry_core::clock::Clock;
use tenantry_store::{Database, Size, Sources, TokenHolder};
use tenantry_testkit::TestCore;
use tenantry_testkit::chance::{SeededEntropy, SeededIds};
use tenantry_testkit::clock::TestClock;

async fn fill(database: &Database) -> Vec<TokenHolder> {
    let size = Size { organizations: 7, workspaces: 90, users: 40, memberships: 200, tokens: 9 };
    let sources = Sources {
        ids: Arc::new(SeededIds::new(50)),
        entropy: Arc::new(SeededEntropy::new(50)),
        now: TestClock::default().now(),
        progress: Arc::new(|_| ()),
    };
    tenantry_store::load(database, size, sources).await.unwrap()
}

async fn expect_healthy(core: &TestCore, holders: &[TokenHolder]) {
    assert_eq!(core.examine().await.unwrap(), []);
    for holder in holders {
        assert_eq!(core.member(holder.secret.expose()).await.id().as_uuid(), &holder.user);
    }
    assert_eq!(core.sql("SELECT COUNT(*) FROM organizations"), "7");
}

#[tokio::test]
async fn a_loaded_sqlite_database_is_healthy() {
    let directory = tempfile::TempDir::new().unwrap();
    let holders = fill(&Database::Sqlite(directory.path().join("tenantry.db"))).await;
    expect_healthy(&TestCore::in_directory(directory.path(), 1).await, &holders).await;
}

#[tokio::test]
async fn a_loaded_postgres_database_is_healthy() {
    let core = TestCore::postgres().await;
    let holders = fill(core.database()).await;
    expect_healthy(&core, &holders).await;
    core.sql("UPDATE reach SET account_created_at = 1 WHERE level = 1");
    let findings = core.examine().await.unwrap();
    assert_eq!((findings.len(), findings[0].check), (40, "account_created_at"));
}
