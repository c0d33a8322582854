//! One open transaction, or one reading connection, with every port over it.

use std::sync::{Mutex, PoisonError};

use tenantry_core::ids::OrganizationId;
use tenantry_core::store::Session;

use crate::driver::Conn;

/// The session that use cases get. Each port is implemented in the file of its resource.
pub(crate) struct Db<'a> {
    pub(crate) conn: Conn<'a>,
    locked: Mutex<Vec<OrganizationId>>,
}

impl<'a> Db<'a> {
    pub(crate) const fn new(conn: Conn<'a>) -> Self {
        Self { conn, locked: Mutex::new(Vec::new()) }
    }

    /// Remembers that the organization's version was raised.
    pub(crate) fn note_locked(&self, organization: OrganizationId) {
        self.locked.lock().unwrap_or_else(PoisonError::into_inner).push(organization);
    }

    /// Whether the version of the organization was raised already in this transaction.
    pub(crate) fn has_locked(&self, organization: OrganizationId) -> bool {
        self.locked.lock().unwrap_or_else(PoisonError::into_inner).contains(&organization)
    }
}

impl Session for Db<'_> {}
