//! What only several replicas over one PostgreSQL server can meet: races at the start, deadlocks, a server that dies, a
//! pool that is used up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;
use tenantry_core::audit::AuditEvent;
use tenantry_core::authz::OrganizationRef;
use tenantry_core::browser::Origin;
use tenantry_core::clock::Clock;
use tenantry_core::error::{Kind, Result};
use tenantry_core::ids::{AuditEventId, OrganizationId, PrincipalId};
use tenantry_core::issuer::{IssuerChange, IssuerOf};
use tenantry_core::settings::Settings;
use tenantry_core::store::{BoxFuture, Session};
use tenantry_store::Database;
use tenantry_testkit::TestCore;
use tenantry_testkit::clock::START;
use tenantry_testkit::postgres::TestPostgres;
use tokio::sync::{Barrier, Notify};
use tokio::time::timeout;
use uuid::Uuid;

use crate::asking::{called, every_workspace, kind, names, reason};
use crate::issuers::{RETURN, answer, link, signed_in, trusted};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_start_together_migrate_once() {
    for _ in 0..3 {
        let server = TestPostgres::shared();
        let url = server.create_database();
        let opening: Vec<_> = (0..6)
            .map(|_| {
                let database = Database::Postgres { url: url.clone(), connections: 2 };
                tokio::spawn(async move { tenantry_store::open(&database, START).await })
            })
            .collect();
        for store in opening {
            store.await.unwrap().unwrap().ping().await.unwrap();
        }
        let migrations = "SELECT COUNT(*) - MAX(version) FROM schema_migrations WHERE version > 0";
        assert_eq!(server.query(&url, migrations), "0");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_agree_on_names() {
    let first = Arc::new(TestCore::postgres().await);
    let second = Arc::new(first.replica(1).await);
    let root = first.root().await;
    let org = first.organization(&root, "Org").await.id;
    let creating: Vec<_> = (0..20)
        .map(|number| {
            let core = Arc::clone(if number % 2 == 0 { &first } else { &second });
            let caller = root.caller.clone();
            tokio::spawn(async move {
                core.create_workspace(&caller, OrganizationRef::Id(org), called("W")).await
            })
        })
        .collect();
    let mut made = 0;
    for outcome in creating {
        match outcome.await.unwrap() {
            Ok(_) => made += 1,
            Err(error) => assert_eq!(error.kind, Kind::AlreadyExists, "{error:?}"),
        }
    }
    assert_eq!(made, 1);
    // A suspension on one replica holds on the other at once.
    let ann = first.user(&root, "ann").await;
    second.authenticate(&ann.token).await.unwrap();
    first.set_suspended(&root.caller, ann.id(), true).await.unwrap();
    assert_eq!(kind(second.authenticate(&ann.token).await), Kind::Unauthenticated);
}

/// Two organizations to lock in an order, and a meeting between the two locks of the first attempt.
struct Crossing {
    order: [OrganizationId; 2],
    meeting: Arc<Barrier>,
    attempts: Arc<AtomicU32>,
    met: AtomicU32,
}

fn cross<'a>(session: &'a dyn Session, crossing: &'a Crossing) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        crossing.attempts.fetch_add(1, Ordering::SeqCst);
        session.lock_organization(crossing.order[0]).await?;
        if crossing.met.fetch_add(1, Ordering::SeqCst) == 0 {
            crossing.meeting.wait().await;
        }
        session.lock_organization(crossing.order[1]).await
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deadlocks_are_run_again() {
    let core = TestCore::postgres().await;
    let root = core.root().await;
    let (a, b) = (core.organization(&root, "A").await.id, core.organization(&root, "B").await.id);
    let (meeting, attempts) = (Arc::new(Barrier::new(2)), Arc::new(AtomicU32::new(0)));
    let version = || core.sql("SELECT SUM(version) FROM versions").parse::<i64>().unwrap();
    let before = version();
    let crossing: Vec<_> = [[a, b], [b, a]]
        .map(|order| {
            let crossing = Crossing {
                order,
                meeting: Arc::clone(&meeting),
                attempts: Arc::clone(&attempts),
                met: AtomicU32::new(0),
            };
            let store = core.store().clone();
            tokio::spawn(async move { store.write(crossing, cross).await })
        })
        .into();
    for outcome in crossing {
        outcome.await.unwrap().unwrap();
    }
    assert_eq!(attempts.load(Ordering::SeqCst), 3, "one of the two was run again");
    assert_eq!(version(), before + 4, "and each counts once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_is_waited_for() {
    let server = TestPostgres::launch();
    let core = TestCore::on(&server, Settings::default()).await;
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    let create = async |name: &str| {
        core.create_workspace(&root.caller, OrganizationRef::Id(org), called(name)).await.map(drop)
    };
    let mut acknowledged = vec![];
    for round in 0..3 {
        server.kill();
        // Connections outlive the server's main process for a moment; what they acknowledge counts.
        for number in 0.. {
            let name = format!("{round} late {number}");
            match timeout(Duration::from_secs(8), create(&name)).await.expect("the wait is bounded") {
                Ok(()) => acknowledged.push(name),
                Err(error) => {
                    assert_eq!(error.kind, Kind::Unavailable, "{error:?}");
                    break;
                }
            }
        }
        server.start();
        let name = format!("{round} after");
        let recovered = async {
            while let Err(error) = create(&name).await {
                assert_eq!(error.kind, Kind::Unavailable, "{error:?}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(Duration::from_secs(10), recovered).await.unwrap();
        acknowledged.push(name);
    }
    let there = names(&core, &root, org, every_workspace()).await;
    for name in acknowledged {
        assert!(there.contains(&name), "{name} was acknowledged and is gone");
    }
    assert_eq!(core.examine().await.unwrap(), []);
}

fn wait<'a>(_: &'a dyn Session, (began, end): &'a (Arc<Notify>, Arc<Notify>)) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        began.notify_one();
        end.notified().await;
        Ok(())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_used_up_pool_refuses_in_time() {
    let url = TestPostgres::shared().create_database();
    let store = tenantry_store::open(&Database::Postgres { url, connections: 1 }, START).await.unwrap();
    let (began, end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let notes = (Arc::clone(&began), Arc::clone(&end));
    let holding = tokio::spawn({
        let store = store.clone();
        async move { store.write(notes, wait).await }
    });
    began.notified().await;
    let refused = timeout(Duration::from_secs(7), store.ping()).await.expect("the wait is bounded");
    assert_eq!(kind(refused), Kind::Unavailable);
    end.notify_one();
    holding.await.unwrap().unwrap();
    store.ping().await.unwrap();
}

/// Writes one event, fails to write it again, and goes on as if nothing were.
fn go_on_after_an_error<'a>(session: &'a dyn Session, event: &'a AuditEvent) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        session.append_audit(event).await?;
        let again = session.append_audit(event).await;
        assert_eq!(kind(again), Kind::AlreadyExists);
        Ok(())
    })
}

fn panic_half_way<'a>(session: &'a dyn Session, event: &'a AuditEvent) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        session.append_audit(event).await?;
        panic!("a use case panics in a test");
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_acknowledged_that_was_not_committed() {
    let core = TestCore::postgres().await;
    let event = AuditEvent {
        id: AuditEventId::from_uuid(Uuid::from_u128(1)),
        organization: OrganizationId::SERVER,
        at: core.clock().now(),
        actor: PrincipalId::from_uuid(Uuid::from_u128(2)),
        credential: None,
        request_id: None,
        action: "test",
        targets: vec![],
    };
    for work in [go_on_after_an_error, panic_half_way] {
        assert_eq!(kind(core.store().write(event.clone(), work).await), Kind::Internal);
        assert_eq!(core.sql("SELECT COUNT(*) FROM audit_events"), "0");
    }
    for _ in 0..20 {
        core.store().ping().await.unwrap();
    }
}

/// Two people link the same account of an issuer on two replicas at once: it means one of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_link_one_account_one_does() {
    let here = TestCore::postgres().await;
    let there = here.replica(1).await;
    let root = here.root().await;
    let issuer = trusted(&here, &root, IssuerChange::default()).await;
    let (ann, bob) = (signed_in(&here, &root, "ann").await, signed_in(&here, &root, "bob").await);
    for round in 0..10 {
        let who = json!({"sub": round.to_string()});
        let (one, other) = tokio::join!(link(&here, &issuer, &who, &ann), link(&there, &issuer, &who, &bob));
        let (linked, refused) = if one.is_ok() { (one, other) } else { (other, one) };
        assert!(linked.is_ok(), "{round}");
        assert_eq!(reason(refused), "identity.taken", "{round}");
    }
    assert_eq!(here.sql("SELECT COUNT(*) FROM identities"), "10");
    assert_eq!(here.examine().await.unwrap(), []);
}

/// Whoever is first, nothing that came of an issuer outlives the trust in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_linked_while_trust_ends_ends_with_it() {
    let here = TestCore::postgres().await;
    let there = here.replica(1).await;
    let root = here.root().await;
    let ann = signed_in(&here, &root, "ann").await;
    for round in 0..10 {
        let issuer = trusted(&here, &root, IssuerChange::default()).await;
        let who = json!({"sub": round.to_string()});
        let (kept, brought) = answer(&here, &issuer, &who, Some(&ann)).await;
        let (deleted, _) = tokio::join!(
            there.delete_issuer(&root.caller, IssuerOf::Server, issuer.id, None),
            here.finish_issuer_sign_in(
                Some(&kept),
                brought,
                RETURN.redirect_uri,
                (Origin::default(), None, Some(&ann))
            ),
        );
        deleted.unwrap();
        assert_eq!(kind(here.begin_issuer_sign_in(issuer.id, RETURN, None).await), Kind::NotFound);
        assert_eq!(here.list_own_identities(&ann.caller).await.unwrap(), [], "{round}");
        let left = "SELECT COUNT(*) FROM credentials WHERE kind = 'identity' AND revoked_at IS NULL";
        assert_eq!((here.sql("SELECT COUNT(*) FROM identities"), here.sql(left)), ("0".into(), "0".into()));
    }
}
