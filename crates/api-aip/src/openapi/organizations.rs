//! Organizations and their preferences.

use tenantry_core::Kind;
use tenantry_http::openapi::{Operation, Shape};

use super::parameters::{allow_missing, filter, force, order_by, own_id, show_deleted};
use super::{JSON, WITHIN, create, custom, delete, get, held_to_a_version, list, update};
use crate::filters::TITLED;
use crate::organizations::{ORDERING, ORGANIZATION, TRANSFER};
use crate::permissions::TESTED;
use crate::preferences::ORGANIZATION_PREFERENCES;

pub(crate) fn list_own_organizations() -> Operation {
    list("list_own_organizations", "List the caller's organizations", "user_organizations", &ORGANIZATION)
        .about("Those in which the caller has a role, whoever it is; newest first.")
        .takes([filter(&TITLED), show_deleted()])
        .ignores_unknown_parameters()
}

pub(crate) fn list_organizations() -> Operation {
    list("list_organizations", "List organizations", "organizations", &ORGANIZATION)
        .about("Those in which the caller has a role; every one for who runs the server.")
        .takes([filter(&TITLED), order_by(&ORDERING), show_deleted()])
}

pub(crate) fn create_organization() -> Operation {
    create("create_organization", "Create an organization", &ORGANIZATION)
        .about("The caller becomes its owner.")
        .takes([own_id("organization_id")])
        .refuses(&[Kind::LimitReached])
}

pub(crate) fn get_organization() -> Operation {
    get("get_organization", "Get an organization", &ORGANIZATION)
        .about("A deleted one shows, by its id, to who may restore it.")
        .refuses(WITHIN)
        .ignores_unknown_parameters()
}

pub(crate) fn update_organization() -> Operation {
    held_to_a_version(update("update_organization", "Update an organization", &ORGANIZATION))
        .refuses(&[Kind::AlreadyExists])
}

pub(crate) fn delete_organization() -> Operation {
    let answered = Shape::made(|schemas| ORGANIZATION.to_delete(schemas));
    held_to_a_version(delete("delete_organization", "Delete an organization"))
        .about("It is kept until its `purge_time`, and can be restored until then. With `force` also while others belong to it.")
        .takes([force(), allow_missing()])
        .answers(200, "As it is now.", answered)
}

pub(crate) fn undelete_organization() -> Operation {
    held_to_a_version(custom("undelete_organization", "Restore an organization", &ORGANIZATION))
        .refuses(&[Kind::AlreadyExists, Kind::LimitReached])
}

pub(crate) fn transfer_ownership() -> Operation {
    held_to_a_version(custom("transfer_ownership", "Hand an organization over", &ORGANIZATION))
        .about("To an active user of the organization. The former owner keeps the owner's role.")
        .reads(JSON, Shape::made(|schemas| TRANSFER.to_make(schemas)))
        .refuses(&[Kind::LimitReached])
}

pub(crate) fn test_organization_permissions() -> Operation {
    test_permissions("test_organization_permissions", "Test permissions in an organization")
}

pub(super) fn test_permissions(name: &'static str, summary: &'static str) -> Operation {
    Operation::new(name, summary)
        .about("Answers which of these permissions the caller holds there, in the order asked.")
        .reads(JSON, Shape::made(|schemas| TESTED.to_make(schemas)))
        .answers(200, "Those that are held.", Shape::made(|schemas| TESTED.answered(schemas)))
        .refuses(WITHIN)
}

pub(crate) fn get_organization_preferences() -> Operation {
    get("get_organization_preferences", "Get an organization's preferences", &ORGANIZATION_PREFERENCES)
        .refuses(WITHIN)
        .ignores_unknown_parameters()
}

pub(crate) fn update_organization_preferences() -> Operation {
    held_to_a_version(update(
        "update_organization_preferences",
        "Update an organization's preferences",
        &ORGANIZATION_PREFERENCES,
    ))
}
