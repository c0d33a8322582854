//! Projects: what a workspace is divided into. Every workspace has one default project, which cannot be deleted.

use async_trait::async_trait;

use crate::authz::{WorkspaceScope, Writable};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{PrincipalId, ProjectId};

/// A project of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Unique in the workspace.
    pub key: String,
    /// What it is called.
    pub name: String,
    /// The one that the workspace was made with.
    pub is_default: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: PrincipalId,
}

/// Projects, in one session.
#[async_trait]
pub trait ProjectStore {
    /// Makes a project and counts it in its workspace.
    async fn insert_project(&self, scope: &Writable<WorkspaceScope>, project: &Project) -> Result<()>;
}
