//! Accounts, and who the credential speaks for.

use tenantry_http::openapi::Operation;

use super::{create, get};
use crate::accounts::ACCOUNT;
use crate::people::PERSON;

pub(crate) fn get_current_user() -> Operation {
    get("get_current_user", "Get the current user", &PERSON)
        .about("Who the credential speaks for. Outside any organization a user is named `users/{user}`.")
}

pub(crate) fn create_user() -> Operation {
    create("create_user", "Create a user's account", &ACCOUNT)
        .about("By who runs the server. The secret is a personal access token, shown this once.")
}
