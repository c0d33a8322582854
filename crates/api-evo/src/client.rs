//! How an OAuth client proves itself at the token endpoint (RFC 6749, section 2.3.1): in the form, which is what Evo's
//! client does, or by a Basic header, which every server must take.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tenantry_core::{Error, Result};
use tenantry_http::{Form, decode_form_text};

use crate::token::TokenEndpoint;

/// The id of a client, and its secret if it has one.
pub(crate) struct ClientProof {
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
}

impl ClientProof {
    /// Reads what the client shows, in one way only.
    pub(crate) fn of(headers: &HeaderMap, form: &Form<TokenEndpoint>) -> Result<Self> {
        let Some(basic) = basic(headers)? else {
            let id = form.required("client_id")?.to_owned();
            return Ok(Self { id, secret: form.get("client_secret").map(str::to_owned) });
        };
        if form.get("client_secret").is_some() || form.get("client_id").is_some_and(|id| id != basic.id) {
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
        let client = ClientProof { id: decode_form_text(id)?, secret: Some(decode_form_text(secret)?) };
        scheme.eq_ignore_ascii_case("basic").then_some(client)
    };
    match (read(), values.next()) {
        (Some(client), None) => Ok(Some(client)),
        _ => Err(Error::bad_credential()),
    }
}
