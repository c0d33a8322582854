//! Invitations.

use tenantry_core::Kind;
use tenantry_http::openapi::{Operation, Shape};

use super::parameters::{filter, order_by};
use super::{IN_THE_WAY, JSON, WITHIN, create, custom, delete, get, list};
use crate::invites::{INVITATION, ORDERING, PENDING, REPLY, ROWS, SCHEMA};

pub(crate) fn list_organization_invites() -> Operation {
    list("list_organization_invites", "List the pending invitations of an organization", ROWS, &PENDING)
        .takes([filter(&SCHEMA), order_by(&ORDERING)])
        .refuses(WITHIN)
        .ignores_unknown_parameters()
}

pub(crate) fn list_workspace_invites() -> Operation {
    list("list_workspace_invites", "List the pending invitations of a workspace", ROWS, &PENDING)
        .takes([filter(&SCHEMA), order_by(&ORDERING)])
        .refuses(WITHIN)
        .ignores_unknown_parameters()
}

pub(crate) fn create_organization_invite() -> Operation {
    created(create("create_organization_invite", "Invite to an organization", &PENDING))
        .about("Without roles, to be a member.")
}

pub(crate) fn create_workspace_invite() -> Operation {
    created(create("create_workspace_invite", "Invite to a workspace", &PENDING))
        .about("Without roles, to look at it.")
}

fn created(create: Operation) -> Operation {
    create.refuses(WITHIN).refuses(IN_THE_WAY)
}

pub(crate) fn cancel_organization_invite() -> Operation {
    delete("cancel_organization_invite", "Withdraw an invitation to an organization")
}

pub(crate) fn cancel_workspace_invite() -> Operation {
    delete("cancel_workspace_invite", "Withdraw an invitation to a workspace")
}

pub(crate) fn get_invitation() -> Operation {
    get("get_invitation", "Get an invitation", &INVITATION)
        .about("For the invitee, and for who may see invitations.")
        .refuses(WITHIN)
        .ignores_unknown_parameters()
}

pub(crate) fn accept_invitation() -> Operation {
    answered(custom("accept_invitation", "Accept an invitation", &INVITATION))
        .about("By who is signed in with the address that was invited.")
}

pub(crate) fn decline_invitation() -> Operation {
    answered(custom("decline_invitation", "Decline an invitation", &INVITATION))
        .about("By who is signed in with the address that was invited.")
}

pub(crate) fn resend_invitation() -> Operation {
    answered(custom("resend_invitation", "Send an invitation again", &INVITATION))
        .about("It gets a new secret, which ends the old one, and time anew; whoever sends it again answers for it.")
        .answers(200, "As it is now.", Shape::made(|schemas| INVITATION.made(schemas)))
}

fn answered(method: Operation) -> Operation {
    method.may_read(JSON, Shape::made(|schemas| REPLY.to_make(schemas))).refuses(&[Kind::Forbidden])
}
