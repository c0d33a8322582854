//! The port of grants.

use async_trait::async_trait;

use super::{Grant, Scope, Subject, UserWithRoles};
use crate::authz::{OrganizationScope, WorkspaceScope, Writable};
use crate::error::Result;
use crate::filter::Filter;
use crate::ids::{GrantId, InvitationId, PrincipalId, WorkspaceId};
use crate::page::{Page, PageRequest};
use crate::permission::BuiltinRole;
use crate::principal::UserField;

/// Grants and what is derived from them, in one session.
#[async_trait]
pub trait GrantStore {
    /// What the subject holds directly at this scope.
    async fn grants_of(&self, scope: &OrganizationScope, subject: &Subject, at: &Scope)
    -> Result<Vec<Grant>>;

    /// Makes a grant and derives anew what its subject reaches.
    async fn insert_grant(&self, scope: &Writable<OrganizationScope>, grant: &Grant) -> Result<()>;

    /// Ends a grant and derives anew what its subject reaches.
    async fn delete_grant(&self, scope: &Writable<OrganizationScope>, grant: &Grant) -> Result<()>;

    /// Hands everything that the invitation holds to the principal, and derives anew what it reaches.
    async fn redeem_grants(
        &self,
        scope: &Writable<OrganizationScope>,
        invitation: InvitationId,
        principal: PrincipalId,
    ) -> Result<Vec<GrantId>>;

    /// How many principals, suspended ones apart, hold the built-in role directly at this scope.
    async fn count_direct_holders(
        &self,
        scope: &OrganizationScope,
        role: BuiltinRole,
        at: &Scope,
    ) -> Result<u64>;

    /// The people who hold a grant on the workspace, direct or by team.
    async fn list_workspace_users(
        &self,
        scope: &WorkspaceScope,
        filter: &Filter<UserField>,
        page: &PageRequest<UserField>,
    ) -> Result<Page<UserWithRoles>>;

    /// How many people hold a grant on each of the workspaces that the scope shows. One that it does not show is absent.
    async fn count_workspace_users(
        &self,
        scope: &OrganizationScope,
        workspaces: &[WorkspaceId],
    ) -> Result<Vec<(WorkspaceId, u64)>>;
}
