//! `/users/me/api_keys`: the caller's personal access tokens.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tenantry_core::clock::Timestamp;
use tenantry_core::credential::{ApiKey, ApiKeyChange, ApiKeyField, NewToken, Secret};
use tenantry_core::filter::{Comparison, Filter, ListQuery, Test};
use tenantry_core::ids::CredentialId;
use tenantry_core::page::{Order, Page, PageRequest, Start};
use tenantry_core::{Core, Error, Kind, Result};
use tenantry_http::{Authenticated, Object, Refused, Segments, Served};

use crate::Zenml;
use crate::login::NO_STORE;
use crate::openapi::{Id, Time};
use crate::roles::{NAME_MAX, present};
use crate::teams::require_length;
use crate::users::as_text;

/// More than this are not answered at once: fifty count, the others have expired.
const MOST: usize = 1_000;

/// A key.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.ApiKey")]
pub(crate) struct ApiKeyRead {
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Id")]
    id: CredentialId,
    name: String,
    description: Option<String>,
    /// Whether it counts: until it expires, unless it is put to sleep.
    active: bool,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Time")]
    created: Timestamp,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Time")]
    updated: Timestamp,
    last_login: Option<String>,
    last_rotated: Option<String>,
    expires: Option<String>,
    /// Told this once.
    key: Option<String>,
}

impl ApiKeyRead {
    pub(crate) fn at(now: Timestamp, key: &ApiKey) -> Self {
        let ApiKey { credential, last_used_at, rotated_at, .. } = key;
        Self {
            id: credential.id,
            name: credential.title.clone(),
            description: key.description.clone(),
            active: key.counts(now),
            created: credential.created_at,
            updated: key.updated_at(),
            last_login: last_used_at.map(|at| at.to_string()),
            last_rotated: rotated_at.map(|at| at.to_string()),
            expires: credential.expires_at.map(|at| at.to_string()),
            key: None,
        }
    }

    /// A key just made or rotated, with the secret.
    pub(crate) fn with_secret(now: Timestamp, key: &ApiKey, secret: &Secret) -> Self {
        Self { key: Some(secret.expose().to_owned()), ..Self::at(now, key) }
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
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// A person's own: a year at most, and unless said. A service account's: for ever, unless said.
    #[schemars(range(min = 1))]
    pub(crate) expires_in_minutes: Option<i64>,
}

impl ApiKeyCreate {
    pub(crate) fn seconds(&self) -> Option<i64> {
        self.expires_in_minutes.map(|minutes| minutes.saturating_mul(60))
    }
}

/// `POST /users/me/api_keys`: the key is told this once.
pub(crate) async fn create_own_key(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    tenantry_http::Json { body: Object(body), .. }: tenantry_http::Json<Zenml, Object<ApiKeyCreate>>,
) -> Result<Response, Refused<Zenml>> {
    let core = &served.core;
    let seconds = body.seconds();
    require_length("name", &body.name, NAME_MAX)?;
    let new = NewToken {
        title: body.name,
        seconds,
        as_key: true,
        unique_title: true,
        description: body.description,
        ..NewToken::default()
    };
    let (made, secret) = core.create_own_token(&who.caller, new).await.map_err(in_words)?;
    let shown = ApiKeyRead::with_secret(core.clock().now(), &made, &secret);
    Ok((NO_STORE, Json(shown)).into_response())
}

/// A member that is absent or `null` is left alone, but that `null` clears the description.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.ApiKeyUpdate")]
#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
pub(crate) struct ApiKeyUpdate {
    #[schemars(length(min = 1, max = NAME_MAX))]
    pub(crate) name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    pub(crate) description: Option<Option<String>>,
    /// Whether it counts, or is put to sleep.
    pub(crate) active: Option<bool>,
}

impl ApiKeyUpdate {
    /// The change, by which no two keys come to one name.
    ///
    /// # Errors
    /// `Kind::Invalid` for a name that is longer than the vendor has it.
    pub(crate) fn change(self) -> Result<ApiKeyChange> {
        let Self { name: title, description, active } = self;
        title.as_deref().map_or(Ok(()), |name| require_length("name", name, NAME_MAX))?;
        let unique_title = title.is_some();
        Ok(ApiKeyChange { title, unique_title, description, active, ..ApiKeyChange::default() })
    }
}

/// `PATCH /users/me/api_keys/{key}`, by id or name.
pub(crate) async fn update_own_key(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([key]): Segments<1>,
    tenantry_http::Json { body: Object(body), .. }: tenantry_http::Json<Zenml, Object<ApiKeyUpdate>>,
) -> Result<Json<ApiKeyRead>, Refused<Zenml>> {
    let core = &served.core;
    let id = find(core, &who, &key).await?.credential.id;
    let changed = core.update_own_token(&who.caller, id, body.change()?).await;
    Ok(Json(ApiKeyRead::at(core.clock().now(), &changed.map_err(in_words)?)))
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

/// The caller's own key of this id or name.
async fn find(core: &Core, who: &Authenticated<Zenml>, text: &str) -> Result<ApiKey> {
    if let Some(id) = CredentialId::parse(text) {
        return core.get_own_token(&who.caller, id).await;
    }
    only(core.list_own_tokens(&who.caller, called(text)).await?)
}

/// The one key of a name. Other dialects let several have one: then none is meant more than another.
pub(crate) fn only(mut called_so: Page<ApiKey>) -> Result<ApiKey> {
    if called_so.items.len() > 1 {
        let message = "several keys are called so: name the one by its id";
        return Err(Error::new(Kind::Conflict, "api_key.ambiguous", message));
    }
    called_so.items.pop().ok_or_else(|| Error::not_found("API key"))
}

/// The keys of a name, the newest first.
pub(crate) fn called(name: &str) -> ListQuery<ApiKeyField> {
    every(Filter::Is(ApiKeyField::Title, Test::Text(Comparison::Equal, name.trim().to_owned())))
}

fn every(filter: Filter<ApiKeyField>) -> ListQuery<ApiKeyField> {
    let page = PageRequest {
        order: vec![Order::descending(ApiKeyField::CreatedAt)],
        start: Start::Beginning,
        limit: MOST,
    };
    ListQuery { filter, page }
}

pub(crate) fn in_words(error: Error) -> Error {
    error.naming_fields(|field| match field {
        "title" => Some("name"),
        "ttl" | "seconds" => Some("expires_in_minutes"),
        _ => None,
    })
}
