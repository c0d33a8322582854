//! The Seequent Evo dialect: what `evo-sdk-common` speaks, under `/workspace`, `/folder`, `/evo` and `/connect`.
//!
//! `docs/dialects/evo.md` tells what is served and every decision that the vendor's pages leave open. Start reading at
//! [`router`].

mod client;
mod error;
mod filters;
mod order;
mod page;
mod token;
mod workspace;
mod workspaces;

use axum::Router;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use tenantry_core::Error;
use tenantry_http::{Dialect, Refusal, Served, bearer, enclose};

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

/// Every route of the dialect. The server gives it what begins with `/workspace`, `/folder`, `/evo` or `/connect`.
pub fn router(served: Served) -> Router {
    let routes = Router::new()
        .route("/workspace/orgs/{org_id}/workspaces", get(workspaces::list_workspaces))
        .route("/connect/token", post(token::issue_token));
    enclose::<Evo>(routes, served)
}
