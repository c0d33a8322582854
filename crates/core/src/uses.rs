//! When credentials were last used: remembered here and written down together, since a write for each request would
//! cost more than the request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::clock::Timestamp;
use crate::ids::CredentialId;

/// Uses that are not written down yet.
#[derive(Default)]
pub(crate) struct Uses(Mutex<HashMap<CredentialId, Timestamp>>);

impl Uses {
    /// Remembers a use.
    pub(crate) fn note(&self, credential: CredentialId, at: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(credential, at);
    }

    /// Hands over what is remembered.
    pub(crate) fn take(&self) -> Vec<(CredentialId, Timestamp)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).drain().collect()
    }
}
