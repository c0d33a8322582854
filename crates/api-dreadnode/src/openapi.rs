//! What the document of the API says of each route: a function for each operation, called like its handler.

use serde_json::json;
use tenantry_core::Kind;
use tenantry_http::openapi::{Api, Framing, Operation, Parameter, Shape};

use crate::Dreadnode;
use crate::error::ApiError;
use crate::page::{DEFAULT_SIZE, LARGEST_SIZE, LAST_PAGE};
use crate::workspaces::WorkspacesPage;

const ABOUT: &str = "What the `dreadnode` client speaks. Only workspaces in which the caller has a role are shown; what \
    may not be known is answered 404, like what does not exist.";

/// The dialect in the document of the API.
pub fn api() -> Api {
    let framing = Framing::of::<Dreadnode>(Shape::written::<ApiError>());
    Api::new("dreadnode", "Dreadnode", framing, crate::routes())
        .about(ABOUT)
        .credential("key", json!({"type": "apiKey", "in": "header", "name": "X-API-Key"}))
        .credential("bearer", json!({"type": "http", "scheme": "bearer"}))
        .path("org", "The organization's key, id or name.")
}

pub(crate) fn list_organization_workspaces() -> Operation {
    let size = format!("How many rows: {DEFAULT_SIZE} unless said.");
    Operation::new("list_organization_workspaces", "List workspaces")
        .about("Those in which the caller has a role: the caller's default one, then the oldest first.")
        .takes([
            number("page", "Which page; the first one is 1.".to_owned(), LAST_PAGE),
            number("page_size", size, LARGEST_SIZE),
            number(
                "limit",
                "What the old client calls `page_size`; not read beside it.".to_owned(),
                LARGEST_SIZE,
            ),
        ])
        .answers(200, "A page.", Shape::written::<WorkspacesPage>())
        .refuses(&[Kind::Invalid, Kind::Hidden])
}

fn number(name: &'static str, about: String, largest: u64) -> Parameter {
    Parameter::query(name, about, json!({"type": "integer", "minimum": 1, "maximum": largest}))
}
