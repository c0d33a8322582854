//! What is a person's own, under `/api/v1/me`: tokens, devices, browser sessions, and what was allowed to clients.
//!
//! A service account has nothing of the kind, and a credential that is narrower than its owner sees and changes none of
//! it, since it could make itself wider.

mod authorizations;
mod devices;
mod sessions;
mod tokens;

use axum::http::Method;
use serde_json::{Map, Value};
use tenantry_aip::order::OrderKey;
use tenantry_core::caller::Caller;
use tenantry_core::clock::Timestamp;
use tenantry_core::page::{Cursor, KeyValue, Page, PageRequest, Start};
use tenantry_core::{Core, Result};
use tenantry_http::Routes;
use uuid::Uuid;

use crate::openapi;
use crate::page::Ordering;

pub(crate) use authorizations::{AUTHORIZATION, ROWS as AUTHORIZATIONS};
pub(crate) use devices::{ANSWER, DEVICE, ROWS as DEVICES};
pub(crate) use sessions::{ENDED, ROWS as SESSIONS, SESSION};
pub(crate) use tokens::{
    ROTATION, ROWS as TOKENS, TOKEN, TTL_SECONDS_MAX, read_active, refuse_asleep, require_same_ttl, seconds,
    with_secret,
};

/// The order of these lists: the newest first.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Newest {
    First,
}

const ORDERING: Ordering<Newest> = Ordering {
    paths: &[],
    fields: &[Newest::First],
    default: OrderKey { field: "create_time", descending: true },
};

/// The routes of all of it.
pub(crate) fn routes(routes: Routes) -> Routes {
    const TOKEN: &str = "/api/v1/me/tokens/{token}";
    const DEVICE: &str = "/api/v1/me/devices/{device}";
    const AUTHORIZATION: &str = "/api/v1/me/authorizations/{authorization}";
    use openapi::own as told;
    routes
        .route(Method::GET, "/api/v1/me/tokens", tokens::list_own_tokens, told::list_own_tokens())
        .route(Method::POST, "/api/v1/me/tokens", tokens::create_own_token, told::create_own_token())
        .route(Method::GET, TOKEN, tokens::get_own_token, told::get_own_token())
        .route(Method::PATCH, TOKEN, tokens::update_own_token, told::update_own_token())
        .route(Method::DELETE, TOKEN, tokens::delete_own_token, told::delete_own_token())
        .route(Method::POST, TOKEN, tokens::custom_method, [("rotate", told::rotate_own_token())])
        .route(Method::GET, "/api/v1/me/devices", devices::list_own_devices, told::list_own_devices())
        .route(Method::POST, "/api/v1/me/devices:approve", devices::approve_device, told::approve_device())
        .route(Method::POST, "/api/v1/me/devices:deny", devices::deny_device, told::deny_device())
        .route(Method::GET, DEVICE, devices::get_own_device, told::get_own_device())
        .route(Method::PATCH, DEVICE, devices::update_own_device, told::update_own_device())
        .route(Method::DELETE, DEVICE, devices::delete_own_device, told::delete_own_device())
        .route(Method::GET, "/api/v1/me/sessions", sessions::list_own_sessions, told::list_own_sessions())
        .route(
            Method::POST,
            "/api/v1/me/sessions:endOthers",
            sessions::end_other_sessions,
            told::end_other_sessions(),
        )
        .route(
            Method::DELETE,
            "/api/v1/me/sessions/{session}",
            sessions::delete_own_session,
            told::delete_own_session(),
        )
        .route(
            Method::GET,
            "/api/v1/me/authorizations",
            authorizations::list_own_authorizations,
            told::list_own_authorizations(),
        )
        .route(
            Method::GET,
            AUTHORIZATION,
            authorizations::get_own_authorization,
            told::get_own_authorization(),
        )
        .route(
            Method::DELETE,
            AUTHORIZATION,
            authorizations::delete_own_authorization,
            told::delete_own_authorization(),
        )
}

/// The arguments; or, if they are wrong, first whether the caller may have anything of its own at all.
fn judged<T>(core: &Core, caller: &Caller, arguments: Result<T>) -> Result<T> {
    if arguments.is_err() {
        core.check_whole_person(caller)?;
    }
    arguments
}

/// A malformed id is an unknown one: the nil id, which nothing has, stands for it.
pub(crate) fn id<T>(text: &str, read: fn(&str) -> Option<T>, make: fn(Uuid) -> T) -> T {
    read(text).unwrap_or_else(|| make(Uuid::nil()))
}

/// A page of a list that is read as a whole, since one person has few of these; the newest first.
fn page<T>(
    mut items: Vec<T>,
    request: &PageRequest<Newest>,
    place: impl Fn(&T) -> (Timestamp, Uuid),
) -> Page<T> {
    let key = |item: &T| {
        let (at, id) = place(item);
        (std::cmp::Reverse(at.as_micros()), id)
    };
    items.sort_by_key(key);
    if let Start::After(Cursor { keys, id }) = &request.start
        && let [KeyValue::Int(at)] = keys.as_slice()
    {
        items.retain(|item| key(item) > (std::cmp::Reverse(*at), *id));
    }
    Page::cut(items, request.limit, |last| {
        let (at, id) = place(last);
        Cursor { keys: vec![KeyValue::Int(at.as_micros())], id }
    })
}

/// The members that there are.
pub(crate) fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let present = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(present.collect::<Map<_, _>>())
}

pub(crate) fn time(at: Timestamp) -> Value {
    at.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_cut_from_the_newest_on() {
        let items: Vec<(i64, u128)> = vec![(1, 5), (3, 2), (2, 9), (3, 1), (1, 4)];
        let place = |(at, id): &(i64, u128)| (Timestamp::from_micros(*at), Uuid::from_u128(*id));
        let mut request = PageRequest { order: vec![], start: Start::Beginning, limit: 2 };
        let mut seen = Vec::new();
        loop {
            let page = page(items.clone(), &request, place);
            seen.extend(page.items);
            let Some(next) = page.next else { break };
            request.start = Start::After(next);
        }
        assert_eq!(seen, [(3, 1), (3, 2), (2, 9), (1, 4), (1, 5)]);
    }
}
