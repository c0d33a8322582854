//! The AIP dialect: our native tongue, in the style of Google's API Improvement Proposals. What Kognitos publishes of its
//! workspaces API is a byte-compatible part of it.
//!
//! A handler reads the request into words of the core, calls one use case, and writes the answer; refusals are framed
//! in `error.rs`. Permission comes before validation, and validation before existence (AIP-193, AIP-211).

mod account_secrets;
mod accounts;
mod api_keys;
mod args;
mod assignments;
mod body;
mod change;
mod entitlements;
mod error;
mod etag;
mod filters;
mod invites;
mod issuers;
mod me;
mod message;
mod names;
mod openapi;
mod organizations;
mod own;
mod page;
mod parents;
mod people;
mod permissions;
mod preferences;
mod read;
mod resource;
mod resource_info;
mod roles;
mod service_accounts;
mod teams;
mod users;
mod workspace;
mod workspace_server;
mod workspaces;

use axum::http::Method;
use axum::middleware::from_fn;
use axum::{Extension, Router};
use tenantry_http::{Routes, Served, enclose};

pub use error::Aip;
pub use openapi::api;
pub use page::PageTokens;

/// A path under the organizations.
macro_rules! organizations {
    ($rest:literal) => {
        concat!("/api/v1/organizations", $rest)
    };
}

/// A path under the workspaces of an organization.
macro_rules! workspaces {
    ($rest:literal) => {
        concat!("/api/v1/organizations/{organization}/workspaces", $rest)
    };
}

/// Every route of the dialect.
pub fn routes() -> Routes {
    let routes = own::routes(Routes::default());
    let routes = account_secrets::routes(service_accounts::routes(routes));
    let routes = entitlements::routes(workspace_server::routes(routes));
    issuers::routes(assignments::routes(teams::routes(routes)))
        .route(Method::GET, "/api/v1/me", me::get_current_user, openapi::accounts::get_current_user())
        .route(Method::PATCH, "/api/v1/me", me::update_current_user, openapi::accounts::update_current_user())
        .route(
            Method::POST,
            "/api/v1/me:changePassword",
            me::change_password,
            openapi::accounts::change_password(),
        )
        .route(Method::POST, "/api/v1/me:changeEmail", me::change_email, openapi::accounts::change_email())
        .route(
            Method::POST,
            "/api/v1/me:requestEmailVerification",
            me::request_email_verification,
            openapi::accounts::request_email_verification(),
        )
        .route(Method::GET, "/api/v1/users", accounts::list_users, openapi::accounts::list_users())
        .route(Method::POST, "/api/v1/users", accounts::create_user, openapi::accounts::create_user())
        .route(Method::GET, "/api/v1/users/{user}", accounts::get_user, openapi::accounts::get_user())
        .route(Method::PATCH, "/api/v1/users/{user}", accounts::update_user, openapi::accounts::update_user())
        .route(
            Method::DELETE,
            "/api/v1/users/{user}",
            accounts::delete_user,
            openapi::accounts::delete_user(),
        )
        // `:suspend`, `:resume`, `:sendActivation`.
        .route(
            Method::POST,
            "/api/v1/users/{user}",
            accounts::custom_method,
            [
                ("suspend", openapi::accounts::suspend_user()),
                ("resume", openapi::accounts::resume_user()),
                ("sendActivation", openapi::accounts::send_activation()),
            ],
        )
        .route(
            Method::GET,
            "/api/v1/me/organizations",
            organizations::list_own_organizations,
            openapi::organizations::list_own_organizations(),
        )
        .route(
            Method::GET,
            organizations!(""),
            organizations::list_organizations,
            openapi::organizations::list_organizations(),
        )
        .route(
            Method::POST,
            organizations!(""),
            organizations::create_organization,
            openapi::organizations::create_organization(),
        )
        .route(
            Method::GET,
            organizations!("/{organization}"),
            organizations::get_organization,
            openapi::organizations::get_organization(),
        )
        .route(
            Method::PATCH,
            organizations!("/{organization}"),
            organizations::update_organization,
            openapi::organizations::update_organization(),
        )
        .route(
            Method::DELETE,
            organizations!("/{organization}"),
            organizations::delete_organization,
            openapi::organizations::delete_organization(),
        )
        // POST on an organization or a workspace is always a custom method behind a colon, such as `:undelete`.
        .route(
            Method::POST,
            organizations!("/{organization}"),
            organizations::custom_method,
            [
                ("undelete", openapi::organizations::undelete_organization()),
                ("transferOwnership", openapi::organizations::transfer_ownership()),
                ("testPermissions", openapi::organizations::test_organization_permissions()),
            ],
        )
        .route(
            Method::GET,
            organizations!("/{organization}/preferences"),
            preferences::get_organization_preferences,
            openapi::organizations::get_organization_preferences(),
        )
        .route(
            Method::PATCH,
            organizations!("/{organization}/preferences"),
            preferences::update_organization_preferences,
            openapi::organizations::update_organization_preferences(),
        )
        .route(
            Method::GET,
            organizations!("/{organization}/apiKeys"),
            api_keys::list_api_keys,
            openapi::api_keys::list_api_keys(),
        )
        .route(
            Method::POST,
            organizations!("/{organization}/apiKeys"),
            api_keys::create_api_key,
            openapi::api_keys::create_api_key(),
        )
        .route(
            Method::GET,
            organizations!("/{organization}/apiKeys/{key}"),
            api_keys::get_api_key,
            openapi::api_keys::get_api_key(),
        )
        .route(
            Method::PATCH,
            organizations!("/{organization}/apiKeys/{key}"),
            api_keys::update_api_key,
            openapi::api_keys::update_api_key(),
        )
        .route(
            Method::DELETE,
            organizations!("/{organization}/apiKeys/{key}"),
            api_keys::delete_api_key,
            openapi::api_keys::delete_api_key(),
        )
        .route(
            Method::GET,
            organizations!("/{organization}/invites"),
            invites::list_organization_invites,
            openapi::invites::list_organization_invites(),
        )
        .route(
            Method::POST,
            organizations!("/{organization}/invites"),
            invites::create_organization_invite,
            openapi::invites::create_organization_invite(),
        )
        .route(
            Method::DELETE,
            organizations!("/{organization}/invites/{invitation}"),
            invites::cancel_organization_invite,
            openapi::invites::cancel_organization_invite(),
        )
        .route(
            Method::GET,
            organizations!("/{organization}/invitations/{invitation}"),
            invites::get_invitation,
            openapi::invites::get_invitation(),
        )
        // `:accept`, `:decline`, `:resend`.
        .route(
            Method::POST,
            organizations!("/{organization}/invitations/{invitation}"),
            invites::custom_method,
            [
                ("accept", openapi::invites::accept_invitation()),
                ("decline", openapi::invites::decline_invitation()),
                ("resend", openapi::invites::resend_invitation()),
            ],
        )
        .route(
            Method::GET,
            organizations!("/{organization}/roles"),
            roles::list_organization_roles,
            openapi::roles::list_organization_roles(),
        )
        .route(
            Method::POST,
            organizations!("/{organization}/roles"),
            roles::create_organization_role,
            openapi::roles::create_organization_role(),
        )
        .route(
            Method::GET,
            organizations!("/{organization}/roles/{role}"),
            roles::get_organization_role,
            openapi::roles::get_organization_role(),
        )
        .route(
            Method::PATCH,
            organizations!("/{organization}/roles/{role}"),
            roles::update_organization_role,
            openapi::roles::update_organization_role(),
        )
        .route(
            Method::DELETE,
            organizations!("/{organization}/roles/{role}"),
            roles::delete_organization_role,
            openapi::roles::delete_organization_role(),
        )
        .route(
            Method::GET,
            organizations!("/{organization}/users"),
            users::list_organization_users,
            openapi::people::list_organization_users(),
        )
        .route(
            Method::POST,
            organizations!("/{organization}/users"),
            people::add_organization_user,
            openapi::people::add_organization_user(),
        )
        .route(
            Method::GET,
            organizations!("/{organization}/users/{user}"),
            users::get_user_basic_info,
            openapi::people::get_user_basic_info(),
        )
        .route(
            Method::PATCH,
            organizations!("/{organization}/users/{user}"),
            people::update_organization_user,
            openapi::people::update_organization_user(),
        )
        .route(
            Method::DELETE,
            organizations!("/{organization}/users/{user}"),
            people::remove_organization_user,
            openapi::people::remove_organization_user(),
        )
        .route(
            Method::GET,
            workspaces!(""),
            workspaces::list_workspaces,
            openapi::workspaces::list_workspaces(),
        )
        .route(
            Method::POST,
            workspaces!(""),
            workspaces::create_workspace,
            openapi::workspaces::create_workspace(),
        )
        .route(
            Method::POST,
            workspaces!(":countUsers"),
            users::count_workspace_users,
            openapi::workspaces::count_workspace_users(),
        )
        .route(
            Method::GET,
            workspaces!("/{workspace}"),
            workspaces::get_workspace,
            openapi::workspaces::get_workspace(),
        )
        .route(
            Method::PATCH,
            workspaces!("/{workspace}"),
            workspaces::update_workspace,
            openapi::workspaces::update_workspace(),
        )
        .route(
            Method::DELETE,
            workspaces!("/{workspace}"),
            workspaces::delete_workspace,
            openapi::workspaces::delete_workspace(),
        )
        .route(
            Method::POST,
            workspaces!("/{workspace}"),
            workspaces::custom_method,
            [
                ("undelete", openapi::workspaces::undelete_workspace()),
                ("testPermissions", openapi::workspaces::test_workspace_permissions()),
                ("rotateEnrollmentKey", openapi::workspace_server::rotate_enrollment_key()),
                ("reportServer", openapi::workspace_server::report_server()),
            ],
        )
        .route(
            Method::GET,
            workspaces!("/{workspace}/preferences"),
            preferences::get_workspace_preferences,
            openapi::workspaces::get_workspace_preferences(),
        )
        .route(
            Method::PATCH,
            workspaces!("/{workspace}/preferences"),
            preferences::update_workspace_preferences,
            openapi::workspaces::update_workspace_preferences(),
        )
        .route(
            Method::GET,
            workspaces!("/{workspace}/invites"),
            invites::list_workspace_invites,
            openapi::invites::list_workspace_invites(),
        )
        .route(
            Method::POST,
            workspaces!("/{workspace}/invites"),
            invites::create_workspace_invite,
            openapi::invites::create_workspace_invite(),
        )
        .route(
            Method::DELETE,
            workspaces!("/{workspace}/invites/{invitation}"),
            invites::cancel_workspace_invite,
            openapi::invites::cancel_workspace_invite(),
        )
        .route(
            Method::GET,
            workspaces!("/{workspace}/roles"),
            roles::list_workspace_roles,
            openapi::roles::list_workspace_roles(),
        )
        .route(
            Method::POST,
            workspaces!("/{workspace}/roles"),
            roles::create_workspace_role,
            openapi::roles::create_workspace_role(),
        )
        .route(
            Method::GET,
            workspaces!("/{workspace}/roles/{role}"),
            roles::get_workspace_role,
            openapi::roles::get_workspace_role(),
        )
        .route(
            Method::PATCH,
            workspaces!("/{workspace}/roles/{role}"),
            roles::update_workspace_role,
            openapi::roles::update_workspace_role(),
        )
        .route(
            Method::DELETE,
            workspaces!("/{workspace}/roles/{role}"),
            roles::delete_workspace_role,
            openapi::roles::delete_workspace_role(),
        )
        .route(
            Method::GET,
            workspaces!("/{workspace}/users"),
            users::list_workspace_users,
            openapi::people::list_workspace_users(),
        )
        .route(
            Method::POST,
            workspaces!("/{workspace}/users"),
            people::add_workspace_user,
            openapi::people::add_workspace_user(),
        )
        .route(
            Method::GET,
            workspaces!("/{workspace}/users/{user}"),
            users::get_workspace_user,
            openapi::people::get_workspace_user(),
        )
        .route(
            Method::PATCH,
            workspaces!("/{workspace}/users/{user}"),
            people::update_workspace_user,
            openapi::people::update_workspace_user(),
        )
        .route(
            Method::DELETE,
            workspaces!("/{workspace}/users/{user}"),
            people::remove_workspace_user,
            openapi::people::remove_workspace_user(),
        )
        .route(
            Method::GET,
            "/api/v1/me/organizations/{organization}/workspaces",
            workspaces::list_own_workspaces,
            openapi::workspaces::list_own_workspaces(),
        )
}

/// Everything under `/api/v1/organizations`, `/api/v1/users`, `/api/v1/issuers` and `/api/v1/me`.
pub fn router(served: Served, page_tokens: PageTokens) -> Router {
    let routes = routes().into_router().layer(from_fn(resource_info::name_resource));
    enclose::<Aip>(routes, served).layer(Extension(page_tokens))
}
