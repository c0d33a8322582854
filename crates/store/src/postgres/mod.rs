//! The engine for several replicas: a pool of connections to a PostgreSQL server that all of them share.
//!
//! Transactions run at READ COMMITTED. What needs more (names, last owners) is safe because every change of an
//! organization begins by locking its row in `versions`; what clashes all the same is run again.

mod gather;
pub(crate) mod gathered;
mod tls;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts};
use futures_util::FutureExt;
use tenantry_core::clock::Timestamp;
use tenantry_core::error::{Error, Kind, Result};
use tenantry_core::store::{BoxFuture, Engine, Job, ReadKind};
use tokio_postgres::config::{SslMode, TargetSessionAttrs};

use crate::driver::{Conn, PgConn, RETRY, pg_error};
use crate::session::Db;
use crate::{addresses, migrate, roles};
pub(crate) use gathered::Gathered;

/// How often a transaction that clashed with another is tried.
const ATTEMPTS: u32 = 10;
/// How long a request waits for a connection before its client is told to come back.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many connections are set apart for gathered reads: one for each kind.
const SET_APART: usize = 2;

/// Pools over one database.
pub(crate) struct Postgres {
    pool: Pool,
    gathered: Gathered,
}

impl Postgres {
    /// Connects, and brings the schema up to date.
    pub(crate) async fn open(url: &str, connections: usize, now: Timestamp) -> Result<Self> {
        let mut config: tokio_postgres::Config = url
            .parse()
            .map_err(|_| Error::new(Kind::Invalid, "store.url", "the database URL is not understood"))?;
        config.application_name("tenantry");
        config.connect_timeout(PATIENCE);
        // Versions are read with every request, and must be those of the one server that takes changes.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        let options = format!(
            "{} -c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=30s -c jit=off",
            config.get_options().unwrap_or_default()
        );
        config.options(options.trim());
        // At least one connection for each of the pools.
        let apart = SET_APART.min(connections.saturating_sub(1)).max(1);
        let pool = pool(&config, connections.saturating_sub(apart).max(1))?;
        let engine = Self { pool, gathered: Gathered::over(&self::pool(&config, apart)?) };
        migrate::prepare(Conn::Postgres(&PgConn::of(&engine.pool))).await?;
        engine
            .transaction(|conn| {
                Box::pin(async move {
                    // A big table takes longer than any request may, and the replicas that start meanwhile wait for it.
                    conn.script("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '5min'").await?;
                    migrate::migrate(conn, now).await?;
                    addresses::reconcile(conn).await?;
                    roles::reconcile(conn).await
                })
            })
            .await?;
        Ok(engine)
    }

    /// Runs `work` in a transaction of its own.
    pub(crate) async fn transaction<F>(&self, work: F) -> Result<()>
    where
        F: for<'a> FnOnce(Conn<'a>) -> BoxFuture<'a, Result<()>> + Send,
    {
        let mut open = OpenTransaction(Some(PgConn::of(&self.pool)));
        let conn = open.0.as_ref().ok_or_else(|| Error::internal("no connection"))?;
        let client = conn.client().await?;
        client.batch_execute("BEGIN").await.map_err(|e| pg_error(&e))?;
        let outcome = AssertUnwindSafe(work(Conn::Postgres(conn))).catch_unwind().await;
        let outcome = outcome.unwrap_or_else(|_| Err(Error::internal("a use case panicked")));
        // A COMMIT after a failed statement rolls back and says nothing. The empty SELECT is refused there, so that a use
        // case that went on after an error is not told that it is written down.
        let end = if outcome.is_ok() { "SELECT; COMMIT" } else { "ROLLBACK" };
        let ended = client.batch_execute(end).await.map_err(|e| pg_error(&e));
        if ended.is_ok() {
            open.0.take(); // back into the pool; otherwise dropped below, and the server rolls back
        }
        outcome.and(ended)
    }
}

/// A connection with a transaction in it. Dropped half-way, it is closed instead of going back into the pool.
struct OpenTransaction(Option<PgConn>);

impl Drop for OpenTransaction {
    fn drop(&mut self) {
        if let Some(conn) = self.0.take() {
            conn.discard();
        }
    }
}

fn pool(config: &tokio_postgres::Config, connections: usize) -> Result<Pool> {
    let manager_config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = if config.get_ssl_mode() == SslMode::Disable {
        Manager::from_config(config.clone(), tokio_postgres::NoTls, manager_config)
    } else {
        Manager::from_config(config.clone(), tls::connector()?, manager_config)
    };
    let timeouts = Timeouts { wait: Some(PATIENCE), create: Some(PATIENCE), recycle: Some(PATIENCE) };
    Pool::builder(manager)
        .max_size(connections)
        .timeouts(timeouts)
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(Error::internal)
}

impl Engine for Postgres {
    fn write(&self, job: Arc<dyn Job>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let mut attempt = 1;
            loop {
                let again = Arc::clone(&job);
                let outcome =
                    self.transaction(|conn| Box::pin(async move { again.run(&Db::new(conn)).await }));
                match outcome.await {
                    Err(clash) if clash.reason == RETRY && attempt < ATTEMPTS => {
                        tracing::debug!(attempt, "a transaction clashed and is run again");
                        // Longer for later attempts, and different for each job, so that rivals part.
                        let jitter = (std::ptr::from_ref(&*job).cast::<()>() as usize >> 6) % 7;
                        let pause = u64::from(attempt * attempt) + jitter as u64;
                        tokio::time::sleep(Duration::from_millis(pause)).await;
                        attempt += 1;
                    }
                    other => return other,
                }
            }
        })
    }

    fn read(&self, _: ReadKind, job: Arc<dyn Job>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let conn = PgConn::of(&self.pool);
            let session = Db::gathering(Conn::Postgres(&conn), &self.gathered);
            let outcome = AssertUnwindSafe(job.run(&session)).catch_unwind().await;
            outcome.unwrap_or_else(|_| Err(Error::internal("a read panicked")))
        })
    }

    fn ping(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let conn = PgConn::of(&self.pool);
            conn.client().await?.batch_execute("SELECT 1").await.map_err(|e| pg_error(&e))
        })
    }
}
