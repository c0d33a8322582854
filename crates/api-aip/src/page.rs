//! Pages: `page_size`, `order_by`, and `page_token`, which is sealed and bound to the request that it continues
//! (AIP-132, AIP-158).

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use tenantry_aip::filter::Filter as Expression;
use tenantry_aip::order::OrderKey;
use tenantry_aip::page::{self, Binding, NONCE_BYTES, PageState, TokenKey};
use tenantry_core::page::{Cursor, KeyValue, Order, Page, PageRequest, Start};
use tenantry_core::{Core, Error, Result};
use uuid::Uuid;

use crate::error::refused;
use crate::etag;
use crate::read::Read;

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

/// How a list is ordered: the allowed paths with their fields, and the order without `order_by`.
pub(crate) struct Ordering<F: 'static> {
    pub(crate) paths: &'static [&'static str],
    pub(crate) fields: &'static [F],
    pub(crate) default: OrderKey,
}

impl<F: Copy> Paging<F> {
    /// Reads the parameters of the list `method` under the parents in the path.
    pub(crate) fn read<const N: usize>(
        read: &Read<N>,
        method: &str,
        ordering: &Ordering<F>,
        (filter, show_deleted): (&Expression, bool),
    ) -> Result<Self> {
        let (query, parents) = (&read.query, read.path.each_ref().map(String::as_str));
        let limit = page::size(query.one("page_size")?).map_err(|error| refused(&error))?;
        let order_by = if ordering.paths.is_empty() { None } else { query.one("order_by")? };
        let mut keys =
            tenantry_aip::order::parse(order_by, ordering.paths).map_err(|error| refused(&error))?;
        if keys.is_empty() {
            keys.push(ordering.default);
        }
        let binding = Binding::new(method, &parents, filter, &keys, show_deleted);
        let start = match query.one("page_token")? {
            None | Some("") => Start::Beginning,
            Some(token) => {
                let opened = read.tokens.0.open(token, &binding, read.core.clock().now().as_micros());
                Start::After(cursor(opened.map_err(|error| refused(&error))?)?)
            }
        };
        let order = keys.iter().map(|key| order_of(ordering, key)).collect::<Result<Vec<_>>>()?;
        Ok(Self { request: PageRequest { order, start, limit }, binding })
    }

    /// The answer: the rows, under the name that the list gives them, and the token of the next page.
    pub(crate) fn answer<'p, T, R: Serialize, const N: usize>(
        &self,
        read: &Read<N>,
        name: &'static str,
        page: &'p Page<T>,
        write: impl FnMut(&'p T) -> R,
    ) -> List<R> {
        let token = page.next.as_ref().map(|cursor| self.token(&read.core, &read.tokens, cursor));
        List { name, rows: page.items.iter().map(write).collect(), token: token.unwrap_or_default() }
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

/// A page as it is written. The token of the next one is its last member, and empty on the last page.
pub(crate) struct List<R> {
    name: &'static str,
    rows: Vec<R>,
    token: String,
}

impl<R: Serialize> List<R> {
    /// The page in JSON, and its tag: what is in it, but for the token, which is never the same twice.
    pub(crate) fn written(&self) -> Result<(Vec<u8>, String)> {
        let body = serde_json::to_vec(self).map_err(Error::internal)?;
        // The token is text that needs no escapes, in quotes, and the brace behind it.
        let rows = body.get(..body.len() - self.token.len() - 3).ok_or_else(|| Error::internal("no list"))?;
        let more: &[u8] = if self.token.is_empty() { b"false}" } else { b"true}" };
        let tag = etag::of_bytes(&[rows, more]);
        Ok((body, tag))
    }
}

impl<R: Serialize> Serialize for List<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(Some(2))?;
        members.serialize_entry(self.name, &self.rows)?;
        members.serialize_entry("next_page_token", &self.token)?;
        members.end()
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
