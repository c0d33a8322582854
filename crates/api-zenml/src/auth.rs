//! `/auth`, but for the token endpoint: what the vendor's dashboard uses around a sign-in. None of it sets a cookie.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use tenantry_core::ids::WorkspaceId;
use tenantry_core::{Error, Kind, Result};
use tenantry_http::{Authenticated, Refused, Segments, Served, bearer};

use crate::Zenml;
use crate::login::{NO_STORE, TokenResponse};

/// `GET /auth/connections`: providers to sign in with elsewhere. There are none.
pub(crate) async fn list_connections() -> Json<[&'static str; 0]> {
    Json([])
}

/// `GET /auth/authorize`: the address where somebody signs in with a browser.
pub(crate) async fn get_sign_in_address(State(served): State<Served>) -> Json<String> {
    Json(served.address("/login"))
}

/// `GET /auth/callback`: nobody was sent away to come back here.
pub(crate) async fn finish_sign_in() -> Refused<Zenml> {
    let message = "no sign-in is under way that would end here";
    Error::new(Kind::Precondition, "sign_in.none_under_way", message).into()
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
