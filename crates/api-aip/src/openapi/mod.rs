//! What the document of the API says of each route: a file for each resource, with a function for each operation that is
//! called like its handler. Here is what operations of a kind have in common.

pub(crate) mod account_secrets;
pub(crate) mod accounts;
pub(crate) mod api_keys;
pub(crate) mod assignments;
pub(crate) mod entitlements;
pub(crate) mod invites;
pub(crate) mod issuers;
pub(crate) mod organizations;
pub(crate) mod own;
mod parameters;
pub(crate) mod people;
pub(crate) mod roles;
pub(crate) mod service_accounts;
pub(crate) mod teams;
pub(crate) mod workspace_server;
pub(crate) mod workspaces;

use serde_json::json;
use tenantry_core::{Error, Kind};
use tenantry_http::Refusal;
use tenantry_http::openapi::{Api, Framing, Operation, Parameter, Shape};

use crate::Aip;
use crate::error::STALE_IF_MATCH;
use crate::message::Message;

const JSON: &str = "application/json";
const ABOUT: &str = "The native dialect: everything that Tenantry can do, in the style of Google's API Improvement \
    Proposals. What Kognitos publishes of its workspaces API is a part of it.\n\nEvery write takes `validate_only`, which \
    does everything but commit, and `request_id`, under which a request that is sent again is done once. Parameters that \
    an operation does not take are refused, but ignored where Kognitos published the operation. Who may not know whether \
    something exists is answered 403, whether it exists or not.";

/// The dialect in the document of the API.
pub fn api() -> Api {
    let bearer = json!({"type": "http", "scheme": "bearer", "description": "A token or an API key."});
    Api::new("aip", "AIP (native; Kognitos)", Framing::of::<Aip>(Shape::made(error)), crate::routes())
        .about(ABOUT)
        .credential("bearer", bearer)
        .path("organization", "Its id, key or name.")
        .path("workspace", "Its id, key or name.")
        .path("user", "The user's id.")
        .path("role", "Its id, or a built-in role's short name.")
        .path("invitation", "Its id.")
        .path("issuer", "Its id.")
        .path("key", "Its id.")
        .path("account", "Its id.")
        .path("client", "Its id.")
        .path("team", "Its id.")
        .path("member", "The id of the principal, or of the invitation.")
        .path("assignment", "Its id.")
        .path("token", "Its id.")
        .path("device", "Its id.")
        .path("session", "Its id.")
        .path("authorization", "Its id.")
        .path("feature", "What is metered, such as `pipeline`.")
}

/// `google.rpc.Status`, as `error.rs` writes it.
fn error(schemas: &mut tenantry_http::openapi::Schemas) -> serde_json::Value {
    let detail = json!({
        "type": "object",
        "properties": {"@type": {"type": "string"}},
        "required": ["@type"],
        "description": "`google.rpc.ErrorInfo` always; `BadRequest` for fields, `ResourceInfo` for what is missing, taken \
            or in the way, `RetryInfo` where waiting helps.",
    });
    let status = json!({
        "type": "object",
        "properties": {
            "code": {"type": "integer", "description": "The canonical code of gRPC."},
            "message": {"type": "string"},
            "details": {"type": "array", "items": detail, "minItems": 1},
        },
        "required": ["code", "message", "details"],
        "description": "What went wrong (AIP-193).",
    });
    schemas.named("aip.Status", status)
}

/// What is in an organization: whoever may not know it is refused, and so is what is not there.
const WITHIN: &[Kind] = &[Kind::Invalid, Kind::Hidden, Kind::NotFound];
/// What a change may meet there.
const IN_THE_WAY: &[Kind] = &[Kind::Precondition, Kind::Conflict];

/// Reads one resource.
fn get(name: &'static str, summary: &'static str, message: &'static Message) -> Operation {
    let shape = Shape::made(|schemas| message.answered(schemas));
    reading(name, summary, parameters::fields(&message.paths())).answers(200, "What was asked for.", shape)
}

/// A page of resources, which are told under `rows`.
fn list(
    name: &'static str,
    summary: &'static str,
    rows: &'static str,
    message: &'static Message,
) -> Operation {
    let page = Shape::made(|schemas| {
        json!({
            "type": "object",
            "properties": {
                rows: {"type": "array", "items": message.answered(schemas)},
                "next_page_token": {"type": "string", "description": "Empty on the last page."},
            },
        })
    });
    let own = ["next_page_token".to_owned(), rows.to_owned()];
    let paths: Vec<String> =
        own.into_iter().chain(message.paths().iter().map(|path| format!("{rows}.{path}"))).collect();
    reading(name, summary, parameters::fields(&paths))
        .takes([parameters::page_size(), parameters::page_token()])
        .answers(200, "A page.", page)
}

fn reading(name: &'static str, summary: &'static str, fields: Parameter) -> Operation {
    Operation::new(name, summary)
        .takes([fields, parameters::if_none_match()])
        .refuses(&[Kind::Invalid])
        .answers_nothing(304, "The client has it already.")
}

/// Makes a resource.
fn create(name: &'static str, summary: &'static str, message: &'static Message) -> Operation {
    writing(name, summary)
        .reads(JSON, Shape::made(|schemas| message.to_make(schemas)))
        .answers(200, "What was made.", Shape::made(|schemas| message.made(schemas)))
        .refuses(&[Kind::Forbidden, Kind::AlreadyExists])
        .refuses_with(stale_if_match())
}

/// Changes a resource.
fn update(name: &'static str, summary: &'static str, message: &'static Message) -> Operation {
    writing(name, summary)
        .takes([parameters::update_mask(&message.writable())])
        .reads(JSON, Shape::made(|schemas| message.to_change(schemas)))
        .answers(200, "As it is now.", Shape::made(|schemas| message.answered(schemas)))
        .refuses(WITHIN)
        .refuses(IN_THE_WAY)
}

/// Deletes a resource of which nothing is left to show.
fn delete(name: &'static str, summary: &'static str) -> Operation {
    writing(name, summary)
        .answers(200, "It is gone.", Shape::made(|_| json!({"type": "object", "maxProperties": 0})))
        .refuses(WITHIN)
        .refuses(IN_THE_WAY)
}

/// Whatever else changes something (AIP-136).
fn custom(name: &'static str, summary: &'static str, answered: &'static Message) -> Operation {
    writing(name, summary)
        .answers(200, "As it is now.", Shape::made(|schemas| answered.answered(schemas)))
        .refuses(WITHIN)
        .refuses(IN_THE_WAY)
}

fn writing(name: &'static str, summary: &'static str) -> Operation {
    Operation::new(name, summary)
        .takes([parameters::validate_only(), parameters::request_id()])
        .refuses(&[Kind::Invalid])
}

/// A change that can be held to the version that was seen last.
fn held_to_a_version(operation: Operation) -> Operation {
    operation
        .takes([parameters::etag(), parameters::if_match()])
        .refuses(&[Kind::Conflict])
        .refuses_with(stale_if_match())
}

fn stale_if_match() -> Refusal {
    Refusal::Core(Error::new(Kind::Conflict, STALE_IF_MATCH, ""))
}
