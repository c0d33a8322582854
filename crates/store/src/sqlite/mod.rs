//! The embedded engine: one process owns the file, one thread writes, readers never wait for it.

mod files;
mod memory;
mod readers;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use rusqlite::{Connection, OpenFlags};
use tenantry_core::clock::Timestamp;
use tenantry_core::error::{Error, Kind, Result};
use tenantry_core::store::{BoxFuture, Engine, Job, ReadKind};

use crate::driver::{Conn, SqliteConn, sqlite_error};
use crate::{addresses, migrate, roles};
use files::Ownership;
pub(crate) use memory::Memory;
use readers::Readers;
use writer::Writer;

/// The oldest SQLite that may be trusted with a WAL: 3.7.0 to 3.51.2 can lose one when it is reset (fixed in 3.51.3).
const OLDEST: i32 = 3_051_003;

/// Tells the engines of this process apart.
static OPENED: AtomicU64 = AtomicU64::new(0);

/// An owned database file.
pub(crate) struct Sqlite {
    // In the order of ending: first no more writes, then no more reads, then the file is free for others.
    writer: Writer,
    readers: Readers,
    path: PathBuf,
    number: u64,
    memory: Arc<Memory>,
    _ownership: Ownership,
}

impl Sqlite {
    /// Takes the file, or says who has it; brings its schema up to date; starts the threads.
    pub(crate) fn open(path: &Path, now: Timestamp) -> Result<Self> {
        let (ownership, writing) = take(path, now)?;
        let memory = Arc::new(Memory::new());
        Ok(Self {
            writer: Writer::start(writing, Arc::clone(&memory))?,
            readers: Readers::start(path, &memory)?,
            path: path.to_owned(),
            number: OPENED.fetch_add(1, Ordering::Relaxed),
            memory,
            _ownership: ownership,
        })
    }
}

/// Owns the file for as long as `work` takes, in one transaction.
pub(crate) fn alone<T>(path: &Path, now: Timestamp, work: impl FnOnce(Conn<'_>) -> Result<T>) -> Result<T> {
    let (_ownership, writing) = take(path, now)?;
    in_transaction(&writing, work)
}

/// Removes a database that no process has open.
pub(crate) fn discard(path: &Path) -> Result<()> {
    let _ownership = Ownership::take(path)?;
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(refused(format!("cannot remove {}: {error}", path.display())));
            }
            _ => {}
        }
    }
    Ok(())
}

fn take(path: &Path, now: Timestamp) -> Result<(Ownership, SqliteConn)> {
    if rusqlite::version_number() < OLDEST {
        return Err(refused(format!("SQLite {} is too old, 3.51.3 is needed", rusqlite::version())));
    }
    let ownership = Ownership::take(path)?;
    let writing = writing_connection(path)?;
    ready(migrate::prepare(Conn::Sqlite(&writing)))?;
    in_transaction(&writing, |conn| {
        ready(async {
            migrate::migrate(conn, now).await?;
            addresses::reconcile(conn).await?;
            roles::reconcile(conn).await
        })
    })?;
    Ok((ownership, writing))
}

fn in_transaction<T>(writing: &SqliteConn, work: impl FnOnce(Conn<'_>) -> Result<T>) -> Result<T> {
    let statement = |text| writing.with(|connection| connection.execute_batch(text));
    statement("BEGIN IMMEDIATE")?;
    match work(Conn::Sqlite(writing)) {
        Ok(done) => statement("COMMIT").map(|()| done),
        Err(error) => {
            let _ = statement("ROLLBACK");
            Err(error)
        }
    }
}

impl Engine for Sqlite {
    fn write(&self, job: Arc<dyn Job>) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.writer.run(job))
    }

    fn read(&self, kind: ReadKind, job: Arc<dyn Job>) -> BoxFuture<'_, Result<()>> {
        match kind {
            // A point read takes microseconds: less than handing it to another thread.
            ReadKind::Point => {
                Box::pin(async move { readers::inline(self.number, &self.path, &self.memory, &*job) })
            }
            ReadKind::Scan => Box::pin(self.readers.run(job)),
        }
    }

    fn ping(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.readers.run(Arc::new(Ping)))
    }
}

struct Ping;

impl Job for Ping {
    fn run<'a>(&'a self, _: &'a dyn tenantry_core::store::Session) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

/// The result of a future that never has to wait.
pub(crate) fn ready<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    work.now_or_never()
        .unwrap_or_else(|| Err(Error::internal("a use case awaited something other than the store")))
}

fn writing_connection(path: &Path) -> Result<SqliteConn> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|e| sqlite_error(&e))?;
    connection
        .execute_batch(
            // The log is written back every 32 MiB: the same pages change over and over, and writing them back makes
            // everybody wait.
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
             PRAGMA wal_autocheckpoint = 8192; PRAGMA busy_timeout = 5000; PRAGMA temp_store = MEMORY; \
             PRAGMA cache_size = -16000; PRAGMA case_sensitive_like = ON",
        )
        .map_err(|e| sqlite_error(&e))?;
    SqliteConn::writing(connection)
}

fn reading_connection(path: &Path) -> Result<SqliteConn> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|e| sqlite_error(&e))?;
    connection
        .execute_batch(
            "PRAGMA query_only = ON; PRAGMA busy_timeout = 5000; PRAGMA temp_store = MEMORY; \
             PRAGMA cache_size = -16000; PRAGMA mmap_size = 1073741824; PRAGMA case_sensitive_like = ON",
        )
        .map_err(|e| sqlite_error(&e))?;
    SqliteConn::reading(connection)
}

fn refused(text: String) -> Error {
    Error::new(Kind::Unavailable, "store.refused", text)
}
