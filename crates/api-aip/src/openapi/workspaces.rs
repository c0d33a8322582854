//! Workspaces and their preferences.

use tenantry_core::Kind;
use tenantry_http::openapi::{Operation, Shape};

use super::organizations::test_permissions;
use super::parameters::{allow_missing, filter, force, or_made, order_by, own_id, show_deleted};
use super::{JSON, WITHIN, create, custom, delete, get, held_to_a_version, list, update};
use crate::filters::TITLED;
use crate::preferences::PREFERENCES;
use crate::users::{COUNTED, COUNTS};
use crate::workspaces::{ORDERING, RESTORED, WORKSPACE};

pub(crate) fn list_workspaces() -> Operation {
    list("list_workspaces", "List workspaces", "workspaces", &WORKSPACE)
        .about("Those in which the caller has a role; all of them for who administers the organization.")
        .takes([filter(&TITLED), order_by(&ORDERING), show_deleted()])
        .refuses(WITHIN)
        .ignores_unknown_parameters()
}

pub(crate) fn list_own_workspaces() -> Operation {
    list("list_own_workspaces", "List the caller's workspaces", "user_workspaces", &WORKSPACE)
        .about("The same rows, newest first.")
        .takes([filter(&TITLED), show_deleted()])
        .refuses(WITHIN)
        .ignores_unknown_parameters()
}

pub(crate) fn get_workspace() -> Operation {
    get("get_workspace", "Get a workspace", &WORKSPACE)
        .about("A deleted one shows with its `delete_time`.")
        .refuses(WITHIN)
        .ignores_unknown_parameters()
}

pub(crate) fn create_workspace() -> Operation {
    create("create_workspace", "Create a workspace", &WORKSPACE)
        .about("The caller becomes its owner.")
        .takes([own_id("workspace_id")])
        .refuses(WITHIN)
}

pub(crate) fn update_workspace() -> Operation {
    held_to_a_version(update("update_workspace", "Update a workspace", &WORKSPACE))
        .takes([or_made()])
        .refuses(&[Kind::AlreadyExists])
}

pub(crate) fn delete_workspace() -> Operation {
    let answered = Shape::made(|schemas| WORKSPACE.to_delete(schemas));
    held_to_a_version(delete("delete_workspace", "Delete a workspace"))
        .about("It is kept until its `purge_time`, and can be restored until then. With `force` also while others have roles in it.")
        .takes([force(), allow_missing()])
        .answers(200, "As it is now.", answered)
}

pub(crate) fn undelete_workspace() -> Operation {
    held_to_a_version(custom("undelete_workspace", "Restore a workspace", &WORKSPACE))
        .may_read(JSON, Shape::made(|schemas| RESTORED.to_make(schemas)))
        .refuses(&[Kind::AlreadyExists])
}

pub(crate) fn test_workspace_permissions() -> Operation {
    test_permissions("test_workspace_permissions", "Test permissions in a workspace")
}

pub(crate) fn count_workspace_users() -> Operation {
    Operation::new("count_workspace_users", "Count the users of workspaces")
        .about("One that is missing or not visible fails the call.")
        .reads(JSON, Shape::made(|schemas| COUNTED.to_make(schemas)))
        .answers(200, "A number for each.", Shape::made(|schemas| COUNTS.answered(schemas)))
        .refuses(WITHIN)
        .ignores_unknown_parameters()
}

pub(crate) fn get_workspace_preferences() -> Operation {
    get("get_workspace_preferences", "Get a workspace's preferences", &PREFERENCES)
        .refuses(WITHIN)
        .ignores_unknown_parameters()
}

pub(crate) fn update_workspace_preferences() -> Operation {
    held_to_a_version(update(
        "update_workspace_preferences",
        "Update a workspace's preferences",
        &PREFERENCES,
    ))
}
