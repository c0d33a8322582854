//! The port of the audit trail.

use async_trait::async_trait;

use super::AuditEvent;
use crate::error::Result;

/// Appends; nothing ever changes or removes an event.
#[async_trait]
pub trait AuditStore {
    /// Writes the event into the open transaction.
    async fn append_audit(&self, event: &AuditEvent) -> Result<()>;
}
