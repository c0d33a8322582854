//! The port of grants.

use async_trait::async_trait;
use uuid::Uuid;

use super::{Grant, LeftWorkspace, Scope, SeenParties, ServerProject, Subject, UserWithRoles};
use crate::authz::{OrganizationScope, PlaceScope, Writable};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::filter::{Filter, ListQuery};
use crate::ids::{GrantId, InvitationId, PrincipalId, RoleId, WorkspaceId};
use crate::page::{Page, PageRequest};
use crate::permission::BuiltinRole;
use crate::principal::UserField;
use crate::role::Role;

/// The fields by which assignments are filtered. They are sorted by the time of their making alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AssignmentField {
    /// Its id.
    Id,
    /// The role's id.
    Role,
    /// The project in which it is given, by its id in the workspace's server.
    Project,
    /// The id of who holds it, whatever its kind.
    Subject,
    /// When it was made.
    CreatedAt,
}

/// Which of those who hold a role at a place are wanted.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each kind of party is wanted or not")]
pub struct PartyQuery {
    /// Only those who hold this role there.
    pub role: Option<RoleId>,
    /// Users.
    pub users: bool,
    /// Service accounts.
    pub service_accounts: bool,
    /// Teams.
    pub teams: bool,
    /// Invitations that can be accepted.
    pub invitations: bool,
    /// How many to pass over.
    pub skip: u64,
    /// At most so many.
    pub limit: usize,
}

/// Grants and what is derived from them, in one session.
#[async_trait]
pub trait GrantStore {
    /// What the subject holds directly at this scope.
    async fn grants_of(&self, scope: &OrganizationScope, subject: &Subject, at: &Scope)
    -> Result<Vec<Grant>>;

    /// What the subject holds directly in projects of the workspace's server.
    async fn grants_inside(
        &self,
        scope: &OrganizationScope,
        subject: &Subject,
        workspace: WorkspaceId,
    ) -> Result<Vec<Grant>>;

    /// The project of a workspace's server, if somebody holds, or held, a role in it.
    async fn find_server_project(
        &self,
        scope: &OrganizationScope,
        workspace: WorkspaceId,
        project: Uuid,
    ) -> Result<Option<ServerProject>>;

    /// Makes a project known.
    async fn insert_server_project(
        &self,
        scope: &Writable<OrganizationScope>,
        project: &ServerProject,
    ) -> Result<()>;

    /// The assignments at a workspace, in projects of its server as well, or at an organization and in all of its workspaces whose people the scope shows. Of
    /// invitations only those that can be accepted at `now`.
    async fn list_grants(
        &self,
        scope: &PlaceScope,
        seen: SeenParties,
        now: Timestamp,
        query: &ListQuery<AssignmentField>,
    ) -> Result<Page<Grant>>;

    /// Who holds a role directly at the place, the newest first.
    async fn list_parties(
        &self,
        scope: &PlaceScope,
        query: &PartyQuery,
        now: Timestamp,
    ) -> Result<Vec<Subject>>;

    /// What these subjects hold directly at the place, in the order of granting.
    async fn grants_at(&self, scope: &PlaceScope, subjects: &[Subject]) -> Result<Vec<Grant>>;

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

    /// The roles that the principal holds in the organization, on it or anywhere inside, direct or by team.
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
