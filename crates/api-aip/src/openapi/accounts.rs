//! Accounts, and who the credential speaks for.

use serde_json::json;
use tenantry_core::Kind;
use tenantry_http::openapi::{Operation, Shape};

use super::parameters::{allow_missing, filter, force, order_by};
use super::{JSON, create, custom, delete, get, held_to_a_version, list, update, writing};
use crate::accounts::{ACCOUNT, ORDERING, ROWS, SCHEMA, SENT};
use crate::me::{EMAIL_CHANGE, OWN, PASSWORD_CHANGE};

/// Accounts are known to who runs the server, and to nobody else.
const OF_THE_SERVER: &[Kind] = &[Kind::Forbidden, Kind::NotFound];

pub(crate) fn get_current_user() -> Operation {
    get("get_current_user", "Get the current user", &OWN)
        .about("Who the credential speaks for. Outside any organization a user is named `users/{user}`.")
}

pub(crate) fn update_current_user() -> Operation {
    held_to_a_version(update("update_current_user", "Update the current user", &OWN))
        .about("Names alone: another address has to be proved first.")
        .refuses(&[Kind::Forbidden, Kind::AlreadyExists])
}

pub(crate) fn change_password() -> Operation {
    Operation::new("change_password", "Change the current user's password")
        .about("Every other sign-in of the person ends. Keys and personal access tokens stay.")
        .reads(JSON, Shape::made(|schemas| PASSWORD_CHANGE.to_make(schemas)))
        .answers(200, "It is changed.", Shape::made(|_| json!({"type": "object", "maxProperties": 0})))
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::NotFound, Kind::Precondition])
        .refuses(&[Kind::Conflict, Kind::RateLimited])
}

pub(crate) fn change_email() -> Operation {
    Operation::new("change_email", "Change the current user's e-mail address")
        .about(
            "A link is mailed to the new address, which is the account's once the link is used; the one until then is told. \
             A server without mail refuses, and so does one where the account has no password yet.",
        )
        .reads(JSON, Shape::made(|schemas| EMAIL_CHANGE.to_make(schemas)))
        .answers(200, "It is on its way.", Shape::made(|_| json!({"type": "object", "maxProperties": 0})))
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::NotFound, Kind::Precondition])
        .refuses(&[Kind::Conflict, Kind::RateLimited])
}

pub(crate) fn request_email_verification() -> Operation {
    writing("request_email_verification", "Have the current user's e-mail address verified")
        .about("A link is mailed that proves the address. A server without mail refuses.")
        .answers(200, "It is on its way.", Shape::made(|_| json!({"type": "object", "maxProperties": 0})))
        .refuses(&[Kind::Forbidden, Kind::NotFound, Kind::Precondition, Kind::RateLimited])
}

pub(crate) fn list_users() -> Operation {
    list("list_users", "List accounts", ROWS, &ACCOUNT)
        .about("By who runs the server.")
        .takes([filter(&SCHEMA), order_by(&ORDERING)])
        .refuses(OF_THE_SERVER)
}

pub(crate) fn get_user() -> Operation {
    get("get_user", "Get an account", &ACCOUNT).about("By who runs the server.").refuses(OF_THE_SERVER)
}

pub(crate) fn create_user() -> Operation {
    create("create_user", "Create a user's account", &ACCOUNT)
        .about("By who runs the server. The secret is a personal access token, shown this once.")
}

pub(crate) fn update_user() -> Operation {
    held_to_a_version(update("update_user", "Update an account", &ACCOUNT))
        .about("By who runs the server. The last administrator stays one.")
        .refuses(OF_THE_SERVER)
        .refuses(&[Kind::AlreadyExists])
}

pub(crate) fn delete_user() -> Operation {
    held_to_a_version(delete("delete_user", "Delete an account"))
        .about(
            "By who runs the server. Every role, key and token of the person ends; address and sign-in name are free \
             again. Who answers for an organization has to hand it over first.",
        )
        .takes([allow_missing(), force()])
        .refuses(OF_THE_SERVER)
}

pub(crate) fn suspend_user() -> Operation {
    held_to_a_version(custom("suspend_user", "Suspend an account", &ACCOUNT))
        .about("By who runs the server. The person may do nothing anywhere, at once.")
        .refuses(OF_THE_SERVER)
}

pub(crate) fn resume_user() -> Operation {
    held_to_a_version(custom("resume_user", "Lift the suspension of an account", &ACCOUNT))
        .about("By who runs the server.")
        .refuses(OF_THE_SERVER)
}

pub(crate) fn send_activation() -> Operation {
    held_to_a_version(custom("send_activation", "Send a link to set a password", &SENT))
        .about("By who runs the server. It is mailed to the person; without a mail server it is shown here, this once.")
        .refuses(OF_THE_SERVER)
}
