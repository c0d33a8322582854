//! Workspaces: what people enter. Name and key are unique among the live ones of an organization.
//!
//! Deleting is soft: name and key are free at once; restoring brings back settings and grants.

mod anchors;
mod change;
mod enrollment;
mod entry;
mod everywhere;
mod geometry;
mod health;
mod lifecycle;
mod names;
mod service;
mod silence;
mod store;
mod write;

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::error::{Error, Kind, Result};
use crate::ids::{OrganizationId, PrincipalId, WorkspaceId};
use crate::page::{Cursor, KeyValue, Order};
use crate::permission::{BuiltinRole, Level, PermissionSet};
use crate::preferences::Preferences;
use crate::text;

pub(crate) use anchors::Anchors;
pub use change::{Secrets, WorkspaceChange};
pub use enrollment::{EnrolledWorkspace, ServerReport};
pub(crate) use enrollment::{
    is_server, require_no_role_of_server, require_no_server, require_to_leave_server, scope_of_server,
    served_by, writable_scope_of_server,
};
pub use entry::Entrant;
pub use everywhere::EverywhereQuery;
pub use geometry::BoundingBox;
pub use health::{Health, Servers};
pub use lifecycle::{Lifecycle, SERVER_FAILED, SERVER_SILENT, USER_ACTION};
pub(crate) use names::{free_number, stems};
pub use service::{WorkspaceDetail, WorkspaceList, WorkspaceQuery};
pub(crate) use service::{require_live, require_open};
pub use store::{Deleted, SilentServer, Standing, WorkspaceRival, WorkspaceStore};
pub(crate) use write::make;
pub use write::{NewWorkspace, StatusReport};

/// Longest name, in characters: the Evo client cannot read a longer one.
pub const NAME_MAX: usize = 60;
/// Longest name of an icon or its colour, in characters.
pub const ICON_MAX: usize = 100;

/// A workspace.
#[derive(Clone, Debug, PartialEq)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// The organization it is in.
    pub organization: OrganizationId,
    /// Unique among the live ones of its organization.
    pub key: String,
    /// Unique among the live ones of its organization, ignoring case.
    pub name: String,
    /// Free text, or none.
    pub description: Option<String>,
    /// At most 64 labels.
    pub labels: Vec<String>,
    /// Where on earth it is about.
    pub bounding_box: Option<BoundingBox>,
    /// An EPSG code or a WKT2 text.
    pub coordinate_system: Option<String>,
    /// Whether it is the organization's default one.
    pub is_default: bool,
    /// Whether it is in use; a deactivated one is kept.
    pub is_active: bool,
    /// Where its lifecycle stands.
    pub lifecycle: Lifecycle,
    /// Who answers for it.
    pub owner: PrincipalId,
    /// How many projects it has, the default one included.
    pub project_count: i64,
    /// What few requests ask for.
    pub details: Details,
    /// Raised by every change; makes the `ETag`.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: PrincipalId,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: PrincipalId,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
}

fn deactivated() -> Error {
    Error::new(Kind::Forbidden, "workspace.deactivated", "the workspace is deactivated")
}

impl Workspace {
    /// What it is in one word: deleted, deactivated, or where its lifecycle stands.
    pub const fn status(&self) -> State {
        self.overruled(self.lifecycle.status)
    }

    /// What it is to become, in one word.
    pub const fn desired_state(&self) -> State {
        self.overruled(self.lifecycle.desired)
    }

    /// Refuses while the workspace is deactivated: nobody, and no server, works in it.
    ///
    /// # Errors
    /// `Kind::Forbidden`.
    pub fn require_active(&self) -> Result<()> {
        if self.is_active { Ok(()) } else { Err(deactivated()) }
    }

    /// Deleting and deactivating count whatever its server does. The store has the same rule for the field `Status`.
    const fn overruled(&self, lifecycle: State) -> State {
        match (self.deleted_at, self.is_active) {
            (Some(_), _) => State::Deleted,
            (None, false) => State::Deactivated,
            (None, true) => lifecycle,
        }
    }
}

/// What few requests ask for, kept together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// Name of an icon.
    pub icon: Option<String>,
    /// Colour of the icon.
    pub icon_color: Option<String>,
    /// Address of a logo.
    pub logo_url: Option<String>,
    /// Whether machine learning may use the contents.
    pub ml_enabled: bool,
    /// Whether somebody else runs its server.
    pub is_enrolled: bool,
    /// The ZenML server behind it.
    pub zenml: Option<Service>,
    /// The MLflow server behind it.
    pub mlflow: Option<Service>,
    /// Counts that its server reports.
    pub usage: BTreeMap<String, i64>,
    /// Preferences of the workspace.
    pub preferences: Preferences,
}

/// A server behind a workspace: JSON documents that the core keeps without reading more of them than an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// How it is to run, without what is secret.
    pub configuration: String,
    /// What is secret of how it is to run, sealed.
    pub secrets: Option<Vec<u8>>,
    /// What it reported last.
    pub status: Option<String>,
}

/// A state of the lifecycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Never deployed, or fully removed.
    NotInitialized,
    /// On the way. Never desired.
    Pending,
    /// Up.
    Available,
    /// The last change failed. Never desired.
    Failed,
    /// Switched off.
    Deactivated,
    /// Resources gone, record kept.
    Deleted,
}

impl Service {
    /// The address that it reported.
    pub fn address(&self) -> Option<String> {
        let status: serde_json::Value = serde_json::from_str(self.status.as_deref()?).ok()?;
        Some(status.get("server_url")?.as_str()?.to_owned())
    }
}

impl State {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::NotInitialized,
        Self::Pending,
        Self::Available,
        Self::Failed,
        Self::Deactivated,
        Self::Deleted,
    ];

    /// The word in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotInitialized => "not_initialized",
            Self::Pending => "pending",
            Self::Available => "available",
            Self::Failed => "failed",
            Self::Deactivated => "deactivated",
            Self::Deleted => "deleted",
        }
    }

    /// The state of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// The fields by which workspaces are sorted and filtered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WorkspaceField {
    /// The name.
    Name,
    /// When it was made.
    CreatedAt,
    /// When it was last changed.
    UpdatedAt,
    /// Who made it.
    CreatedBy,
    /// What it is: the word of [`Workspace::status`].
    Status,
    /// The id.
    Id,
    /// The key.
    Key,
    /// Who answers for it.
    Owner,
    /// The address of the ZenML server behind it.
    ServerUrl,
    /// Whether somebody else runs its server: 1 or 0.
    Enrolled,
    /// Somebody who has a role in it.
    HasUser,
    /// The rank of the caller's own role: owner 3, editor 2, viewer 1.
    OwnRole,
    /// The default one first when ascending.
    DefaultFirst,
}

/// A workspace as one caller sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenWorkspace {
    /// The workspace.
    pub workspace: Workspace,
    /// What the caller holds in it by roles of its own; none for who only administers it. A list looks it up where it
    /// decides what is shown, or is filtered or ordered by; elsewhere it is none.
    pub own: Option<PermissionSet>,
}

impl SeenWorkspace {
    /// The word for the caller's own role; a custom role weaker than any built-in one shows as viewer.
    pub fn own_role(&self) -> Option<BuiltinRole> {
        let own = self.own?;
        Some(BuiltinRole::strongest_in(Level::Workspace, own).unwrap_or(BuiltinRole::WorkspaceViewer))
    }

    /// The workspace's place in an order.
    pub fn cursor(&self, order: &[Order<WorkspaceField>]) -> Cursor {
        let workspace = &self.workspace;
        let keys = order.iter().map(|by| match by.field {
            WorkspaceField::Name => KeyValue::Text(workspace.name.clone()),
            WorkspaceField::CreatedAt => KeyValue::Int(workspace.created_at.as_micros()),
            WorkspaceField::UpdatedAt => KeyValue::Int(workspace.updated_at.as_micros()),
            WorkspaceField::OwnRole => KeyValue::Int(rank(self.own)),
            WorkspaceField::DefaultFirst => KeyValue::Int(i64::from(workspace.is_default)),
            // Not sortable: the store refuses such an order.
            WorkspaceField::CreatedBy
            | WorkspaceField::Status
            | WorkspaceField::Id
            | WorkspaceField::Key
            | WorkspaceField::Owner
            | WorkspaceField::ServerUrl
            | WorkspaceField::Enrolled
            | WorkspaceField::HasUser => KeyValue::Int(0),
        });
        Cursor { keys: keys.collect(), id: *workspace.id.as_uuid() }
    }
}

/// How roles of one's own rank: owner 3, editor 2, viewer 1 (and anything weaker), none 0.
pub fn rank(own: Option<PermissionSet>) -> i64 {
    let Some(own) = own else { return 0 };
    match BuiltinRole::strongest_in(Level::Workspace, own) {
        Some(BuiltinRole::WorkspaceOwner) => 3,
        Some(BuiltinRole::WorkspaceEditor) => 2,
        _ => 1,
    }
}

fn checked_labels(labels: &[String]) -> Result<Vec<String>> {
    if labels.len() > 64 {
        return Err(Error::invalid("labels", "too_many", "expected at most 64 labels"));
    }
    labels.iter().map(|label| text::name("labels", label, 100)).collect()
}

/// A JSON document of at most 64 KiB that is an object.
fn checked_document(field: &'static str, text: &str) -> Result<String> {
    let wrong = || Error::invalid(field, "document", "expected a JSON object of at most 64 KiB");
    if text.len() > 64 * 1024 {
        return Err(wrong());
    }
    let value: serde_json::Value = serde_json::from_str(text).map_err(|_| wrong())?;
    if value.is_object() { Ok(value.to_string()) } else { Err(wrong()) }
}
