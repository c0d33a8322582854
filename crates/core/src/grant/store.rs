//! The port of grants.

use async_trait::async_trait;

use super::{Grant, LeftWorkspace, Scope, Subject, UserWithRoles};
use crate::authz::{OrganizationScope, PlaceScope, Writable};
use crate::error::Result;
use crate::filter::Filter;
use crate::ids::{GrantId, InvitationId, PrincipalId, RoleId, WorkspaceId};
use crate::page::{Page, PageRequest};
use crate::permission::BuiltinRole;
use crate::principal::UserField;
use crate::role::Role;

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

    /// The roles that the principal holds directly in the organization, whether on it or anywhere inside.
    async fn roles_held(&self, scope: &OrganizationScope, principal: PrincipalId) -> Result<Vec<Role>>;

    /// The workspaces, deleted ones too, that the principal can act in as owner and nobody else can, by name.
    async fn owned_alone(
        &self,
        scope: &OrganizationScope,
        principal: PrincipalId,
    ) -> Result<Vec<LeftWorkspace>>;

    /// Ends everything that a person holds in the organization and everywhere inside, direct or by team. Whatever
    /// workspaces the person answered for, `heir` answers for. Answers how many workspaces the person was in.
    async fn end_membership(
        &self,
        scope: &Writable<OrganizationScope>,
        principal: PrincipalId,
        heir: PrincipalId,
    ) -> Result<u64>;

    /// Derives anew what everybody who holds the role reaches by it.
    async fn derive_role(&self, scope: &Writable<OrganizationScope>, role: RoleId) -> Result<()>;

    /// Ends every grant of the role, also those that wait for whoever accepts an invitation, and derives anew. An
    /// invitation that offers nothing else is revoked.
    async fn revoke_role(&self, scope: &Writable<OrganizationScope>, role: RoleId) -> Result<()>;

    /// How many principals, suspended ones apart, hold the built-in role directly at this scope.
    async fn count_direct_holders(
        &self,
        scope: &OrganizationScope,
        role: BuiltinRole,
        at: &Scope,
    ) -> Result<u64>;

    /// The people who hold a grant on the place, direct or by team.
    async fn list_users(
        &self,
        scope: &PlaceScope,
        filter: &Filter<UserField>,
        page: &PageRequest<UserField>,
    ) -> Result<Page<UserWithRoles>>;

    /// One of those people.
    async fn find_user(&self, scope: &PlaceScope, id: PrincipalId) -> Result<Option<UserWithRoles>>;

    /// How many people hold a grant on each of the workspaces that the scope shows. One that it does not show is absent.
    async fn count_workspace_users(
        &self,
        scope: &OrganizationScope,
        workspaces: &[WorkspaceId],
    ) -> Result<Vec<(WorkspaceId, u64)>>;
}
