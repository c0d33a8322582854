//! `/api/v1/user/api-keys`: personal access tokens. A key is made with a token of a device login, and with both headers at
//! once where the client has a key already.

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, HeaderName};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tenantry_core::authz::OrganizationRef;
use tenantry_core::credential::{API_KEY_TITLE_MAX, Access, ApiKey, ApiKeyField, Credential, NewToken};
use tenantry_core::ids::{CredentialId, WorkspaceId};
use tenantry_core::page::{Order, PageRequest, Start};
use tenantry_core::permission::{Permission, PermissionSet};
use tenantry_core::{Error, Result};
use tenantry_http::{Authenticated, Dialect, Object, Refused, Segments, Served};
use uuid::Uuid;

use crate::Dreadnode;

const NO_STORE: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];
/// How many keys are listed: the list has no pages. More than can count at once.
const MOST: usize = 1_000;
/// The name of a key whose maker gives none.
const UNNAMED: &str = "API key";

/// What a new key is made of.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "dreadnode.ApiKeyCreate")]
pub(crate) struct ApiKeyCreate {
    name: Option<String>,
    allow_self_revoke: Option<bool>,
    org_id: Option<String>,
    workspace_id: Option<String>,
    /// Published names of permissions, such as `read:Workspace`; without any, everything that the caller may do.
    allowed_scopes: Option<Vec<String>>,
}

/// A key.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "dreadnode.ApiKey")]
pub(crate) struct ApiKeyRead {
    id: String,
    name: String,
    masked_key: String,
    allow_self_revoke: bool,
    allowed_scopes: Option<Vec<&'static str>>,
    org_id: Option<String>,
    workspace_id: Option<String>,
    created_at: String,
    active: bool,
    last_used_at: Option<String>,
}

/// A key that was just made, which is shown this once.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "dreadnode.ApiKeyCreated")]
pub(crate) struct ApiKeyCreated {
    #[serde(flatten)]
    read: ApiKeyRead,
    key: String,
}

impl ApiKeyRead {
    fn of(credential: Credential, ends_itself: bool) -> Self {
        // Other dialects make keys for several workspaces; this one knows one or all of them.
        let workspace = credential.workspaces.as_deref().and_then(|ids| ids.first());
        Self {
            id: credential.id.to_string(),
            masked_key: format!("{}...", credential.beginning()),
            name: credential.title,
            allow_self_revoke: ends_itself,
            allowed_scopes: credential
                .access
                .permissions()
                .map(|only| only.iter().map(Permission::name).collect()),
            org_id: credential.organization.map(|id| id.to_string()),
            workspace_id: workspace.map(WorkspaceId::to_string),
            created_at: credential.created_at.to_string(),
            active: true,
            last_used_at: None,
        }
    }
}

/// `GET /api/v1/user/api-keys`: a bare list, the newest first, without what has expired.
pub(crate) async fn list_api_keys(
    State(served): State<Served>,
    who: Authenticated<Dreadnode>,
) -> Result<Json<Vec<ApiKeyRead>>, Refused<Dreadnode>> {
    let page = PageRequest {
        order: vec![Order::descending(ApiKeyField::CreatedAt)],
        start: Start::Beginning,
        limit: MOST,
    };
    let keys = served.core.list_own_tokens(&who.caller, page.into()).await?;
    let now = served.core.clock().now();
    let read = |key: ApiKey| ApiKeyRead {
        active: key.counts(now),
        last_used_at: key.last_used_at.map(|at| at.to_string()),
        ..ApiKeyRead::of(key.credential, key.ends_itself)
    };
    Ok(Json(keys.items.into_iter().map(read).collect()))
}

/// `POST /api/v1/user/api-keys`: the key is shown this once.
pub(crate) async fn create_api_key(
    State(served): State<Served>,
    who: Authenticated<Dreadnode>,
    tenantry_http::Json { body: Object(body), .. }: tenantry_http::Json<Dreadnode, Object<ApiKeyCreate>>,
) -> Result<Response, Refused<Dreadnode>> {
    let ends_itself = body.allow_self_revoke.unwrap_or_default();
    let title = body.name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| UNNAMED.to_owned());
    let title: String = title.chars().take(API_KEY_TITLE_MAX).collect();
    // A malformed id is an unknown one.
    let workspace = |text: String| WorkspaceId::parse(&text).unwrap_or(WorkspaceId::from_uuid(Uuid::nil()));
    let new = NewToken {
        title,
        organization: body.org_id.as_deref().map(OrganizationRef::parse),
        workspaces: body.workspace_id.map(workspace).into_iter().collect(),
        access: body.allowed_scopes.map_or(Ok(Access::Everything), |words| read_scopes(&words))?,
        ends_itself,
        ..NewToken::default()
    };
    let made = served.core.create_own_token(&who.caller, new).await;
    let (made, secret) = made.map_err(|error| error.naming_fields(field_of_wire))?;
    let key = secret.expose().to_owned();
    let body = ApiKeyCreated { read: ApiKeyRead::of(made.credential, ends_itself), key };
    Ok((StatusCode::CREATED, NO_STORE, Json(body)).into_response())
}

/// `DELETE /api/v1/user/api-keys/self`: ends the key that is shown, if it was made for that.
pub(crate) async fn revoke_self_api_key(
    State(served): State<Served>,
    who: Authenticated<Dreadnode>,
    headers: HeaderMap,
) -> Result<StatusCode, Refused<Dreadnode>> {
    let shown = Dreadnode::credential(&headers)?.ok_or_else(Error::no_credential)?;
    served.core.end_shown_token(&shown, who.caller.request_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/v1/user/api-keys/{api_key_id}`: one of the caller's own.
pub(crate) async fn delete_api_key(
    State(served): State<Served>,
    who: Authenticated<Dreadnode>,
    Segments([id]): Segments<1>,
) -> Result<StatusCode, Refused<Dreadnode>> {
    let id = CredentialId::parse(&id).unwrap_or(CredentialId::from_uuid(Uuid::nil()));
    served.core.delete_own_token(&who.caller, id, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn read_scopes(words: &[String]) -> Result<Access> {
    let known = |(at, word): (usize, &String)| {
        let expected = "expected the name of a permission such as read:Workspace";
        Permission::from_name(word)
            .ok_or_else(|| Error::invalid(format!("allowed_scopes[{at}]"), "unknown", expected))
    };
    let permissions: PermissionSet = words.iter().enumerate().map(known).collect::<Result<_>>()?;
    Ok(Access::Only(permissions))
}

fn field_of_wire(field: &str) -> Option<&'static str> {
    match field {
        "title" => Some("name"),
        "organization" => Some("org_id"),
        "workspace_ids" => Some("workspace_id"),
        _ => None,
    }
}
