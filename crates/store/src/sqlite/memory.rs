//! What the server remembers of a database that nobody else writes to: who is behind a credential, and the versions of
//! organizations, under which answers are kept. It is as good as the database itself, since the writer corrects it after
//! a commit and before anybody hears of it.
//!
//! Versions and the generation are taken from memory only before a session reads anything, and later from what it reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::sync::Cache;
use tenantry_core::authz::{Located, OrganizationRef};
use tenantry_core::credential::Found;
use tenantry_core::ids::OrganizationId;

use crate::kept::Kept;
use crate::session::Changes;

/// How many credentials are remembered at most: about a kilobyte each.
const CREDENTIALS: u64 = 16_384;
/// How many names of organizations are remembered at most: a few hundred bytes each.
const PLACES: u64 = 32_768;

/// The memory of one database.
pub(crate) struct Memory {
    /// The version of each organization that was asked for or changed. `None`: a commit failed, nobody can tell.
    versions: papaya::HashMap<OrganizationId, Option<i64>>,
    /// Raised when what any credential proves has changed: then all are read anew, each when it is next shown.
    generation: AtomicU64,
    credentials: Cache<[u8; 32], (u64, Arc<Found>)>,
    places: Cache<OrganizationRef, Located>,
    pub(crate) kept: Kept,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self {
            versions: papaya::HashMap::new(),
            generation: AtomicU64::new(0),
            credentials: Cache::new(CREDENTIALS),
            places: Cache::new(PLACES),
            kept: Kept::new(),
        }
    }

    /// The version of the organization, if it is known.
    pub(crate) fn version(&self, organization: OrganizationId) -> Option<i64> {
        self.versions.pin().get(&organization).copied().flatten()
    }

    /// Remembers a version that was read. What the writer has said meanwhile is newer and stays.
    pub(crate) fn learn_version(&self, organization: OrganizationId, version: i64) {
        self.versions.pin().get_or_insert(organization, Some(version));
    }

    /// What the generation of credentials is, to be asked before anything is read that is then learned.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Who is behind the credential, unless something has changed since it was read.
    pub(crate) fn credential(&self, hash: &[u8; 32]) -> Option<Arc<Found>> {
        let (generation, found) = self.credentials.get(hash)?;
        (generation == self.generation()).then_some(found)
    }

    /// Remembers a credential that was read in this generation or a later one.
    pub(crate) fn learn_credential(&self, hash: [u8; 32], generation: u64, found: Arc<Found>) {
        self.credentials.insert(hash, (generation, found));
    }

    /// The organization of this name, if it had it at its present version: whoever loses a name is raised.
    pub(crate) fn place(&self, by: &OrganizationRef) -> Option<Located> {
        self.places.get(by).filter(|place| self.version(place.organization) == Some(place.version))
    }

    /// Remembers an organization that was found.
    pub(crate) fn learn_place(&self, by: &OrganizationRef, place: Located) {
        self.learn_version(place.organization, place.version);
        self.places.insert(by.clone(), place);
    }

    /// Takes over what a transaction has changed, now that it is committed.
    pub(super) fn committed(&self, changes: &Changes) {
        self.take(changes, Some);
    }

    /// Forgets what a transaction has changed, of which nobody can tell whether it was committed.
    pub(super) fn uncertain(&self, changes: &Changes) {
        self.take(changes, |_| None);
    }

    fn take(&self, changes: &Changes, known: impl Fn(i64) -> Option<i64>) {
        let versions = self.versions.pin();
        for (organization, version) in &changes.versions {
            versions.insert(*organization, known(*version));
        }
        if changes.identities {
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
    }
}

#[cfg(test)]
mod tests {
    use tenantry_core::ids::OrganizationId;
    use uuid::Uuid;

    use super::*;

    fn changes(organization: OrganizationId, version: i64) -> Changes {
        Changes { versions: vec![(organization, version)], identities: false }
    }

    #[test]
    fn the_writer_knows_better_than_a_reader() {
        let (memory, org) = (Memory::new(), OrganizationId::from_uuid(Uuid::from_u128(1)));
        memory.learn_version(org, 3);
        assert_eq!(memory.version(org), Some(3));
        memory.committed(&changes(org, 4));
        memory.learn_version(org, 3); // read before the commit, told after it
        assert_eq!(memory.version(org), Some(4));
    }

    #[test]
    fn after_a_failed_commit_the_database_is_asked_until_the_next_one() {
        let (memory, org) = (Memory::new(), OrganizationId::from_uuid(Uuid::from_u128(1)));
        memory.committed(&changes(org, 4));
        memory.uncertain(&changes(org, 5));
        memory.learn_version(org, 4);
        assert_eq!(memory.version(org), None);
        memory.committed(&changes(org, 5));
        assert_eq!(memory.version(org), Some(5));
    }
}
