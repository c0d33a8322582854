//! The ZenML Pro dialect: what `zenml`, `kitaru` and every ZenML server in Pro mode speak.
//!
//! A codec and a route table. Lists are bare arrays with `offset` and `limit`; every success is 200 with a JSON body,
//! also where there is nothing to say (`null`), since the client parses each. Errors have FastAPI's shape (`error`).
//! Unknown routes at the root of the server are this dialect's too. Its decisions stand in `docs/dialects/zenml.md`.

mod accounts;
mod api_keys;
mod assignments;
mod auth;
mod devices;
mod error;
mod invitations;
mod login;
mod members;
mod openapi;
mod organizations;
mod params;
mod people;
mod permissions;
mod rbac;
mod roles;
mod server_info;
mod servers;
mod service_accounts;
mod services;
mod teams;
mod users;
mod workspace_changes;
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
    let routes = people::routes(Routes::default())
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
        .route(Method::DELETE, DEVICE, devices::delete_device, openapi::delete_device());
    resources(servers(workspaces(machines(routes))))
}

/// Routes of service accounts and their keys.
fn machines(routes: Routes) -> Routes {
    use openapi::service_accounts as told;
    use service_accounts as accounts;
    const ACCOUNTS: &str = "/organizations/{organization}/service_accounts";
    const ACCOUNT: &str = "/organizations/{organization}/service_accounts/{account}";
    const KEYS: &str = "/organizations/{organization}/service_accounts/{account}/api_keys";
    const KEY: &str = "/organizations/{organization}/service_accounts/{account}/api_keys/{key}";
    const ROTATE: &str = "/organizations/{organization}/service_accounts/{account}/api_keys/{key}/rotate";
    routes
        .route(Method::GET, ACCOUNTS, accounts::list_service_accounts, told::list_service_accounts())
        .route(Method::POST, ACCOUNTS, accounts::create_service_account, told::create_service_account())
        .route(Method::GET, ACCOUNT, accounts::get_service_account, told::get_service_account())
        .route(Method::PATCH, ACCOUNT, accounts::update_service_account, told::update_service_account())
        .route(Method::DELETE, ACCOUNT, accounts::delete_service_account, told::delete_service_account())
        .route(Method::GET, KEYS, accounts::list_account_keys, told::list_account_keys())
        .route(Method::POST, KEYS, accounts::create_account_key, told::create_account_key())
        .route(Method::PATCH, KEY, accounts::update_account_key, told::update_account_key())
        .route(Method::DELETE, KEY, accounts::delete_account_key, told::delete_account_key())
        .route(Method::POST, ROTATE, accounts::rotate_account_key, told::rotate_account_key())
}

/// Routes of workspaces, which are all there under the vendor's former word too.
fn workspaces(routes: Routes) -> Routes {
    use openapi::workspaces as told;
    use {workspace_changes as changes, workspaces as list};
    const WORKSPACE: &str = "/workspaces/{workspace}";
    const TENANT: &str = "/tenants/{workspace}";
    const GET: Method = Method::GET;
    const PATCH: Method = Method::PATCH;
    const DELETE: Method = Method::DELETE;
    routes
        .route(GET, "/workspaces", list::list_every_workspace, told::list_all("list_every_workspace"))
        .route(GET, "/tenants", list::list_every_workspace, told::list_all("list_every_tenant"))
        .route(Method::POST, "/workspaces", changes::create_workspace, told::create("create_workspace"))
        .route(Method::POST, "/tenants", changes::create_workspace, told::create("create_tenant"))
        .route(
            DELETE,
            "/workspaces",
            changes::delete_named_workspace,
            told::delete_named("delete_named_workspace"),
        )
        .route(DELETE, "/tenants", changes::delete_named_workspace, told::delete_named("delete_named_tenant"))
        .route(GET, WORKSPACE, list::get_workspace, told::get("get_workspace"))
        .route(GET, TENANT, list::get_workspace, told::get("get_tenant"))
        .route(PATCH, WORKSPACE, changes::update_workspace, told::update("update_workspace"))
        .route(PATCH, TENANT, changes::update_workspace, told::update("update_tenant"))
        .route(DELETE, WORKSPACE, changes::delete_workspace, told::delete("delete_workspace"))
        .route(DELETE, TENANT, changes::delete_workspace, told::delete("delete_tenant"))
        .route(
            PATCH,
            "/workspaces/{workspace}/deploy",
            changes::deploy_workspace,
            told::deploy("deploy_workspace"),
        )
        .route(PATCH, "/tenants/{workspace}/deploy", changes::deploy_workspace, told::deploy("deploy_tenant"))
        .route(
            PATCH,
            "/workspaces/{workspace}/deactivate",
            changes::deactivate_workspace,
            told::deactivate("deactivate_workspace"),
        )
        .route(
            PATCH,
            "/tenants/{workspace}/deactivate",
            changes::deactivate_workspace,
            told::deactivate("deactivate_tenant"),
        )
        .route(
            GET,
            "/organizations/{organization}/workspaces",
            list::list_workspaces,
            told::list("list_workspaces"),
        )
        .route(
            GET,
            "/organizations/{organization}/tenants",
            list::list_workspaces,
            told::list("list_tenants"),
        )
        .route(
            GET,
            "/organizations/{organization}/workspace/{workspace}",
            list::get_workspace_of_organization,
            told::get_named("get_workspace_of_organization"),
        )
        .route(
            GET,
            "/organizations/{organization}/tenant/{workspace}",
            list::get_workspace_of_organization,
            told::get_named("get_tenant_of_organization"),
        )
        .route(
            GET,
            "/organizations/{organization}/validation/workspace_name/{name}",
            server_info::check_workspace_name,
            told::check_name("check_workspace_name"),
        )
        .route(
            GET,
            "/organizations/{organization}/validation/tenant_name/{name}",
            server_info::check_workspace_name,
            told::check_name("check_tenant_name"),
        )
}

/// What the servers of workspaces ask and tell, and what this one tells of itself.
fn servers(routes: Routes) -> Routes {
    use openapi::servers as told;
    const GET: Method = Method::GET;
    const PATCH: Method = Method::PATCH;
    routes
        .route(PATCH, "/workspace_status", servers::report_server, told::report("report_workspace_server"))
        .route(PATCH, "/tenant_status", servers::report_server, told::report("report_tenant_server"))
        .route(GET, "/users/authorize_server", servers::authorize_server, told::authorize())
        .route(
            GET,
            "/organizations/{organization}/entitlement/{feature}",
            servers::check_entitlement,
            told::check_entitlement(),
        )
        .route(GET, "/organizations/{organization}/trial", servers::get_trial, told::get_trial())
        .route(Method::POST, "/usage-event", servers::count_usage, told::count_usage())
        .route(Method::POST, "/usage-batch", servers::count_usage_together, told::count_usage_together())
        .route(
            GET,
            "/organizations/validation/name/{name}",
            server_info::check_organization_name,
            told::check_organization_name(),
        )
        .route(GET, "/health", server_info::get_health, told::get_health())
        .route(GET, "/server/info", server_info::get_server_info, told::get_server_info())
        .route(GET, "/releases", server_info::list_releases, told::list_releases())
        .route(GET, "/releases/{service}", server_info::list_releases_of, told::list_releases_of())
}

/// What the servers of workspaces ask and tell about what they keep.
fn resources(routes: Routes) -> Routes {
    use openapi::rbac as told;
    const CHECK: &str = "/rbac/check_permissions";
    const MEMBERS: &str = "/rbac/resource_members";
    routes
        .route(Method::POST, CHECK, rbac::check_permissions, told::check())
        .route(Method::GET, CHECK, rbac::check_permissions_of_query, told::check_of_query())
        .route(
            Method::GET,
            "/rbac/allowed_resource_ids",
            rbac::list_allowed_resource_ids,
            told::list_allowed(),
        )
        .route(Method::GET, MEMBERS, rbac::list_resource_members, told::list_members())
        .route(Method::POST, MEMBERS, rbac::share_resource, told::share())
        .route(Method::DELETE, "/rbac/resources", rbac::forget_resources, told::forget())
}

/// The dialect's router. The server gives it whatever is no other dialect's.
pub fn router(served: Served) -> Router {
    enclose::<Zenml>(routes().into_router(), served)
}
