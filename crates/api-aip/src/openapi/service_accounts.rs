//! Service accounts and their secrets.

use tenantry_core::Kind;
use tenantry_http::openapi::{Operation, Shape};

use super::parameters::{allow_missing, filter, force, order_by};
use super::{JSON, WITHIN, create, custom, delete, get, held_to_a_version, list, update};
use crate::api_keys::{ORDERING, SCHEMA};
use crate::own::ROTATION;
use crate::service_accounts::{ACCOUNT_KEY, CLIENT, CLIENT_ROWS, KEY_ROWS, ROWS, SERVICE_ACCOUNT};

pub(crate) fn list_service_accounts() -> Operation {
    list("list_service_accounts", "List service accounts", ROWS, &SERVICE_ACCOUNT)
        .about("As they were made.")
        .refuses(WITHIN)
        .refuses(&[Kind::Forbidden])
}

pub(crate) fn get_service_account() -> Operation {
    get("get_service_account", "Get a service account", &SERVICE_ACCOUNT)
        .refuses(WITHIN)
        .refuses(&[Kind::Forbidden])
}

pub(crate) fn create_service_account() -> Operation {
    create("create_service_account", "Create a service account", &SERVICE_ACCOUNT)
        .about("It has no secret yet: an API key or a client is made for it.")
        .refuses(WITHIN)
        .refuses(&[Kind::LimitReached])
}

pub(crate) fn update_service_account() -> Operation {
    held_to_a_version(update("update_service_account", "Update a service account", &SERVICE_ACCOUNT))
        .about("By who holds whatever the account holds.")
}

pub(crate) fn suspend_service_account() -> Operation {
    held_to_a_version(custom("suspend_service_account", "Suspend a service account", &SERVICE_ACCOUNT))
        .about("By who holds whatever the account holds. It may do nothing, at once.")
}

pub(crate) fn resume_service_account() -> Operation {
    held_to_a_version(custom(
        "resume_service_account",
        "Lift the suspension of a service account",
        &SERVICE_ACCOUNT,
    ))
    .about("By who holds whatever the account holds.")
}

pub(crate) fn delete_service_account() -> Operation {
    held_to_a_version(delete("delete_service_account", "Delete a service account"))
        .about(
            "By who holds whatever the account holds. Its roles and secrets end at once. With `force` workspaces that it \
             alone owns go to the organization's owner.",
        )
        .takes([allow_missing(), force()])
}

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
