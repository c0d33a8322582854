//! The AIP dialect: our native tongue, in the style of Google's API Improvement Proposals. What Kognitos publishes of its
//! workspaces API is a byte-compatible part of it.
//!
//! A handler reads the request into words of the core, calls one use case, and writes the answer; refusals are framed
//! in `error.rs`. Permission comes before validation, and validation before existence (AIP-193, AIP-211).

mod args;
mod body;
mod error;
mod invites;
mod names;
mod page;
mod parents;
mod people;
mod permissions;
mod preferences;
mod roles;
mod users;
mod workspace;
mod workspaces;

use axum::http::Method;
use axum::{Extension, Router};
use tenantry_http::{Routes, Served, enclose};

pub use error::Aip;
pub use page::PageTokens;

/// A path under the workspaces of an organization.
macro_rules! workspaces {
    ($rest:literal) => {
        concat!("/api/v1/organizations/{organization}/workspaces", $rest)
    };
}

/// Every route of the dialect.
pub fn routes() -> Routes {
    Routes::default()
        // POST on an organization or a workspace is always a custom method behind a colon, such as `:undelete`.
        .route(Method::POST, "/api/v1/organizations/{organization}", permissions::organization_custom_method)
        .route(Method::GET, workspaces!(""), workspaces::list_workspaces)
        .route(Method::POST, workspaces!(""), workspaces::create_workspace)
        .route(Method::POST, workspaces!(":countUsers"), users::count_workspace_users)
        .route(Method::GET, workspaces!("/{workspace}"), workspaces::get_workspace)
        .route(Method::PATCH, workspaces!("/{workspace}"), workspaces::update_workspace)
        .route(Method::DELETE, workspaces!("/{workspace}"), workspaces::delete_workspace)
        .route(Method::POST, workspaces!("/{workspace}"), workspaces::custom_method)
        .route(Method::GET, workspaces!("/{workspace}/preferences"), preferences::get_workspace_preferences)
        .route(Method::GET, workspaces!("/{workspace}/invites"), invites::list_workspace_invites)
        .route(Method::GET, workspaces!("/{workspace}/roles"), roles::list_workspace_roles)
        .route(Method::GET, workspaces!("/{workspace}/users"), users::list_workspace_users)
        .route(Method::POST, workspaces!("/{workspace}/users"), people::add_workspace_user)
        .route(Method::PATCH, workspaces!("/{workspace}/users/{user}"), people::update_workspace_user)
        .route(Method::DELETE, workspaces!("/{workspace}/users/{user}"), people::remove_workspace_user)
        .route(
            Method::GET,
            "/api/v1/me/organizations/{organization}/workspaces",
            workspaces::list_own_workspaces,
        )
}

/// Everything under `/api/v1/organizations` and `/api/v1/me`.
pub fn router(served: Served, page_tokens: PageTokens) -> Router {
    enclose::<Aip>(routes().into_router(), served).layer(Extension(page_tokens))
}
