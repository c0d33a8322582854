//! `POST /oauth2/introspect` (RFC 7662) and `POST /oauth2/revoke` (RFC 7009).

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::Serialize;
use tenantry_core::credential::TokenKind;
use tenantry_core::oauth::Introspection;
use tenantry_core::principal::Principal;
use tenantry_http::{Form, Refused, Served, Source, TokenEndpoint, Whence};

use crate::claims::{self, SignedAccess, seconds};
use crate::keyring::Keyring;
use crate::token::{NOT_KEPT, prove};

/// What a token is good for. Of one that is not active, nothing else is told.
#[derive(Default, Serialize, JsonSchema)]
#[schemars(rename = "oauth.Introspection")]
pub(crate) struct Told {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
}

impl Told {
    fn of(told: &Introspection, client: &str, issuer: String) -> Self {
        let credential = &told.found.credential;
        Self {
            active: true,
            scope: Some(told.scopes.to_string()),
            client_id: Some(client.to_owned()),
            username: Some(told.found.principal.username.clone()),
            token_type: (credential.kind == TokenKind::Access).then_some("Bearer"),
            sub: Some(told.found.principal.id.to_string()),
            aud: told.authorization.as_ref().and_then(|it| it.audience.clone()).or(Some(issuer.clone())),
            iss: Some(issuer),
            exp: credential.expires_at.map(seconds),
            iat: Some(seconds(credential.created_at)),
        }
    }

    /// What a signed token says, and who the person is today.
    fn of_signed(read: SignedAccess, person: &Principal, client: &str, issuer: String) -> Self {
        Self {
            active: true,
            scope: Some(read.scope),
            client_id: Some(client.to_owned()),
            username: Some(person.username.clone()),
            token_type: Some("Bearer"),
            sub: Some(read.sub),
            aud: Some(read.aud),
            iss: Some(issuer),
            exp: Some(read.exp),
            iat: Some(read.iat),
        }
    }
}

/// Tells a client what one of its own tokens is good for.
pub(crate) async fn introspect(
    State(served): State<Served>,
    Extension(keyring): Extension<Arc<Keyring>>,
    Whence(from): Whence,
    headers: HeaderMap,
    form: Form<TokenEndpoint>,
) -> Result<Response, Refused<TokenEndpoint>> {
    served.admit_stranger(Source(from.source))?;
    let client = prove(&served, &headers, &form, &from).await?;
    let token = form.required("token")?;
    let (id, issuer) = (&client.client.id, served.address(""));
    let told = match claims::read_access(&served, &keyring, (id, token)).await? {
        Some(read) => match read.authorization() {
            Some(authorization) => served.core.introspect_signed(&client, authorization).await?,
            None => None,
        }
        .map(|(_, person)| Told::of_signed(read, &person, id, issuer)),
        None => served.core.introspect(&client, token).await?.map(|told| Told::of(&told, id, issuer)),
    };
    let told = told.unwrap_or_default();
    Ok((NOT_KEPT, Json(told)).into_response())
}

/// Ends one of a client's own tokens, and what a signed one was given for. A token that is none is none the worse.
pub(crate) async fn revoke(
    State(served): State<Served>,
    Extension(keyring): Extension<Arc<Keyring>>,
    Whence(from): Whence,
    headers: HeaderMap,
    form: Form<TokenEndpoint>,
) -> Result<Response, Refused<TokenEndpoint>> {
    served.admit_stranger(Source(from.source))?;
    let client = prove(&served, &headers, &form, &from).await?;
    let token = form.required("token")?;
    let signed = claims::read_access(&served, &keyring, (&client.client.id, token)).await?;
    match signed.and_then(|read| read.authorization()) {
        Some(authorization) => served.core.revoke_signed(&client, authorization).await?,
        None => served.core.revoke_token(&client, token).await?,
    }
    Ok((StatusCode::OK, NOT_KEPT).into_response())
}
