//! What can be changed of a workspace, and the checks of each field.

use super::{BoundingBox, ICON_MAX, Service, State, Workspace, checked_document, checked_labels};
use crate::error::{Error, Result};
use crate::preferences::Preferences;
use crate::text;
use crate::version::Versions;

/// What is to become of a workspace. `None` leaves a field alone; an inner `None` clears it.
#[derive(Clone, Debug, Default)]
pub struct WorkspaceChange {
    /// A new name.
    pub name: Option<String>,
    /// A new description.
    pub description: Option<Option<String>>,
    /// New labels, all of them.
    pub labels: Option<Vec<String>>,
    /// A new bounding box.
    pub bounding_box: Option<Option<BoundingBox>>,
    /// A new coordinate system.
    pub coordinate_system: Option<Option<String>>,
    /// A new icon.
    pub icon: Option<Option<String>>,
    /// A new colour of the icon.
    pub icon_color: Option<Option<String>>,
    /// A new logo.
    pub logo_url: Option<Option<String>>,
    /// Whether it is in use.
    pub is_active: Option<bool>,
    /// A new configuration of the ZenML server: a JSON object.
    pub zenml_configuration: Option<String>,
    /// A new configuration of the MLflow server: a JSON object.
    pub mlflow_configuration: Option<String>,
    /// What it is to become.
    pub desired_state: Option<State>,
    /// New preferences, all of them.
    pub preferences: Option<Preferences>,
    /// The versions of which the client saw one last; another one is a conflict.
    pub expected_version: Option<Versions>,
}

/// Puts the checked fields of the change into the workspace, all but the name.
pub(super) fn apply(workspace: &mut Workspace, change: &WorkspaceChange) -> Result<()> {
    if let Some(description) = &change.description {
        workspace.description = match description {
            Some(description) => text::prose("description", description, text::DESCRIPTION_MAX)?,
            None => None,
        };
    }
    if let Some(labels) = &change.labels {
        workspace.labels = checked_labels(labels)?;
    }
    if let Some(bounding_box) = change.bounding_box {
        workspace.bounding_box = bounding_box;
    }
    if let Some(system) = &change.coordinate_system {
        workspace.coordinate_system = match system {
            Some(system) => text::prose("default_coordinate_system", system, text::DESCRIPTION_MAX)?,
            None => None,
        };
    }
    if let Some(active) = change.is_active {
        workspace.is_active = active;
    }
    if let Some(desired) = change.desired_state {
        if matches!(desired, State::Pending | State::Failed) {
            return Err(Error::invalid(
                "desired_state",
                "not_desirable",
                "pending and failed cannot be desired",
            ));
        }
        workspace.lifecycle.desired = desired;
    }
    let details = &mut workspace.details;
    if let Some(icon) = &change.icon {
        details.icon = icon.as_deref().map(|icon| text::name("icon", icon, ICON_MAX)).transpose()?;
    }
    if let Some(color) = &change.icon_color {
        details.icon_color =
            color.as_deref().map(|color| text::name("icon_color", color, ICON_MAX)).transpose()?;
    }
    if let Some(logo) = &change.logo_url {
        details.logo_url = logo.as_deref().map(|logo| text::web_address("logo_url", logo)).transpose()?;
    }
    if let Some(preferences) = &change.preferences {
        details.preferences = preferences.clone().checked()?;
    }
    configure(&mut details.zenml, "zenml_service.configuration", change.zenml_configuration.as_deref())?;
    configure(&mut details.mlflow, "mlflow_service.configuration", change.mlflow_configuration.as_deref())
}

fn configure(service: &mut Option<Service>, field: &'static str, configuration: Option<&str>) -> Result<()> {
    if let Some(text) = configuration {
        let configuration = checked_document(field, text)?;
        let status = service.take().and_then(|service| service.status);
        *service = Some(Service { configuration, status });
    }
    Ok(())
}
