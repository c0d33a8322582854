//! The two headers in which a credential comes.

use axum::http::{HeaderMap, HeaderName};
use tenantry_core::{Error, Result};
use tenantry_http::bearer;

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The secret of `X-API-Key` or of `Authorization: Bearer`.
///
/// The client sends both when it makes a key with the token of a login while it holds an older key: then the token counts.
/// An `Authorization` header that is none is refused all the same, and so are two keys or an empty one.
pub(crate) fn credential(headers: &HeaderMap) -> Result<Option<String>> {
    let token = bearer(headers)?;
    let mut keys = headers.get_all(X_API_KEY).iter();
    let Some(key) = keys.next() else { return Ok(token) };
    let key = key.to_str().ok().map(str::trim).filter(|key| !key.is_empty() && keys.next().is_none());
    let key = key.ok_or_else(Error::bad_credential)?;
    Ok(Some(token.unwrap_or_else(|| key.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Given = &'static [(&'static str, &'static [u8])];

    #[test]
    fn takes_a_key_or_a_token() {
        let bad = Err("credential.invalid");
        let cases: [(Given, _); 9] = [
            (&[], Ok(None)),
            (&[("x-api-key", b"key")], Ok(Some("key"))),
            (&[("authorization", b"Bearer token")], Ok(Some("token"))),
            (&[("authorization", b"Bearer token"), ("x-api-key", b"key")], Ok(Some("token"))),
            (&[("authorization", b"Basic eDp5"), ("x-api-key", b"key")], bad),
            (&[("x-api-key", b"key"), ("x-api-key", b"key")], bad),
            (&[("x-api-key", b"")], bad),
            (&[("x-api-key", b""), ("authorization", b"Bearer token")], bad),
            (&[("x-api-key", b"\xff")], bad),
        ];
        for (given, expected) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in given {
                let value = axum::http::HeaderValue::from_bytes(value).unwrap();
                headers.append(HeaderName::try_from(*name).unwrap(), value);
            }
            let got = credential(&headers);
            assert_eq!(
                got.as_ref().map(Option::as_deref).map_err(|error| error.reason),
                expected,
                "{given:?}"
            );
        }
    }
}
