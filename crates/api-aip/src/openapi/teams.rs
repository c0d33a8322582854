//! Teams and their members.

use tenantry_core::Kind;
use tenantry_http::openapi::Operation;

use super::parameters::{allow_missing, filter, order_by};
use super::{WITHIN, create, delete, get, held_to_a_version, list, update};
use crate::filters::TITLED;
use crate::teams::{MEMBER, MEMBER_ROWS, ORDERING, ROWS, TEAM};

pub(crate) fn list_teams() -> Operation {
    list("list_teams", "List teams", ROWS, &TEAM)
        .takes([filter(&TITLED), order_by(&ORDERING)])
        .refuses(WITHIN)
        .refuses(&[Kind::Forbidden])
}

pub(crate) fn get_team() -> Operation {
    get("get_team", "Get a team", &TEAM).refuses(WITHIN).refuses(&[Kind::Forbidden])
}

pub(crate) fn create_team() -> Operation {
    create("create_team", "Create a team", &TEAM)
        .about("Nobody is in it yet.")
        .refuses(WITHIN)
        .refuses(&[Kind::LimitReached])
}

pub(crate) fn update_team() -> Operation {
    held_to_a_version(update("update_team", "Update a team", &TEAM)).refuses(&[Kind::AlreadyExists])
}

pub(crate) fn delete_team() -> Operation {
    held_to_a_version(delete("delete_team", "Delete a team"))
        .about("By who holds whatever the team holds. Whoever was in it holds its roles no longer.")
        .takes([allow_missing()])
}

pub(crate) fn list_team_members() -> Operation {
    list("list_team_members", "List the members of a team", MEMBER_ROWS, &MEMBER)
        .about("As they came to it. Invitations are shown to who sees those of the organization.")
        .refuses(WITHIN)
        .refuses(&[Kind::Forbidden])
}

pub(crate) fn get_team_member() -> Operation {
    get("get_team_member", "Get a member of a team", &MEMBER).refuses(WITHIN).refuses(&[Kind::Forbidden])
}

pub(crate) fn add_team_member() -> Operation {
    create("add_team_member", "Put somebody in a team", &MEMBER)
        .about(
            "By who holds whatever the team holds. Who accepts an invitation is in the teams that it is in.",
        )
        .refuses(WITHIN)
        .refuses(&[Kind::LimitReached])
}

pub(crate) fn remove_team_member() -> Operation {
    delete("remove_team_member", "Take somebody out of a team")
        .about("By who holds whatever the team holds.")
        .takes([allow_missing()])
}
