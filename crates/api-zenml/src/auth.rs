//! `/auth`, but for the token endpoint: what the vendor's dashboard uses around a sign-in. None of it sets a cookie.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use schemars::JsonSchema;
use serde::Serialize;
use tenantry_core::ids::{IssuerId, WorkspaceId};
use tenantry_core::{Error, Result};
use tenantry_http::{Authenticated, Refused, Segments, Served, Source, bearer, encode_query};

use crate::Zenml;
use crate::login::{NO_STORE, TokenResponse};
use crate::openapi::Id;
use crate::params::{Params, missing};
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
/// it. A `redirect_uri` or `state` is refused: nobody is sent to an address that somebody else chose.
pub(crate) async fn get_sign_in_address(
    State(served): State<Served>,
    from: Source,
    params: Params,
) -> Result<Json<String>, Refused<Zenml>> {
    served.admit_stranger(from)?;
    for name in ["redirect_uri", "state"] {
        params.value(name, "nobody is sent on from here: leave it out", |_| None::<()>)?;
    }
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

/// `GET /auth/callback`: on to the page to which issuers send people back, with what the issuer said. There it counts in the
/// browser alone that left.
pub(crate) async fn finish_sign_in(
    State(served): State<Served>,
    from: Source,
    params: Params,
) -> Result<Redirect, Refused<Zenml>> {
    served.admit_stranger(from)?;
    let mut said = Vec::new();
    for name in ["code", "state", "iss", "error"] {
        said.extend(params.text(name)?.map(|text| (name, text)));
    }
    if params.text("state")?.is_none() {
        return Err(missing("state").into());
    }
    Ok(Redirect::to(&served.address(&format!("/login/issuer/callback?{}", encode_query(said)))))
}

/// `POST /auth/logout`: ends the access token that is shown, and the login of the program that it was given to. One that is
/// good for less, or was got for another one, ends alone. Keys and personal tokens stay, but for those that were made with that
/// login.
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
