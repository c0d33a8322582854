//! One open transaction, or one reading connection, with every port over it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tenantry_core::ids::OrganizationId;
use tenantry_core::store::Session;

use crate::driver::Conn;
use crate::sqlite::Memory;

/// The session that use cases get. Each port is implemented in the file of its resource.
pub(crate) struct Db<'a> {
    pub(crate) conn: Conn<'a>,
    /// What may be answered without asking the database. A transaction has none: it must see what it wrote itself.
    pub(crate) memory: Option<&'a Memory>,
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
        Self::remembering(conn, None)
    }

    /// A reading session that may answer from memory.
    pub(crate) const fn remembering(conn: Conn<'a>, memory: Option<&'a Memory>) -> Self {
        Self { conn, memory, changes: Mutex::new(Changes { versions: Vec::new(), identities: false }) }
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
