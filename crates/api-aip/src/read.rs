//! What every request that reads has in common: who asks, and which fields to show (AIP-157).

use std::sync::Arc;

use axum::RequestPartsExt;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Serialize;
use serde_json::Value;
use tenantry_core::caller::Caller;
use tenantry_core::{Core, Error, Result};
use tenantry_http::{Authenticated, Query, Refusal, Refused, Segments, Served, Taken};

use crate::args::only_known;
use crate::message::Message;
use crate::page::{List, PageTokens};
use crate::resource::Resource;
use crate::{Aip, etag};

/// A request that reads. It refuses strangers before it reads anything else.
pub(crate) struct Read<const N: usize> {
    pub(crate) core: Arc<Core>,
    pub(crate) tokens: PageTokens,
    pub(crate) caller: Caller,
    /// The parameters of the path, in the order of its template.
    pub(crate) path: [String; N],
    pub(crate) query: Query<Aip>,
    taken: Taken,
}

impl<const N: usize> FromRequestParts<Served> for Read<N> {
    type Rejection = Refused<Aip>;

    async fn from_request_parts(parts: &mut Parts, served: &Served) -> Result<Self, Self::Rejection> {
        let Authenticated { caller, .. } =
            parts.extract_with_state::<Authenticated<Aip>, Served>(served).await?;
        let query = Query::parse(parts.uri.query().unwrap_or_default()).map_err(Refusal::Query)?;
        let Ok(Segments(path)) = parts.extract_with_state(served).await;
        let tokens = parts.extensions.get::<PageTokens>();
        let tokens = tokens.ok_or_else(|| Error::internal("the router has no page tokens"))?.clone();
        let taken = parts.extensions.get::<Taken>();
        let taken = taken.ok_or_else(|| Error::internal("the route does not tell what it takes"))?.clone();
        Ok(Self { core: Arc::clone(&served.core), tokens, caller, path, query, taken })
    }
}

/// The fields to show: all of them, or those on these paths.
pub(crate) struct Shown(Option<Vec<String>>);

impl<const N: usize> Read<N> {
    /// Reads the parameter `fields` of a resource. Beside it are those alone that the operation takes.
    pub(crate) fn fields(&self, message: &Message) -> Result<Shown> {
        self.shown(|| message.paths(), |known| known.join(", "))
    }

    /// Reads the parameter `fields` of a list: `next_page_token`, the rows, or these fields of the rows.
    pub(crate) fn fields_of_list(&self, rows: &str, message: &Message) -> Result<Shown> {
        let known = || {
            let own = ["next_page_token".to_owned(), rows.to_owned()];
            own.into_iter().chain(message.paths().iter().map(|path| format!("{rows}.{path}"))).collect()
        };
        let expected = |_: &[String]| {
            format!("next_page_token, {rows}, or behind `{rows}.` one of {}", message.paths().join(", "))
        };
        self.shown(known, expected)
    }

    fn shown(
        &self,
        known: impl Fn() -> Vec<String>,
        expected: impl Fn(&[String]) -> String,
    ) -> Result<Shown> {
        only_known(&self.query, &self.taken, "")?;
        let text = self.query.one("fields")?.unwrap_or_default().trim();
        if text.is_empty() || text == "*" {
            return Ok(Shown(None));
        }
        let paths: Vec<String> = text.split(',').map(|path| path.trim().to_owned()).collect();
        let known = known();
        if paths.iter().all(|path| known.contains(path)) {
            Ok(Shown(Some(paths)))
        } else {
            Err(Error::invalid("fields", "unknown", format!("expected {}", expected(&known))))
        }
    }
}

impl Shown {
    /// The answer: what is shown of the body, with the tag of the whole.
    pub(crate) fn answer(&self, mut body: Value) -> Resource {
        let tag = etag::of(&mut body);
        Resource::tagged(&self.cut(body), tag)
    }

    /// The same of a list.
    pub(crate) fn list<R: Serialize>(&self, list: &List<R>) -> Result<Resource> {
        let (body, tag) = list.written()?;
        Ok(match &self.0 {
            None => Resource::written(body, tag),
            Some(_) => {
                Resource::tagged(&self.cut(serde_json::from_slice(&body).map_err(Error::internal)?), tag)
            }
        })
    }

    fn cut(&self, body: Value) -> Value {
        match &self.0 {
            None => body,
            Some(paths) => cut(body, "", paths),
        }
    }
}

/// What of the value lies on one of the paths. Lists are passed through: a path names the field of each of their items.
fn cut(value: Value, at: &str, paths: &[String]) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| cut(item, at, paths)).collect(),
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .filter_map(|(name, value)| {
                    let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                    let leads =
                        |to: &String| to.strip_prefix(&path).is_some_and(|rest| rest.starts_with('.'));
                    if paths.contains(&path) {
                        Some((name, value))
                    } else if paths.iter().any(leads) {
                        Some((name, cut(value, &path, paths)))
                    } else {
                        None
                    }
                })
                .collect(),
        ),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::cut;

    #[test]
    fn paths_lead_through_lists() {
        let body =
            json!({"users": [{"user": {"name": "a", "email": "b"}, "roles": [1]}], "next_page_token": "t"});
        let cut = |paths: &[&str]| {
            cut(body.clone(), "", &paths.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(cut(&["users.user.name"]), json!({"users": [{"user": {"name": "a"}}]}));
        assert_eq!(
            cut(&["next_page_token", "users.roles"]),
            json!({"users": [{"roles": [1]}], "next_page_token": "t"})
        );
        assert_eq!(cut(&["users"])["users"], body["users"]);
    }
}
