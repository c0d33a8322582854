//! The port of workspaces.

use async_trait::async_trait;

use super::{SeenWorkspace, State, Workspace, WorkspaceField};
use crate::authz::{EverywhereScope, OrganizationScope, WorkspaceScope, Writable};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::filter::Filter;
use crate::ids::{OrganizationId, PrincipalId, WorkspaceId};
use crate::page::{Page, PageRequest};

/// Whether anything can be done in a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is neither deleted nor deactivated.
    Open,
    /// Nobody, and no server, works in it.
    Deactivated,
    /// It is deleted, and not purged yet.
    Deleted,
}

/// Whether a list shows deleted workspaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Deleted {
    /// Live ones only.
    #[default]
    Hide,
    /// Both.
    Show,
    /// Deleted ones only.
    Only,
}

/// Workspaces, in one session. Every list is cut to what the scope shows inside the statement, never afterwards.
#[async_trait]
pub trait WorkspaceStore {
    /// The workspace of the scope, deleted or not, with what its caller holds in it.
    async fn find_seen_workspace(&self, scope: &WorkspaceScope) -> Result<Option<SeenWorkspace>>;

    /// How the workspace stands, or `None` if there is none.
    async fn workspace_standing(&self, scope: &WorkspaceScope) -> Result<Option<Standing>>;

    /// The workspace of the scope, deleted or not.
    async fn find_workspace(&self, scope: &WorkspaceScope) -> Result<Option<Workspace>>;

    /// A page of the workspaces that the scope shows.
    async fn list_workspaces(
        &self,
        scope: &OrganizationScope,
        deleted: Deleted,
        filter: &Filter<WorkspaceField>,
        page: &PageRequest<WorkspaceField>,
    ) -> Result<Page<SeenWorkspace>>;

    /// How many workspaces the same list has in all.
    async fn count_workspaces(
        &self,
        scope: &OrganizationScope,
        deleted: Deleted,
        filter: &Filter<WorkspaceField>,
    ) -> Result<u64>;

    /// A page of the workspaces of all live organizations that the scope shows.
    async fn list_workspaces_everywhere(
        &self,
        scope: &EverywhereScope,
        deleted: Deleted,
        filter: &Filter<WorkspaceField>,
        page: &PageRequest<WorkspaceField>,
    ) -> Result<Page<SeenWorkspace>>;

    /// The live workspaces that have this name (ignoring case) or this key.
    async fn workspaces_called(
        &self,
        scope: &Writable<OrganizationScope>,
        folded_name: &str,
        key: &str,
    ) -> Result<Vec<WorkspaceRival>>;

    /// The keys of live workspaces that are `stem` and up to four characters more. The stem ends with a hyphen.
    async fn workspace_keys_behind(
        &self,
        scope: &Writable<OrganizationScope>,
        stem: &str,
    ) -> Result<Vec<String>>;

    /// Makes the row and its entry in the locator.
    async fn insert_workspace(
        &self,
        scope: &Writable<OrganizationScope>,
        workspace: &Workspace,
    ) -> Result<()>;

    /// Writes everything but id and creation.
    async fn update_workspace(&self, scope: &Writable<WorkspaceScope>, workspace: &Workspace) -> Result<()>;

    /// How many enrolled workspaces of the organization are not deleted.
    async fn count_enrolled(&self, scope: &Writable<OrganizationScope>) -> Result<u64>;

    /// How many grants besides the principal's own the workspace has, and invitations that can be accepted at `now`.
    async fn count_contents(&self, scope: &WorkspaceScope, now: Timestamp) -> Result<u64>;

    /// Whether the principal is an active user who belongs to the organization.
    async fn is_active_member(&self, scope: &OrganizationScope, principal: PrincipalId) -> Result<bool>;

    /// Active enrolled workspaces that show as available or pending and whose servers have not been heard since `before`, and
    /// those that show as failed for that; of both, those whose servers were not asked since `asked_before`, or have come
    /// in again.
    async fn silent_servers(
        &self,
        before: Timestamp,
        asked_before: Timestamp,
        limit: u32,
    ) -> Result<Vec<SilentServer>>;

    /// Writes down that such a server was asked, and whether it is up. Nobody is shown it.
    async fn note_asked(&self, server: &SilentServer, is_up: bool, now: Timestamp) -> Result<()>;

    /// Shows a workspace whose server has still not been heard since `before` as this from now on. False if it has been.
    async fn fall_silent(
        &self,
        server: &SilentServer,
        before: Timestamp,
        becomes: (State, &'static str),
        now: Timestamp,
    ) -> Result<bool>;

    /// Shows a workspace that waits for its server, or has failed for its silence, as this from now on. False if it is none
    /// any more.
    async fn return_server(
        &self,
        server: &SilentServer,
        becomes: (State, &'static str),
        now: Timestamp,
    ) -> Result<bool>;
}

/// An enrolled workspace whose server nobody heard for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SilentServer {
    /// The organization.
    pub organization: OrganizationId,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// As what it shows.
    pub status: State,
    /// Where its server is, if it ever said so.
    pub url: Option<String>,
    /// Whether it has failed, and its server has come in since.
    pub has_come: bool,
}

/// A live workspace that stands in the way of a name or key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkspaceRival {
    /// Its id.
    pub id: WorkspaceId,
    /// Its key.
    pub key: String,
    /// Its name, folded.
    pub folded_name: String,
}
