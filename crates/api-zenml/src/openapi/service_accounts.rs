//! Of service accounts and their API keys.

use tenantry_core::Kind;
use tenantry_http::openapi::{Operation, Shape};

use super::people::{UNKNOWN, nothing};
use super::{JSON, listed, pages};
use crate::api_keys::{ApiKeyCreate, ApiKeyRead, ApiKeyUpdate};
use crate::service_accounts::{
    ApiKeyRotate, MOST, ServiceAccountCreate, ServiceAccountRead, ServiceAccountUpdate,
};

const HOLDS: &str = "By who holds whatever the account holds.";

pub(crate) fn list_service_accounts() -> Operation {
    Operation::new("list_service_accounts", "List service accounts")
        .about("The newest first.")
        .takes(pages(MOST))
        .answers(200, "A page.", listed::<ServiceAccountRead<'static>>())
        .refuses(&[Kind::Invalid])
        .refuses(UNKNOWN)
}

pub(crate) fn create_service_account() -> Operation {
    Operation::new("create_service_account", "Create a service account")
        .about("It has no key yet. By who holds whatever the role holds.")
        .reads(JSON, Shape::read::<ServiceAccountCreate>())
        .answers(200, "What was made.", Shape::written::<ServiceAccountRead<'static>>())
        .refuses(&[Kind::Invalid, Kind::AlreadyExists, Kind::LimitReached])
        .refuses(UNKNOWN)
}

pub(crate) fn get_service_account() -> Operation {
    Operation::new("get_service_account", "Get a service account, by id or name")
        .answers(200, "What was asked for.", Shape::written::<ServiceAccountRead<'static>>())
        .refuses(&[Kind::NotFound])
        .refuses(UNKNOWN)
}

pub(crate) fn update_service_account() -> Operation {
    Operation::new("update_service_account", "Update a service account, or deactivate")
        .about("By who holds whatever the account holds. One that is not active may do nothing, at once.")
        .reads(JSON, Shape::read::<ServiceAccountUpdate>())
        .answers(200, "As it is now.", Shape::written::<ServiceAccountRead<'static>>())
        .refuses(&[Kind::Invalid, Kind::NotFound, Kind::AlreadyExists])
        .refuses(UNKNOWN)
}

pub(crate) fn delete_service_account() -> Operation {
    Operation::new("delete_service_account", "Delete a service account")
        .about("Its roles and keys end at once. One that alone owns workspaces is not deleted.")
        .answers(200, "It is gone.", nothing())
        .refuses(&[Kind::NotFound, Kind::Precondition])
        .refuses(UNKNOWN)
}

pub(crate) fn list_account_keys() -> Operation {
    Operation::new("list_account_keys", "List API keys of a service account")
        .about("Expired ones too, the newest first.")
        .takes(pages(MOST))
        .answers(200, "A page.", listed::<ApiKeyRead>())
        .refuses(&[Kind::Invalid, Kind::NotFound])
        .refuses(UNKNOWN)
}

pub(crate) fn create_account_key() -> Operation {
    Operation::new("create_account_key", "Create an API key of a service account")
        .about("By who holds whatever the account holds. It is told this once.")
        .reads(JSON, Shape::read::<ApiKeyCreate>())
        .answers(200, "What was made.", Shape::written::<ApiKeyRead>())
        .refuses(&[Kind::Invalid, Kind::NotFound, Kind::AlreadyExists, Kind::LimitReached])
        .refuses(UNKNOWN)
}

pub(crate) fn update_account_key() -> Operation {
    Operation::new("update_account_key", "Rename an API key of a service account, or put it to sleep")
        .about(HOLDS)
        .reads(JSON, Shape::read::<ApiKeyUpdate>())
        .answers(200, "As it is now.", Shape::written::<ApiKeyRead>())
        .refuses(&[Kind::Invalid, Kind::NotFound, Kind::AlreadyExists, Kind::Conflict])
        .refuses(UNKNOWN)
}

pub(crate) fn delete_account_key() -> Operation {
    Operation::new("delete_account_key", "Delete an API key of a service account")
        .about("It counts for nothing from then on, and neither does what was given for it.")
        .answers(200, "It is gone.", nothing())
        .refuses(&[Kind::NotFound, Kind::Conflict])
        .refuses(UNKNOWN)
}

pub(crate) fn rotate_account_key() -> Operation {
    Operation::new("rotate_account_key", "Give an API key of a service account another secret")
        .about("By who holds whatever the account holds. It is told this once.")
        .reads(JSON, Shape::read::<ApiKeyRotate>())
        .answers(200, "As it is now.", Shape::written::<ApiKeyRead>())
        .refuses(&[Kind::Invalid, Kind::NotFound, Kind::Conflict])
        .refuses(UNKNOWN)
}
