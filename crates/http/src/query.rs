//! The query of a request.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tenantry_core::{Error, Result};

use crate::{Dialect, Refusal, Refused, urlencoded};

/// The query as an ordered list of decoded names and values. Malformed encoding and NUL are refused; a name that a
/// route does not know is for the route to ignore or refuse.
pub struct Query<D> {
    pairs: Vec<(String, String)>,
    dialect: PhantomData<fn() -> D>,
}

impl<D> Query<D> {
    /// Reads the text behind the question mark.
    ///
    /// # Errors
    /// Names the parameter (or `query`) whose encoding is at fault.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(Self { pairs: urlencoded::decode(text, "query")?, dialect: PhantomData })
    }

    /// The value of a parameter that may come once.
    ///
    /// # Errors
    /// Names the parameter if it came more often: which value counts is not for us to guess.
    pub fn one(&self, name: &str) -> Result<Option<&str>> {
        let mut values = self.all(name);
        let value = values.next();
        if values.next().is_some() {
            return Err(Error::invalid(name.to_owned(), "repeated", "expected at most one value"));
        }
        Ok(value)
    }

    /// Every value of a parameter, in order.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.pairs().filter(move |(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Every name, in order, as often as it came.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pairs().map(|(name, _)| name)
    }

    /// Everything, in order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<D: Dialect, S: Sync> FromRequestParts<S> for Query<D> {
    type Rejection = Refused<D>;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()).map_err(Refusal::Query)?)
    }
}

#[cfg(test)]
mod tests {
    use super::Query;

    #[test]
    fn a_single_valued_parameter_comes_once() {
        let query = Query::<()>::parse("a=1&b=2&a=3").unwrap();
        assert_eq!(query.one("b").unwrap(), Some("2"));
        assert_eq!(query.one("c").unwrap(), None);
        let error = query.one("a").unwrap_err();
        assert_eq!(error.public(), "a: expected at most one value");
        assert_eq!(query.all("a").collect::<Vec<_>>(), ["1", "3"]);
        assert_eq!(query.names().collect::<Vec<_>>(), ["a", "b", "a"]);
    }
}
