//! The port of roles.

use async_trait::async_trait;

use super::Role;
use crate::authz::{OrganizationScope, WorkspaceScope, Writable};
use crate::error::Result;
use crate::ids::RoleId;
use crate::page::{Page, PageRequest};
use crate::permission::BuiltinRole;

/// The only order of roles: as they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoleField {
    /// When it was made.
    CreatedAt,
}

/// Roles, in one session.
#[async_trait]
pub trait RoleStore {
    /// The role of this id in the organization.
    async fn find_role(&self, scope: &OrganizationScope, id: RoleId) -> Result<Option<Role>>;

    /// The row of a built-in role.
    async fn find_builtin_role(&self, scope: &OrganizationScope, role: BuiltinRole) -> Result<Option<Role>>;

    /// The custom role of this title, ignoring case, that can be granted in the organization (and the workspace).
    async fn find_custom_role(&self, scope: &WorkspaceScope, folded_title: &str) -> Result<Option<Role>>;

    /// The roles that can be granted in the workspace: built-in, of the organization, and its own.
    async fn list_workspace_roles(
        &self,
        scope: &WorkspaceScope,
        page: &PageRequest<RoleField>,
    ) -> Result<Page<Role>>;

    /// Makes a role. `AlreadyExists` when the title is taken at its level.
    async fn insert_role(&self, scope: &Writable<OrganizationScope>, role: &Role) -> Result<()>;
}
