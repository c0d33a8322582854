//! Service accounts.

use tenantry_core::Kind;
use tenantry_http::openapi::Operation;

use super::parameters::{allow_missing, filter, force};
use super::{WITHIN, create, custom, delete, get, held_to_a_version, list, update};
use crate::filters::TITLED;
use crate::service_accounts::{ROWS, SERVICE_ACCOUNT};

pub(crate) fn list_service_accounts() -> Operation {
    list("list_service_accounts", "List service accounts", ROWS, &SERVICE_ACCOUNT)
        .takes([filter(&TITLED)])
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
