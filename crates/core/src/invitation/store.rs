//! The port of invitations.

use async_trait::async_trait;

use super::Invitation;
use crate::authz::{OrganizationScope, WorkspaceScope, Writable};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::WorkspaceId;
use crate::page::{Page, PageRequest};

/// The only order of invitations: as they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InvitationField {
    /// When it was made.
    CreatedAt,
}

/// Invitations, in one session.
#[async_trait]
pub trait InvitationStore {
    /// The invitations to the workspace that can be accepted at `now`.
    async fn list_workspace_invitations(
        &self,
        scope: &WorkspaceScope,
        now: Timestamp,
        page: &PageRequest<InvitationField>,
    ) -> Result<Page<Invitation>>;

    /// Whether the address has an invitation here that can be accepted at `now`.
    async fn has_pending_invitation(
        &self,
        scope: &OrganizationScope,
        workspace: Option<WorkspaceId>,
        folded_email: &str,
        now: Timestamp,
    ) -> Result<bool>;

    /// Writes a pending invitation with the hash of its secret.
    async fn insert_invitation(
        &self,
        scope: &Writable<OrganizationScope>,
        invitation: &Invitation,
        secret_hash: &[u8; 32],
    ) -> Result<()>;
}
