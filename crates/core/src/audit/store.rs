//! The port of the audit trail.

use async_trait::async_trait;

use super::{AuditEvent, DeniedAttempt};
use crate::clock::Timestamp;
use crate::error::Result;

/// Appends; nothing ever changes an event, and only denied attempts are removed.
#[async_trait]
pub trait AuditStore {
    /// Writes the event into the open transaction.
    async fn append_audit(&self, event: &AuditEvent) -> Result<()>;

    /// Writes denied attempts; one that is there already stays as it is.
    async fn append_denied(&self, attempts: &[DeniedAttempt]) -> Result<()>;

    /// Removes denied attempts made before `oldest`, and all but about the `kept` newest.
    async fn purge_denied(&self, oldest: Timestamp, kept: u64) -> Result<()>;
}
