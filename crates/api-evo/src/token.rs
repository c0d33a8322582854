//! The OAuth endpoints that Evo's client asks. They are the server's own under other paths and with other words for scopes:
//! each of this API's means everything that the person may do.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, LOCATION, PRAGMA};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use tenantry_core::browser::Origin;
use tenantry_core::oauth::{AccessToken, GrantType, ProvenClient, Redemption, Scopes, Tokens};
use tenantry_core::{Core, Error, Kind, Result, Shower};
use tenantry_http::{Dialect, Form, Query, Refusal, Refused, Served, Source, Whence, encode_query};

use crate::client::ClientProof;
use crate::{Evo, error};

/// What a token of ours is good for, whichever part of it is asked for.
pub(crate) const SCOPES: &str = "evo.discovery evo.workspace";

/// The grants that the token endpoint knows.
pub(crate) const GRANTS: [GrantType; 3] =
    [GrantType::ClientCredentials, GrantType::AuthorizationCode, GrantType::RefreshToken];

/// The words of the endpoint are OAuth's, not those of the API around it.
pub(crate) struct TokenEndpoint;

impl Dialect for TokenEndpoint {
    fn refuse(refusal: &Refusal) -> Response {
        error::token_error(refusal)
    }

    /// Clients prove themselves by what the endpoint itself reads.
    fn credential(_: &HeaderMap) -> Result<Option<String>> {
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
    scope: String,
    /// Where the person allowed `offline_access`.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

/// `GET /connect/authorize`: the person answers at the server's own endpoint.
pub(crate) async fn authorize(
    State(served): State<Served>,
    query: Query<Evo>,
) -> Result<Response, Refused<Evo>> {
    let pairs: Vec<_> = query
        .pairs()
        .map(|(name, value)| match name {
            "scope" => (name, translated(value).to_string()),
            _ => (name, value.to_owned()),
        })
        .collect();
    let query = encode_query(pairs.iter().map(|(name, value)| (*name, value.as_str())));
    let address = served.address(&format!("/oauth2/authorize?{query}"));
    Ok((StatusCode::FOUND, [(LOCATION, address), (CACHE_CONTROL, "no-store".to_owned())]).into_response())
}

/// `POST /connect/token`
///
/// A token has both scopes of this API, whichever of them is asked for, and says so; scopes of other services are
/// passed over, since clients ask for all that they use at once.
pub(crate) async fn issue_token(
    State(served): State<Served>,
    Whence(from): Whence,
    headers: HeaderMap,
    form: Form<TokenEndpoint>,
) -> Result<Response, Refused<TokenEndpoint>> {
    served.admit_stranger(Source(from.source))?;
    let core = &served.core;
    let grant = form.required("grant_type")?;
    let known = GrantType::from_word(grant).filter(|grant| GRANTS.contains(grant));
    let granted = match known {
        Some(GrantType::ClientCredentials) => by_secret(core, Shower::from(&from), &headers, &form).await?,
        Some(GrantType::AuthorizationCode) => {
            let client = prove(core, &headers, &form, &from).await?;
            let redemption = Redemption {
                code: form.required("code")?.to_owned(),
                redirect_uri: form.required("redirect_uri")?.to_owned(),
                verifier: form.required("code_verifier")?.to_owned(),
            };
            Granted::of(core.redeem_code(&client, redemption).await?)?
        }
        Some(GrantType::RefreshToken) => {
            let client = prove(core, &headers, &form, &from).await?;
            let scopes = form.get("scope").map(translated).filter(|scopes| !scopes.is_empty());
            Granted::of(core.refresh(&client, form.required("refresh_token")?, scopes).await?)?
        }
        Some(GrantType::DeviceCode) | None => {
            let words = GRANTS.map(GrantType::word).join(", ");
            let message = format!("grant_type: expected one of {words}");
            return Err(Error::new(Kind::Unsupported, "token.grant_type", message).into());
        }
    };
    Ok(([(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")], Json(granted)).into_response())
}

impl Granted {
    fn of(tokens: Tokens) -> Result<Self> {
        let AccessToken::Opaque(issued) = &tokens.access else {
            return Err(Error::internal("a token for another resource"));
        };
        Ok(Self {
            access_token: issued.secret.expose().to_owned(),
            token_type: "Bearer",
            expires_in: tokens.expires_in,
            scope: told(tokens.scopes),
            refresh_token: tokens.refresh.map(|token| token.expose().to_owned()),
        })
    }
}

async fn by_secret(
    core: &Core,
    by: Shower<'_>,
    headers: &HeaderMap,
    form: &Form<TokenEndpoint>,
) -> Result<Granted> {
    let scope = form.get("scope").unwrap_or(SCOPES);
    if !scope.split(' ').any(is_ours) {
        let message = format!("expected one of {SCOPES}");
        return Err(Error::invalid("scope", "unknown", message));
    }
    let client = ClientProof::of(headers, form)?;
    let lacking = || Error::invalid("client_secret", "missing", "a value is required");
    let issued = core.sign_in_client(&client.id, &client.secret.ok_or_else(lacking)?, by).await?;
    let created_at = issued.credential.created_at.as_micros();
    let lifetime = issued.credential.expires_at.map_or(0, |at| (at.as_micros() - created_at) / 1_000_000);
    Ok(Granted {
        access_token: issued.secret.expose().to_owned(),
        token_type: "Bearer",
        expires_in: lifetime,
        scope: SCOPES.to_owned(),
        refresh_token: None,
    })
}

async fn prove(
    core: &Core,
    headers: &HeaderMap,
    form: &Form<TokenEndpoint>,
    from: &Origin,
) -> Result<ProvenClient> {
    let proof = ClientProof::of(headers, form)?;
    core.prove_client(&proof.id, proof.secret.as_deref(), from).await
}

fn is_ours(word: &str) -> bool {
    SCOPES.split(' ').any(|ours| ours == word)
}

/// What the client's words mean: those of this API, and those that every server of OpenID Connect knows.
fn translated(words: &str) -> Scopes {
    words.split(' ').fold(Scopes::NONE, |scopes, word| {
        let meant = if is_ours(word) { Ok(Scopes::API) } else { Scopes::parse(word) };
        scopes.union(meant.unwrap_or_default())
    })
}

/// The same in the client's words.
fn told(scopes: Scopes) -> String {
    let rest = scopes.without(Scopes::API);
    let ours = scopes.contains(Scopes::API).then_some(SCOPES);
    let words: Vec<_> = ours.into_iter().chain(rest.words()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_translated_both_ways() {
        for (words, meant, back) in [
            ("evo.discovery evo.workspace", "api", SCOPES),
            ("evo.workspace", "api", SCOPES),
            ("evo.file evo.object", "", ""),
            (
                "openid evo.discovery offline_access evo.file",
                "openid offline_access api",
                "evo.discovery evo.workspace openid offline_access",
            ),
            ("", "", ""),
        ] {
            assert_eq!(translated(words).to_string(), meant, "{words}");
            assert_eq!(told(translated(words)), back, "{words}");
        }
    }
}
