//! The Dreadnode dialect: what the `dreadnode` client speaks, under `/api` and `/api/v1`.
//!
//! `docs/dialects/dreadnode.md` tells what is served and every decision that the vendor's pages leave open. Start
//! reading at [`router`].

mod api_keys;
mod auth;
mod credential;
mod error;
mod openapi;
mod page;
mod user;
mod workspaces;

use axum::Router;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use tenantry_core::Error;
use tenantry_http::{Dialect, Refusal, Routes, Served, enclose};

pub use openapi::api;

/// The dialect: one envelope for errors, an API key or a bearer token for credentials.
pub struct Dreadnode;

impl Dialect for Dreadnode {
    fn refuse(refusal: &Refusal) -> Response {
        error::envelope(refusal)
    }

    fn credential(headers: &HeaderMap) -> Result<Option<String>, Error> {
        credential::credential(headers)
    }
}

/// Every route of the dialect.
pub fn routes() -> Routes {
    const API_KEYS: &str = "/api/v1/user/api-keys";
    Routes::default()
        .route(Method::POST, "/api/v1/auth/login", auth::login, openapi::login())
        .route(Method::POST, "/api/v1/auth/logout", auth::logout, openapi::logout())
        .route(Method::POST, "/api/v1/auth/refresh", auth::refresh_token, openapi::refresh_token())
        .route(
            Method::POST,
            "/api/v1/auth/device/code",
            auth::create_device_code,
            openapi::create_device_code(),
        )
        .route(
            Method::GET,
            "/api/v1/auth/device/code/{device_code}",
            auth::poll_device_code,
            openapi::poll_device_code(),
        )
        .route(
            Method::POST,
            "/api/v1/auth/device/token",
            auth::exchange_device_code,
            openapi::exchange_device_code(),
        )
        .route(Method::GET, "/api/v1/user", user::get_user, openapi::get_user())
        .route(
            Method::GET,
            "/api/v1/user/organizations",
            user::list_user_organizations,
            openapi::list_user_organizations(),
        )
        .route(Method::GET, API_KEYS, api_keys::list_api_keys, openapi::list_api_keys())
        .route(Method::POST, API_KEYS, api_keys::create_api_key, openapi::create_api_key())
        .route(
            Method::DELETE,
            "/api/v1/user/api-keys/self",
            api_keys::revoke_self_api_key,
            openapi::revoke_self_api_key(),
        )
        .route(
            Method::DELETE,
            "/api/v1/user/api-keys/{api_key_id}",
            api_keys::delete_api_key,
            openapi::delete_api_key(),
        )
        .route(
            Method::GET,
            "/api/v1/org/{org}/ws",
            workspaces::list_organization_workspaces,
            openapi::list_organization_workspaces(),
        )
}

/// The dialect's router. The server gives it what begins with `/api`, less the paths of the AIP dialect.
pub fn router(served: Served) -> Router {
    enclose::<Dreadnode>(routes().into_router(), served)
}
