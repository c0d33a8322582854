//! What service accounts come in with.

use tenantry_core::Kind;
use tenantry_http::openapi::{Operation, Shape};

use super::parameters::{allow_missing, filter, order_by};
use super::{JSON, WITHIN, create, custom, delete, get, held_to_a_version, list, update};
use crate::account_secrets::{ACCOUNT_KEY, CLIENT, CLIENT_ROWS, KEY_ROWS};
use crate::api_keys::{ORDERING, SCHEMA};
use crate::own::ROTATION;

const ASLEEP: &str = "By who holds whatever the account holds. What is not `active` counts for nothing, at once, and what was \
     given for it ends.";

pub(crate) fn list_account_keys() -> Operation {
    list("list_account_keys", "List API keys of a service account", KEY_ROWS, &ACCOUNT_KEY)
        .takes([filter(&SCHEMA), order_by(&ORDERING)])
        .refuses(WITHIN)
        .refuses(&[Kind::Forbidden])
}

pub(crate) fn list_account_clients() -> Operation {
    list("list_account_clients", "List OAuth clients of a service account", CLIENT_ROWS, &CLIENT)
        .takes([filter(&SCHEMA), order_by(&ORDERING)])
        .refuses(WITHIN)
        .refuses(&[Kind::Forbidden])
}

pub(crate) fn create_account_key() -> Operation {
    create("create_account_key", "Create an API key of a service account", &ACCOUNT_KEY)
        .about("By who holds whatever the account holds. The secret is shown this once.")
        .refuses(WITHIN)
        .refuses(&[Kind::LimitReached])
}

pub(crate) fn create_account_client() -> Operation {
    create("create_account_client", "Create an OAuth client of a service account", &CLIENT)
        .about(
            "By who holds whatever the account holds. The last part of its name is the `client_id`; the secret is \
             shown this once.",
        )
        .refuses(WITHIN)
        .refuses(&[Kind::LimitReached])
}

pub(crate) fn get_account_key() -> Operation {
    get("get_account_key", "Get an API key of a service account", &ACCOUNT_KEY)
        .refuses(WITHIN)
        .refuses(&[Kind::Forbidden])
}

pub(crate) fn get_account_client() -> Operation {
    get("get_account_client", "Get an OAuth client of a service account", &CLIENT)
        .refuses(WITHIN)
        .refuses(&[Kind::Forbidden])
}

pub(crate) fn update_account_key() -> Operation {
    held_to_a_version(update("update_account_key", "Update an API key of a service account", &ACCOUNT_KEY))
        .about(ASLEEP)
}

pub(crate) fn update_account_client() -> Operation {
    held_to_a_version(update("update_account_client", "Update an OAuth client of a service account", &CLIENT))
        .about(ASLEEP)
}

pub(crate) fn delete_account_key() -> Operation {
    held_to_a_version(delete("delete_account_key", "Delete an API key of a service account"))
        .about("It counts for nothing from then on, and neither does what was given for it.")
        .takes([allow_missing()])
}

pub(crate) fn delete_account_client() -> Operation {
    held_to_a_version(delete("delete_account_client", "Delete an OAuth client of a service account"))
        .about("It counts for nothing from then on, and neither does what was given for it.")
        .takes([allow_missing()])
}

pub(crate) fn rotate_account_key() -> Operation {
    held_to_a_version(custom("rotate_account_key", "Give an API key another secret", &ACCOUNT_KEY))
        .about(
            "The secret is shown this once. The one before counts on for the `overlap`, seven days at most.",
        )
        .may_read(JSON, Shape::made(|schemas| ROTATION.to_make(schemas)))
        .answers(200, "As it is now.", Shape::made(|schemas| ACCOUNT_KEY.made(schemas)))
}

pub(crate) fn rotate_account_client() -> Operation {
    held_to_a_version(custom("rotate_account_client", "Give an OAuth client another secret", &CLIENT))
        .about(
            "The secret is shown this once. The one before counts on for the `overlap`, seven days at most.",
        )
        .may_read(JSON, Shape::made(|schemas| ROTATION.to_make(schemas)))
        .answers(200, "As it is now.", Shape::made(|schemas| CLIENT.made(schemas)))
}
