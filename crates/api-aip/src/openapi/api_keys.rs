//! API keys.

use tenantry_core::Kind;
use tenantry_http::openapi::Operation;

use super::parameters::{allow_missing, filter, order_by};
use super::{WITHIN, create, delete, get, held_to_a_version, list, update};
use crate::api_keys::{API_KEY, ORDERING, ROWS, SCHEMA};

pub(crate) fn list_api_keys() -> Operation {
    list("list_api_keys", "List API keys", ROWS, &API_KEY)
        .about(
            "The caller's own; everybody's for who manages the users of the organization; itself alone for a key that \
             is limited.",
        )
        .takes([filter(&SCHEMA), order_by(&ORDERING)])
        .refuses(WITHIN)
}

pub(crate) fn get_api_key() -> Operation {
    get("get_api_key", "Get an API key", &API_KEY).refuses(WITHIN)
}

pub(crate) fn create_api_key() -> Operation {
    create("create_api_key", "Create an API key", &API_KEY)
        .about(
            "For oneself; for another `user` where the server's setting `keys_for_others` allows it, the caller \
             manages the users of the organization, and holds there whatever the key gives. The secret is shown \
             this once.",
        )
        .refuses(WITHIN)
        .refuses(&[Kind::LimitReached])
}

pub(crate) fn update_api_key() -> Operation {
    held_to_a_version(update("update_api_key", "Update an API key", &API_KEY))
        .about("By its owner alone. When it ends stays as it is.")
}

pub(crate) fn delete_api_key() -> Operation {
    held_to_a_version(delete("delete_api_key", "Delete an API key"))
        .about("It counts for nothing from then on.")
        .takes([allow_missing()])
}
