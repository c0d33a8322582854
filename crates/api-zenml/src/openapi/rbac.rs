//! Operations of `/rbac`.

use serde_json::{Value, json};
use tenantry_core::Kind;
use tenantry_core::resource::Action;
use tenantry_http::openapi::{Operation, Parameter, Shape};

use super::{JSON, listed};
use crate::rbac::{AllowedResourceIds, ResourceMember, ResourceMembershipUpdate};

const BY_A_SERVER: &str = "By the server of a workspace, about that workspace.";
const REFUSED: [Kind; 4] = [Kind::Invalid, Kind::Forbidden, Kind::Hidden, Kind::NotFound];

fn user() -> Parameter {
    let about = "Whose rights are asked for.";
    Parameter::query("user_id", about, json!({"type": "string", "format": "uuid"})).needed()
}

fn action() -> Parameter {
    let words: Vec<_> = Action::ALL.iter().map(|action| action.word()).collect();
    Parameter::query("action", "What is to be done.", json!({"type": "string", "enum": words})).needed()
}

fn resource(about: &'static str) -> Parameter {
    Parameter::query("resource", about, json!({"type": "string"})).needed()
}

fn resources() -> Parameter {
    let words = json!({"type": "array", "items": {"type": "string"}});
    Parameter::query("resources", "[project:]type[/id], repeated.", words)
}

fn answers() -> Shape {
    Shape::made(|_| json!({"type": "object", "additionalProperties": {"type": "boolean"}}))
}

fn null() -> Shape {
    Shape::made(|_| json!({"type": "null"}))
}

pub(crate) fn check() -> Operation {
    let words: Value = json!({"type": "array", "items": {"type": "string"}});
    Operation::new("check_permissions", "Ask whether a user may do something with resources")
        .about(BY_A_SERVER)
        .takes([user(), action()])
        .reads(JSON, Shape::made(move |_| words.clone()))
        .answers(200, "Each resource as it was written, and whether.", answers())
        .refuses(&REFUSED)
}

pub(crate) fn check_of_query() -> Operation {
    Operation::new("check_permissions_of_query", "Ask whether a user may do something with resources")
        .about(BY_A_SERVER)
        .takes([user(), action(), resources()])
        .answers(200, "Each resource as it was written, and whether.", answers())
        .refuses(&REFUSED)
}

pub(crate) fn list_allowed() -> Operation {
    Operation::new("list_allowed_resource_ids", "Which resources a user may do something with")
        .about(BY_A_SERVER)
        .takes([user(), action(), resource("[project:]type.")])
        .answers(200, "All, or these.", Shape::written::<AllowedResourceIds>())
        .refuses(&REFUSED)
}

pub(crate) fn list_members() -> Operation {
    Operation::new("list_resource_members", "With whom a resource is shared")
        .about(BY_A_SERVER)
        .takes([resource("[project:]type/id.")])
        .answers(200, "All of them.", listed::<ResourceMember<'static>>())
        .refuses(&REFUSED)
}

pub(crate) fn share() -> Operation {
    Operation::new("share_resource", "Share a resource")
        .about("By the server of a workspace. Without an action, it is shared no longer.")
        .reads(JSON, Shape::read::<ResourceMembershipUpdate>())
        .answers(200, "Shared.", null())
        .refuses(&REFUSED)
}

pub(crate) fn forget() -> Operation {
    Operation::new("forget_resources", "Forget what was shared of resources that are gone")
        .about(BY_A_SERVER)
        .takes([resources()])
        .answers(200, "Forgotten.", null())
        .refuses(&REFUSED)
}
