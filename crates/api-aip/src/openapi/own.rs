//! What is a person's own.

use serde_json::json;
use tenantry_core::Kind;
use tenantry_http::openapi::{Operation, Shape};

use super::parameters::{allow_missing, filter, order_by};
use super::{JSON, create, custom, delete, get, held_to_a_version, list, update, writing};
use crate::api_keys::{ORDERING, SCHEMA};
use crate::own::{
    ANSWER, AUTHORIZATION, AUTHORIZATIONS, DEVICE, DEVICES, ENDED, ROTATION, SESSION, SESSIONS, TOKEN, TOKENS,
};

/// Whoever is no whole person has nothing of its own; the rest is the person's.
const OWN: &[Kind] = &[Kind::Invalid, Kind::Forbidden, Kind::NotFound];
const LISTED: &[Kind] = &[Kind::Invalid, Kind::Forbidden];

pub(crate) fn list_own_tokens() -> Operation {
    list("list_own_tokens", "List tokens", TOKENS, &TOKEN)
        .about("The caller's own, those for one organization (its API keys) among them.")
        .takes([filter(&SCHEMA), order_by(&ORDERING)])
        .refuses(LISTED)
}

pub(crate) fn get_own_token() -> Operation {
    get("get_own_token", "Get a token", &TOKEN).refuses(OWN)
}

pub(crate) fn create_own_token() -> Operation {
    create("create_own_token", "Create a token", &TOKEN)
        .about("The secret is shown this once. A limited credential makes none.")
        .refuses(&[Kind::LimitReached])
}

pub(crate) fn update_own_token() -> Operation {
    held_to_a_version(update("update_own_token", "Update a token", &TOKEN))
        .about("When it ends stays as it is, and so does its organization.")
}

pub(crate) fn delete_own_token() -> Operation {
    held_to_a_version(delete("delete_own_token", "Delete a token"))
        .about("It counts for nothing from then on.")
        .takes([allow_missing()])
}

pub(crate) fn rotate_own_token() -> Operation {
    held_to_a_version(custom("rotate_own_token", "Give a token another secret", &TOKEN))
        .about(
            "The secret is shown this once. The one before counts on for the `overlap`, seven days at most.",
        )
        .may_read(JSON, Shape::made(|schemas| ROTATION.to_make(schemas)))
        .answers(200, "As it is now.", Shape::made(|schemas| TOKEN.made(schemas)))
}

pub(crate) fn list_own_devices() -> Operation {
    list("list_own_devices", "List devices", DEVICES, &DEVICE)
        .about("Programs that the caller logged in by a code, the newest first.")
        .refuses(LISTED)
}

pub(crate) fn get_own_device() -> Operation {
    get("get_own_device", "Get a device", &DEVICE).refuses(OWN)
}

pub(crate) fn update_own_device() -> Operation {
    held_to_a_version(update("update_own_device", "Rename or lock a device", &DEVICE))
        .about("What a locked device has ends at once, and it cannot log in again until it is unlocked.")
}

pub(crate) fn delete_own_device() -> Operation {
    held_to_a_version(delete("delete_own_device", "Forget a device"))
        .about("What it has ends.")
        .takes([allow_missing()])
}

pub(crate) fn approve_device() -> Operation {
    custom("approve_device", "Log a device in", &DEVICE)
        .about("The program that shows the code gets what the caller may do, or less.")
        .reads(JSON, Shape::made(|schemas| ANSWER.to_make(schemas)))
        .refuses(&[Kind::Forbidden, Kind::LimitReached])
}

pub(crate) fn deny_device() -> Operation {
    writing("deny_device", "Refuse a device")
        .about("The program that shows the code gets nothing.")
        .reads(JSON, Shape::made(|schemas| ANSWER.to_make(schemas)))
        .answers(200, "It was told so.", Shape::made(|_| json!({"type": "object", "maxProperties": 0})))
        .refuses(&[Kind::Forbidden, Kind::Conflict])
}

pub(crate) fn list_own_sessions() -> Operation {
    list("list_own_sessions", "List browser sessions", SESSIONS, &SESSION)
        .about("The caller's open ones, the newest first.")
        .refuses(LISTED)
}

pub(crate) fn delete_own_session() -> Operation {
    delete("delete_own_session", "End a browser session").takes([allow_missing()])
}

pub(crate) fn end_other_sessions() -> Operation {
    custom("end_other_sessions", "End the other browser sessions", &ENDED)
        .about("All but the one that asks, if one does.")
}

pub(crate) fn list_own_authorizations() -> Operation {
    list("list_own_authorizations", "List what was allowed to clients", AUTHORIZATIONS, &AUTHORIZATION)
        .about("By the caller, the newest first.")
        .refuses(LISTED)
}

pub(crate) fn get_own_authorization() -> Operation {
    get("get_own_authorization", "Get what was allowed to a client", &AUTHORIZATION).refuses(OWN)
}

pub(crate) fn delete_own_authorization() -> Operation {
    delete("delete_own_authorization", "End what was allowed to a client")
        .about("Everything that came of it ends.")
        .takes([allow_missing()])
}
