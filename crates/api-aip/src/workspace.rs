//! A workspace as it is written. Rows borrow what they show: a list is written many times more often than anything else.

use std::fmt::{self, Display};

use serde::{Serialize, Serializer};
use tenantry_core::clock::Timestamp;
use tenantry_core::principal::People;
use tenantry_core::workspace::SeenWorkspace;

use crate::names::WorkspaceName;

/// A workspace.
#[derive(Serialize)]
pub(crate) struct Workspace<'a> {
    name: Text<WorkspaceName>,
    title: &'a str,
    #[serde(rename = "workspace_icon", skip_serializing_if = "Option::is_none")]
    icon: Option<&'a str>,
    #[serde(rename = "workspace_icon_color", skip_serializing_if = "Option::is_none")]
    icon_color: Option<&'a str>,
    create_time: Text<Timestamp>,
    update_time: Text<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    creator_display_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    creator_email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delete_time: Option<Text<Timestamp>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purge_time: Option<Text<Timestamp>>,
    etag: Text<Etag>,
}

impl<'a> Workspace<'a> {
    /// With what may be known of its creator; it is kept for `retention` seconds when it is deleted.
    pub(crate) fn of(retention: i64, seen: &'a SeenWorkspace, people: &'a People) -> Self {
        let workspace = &seen.workspace;
        let creator = people.get(&workspace.created_by);
        Self {
            name: Text(WorkspaceName(workspace.organization, workspace.id)),
            title: &workspace.name,
            icon: workspace.details.icon.as_deref(),
            icon_color: workspace.details.icon_color.as_deref(),
            create_time: Text(workspace.created_at),
            update_time: Text(workspace.updated_at),
            creator_display_name: creator.map(|person| person.shown_name()),
            creator_email: creator.and_then(|person| person.email.as_deref()),
            delete_time: workspace.deleted_at.map(Text),
            purge_time: workspace.deleted_at.map(|at| Text(at.plus_seconds(retention))),
            etag: Text(Etag(workspace.version)),
        }
    }
}

/// A string of JSON, written without making it first.
struct Text<T>(T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// The version, in quotes (AIP-154).
struct Etag(i64);

impl Display for Etag {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "\"{}\"", self.0)
    }
}
