//! One open transaction, or one reading connection, with every port over it.

use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use moka::sync::Cache;
use tenantry_core::authz::Located;
use tenantry_core::error::Result;
use tenantry_core::ids::OrganizationId;
use tenantry_core::store::Session;

use crate::driver::Conn;
use crate::sqlite::{Basis, Memory};

/// The session that use cases get. Each port is implemented in the file of its resource.
pub(crate) struct Db<'a> {
    pub(crate) conn: Conn<'a>,
    /// What may be answered without asking the database. A transaction has none: it must see what it wrote itself.
    pub(crate) memory: Option<&'a Memory>,
    /// The generation of credentials in memory from before the session read anything.
    pub(crate) generation: u64,
    /// The organization that was located in this session, as it was then.
    located: Mutex<Option<Located>>,
    changes: Mutex<Changes>,
}

/// What a transaction has changed of that which requests are judged by.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Organizations whose version was raised, with the new version.
    pub(crate) versions: Vec<(OrganizationId, i64)>,
    /// Whether a credential, or the principal behind one, counts for more or less than before.
    pub(crate) identities: bool,
}

impl<'a> Db<'a> {
    pub(crate) const fn new(conn: Conn<'a>) -> Self {
        Self::made(conn, None, 0)
    }

    /// A reading session that may answer from memory.
    pub(crate) fn remembering(conn: Conn<'a>, memory: &'a Memory) -> Self {
        Self::made(conn, Some(memory), memory.generation())
    }

    const fn made(conn: Conn<'a>, memory: Option<&'a Memory>, generation: u64) -> Self {
        let changes = Mutex::new(Changes { versions: Vec::new(), identities: false });
        Self { conn, memory, generation, located: Mutex::new(None), changes }
    }

    /// The memory, as long as the session has read nothing: then what it tells is not newer than what is read next.
    pub(crate) fn memory_before_reading(&self) -> Option<&'a Memory> {
        self.memory.filter(|_| self.conn.is_fresh())
    }

    /// Notes which organization this session is about.
    pub(crate) fn note_located(&self, located: Located) {
        *self.located.lock().unwrap_or_else(PoisonError::into_inner) = Some(located);
    }

    /// What was remembered of the organization of this session, or is read now and remembered.
    pub(crate) async fn kept<K, V>(
        &self,
        organization: OrganizationId,
        cache: impl FnOnce(&Memory) -> &Cache<K, (Basis, V)>,
        key: K,
        read: impl Future<Output = Result<V>>,
    ) -> Result<V>
    where
        K: Hash + Eq + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
    {
        let located = *self.located.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(memory), Some(located)) =
            (self.memory, located.filter(|it| it.organization == organization))
        else {
            return read.await;
        };
        let (cache, basis) = (cache(memory), Basis { located, generation: self.generation });
        if let Some((kept, value)) = cache.get(&key)
            && kept == basis
        {
            return Ok(value);
        }
        let value = read.await?;
        cache.insert(key, (basis, value.clone()));
        Ok(value)
    }

    /// Notes the raised version of an organization.
    pub(crate) fn note_version(&self, organization: OrganizationId, version: i64) {
        self.changes().versions.push((organization, version));
    }

    /// Whether the version of the organization was raised already in this transaction.
    pub(crate) fn has_locked(&self, organization: OrganizationId) -> bool {
        self.changes().versions.iter().any(|(raised, _)| *raised == organization)
    }

    /// Notes that what credentials prove has changed. Whatever writes to `principals` or `credentials`, other than new
    /// rows and the time of the last use, has to say so.
    pub(crate) fn note_identities(&self) {
        self.changes().identities = true;
    }

    /// What the transaction has changed.
    pub(crate) fn into_changes(self) -> Changes {
        self.changes.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session for Db<'_> {}
