//! The Seequent Evo dialect: what `evo-sdk-common` speaks, under `/workspace`, `/folder`, `/evo` and `/connect`.
//!
//! `docs/dialects/evo.md` tells what is served and every decision that the vendor's pages leave open. Start reading at
//! [`router`].

mod client;
mod error;
mod filters;
mod openapi;
mod order;
mod page;
mod token;
mod workspace;
mod workspaces;

use axum::Router;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use tenantry_core::Error;
use tenantry_http::{Dialect, Refusal, Routes, Served, bearer, enclose};

pub use openapi::api;

/// The dialect: problem details for errors, bearer tokens for credentials.
pub struct Evo;

impl Dialect for Evo {
    fn refuse(refusal: &Refusal) -> Response {
        error::problem(refusal)
    }

    fn credential(headers: &HeaderMap) -> Result<Option<String>, Error> {
        bearer(headers)
    }
}

/// Every route of the dialect.
pub fn routes() -> Routes {
    Routes::default()
        .route(
            Method::GET,
            "/workspace/orgs/{org_id}/workspaces",
            workspaces::list_workspaces,
            openapi::list_workspaces(),
        )
        .route(Method::GET, "/connect/authorize", token::authorize, openapi::authorize())
        .route(Method::POST, "/connect/token", token::issue_token, openapi::issue_token())
}

/// The dialect's router. The server gives it what begins with `/workspace`, `/folder`, `/evo` or `/connect`.
pub fn router(served: Served) -> Router {
    enclose::<Evo>(routes().into_router(), served)
}
