//! The port of service accounts.

use async_trait::async_trait;

use super::{ServiceAccount, ServiceAccountField};
use crate::authz::{OrganizationScope, Writable};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::filter::ListQuery;
use crate::ids::PrincipalId;
use crate::page::Page;

/// Service accounts, in one session.
#[async_trait]
pub trait ServiceAccountStore {
    /// The service accounts of the organization.
    async fn list_service_accounts(
        &self,
        scope: &OrganizationScope,
        query: &ListQuery<ServiceAccountField>,
    ) -> Result<Page<ServiceAccount>>;

    /// The service account of this id in the organization.
    async fn find_service_account(
        &self,
        scope: &OrganizationScope,
        id: PrincipalId,
    ) -> Result<Option<ServiceAccount>>;

    /// Writes names, description, state and versions of the service account, and raises the organization's version.
    async fn update_service_account(
        &self,
        scope: &Writable<OrganizationScope>,
        account: &ServiceAccount,
    ) -> Result<()>;

    /// Makes the service account a tombstone: suspended, nameless, and shown to nobody.
    async fn bury_service_account(
        &self,
        scope: &Writable<OrganizationScope>,
        id: PrincipalId,
        now: Timestamp,
    ) -> Result<()>;

    /// How many service accounts the organization has.
    async fn count_service_accounts(&self, scope: &OrganizationScope) -> Result<u64>;
}
