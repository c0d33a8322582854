//! `Authorization: Bearer` (RFC 6750).

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use tenantry_core::{Error, Result};

/// The token of the `Authorization` header, its scheme in any case; `None` without the header.
///
/// # Errors
/// [`Error::bad_credential`] for two such headers, another scheme, or anything that is no token: which of them counts
/// is not for us to guess.
pub fn bearer(headers: &HeaderMap) -> Result<Option<String>> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Error::bad_credential());
    }
    let text = value.to_str().map_err(|_| Error::bad_credential())?;
    let (scheme, token) = text.split_once(' ').ok_or_else(Error::bad_credential)?;
    let token = token.trim_matches(' ');
    let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    if is_token && scheme.eq_ignore_ascii_case("bearer") {
        Ok(Some(token.to_owned()))
    } else {
        Err(Error::bad_credential())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Outcome = Result<Option<&'static str>, &'static str>;

    const REFUSED: Outcome = Err("credential.invalid");

    #[test]
    fn reads_one_bearer_token_and_nothing_else() {
        let cases: [(&[&[u8]], Outcome); 12] = [
            (&[], Ok(None)),
            (&[b"Bearer abc"], Ok(Some("abc"))),
            (&[b"bearer abc"], Ok(Some("abc"))),
            (&[b"BEARER  abc "], Ok(Some("abc"))),
            (&[b"Bearer"], REFUSED),
            (&[b"Bearer "], REFUSED),
            (&[b"Bearer a b"], REFUSED),
            (&[b"Basic YTpi"], REFUSED),
            (&[b"abc"], REFUSED),
            (&[b""], REFUSED),
            (&[b"Bearer \xff\xfe"], REFUSED),
            (&[b"Bearer abc", b"Bearer abc"], REFUSED),
        ];
        for (values, expected) in cases {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, axum::http::HeaderValue::from_bytes(value).unwrap());
            }
            let got = bearer(&headers);
            let got = got.as_ref().map(Option::as_deref).map_err(|error| error.reason);
            assert_eq!(got, expected, "{values:?}");
        }
    }
}
