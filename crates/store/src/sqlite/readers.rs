//! Reading: bounded reads on the calling thread, everything else on as many threads as there are cores.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tenantry_core::error::{Error, Result};
use tenantry_core::store::Job;
use tokio::sync::{mpsc, oneshot};

use super::{Memory, reading_connection, ready};
use crate::driver::{Conn, SqliteConn};
use crate::session::Db;

/// How many reads may wait for a thread, and for how long, before a client is told to come back.
const QUEUE: usize = 1024;
const PATIENCE: Duration = Duration::from_secs(5);

struct Request {
    job: Arc<dyn Job>,
    done: oneshot::Sender<Result<()>>,
}

/// The reading threads. They end when this is dropped.
pub(super) struct Readers {
    queue: Option<mpsc::Sender<Request>>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Readers {
    pub(super) fn start(path: &Path, memory: &Arc<Memory>) -> Result<Self> {
        let (queue, requests) = mpsc::channel::<Request>(QUEUE);
        let requests = Arc::new(Mutex::new(requests));
        let count = thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let threads = (0..count)
            .map(|number| {
                let connection = reading_connection(path)?;
                let (requests, memory) = (Arc::clone(&requests), Arc::clone(memory));
                thread::Builder::new()
                    .name(format!("sqlite-read-{number}"))
                    .spawn(move || serve(&connection, &memory, &requests))
                    .map_err(Error::internal)
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Self { queue: Some(queue), threads })
    }

    pub(super) async fn run(&self, job: Arc<dyn Job>) -> Result<()> {
        let (done, outcome) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or_else(|| Error::unavailable("the store is closed"))?;
        queue
            .send_timeout(Request { job, done }, PATIENCE)
            .await
            .map_err(|_| Error::unavailable("reads pile up"))?;
        outcome.await.map_err(|_| Error::unavailable("the reader is gone"))?
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        drop(self.queue.take());
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn serve(connection: &SqliteConn, memory: &Memory, requests: &Mutex<mpsc::Receiver<Request>>) {
    loop {
        let request = requests.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(request) = request else { return };
        if request.done.is_closed() {
            continue; // nobody waits for the answer any more
        }
        let _ = request.done.send(run(connection, memory, &*request.job));
    }
}

fn run(connection: &SqliteConn, memory: &Memory, job: &dyn Job) -> Result<()> {
    let read = || ready(job.run(&Db::remembering(Conn::Sqlite(connection), memory)));
    let outcome =
        catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(Error::internal("a read panicked")));
    connection.end_reading()?;
    outcome
}

/// Runs a bounded read here and now, on this thread's own connection.
pub(super) fn inline(engine: u64, path: &Path, memory: &Memory, job: &dyn Job) -> Result<()> {
    thread_local! {
        static CONNECTIONS: RefCell<HashMap<u64, SqliteConn>> = RefCell::new(HashMap::new());
    }
    CONNECTIONS.with_borrow_mut(|connections| {
        let connection = match connections.entry(engine) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(none) => none.insert(reading_connection(path)?),
        };
        run(connection, memory, job)
    })
}
