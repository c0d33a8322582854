//! `/oauth2/register`: clients, registered by the server's administrators with a token of their own (RFC 7591). Beyond the
//! RFC, they can be listed, looked at and removed there.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tenantry_core::oauth::{Client, ClientRegistration, GrantType, RegisteredClient, Scopes};
use tenantry_core::permission::Permission;
use tenantry_core::{Error, Result};
use tenantry_http::{Authenticated, Json, Object, Refused, Segments, Served};

use crate::bearer::{Bearers, Registration};
use crate::claims::seconds;
use crate::token::NOT_KEPT;

/// What a client says of itself. What is not known here is passed over, as the RFC wants it.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "oauth.ClientMetadata")]
pub(crate) struct Metadata {
    /// What people are told, up to 60 characters; the id unless said.
    #[serde(default)]
    client_name: Option<String>,
    #[serde(default)]
    redirect_uris: Vec<String>,
    #[serde(default)]
    post_logout_redirect_uris: Vec<String>,
    /// Unless said, `authorization_code`.
    #[serde(default)]
    grant_types: Option<Vec<String>>,
    /// Only `code`.
    #[serde(default)]
    response_types: Option<Vec<String>>,
    /// `client_secret_basic` unless said, `client_secret_post`, or `none` for a client without a secret.
    #[serde(default)]
    token_endpoint_auth_method: Option<String>,
    /// The most that it may ask for; `openid profile email offline_access` unless said. `offline_access` is passed over without the
    /// grant `refresh_token`.
    #[serde(default)]
    scope: Option<String>,
    /// Resources other than this server for which it may have signed tokens (RFC 8707).
    #[serde(default)]
    audiences: Vec<String>,
}

/// A client as it is registered.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "oauth.Client")]
pub(crate) struct Registered {
    client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    client_id_issued_at: i64,
    /// 0: it does not expire.
    client_secret_expires_at: i64,
    client_name: String,
    redirect_uris: Vec<String>,
    post_logout_redirect_uris: Vec<String>,
    grant_types: Vec<&'static str>,
    response_types: Vec<&'static str>,
    token_endpoint_auth_method: &'static str,
    scope: String,
    audiences: Vec<String>,
}

/// The clients.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "oauth.Clients")]
pub(crate) struct Clients {
    clients: Vec<Registered>,
}

impl Registered {
    fn of(client: Client) -> Self {
        let redirecting = client.grant_types.contains(&GrantType::AuthorizationCode);
        Self {
            token_endpoint_auth_method: if client.is_confidential() { "client_secret_basic" } else { "none" },
            client_id: client.id,
            client_secret: None,
            client_id_issued_at: seconds(client.created_at),
            client_secret_expires_at: 0,
            client_name: client.name,
            redirect_uris: client.redirect_uris,
            post_logout_redirect_uris: client.logout_uris,
            grant_types: client.grant_types.iter().map(|grant| grant.word()).collect(),
            response_types: redirecting.then_some("code").into_iter().collect(),
            scope: client.scopes.to_string(),
            audiences: client.audiences,
        }
    }
}

impl Metadata {
    fn into_registration(self) -> Result<ClientRegistration> {
        let wrong = |field: &'static str, expected: &str| {
            Error::invalid(field, "unknown", format!("expected {expected}"))
        };
        let confidential = match self.token_endpoint_auth_method.as_deref() {
            None | Some("client_secret_basic" | "client_secret_post") => true,
            Some("none") => false,
            Some(_) => {
                let methods = "client_secret_basic, client_secret_post or none";
                return Err(wrong("token_endpoint_auth_method", methods));
            }
        };
        if self.response_types.is_some_and(|types| types.iter().any(|word| word != "code")) {
            return Err(wrong("response_types", "code alone"));
        }
        let words = self.grant_types.unwrap_or_else(|| vec![GrantType::AuthorizationCode.word().to_owned()]);
        let grant_types = words.iter().map(|word| GrantType::from_word(word)).collect::<Option<_>>();
        let identity =
            Scopes::OPENID.union(Scopes::PROFILE).union(Scopes::EMAIL).union(Scopes::OFFLINE_ACCESS);
        Ok(ClientRegistration {
            name: self.client_name,
            confidential,
            redirect_uris: self.redirect_uris,
            logout_uris: self.post_logout_redirect_uris,
            grant_types: grant_types
                .ok_or_else(|| wrong("grant_types", &GrantType::ALL.map(GrantType::word).join(", ")))?,
            scopes: self.scope.as_deref().map(Scopes::parse).transpose()?.unwrap_or(identity),
            audiences: self.audiences,
        })
    }
}

/// Registers a client. Its secret is shown this once. Who may not register any hears that, whatever the body is.
pub(crate) async fn register_client(
    State(served): State<Served>,
    Authenticated { caller, .. }: Authenticated<Registration>,
    sent: Result<Json<Registration, Object<Metadata>>, Refused<Registration>>,
) -> Result<Response, Refused<Registration>> {
    served.core.check_server(&caller, Permission::ManageServer).await?;
    let Json { body: Object(metadata), .. } = sent?;
    let RegisteredClient { client, secret } =
        served.core.register_client(&caller, metadata.into_registration()?).await?;
    let secret = secret.map(|secret| secret.expose().to_owned());
    let registered = Registered { client_secret: secret, ..Registered::of(client) };
    Ok((StatusCode::CREATED, NOT_KEPT, Answer(registered)).into_response())
}

/// Every client, the newest first.
pub(crate) async fn list_clients(
    State(served): State<Served>,
    Authenticated { caller, .. }: Authenticated<Bearers>,
) -> Result<Response, Refused<Bearers>> {
    let clients = served.core.list_clients(&caller).await?;
    let clients = clients.into_iter().map(Registered::of).collect();
    Ok((NOT_KEPT, Answer(Clients { clients })).into_response())
}

/// One client.
pub(crate) async fn get_client(
    State(served): State<Served>,
    Authenticated { caller, .. }: Authenticated<Bearers>,
    Segments([id]): Segments<1>,
) -> Result<Response, Refused<Bearers>> {
    let client = served.core.get_client(&caller, &id).await?;
    Ok((NOT_KEPT, Answer(Registered::of(client))).into_response())
}

/// Removes a client, and ends what people allowed it.
pub(crate) async fn delete_client(
    State(served): State<Served>,
    Authenticated { caller, .. }: Authenticated<Bearers>,
    Segments([id]): Segments<1>,
) -> Result<StatusCode, Refused<Bearers>> {
    served.core.delete_client(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
