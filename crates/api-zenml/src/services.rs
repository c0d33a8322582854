//! How the servers behind workspaces are to run: the vendor's schemas, by which a configuration is judged, and what is secret
//! in one.
//!
//! A configuration is kept as it was given, members that nobody knows among it: the vendor's schemas allow them, and who runs
//! the servers may.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tenantry_core::workspace::{Secrets, WorkspaceChange};
use tenantry_core::{Error, Result};
use tenantry_http::{Object, require_form};

/// A ZenML server, as it is wished.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.ZenmlServiceWrite")]
pub(crate) struct ZenmlServiceWrite {
    #[schemars(with = "Option<ZenmlConfiguration>")]
    configuration: Option<Value>,
}

/// An MLflow server, as it is wished.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.MlflowServiceWrite")]
pub(crate) struct MlflowServiceWrite {
    #[schemars(with = "Option<MlflowConfiguration>")]
    configuration: Option<Value>,
}

/// How a ZenML server is to run. A client refuses a whole page for the sake of one configuration without a version.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.ZenmlConfiguration")]
#[expect(dead_code, reason = "only the form is looked at")]
struct ZenmlConfiguration {
    #[schemars(length(min = 1))]
    version: String,
    #[serde(default)]
    analytics_enabled: bool,
    secrets_store: Option<Object<Store>>,
    backup_secrets_store: Option<Object<Store>>,
    admin: Option<Object<ZenmlAdmin>>,
}

/// Where secrets are kept. Everything but the type is secret.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.SecretsStoreConfiguration")]
#[expect(dead_code, reason = "only the form is looked at")]
struct Store {
    /// Such as `sql`.
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.ZenmlAdmin")]
#[expect(dead_code, reason = "only the form is looked at")]
struct ZenmlAdmin {
    helm_chart_version: Option<String>,
    image_repository: Option<String>,
    image_tag: Option<String>,
    rbac_implementation_source: Option<String>,
    workload_manager_implementation_source: Option<String>,
    feature_gate_implementation_source: Option<String>,
    debug: Option<bool>,
    environment_vars: Option<BTreeMap<String, String>>,
    /// Goes in, never out.
    secret_environment_vars: Option<BTreeMap<String, String>>,
    provider_type: Option<String>,
    /// Goes in, never out.
    provider_config: Option<Map<String, Value>>,
    service_tier: Option<String>,
    resources: Option<Object<ZenmlResources>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "zenml.ZenmlResources")]
struct ZenmlResources {
    replicas: i64,
    cpu: Option<String>,
    memory: Option<String>,
    max_cpu: Option<String>,
    max_memory: Option<String>,
    memory_migration: Option<String>,
    max_memory_migration: Option<String>,
    memory_run_template: Option<String>,
    max_memory_run_template: Option<String>,
    autoscaling_enabled: bool,
    min_replicas: i64,
    max_replicas: i64,
    thread_pool_size: i64,
    db_pool_size: i64,
    db_pool_overflow: i64,
    workspace_node_pool: Option<String>,
    workload_node_pool: Option<String>,
    max_concurrent_template_runs: Option<i64>,
    max_storage_size: Option<i64>,
}

/// The vendor's.
impl Default for ZenmlResources {
    fn default() -> Self {
        Self {
            replicas: 1,
            cpu: None,
            memory: None,
            max_cpu: None,
            max_memory: None,
            memory_migration: None,
            max_memory_migration: None,
            memory_run_template: None,
            max_memory_run_template: None,
            autoscaling_enabled: false,
            min_replicas: 1,
            max_replicas: 1,
            thread_pool_size: 40,
            db_pool_size: 20,
            db_pool_overflow: 20,
            workspace_node_pool: None,
            workload_node_pool: None,
            max_concurrent_template_runs: None,
            max_storage_size: None,
        }
    }
}

/// How an MLflow server is to run.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.MlflowConfiguration")]
#[expect(dead_code, reason = "only the form is looked at")]
struct MlflowConfiguration {
    #[schemars(length(min = 1))]
    version: String,
    artifact_store: Option<Object<ArtifactStore>>,
    admin: Option<Object<MlflowAdmin>>,
}

/// Where artifacts are kept.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.ArtifactStore")]
#[expect(dead_code, reason = "only the form is looked at")]
struct ArtifactStore {
    /// Such as `cloud`.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Goes in, never out.
    auth_config: Option<Map<String, Value>>,
    /// Goes in, never out.
    auth_config_secret: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.MlflowAdmin")]
#[expect(dead_code, reason = "only the form is looked at")]
struct MlflowAdmin {
    /// Goes in, never out.
    provider_config: Option<Map<String, Value>>,
    service_tier: Option<String>,
    resources: Option<Object<MlflowResources>>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.MlflowResources")]
#[expect(dead_code, reason = "only the form is looked at")]
struct MlflowResources {
    replicas: Option<i64>,
    cpu: Option<String>,
    memory: Option<String>,
}

/// The configurations, each apart from what is secret in it.
pub(crate) fn configured(
    zenml: Option<Object<ZenmlServiceWrite>>,
    mlflow: Option<Object<MlflowServiceWrite>>,
) -> Result<WorkspaceChange> {
    let mut change = WorkspaceChange::default();
    if let Some(configuration) = zenml.and_then(|Object(it)| it.configuration) {
        require_sound::<ZenmlConfiguration>("zenml_service.configuration", &configuration)?;
        require_replicas("zenml_service.configuration", &configuration)?;
        let (configuration, secrets) = apart(configuration, &ZENML_SECRETS);
        change.zenml_configuration = Some(configuration);
        change.zenml_secrets = secrets;
    }
    if let Some(configuration) = mlflow.and_then(|Object(it)| it.configuration) {
        require_sound::<MlflowConfiguration>("mlflow_service.configuration", &configuration)?;
        let (configuration, secrets) = apart(configuration, &MLFLOW_SECRETS);
        change.mlflow_configuration = Some(configuration);
        change.mlflow_secrets = secrets;
    }
    Ok(change)
}

/// Refuses what has not the form of `T`, an empty version, and numbers that no server can have.
fn require_sound<T: DeserializeOwned>(field: &'static str, configuration: &Value) -> Result<()> {
    require_form::<Object<T>>(field, configuration)?;
    if configuration["version"] == "" {
        return Err(Error::invalid(format!("{field}.version"), "too_short", "expected at least 1 character"));
    }
    let resources = &configuration["admin"]["resources"];
    let wrong = |name: &str, rule, expected: &'static str| {
        Err(Error::invalid(format!("{field}.admin.resources.{name}"), rule, expected))
    };
    for (name, number) in resources.as_object().into_iter().flatten() {
        if number.as_i64().is_some_and(|number| number < 0) {
            return wrong(name, "greater_than_equal", "expected at least 0");
        }
    }
    Ok(())
}

/// Refuses fewer replicas at most than at least. What is left out is what the vendor's default is.
fn require_replicas(field: &'static str, configuration: &Value) -> Result<()> {
    let resources = &configuration["admin"]["resources"];
    let ZenmlResources { min_replicas, max_replicas, .. } = ZenmlResources::default();
    let said = |name: &str| resources[name].as_i64();
    let (least, most) = (said("min_replicas"), said("max_replicas"));
    if least.unwrap_or(min_replicas) <= most.unwrap_or(max_replicas) {
        return Ok(());
    }
    let (name, rule, expected) = match least {
        Some(_) => {
            ("min_replicas", "less_than_equal", "expected at most max_replicas, which is 1 unless said")
        }
        None => {
            ("max_replicas", "greater_than_equal", "expected at least min_replicas, which is 1 unless said")
        }
    };
    Err(Error::invalid(format!("{field}.admin.resources.{name}"), rule, expected))
}

/// What is secret in the configuration of a ZenML server.
pub(crate) const ZENML_SECRETS: [&str; 4] = [
    "/admin/secret_environment_vars",
    "/admin/provider_config",
    "/secrets_store/*",
    "/backup_secrets_store/*",
];
/// What is secret in the configuration of an MLflow server.
pub(crate) const MLFLOW_SECRETS: [&str; 3] =
    ["/artifact_store/auth_config", "/artifact_store/auth_config_secret", "/admin/provider_config"];

fn apart(mut configuration: Value, places: &[&str]) -> (String, Option<Secrets>) {
    let secrets = take(&mut configuration, places);
    (configuration.to_string(), secrets.map(Secrets::Plain))
}

/// Takes what is secret out of a configuration: a JSON object of the places where it stood, as JSON pointers (RFC 6901). A star stands for every
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
                Some(secret) => {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    taken.insert(format!("{parent}/{name}"), secret);
                }
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
            "admin": {"debug": true, "secret_environment_vars": {"KEY": "hush"}, "provider_config": {"a": "hush"}},
            "secrets_store": {"type": "sql", "encryption_key": "hush", "region": null, "a/b~c": "hush"},
        });
        let taken: Value = serde_json::from_str(&take(&mut configuration, &ZENML_SECRETS).unwrap()).unwrap();
        let expected = json!({
            "/admin/secret_environment_vars": {"KEY": "hush"},
            "/admin/provider_config": {"a": "hush"},
            "/secrets_store/encryption_key": "hush",
            "/secrets_store/a~1b~0c": "hush",
        });
        assert_eq!(taken, expected);
        assert!(!configuration.to_string().contains("hush"));
        assert_eq!(configuration["secrets_store"]["type"], "sql");
        assert_eq!(take(&mut configuration, &ZENML_SECRETS), None);
    }
}
