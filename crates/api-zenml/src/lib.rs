//! The ZenML Pro dialect: what `zenml`, `kitaru` and every ZenML server in Pro mode speak.
//!
//! A codec and a route table. Lists are bare arrays with `offset` and `limit`; every success is 200 with a JSON body,
//! also where there is nothing to say (`null`), since the client parses each. Errors have FastAPI's shape (`error`).
//! Unknown routes at the root of the server are this dialect's too. Its decisions stand in `docs/dialects/zenml.md`.

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
}

/// The dialect's router. The server gives it whatever is no other dialect's.
pub fn router(served: Served) -> Router {
    enclose::<Zenml>(routes().into_router(), served)
}
