//! Entitlements.

use tenantry_core::Kind;
use tenantry_http::openapi::Operation;

use super::{WITHIN, get, list, update};
use crate::entitlements::{ENTITLEMENT, ROWS};

pub(crate) fn list_entitlements() -> Operation {
    list("list_entitlements", "List entitlements", ROWS, &ENTITLEMENT)
        .about("What is used or limited, by the name of the feature.")
        .refuses(WITHIN)
        .refuses(&[Kind::Forbidden])
}

pub(crate) fn get_entitlement() -> Operation {
    get("get_entitlement", "Get an entitlement", &ENTITLEMENT)
        .about("Of any feature: what nobody has counted is not used.")
        .refuses(WITHIN)
        .refuses(&[Kind::Forbidden])
}

pub(crate) fn update_entitlement() -> Operation {
    update("update_entitlement", "Limit a feature", &ENTITLEMENT)
        .about("By who runs the server. With `null` there is no limit.")
        .refuses(&[Kind::Forbidden])
}
