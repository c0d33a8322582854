//! The port of roles.

use async_trait::async_trait;

use super::Role;
use crate::authz::{OrganizationScope, PlaceScope, Writable};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::filter::ListQuery;
use crate::ids::{PrincipalId, RoleId};
use crate::page::Page;
use crate::permission::BuiltinRole;

/// The fields by which roles are sorted and filtered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoleField {
    /// What it is called: a built-in one by the dialect's own word.
    Title,
    /// The level at which it is granted: `Level as i64`.
    Level,
    /// When it was made.
    CreatedAt,
    /// When it was last changed.
    UpdatedAt,
    /// Whether it is built in: present or not. Not sortable.
    Builtin,
    /// Whether it holds any of the permissions of this set, by its bits. Not sortable.
    AnyOf,
    /// Whether it holds a pair of content, or any of a kind or for an action, by their [`needle`](crate::resource::needle). Not sortable.
    Content,
    /// Who holds it directly, by id; where the list is of a place, there. Not sortable.
    HeldBy,
}

/// What a dialect calls the built-in roles.
pub type BuiltinTitles = fn(BuiltinRole) -> &'static str;

/// Roles, in one session.
#[async_trait]
pub trait RoleStore {
    /// The role of this id in the organization.
    async fn find_role(&self, scope: &OrganizationScope, id: RoleId) -> Result<Option<Role>>;

    /// The row of a built-in role.
    async fn find_builtin_role(&self, scope: &OrganizationScope, role: BuiltinRole) -> Result<Option<Role>>;

    /// The custom role of this title, ignoring case, that can be granted at the place; its own before the organization's.
    async fn find_custom_role(&self, scope: &PlaceScope, folded_title: &str) -> Result<Option<Role>>;

    /// The roles of the organization: built-in ones that are granted on it, and its custom ones. Or those that can be
    /// granted in the workspace: built-in, of the organization, and its own.
    async fn list_roles(
        &self,
        scope: &PlaceScope,
        titles: BuiltinTitles,
        query: &ListQuery<RoleField>,
    ) -> Result<Page<Role>>;

    /// Every role of the organization, wherever it is granted; those of a single workspace to who may read its roles, and
    /// where the caller's own count (`true`) to who holds them. Who asks by holder finds the caller's own then, too.
    async fn list_every_role(
        &self,
        scope: (&OrganizationScope, bool),
        titles: BuiltinTitles,
        query: &ListQuery<RoleField>,
    ) -> Result<Page<Role>>;

    /// The role of this id, if [`RoleStore::list_every_role`] shows it.
    async fn find_any_role(&self, scope: (&OrganizationScope, bool), id: RoleId) -> Result<Option<Role>>;

    /// Makes a role and its entry in the locator. `AlreadyExists` when the title is taken at its level.
    async fn insert_role(&self, scope: &Writable<OrganizationScope>, role: &Role) -> Result<()>;

    /// Writes title, description, permissions and version. `AlreadyExists` when the title is taken at its level.
    async fn update_role(&self, scope: &Writable<OrganizationScope>, role: &Role) -> Result<()>;

    /// Whether anybody (but the one named, if one is) holds the role, or has an invitation to it that can be accepted at
    /// `now`.
    async fn role_is_granted(
        &self,
        scope: &OrganizationScope,
        role: (RoleId, Option<PrincipalId>),
        now: Timestamp,
    ) -> Result<bool>;

    /// Removes a role that nobody holds.
    async fn delete_role(&self, scope: &Writable<OrganizationScope>, id: RoleId) -> Result<()>;
}
