//! The ZenML Pro dialect: what `zenml`, `kitaru` and every ZenML server in Pro mode speak.
//!
//! A codec and a route table. Lists are bare arrays with `offset` and `limit`; every success is 200 with a JSON body,
//! also where there is nothing to say (`null`), since the client parses each. Errors have FastAPI's shape (`error`).
//! Unknown routes at the root of the server are this dialect's too. Its decisions stand in `docs/dialects/zenml.md`.

mod auth;
mod devices;
mod error;
mod login;
mod openapi;
mod organizations;
mod params;
mod users;
mod workspaces;

use axum::Router;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use tenantry_core::Result;
use tenantry_http::{Dialect, Refusal, Routes, Served, bearer, enclose};

pub use openapi::api;

/// The dialect: FastAPI's shape for errors, bearer tokens for credentials.
pub struct Zenml;

impl Dialect for Zenml {
    fn refuse(refusal: &Refusal) -> Response {
        error::refuse(refusal)
    }

    fn credential(headers: &HeaderMap) -> Result<Option<String>> {
        bearer(headers)
    }
}

/// Every route of the dialect.
pub fn routes() -> Routes {
    const ORGANIZATION: &str = "/organizations/{organization}";
    const DEVICE: &str = "/devices/{device}";
    Routes::default()
        .route(
            Method::GET,
            "/organizations",
            organizations::list_organizations,
            openapi::list_organizations(),
        )
        .route(
            Method::POST,
            "/organizations",
            organizations::create_organization,
            openapi::create_organization(),
        )
        .route(Method::GET, ORGANIZATION, organizations::get_organization, openapi::get_organization())
        .route(
            Method::PATCH,
            ORGANIZATION,
            organizations::update_organization,
            openapi::update_organization(),
        )
        .route(
            Method::DELETE,
            ORGANIZATION,
            organizations::delete_organization,
            openapi::delete_organization(),
        )
        .route(
            Method::GET,
            "/organizations/{organization}/tenants",
            workspaces::list_workspaces,
            openapi::list_workspaces(),
        )
        .route(Method::POST, "/auth/login", login::sign_in, openapi::sign_in())
        .route(
            Method::POST,
            "/auth/device_authorization",
            devices::start_device_login,
            openapi::start_device_login(),
        )
        .route(Method::GET, "/auth/connections", auth::list_connections, openapi::list_connections())
        .route(Method::GET, "/auth/authorize", auth::get_sign_in_address, openapi::get_sign_in_address())
        .route(Method::GET, "/auth/callback", auth::finish_sign_in, openapi::finish_sign_in())
        .route(Method::POST, "/auth/logout", auth::sign_out, openapi::sign_out())
        .route(Method::GET, "/auth/api_token", auth::get_api_token, openapi::get_api_token())
        .route(
            Method::POST,
            "/auth/tenant_authorization/{workspace}",
            auth::authorize_workspace,
            openapi::authorize_tenant(),
        )
        .route(
            Method::POST,
            "/auth/workspace_authorization/{workspace}",
            auth::authorize_workspace,
            openapi::authorize_workspace(),
        )
        .route(Method::GET, "/devices", devices::list_devices, openapi::list_devices())
        .route(Method::PUT, "/devices/verify", devices::verify_device, openapi::verify_device())
        .route(Method::GET, DEVICE, devices::get_device, openapi::get_device())
        .route(Method::PUT, DEVICE, devices::update_device, openapi::update_device())
        .route(Method::DELETE, DEVICE, devices::delete_device, openapi::delete_device())
}

/// The dialect's router. The server gives it whatever is no other dialect's.
pub fn router(served: Served) -> Router {
    enclose::<Zenml>(routes().into_router(), served)
}
