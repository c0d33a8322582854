//! What changes workspaces: creating and enrolling, `PATCH`, `DELETE`, and the two older routes of the lifecycle.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use tenantry_core::authz::{OrganizationRef, View};
use tenantry_core::ids::{OrganizationId, PrincipalId, WorkspaceId};
use tenantry_core::text;
use tenantry_core::workspace::{NewWorkspace, State as Wish, WorkspaceChange};
use tenantry_core::{Error, Result};
use tenantry_http::{Authenticated, Json, JsonOrNothing, Object, Refused, Segments, Served};

use crate::Zenml;
use crate::openapi::Id;
use crate::organizations::{A_UUID, described, present, uuid};
use crate::params::{Params, about_query, missing};
use crate::services::{MlflowServiceWrite, ZenmlServiceWrite, configured};
use crate::workspaces::{WorkspaceRead, identified};

/// Longest name that this dialect takes, in characters.
pub(crate) const NAME_MAX: usize = 50;

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
    zenml_service: Option<Object<ZenmlServiceWrite>>,
    mlflow_service: Option<Object<MlflowServiceWrite>>,
    desired_state: Option<String>,
}

/// `POST /workspaces`, `POST /tenants`: 200 with the workspace. With `enroll=True` somebody else runs its server, and the
/// answer has the key with which that server comes in.
pub(crate) async fn create_workspace(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    params: Params,
    JsonOrNothing { body: Object(body), .. }: JsonOrNothing<Zenml, Object<WorkspaceCreate>>,
) -> Result<Response, Refused<Zenml>> {
    let enroll = params.flag("enroll")? || body.is_managed == Some(false);
    // One page of the vendor's documentation gives the name in the query.
    let display_name = body.display_name.as_deref();
    let (key, name) = match (&body.name, params.text("name")?) {
        (Some(name), _) => called(name, display_name)?,
        (None, Some(name)) => called(name, display_name).map_err(about_query)?,
        (None, None) => return Err(Error::invalid("name", "missing", "Field required").into()),
    };
    zenml_only(body.workspace_type.as_deref())?;
    let organization = match uuid("organization_id", body.organization_id.as_deref(), OrganizationId::parse)?
    {
        Some(id) => OrganizationRef::Id(id),
        None => only_organization(&served, &who).await?,
    };
    let fields = WorkspaceChange {
        description: Some(described(body.description)?),
        logo_url: Some(body.logo_url),
        owner: uuid("owner_id", body.owner_id.as_deref(), PrincipalId::parse)?,
        desired_state: Some(wish(body.desired_state.as_deref())?.unwrap_or(Wish::Available)),
        ..configured(body.zenml_service, body.mlflow_service)?
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
    /// Settled by the creation: another value than it has is refused.
    is_managed: Option<bool>,
    zenml_service: Option<Object<ZenmlServiceWrite>>,
    mlflow_service: Option<Object<MlflowServiceWrite>>,
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
    if let Some(is_managed) = body.is_managed {
        let found = served.core.get_workspace(&who.caller, target.clone(), View::Both).await?;
        if is_managed == found.seen.workspace.details.is_enrolled {
            return Err(Error::invalid("is_managed", "immutable", "is settled by the creation").into());
        }
    }
    let change = WorkspaceChange {
        name: body.display_name.as_deref().map(|name| checked("display_name", name)).transpose()?,
        key: body.name.as_deref().map(|name| checked("name", name)).transpose()?,
        description: body.description.map(described).transpose()?,
        logo_url: body.logo_url,
        owner: uuid("owner_id", body.owner_id.as_deref(), PrincipalId::parse)?,
        desired_state: wish(body.desired_state.as_deref())?,
        ..configured(body.zenml_service, body.mlflow_service)?
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
    let id = id.ok_or_else(|| missing("workspace_id"))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_key_or_gets_one() {
        let key = |given| called(given, None).unwrap();
        assert_eq!(key("north-sea"), (Some("north-sea".to_owned()), "north-sea".to_owned()));
        assert_eq!(key("North Sea"), (None, "North Sea".to_owned()));
        let named = called("north-sea", Some("North Sea")).unwrap();
        assert_eq!(named, (Some("north-sea".to_owned()), "North Sea".to_owned()));
    }
}
