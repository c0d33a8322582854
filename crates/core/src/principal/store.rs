//! The port of accounts.

use async_trait::async_trait;

use super::{People, Principal};
use crate::authz::{OrganizationScope, ServerScope, Writable};
use crate::error::Result;
use crate::ids::PrincipalId;

/// Accounts, in one session.
#[async_trait]
pub trait PrincipalStore {
    /// Those of the principals who have any grant in the organization. Nothing about others is told.
    async fn people(&self, scope: &OrganizationScope, ids: &[PrincipalId]) -> Result<People>;

    /// The account, for who asks about itself or runs the server; `None` otherwise.
    async fn find_account(&self, scope: &ServerScope, id: PrincipalId) -> Result<Option<Principal>>;

    /// The user of this e-mail address or sign-in name, ignoring case. The caller must not learn of it (see the
    /// setting `add_people`).
    async fn user_called(&self, scope: &ServerScope, folded: &str) -> Result<Option<Principal>>;

    /// Whether the server has any administrator.
    async fn has_administrator(&self, scope: &Writable<ServerScope>) -> Result<bool>;

    /// Makes a user, with the hash of a password if there is one.
    async fn insert_user(
        &self,
        scope: &Writable<ServerScope>,
        user: &Principal,
        password_hash: Option<&str>,
    ) -> Result<()>;

    /// Makes a service account of the organization.
    async fn insert_service_account(
        &self,
        scope: &Writable<OrganizationScope>,
        account: &Principal,
    ) -> Result<()>;

    /// Suspends the principal or lifts the suspension, and raises its `auth_version`. Answers whether there is one.
    async fn set_suspended(
        &self,
        scope: &Writable<ServerScope>,
        id: PrincipalId,
        since: Option<crate::clock::Timestamp>,
    ) -> Result<bool>;
}
