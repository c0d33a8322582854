//! OAuth 2.1 and OpenID Connect: the endpoints under `/oauth2` and `/.well-known`, and the pages under `/login` on which
//! people sign in and say what a client may do. What is decided here is decided in the core; this crate reads requests and
//! writes answers, pages and signed tokens.
//!
//! Endpoints for programs refuse in OAuth's words ([`tenantry_http::TokenEndpoint`], `Bearers`); whatever a
//! browser shows refuses with a page (`Pages`).

mod authorize;
mod bearer;
mod browser;
mod claims;
mod device;
mod introspect;
mod keyring;
mod logout;
mod metadata;
mod openapi;
mod pages;
mod register;
mod token;
mod userinfo;

use std::sync::Arc;

use axum::http::Method;
use axum::{Extension, Router};
use tenantry_http::{Routes, Served, TokenEndpoint, enclose};

use browser::Cookies;
pub use keyring::Keyring;
pub use openapi::api;
use pages::Pages;

/// The endpoints that programs ask.
pub fn endpoints() -> Routes {
    const REGISTRATION: &str = "/oauth2/register/{client_id}";
    Routes::default()
        .route(
            Method::GET,
            "/.well-known/openid-configuration",
            metadata::openid_configuration,
            openapi::openid_configuration(),
        )
        .route(
            Method::GET,
            "/.well-known/oauth-authorization-server",
            metadata::authorization_server,
            openapi::authorization_server(),
        )
        .route(Method::GET, "/oauth2/jwks", metadata::jwks, openapi::jwks())
        .route(Method::POST, "/oauth2/token", token::issue_token, openapi::issue_token())
        .route(
            Method::POST,
            "/oauth2/device_authorization",
            device::start_device_login,
            openapi::start_device_login(),
        )
        .route(Method::POST, "/oauth2/introspect", introspect::introspect, openapi::introspect())
        .route(Method::POST, "/oauth2/revoke", introspect::revoke, openapi::revoke())
        .route(Method::GET, "/oauth2/userinfo", userinfo::userinfo, openapi::userinfo("userinfo"))
        .route(Method::POST, "/oauth2/userinfo", userinfo::userinfo, openapi::userinfo("userinfo_by_post"))
        .route(Method::GET, "/oauth2/register", register::list_clients, openapi::list_clients())
        .route(Method::POST, "/oauth2/register", register::register_client, openapi::register_client())
        .route(Method::GET, REGISTRATION, register::get_client, openapi::get_client())
        .route(Method::DELETE, REGISTRATION, register::delete_client, openapi::delete_client())
}

/// What browsers show.
pub fn pages() -> Routes {
    Routes::default()
        .route(Method::GET, "/oauth2/authorize", authorize::ask, openapi::ask())
        .route(Method::POST, "/oauth2/authorize", authorize::answer, openapi::answer())
        .route(Method::GET, "/oauth2/logout", logout::ask, openapi::ask_to_sign_out())
        .route(Method::POST, "/oauth2/logout", logout::sign_out, openapi::sign_out())
        .route(Method::GET, "/login", pages::sign_in::show, openapi::show_sign_in())
        .route(Method::POST, "/login", pages::sign_in::sign_in, openapi::sign_in())
        .route(Method::GET, "/login/account", pages::account::show, openapi::show_account())
        .route(Method::POST, "/login/account", pages::account::end, openapi::end_of_account())
        .route(Method::GET, "/login/device", pages::device::show, openapi::show_device())
        .route(Method::POST, "/login/device", pages::device::decide, openapi::decide_device())
        .route(Method::GET, "/login/invitation", pages::invitation::show, openapi::show_invitation())
        .route(Method::POST, "/login/invitation", pages::invitation::answer, openapi::answer_invitation())
        .route(Method::GET, "/login/issuer", pages::issuer::begin, openapi::begin_with_issuer())
        .route(Method::GET, "/login/issuer/callback", pages::issuer::finish, openapi::finish_with_issuer())
        .route(Method::GET, "/login/reset", pages::links::show_password, openapi::show_password("show_reset"))
        .route(
            Method::POST,
            "/login/reset",
            pages::links::set_password,
            openapi::set_password("reset_password"),
        )
        .route(
            Method::GET,
            "/login/activate",
            pages::links::show_password,
            openapi::show_password("show_activation"),
        )
        .route(Method::POST, "/login/activate", pages::links::set_password, openapi::set_password("activate"))
        .route(Method::GET, "/login/verify", pages::links::show_address, openapi::show_address())
        .route(Method::POST, "/login/verify", pages::links::confirm_address, openapi::confirm_address())
        .route(Method::GET, "/login/style.css", pages::style, openapi::style())
}

/// Whether a path is one of those that browsers show.
pub fn is_page(path: &str) -> bool {
    let own =
        |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    own("/login") || matches!(path, "/oauth2/authorize" | "/oauth2/logout")
}

/// The endpoints' router. The server gives it what begins with `/oauth2` or `/.well-known` and is no page.
pub fn endpoints_router(served: Served, keyring: Arc<Keyring>) -> Router {
    enclose::<TokenEndpoint>(endpoints().into_router(), served).layer(Extension(keyring))
}

/// The pages' router.
pub fn pages_router(served: Served, keyring: Arc<Keyring>) -> Router {
    let cookies = Cookies::new(&served.address(""));
    enclose::<Pages>(pages().into_router(), served).layer(Extension(keyring)).layer(Extension(cookies))
}
