//! `POST /oauth2/token` (RFC 6749, section 3.2).

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, HeaderName, PRAGMA};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::Serialize;
use tenantry_core::browser::Origin;
use tenantry_core::device::TokenLife;
use tenantry_core::oauth::{GrantType, ProvenClient, Redemption, Resource, Scopes};
use tenantry_core::{Error, Kind, Result};
use tenantry_http::{ClientProof, Form, Refused, Served, Source, TokenEndpoint, Whence};

use crate::claims;
use crate::keyring::Keyring;

/// Answers with tokens are kept by nobody (RFC 6749, section 5.1).
pub(crate) const NOT_KEPT: [(HeaderName, &str); 2] = [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")];

/// What a client gets.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "oauth.Token")]
pub(crate) struct Granted {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
}

/// The client that a request comes from, with what it showed.
pub(crate) async fn prove(
    served: &Served,
    headers: &HeaderMap,
    form: &Form<TokenEndpoint>,
    from: &Origin,
) -> Result<ProvenClient> {
    let proof = ClientProof::of(headers, form)?;
    let mut client = served.core.prove_client(&proof.id, proof.secret.as_deref(), from).await?;
    client.resource = form.get("resource").map_or(Resource::Unnamed, |named| {
        let own = named.trim_end_matches('/') == served.address("");
        if own { Resource::Own } else { Resource::Other(named.to_owned()) }
    });
    Ok(client)
}

/// Exchanges a code, a refresh token or a client's secret for tokens.
pub(crate) async fn issue_token(
    State(served): State<Served>,
    Extension(keyring): Extension<Arc<Keyring>>,
    Whence(from): Whence,
    headers: HeaderMap,
    form: Form<TokenEndpoint>,
) -> Result<Response, Refused<TokenEndpoint>> {
    served.admit_stranger(Source(from.source))?;
    let grant = form.required("grant_type")?;
    let grant = GrantType::from_word(grant).ok_or_else(|| {
        let words: Vec<_> = GrantType::ALL.iter().map(|grant| grant.word()).collect();
        let message = format!("grant_type: expected one of {}", words.join(", "));
        Error::new(Kind::Unsupported, "token.grant_type", message)
    })?;
    let core = &served.core;
    let client = prove(&served, &headers, &form, &from).await?;
    let scopes = form.get("scope").map(Scopes::parse).transpose()?;
    let tokens = match grant {
        GrantType::AuthorizationCode => {
            let redemption = Redemption {
                code: form.required("code")?.to_owned(),
                redirect_uri: form.required("redirect_uri")?.to_owned(),
                verifier: form.required("code_verifier")?.to_owned(),
            };
            core.redeem_code(&client, redemption).await?
        }
        GrantType::RefreshToken => core.refresh(&client, form.required("refresh_token")?, scopes).await?,
        GrantType::ClientCredentials => {
            let scopes = scopes.unwrap_or(Scopes::API);
            let issued = core.client_credentials(&client, scopes).await?;
            let end = issued.credential.expires_at.unwrap_or(issued.credential.created_at);
            let granted = Granted {
                access_token: issued.secret.expose().to_owned(),
                token_type: "Bearer",
                expires_in: claims::seconds(end) - claims::seconds(issued.credential.created_at),
                scope: scopes.to_string(),
                refresh_token: None,
                id_token: None,
            };
            return Ok((NOT_KEPT, Json(granted)).into_response());
        }
        GrantType::DeviceCode => {
            let shown = form.required("device_code")?;
            core.redeem_device_code(&client, shown, TokenLife::Usual).await?.tokens
        }
    };
    let granted = Granted {
        access_token: claims::access_token(&served, &keyring, &tokens).await?,
        token_type: "Bearer",
        expires_in: tokens.expires_in,
        scope: tokens.scopes.to_string(),
        id_token: claims::id_token(&served, &keyring, &tokens).await?,
        refresh_token: tokens.refresh.as_ref().map(|secret| secret.expose().to_owned()),
    };
    Ok((NOT_KEPT, Json(granted)).into_response())
}
