//! Answers that are kept for later readers. Each rests on a version that is read with every request: of the organization,
//! which whatever the answer depends on raises, and of what holds for the whole server.
//!
//! What is kept must not be older than what it rests on. So a session reads the version first, and the answer after it;
//! an answer that is newer than its version is merely read once more.

use std::hash::Hash;
use std::sync::Arc;

use moka::sync::Cache;
use tenantry_core::authz::{Holdings, Located, WorkspaceRef};
use tenantry_core::ids::{OrganizationId, PrincipalId, WorkspaceId};
use tenantry_core::organization::Organization;
use tenantry_core::principal::Principal;
use tenantry_core::resource::InsideRights;
use tenantry_core::workspace::Standing;

use crate::workspace_list::Lead;

/// How many answers of each kind are kept at most: a few hundred bytes each.
const ANSWERS: u64 = 32_768;

/// How far changes had come when something was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Basis {
    /// The organization and its version.
    pub(crate) located: Located,
    /// Raised by suspension and by changes of rights on the server.
    pub(crate) generation: u64,
}

/// Answers of one kind, each with what it rests on.
pub(crate) type Answers<K, V> = Cache<K, (Basis, V)>;

/// Everything that is kept of one database.
pub(crate) struct Kept {
    pub(crate) places: Answers<(OrganizationId, WorkspaceRef), Option<WorkspaceId>>,
    pub(crate) standings: Answers<WorkspaceId, Option<Standing>>,
    pub(crate) holdings: Answers<(PrincipalId, OrganizationId, Option<WorkspaceId>), Holdings>,
    pub(crate) organizations: Answers<OrganizationId, Option<Arc<Organization>>>,
    pub(crate) people: Answers<(OrganizationId, PrincipalId), Option<Arc<Principal>>>,
    pub(crate) inside: Answers<(PrincipalId, WorkspaceId), InsideRights>,
    pub(crate) leads: Answers<(OrganizationId, PrincipalId), Lead>,
}

impl Kept {
    pub(crate) fn new() -> Self {
        Self {
            places: Cache::new(ANSWERS),
            standings: Cache::new(ANSWERS),
            holdings: Cache::new(ANSWERS),
            organizations: Cache::new(ANSWERS / 8),
            people: Cache::new(ANSWERS),
            inside: Cache::new(ANSWERS),
            leads: Cache::new(ANSWERS),
        }
    }
}

/// What was kept under this key, if it rests on the same.
pub(crate) fn find<K: Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static>(
    answers: &Answers<K, V>,
    basis: Basis,
    key: &K,
) -> Option<V> {
    answers.get(key).filter(|(kept, _)| *kept == basis).map(|(_, value)| value)
}
