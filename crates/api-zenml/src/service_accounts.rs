//! `/organizations/{organization}/service_accounts`: machines of an organization and their API keys, by id or name.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tenantry_core::authz::OrganizationRef;
use tenantry_core::clock::Timestamp;
use tenantry_core::credential::{ApiKeyField, Rotation};
use tenantry_core::filter::{Filter, ListQuery, Test};
use tenantry_core::grant::RoleName;
use tenantry_core::ids::{CredentialId, PrincipalId, RoleId};
use tenantry_core::page::{Order, PageRequest, Start};
use tenantry_core::permission::BuiltinRole;
use tenantry_core::principal::NewServiceAccount;
use tenantry_core::service_account::{
    AccountSecret, NewAccountSecret, ServiceAccount, ServiceAccountChange, ServiceAccountField,
};
use tenantry_core::{Core, Error, Result};
use tenantry_http::{Authenticated, Object, Refused, Segments, Served};

use crate::Zenml;
use crate::api_keys::{self, ApiKeyCreate, ApiKeyRead, ApiKeyUpdate, called, only};
use crate::login::NO_STORE;
use crate::openapi::Time;
use crate::organizations::{by_id, uuid};
use crate::params::Params;
use crate::roles::{NAME_MAX, present};
use crate::teams::require_length;
use crate::users::{UserRead, as_text};

/// The vendor's own limit.
pub(crate) const MOST: usize = 100;
const KEY: AccountSecret = AccountSecret::ApiKey;

/// A service account.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.ServiceAccount")]
pub(crate) struct ServiceAccountRead<'a> {
    #[serde(flatten)]
    user: UserRead<'a>,
    description: Option<&'a str>,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Time")]
    created: Timestamp,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Time")]
    updated: Timestamp,
    /// When a secret of it was last used.
    last_login: Option<String>,
    api_key_count: u64,
}

impl<'a> From<&'a ServiceAccount> for ServiceAccountRead<'a> {
    fn from(account: &'a ServiceAccount) -> Self {
        Self {
            user: UserRead::known(&account.principal),
            description: account.description.as_deref(),
            created: account.principal.created_at,
            updated: account.principal.updated_at,
            last_login: account.last_used_at.map(|at| at.to_string()),
            api_key_count: account.api_keys,
        }
    }
}

/// `GET .../service_accounts`: the newest first.
pub(crate) async fn list_service_accounts(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization]): Segments<1>,
    params: Params,
) -> Result<Response, Refused<Zenml>> {
    let organization = by_id(&organization)?;
    let page = PageRequest {
        order: vec![Order::descending(ServiceAccountField::CreatedAt)],
        start: Start::Skip { from: None, rows: params.offset()? },
        limit: params.limit(MOST)?,
    };
    let query = ListQuery { filter: Filter::All, page };
    let found = served.core.list_service_accounts(&who.caller, organization, query).await?;
    let items: Vec<_> = found.items.iter().map(ServiceAccountRead::from).collect();
    Ok(Json(items).into_response())
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.ServiceAccountCreate")]
pub(crate) struct ServiceAccountCreate {
    #[schemars(length(min = 1, max = NAME_MAX), regex(pattern = "^[a-zA-Z0-9_\\-@.]+$"))]
    username: String,
    /// What people call it.
    #[schemars(length(min = 1, max = NAME_MAX))]
    name: Option<String>,
    description: Option<String>,
    /// Its role in the organization; a member's unless said.
    role_id: Option<String>,
}

/// `POST .../service_accounts`: one without a key.
pub(crate) async fn create_service_account(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization]): Segments<1>,
    tenantry_http::Json { body: Object(body), .. }: tenantry_http::Json<Zenml, Object<ServiceAccountCreate>>,
) -> Result<Response, Refused<Zenml>> {
    let organization = by_id(&organization)?;
    require_short(body.name.as_deref())?;
    let role = uuid("role_id", body.role_id.as_deref(), RoleId::parse)?;
    let member = RoleName::Builtin(BuiltinRole::OrganizationMember);
    let new = NewServiceAccount {
        name: body.username,
        display_name: body.name,
        description: body.description,
        role: role.map_or(member, RoleName::Id),
    };
    let made = served.core.add_service_account(&who.caller, organization, new).await.map_err(in_words)?;
    Ok(Json(ServiceAccountRead::from(&made)).into_response())
}

/// `GET .../service_accounts/{account}`.
pub(crate) async fn get_service_account(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization, account]): Segments<2>,
) -> Result<Response, Refused<Zenml>> {
    let (_, found) = find(&served.core, &who, &organization, &account).await?;
    Ok(Json(ServiceAccountRead::from(&found)).into_response())
}

/// A member that is absent or `null` is left alone, but that `null` clears `name` and `description`.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.ServiceAccountUpdate")]
#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
pub(crate) struct ServiceAccountUpdate {
    #[schemars(length(min = 1, max = NAME_MAX))]
    username: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    name: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    description: Option<Option<String>>,
    /// Who is not active may do nothing, at once.
    is_active: Option<bool>,
}

/// `PATCH .../service_accounts/{account}`.
pub(crate) async fn update_service_account(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization, account]): Segments<2>,
    tenantry_http::Json { body: Object(body), .. }: tenantry_http::Json<Zenml, Object<ServiceAccountUpdate>>,
) -> Result<Response, Refused<Zenml>> {
    let (at, _) = find(&served.core, &who, &organization, &account).await?;
    require_short(body.name.as_ref().and_then(Option::as_deref))?;
    let change = ServiceAccountChange {
        name: body.username,
        display_name: body.name,
        description: body.description,
        suspended: body.is_active.map(|active| !active),
        expected_version: None,
    };
    let changed = served.core.update_service_account(&who.caller, at, change).await.map_err(in_words)?;
    Ok(Json(ServiceAccountRead::from(&changed)).into_response())
}

/// `DELETE .../service_accounts/{account}`. One that alone owns workspaces is not deleted.
pub(crate) async fn delete_service_account(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization, account]): Segments<2>,
) -> Result<Json<()>, Refused<Zenml>> {
    let (at, _) = find(&served.core, &who, &organization, &account).await?;
    served.core.delete_service_account(&who.caller, at, None, false).await?;
    Ok(Json(()))
}

/// `GET .../service_accounts/{account}/api_keys`: the newest first.
pub(crate) async fn list_account_keys(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization, account]): Segments<2>,
    params: Params,
) -> Result<Response, Refused<Zenml>> {
    let page = PageRequest {
        order: vec![Order::descending(ApiKeyField::CreatedAt)],
        start: Start::Skip { from: None, rows: params.offset()? },
        limit: params.limit(MOST)?,
    };
    let core = &served.core;
    let (at, _) = find(core, &who, &organization, &account).await?;
    let query = ListQuery { filter: Filter::All, page };
    let found = core.list_account_secrets(&who.caller, at, KEY, query).await?;
    let now = core.clock().now();
    Ok(Json(found.items.iter().map(|key| ApiKeyRead::at(now, key)).collect::<Vec<_>>()).into_response())
}

/// `POST .../service_accounts/{account}/api_keys`: the key is told this once.
pub(crate) async fn create_account_key(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization, account]): Segments<2>,
    tenantry_http::Json { body: Object(body), .. }: tenantry_http::Json<Zenml, Object<ApiKeyCreate>>,
) -> Result<Response, Refused<Zenml>> {
    let core = &served.core;
    let (at, _) = find(core, &who, &organization, &account).await?;
    require_length("name", &body.name, NAME_MAX)?;
    let seconds = body.seconds();
    let ApiKeyCreate { name: title, description, .. } = body;
    let new = NewAccountSecret { title, description, seconds, unique_title: true };
    let made = core.create_account_secret(&who.caller, at, KEY, new).await;
    let (key, secret) = made.map_err(api_keys::in_words)?;
    let shown = ApiKeyRead::with_secret(core.clock().now(), &key, &secret);
    Ok((NO_STORE, Json(shown)).into_response())
}

/// `PATCH .../service_accounts/{account}/api_keys/{key}`.
pub(crate) async fn update_account_key(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization, account, key]): Segments<3>,
    tenantry_http::Json { body: Object(body), .. }: tenantry_http::Json<Zenml, Object<ApiKeyUpdate>>,
) -> Result<Response, Refused<Zenml>> {
    let core = &served.core;
    let (at, id) = find_key(core, &who, [&organization, &account, &key]).await?;
    let changed = core.update_account_secret(&who.caller, at, (KEY, id), body.change()?).await;
    let shown = ApiKeyRead::at(core.clock().now(), &changed.map_err(api_keys::in_words)?);
    Ok(Json(shown).into_response())
}

/// `DELETE .../service_accounts/{account}/api_keys/{key}`.
pub(crate) async fn delete_account_key(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization, account, key]): Segments<3>,
) -> Result<Json<()>, Refused<Zenml>> {
    let (at, id) = find_key(&served.core, &who, [&organization, &account, &key]).await?;
    served.core.delete_account_secret(&who.caller, at, (KEY, id), None).await?;
    Ok(Json(()))
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.ApiKeyRotate")]
pub(crate) struct ApiKeyRotate {
    /// For how many minutes the key before counts on: none, unless said, and seven days at most.
    #[schemars(range(min = 0))]
    retain_period_minutes: Option<i64>,
}

/// `POST .../service_accounts/{account}/api_keys/{key}/rotate`: the new key is told this once.
pub(crate) async fn rotate_account_key(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization, account, key]): Segments<3>,
    tenantry_http::Json { body: Object(body), .. }: tenantry_http::Json<Zenml, Object<ApiKeyRotate>>,
) -> Result<Response, Refused<Zenml>> {
    let core = &served.core;
    let (at, id) = find_key(core, &who, [&organization, &account, &key]).await?;
    let overlap_seconds = body.retain_period_minutes.unwrap_or_default().saturating_mul(60);
    let rotation = Rotation { overlap_seconds, expected_version: None };
    let rotated = core.rotate_account_secret(&who.caller, at, (KEY, id), rotation).await;
    let (key, secret) = rotated.map_err(|error| {
        error.naming_fields(|field| (field == "overlap_seconds").then_some("retain_period_minutes"))
    })?;
    let shown = ApiKeyRead::with_secret(core.clock().now(), &key, &secret);
    Ok((NO_STORE, Json(shown)).into_response())
}

/// Where a service account is.
type At = (OrganizationRef, PrincipalId);

/// The service account of this id or name, ignoring case.
async fn find(
    core: &Core,
    who: &Authenticated<Zenml>,
    organization: &str,
    text: &str,
) -> Result<(At, ServiceAccount)> {
    let organization = by_id(organization)?;
    let found = if let Some(id) = PrincipalId::parse(text) {
        core.get_service_account(&who.caller, organization.clone(), id).await?
    } else {
        let filter = Filter::Is(ServiceAccountField::Name, Test::Folded(text.to_owned()));
        let order = vec![Order::ascending(ServiceAccountField::CreatedAt)];
        let page = PageRequest { order, start: Start::Beginning, limit: 1 };
        let query = ListQuery { filter, page };
        let found = core.list_service_accounts(&who.caller, organization.clone(), query).await?;
        found.items.into_iter().next().ok_or_else(|| Error::not_found("service account"))?
    };
    Ok(((organization, found.principal.id), found))
}

/// The service account, and its key of this id or name.
async fn find_key(
    core: &Core,
    who: &Authenticated<Zenml>,
    [organization, account, key]: [&str; 3],
) -> Result<(At, CredentialId)> {
    let (at, _) = find(core, who, organization, account).await?;
    if let Some(id) = CredentialId::parse(key) {
        return Ok((at, id));
    }
    let found = only(core.list_account_secrets(&who.caller, at.clone(), KEY, called(key)).await?)?;
    Ok((at, found.credential.id))
}

fn require_short(name: Option<&str>) -> Result<()> {
    name.map_or(Ok(()), |name| require_length("name", name, NAME_MAX))
}

fn in_words(error: Error) -> Error {
    error.naming_fields(|field| match field {
        "name" => Some("username"),
        "display_name" => Some("name"),
        "roles" => Some("role_id"),
        _ => None,
    })
}
