//! Writing with group commit: one thread takes whatever waits, runs each transaction in a savepoint of one big one, and
//! commits them with one fsync. Nothing is acknowledged before it.
//!
//! A use case that fails rolls back its own savepoint. If the whole batch fails (disk full, I/O error), each member is
//! tried alone, since one of them may be the reason; none was acknowledged.
//!
//! After a commit, and before anybody hears of it, the server's memory is corrected.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tenantry_core::error::{Error, Result};
use tenantry_core::store::Job;
use tokio::sync::{mpsc, oneshot};

use super::{Memory, ready};
use crate::driver::{Conn, SqliteConn};
use crate::session::{Changes, Db};

/// How many transactions share one fsync at most.
const BATCH: usize = 256;
/// How many may wait, and for how long, before a client is told to come back.
const QUEUE: usize = 1024;
const PATIENCE: Duration = Duration::from_secs(5);

struct Request {
    job: Arc<dyn Job>,
    done: oneshot::Sender<Result<()>>,
}

/// The writing thread. It ends, having committed what it took, when this is dropped.
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Request>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(connection: SqliteConn, memory: Arc<Memory>) -> Result<Self> {
        let (queue, mut requests) = mpsc::channel::<Request>(QUEUE);
        let write = move || {
            let mut batch = Vec::with_capacity(BATCH);
            while requests.blocking_recv_many(&mut batch, BATCH) > 0 {
                commit(&connection, &memory, std::mem::take(&mut batch));
            }
        };
        let thread =
            thread::Builder::new().name("sqlite-write".to_owned()).spawn(write).map_err(Error::internal)?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    pub(super) async fn run(&self, job: Arc<dyn Job>) -> Result<()> {
        let (done, outcome) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or_else(|| Error::unavailable("the store is closed"))?;
        queue
            .send_timeout(Request { job, done }, PATIENCE)
            .await
            .map_err(|_| Error::unavailable("writes pile up"))?;
        outcome.await.map_err(|_| Error::unavailable("the writer is gone"))?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Commits the batch as one; alone, one by one, if that fails.
fn commit(connection: &SqliteConn, memory: &Memory, batch: Vec<Request>) {
    let outcomes = match transaction(connection, memory, &batch) {
        Ok(outcomes) => outcomes,
        Err(error) if batch.len() == 1 => vec![Err(error)],
        Err(error) => {
            tracing::warn!(%error, members = batch.len(), "a batch failed, its members are tried alone");
            let alone = |one| transaction(connection, memory, std::slice::from_ref(one))?.remove(0);
            batch.iter().map(alone).collect()
        }
    };
    for (request, outcome) in batch.into_iter().zip(outcomes) {
        let _ = request.done.send(outcome);
    }
}

/// Runs the batch in one transaction: the outcome of each member, or the error for which nothing was committed.
fn transaction(connection: &SqliteConn, memory: &Memory, batch: &[Request]) -> Result<Vec<Result<()>>> {
    let statement = |text| connection.with(|connection| connection.prepare_cached(text)?.raw_execute());
    statement("BEGIN IMMEDIATE")?;
    let mut changes: Vec<Changes> = Vec::with_capacity(batch.len());
    let mut run_all = || -> Result<Vec<Result<()>>> {
        let mut outcomes = Vec::with_capacity(batch.len());
        for request in batch {
            if request.done.is_closed() {
                outcomes.push(Ok(())); // who is gone before its transaction starts changes nothing, and hears nothing
                continue;
            }
            statement("SAVEPOINT member")?;
            let db = Db::new(Conn::Sqlite(connection));
            let outcome = catch_unwind(AssertUnwindSafe(|| ready(request.job.run(&db))))
                .unwrap_or_else(|_| Err(Error::internal("a use case panicked")));
            // A full disk or a failed write may have undone the whole transaction behind our back.
            if connection.with(|connection| Ok(connection.is_autocommit()))? {
                return Err(outcome.err().unwrap_or_else(|| Error::unavailable("the transaction was lost")));
            }
            if outcome.is_ok() {
                changes.push(db.into_changes());
            } else {
                statement("ROLLBACK TO member")?;
            }
            statement("RELEASE member")?;
            outcomes.push(outcome);
        }
        statement("COMMIT")?;
        Ok(outcomes)
    };
    let outcomes = run_all();
    let corrected = if outcomes.is_ok() { Memory::committed } else { Memory::uncertain };
    if outcomes.is_err() {
        let _ = statement("ROLLBACK");
    }
    for member in &changes {
        corrected(memory, member);
    }
    outcomes
}
