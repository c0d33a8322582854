//! Operations of workspaces. Each is there under two words, so that its id is given.

use serde_json::json;
use tenantry_core::Kind;
use tenantry_core::workspace::State;
use tenantry_http::openapi::{Operation, Parameter, Shape};

use super::{JSON, listed, pages};
use crate::workspace_changes::{WorkspaceCreate, WorkspaceUpdate};
use crate::workspaces::{MOST, WorkspaceRead};

fn uuid(name: &'static str, about: &'static str) -> Parameter {
    Parameter::query(name, about, json!({"type": "string", "format": "uuid"}))
}

fn text(name: &'static str, about: &'static str) -> Parameter {
    Parameter::query(name, about, json!({"type": "string"}))
}

fn flag(name: &'static str, about: &'static str) -> Parameter {
    Parameter::query(name, about, json!({"type": "boolean"}))
}

fn status() -> Parameter {
    let about = "Those of this status alone. Deleted ones are shown only when they are asked for.";
    let statuses: Vec<_> = State::ALL.iter().map(|state| state.word()).collect();
    Parameter::query("status", about, json!({"type": "string", "enum": statuses}))
}

fn one() -> Shape {
    Shape::written::<WorkspaceRead<'static>>()
}

pub(crate) fn list(id: &'static str) -> Operation {
    Operation::new(id, "List workspaces of an organization")
        .about("Those that the caller may enter or administers, newest first. The vendor called them tenants once.")
        .takes([status()])
        .takes(pages(MOST))
        .answers(200, "A page.", listed::<WorkspaceRead<'static>>())
        .refuses(&[Kind::Invalid, Kind::Hidden])
}

pub(crate) fn list_all(id: &'static str) -> Operation {
    Operation::new(id, "List workspaces")
        .about("Of all organizations: those that the caller may enter or administers, newest first.")
        .takes([
            uuid("workspace_id", "That of this id."),
            uuid("tenant_id", "The same."),
            text("workspace_name", "Those of this name, which is the key."),
            text("tenant_name", "The same."),
            text("url", "Those whose server is there, exactly."),
            uuid("organization_id", "Those of this organization."),
            status(),
            flag("is_managed", "Those whose server somebody else runs (false), or the others."),
            uuid("owner_id", "Those that this person answers for."),
            flag("member_only", "Those in which the caller has a role."),
        ])
        .takes(pages(MOST))
        .answers(200, "A page.", listed::<WorkspaceRead<'static>>())
        .refuses(&[Kind::Invalid])
}

pub(crate) fn create(id: &'static str) -> Operation {
    Operation::new(id, "Create or enroll a workspace")
        .about(
            "Whoever creates it owns it, unless somebody else is named by who administers the organization.",
        )
        .takes([
            flag("enroll", "Somebody else runs its server; the answer has the key with which that comes in."),
            text("name", "Taken where the body has none."),
        ])
        .may_read(JSON, Shape::read::<WorkspaceCreate>())
        .answers(200, "What was made.", one())
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::Hidden, Kind::AlreadyExists, Kind::Precondition])
}

pub(crate) fn delete_named(id: &'static str) -> Operation {
    Operation::new(id, "Delete the workspace that is named")
        .takes([uuid("workspace_id", "Its id.").needed()])
        .answers(200, "It is gone.", Shape::made(|_| json!({"type": "null"})))
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::Hidden, Kind::NotFound, Kind::Precondition])
}

pub(crate) fn get(id: &'static str) -> Operation {
    Operation::new(id, "Get a workspace")
        .about("409 where several organizations have one of this name.")
        .answers(200, "What was asked for.", one())
        .refuses(&[Kind::Forbidden, Kind::Hidden, Kind::NotFound, Kind::AlreadyExists])
}

pub(crate) fn get_named(id: &'static str) -> Operation {
    Operation::new(id, "Get a workspace of an organization")
        .answers(200, "What was asked for.", one())
        .refuses(&[Kind::Forbidden, Kind::Hidden, Kind::NotFound])
}

pub(crate) fn update(id: &'static str) -> Operation {
    Operation::new(id, "Update a workspace")
        .about("What is absent is left alone; `null` clears what may be without a value.")
        .takes([flag("force", "Changes nothing.")])
        .reads(JSON, Shape::read::<WorkspaceUpdate>())
        .answers(200, "As it is now.", one())
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::Hidden, Kind::NotFound, Kind::AlreadyExists])
        .refuses(&[Kind::Precondition])
}

pub(crate) fn delete(id: &'static str) -> Operation {
    Operation::new(id, "Delete a workspace")
        .answers(200, "It is gone.", Shape::made(|_| json!({"type": "null"})))
        .refuses(&[Kind::Forbidden, Kind::Hidden, Kind::NotFound, Kind::Precondition])
}

pub(crate) fn deploy(id: &'static str) -> Operation {
    Operation::new(id, "Wish a workspace to be available").answers(200, "As it is now.", one()).refuses(&[
        Kind::Forbidden,
        Kind::Hidden,
        Kind::NotFound,
    ])
}

pub(crate) fn deactivate(id: &'static str) -> Operation {
    Operation::new(id, "Deactivate a workspace")
        .about("Nobody enters it from the next request on.")
        .answers(200, "As it is now.", one())
        .refuses(&[Kind::Forbidden, Kind::Hidden, Kind::NotFound])
}

pub(crate) fn check_name(id: &'static str) -> Operation {
    Operation::new(id, "Ask whether the caller could make a workspace of a name")
        .answers(200, "It could.", Shape::made(|_| json!({"type": "null"})))
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::Hidden, Kind::AlreadyExists])
}
