//! Of people: `/users`, members, invitations.

use serde_json::{Value, json};
use tenantry_core::Kind;
use tenantry_http::openapi::{Operation, Parameter, Shape};

use super::{JSON, listed, pages, pages_of_all};
use crate::accounts::{self, UserUpdate};
use crate::api_keys::{ApiKeyCreate, ApiKeyRead, ApiKeyUpdate};
use crate::assignments::{self, RoleAssignment};
use crate::invitations::{self, InvitationCreate, InvitationRead, PendingInvitation};
use crate::members::MemberRead;
use crate::users::UserRead;

pub(super) const UNKNOWN: &[Kind] = &[Kind::Forbidden, Kind::Hidden];

pub(crate) fn list_users() -> Operation {
    Operation::new("list_users", "List users")
        .about(
            "Every account for who runs the server, the caller's own for everybody else; the newest first.",
        )
        .takes([text("email", "The whole address."), text("username", "The whole name.")])
        .takes(pages(accounts::MOST))
        .answers(200, "A page.", listed::<UserRead<'static>>())
        .refuses(&[Kind::Invalid])
}

pub(crate) fn create_user() -> Operation {
    Operation::new("create_user", "Create a user")
        .about("By who runs the server. That a password stands in an address is the vendor's way: give none, and have a link sent.")
        .takes([
            Parameter::query("email", "The address.", json!({"type": "string", "format": "email"})).required(),
            text("password", "A first password."),
        ])
        .answers(200, "What was made.", Shape::written::<UserRead<'static>>())
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::AlreadyExists, Kind::Unavailable])
}

pub(crate) fn get_own_user() -> Operation {
    Operation::new("get_own_user", "Who the caller is").answers(
        200,
        "The caller.",
        Shape::written::<UserRead<'static>>(),
    )
}

pub(crate) fn update_own_user() -> Operation {
    Operation::new("update_own_user", "Change one's own names")
        .reads(JSON, Shape::read::<UserUpdate>())
        .answers(200, "As it is now.", Shape::written::<UserRead<'static>>())
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::AlreadyExists])
}

pub(crate) fn get_user() -> Operation {
    Operation::new("get_user", "Get a user")
        .about("For who runs the server; everybody else finds nobody but themselves.")
        .answers(200, "What was asked for.", Shape::written::<UserRead<'static>>())
        .refuses(&[Kind::NotFound])
}

pub(crate) fn update_user() -> Operation {
    Operation::new("update_user", "Update a user, or deactivate")
        .about("By who runs the server. Who is not active has no right anywhere, at once.")
        .reads(JSON, Shape::read::<UserUpdate>())
        .answers(200, "As it is now.", Shape::written::<UserRead<'static>>())
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::NotFound, Kind::AlreadyExists, Kind::Precondition])
}

pub(crate) fn delete_user() -> Operation {
    Operation::new("delete_user", "Delete a user")
        .about("By who runs the server. Who owns an organization, or alone a workspace, is not deleted.")
        .answers(200, "It is gone.", nothing())
        .refuses(&[Kind::Forbidden, Kind::NotFound, Kind::Precondition])
}

pub(crate) fn list_own_keys() -> Operation {
    Operation::new("list_own_keys", "List one's own API keys")
        .about("Expired ones too, the newest first.")
        .answers(200, "All of them.", listed::<ApiKeyRead>())
        .refuses(&[Kind::Forbidden])
}

pub(crate) fn create_own_key() -> Operation {
    Operation::new("create_own_key", "Create an API key of one's own")
        .about("It is told this once.")
        .reads(JSON, Shape::read::<ApiKeyCreate>())
        .answers(200, "What was made.", Shape::written::<ApiKeyRead>())
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::AlreadyExists, Kind::LimitReached])
}

pub(crate) fn update_own_key() -> Operation {
    Operation::new("update_own_key", "Rename an API key of one's own")
        .reads(JSON, Shape::read::<ApiKeyUpdate>())
        .answers(200, "As it is now.", Shape::written::<ApiKeyRead>())
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::NotFound, Kind::AlreadyExists, Kind::Conflict])
}

pub(crate) fn delete_own_key() -> Operation {
    Operation::new("delete_own_key", "Delete an API key of one's own")
        .about("It counts for nothing from then on, and neither does what was given for it.")
        .answers(200, "It is gone.", nothing())
        .refuses(&[Kind::Forbidden, Kind::NotFound, Kind::Conflict])
}

pub(crate) fn list_members() -> Operation {
    let flags = ["include_users", "include_service_accounts", "include_teams", "include_invitations"];
    let flag = |name| {
        Parameter::query(name, "Whether these are shown.", json!({"type": "boolean", "default": true}))
    };
    Operation::new("list_members", "List members of an organization")
        .about("Everybody who has a role on it, the newest first. Teams and invitations are shown to who may see them.")
        .takes([id("role_id", "Those alone who have this role.")])
        .takes(flags.map(flag))
        .takes(pages_of_all(assignments::MOST))
        .answers(200, "A page.", listed::<MemberRead<'static>>())
        .refuses(&[Kind::Invalid])
        .refuses(UNKNOWN)
}

pub(crate) fn remove_member() -> Operation {
    Operation::new("remove_member", "Remove a user from an organization")
        .about("Every role in it and its workspaces ends, and every team and key. Not who owns it, or alone a workspace of it.")
        .takes([id("user_id", "Who.").required()])
        .answers(200, "It is done.", nothing())
        .refuses(&[Kind::Invalid, Kind::NotFound, Kind::Precondition])
        .refuses(UNKNOWN)
}

pub(crate) fn list_workspace_members() -> Operation {
    members_of_workspace("list_workspace_members")
}

pub(crate) fn list_tenant_members() -> Operation {
    members_of_workspace("list_tenant_members")
}

fn members_of_workspace(name: &'static str) -> Operation {
    Operation::new(name, "List members of a workspace")
        .about("Everybody who has a role in it, the newest first.")
        .takes(pages_of_all(assignments::MOST))
        .answers(200, "A page.", listed::<MemberRead<'static>>())
        .refuses(&[Kind::Invalid])
        .refuses(UNKNOWN)
}

pub(crate) fn add_workspace_member() -> Operation {
    added("add_workspace_member")
}

pub(crate) fn add_tenant_member() -> Operation {
    added("add_tenant_member")
}

fn added(name: &'static str) -> Operation {
    Operation::new(name, "Give somebody a role in a workspace")
        .about("By who holds whatever the role holds. Either `user_id` or `team_id`.")
        .takes([
            id("user_id", "A user."),
            id("team_id", "A team."),
            id("role_id", "The role; a viewer's unless said."),
        ])
        .answers(200, "What was given.", Shape::written::<RoleAssignment<'static>>())
        .refuses(&[Kind::Invalid, Kind::NotFound, Kind::AlreadyExists, Kind::Precondition])
        .refuses(UNKNOWN)
}

pub(crate) fn remove_workspace_member() -> Operation {
    removed("remove_workspace_member")
}

pub(crate) fn remove_tenant_member() -> Operation {
    removed("remove_tenant_member")
}

fn removed(name: &'static str) -> Operation {
    Operation::new(name, "Take every role in a workspace from somebody")
        .about("By who holds whatever they hold. Either `user_id` or `team_id`.")
        .takes([id("user_id", "A user."), id("team_id", "A team.")])
        .answers(200, "It is done.", nothing())
        .refuses(&[Kind::Invalid, Kind::NotFound, Kind::Precondition])
        .refuses(UNKNOWN)
}

pub(crate) fn list_invitations() -> Operation {
    let about = "Answered and expired ones too, with `false`.";
    Operation::new("list_invitations", "List invitations to an organization")
        .about("The newest first.")
        .takes([
            Parameter::query("only_pending", about, json!({"type": "boolean", "default": true})),
            text("email", "To this address."),
        ])
        .takes(pages(invitations::MOST))
        .answers(200, "A page.", listed::<InvitationRead<'static>>())
        .refuses(&[Kind::Invalid])
        .refuses(UNKNOWN)
}

pub(crate) fn create_invitation() -> Operation {
    Operation::new("create_invitation", "Invite an address to an organization")
        .about("By who holds whatever the role holds. It is mailed; where nothing is, the answer has the `link`.")
        .reads(JSON, Shape::read::<InvitationCreate>())
        .answers(200, "What was made.", Shape::written::<InvitationRead<'static>>())
        .refuses(&[Kind::Invalid, Kind::AlreadyExists])
        .refuses(UNKNOWN)
}

pub(crate) fn cancel_invitation() -> Operation {
    Operation::new("cancel_invitation", "Withdraw an invitation")
        .answers(200, "It is gone.", nothing())
        .refuses(UNKNOWN)
}

pub(crate) fn list_own_invitations() -> Operation {
    Operation::new("list_own_invitations", "List one's own invitations")
        .about("Those that wait for an answer, the newest first.")
        .answers(200, "All of them.", listed::<PendingInvitation<'static>>())
}

pub(crate) fn get_own_invitation() -> Operation {
    Operation::new("get_own_invitation", "Get an invitation of one's own")
        .answers(200, "What was asked for.", Shape::written::<PendingInvitation<'static>>())
        .refuses(&[Kind::Hidden])
}

pub(crate) fn answer_invitation() -> Operation {
    let flag = json!({"type": "boolean"});
    let id = Shape::made(|_| json!({"anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}]}));
    Operation::new("answer_invitation", "Accept or decline an invitation")
        .takes([Parameter::query("accept", "Whether it is accepted.", flag).required()])
        .answers(200, "The organization's id when it was accepted.", id)
        .refuses(&[Kind::Invalid, Kind::Precondition])
        .refuses(UNKNOWN)
}

pub(super) fn text(name: &'static str, about: &'static str) -> Parameter {
    Parameter::query(name, about, json!({"type": "string"}))
}

pub(super) fn id(name: &'static str, about: &'static str) -> Parameter {
    let schema: Value = json!({"type": "string", "format": "uuid"});
    Parameter::query(name, about, schema)
}

pub(super) fn nothing() -> Shape {
    Shape::made(|_| json!({"type": "null"}))
}
