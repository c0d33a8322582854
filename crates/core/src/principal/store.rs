//! The port of accounts.

use async_trait::async_trait;

use super::{Account, AccountField, People, Principal};
use crate::authz::{OrganizationScope, ServerScope, WorkspaceScope, Writable};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::filter::Filter;
use crate::ids::{OrganizationId, PrincipalId};
use crate::page::{Page, PageRequest};
use crate::service_account::ServiceAccount;

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
        account: &ServiceAccount,
    ) -> Result<()>;

    /// Makes the account of the server of a workspace, which has the workspace's id: the locator leads to the workspace.
    async fn insert_workspace_server(
        &self,
        scope: &Writable<OrganizationScope>,
        account: &Principal,
    ) -> Result<()>;

    /// Suspends the server of a workspace, if it has one, or lets it in again.
    async fn suspend_workspace_server(
        &self,
        scope: &Writable<WorkspaceScope>,
        since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<()>;

    /// Suspends the principal or lifts the suspension, and raises its versions. Answers whether there is one.
    async fn set_suspended(
        &self,
        scope: &Writable<ServerScope>,
        id: PrincipalId,
        since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool>;

    /// The accounts of users, for who runs the server; none otherwise.
    async fn list_accounts(
        &self,
        scope: &ServerScope,
        filter: &Filter<AccountField>,
        page: &PageRequest<AccountField>,
    ) -> Result<Page<Account>>;

    /// The account of a user, for who asks about itself or runs the server; `None` otherwise.
    async fn find_user_account(&self, scope: &ServerScope, id: PrincipalId) -> Result<Option<Account>>;

    /// The account that a link is about, by the hash of its secret.
    async fn account_by_link(&self, hash: &[u8; 32]) -> Result<Option<Account>>;

    /// Writes names, address and version of the account, and raises the version of every organization that shows them.
    async fn update_account(&self, scope: &Writable<ServerScope>, account: &Account) -> Result<()>;

    /// Makes the account a tombstone: suspended, nameless, and shown to nobody.
    async fn bury_account(
        &self,
        scope: &Writable<ServerScope>,
        id: PrincipalId,
        now: Timestamp,
    ) -> Result<()>;

    /// The organizations in which the user holds anything or that are the user's, in the order of their ids, and whether
    /// each is not deleted.
    async fn organizations_of(
        &self,
        scope: &Writable<ServerScope>,
        id: PrincipalId,
    ) -> Result<Vec<(OrganizationId, bool)>>;

    /// The hash of the caller's own password.
    async fn find_password(&self, scope: &ServerScope, id: PrincipalId) -> Result<Option<String>>;

    /// Writes the hash of another password.
    async fn set_password(
        &self,
        scope: &Writable<ServerScope>,
        id: PrincipalId,
        hash: Option<&str>,
    ) -> Result<()>;

    /// Whether somebody else runs the server who is not suspended.
    async fn has_administrator_beside(&self, scope: &Writable<ServerScope>, id: PrincipalId) -> Result<bool>;
}
