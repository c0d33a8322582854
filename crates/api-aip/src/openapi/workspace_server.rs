//! The servers behind workspaces.

use tenantry_core::Kind;
use tenantry_http::openapi::{Operation, Shape};

use super::{JSON, WITHIN, custom, get};
use crate::own::ROTATION;
use crate::workspace_server::{SERVER_REPORT, WORKSPACE_SERVER};

pub(crate) fn get_workspace_server() -> Operation {
    get("get_workspace_server", "Get the server of a workspace", &WORKSPACE_SERVER)
        .about("Where its lifecycle stands.")
        .refuses(WITHIN)
}

pub(crate) fn rotate_enrollment_key() -> Operation {
    custom("rotate_enrollment_key", "Give the server of an enrolled workspace another key", &WORKSPACE_SERVER)
        .about(
            "By who holds whatever the server holds. The key is shown this once. The one before counts on for the \
             `overlap`, seven days at most.",
        )
        .may_read(JSON, Shape::made(|schemas| ROTATION.to_make(schemas)))
        .answers(200, "As it is now.", Shape::made(|schemas| WORKSPACE_SERVER.made(schemas)))
        .refuses(&[Kind::Forbidden])
}

pub(crate) fn report_server() -> Operation {
    custom("report_server", "Tell what the server of a workspace is now", &WORKSPACE_SERVER)
        .about("By who runs the server: a wish is `pending` until it is answered. An enrolled one reports itself.")
        .reads(JSON, Shape::made(|schemas| SERVER_REPORT.to_make(schemas)))
        .answers(200, "As it is now.", Shape::made(|schemas| WORKSPACE_SERVER.made(schemas)))
        .refuses(&[Kind::Forbidden, Kind::Conflict])
}
