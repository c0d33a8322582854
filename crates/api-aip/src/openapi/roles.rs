//! Roles.

use tenantry_core::Kind;
use tenantry_http::openapi::Operation;

use super::parameters::{allow_missing, filter, force, order_by, own_id};
use super::{IN_THE_WAY, WITHIN, create, delete, get, held_to_a_version, list, update};
use crate::roles::{ORDERING, ROLE, ROWS, SCHEMA};

pub(crate) fn list_organization_roles() -> Operation {
    list("list_organization_roles", "List the roles of an organization", ROWS, &ROLE)
        .about("Built-in ones and custom ones.")
        .takes([filter(&SCHEMA), order_by(&ORDERING)])
        .refuses(WITHIN)
        .ignores_unknown_parameters()
}

pub(crate) fn list_workspace_roles() -> Operation {
    list("list_workspace_roles", "List the roles of a workspace", ROWS, &ROLE)
        .about("Those that can be given there.")
        .takes([filter(&SCHEMA), order_by(&ORDERING)])
        .refuses(WITHIN)
        .ignores_unknown_parameters()
}

pub(crate) fn get_organization_role() -> Operation {
    get("get_organization_role", "Get a role of an organization", &ROLE).refuses(WITHIN)
}

pub(crate) fn get_workspace_role() -> Operation {
    get("get_workspace_role", "Get a role of a workspace", &ROLE).refuses(WITHIN)
}

pub(crate) fn create_organization_role() -> Operation {
    created(create("create_organization_role", "Create a role of an organization", &ROLE))
        .about("With the `role_scope` of workspaces it is one that is given in workspaces, all of them.")
}

pub(crate) fn create_workspace_role() -> Operation {
    created(create("create_workspace_role", "Create a role of a workspace", &ROLE))
        .about("It is given in this workspace alone.")
}

fn created(create: Operation) -> Operation {
    create.takes([own_id("role_id")]).refuses(WITHIN).refuses(IN_THE_WAY)
}

pub(crate) fn update_organization_role() -> Operation {
    updated(update("update_organization_role", "Update a role of an organization", &ROLE))
}

pub(crate) fn update_workspace_role() -> Operation {
    updated(update("update_workspace_role", "Update a role of a workspace", &ROLE))
}

fn updated(update: Operation) -> Operation {
    held_to_a_version(update)
        .about("Custom roles alone, where they were made.")
        .refuses(&[Kind::AlreadyExists])
}

pub(crate) fn delete_organization_role() -> Operation {
    deleted(delete("delete_organization_role", "Delete a role of an organization"))
}

pub(crate) fn delete_workspace_role() -> Operation {
    deleted(delete("delete_workspace_role", "Delete a role of a workspace"))
}

fn deleted(delete: Operation) -> Operation {
    held_to_a_version(delete)
        .about("With `force` also while somebody holds it or is invited to it.")
        .takes([force(), allow_missing()])
}
