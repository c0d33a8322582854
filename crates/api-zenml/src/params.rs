//! The query of a request, in the forms that ZenML's client sends: every value is text, so a flag is `True` or `False`.
//!
//! A parameter that may be `null` counts as absent when it is empty. Parameters that a route does not know are passed
//! over, as the vendor's server does.

use std::borrow::Cow;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tenantry_core::{Error, Kind};
use tenantry_http::{Query, Refusal, Refused};

use crate::Zenml;

type Result<T> = std::result::Result<T, Refusal>;

/// How many rows a list has when the client does not say.
pub(crate) const DEFAULT_LIMIT: usize = 100;

/// The parameters of a query; whatever is wrong with one is refused under its name.
pub(crate) struct Params(Query<Zenml>);

impl Params {
    fn parse(text: &str) -> Result<Self> {
        Query::parse(text).map(Self).map_err(Refusal::Query)
    }

    /// A text that may be `null`.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>> {
        Ok(self.one(name)?.filter(|value| !value.is_empty()))
    }

    /// A value that may be `null`, read by `read`; `expected` says what it reads.
    pub(crate) fn value<T>(
        &self,
        name: &str,
        expected: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>> {
        let value = self.text(name)?;
        value.map(|text| read(text).ok_or_else(|| unfit(name, "form", expected))).transpose()
    }

    /// A flag that is false unless said otherwise.
    pub(crate) fn flag(&self, name: &str) -> Result<bool> {
        flag(name, self.one(name)?)
    }

    /// A flag that may be `null`.
    pub(crate) fn choice(&self, name: &str) -> Result<Option<bool>> {
        self.text(name)?.map(|text| flag(name, Some(text))).transpose()
    }

    /// An id that may be `null`.
    pub(crate) fn id<T>(&self, name: &str, read: fn(&str) -> Option<T>) -> Result<Option<T>> {
        self.value(name, "expected a UUID of 36 characters", read)
    }

    /// How many rows to pass over: 0 unless said otherwise.
    pub(crate) fn offset(&self) -> Result<u64> {
        self.number("offset", 0, u64::MAX)
    }

    /// How many rows to answer at most: 100 unless said otherwise, never more than `most`.
    pub(crate) fn limit(&self, most: usize) -> Result<usize> {
        let limit = self.number("limit", DEFAULT_LIMIT as u64, most as u64)?;
        Ok(usize::try_from(limit).unwrap_or(most))
    }

    /// Every value of a parameter that may be repeated.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.0.all(name).map(str::to_owned).collect()
    }

    /// The same where the vendor has no pages and its clients ask for none: all, up to `most`, unless said otherwise.
    pub(crate) fn limit_of_all(&self, most: usize) -> Result<usize> {
        let limit = self.number("limit", most as u64, most as u64)?;
        Ok(usize::try_from(limit).unwrap_or(most))
    }

    fn number(&self, name: &str, default: u64, most: u64) -> Result<u64> {
        let Some(text) = self.one(name)? else { return Ok(default) };
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(unfit(name, "int_parsing", "expected an integer"));
        }
        if digits.len() < text.len() && digits.bytes().any(|digit| digit != b'0') {
            return Err(unfit(name, "greater_than_equal", "expected at least 0"));
        }
        // Digits alone that do not fit are too large.
        let number = digits.parse().unwrap_or(u64::MAX);
        if number > most {
            let expected = format!("expected at most {most}");
            return Err(unfit(name, "less_than_equal", expected));
        }
        Ok(number)
    }

    fn one(&self, name: &str) -> Result<Option<&str>> {
        self.0.one(name).map_err(Refusal::Query)
    }
}

fn flag(name: &str, text: Option<&str>) -> Result<bool> {
    match text {
        None | Some("False" | "false" | "0") => Ok(false),
        Some("True" | "true" | "1") => Ok(true),
        Some(_) => Err(unfit(name, "bool_parsing", "expected true or false")),
    }
}

/// The refusal of a request that leaves out what it needs.
pub(crate) fn missing(name: &'static str) -> Refusal {
    unfit(name, "missing", "Field required")
}

/// Says that what is wrong stands in the query.
pub(crate) fn about_query(error: Error) -> Refusal {
    if error.kind == Kind::Invalid { Refusal::Query(error) } else { Refusal::Core(error) }
}

fn unfit(name: &str, rule: &'static str, expected: impl Into<Cow<'static, str>>) -> Refusal {
    Refusal::Query(Error::invalid(name.to_owned(), rule, expected))
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Refused<Zenml>;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> std::result::Result<Self, Self::Rejection> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default())?)
    }
}

#[cfg(test)]
mod tests {
    use tenantry_core::ids::parse_uuid;

    use super::{Params, Refusal, Result};

    fn fault(refusal: &Refusal) -> (&str, &str) {
        let Refusal::Query(error) = refusal else { panic!("not about the query: {refusal:?}") };
        (&error.violations[0].field, error.violations[0].rule)
    }

    fn fault_of<T: std::fmt::Debug>(result: Result<T>) -> (String, String) {
        let refusal = result.unwrap_err();
        let (field, rule) = fault(&refusal);
        (field.to_owned(), rule.to_owned())
    }

    #[test]
    fn flags_come_as_python_writes_them() {
        for (query, expected) in [
            ("", Some(false)),
            ("f=True", Some(true)),
            ("f=true", Some(true)),
            ("f=1", Some(true)),
            ("f=False", Some(false)),
            ("f=false", Some(false)),
            ("f=0", Some(false)),
            ("f=", None),
            ("f=yes", None),
            ("f=True&f=True", None),
        ] {
            assert_eq!(Params::parse(query).unwrap().flag("f").ok(), expected, "{query}");
        }
    }

    #[test]
    fn numbers_stay_in_their_bounds() {
        for (query, expected) in [
            ("", Ok(100)),
            ("limit=0", Ok(0)),
            ("limit=-0", Ok(0)),
            ("limit=100", Ok(100)),
            ("limit=101", Err("less_than_equal")),
            ("limit=99999999999999999999999", Err("less_than_equal")),
            ("limit=-1", Err("greater_than_equal")),
            ("limit=-99999999999999999999999", Err("greater_than_equal")),
            ("limit=", Err("int_parsing")),
            ("limit=-", Err("int_parsing")),
            ("limit=1.5", Err("int_parsing")),
            ("limit=%2B1", Err("int_parsing")),
            ("limit=null", Err("int_parsing")),
            ("limit=1&limit=1", Err("repeated")),
        ] {
            let limit = Params::parse(query).unwrap().limit(100);
            let limit = limit.map_err(|refusal| fault(&refusal).1.to_owned());
            assert_eq!(limit, expected.map_err(str::to_owned), "{query}");
        }
        assert_eq!(Params::parse("offset=99999999999999999999999").unwrap().offset().unwrap(), u64::MAX);
    }

    #[test]
    fn empty_is_absent_where_null_is_allowed() {
        let params = Params::parse("name=&owner_id=&other=x").unwrap();
        assert_eq!(params.text("name").unwrap(), None);
        assert_eq!(params.value("owner_id", "expected a UUID", parse_uuid).unwrap(), None);
        assert_eq!(
            fault_of(params.value("other", "expected a UUID", parse_uuid)),
            ("other".to_owned(), "form".to_owned())
        );
    }

    #[test]
    fn faults_are_about_the_query() {
        assert_eq!(fault_of(Params::parse("a=%ff").map(drop)), ("a".to_owned(), "encoding".to_owned()));
        let params = Params::parse("a=1&a=2").unwrap();
        assert_eq!(fault_of(params.text("a")), ("a".to_owned(), "repeated".to_owned()));
    }
}
