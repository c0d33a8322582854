//! The port of organizations.

use async_trait::async_trait;

use super::{Organization, OrganizationField};
use crate::authz::{OrganizationScope, ServerScope, View, Writable};
use crate::error::Result;
use crate::filter::Filter;
use crate::ids::OrganizationId;
use crate::page::{Page, PageRequest};
use crate::workspace::Deleted;

/// An organization that stands in the way of a name or key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rival {
    /// Its id.
    pub id: OrganizationId,
    /// Its key.
    pub key: String,
    /// Its name, folded.
    pub folded_name: String,
}

/// Organizations, in one session.
#[async_trait]
pub trait OrganizationStore {
    /// The organization of the scope; `None` if it is gone.
    async fn find_organization(&self, scope: &OrganizationScope) -> Result<Option<Organization>>;

    /// The deleted organization of the scope; `None` if it is live or gone.
    async fn find_deleted_organization(&self, scope: &OrganizationScope) -> Result<Option<Organization>>;

    /// Organizations in which the principal has a grant; where the view accepts it, every one for who may list them all.
    /// Deleted ones show only to who may restore them.
    async fn list_organizations(
        &self,
        scope: &ServerScope,
        (view, deleted): (View, Deleted),
        filter: &Filter<OrganizationField>,
        page: &PageRequest<OrganizationField>,
    ) -> Result<Page<Organization>>;

    /// Live organizations whose key or folded name is this key or this folded name.
    async fn organizations_called(
        &self,
        scope: &Writable<ServerScope>,
        key: &str,
        folded_name: &str,
    ) -> Result<Vec<Rival>>;

    /// The keys and folded names of live organizations that are `stem` and up to four characters more. The stem ends with
    /// a hyphen.
    async fn organization_keys_behind(
        &self,
        scope: &Writable<ServerScope>,
        stem: &str,
    ) -> Result<Vec<String>>;

    /// How many live organizations the principal owns.
    async fn count_owned_organizations(&self, owner: crate::ids::PrincipalId) -> Result<u64>;

    /// Whether the id was ever given to anything.
    async fn id_is_taken(&self, id: &uuid::Uuid) -> Result<bool>;

    /// Makes the row, its version and its entry in the locator.
    async fn insert_organization(
        &self,
        scope: &Writable<ServerScope>,
        organization: &Organization,
    ) -> Result<()>;

    /// Writes everything but id and creation, of a deleted one too.
    async fn update_organization(
        &self,
        scope: &Writable<OrganizationScope>,
        organization: &Organization,
    ) -> Result<()>;

    /// How many live workspaces it has besides its default one.
    async fn count_workspaces_made(&self, scope: &OrganizationScope) -> Result<u64>;
}
