//! The port of organizations.

use async_trait::async_trait;

use super::{Organization, OrganizationField};
use crate::authz::{OrganizationScope, ServerScope, Writable};
use crate::error::Result;
use crate::filter::Filter;
use crate::ids::OrganizationId;
use crate::page::{Page, PageRequest};

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

    /// Live organizations: every one for who may list them all, else those in which the principal has a grant.
    async fn list_organizations(
        &self,
        scope: &ServerScope,
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

    /// Writes everything but id and creation.
    async fn update_organization(
        &self,
        scope: &Writable<OrganizationScope>,
        organization: &Organization,
    ) -> Result<()>;

    /// Marks the organization deleted: from here on nothing finds it.
    async fn delete_organization(
        &self,
        scope: &Writable<OrganizationScope>,
        at: crate::clock::Timestamp,
    ) -> Result<()>;
}
