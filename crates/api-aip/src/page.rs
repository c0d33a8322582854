//! Pages: `page_size`, `order_by`, and `page_token`, which is sealed and bound to the request that it continues
//! (AIP-132, AIP-158).

use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use tenantry_aip::filter::Filter as Expression;
use tenantry_aip::order::OrderKey;
use tenantry_aip::page::{self, Binding, NONCE_BYTES, PageState, TokenKey};
use tenantry_core::page::{Cursor, KeyValue, Order, Page, PageRequest, Start};
use tenantry_core::{Core, Error, Result};
use tenantry_http::Query;
use uuid::Uuid;

use crate::Aip;
use crate::error::refused;

/// Seals and opens page tokens: the same key on every replica, and after a restart.
#[derive(Clone)]
pub struct PageTokens(Arc<TokenKey>);

impl PageTokens {
    /// Over a key that is used for nothing else.
    pub fn new(key: [u8; 32]) -> Self {
        Self(Arc::new(TokenKey::new(key)))
    }
}

/// A list request's page, and what its tokens are bound to.
pub(crate) struct Paging<F> {
    pub(crate) request: PageRequest<F>,
    binding: Binding,
}

/// A page whose rows are written one after the other, without a tree of them all in between.
struct Listed<'a, T, W> {
    name: &'static str,
    rows: &'a [T],
    write: W,
    token: String,
}

impl<'a, T, R: Serialize, W: Fn(&'a T) -> R> Serialize for Listed<'a, T, W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut answer = serializer.serialize_map(Some(2))?;
        answer.serialize_entry(self.name, &Rows(self.rows, &self.write))?;
        answer.serialize_entry("next_page_token", &self.token)?;
        answer.end()
    }
}

struct Rows<'a, 'w, T, W>(&'a [T], &'w W);

impl<'a, T, R: Serialize, W: Fn(&'a T) -> R> Serialize for Rows<'a, '_, T, W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(self.1))
    }
}

/// How a list is ordered: the allowed paths with their fields, and the order without `order_by`.
pub(crate) struct Ordering<F: 'static> {
    pub(crate) paths: &'static [&'static str],
    pub(crate) fields: &'static [F],
    pub(crate) default: OrderKey,
}

impl<F: Copy> Paging<F> {
    /// Reads the parameters of the list `method` under `parents`.
    pub(crate) fn read(
        core: &Core,
        tokens: &PageTokens,
        query: &Query<Aip>,
        (method, parents): (&str, &[&str]),
        ordering: &Ordering<F>,
        (filter, show_deleted): (&Expression, bool),
    ) -> Result<Self> {
        let limit = page::size(query.one("page_size")?).map_err(|error| refused(&error))?;
        let order_by = if ordering.paths.is_empty() { None } else { query.one("order_by")? };
        let mut keys =
            tenantry_aip::order::parse(order_by, ordering.paths).map_err(|error| refused(&error))?;
        if keys.is_empty() {
            keys.push(ordering.default);
        }
        let binding = Binding::new(method, parents, filter, &keys, show_deleted);
        let start = match query.one("page_token")? {
            None | Some("") => Start::Beginning,
            Some(token) => {
                let opened = tokens.0.open(token, &binding, core.clock().now().as_micros());
                Start::After(cursor(opened.map_err(|error| refused(&error))?)?)
            }
        };
        let order = keys.iter().map(|key| order_of(ordering, key)).collect::<Result<Vec<_>>>()?;
        Ok(Self { request: PageRequest { order, start, limit }, binding })
    }

    /// The answer: the rows under `name`, and the token of the next page, empty on the last.
    pub(crate) fn answer<'a, T, R: Serialize>(
        &self,
        core: &Core,
        tokens: &PageTokens,
        name: &'static str,
        page: &'a Page<T>,
        write: impl Fn(&'a T) -> R,
    ) -> Response {
        let token = page.next.as_ref().map(|cursor| self.token(core, tokens, cursor)).unwrap_or_default();
        Json(Listed { name, rows: &page.items, write, token }).into_response()
    }

    fn token(&self, core: &Core, tokens: &PageTokens, cursor: &Cursor) -> String {
        let mut nonce = [0; NONCE_BYTES];
        core.entropy().fill(&mut nonce);
        let keys = cursor.keys.iter().map(|key| match key {
            KeyValue::Int(value) => page::KeyValue::Int(*value),
            KeyValue::Text(text) => page::KeyValue::Text(text.clone()),
        });
        let state = PageState {
            keys: keys.collect(),
            id: cursor.id.as_bytes().to_vec(),
            issued_at_micros: core.clock().now().as_micros(),
        };
        tokens.0.seal(&self.binding, &state, nonce)
    }
}

fn order_of<F: Copy>(ordering: &Ordering<F>, key: &OrderKey) -> Result<Order<F>> {
    let place = ordering.paths.iter().position(|path| *path == key.field).unwrap_or(0);
    let field = ordering.fields.get(place).ok_or_else(|| Error::internal("an order without a field"))?;
    Ok(Order { field: *field, descending: key.descending })
}

fn cursor(state: PageState) -> Result<Cursor> {
    let keys = state.keys.into_iter().map(|key| match key {
        page::KeyValue::Int(value) => Ok(KeyValue::Int(value)),
        page::KeyValue::Text(text) => Ok(KeyValue::Text(text)),
        page::KeyValue::Null | page::KeyValue::Bool(_) => {
            Err(Error::internal("a page token of another form"))
        }
    });
    let id = Uuid::from_slice(&state.id).map_err(Error::internal)?;
    Ok(Cursor { keys: keys.collect::<Result<_>>()?, id })
}
