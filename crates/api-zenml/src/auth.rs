//! `/auth`, but for the token endpoint: what the vendor's dashboard uses around a sign-in. None of it sets a cookie.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use tenantry_core::ids::{IssuerId, WorkspaceId};
use tenantry_core::{Error, Kind, Result};
use tenantry_http::{Authenticated, Refused, Segments, Served, Source, bearer, encode_query};

use crate::Zenml;
use crate::login::{NO_STORE, TokenResponse};
use crate::openapi::Id;
use crate::params::Params;
use crate::users::as_text;

/// A provider to sign in with.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.Connection")]
pub(crate) struct Connection {
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Id")]
    id: IssuerId,
    name: String,
}

/// `GET /auth/connections`: the issuers that the whole server trusts. Those of an organization are offered on the page of
/// sign-in, to who says who they are.
pub(crate) async fn list_connections(
    State(served): State<Served>,
    from: Source,
) -> Result<Json<Vec<Connection>>, Refused<Zenml>> {
    served.admit_stranger(from)?;
    let ways = served.core.ways_to_sign_in(None, "").await?;
    let offered = ways.issuers.into_iter().map(|issuer| Connection { id: issuer.id, name: issuer.title });
    Ok(Json(offered.collect()))
}

/// `GET /auth/authorize`: the address where somebody signs in with a browser; with a `connection`, the one that leads to
/// it.
pub(crate) async fn get_sign_in_address(
    State(served): State<Served>,
    from: Source,
    params: Params,
) -> Result<Json<String>, Refused<Zenml>> {
    served.admit_stranger(from)?;
    let ways = served.core.ways_to_sign_in(None, "").await?;
    let known = |text: &str| {
        let id = IssuerId::parse(text)?;
        ways.issuers.iter().any(|issuer| issuer.id == id).then(|| id.to_string())
    };
    let address = match params.value("connection", "expected the id of a connection", known)? {
        Some(issuer) => format!("/login/issuer?{}", encode_query([("issuer", &*issuer)])),
        None => "/login".to_owned(),
    };
    Ok(Json(served.address(&address)))
}

/// `GET /auth/callback`: nobody was sent away to come back here; issuers send people to a page of the server's own.
pub(crate) async fn finish_sign_in(
    State(served): State<Served>,
    from: Source,
) -> Result<Json<()>, Refused<Zenml>> {
    served.admit_stranger(from)?;
    let message = "no sign-in is under way that would end here";
    Err(Error::new(Kind::Precondition, "sign_in.none_under_way", message).into())
}

/// `POST /auth/logout`: ends the access token that is shown. Keys and personal tokens stay.
pub(crate) async fn sign_out(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    headers: HeaderMap,
) -> Result<Json<()>, Refused<Zenml>> {
    served.core.sign_out(&shown(&headers)?, who.caller.request_id).await?;
    Ok(Json(()))
}

/// `GET /auth/api_token`: a token of an hour at most for who shows one, as a bare text.
pub(crate) async fn get_api_token(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    headers: HeaderMap,
) -> Result<Response, Refused<Zenml>> {
    let issued = served.core.derive_token(&shown(&headers)?, None, who.caller.request_id).await?;
    Ok((NO_STORE, Json(issued.secret.expose())).into_response())
}

/// `POST /auth/workspace_authorization/{workspace}`, and the same under its former name: a token for one workspace.
pub(crate) async fn authorize_workspace(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([workspace]): Segments<1>,
    headers: HeaderMap,
) -> Result<Response, Refused<Zenml>> {
    let workspace = WorkspaceId::parse(&workspace).ok_or_else(|| Error::hidden("workspace"))?;
    let core = &served.core;
    let issued = core.derive_token(&shown(&headers)?, Some(workspace), who.caller.request_id).await?;
    Ok((NO_STORE, Json(TokenResponse::of(&issued))).into_response())
}

fn shown(headers: &HeaderMap) -> Result<String> {
    bearer(headers)?.ok_or_else(Error::no_credential)
}
