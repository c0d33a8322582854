//! What changes workspaces: creating and enrolling, `PATCH`, `DELETE`, and the two older routes of the lifecycle.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use tenantry_core::authz::OrganizationRef;
use tenantry_core::ids::{OrganizationId, PrincipalId, WorkspaceId};
use tenantry_core::text;
use tenantry_core::workspace::{NewWorkspace, Secrets, State as Wish, WorkspaceChange};
use tenantry_core::{Error, Result};
use tenantry_http::{Authenticated, Json, Object, Refused, Segments, Served};

use crate::Zenml;
use crate::openapi::Id;
use crate::organizations::{A_UUID, described, present, uuid};
use crate::params::Params;
use crate::workspaces::{WorkspaceRead, identified};

/// Longest name that this dialect takes, in characters.
pub(crate) const NAME_MAX: usize = 50;

/// A server behind a workspace, as it is wished.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.ServiceWrite")]
pub(crate) struct ServiceWrite {
    #[schemars(with = "Option<Map<String, Value>>")]
    configuration: Option<Value>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.WorkspaceCreate")]
pub(crate) struct WorkspaceCreate {
    #[schemars(with = "Option<Id>")]
    id: Option<String>,
    /// What is no key becomes the name, and its slug the key.
    #[schemars(length(min = 1, max = NAME_MAX))]
    name: Option<String>,
    #[schemars(length(min = 1, max = NAME_MAX))]
    display_name: Option<String>,
    #[schemars(length(min = 1, max = 256))]
    description: Option<String>,
    logo_url: Option<String>,
    /// The caller's only organization unless given.
    #[schemars(with = "Option<Id>")]
    organization_id: Option<String>,
    #[schemars(with = "Option<Id>")]
    owner_id: Option<String>,
    /// `false` enrolls, as the parameter `enroll` does.
    is_managed: Option<bool>,
    workspace_type: Option<String>,
    zenml_service: Option<Object<ServiceWrite>>,
    mlflow_service: Option<Object<ServiceWrite>>,
    desired_state: Option<String>,
}

/// `POST /workspaces`, `POST /tenants`: 200 with the workspace. With `enroll=True` somebody else runs its server, and the
/// answer has the key with which that server comes in.
pub(crate) async fn create_workspace(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    params: Params,
    Json { body: Object(body), .. }: Json<Zenml, Object<WorkspaceCreate>>,
) -> Result<Response, Refused<Zenml>> {
    let enroll = params.flag("enroll")? || body.is_managed == Some(false);
    // One page of the vendor's documentation gives the name in the query.
    let given = body.name.as_deref().or(params.text("name")?);
    let given = given.ok_or_else(|| Error::invalid("name", "missing", "Field required"))?;
    let (key, name) = called(given, body.display_name.as_deref())?;
    zenml_only(body.workspace_type.as_deref())?;
    let organization = match uuid("organization_id", body.organization_id.as_deref(), OrganizationId::parse)?
    {
        Some(id) => OrganizationRef::Id(id),
        None => only_organization(&served, &who).await?,
    };
    let services = (body.zenml_service, body.mlflow_service);
    let fields = WorkspaceChange {
        description: Some(described(body.description)?),
        logo_url: Some(body.logo_url),
        owner: uuid("owner_id", body.owner_id.as_deref(), PrincipalId::parse)?,
        desired_state: Some(wish(body.desired_state.as_deref())?.unwrap_or(Wish::Available)),
        ..configured(services)?
    };
    let id = uuid("id", body.id.as_deref(), WorkspaceId::parse)?;
    let new = NewWorkspace { id, key, name, fields, ..NewWorkspace::default() };
    if enroll {
        let made = served.core.enroll_workspace(&who.caller, organization, new).await;
        let made = made.map_err(named_here)?;
        return Ok((crate::login::NO_STORE, axum::Json(WorkspaceRead::enrolled(&made))).into_response());
    }
    let made = served.core.create_workspace(&who.caller, organization, new).await.map_err(named_here)?;
    Ok(axum::Json(WorkspaceRead::detailed(&made)).into_response())
}

/// A member that is absent is left alone; `null` clears what may be without a value and leaves the rest alone.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.WorkspaceUpdate")]
#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
pub(crate) struct WorkspaceUpdate {
    /// The key.
    #[schemars(length(min = 1, max = NAME_MAX))]
    name: Option<String>,
    #[schemars(length(min = 1, max = NAME_MAX))]
    display_name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>", length(min = 1, max = 256))]
    description: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    logo_url: Option<Option<String>>,
    #[schemars(with = "Option<Id>")]
    owner_id: Option<String>,
    zenml_service: Option<Object<ServiceWrite>>,
    mlflow_service: Option<Object<ServiceWrite>>,
    desired_state: Option<String>,
}

/// `PATCH /workspaces/{workspace}`, by id: 200 with the workspace as it is now. `force` is taken and changes nothing: no
/// change here needs it.
pub(crate) async fn update_workspace(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([workspace]): Segments<1>,
    params: Params,
    Json { body: Object(body), .. }: Json<Zenml, Object<WorkspaceUpdate>>,
) -> Result<Response, Refused<Zenml>> {
    let target = identified(&served, &who, &workspace).await?;
    params.flag("force")?;
    let change = WorkspaceChange {
        name: body.display_name.as_deref().map(|name| checked("display_name", name)).transpose()?,
        key: body.name,
        description: body.description.map(described).transpose()?,
        logo_url: body.logo_url,
        owner: uuid("owner_id", body.owner_id.as_deref(), PrincipalId::parse)?,
        desired_state: wish(body.desired_state.as_deref())?,
        ..configured((body.zenml_service, body.mlflow_service))?
    };
    let changed = served.core.update_workspace(&who.caller, target, change).await.map_err(named_here)?;
    Ok(axum::Json(WorkspaceRead::detailed(&changed)).into_response())
}

/// `DELETE /workspaces/{workspace}`, by id: 200 with `null`.
pub(crate) async fn delete_workspace(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([workspace]): Segments<1>,
) -> Result<Response, Refused<Zenml>> {
    let target = identified(&served, &who, &workspace).await?;
    served.core.delete_workspace(&who.caller, target, None, true).await?;
    Ok(axum::Json(()).into_response())
}

/// `DELETE /workspaces`, `DELETE /tenants`: 200 with `null`. The vendor does not tell what it takes; to delete more than was
/// named would be worse than to refuse, so here it takes `workspace_id`.
pub(crate) async fn delete_named_workspace(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    params: Params,
) -> Result<Response, Refused<Zenml>> {
    let id = params.value("workspace_id", A_UUID, WorkspaceId::parse)?;
    let id = id.ok_or_else(|| Error::invalid("workspace_id", "missing", "Field required"))?;
    delete_workspace(State(served), who, Segments([id.to_string()])).await
}

/// `PATCH /workspaces/{workspace}/deploy`: it is to be available.
pub(crate) async fn deploy_workspace(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([workspace]): Segments<1>,
) -> Result<Response, Refused<Zenml>> {
    desire(&served, &who, &workspace, Wish::Available).await
}

/// `PATCH /workspaces/{workspace}/deactivate`: nobody enters it from now on.
pub(crate) async fn deactivate_workspace(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([workspace]): Segments<1>,
) -> Result<Response, Refused<Zenml>> {
    desire(&served, &who, &workspace, Wish::Deactivated).await
}

async fn desire(
    served: &Served,
    who: &Authenticated<Zenml>,
    workspace: &str,
    desired: Wish,
) -> Result<Response, Refused<Zenml>> {
    let target = identified(served, who, workspace).await?;
    let change = WorkspaceChange { desired_state: Some(desired), ..WorkspaceChange::default() };
    let changed = served.core.update_workspace(&who.caller, target, change).await?;
    Ok(axum::Json(WorkspaceRead::detailed(&changed)).into_response())
}

/// Key and name of what was given: what is no key becomes the name.
pub(crate) fn called(given: &str, display_name: Option<&str>) -> Result<(Option<String>, String)> {
    let given = checked("name", given)?;
    let display_name = display_name.map(|name| checked("display_name", name)).transpose()?;
    if text::key("name", &given).is_ok() {
        let name = display_name.unwrap_or_else(|| given.clone());
        return Ok((Some(given), name));
    }
    Ok((None, display_name.unwrap_or(given)))
}

/// A text that this dialect's clients can read.
fn checked(field: &'static str, given: &str) -> Result<String> {
    text::name(field, given, NAME_MAX)
}

fn zenml_only(workspace_type: Option<&str>) -> Result<()> {
    match workspace_type {
        None | Some("zenml") => Ok(()),
        Some(_) => Err(Error::invalid("workspace_type", "unsupported", "expected zenml")),
    }
}

fn wish(word: Option<&str>) -> Result<Option<Wish>> {
    let Some(word) = word else { return Ok(None) };
    let wish = Wish::from_word(word).filter(|wish| !matches!(wish, Wish::Pending | Wish::Failed));
    let expected = "expected not_initialized, available, deactivated or deleted";
    wish.map(Some).ok_or_else(|| Error::invalid("desired_state", "enum", expected))
}

/// The organization of who belongs to one alone.
async fn only_organization(served: &Served, who: &Authenticated<Zenml>) -> Result<OrganizationRef> {
    let found = served.core.only_organization(&who.caller).await?;
    let missing = || Error::invalid("organization_id", "missing", "expected the id of an organization");
    found.map(OrganizationRef::Id).ok_or_else(missing)
}

/// The core's words for the members that this dialect calls otherwise.
fn named_here(error: Error) -> Error {
    error.naming_fields(|field| match field {
        "key" => Some("name"),
        "name" => Some("display_name"),
        "owner" => Some("owner_id"),
        _ => None,
    })
}

type Services = (Option<Object<ServiceWrite>>, Option<Object<ServiceWrite>>);

/// The configurations, each apart from what is secret in it.
fn configured((zenml, mlflow): Services) -> Result<WorkspaceChange> {
    let given = |service: Option<Object<ServiceWrite>>| service.and_then(|Object(it)| it.configuration);
    let mut change = WorkspaceChange::default();
    if let Some(mut configuration) = given(zenml) {
        let field = "zenml_service.configuration";
        require_version(field, &configuration)?;
        for kind in ["secrets_store", "backup_secrets_store"] {
            require_type(kind, &configuration)?;
        }
        let secrets = take(&mut configuration, &ZENML_SECRETS);
        change.zenml_configuration = Some(configuration.to_string());
        change.zenml_secrets = secrets.map(Secrets::Plain);
    }
    if let Some(mut configuration) = given(mlflow) {
        require_version("mlflow_service.configuration", &configuration)?;
        let secrets = take(&mut configuration, &MLFLOW_SECRETS);
        change.mlflow_configuration = Some(configuration.to_string());
        change.mlflow_secrets = secrets.map(Secrets::Plain);
    }
    Ok(change)
}

/// What is secret in the configuration of a ZenML server.
pub(crate) const ZENML_SECRETS: [&str; 3] =
    ["/admin/secret_environment_vars", "/secrets_store/*", "/backup_secrets_store/*"];
/// What is secret in the configuration of an MLflow server.
pub(crate) const MLFLOW_SECRETS: [&str; 2] =
    ["/artifact_store/auth_config", "/artifact_store/auth_config_secret"];

/// A client refuses a whole page for the sake of one configuration without a version.
fn require_version(field: &'static str, configuration: &Value) -> Result<()> {
    match configuration.get("version") {
        Some(Value::String(version)) if !version.is_empty() => Ok(()),
        _ => Err(Error::invalid(field, "version", "expected an object with a version, which is a text")),
    }
}

fn require_type(member: &'static str, configuration: &Value) -> Result<()> {
    match configuration.get(member) {
        None | Some(Value::Null) => Ok(()),
        Some(Value::Object(store)) if store.get("type").is_some_and(Value::is_string) => Ok(()),
        Some(_) => Err(Error::invalid(member, "type", "expected an object with a type, which is a text")),
    }
}

/// Takes what is secret out of a configuration: a JSON object of the places where it stood. A star stands for every
/// member but `type`. What is `null` is absent, since that is how it is shown.
pub(crate) fn take(configuration: &mut Value, places: &[&str]) -> Option<String> {
    let mut taken = Map::new();
    for place in places {
        let (parent, member) = place.rsplit_once('/').unwrap_or_default();
        let Some(Value::Object(parent_value)) = configuration.pointer_mut(parent) else { continue };
        let is_secret = |name: &str| if member == "*" { name != "type" } else { name == member };
        let names: Vec<_> = parent_value.keys().filter(|name| is_secret(name)).cloned().collect();
        for name in names {
            match parent_value.insert(name.clone(), Value::Null) {
                None | Some(Value::Null) => {}
                Some(secret) => drop(taken.insert(format!("{parent}/{name}"), secret)),
            }
        }
    }
    (!taken.is_empty()).then(|| Value::Object(taken).to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_taken_out_of_configurations() {
        let mut configuration = json!({
            "version": "0.98.0",
            "admin": {"debug": true, "secret_environment_vars": {"KEY": "hush"}},
            "secrets_store": {"type": "sql", "encryption_key": "hush", "region": null},
        });
        let taken: Value = serde_json::from_str(&take(&mut configuration, &ZENML_SECRETS).unwrap()).unwrap();
        let expected = json!({"/admin/secret_environment_vars": {"KEY": "hush"}, "/secrets_store/encryption_key": "hush"});
        assert_eq!(taken, expected);
        assert!(!configuration.to_string().contains("hush"));
        assert_eq!(configuration["secrets_store"]["type"], "sql");
        assert_eq!(take(&mut configuration, &ZENML_SECRETS), None);
    }

    #[test]
    fn a_name_is_a_key_or_gets_one() {
        let key = |given| called(given, None).unwrap();
        assert_eq!(key("north-sea"), (Some("north-sea".to_owned()), "north-sea".to_owned()));
        assert_eq!(key("North Sea"), (None, "North Sea".to_owned()));
        let named = called("north-sea", Some("North Sea")).unwrap();
        assert_eq!(named, (Some("north-sea".to_owned()), "North Sea".to_owned()));
    }
}
