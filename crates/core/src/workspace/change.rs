//! What can be changed of a workspace, and the checks of each field.

use std::fmt;

use super::{BoundingBox, ICON_MAX, Service, State, Workspace, checked_document, checked_labels};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{PrincipalId, WorkspaceId};
use crate::preferences::Preferences;
use crate::seal::Seal;
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
    /// Somebody else who answers for it: a user who belongs to the organization.
    pub owner: Option<PrincipalId>,
    /// A new key.
    pub key: Option<String>,
    /// A new configuration of the ZenML server: a JSON object without what is secret.
    pub zenml_configuration: Option<String>,
    /// What is secret of it: a JSON object. Kept as it is where it is absent.
    pub zenml_secrets: Option<Secrets>,
    /// A new configuration of the MLflow server: a JSON object without what is secret.
    pub mlflow_configuration: Option<String>,
    /// What is secret of it: a JSON object. Kept as it is where it is absent.
    pub mlflow_secrets: Option<Secrets>,
    /// What it is to become.
    pub desired_state: Option<State>,
    /// New preferences, all of them.
    pub preferences: Option<Preferences>,
    /// The versions of which the client saw one last; another one is a conflict.
    pub expected_version: Option<Versions>,
}

/// What is secret of how a server is to run. It is not told by [`Debug`].
#[derive(Clone)]
pub enum Secrets {
    /// As it was given: a JSON object.
    Plain(String),
    /// As it is kept.
    Sealed(Vec<u8>),
}

impl fmt::Debug for Secrets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secrets(..)")
    }
}

impl Secrets {
    /// The same as it may be kept.
    pub(super) fn sealed(self, seal: &dyn Seal, context: &str, field: &'static str) -> Result<Self> {
        match self {
            Self::Plain(text) => {
                let document = checked_document(field, &text)?;
                seal.seal(context, document.as_bytes()).map(Self::Sealed)
            }
            sealed @ Self::Sealed(_) => Ok(sealed),
        }
    }
}

impl WorkspaceChange {
    /// The same with its secrets as they may be kept in this workspace.
    pub(super) fn sealed(self, seal: &dyn Seal, workspace: WorkspaceId) -> Result<Self> {
        let sealed = |secrets: Option<Secrets>, service: &str, field| {
            let context = format!("workspace:{workspace}:{service}");
            secrets.map(|secrets| secrets.sealed(seal, &context, field)).transpose()
        };
        let zenml_secrets = sealed(self.zenml_secrets, "zenml", "zenml_service.configuration")?;
        let mlflow_secrets = sealed(self.mlflow_secrets, "mlflow", "mlflow_service.configuration")?;
        Ok(Self { zenml_secrets, mlflow_secrets, ..self })
    }
}

/// Puts the checked fields of the change into the workspace, all but the name, the key and the owner.
pub(super) fn apply(workspace: &mut Workspace, change: &WorkspaceChange, now: Timestamp) -> Result<()> {
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
    if let Some(desired) = change.desired_state {
        workspace.desire(desired, now)?;
    }
    match change.is_active {
        Some(false) => workspace.desire(State::Deactivated, now)?,
        Some(true) if !workspace.is_active => workspace.reactivate(now),
        _ => {}
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
    let (zenml, mlflow) = (&mut details.zenml, &mut details.mlflow);
    let given = (change.zenml_configuration.as_deref(), change.zenml_secrets.as_ref());
    configure(zenml, "zenml_service.configuration", given)?;
    let given = (change.mlflow_configuration.as_deref(), change.mlflow_secrets.as_ref());
    configure(mlflow, "mlflow_service.configuration", given)
}

fn configure(
    service: &mut Option<Service>,
    field: &'static str,
    (configuration, secrets): (Option<&str>, Option<&Secrets>),
) -> Result<()> {
    let Some(text) = configuration else { return Ok(()) };
    let configuration = checked_document(field, text)?;
    let before = service.take();
    let (kept, status) = before.map_or((None, None), |service| (service.secrets, service.status));
    let secrets = match secrets {
        Some(Secrets::Sealed(sealed)) => Some(sealed.clone()),
        Some(Secrets::Plain(_)) => return Err(Error::internal("secrets that were not sealed")),
        None => kept,
    };
    *service = Some(Service { configuration, secrets, status });
    Ok(())
}
