//! One open transaction, or one reading connection, with every port over it.

use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tenantry_core::error::Result;
use tenantry_core::ids::OrganizationId;
use tenantry_core::store::Session;

use crate::driver::Conn;
use crate::kept::{self, Answers, Basis, Kept};
use crate::postgres::Gathered;
use crate::sqlite::Memory;

/// The session that use cases get. Each port is implemented in the file of its resource.
pub(crate) struct Db<'a> {
    pub(crate) conn: Conn<'a>,
    pub(crate) aside: Aside<'a>,
    /// What answers about the organization of this session rest on, once it was located.
    basis: Mutex<Option<Basis>>,
    changes: Mutex<Changes>,
}

/// What may answer in place of a statement on the connection.
#[derive(Clone, Copy)]
pub(crate) enum Aside<'a> {
    /// Nothing: a transaction must see what it wrote itself.
    Nothing,
    /// The memory of an embedded database, and its generation from before the session read anything.
    Memory(&'a Memory, u64),
    /// Reads that are made together with those of other requests.
    Gathered(&'a Gathered),
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
    /// A transaction.
    pub(crate) const fn new(conn: Conn<'a>) -> Self {
        Self::made(conn, Aside::Nothing)
    }

    /// A session that reads from an embedded database.
    pub(crate) fn remembering(conn: Conn<'a>, memory: &'a Memory) -> Self {
        Self::made(conn, Aside::Memory(memory, memory.generation()))
    }

    /// A session that reads from a server.
    pub(crate) const fn gathering(conn: Conn<'a>, gathered: &'a Gathered) -> Self {
        Self::made(conn, Aside::Gathered(gathered))
    }

    const fn made(conn: Conn<'a>, aside: Aside<'a>) -> Self {
        let changes = Mutex::new(Changes { versions: Vec::new(), identities: false });
        Self { conn, aside, basis: Mutex::new(None), changes }
    }

    /// Notes what answers about the organization of this session rest on.
    pub(crate) fn note_basis(&self, basis: Basis) {
        *self.basis.lock().unwrap_or_else(PoisonError::into_inner) = Some(basis);
    }

    /// Where answers about this organization are kept, and what they rest on in this session.
    pub(crate) fn kept_of(&self, organization: OrganizationId) -> Option<(&'a Kept, Basis)> {
        let kept = match self.aside {
            Aside::Nothing => return None,
            Aside::Memory(memory, _) => &memory.kept,
            Aside::Gathered(gathered) => gathered.kept(),
        };
        let basis = *self.basis.lock().unwrap_or_else(PoisonError::into_inner);
        Some((kept, basis.filter(|basis| basis.located.organization == organization)?))
    }

    /// What was kept of the organization of this session, or is read now and kept.
    pub(crate) async fn kept<K, V>(
        &self,
        organization: OrganizationId,
        answers: impl FnOnce(&Kept) -> &Answers<K, V>,
        key: K,
        read: impl Future<Output = Result<V>>,
    ) -> Result<V>
    where
        K: Hash + Eq + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
    {
        let Some((kept, basis)) = self.kept_of(organization) else { return read.await };
        let answers = answers(kept);
        if let Some(value) = kept::find(answers, basis, &key) {
            return Ok(value);
        }
        let value = read.await?;
        answers.insert(key, (basis, value.clone()));
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
