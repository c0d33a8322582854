//! What the server tells clients of itself: RFC 8414, OpenID Connect Discovery, and the keys that verify what it signs.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};
use tenantry_core::oauth::{GrantType, Scopes};
use tenantry_http::{Refused, Served, Source, TokenEndpoint};

use crate::keyring::Keyring;

/// How long clients may keep what they were told: keys are published a day before they sign.
const AN_HOUR: &str = "public, max-age=3600";

/// `/.well-known/openid-configuration`
pub(crate) async fn openid_configuration(State(served): State<Served>) -> Response {
    let mut told = described(&served);
    for (name, value) in [
        ("userinfo_endpoint", json!(served.address("/oauth2/userinfo"))),
        ("end_session_endpoint", json!(served.address("/oauth2/logout"))),
        ("subject_types_supported", json!(["public"])),
        ("id_token_signing_alg_values_supported", json!(["RS256"])),
        (
            "claims_supported",
            json!([
                "iss",
                "sub",
                "aud",
                "exp",
                "iat",
                "auth_time",
                "nonce",
                "sid",
                "name",
                "preferred_username",
                "updated_at",
                "email",
                "email_verified"
            ]),
        ),
        ("claims_parameter_supported", json!(false)),
        ("request_parameter_supported", json!(false)),
        ("request_uri_parameter_supported", json!(false)),
        ("prompt_values_supported", json!(["none", "login", "consent"])),
    ] {
        told[name] = value;
    }
    ([(CACHE_CONTROL, AN_HOUR)], Json(told)).into_response()
}

/// `/.well-known/oauth-authorization-server`
pub(crate) async fn authorization_server(State(served): State<Served>) -> Response {
    ([(CACHE_CONTROL, AN_HOUR)], Json(described(&served))).into_response()
}

fn described(served: &Served) -> Value {
    let with_secret = json!(["client_secret_basic", "client_secret_post"]);
    json!({
        "issuer": served.address(""),
        "authorization_endpoint": served.address("/oauth2/authorize"),
        "token_endpoint": served.address("/oauth2/token"),
        "device_authorization_endpoint": served.address("/oauth2/device_authorization"),
        "jwks_uri": served.address("/oauth2/jwks"),
        "registration_endpoint": served.address("/oauth2/register"),
        "revocation_endpoint": served.address("/oauth2/revoke"),
        "introspection_endpoint": served.address("/oauth2/introspect"),
        "scopes_supported": Scopes::ALL.words().collect::<Vec<_>>(),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": GrantType::ALL.map(GrantType::word),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "introspection_endpoint_auth_methods_supported": with_secret,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "service_documentation": served.address("/docs"),
    })
}

/// `/oauth2/jwks` (RFC 7517)
pub(crate) async fn jwks(
    State(served): State<Served>,
    Extension(keyring): Extension<Arc<Keyring>>,
    source: Source,
) -> Result<Response, Refused<TokenEndpoint>> {
    served.admit_stranger(source)?;
    let keys = keyring.published(&served.core).await?;
    Ok(([(CACHE_CONTROL, AN_HOUR)], Json(json!({"keys": keys}))).into_response())
}
