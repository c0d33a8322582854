//! The token endpoint that Evo's client asks: OAuth 2 with the grant of client credentials.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, PRAGMA};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use tenantry_core::{Error, Kind};
use tenantry_http::{Dialect, Form, Refusal, Refused, Served};

use crate::client::ClientSecret;
use crate::error;

/// What a token of ours is good for, whichever part of it is asked for.
pub(crate) const SCOPES: &str = "evo.discovery evo.workspace";

/// The one grant that it knows.
pub(crate) const GRANT_TYPE: &str = "client_credentials";

/// The words of the endpoint are OAuth's, not those of the API around it.
pub(crate) struct TokenEndpoint;

impl Dialect for TokenEndpoint {
    fn refuse(refusal: &Refusal) -> Response {
        error::token_error(refusal)
    }

    /// Clients prove themselves by what the endpoint itself reads.
    fn credential(_: &HeaderMap) -> Result<Option<String>, Error> {
        Ok(None)
    }
}

/// A token, as RFC 6749 has it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "evo.Token")]
pub(crate) struct Granted {
    access_token: String,
    /// Exactly `Bearer`: the client compares.
    token_type: &'static str,
    expires_in: i64,
    scope: &'static str,
}

/// `POST /connect/token`
///
/// The token has both scopes of this API, whichever of them is asked for, and says so; scopes of other services are
/// passed over, since clients ask for all that they use at once.
pub(crate) async fn issue_token(
    State(served): State<Served>,
    headers: HeaderMap,
    form: Form<TokenEndpoint>,
) -> Result<Response, Refused<TokenEndpoint>> {
    if form.required("grant_type")? != GRANT_TYPE {
        let message = "this server answers to grant_type client_credentials";
        return Err(Error::new(Kind::Unsupported, "token.grant_type", message).into());
    }
    let scope = form.get("scope").unwrap_or(SCOPES);
    if !scope.split(' ').any(|wanted| SCOPES.split(' ').any(|ours| ours == wanted)) {
        let message = format!("expected one of {SCOPES}");
        return Err(Error::invalid("scope", "unknown", message).into());
    }
    let client = ClientSecret::of(&headers, &form)?;
    let issued = served.core.sign_in_client(&client.id, &client.secret).await?;
    let created_at = issued.credential.created_at.as_micros();
    let lifetime = issued.credential.expires_at.map_or(0, |at| (at.as_micros() - created_at) / 1_000_000);
    let token = Granted {
        access_token: issued.secret.expose().to_owned(),
        token_type: "Bearer",
        expires_in: lifetime,
        scope: SCOPES,
    };
    Ok(([(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")], Json(token)).into_response())
}
