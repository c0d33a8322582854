//! How an OAuth client proves itself (RFC 6749, section 2.3.1): by a Basic header, in the form, or, with its id alone, not at
//! all.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tenantry_core::{Error, Result};

use super::TokenEndpoint;
use crate::{Form, decode_form_text};

/// The id and the secret of a client. It holds a secret, so it has no debug form.
pub struct ClientProof {
    /// What it calls itself.
    pub id: String,
    /// Its secret; a public client has none.
    pub secret: Option<String>,
}

impl ClientProof {
    /// Reads what the client shows, in one way only.
    ///
    /// # Errors
    /// Names the field that lacks, or says that there are two ways.
    pub fn of(headers: &HeaderMap, form: &Form<TokenEndpoint>) -> Result<Self> {
        let in_form = form.get("client_secret").map(str::to_owned);
        let Some(basic) = basic(headers)? else {
            return Ok(Self { id: form.required("client_id")?.to_owned(), secret: in_form });
        };
        if in_form.is_some() || form.get("client_id").is_some_and(|id| id != basic.id) {
            let message = "expected the client's secret in the form or in the header, not in both";
            return Err(Error::invalid("client_secret", "repeated", message));
        }
        Ok(basic)
    }
}

fn basic(headers: &HeaderMap) -> Result<Option<ClientProof>> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let read = || {
        let (scheme, text) = value.to_str().ok()?.split_once(' ')?;
        let pair = String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()?;
        let (id, secret) = pair.split_once(':')?;
        let secret = decode_form_text(secret)?;
        let proof =
            ClientProof { id: decode_form_text(id)?, secret: Some(secret).filter(|it| !it.is_empty()) };
        scheme.eq_ignore_ascii_case("basic").then_some(proof)
    };
    match (read(), values.next()) {
        (Some(client), None) => Ok(Some(client)),
        _ => Err(Error::bad_credential()),
    }
}
