//! What the document of the API says of each route: a function for each operation, called like its handler.

use serde_json::json;
use tenantry_core::Kind;
use tenantry_http::openapi::{Api, Framing, Operation, Parameter, Shape};

use crate::Dreadnode;
use crate::api_keys::{ApiKeyCreate, ApiKeyCreated, ApiKeyRead};
use crate::auth::{
    AccessTokenRead, DeviceCode, DeviceCodeStatus, DeviceTokenRequest, LogoutRequest, RefreshRequest,
};
use crate::error::ApiError;
use crate::page::{DEFAULT_SIZE, LARGEST_SIZE, LAST_PAGE};
use crate::user::{OrganizationRead, UserRead};
use crate::workspaces::WorkspacesPage;

const JSON: &str = "application/json";

const ABOUT: &str = "What the `dreadnode` client speaks. Only workspaces in which the caller has a role are shown; what \
    may not be known is answered 404, like what does not exist.";

/// The dialect in the document of the API.
pub fn api() -> Api {
    let framing = Framing::of::<Dreadnode>(Shape::written::<ApiError>());
    Api::new("dreadnode", "Dreadnode", framing, crate::routes())
        .about(ABOUT)
        .credential("key", json!({"type": "apiKey", "in": "header", "name": "X-API-Key"}))
        .credential("bearer", json!({"type": "http", "scheme": "bearer"}))
        .path("org", "The organization's key, id or name.")
        .path("api_key_id", "The key's id.")
        .path("device_code", "What the login was begun with.")
}

pub(crate) fn list_organization_workspaces() -> Operation {
    let size = format!("How many rows: {DEFAULT_SIZE} unless said.");
    Operation::new("list_organization_workspaces", "List workspaces")
        .about("Those in which the caller has a role: the caller's default one, then the oldest first.")
        .takes([
            number("page", "Which page; the first one is 1.".to_owned(), LAST_PAGE),
            number("page_size", size, LARGEST_SIZE),
            number(
                "limit",
                "What the old client calls `page_size`; not read beside it.".to_owned(),
                LARGEST_SIZE,
            ),
        ])
        .answers(200, "A page.", Shape::written::<WorkspacesPage>())
        .refuses(&[Kind::Invalid, Kind::Hidden])
}

pub(crate) fn login() -> Operation {
    let text = || json!({"type": "string"});
    let fields = json!({"username": text(), "password": text()});
    let form = json!({"type": "object", "properties": fields, "required": ["username", "password"]});
    Operation::new("login", "Sign in with a password")
        .open()
        .reads("application/x-www-form-urlencoded", Shape::made(move |_| form.clone()))
        .answers(200, "A token.", Shape::written::<AccessTokenRead>())
        .answers(
            503,
            "Too many sign in at once; `Retry-After` says when to come back.",
            Shape::written::<ApiError>(),
        )
        .refuses(&[Kind::Invalid, Kind::Unauthenticated])
}

pub(crate) fn logout() -> Operation {
    Operation::new("logout", "Sign out")
        .about(
            "Ends the login whose access token or refresh token is shown, if one is, and the keys that were made with its tokens. \
             A key that is shown stays.",
        )
        .open()
        .may_read(JSON, Shape::read::<LogoutRequest>())
        .answers(200, "It counts no more.", Shape::made(|_| json!({"type": "null"})))
        .refuses(&[Kind::Invalid, Kind::Unauthenticated])
}

pub(crate) fn refresh_token() -> Operation {
    Operation::new("refresh_token", "Get the next tokens")
        .open()
        .reads(JSON, Shape::read::<RefreshRequest>())
        .answers(200, "Tokens.", Shape::written::<AccessTokenRead>())
        .refuses(&[Kind::Invalid, Kind::Unauthenticated])
}

pub(crate) fn create_device_code() -> Operation {
    Operation::new("create_device_code", "Begin a device login").open().answers(
        200,
        "What to show, and what to ask with.",
        Shape::written::<DeviceCode>(),
    )
}

pub(crate) fn poll_device_code() -> Operation {
    Operation::new("poll_device_code", "Ask how far a device login has come")
        .open()
        .answers(
            200,
            "`user_id` is told when somebody has confirmed it.",
            Shape::written::<DeviceCodeStatus>(),
        )
        .refuses(&[Kind::Forbidden, Kind::NotFound])
}

pub(crate) fn exchange_device_code() -> Operation {
    Operation::new("exchange_device_code", "Get the tokens of a device login")
        .about("Once, when it was confirmed; 401 until then.")
        .open()
        .reads(JSON, Shape::read::<DeviceTokenRequest>())
        .answers(200, "Tokens.", Shape::written::<AccessTokenRead>())
        .refuses(&[Kind::Invalid, Kind::Unauthenticated, Kind::Forbidden, Kind::NotFound])
}

pub(crate) fn get_user() -> Operation {
    Operation::new("get_user", "Who the credential speaks for").answers(
        200,
        "The caller.",
        Shape::written::<UserRead>(),
    )
}

pub(crate) fn list_user_organizations() -> Operation {
    Operation::new("list_user_organizations", "List the caller's organizations")
        .about("Those in which the caller has a role, the oldest first.")
        .answers(200, "All of them.", Shape::written::<Vec<OrganizationRead>>())
}

pub(crate) fn list_api_keys() -> Operation {
    Operation::new("list_api_keys", "List API keys")
        .about("The caller's own, the newest first.")
        .answers(200, "All of them.", Shape::written::<Vec<ApiKeyRead>>())
        .refuses(&[Kind::Forbidden])
}

pub(crate) fn create_api_key() -> Operation {
    Operation::new("create_api_key", "Create an API key")
        .about("It lives for a year and is shown this once.")
        .reads(JSON, Shape::read::<ApiKeyCreate>())
        .answers(201, "What was made.", Shape::written::<ApiKeyCreated>())
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::LimitReached])
}

pub(crate) fn revoke_self_api_key() -> Operation {
    Operation::new("revoke_self_api_key", "Revoke the API key that is shown")
        .about("Only if it was made with `allow_self_revoke`.")
        .answers_nothing(204, "It counts no more.")
        .refuses(&[Kind::Forbidden])
}

pub(crate) fn delete_api_key() -> Operation {
    Operation::new("delete_api_key", "Revoke an API key")
        .answers_nothing(204, "It counts no more.")
        .refuses(&[Kind::Forbidden, Kind::NotFound])
}

fn number(name: &'static str, about: String, largest: u64) -> Parameter {
    Parameter::query(name, about, json!({"type": "integer", "minimum": 1, "maximum": largest}))
}
