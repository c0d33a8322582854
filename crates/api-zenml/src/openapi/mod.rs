//! What the document of the API says of each route: a function for each operation, called like its handler.

mod auth;
pub(crate) mod people;
pub(crate) mod rbac;
pub(crate) mod rights;
pub(crate) mod servers;
pub(crate) mod service_accounts;
pub(crate) mod workspaces;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};
use std::borrow::Cow;
use tenantry_core::Kind;
use tenantry_http::openapi::{Api, Framing, Operation, Parameter, Schemas, Shape};

use crate::Zenml;
use crate::organizations::{self, OrganizationCreate, OrganizationRead, OrganizationUpdate};
use crate::params::DEFAULT_LIMIT;

pub(crate) use auth::*;

const JSON: &str = "application/json";
const ABOUT: &str = "What `zenml`, `kitaru` and ZenML servers in Pro mode speak. What may not be known is answered 404, like \
    what does not exist. Every success is 200.";

/// The dialect in the document of the API.
pub fn api() -> Api {
    let password =
        json!({"type": "oauth2", "flows": {"password": {"tokenUrl": "/auth/login", "scopes": {}}}});
    Api::new("zenml", "ZenML Pro", Framing::of::<Zenml>(Shape::made(error)), crate::routes())
        .about(ABOUT)
        .credential("bearer", json!({"type": "http", "scheme": "bearer"}))
        .credential("password", password)
        .path("organization", "Its id; to read it alone, its name or key will do.")
        .path("workspace", "Its id; to read it alone, its name or key will do.")
        .path("name", "What it is to be called.")
        .path("feature", "What is metered, such as `pipeline`.")
        .path("service", "The name of a program.")
        .path("role", "Its id.")
        .path("team", "Its id.")
        .path("invitation", "Its id.")
        .path("key", "Its id or name.")
        .path("account", "Its id or name.")
        .path("user", "Its id; to read it alone, the e-mail address will do.")
        .path("device", "Its id; to read it alone, the code that it shows will do.")
}

/// A UUID, in the schemas of what is written as one.
pub(crate) struct Id;

impl JsonSchema for Id {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Id".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "uuid"})
    }
}

/// A point in time, likewise.
pub(crate) struct Time;

impl JsonSchema for Time {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time"})
    }
}

/// What FastAPI answers, as `error.rs` writes it.
fn error(schemas: &mut Schemas) -> Value {
    let fault = json!({
        "type": "object",
        "properties": {
            "loc": {"type": "array", "items": {"type": ["string", "integer"]}},
            "msg": {"type": "string"},
            "type": {"type": "string"},
        },
        "required": ["loc", "msg", "type"],
    });
    let error = json!({
        "type": "object",
        "properties": {"detail": {"anyOf": [
            {"type": "string"},
            {
                "type": "array",
                "items": {"type": "string"},
                "minItems": 2,
                "maxItems": 2,
                "description": "An exception that the client raises, and its message.",
            },
            {"type": "array", "items": fault, "description": "What is wrong with the request (422)."},
        ]}},
        "required": ["detail"],
    });
    schemas.named("zenml.Error", error)
}

pub(crate) fn list_organizations() -> Operation {
    Operation::new("list_organizations", "List organizations")
        .about("Those in which the caller has a role, by name; every one for who runs the server.")
        .takes([
            Parameter::query("name", "The whole name.", json!({"type": "string"})),
            Parameter::query("owner_id", "Whose they are.", json!({"type": "string", "format": "uuid"})),
            Parameter::query("owner_username", "Whose they are, by user name.", json!({"type": "string"})),
        ])
        .takes(pages(organizations::MOST))
        .answers(200, "A page.", listed::<OrganizationRead<'static>>())
        .refuses(&[Kind::Invalid])
}

pub(crate) fn create_organization() -> Operation {
    Operation::new("create_organization", "Create an organization")
        .about("By a user, not by a service account; for somebody else only by who runs the server.")
        .reads(JSON, Shape::read::<OrganizationCreate>())
        .answers(200, "What was made.", Shape::written::<OrganizationRead<'static>>())
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::AlreadyExists, Kind::LimitReached])
}

pub(crate) fn get_organization() -> Operation {
    let about = "Tells `has_active_subscription` and `trial_expiry`, which are `null` otherwise.";
    Operation::new("get_organization", "Get an organization")
        .takes([Parameter::query("include_subscription_status", about, json!({"type": "boolean"}))])
        .answers(200, "What was asked for.", Shape::written::<OrganizationRead<'static>>())
        .refuses(&[Kind::Invalid, Kind::Hidden])
}

pub(crate) fn update_organization() -> Operation {
    Operation::new("update_organization", "Update an organization")
        .about("What is absent is left alone; `null` clears what may be without a value.")
        .reads(JSON, Shape::read::<OrganizationUpdate>())
        .answers(200, "As it is now.", Shape::written::<OrganizationRead<'static>>())
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::Hidden, Kind::AlreadyExists, Kind::Precondition])
        .refuses(&[Kind::LimitReached])
}

pub(crate) fn delete_organization() -> Operation {
    Operation::new("delete_organization", "Delete an organization")
        .answers(200, "It is gone.", Shape::made(|_| json!({"type": "null"})))
        .refuses(&[Kind::Forbidden, Kind::Hidden])
}

/// The same where all are answered unless fewer are asked for.
fn pages_of_all(most: usize) -> [Parameter; 2] {
    let [offset, _] = pages(most);
    let about = format!("How many rows at most: {most} unless said.");
    [offset, Parameter::query("limit", about, json!({"type": "integer", "minimum": 0, "maximum": most}))]
}

fn pages(most: usize) -> [Parameter; 2] {
    let about = format!("How many rows at most: {DEFAULT_LIMIT} unless said.");
    [
        Parameter::query("offset", "How many rows to pass over.", json!({"type": "integer", "minimum": 0})),
        Parameter::query("limit", about, json!({"type": "integer", "minimum": 0, "maximum": most})),
    ]
}

fn listed<T: JsonSchema>() -> Shape {
    Shape::written::<Vec<T>>()
}
