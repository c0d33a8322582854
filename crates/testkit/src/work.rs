//! Counting what is asked of a database.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tenantry_core::error::Result;
use tenantry_core::store::{BoxFuture, Engine, Job, ReadKind, Store};

/// How many reads and writes an engine was given. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Work(Arc<[AtomicU64; 2]>);

impl Work {
    /// The store, whose reads and writes are counted from now on.
    pub(crate) fn count(&self, store: &Store) -> Store {
        Store::new(Arc::new(Counted { engine: store.engine(), work: self.clone() }))
    }

    /// How many reads and writes there were.
    pub(crate) fn done(&self) -> [u64; 2] {
        [0, 1].map(|kind: usize| self.0[kind].load(Ordering::Relaxed))
    }

    fn add(&self, kind: usize) {
        self.0[kind].fetch_add(1, Ordering::Relaxed);
    }
}

struct Counted {
    engine: Arc<dyn Engine>,
    work: Work,
}

impl Engine for Counted {
    fn write(&self, job: Arc<dyn Job>) -> BoxFuture<'_, Result<()>> {
        self.work.add(1);
        self.engine.write(job)
    }

    fn read(&self, kind: ReadKind, job: Arc<dyn Job>) -> BoxFuture<'_, Result<()>> {
        self.work.add(0);
        self.engine.read(kind, job)
    }

    fn ping(&self) -> BoxFuture<'_, Result<()>> {
        self.engine.ping()
    }
}
