//! `/users/me/api_keys`: the caller's personal access tokens.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tenantry_core::clock::Timestamp;
use tenantry_core::credential::{ApiKey, ApiKeyChange, ApiKeyField, Issued, NewToken};
use tenantry_core::filter::{Comparison, Filter, ListQuery, Test};
use tenantry_core::ids::CredentialId;
use tenantry_core::page::{Order, PageRequest, Start};
use tenantry_core::{Core, Error, Kind, Result};
use tenantry_http::{Authenticated, Object, Refused, Segments, Served};

use crate::Zenml;
use crate::login::NO_STORE;
use crate::openapi::{Id, Time};
use crate::roles::NAME_MAX;
use crate::teams::require_length;
use crate::users::as_text;

/// More than this are not answered at once: fifty count, the others have expired.
const MOST: usize = 1_000;

/// A key. What Tenantry does not keep is always `null`: `()` is how that is written here.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.ApiKey")]
pub(crate) struct ApiKeyRead {
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Id")]
    id: CredentialId,
    name: String,
    description: (),
    /// Whether it counts: until it expires.
    active: bool,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Time")]
    created: Timestamp,
    last_login: Option<String>,
    last_rotated: (),
    expires: Option<String>,
    /// Told this once.
    key: Option<String>,
}

impl ApiKeyRead {
    pub(crate) fn at(now: Timestamp, key: &ApiKey) -> Self {
        let ApiKey { credential, last_used_at, .. } = key;
        Self {
            id: credential.id,
            name: credential.title.clone(),
            description: (),
            active: credential.expires_at.is_none_or(|at| at > now),
            created: credential.created_at,
            last_login: last_used_at.map(|at| at.to_string()),
            last_rotated: (),
            expires: credential.expires_at.map(|at| at.to_string()),
            key: None,
        }
    }

    /// A key just made, with the secret.
    pub(crate) fn made(issued: &Issued) -> Self {
        let key = ApiKey { credential: issued.credential.clone(), last_used_at: None, ends_itself: false };
        Self { key: Some(issued.secret.expose().to_owned()), ..Self::at(issued.credential.created_at, &key) }
    }
}

/// `GET /users/me/api_keys`: all of them, the newest first.
pub(crate) async fn list_own_keys(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
) -> Result<Json<Vec<ApiKeyRead>>, Refused<Zenml>> {
    let found = served.core.list_own_tokens(&who.caller, every(Filter::All)).await?;
    let now = served.core.clock().now();
    Ok(Json(found.items.iter().map(|key| ApiKeyRead::at(now, key)).collect()))
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.ApiKeyCreate")]
pub(crate) struct ApiKeyCreate {
    #[schemars(length(min = 1, max = NAME_MAX))]
    name: String,
    /// A year at most, and unless said.
    #[schemars(range(min = 1))]
    expires_in_minutes: Option<i64>,
}

/// `POST /users/me/api_keys`: the key is told this once.
pub(crate) async fn create_own_key(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    tenantry_http::Json { body: Object(body), .. }: tenantry_http::Json<Zenml, Object<ApiKeyCreate>>,
) -> Result<Response, Refused<Zenml>> {
    let core = &served.core;
    let title = checked_name(core, &who, body.name, None).await?;
    let seconds = body.expires_in_minutes.map(|minutes| minutes.saturating_mul(60));
    let new = NewToken { title, seconds, ..NewToken::default() };
    let made = core.create_own_token(&who.caller, new).await.map_err(in_words)?;
    Ok((NO_STORE, Json(ApiKeyRead::made(&made))).into_response())
}

/// A member that is absent or `null` is left alone.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.ApiKeyUpdate")]
pub(crate) struct ApiKeyUpdate {
    #[schemars(length(min = 1, max = NAME_MAX))]
    name: Option<String>,
    /// A key is not put to sleep, but deleted.
    active: Option<bool>,
}

/// `PATCH /users/me/api_keys/{key}`, by id or name.
pub(crate) async fn update_own_key(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([key]): Segments<1>,
    tenantry_http::Json { body: Object(body), .. }: tenantry_http::Json<Zenml, Object<ApiKeyUpdate>>,
) -> Result<Json<ApiKeyRead>, Refused<Zenml>> {
    let core = &served.core;
    let found = find(core, &who, &key).await?;
    if body.active == Some(false) {
        return Err(Error::invalid("active", "unsupported", "a key is not put to sleep: delete it").into());
    }
    let now = core.clock().now();
    let Some(name) = body.name else { return Ok(Json(ApiKeyRead::at(now, &found))) };
    let title = checked_name(core, &who, name, Some(found.credential.id)).await?;
    let change = ApiKeyChange { title: Some(title), ..ApiKeyChange::default() };
    let changed = core.update_own_token(&who.caller, found.credential.id, change).await;
    Ok(Json(ApiKeyRead::at(now, &changed.map_err(in_words)?)))
}

/// `DELETE /users/me/api_keys/{key}`, by id or name.
pub(crate) async fn delete_own_key(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([key]): Segments<1>,
) -> Result<Json<()>, Refused<Zenml>> {
    let found = find(&served.core, &who, &key).await?;
    served.core.delete_own_token(&who.caller, found.credential.id, None).await?;
    Ok(Json(()))
}

/// The caller's own key of this id or name; of several of a name, which other dialects allow, the newest.
async fn find(core: &Core, who: &Authenticated<Zenml>, text: &str) -> Result<ApiKey> {
    if let Some(id) = CredentialId::parse(text) {
        return core.get_own_token(&who.caller, id).await;
    }
    let found = core.list_own_tokens(&who.caller, called(text)).await?;
    found.items.into_iter().next().ok_or_else(|| Error::not_found("API key"))
}

/// A name that no other of the caller's keys has, and no longer than the vendor has it.
async fn checked_name(
    core: &Core,
    who: &Authenticated<Zenml>,
    name: String,
    own: Option<CredentialId>,
) -> Result<String> {
    require_length("name", &name, NAME_MAX)?;
    let found = core.list_own_tokens(&who.caller, called(name.trim())).await?;
    if found.items.iter().any(|key| Some(key.credential.id) != own) {
        return Err(Error::new(Kind::AlreadyExists, "api_key.name_taken", "there is a key of this name"));
    }
    Ok(name)
}

fn called(name: &str) -> ListQuery<ApiKeyField> {
    every(Filter::Is(ApiKeyField::Title, Test::Text(Comparison::Equal, name.to_owned())))
}

fn every(filter: Filter<ApiKeyField>) -> ListQuery<ApiKeyField> {
    let page = PageRequest {
        order: vec![Order::descending(ApiKeyField::CreatedAt)],
        start: Start::Beginning,
        limit: MOST,
    };
    ListQuery { filter, page }
}

fn in_words(error: Error) -> Error {
    error.naming_fields(|field| match field {
        "title" => Some("name"),
        "ttl" | "seconds" => Some("expires_in_minutes"),
        _ => None,
    })
}
