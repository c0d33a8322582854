//! The port of shared resources.

use async_trait::async_trait;
use uuid::Uuid;

use super::{Action, ActionSet, ContentRights, InsideRights, Resource, ResourceKind};
use crate::authz::{OrganizationScope, WorkspaceScope, Writable};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::grant::Subject;
use crate::ids::{PrincipalId, TeamId, WorkspaceId};

/// With whom something is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareSubject {
    /// A person or service account.
    Principal(PrincipalId),
    /// Everybody in a team.
    Team(TeamId),
}

impl From<ShareSubject> for Subject {
    fn from(with: ShareSubject) -> Self {
        match with {
            ShareSubject::Principal(id) => Self::Principal(id),
            ShareSubject::Team(id) => Self::Team(id),
        }
    }
}

/// A resource as it is shared with somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Which one.
    pub resource: Resource,
    /// With whom.
    pub subject: ShareSubject,
    /// What for.
    pub actions: ActionSet,
}

/// Shared resources, in one session.
#[async_trait]
pub trait ResourceStore {
    /// What the principal holds beside permissions by roles in the workspace and in projects of its server, directly or by
    /// team.
    async fn inside_rights(
        &self,
        scope: &OrganizationScope,
        workspace: WorkspaceId,
        principal: PrincipalId,
    ) -> Result<InsideRights>;

    /// Those of the resources with these ids that are shared with the principal, directly or by team, for this.
    async fn shared_among(
        &self,
        scope: &WorkspaceScope,
        principal: PrincipalId,
        ids: &[Uuid],
        action: Action,
    ) -> Result<Vec<Resource>>;

    /// The ids of a kind in a project that are shared with the principal, directly or by team, for this.
    async fn shared_ids(
        &self,
        scope: &WorkspaceScope,
        principal: PrincipalId,
        (project, kind): (Option<Uuid>, ResourceKind),
        action: Action,
    ) -> Result<Vec<Uuid>>;

    /// With whom the resource is shared, in the order of their ids.
    async fn shares_of(&self, scope: &WorkspaceScope, resource: &Resource) -> Result<Vec<Share>>;

    /// Shares a resource for these actions and no others; for none, it is shared no longer.
    async fn put_share(
        &self,
        scope: &Writable<WorkspaceScope>,
        share: &Share,
        by: (PrincipalId, Timestamp),
    ) -> Result<()>;

    /// Forgets with whom the resource was shared; without an id, all of its kind. With a project goes what is in it, and
    /// every role in it.
    async fn forget_shares(&self, scope: &Writable<WorkspaceScope>, resource: &Resource) -> Result<()>;

    /// Whether anything is shared with the subject in the workspace.
    async fn has_shares(
        &self,
        scope: &OrganizationScope,
        workspace: WorkspaceId,
        subject: &Subject,
    ) -> Result<bool>;

    /// What may be done with anything that is shared with the subject, in any workspace of the organization: directly, with
    /// a team that it is in, or, for an invitation, with one that whoever accepts it comes into.
    async fn shared_with(&self, scope: &OrganizationScope, subject: &Subject) -> Result<ContentRights>;

    /// Ends what is shared with the subject in the workspace.
    async fn end_shares(
        &self,
        scope: &Writable<OrganizationScope>,
        workspace: WorkspaceId,
        subject: &Subject,
    ) -> Result<()>;

    /// Whether the team is one of the organization.
    async fn is_team(&self, scope: &WorkspaceScope, team: TeamId) -> Result<bool>;
}
