//! What the document of the API says of each route: a function for each operation, called like its handler.

use serde_json::{Value, json};
use tenantry_core::Kind;
use tenantry_core::oauth::GrantType;
use tenantry_core::workspace::WorkspaceField;
use tenantry_http::openapi::{Api, Framing, Operation, Parameter, Shape};

use crate::error::{Problem, TokenError};
use crate::filters::{EQUALITIES, TIMES};
use crate::page::{DEFAULT_LIMIT, LARGEST_LIMIT, LARGEST_OFFSET};
use crate::token::{GRANTS, Granted, SCOPES, TokenEndpoint};
use crate::workspaces::WorkspacePage;
use crate::{Evo, order};

const ABOUT: &str = "What `evo-sdk-common` speaks. Only workspaces in which the caller has a role are shown; what may not \
    be known is answered 404, like what does not exist.";

/// The dialect in the document of the API.
pub fn api() -> Api {
    let scopes: Value = SCOPES.split(' ').map(|scope| (scope.to_owned(), json!("This API."))).collect();
    let client = json!({
        "type": "oauth2",
        "flows": {"clientCredentials": {"tokenUrl": "/connect/token", "scopes": scopes}},
    });
    Api::new("evo", "Seequent Evo", Framing::of::<Evo>(Shape::written::<Problem>()), crate::routes())
        .about(ABOUT)
        .credential("bearer", json!({"type": "http", "scheme": "bearer"}))
        .credential("client", client)
        .path("org_id", "The organization's id.")
}

pub(crate) fn list_workspaces() -> Operation {
    Operation::new("list_workspaces", "List workspaces")
        .about("Those in which the caller has a role. Every filter that is given must hold.")
        .takes([
            whole_number("limit", format!("How many rows: {DEFAULT_LIMIT} unless said."), LARGEST_LIMIT),
            whole_number("offset", "How many rows to pass over.".to_owned(), LARGEST_OFFSET),
            ordered("order_by", r"((asc|desc):)?", "`asc:` or `desc:` before each name"),
            ordered("sort", "-?", "`-` before a name for the other way; not read beside `order_by`"),
            deleted(),
        ])
        .takes(EQUALITIES.map(|(name, field)| equality(name, field)))
        .takes(TIMES.map(|(name, _)| time(name)))
        .answers(200, "A page.", Shape::written::<WorkspacePage>())
        .refuses(&[Kind::Invalid, Kind::Hidden])
}

fn whole_number(name: &'static str, about: String, largest: u64) -> Parameter {
    Parameter::query(name, about, json!({"type": "integer", "minimum": 0, "maximum": largest}))
}

fn ordered(name: &'static str, direction: &str, how: &str) -> Parameter {
    let names = order::NAMES.map(|(name, _)| name);
    let about =
        format!("The order: of {}, with commas between, {how}. By name unless said.", names.join(", "));
    let item = format!("{direction}({})", names.join("|"));
    Parameter::query(name, about, json!({"type": "string", "pattern": format!("^({item}(,{item})*)?$")}))
}

/// Its values are read in any case.
fn deleted() -> Parameter {
    let about = "With `true` deleted workspaces are shown beside the live ones.";
    Parameter::query("deleted", about, json!({"type": "boolean", "default": false}))
}

fn equality(name: &'static str, field: WorkspaceField) -> Parameter {
    let about = match field {
        WorkspaceField::Name => "Those of this name; `eq:` may stand before it.",
        WorkspaceField::CreatedBy => "Those that this user made; `eq:` may stand before the id.",
        _ => "Those in which this user has a role; `eq:` may stand before the id.",
    };
    let schema = match field {
        WorkspaceField::Name => json!({"type": "string"}),
        _ => {
            json!({"type": "string", "pattern": "^(eq:)?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"})
        }
    };
    Parameter::query(name, about, schema)
}

fn time(name: &'static str) -> Parameter {
    let about =
        "Dates or times (ISO 8601) with commas between, each behind `eq:`, `lt:`, `lte:`, `gt:` or `gte:`.";
    Parameter::query(name, about, json!({"type": "string", "examples": ["gte:2026-01-31"]}))
}

pub(crate) fn authorize() -> Operation {
    Operation::new("authorize", "Ask a person to allow a client something")
        .about("RFC 6749, section 4.1: answered at `/oauth2/authorize`, with the scopes in its words.")
        .open()
        .answers_nothing(302, "To the endpoint that answers.")
        .refuses(&[Kind::Invalid])
}

pub(crate) fn issue_token() -> Operation {
    let form = json!({
        "type": "object",
        "properties": {
            "grant_type": {"type": "string", "enum": GRANTS.map(GrantType::word)},
            "client_id": {"type": "string"},
            "client_secret": {"type": "string"},
            "code": {"type": "string"},
            "redirect_uri": {"type": "string"},
            "code_verifier": {"type": "string"},
            "refresh_token": {"type": "string"},
            "scope": {"type": "string", "description": format!("Of {SCOPES}, and of others, which are passed over.")},
        },
        "required": ["grant_type"],
    });
    Operation::new("issue_token", "Get tokens for a client's secret, a code or a refresh token")
        .about("RFC 6749. The client proves itself in the form or by a Basic header.")
        .open()
        .reads("application/x-www-form-urlencoded", Shape::made(move |_| form.clone()))
        .answers(200, "A token.", Shape::written::<Granted>())
        .refuses(&[Kind::Invalid, Kind::Unsupported, Kind::Unauthenticated])
        .framed(Framing::of::<TokenEndpoint>(Shape::written::<TokenError>()))
}
