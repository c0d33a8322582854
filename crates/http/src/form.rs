//! Bodies that are forms.

use std::collections::HashMap;
use std::marker::PhantomData;

use axum::extract::{FromRequest, Request};
use tenantry_core::Error;

use crate::json::read_body;
use crate::media_type::media_type;
use crate::{Dialect, Refusal, Refused, Served, urlencoded};

const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// A form: each name comes once at most; a field without a value counts as absent, as RFC 6749 wants it.
pub struct Form<D> {
    fields: HashMap<String, String>,
    dialect: PhantomData<fn() -> D>,
}

impl<D> Form<D> {
    /// The value of a field, never empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of a field that must be there.
    ///
    /// # Errors
    /// Names the field.
    pub fn required(&self, name: &'static str) -> Result<&str, Error> {
        self.get(name).ok_or_else(|| Error::invalid(name, "missing", "a value is required"))
    }
}

impl<D: Dialect> FromRequest<Served> for Form<D> {
    type Rejection = Refused<D>;

    async fn from_request(request: Request, served: &Served) -> Result<Self, Self::Rejection> {
        if media_type(request.headers()) != MEDIA_TYPE {
            return Err(Refusal::UnsupportedMediaType { expected: MEDIA_TYPE }.into());
        }
        let bytes = read_body(request, served).await?;
        Ok(Self { fields: parse(&bytes)?, dialect: PhantomData })
    }
}

fn parse(bytes: &[u8]) -> Result<HashMap<String, String>, Refusal> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Refusal::MalformedBody { message: "the body is not UTF-8".to_owned() })?;
    let mut fields = HashMap::new();
    for (name, value) in urlencoded::decode(text, "body")? {
        if fields.contains_key(&name) {
            return Err(Error::invalid(name, "repeated", "expected at most one value").into());
        }
        fields.insert(name, value);
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_comes_once() {
        let form = Form::<()> { fields: parse(b"a=1&b=&c=%20").unwrap(), dialect: PhantomData };
        assert_eq!((form.get("a"), form.get("b"), form.get("c")), (Some("1"), None, Some(" ")));
        assert_eq!(form.required("b").unwrap_err().public(), "b: a value is required");
        for bad in [&b"a=1&a=1"[..], b"a=%zz", b"a=%00"] {
            assert!(matches!(parse(bad), Err(Refusal::Core(error)) if error.violations[0].field == "a"));
        }
        assert!(matches!(parse(b"a=\xff"), Err(Refusal::MalformedBody { .. })));
    }
}
