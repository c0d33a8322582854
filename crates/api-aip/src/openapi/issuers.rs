//! External issuers.

use tenantry_core::Kind;
use tenantry_http::openapi::Operation;

use super::parameters::allow_missing;
use super::{WITHIN, create, delete, get, held_to_a_version, list, update};
use crate::issuers::{ISSUER, ROWS};

const OF_SERVER: &str = "By who runs the server.";
const OF_ORGANIZATION: &str = "By an owner of the organization: an issuer is believed about everybody who comes in by it, owners too. \
     What it proves is good in the organization alone.";
const SEEN: &str = "By who manages the users of the organization.";
const ENDS: &str = "Sessions, tokens and links that came of it end.";

fn listed(name: &'static str) -> Operation {
    list(name, "List external issuers", ROWS, &ISSUER).refuses(&[Kind::Forbidden])
}

fn got(name: &'static str) -> Operation {
    get(name, "Get an external issuer", &ISSUER).refuses(&[Kind::Forbidden, Kind::NotFound])
}

fn created(name: &'static str) -> Operation {
    create(name, "Trust an external issuer", &ISSUER).refuses(&[Kind::LimitReached])
}

fn updated(name: &'static str) -> Operation {
    held_to_a_version(update(name, "Change how an external issuer is trusted", &ISSUER))
        .refuses(&[Kind::Forbidden])
}

fn deleted(name: &'static str) -> Operation {
    held_to_a_version(delete(name, "Trust an external issuer no more"))
        .takes([allow_missing()])
        .refuses(&[Kind::Forbidden])
}

pub(crate) fn list_issuers() -> Operation {
    listed("list_issuers").about(OF_SERVER)
}

pub(crate) fn get_issuer() -> Operation {
    got("get_issuer").about(OF_SERVER)
}

pub(crate) fn create_issuer() -> Operation {
    created("create_issuer").about(OF_SERVER)
}

pub(crate) fn update_issuer() -> Operation {
    updated("update_issuer").about(OF_SERVER)
}

pub(crate) fn delete_issuer() -> Operation {
    deleted("delete_issuer").about(format!("{OF_SERVER} {ENDS}"))
}

pub(crate) fn list_organization_issuers() -> Operation {
    listed("list_organization_issuers").about(SEEN).refuses(WITHIN)
}

pub(crate) fn get_organization_issuer() -> Operation {
    got("get_organization_issuer").about(SEEN).refuses(WITHIN)
}

pub(crate) fn create_organization_issuer() -> Operation {
    created("create_organization_issuer").about(OF_ORGANIZATION).refuses(WITHIN)
}

pub(crate) fn update_organization_issuer() -> Operation {
    updated("update_organization_issuer").about(OF_ORGANIZATION)
}

pub(crate) fn delete_organization_issuer() -> Operation {
    deleted("delete_organization_issuer").about(format!("{OF_ORGANIZATION} {ENDS}"))
}
