//! The synthetic estate is written past the use cases; the doctor finds nothing wrong with it all the same.

use std::sync::Arc;

use tenantry_core::authz::OrganizationRef;
use tenantry_core::clock::Clock;
use tenantry_core::filter::{Filter, ListQuery, Test};
use tenantry_core::ids::OrganizationId;
use tenantry_core::page::{Order, PageRequest, Start};
use tenantry_core::permission::BuiltinRole;
use tenantry_core::principal::UserField;
use tenantry_store::{Database, Size, Sources, TokenHolder};
use tenantry_testkit::TestCore;
use tenantry_testkit::chance::{SeededEntropy, SeededIds};
use tenantry_testkit::clock::TestClock;

const SEVEN: Size = Size { organizations: 7, workspaces: 90, users: 40, memberships: 200, tokens: 9 };

async fn fill(database: &Database, size: Size) -> Vec<TokenHolder> {
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
    let holders = fill(&Database::Sqlite(directory.path().join("tenantry.db")), SEVEN).await;
    expect_healthy(&TestCore::in_directory(directory.path(), 1).await, &holders).await;
}

#[tokio::test]
async fn a_loaded_postgres_database_is_healthy() {
    let core = TestCore::postgres().await;
    let holders = fill(core.database(), SEVEN).await;
    expect_healthy(&core, &holders).await;
    core.sql("UPDATE reach SET account_created_at = 1 WHERE level = 1");
    let findings = core.examine().await.unwrap();
    assert_eq!((findings.len(), findings[0].check), (40, "account_beside_reach"));
}

/// More than a page of people can be found by their role first, and fewer cannot: the answer is the same.
const CROWD: Size = Size { organizations: 1, workspaces: 1, users: 1100, memberships: 1, tokens: 1 };

async fn expect_crowd(core: &TestCore, holders: &[TokenHolder]) {
    let owner = core.member(holders[0].secret.expose()).await;
    let by = OrganizationRef::Id(OrganizationId::from_uuid(holders[0].organization));
    let is = |role: BuiltinRole| Filter::Is(UserField::Role, Test::Folded(role.word().to_owned()));
    let members = is(BuiltinRole::OrganizationMember);
    let owners = is(BuiltinRole::OrganizationOwner);
    for (filter, expected) in [
        (members.clone(), 1099),
        (owners.clone(), 1),
        (Filter::Or(vec![members.clone(), owners.clone()]), 1100),
        (owners.clone().and(members), 0),
        (owners.not(), 1099),
    ] {
        for field in [UserField::DisplayName, UserField::Email, UserField::UpdatedAt, UserField::CreatedAt] {
            for descending in [false, true] {
                let (mut names, mut start) = (Vec::new(), Start::Beginning);
                loop {
                    let page = PageRequest { order: vec![Order { field, descending }], start, limit: 400 };
                    let query = ListQuery { filter: filter.clone(), page };
                    let page = core.list_users(&owner.caller, by.clone(), query).await.unwrap();
                    names.extend(page.items.into_iter().map(|user| user.user.shown_name().to_owned()));
                    match page.next {
                        Some(next) => start = Start::After(next),
                        None => break,
                    }
                }
                let in_order = |pair: &[String]| (pair[0] > pair[1]) == descending;
                let is_by_name = field == UserField::DisplayName;
                assert!(!is_by_name || names.windows(2).all(in_order), "{filter:?}");
                names.sort_unstable();
                names.dedup();
                assert_eq!(names.len(), expected, "{filter:?} {field:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_crowd_is_found_on_sqlite() {
    let directory = tempfile::TempDir::new().unwrap();
    let holders = fill(&Database::Sqlite(directory.path().join("tenantry.db")), CROWD).await;
    expect_crowd(&TestCore::in_directory(directory.path(), 1).await, &holders).await;
}

#[tokio::test]
async fn a_crowd_is_found_on_postgres() {
    let core = TestCore::postgres().await;
    let holders = fill(core.database(), CROWD).await;
    expect_crowd(&core, &holders).await;
}
