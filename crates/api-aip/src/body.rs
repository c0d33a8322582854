//! Bodies by AIP-203: output-only members are ignored, unknown ones refused by their path, the rest read by type.

use serde_json::{Map, Value};
use tenantry_core::{Error, Result};

use crate::message::Message;

/// The members of a JSON object, each known by name.
pub(crate) struct Members<'a> {
    path: &'static str,
    members: &'a Map<String, Value>,
}

impl<'a> Members<'a> {
    /// The members of a body.
    pub(crate) fn of(message: &Message, body: &'a Value) -> Result<Self> {
        Self::within("", message, body)
    }

    /// The members of the object at this path of a body.
    pub(crate) fn within(path: &'static str, message: &Message, value: &'a Value) -> Result<Self> {
        let Value::Object(members) = value else {
            let field = if path.is_empty() { "body" } else { path };
            return Err(Error::invalid(field, "form", "expected a JSON object"));
        };
        let read = Self { path, members };
        match members.keys().find(|name| !message.has(name)) {
            None => Ok(read),
            Some(name) => Err(Error::invalid(read.field(name), "unknown", "unknown field")),
        }
    }

    /// Whether the member is there, be it null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// A text; null is absent.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Error::invalid(self.field(name), "form", "expected a string")),
        }
    }

    /// A list; null and absent are empty.
    pub(crate) fn list(&self, name: &str) -> Result<&'a [Value]> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(Error::invalid(self.field(name), "form", "expected a list")),
        }
    }

    /// Any value.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name)
    }

    fn field(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}
