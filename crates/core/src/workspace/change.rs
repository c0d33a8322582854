//! What can be changed of a workspace, and the checks of each field.

use std::fmt;

use serde_json::{Map, Value};

use super::{BoundingBox, Details, ICON_MAX, Service, State, Workspace, checked_document, checked_labels};
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
    /// What is secret of it: a JSON object of JSON pointers to where it stands. What is secret already stays where the new
    /// configuration has `null` in its place, and goes where it has nothing.
    pub zenml_secrets: Option<Secrets>,
    /// A new configuration of the MLflow server: a JSON object without what is secret.
    pub mlflow_configuration: Option<String>,
    /// What is secret of it, in the same way.
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
    /// These with what stays of those `before`, as they may be kept; none if nothing is secret.
    fn sealed(
        given: Option<Self>,
        configuration: &str,
        before: Option<&[u8]>,
        (seal, context, field): (&dyn Seal, &str, &'static str),
    ) -> Result<Option<Self>> {
        let mut secrets = match given {
            None => Map::new(),
            Some(Self::Plain(text)) => read(field, &text)?,
            Some(Self::Sealed(_)) => return Err(Error::internal("secrets that were sealed already")),
        };
        let known = match before {
            Some(sealed) => serde_json::from_slice(&seal.open(context, sealed)?).map_err(Error::internal)?,
            None => Map::new(),
        };
        let configuration = Value::Object(read(field, configuration)?);
        for (place, secret) in &known {
            if configuration.pointer(place).is_some_and(Value::is_null) && !secrets.contains_key(place) {
                secrets.insert(place.clone(), secret.clone());
            }
        }
        if secrets.is_empty() {
            return Ok(None);
        }
        // Sealed again they would look like a change.
        if let Some(sealed) = before.filter(|_| secrets == known) {
            return Ok(Some(Self::Sealed(sealed.to_vec())));
        }
        let document = checked_document(field, &Value::Object(secrets).to_string())?;
        seal.seal(context, document.as_bytes()).map(|sealed| Some(Self::Sealed(sealed)))
    }
}

fn read(field: &'static str, text: &str) -> Result<Map<String, Value>> {
    serde_json::from_str(&checked_document(field, text)?).map_err(Error::internal)
}

impl WorkspaceChange {
    /// The same with its secrets as they may be kept in this workspace, which has these details so far.
    pub(super) fn sealed(self, seal: &dyn Seal, workspace: WorkspaceId, before: &Details) -> Result<Self> {
        let sealed = |given, configuration: Option<&str>, before: Option<&Service>, service: &str, field| {
            let Some(configuration) = configuration else { return Ok(None) };
            let context = format!("workspace:{workspace}:{service}");
            let before = before.and_then(|service| service.secrets.as_deref());
            Secrets::sealed(given, configuration, before, (seal, &context, field))
        };
        let Self { zenml_configuration, zenml_secrets, mlflow_configuration, mlflow_secrets, .. } = &self;
        let (zenml, field) = (before.zenml.as_ref(), "zenml_service.configuration");
        let zenml_secrets =
            sealed(zenml_secrets.clone(), zenml_configuration.as_deref(), zenml, "zenml", field)?;
        let (mlflow, field) = (before.mlflow.as_ref(), "mlflow_service.configuration");
        let mlflow_secrets =
            sealed(mlflow_secrets.clone(), mlflow_configuration.as_deref(), mlflow, "mlflow", field)?;
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
    let status = service.take().and_then(|service| service.status);
    let secrets = match secrets {
        Some(Secrets::Sealed(sealed)) => Some(sealed.clone()),
        Some(Secrets::Plain(_)) => return Err(Error::internal("secrets that were not sealed")),
        None => None,
    };
    *service = Some(Service { configuration, secrets, status });
    Ok(())
}
