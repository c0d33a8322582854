//! The Dreadnode dialect: what the `dreadnode` client speaks, under `/api` and `/api/v1`.
//!
//! `docs/dialects/dreadnode.md` tells what is served and every decision that the vendor's pages leave open. Start
//! reading at [`router`].

mod credential;
mod error;
mod openapi;
mod page;
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
    Routes::default().route(
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
