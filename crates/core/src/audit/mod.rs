//! The audit trail: one event for each request that changes something, written in the same transaction.

mod denied;
mod store;

use uuid::Uuid;

use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{AuditEventId, CredentialId, IdSource, OrganizationId, PrincipalId};
use crate::store::Session;

pub(crate) use denied::Denials;
pub use denied::{Attempt, Denial, DeniedAttempt, network};
pub use store::AuditStore;

/// One change: who did what to which targets, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// The event's id.
    pub id: AuditEventId,
    /// The organization it belongs to; `SERVER` for changes to the server itself.
    pub organization: OrganizationId,
    /// When it was done.
    pub at: Timestamp,
    /// Who did it.
    pub actor: PrincipalId,
    /// With which credential; none when a server is set up.
    pub credential: Option<CredentialId>,
    /// The id of the request.
    pub request_id: Option<String>,
    /// What was done, such as `workspace.create`.
    pub action: &'static str,
    /// What it was done to, the most important first.
    pub targets: Vec<Target>,
}

/// A resource that an event touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The kind of resource, such as `workspace`.
    pub kind: &'static str,
    /// Its id.
    pub id: Uuid,
}

impl Target {
    /// A target of this kind.
    pub const fn new(kind: &'static str, id: &Uuid) -> Self {
        Self { kind, id: *id }
    }
}

/// Who acts, when, and where new ids come from: what every change carries.
#[derive(Clone)]
pub struct Act {
    /// Who asks.
    pub caller: Caller,
    /// The time at which the request is judged.
    pub now: Timestamp,
    /// Makes the ids of what the change creates.
    pub ids: std::sync::Arc<dyn IdSource>,
}

/// An act before it is known who does it: the time, and where new ids come from.
#[derive(Clone)]
pub(crate) struct Between {
    pub(crate) now: Timestamp,
    pub(crate) ids: std::sync::Arc<dyn IdSource>,
}

impl Between {
    /// The act of this caller.
    pub(crate) fn act(&self, caller: Caller) -> Act {
        Act { caller, now: self.now, ids: std::sync::Arc::clone(&self.ids) }
    }
}

impl Act {
    /// Records the change in the transaction that makes it.
    pub async fn record(
        &self,
        session: &dyn Session,
        organization: OrganizationId,
        action: &'static str,
        targets: Vec<Target>,
    ) -> Result<()> {
        session
            .append_audit(&AuditEvent {
                id: AuditEventId::generate(&*self.ids),
                organization,
                at: self.now,
                actor: self.caller.principal,
                credential: Some(self.caller.credential),
                request_id: self.caller.request_id.clone(),
                action,
                targets,
            })
            .await
    }
}
