//! The port of invitations.

use async_trait::async_trait;

use super::{Invitation, InvitationStatus};
use crate::authz::{OrganizationScope, PlaceScope, ServerScope, Writable};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::filter::ListQuery;
use crate::ids::{InvitationId, WorkspaceId};
use crate::page::Page;
use crate::role::Role;

/// The fields by which invitations are sorted and filtered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InvitationField {
    /// To whom.
    Email,
    /// When it was made.
    CreatedAt,
    /// From when on it cannot be accepted.
    ExpiresAt,
}

/// Invitations, in one session.
#[async_trait]
pub trait InvitationStore {
    /// The invitations to the place that can be accepted at `now`.
    async fn list_invitations(
        &self,
        scope: &PlaceScope,
        now: Timestamp,
        query: &ListQuery<InvitationField>,
    ) -> Result<Page<Invitation>>;

    /// The invitations to the organization itself, whatever became of them.
    async fn list_every_invitation(
        &self,
        scope: &OrganizationScope,
        query: &ListQuery<InvitationField>,
    ) -> Result<Page<Invitation>>;

    /// The invitations to the address, of all organizations that are not deleted, that can be accepted at `now`; the newest
    /// first, at most `limit`. Only for who is signed in with the address.
    async fn invitations_to(
        &self,
        scope: &ServerScope,
        folded_email: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Invitation>>;

    /// How many principals belong to the organization.
    async fn count_members(&self, scope: &OrganizationScope) -> Result<u64>;

    /// The invitation of this id in the organization, whatever became of it.
    async fn find_invitation(
        &self,
        scope: &OrganizationScope,
        id: InvitationId,
    ) -> Result<Option<Invitation>>;

    /// Those of the invitations that the organization has, whatever became of them, in no order.
    async fn find_invitations(
        &self,
        scope: &OrganizationScope,
        ids: &[InvitationId],
    ) -> Result<Vec<Invitation>>;

    /// What a pending invitation offers.
    async fn offered_roles(&self, scope: &OrganizationScope, id: InvitationId) -> Result<Vec<Role>>;

    /// What the workspace that the invitation is for is called; none for another, or when the workspace is deleted.
    async fn invited_workspace_name(
        &self,
        scope: &OrganizationScope,
        id: InvitationId,
    ) -> Result<Option<String>>;

    /// Whether this is the hash of the invitation's secret.
    async fn invitation_has_secret(
        &self,
        scope: &OrganizationScope,
        id: InvitationId,
        hash: &[u8; 32],
    ) -> Result<bool>;

    /// The invitations of the address to the organization, and to workspaces of it, that can be accepted at `now`.
    async fn pending_invitations(
        &self,
        scope: &OrganizationScope,
        folded_email: &str,
        now: Timestamp,
    ) -> Result<Vec<(InvitationId, Option<WorkspaceId>)>>;

    /// Writes a pending invitation with the hash of its secret.
    async fn insert_invitation(
        &self,
        scope: &Writable<OrganizationScope>,
        invitation: &Invitation,
        secret_hash: &[u8; 32],
    ) -> Result<()>;

    /// Writes who answers for it, when it expires, and the hash of its new secret.
    async fn renew_invitation(
        &self,
        scope: &Writable<OrganizationScope>,
        invitation: &Invitation,
        secret_hash: &[u8; 32],
    ) -> Result<()>;

    /// Writes what became of it, and ends what it still offers.
    async fn end_invitation(
        &self,
        scope: &Writable<OrganizationScope>,
        id: InvitationId,
        status: InvitationStatus,
    ) -> Result<()>;

    /// Marks at most `limit` pending invitations of all organizations that expired before `now`, and ends what they offer.
    async fn expire_invitations(&self, now: Timestamp, limit: u32) -> Result<u64>;
}
