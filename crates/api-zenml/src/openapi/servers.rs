//! Operations that the servers of workspaces use, and what this one tells of itself.

use serde_json::json;
use tenantry_core::Kind;
use tenantry_http::openapi::{Operation, Parameter, Shape};

use super::{JSON, listed};
use crate::server_info::{Release, ServerInfo};
use crate::servers::{Subscription, UsageEventWrite};
use crate::users::UserRead;

fn null() -> Shape {
    Shape::made(|_| json!({"type": "null"}))
}

pub(crate) fn report(id: &'static str) -> Operation {
    let header = |name, about| Parameter::header(name, about, json!({"type": "string"}));
    Operation::new(id, "Report that the server of a workspace is up")
        .about("By that server: its token tells which workspace it serves.")
        .takes([
            header("zenml-server-id", "The id of its workspace, if told."),
            header("zenml-server-version", "Which version it is."),
            header("zenml-server-url", "Where it is reached."),
        ])
        .answers(200, "Taken.", null())
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::Hidden, Kind::NotFound])
}

pub(crate) fn authorize() -> Operation {
    Operation::new("authorize_server", "Ask whether the bearer may use the server of a workspace")
        .takes([
            Parameter::query("server_id", "Its id.", json!({"type": "string", "format": "uuid"})).needed()
        ])
        .answers(200, "Who the bearer is.", Shape::written::<UserRead<'static>>())
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::Hidden, Kind::NotFound])
}

pub(crate) fn check_entitlement() -> Operation {
    Operation::new("check_entitlement", "Ask whether an organization may have one more of a feature")
        .answers(200, "It may.", null())
        .refuses(&[Kind::Invalid, Kind::Hidden, Kind::LimitReached])
}

pub(crate) fn get_trial() -> Operation {
    Operation::new("get_trial", "What an organization uses and may use")
        .answers(200, "Nothing is a trial here.", Shape::written::<Subscription>())
        .refuses(&[Kind::Forbidden, Kind::Hidden])
}

pub(crate) fn count_usage() -> Operation {
    Operation::new("count_usage", "Report usage")
        .about("By the server of a workspace.")
        .reads(JSON, Shape::read::<UsageEventWrite>())
        .answers(200, "Counted.", null())
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::Hidden, Kind::NotFound, Kind::LimitReached])
}

pub(crate) fn count_usage_together() -> Operation {
    Operation::new("count_usage_together", "Report usage in bulk")
        .about("By the server of a workspace; all of it or nothing.")
        .reads(JSON, Shape::read::<Vec<UsageEventWrite>>())
        .answers(200, "Counted.", null())
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::Hidden, Kind::NotFound, Kind::LimitReached])
}

pub(crate) fn check_organization_name() -> Operation {
    Operation::new("check_organization_name", "Ask whether the caller could make an organization of a name")
        .answers(200, "It could.", null())
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::AlreadyExists, Kind::LimitReached])
}

pub(crate) fn get_health() -> Operation {
    Operation::new("get_health", "Ask whether the process serves").open().answers(
        200,
        "It does.",
        Shape::made(|_| json!({"type": "string"})),
    )
}

pub(crate) fn get_server_info() -> Operation {
    Operation::new("get_server_info", "What this server is").answers(
        200,
        "Name and version.",
        Shape::written::<ServerInfo>(),
    )
}

pub(crate) fn list_releases() -> Operation {
    Operation::new("list_releases", "List releases")
        .about("This version alone: nothing is deployed from here.")
        .answers(200, "All of them.", listed::<Release>())
}

pub(crate) fn list_releases_of() -> Operation {
    Operation::new("list_releases_of", "List releases of one program")
        .answers(200, "All of them.", listed::<Release>())
        .refuses(&[Kind::Hidden])
}
