//! Role assignments.

use tenantry_core::Kind;
use tenantry_http::openapi::Operation;

use super::parameters::allow_missing;
use super::{IN_THE_WAY, WITHIN, create, delete, get, list};
use crate::assignments::{ASSIGNMENT, ROWS};

pub(crate) fn list_organization_role_assignments() -> Operation {
    list("list_organization_role_assignments", "List role assignments of an organization", ROWS, &ASSIGNMENT)
        .about(
            "On it, and in its workspaces as far as the caller sees who has roles there; the newest first.",
        )
        .refuses(WITHIN)
        .refuses(&[Kind::Forbidden])
}

pub(crate) fn list_workspace_role_assignments() -> Operation {
    list("list_workspace_role_assignments", "List role assignments of a workspace", ROWS, &ASSIGNMENT)
        .about("The newest first.")
        .refuses(WITHIN)
        .refuses(&[Kind::Forbidden])
}

pub(crate) fn get_organization_role_assignment() -> Operation {
    get("get_organization_role_assignment", "Get a role assignment of an organization", &ASSIGNMENT)
        .refuses(WITHIN)
        .refuses(&[Kind::Forbidden])
}

pub(crate) fn get_workspace_role_assignment() -> Operation {
    get("get_workspace_role_assignment", "Get a role assignment of a workspace", &ASSIGNMENT)
        .refuses(WITHIN)
        .refuses(&[Kind::Forbidden])
}

pub(crate) fn create_organization_role_assignment() -> Operation {
    created(create(
        "create_organization_role_assignment",
        "Give somebody a role on an organization",
        &ASSIGNMENT,
    ))
}

pub(crate) fn create_workspace_role_assignment() -> Operation {
    created(create("create_workspace_role_assignment", "Give somebody a role in a workspace", &ASSIGNMENT))
}

fn created(create: Operation) -> Operation {
    create.about("By who holds whatever the role holds.").refuses(WITHIN).refuses(IN_THE_WAY)
}

pub(crate) fn delete_organization_role_assignment() -> Operation {
    deleted(delete(
        "delete_organization_role_assignment",
        "Take a role on an organization, or in its workspaces, from somebody",
    ))
}

pub(crate) fn delete_workspace_role_assignment() -> Operation {
    deleted(delete("delete_workspace_role_assignment", "Take a role in a workspace from somebody"))
}

fn deleted(delete: Operation) -> Operation {
    delete
        .about(
            "By who holds whatever the role holds. The last role of a member of an organization stays: the member is \
             removed instead.",
        )
        .takes([allow_missing()])
}
