//! Who is in an organization or a workspace.

use tenantry_http::openapi::{Operation, Shape};

use super::parameters::{filter, force, order_by};
use super::{IN_THE_WAY, JSON, WITHIN, create, delete, get, held_to_a_version, list, update};
use crate::people::{DEPARTURE, MEMBER, PERSON, ROLES_OF_USER};
use crate::users::{ORDERING, ROWS, SCHEMA};

const ADDING: &str = "A person by `user.name`, or by `user.email` (and `user.display_name`) as far as the server's setting \
    `add_people` goes. Where that makes an invitation, the answer has it instead of a `user.name`.";
const REPLACING: &str = "The roles given replace those held.";

pub(crate) fn list_organization_users() -> Operation {
    users(list("list_organization_users", "List the users of an organization", ROWS, &MEMBER))
        .about("Who holds a role on the organization.")
        .ignores_unknown_parameters()
}

pub(crate) fn list_workspace_users() -> Operation {
    users(list("list_workspace_users", "List the users of a workspace", ROWS, &MEMBER))
        .about("Who has a role in the workspace, with every role held there.")
        .ignores_unknown_parameters()
}

fn users(list: Operation) -> Operation {
    list.takes([filter(&SCHEMA), order_by(&ORDERING)]).refuses(WITHIN)
}

pub(crate) fn get_user_basic_info() -> Operation {
    get("get_user_basic_info", "Get a user of an organization", &PERSON)
        .refuses(WITHIN)
        .ignores_unknown_parameters()
}

pub(crate) fn get_workspace_user() -> Operation {
    get("get_workspace_user", "Get a user of a workspace", &MEMBER).refuses(WITHIN)
}

pub(crate) fn add_organization_user() -> Operation {
    added(create("add_organization_user", "Add a user to an organization", &MEMBER))
}

pub(crate) fn add_workspace_user() -> Operation {
    added(create("add_workspace_user", "Add a user to a workspace", &MEMBER))
}

fn added(create: Operation) -> Operation {
    create.about(ADDING).refuses(WITHIN).refuses(IN_THE_WAY)
}

pub(crate) fn update_organization_user() -> Operation {
    updated("update_organization_user", "Change a user's roles in an organization")
}

pub(crate) fn update_workspace_user() -> Operation {
    updated("update_workspace_user", "Change a user's roles in a workspace")
}

fn updated(name: &'static str, summary: &'static str) -> Operation {
    held_to_a_version(update(name, summary, &ROLES_OF_USER))
        .about(REPLACING)
        .reads(JSON, Shape::made(|schemas| ROLES_OF_USER.to_make(schemas)))
        .answers(200, "As it is now.", Shape::made(|schemas| MEMBER.answered(schemas)))
}

pub(crate) fn remove_organization_user() -> Operation {
    held_to_a_version(delete("remove_organization_user", "Remove a user from an organization"))
        .about(
            "Ends everything that the person holds in the organization. With `validate_only` the answer tells what \
             that comes to; with `force` workspaces that nobody else owns go to the account owner.",
        )
        .takes([force()])
        .answers(200, "What it came to.", Shape::made(|schemas| DEPARTURE.answered(schemas)))
}

pub(crate) fn remove_workspace_user() -> Operation {
    held_to_a_version(delete("remove_workspace_user", "Remove a user from a workspace"))
        .about("Ends every role held directly in the workspace.")
}
