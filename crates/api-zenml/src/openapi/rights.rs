//! Of rights: roles, who has them, teams.

use serde_json::json;
use tenantry_core::Kind;
use tenantry_http::openapi::{Operation, Parameter, Shape};

use super::people::{UNKNOWN, id, nothing, text};
use super::{JSON, listed, pages, pages_of_all};
use crate::assignments::{self, RoleAssignment};
use crate::permissions::PermissionRead;
use crate::roles::{self, RoleCreate, RoleDetail, RoleRead, RoleUpdate};
use crate::teams::{self, TeamAssignment, TeamCreate, TeamRead, TeamUpdate};

pub(crate) fn list_roles() -> Operation {
    let level = json!({"type": "string", "enum": ["organization", "workspace", "project"]});
    let flag = || json!({"type": "boolean"});
    Operation::new("list_roles", "List roles")
        .about("Of every level, the newest first.")
        .takes([
            text("name", "The whole name."),
            id("user_id", "Those that this user has."),
            id("team_id", "Those that this team has."),
            text("resource", "Those that may do anything to this."),
            text("action", "Those that may do this to anything."),
            Parameter::query("system_managed", "Those that are built in, or are not.", flag()),
            Parameter::query(
                "type",
                "`normal` unless said; there are no others.",
                json!({"type": "string", "enum": ["normal", "share"]}),
            ),
            Parameter::query("level", "Those of this level.", level),
            Parameter::query("assigned_to_current_user", "Those that the caller has.", flag()),
            id("workspace_scope", "Those that can be given in this workspace."),
            id("project_scope", "Those that can be given in this project: none."),
        ])
        .takes(pages(roles::MOST))
        .answers(200, "A page.", listed::<RoleRead>())
        .refuses(&[Kind::Invalid])
        .refuses(UNKNOWN)
}

pub(crate) fn list_permissions() -> Operation {
    let level = json!({"type": "string", "enum": ["organization", "workspace", "project"]});
    Operation::new("list_permissions", "List permissions")
        .about("What roles may hold.")
        .takes([Parameter::query("level", "What roles of this level may hold.", level)])
        .answers(200, "All of them.", listed::<PermissionRead>())
        .refuses(&[Kind::Invalid])
}

pub(crate) fn create_role() -> Operation {
    Operation::new("create_role", "Create a role")
        .about("A custom one, by who holds whatever it holds.")
        .reads(JSON, Shape::read::<RoleCreate>())
        .answers(200, "What was made.", Shape::written::<RoleDetail>())
        .refuses(&[Kind::Invalid, Kind::AlreadyExists])
        .refuses(UNKNOWN)
}

pub(crate) fn get_role() -> Operation {
    Operation::new("get_role", "Get a role")
        .answers(200, "What was asked for.", Shape::written::<RoleDetail>())
        .refuses(UNKNOWN)
}

pub(crate) fn update_role() -> Operation {
    Operation::new("update_role", "Update a role")
        .about("A custom one, for everybody who has it.")
        .reads(JSON, Shape::read::<RoleUpdate>())
        .answers(200, "As it is now.", Shape::written::<RoleDetail>())
        .refuses(&[Kind::Invalid, Kind::AlreadyExists])
        .refuses(UNKNOWN)
}

pub(crate) fn delete_role() -> Operation {
    Operation::new("delete_role", "Delete a role")
        .about("A custom one. It is taken from everybody who has it.")
        .answers(200, "It is gone.", nothing())
        .refuses(UNKNOWN)
}

pub(crate) fn list_assignments() -> Operation {
    Operation::new("list_assignments", "List who has a role")
        .about("The newest first; in workspaces as far as the caller sees who has roles there.")
        .takes(places())
        .takes(pages_of_all(assignments::MOST))
        .answers(200, "A page.", listed::<RoleAssignment<'static>>())
        .refuses(&[Kind::Invalid])
        .refuses(UNKNOWN)
}

pub(crate) fn create_assignment() -> Operation {
    Operation::new("create_assignment", "Give somebody a role")
        .about("By who holds whatever it holds. To exactly one of `user_id`, `team_id` and `invitation_id`.")
        .takes(parties())
        .takes(places())
        .answers(200, "What was given.", Shape::written::<RoleAssignment<'static>>())
        .refuses(&[Kind::Invalid, Kind::NotFound, Kind::AlreadyExists, Kind::Precondition])
        .refuses(UNKNOWN)
}

pub(crate) fn delete_assignment() -> Operation {
    Operation::new("delete_assignment", "Take a role from somebody")
        .about(
            "By who holds whatever it holds. From exactly one of `user_id`, `team_id` and `invitation_id`.",
        )
        .takes(parties())
        .takes(places())
        .answers(200, "It is done.", nothing())
        .refuses(&[Kind::Invalid, Kind::NotFound, Kind::Precondition])
        .refuses(UNKNOWN)
}

fn parties() -> [Parameter; 3] {
    [id("user_id", "A user."), id("team_id", "A team."), id("invitation_id", "A pending invitation.")]
}

fn places() -> [Parameter; 2] {
    [
        id("workspace_id", "In which workspace, for a role that is given in workspaces."),
        id("project_id", "In which project of the workspace. No role is given in projects."),
    ]
}

pub(crate) fn list_teams() -> Operation {
    Operation::new("list_teams", "List teams")
        .about("The newest first.")
        .takes([text("name", "The whole name.")])
        .takes(pages(teams::MOST))
        .answers(200, "A page.", listed::<TeamRead>())
        .refuses(&[Kind::Invalid])
        .refuses(UNKNOWN)
}

pub(crate) fn create_team() -> Operation {
    Operation::new("create_team", "Create a team")
        .about("Nobody is in it yet.")
        .reads(JSON, Shape::read::<TeamCreate>())
        .answers(200, "What was made.", Shape::written::<TeamRead>())
        .refuses(&[Kind::Invalid, Kind::AlreadyExists, Kind::LimitReached])
        .refuses(UNKNOWN)
}

pub(crate) fn get_team() -> Operation {
    Operation::new("get_team", "Get a team")
        .answers(200, "What was asked for.", Shape::written::<TeamRead>())
        .refuses(UNKNOWN)
}

pub(crate) fn update_team() -> Operation {
    Operation::new("update_team", "Update a team")
        .reads(JSON, Shape::read::<TeamUpdate>())
        .answers(200, "As it is now.", Shape::written::<TeamRead>())
        .refuses(&[Kind::Invalid, Kind::AlreadyExists])
        .refuses(UNKNOWN)
}

pub(crate) fn delete_team() -> Operation {
    Operation::new("delete_team", "Delete a team")
        .about("Whoever was in it has its roles no longer.")
        .answers(200, "It is gone.", nothing())
        .refuses(UNKNOWN)
}

pub(crate) fn list_team_members() -> Operation {
    Operation::new("list_team_members", "List members of a team")
        .about("As they came to it. Invitations are shown to who may see those of the organization.")
        .answers(200, "All of them.", listed::<TeamAssignment<'static>>())
        .refuses(UNKNOWN)
}

pub(crate) fn add_team_member() -> Operation {
    Operation::new("add_team_member", "Put somebody in a team")
        .about("By who holds whatever the team holds. Either `user_id` or `invitation_id`.")
        .takes([id("user_id", "A user."), id("invitation_id", "A pending invitation.")])
        .answers(200, "It is done.", nothing())
        .refuses(&[
            Kind::Invalid,
            Kind::NotFound,
            Kind::AlreadyExists,
            Kind::Precondition,
            Kind::LimitReached,
        ])
        .refuses(UNKNOWN)
}

pub(crate) fn remove_team_member() -> Operation {
    Operation::new("remove_team_member", "Take somebody out of a team")
        .about("By who holds whatever the team holds. Either `user_id` or `invitation_id`.")
        .takes([id("user_id", "A user."), id("invitation_id", "A pending invitation.")])
        .answers(200, "It is done.", nothing())
        .refuses(&[Kind::Invalid, Kind::NotFound, Kind::Precondition])
        .refuses(UNKNOWN)
}
