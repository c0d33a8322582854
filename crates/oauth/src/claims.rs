//! What signed tokens say: ID tokens (OpenID Connect Core, section 2) and access tokens for other resources (RFC 9068).

use serde::{Deserialize, Serialize};
use tenantry_core::Result;
use tenantry_core::clock::Timestamp;
use tenantry_core::ids::CredentialId;
use tenantry_core::oauth::{AccessToken, Scopes, Tokens};
use tenantry_core::principal::Principal;
use tenantry_http::Served;

use crate::keyring::Keyring;

/// The type of an access token for another resource (RFC 9068, section 2.1).
const SIGNED_ACCESS: &str = "at+jwt";

/// What a person's scopes tell of them.
#[derive(Serialize)]
pub(crate) struct Profile<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
}

impl<'a> Profile<'a> {
    /// What is told of the person; of the address also whether the person has proved it.
    pub(crate) async fn of(served: &Served, person: &'a Principal, scopes: Scopes) -> Result<Self> {
        let profile = scopes.contains(Scopes::PROFILE);
        let email = person.email.as_deref().filter(|_| scopes.contains(Scopes::EMAIL));
        let email_verified = match email {
            Some(_) => Some(served.core.has_proved_address(person.id).await?),
            None => None,
        };
        Ok(Self {
            name: profile.then(|| person.shown_name()),
            preferred_username: profile.then_some(person.username.as_str()),
            updated_at: profile.then(|| seconds(person.updated_at)),
            email,
            email_verified,
        })
    }
}

#[derive(Serialize)]
struct IdToken<'a> {
    iss: String,
    sub: String,
    aud: &'a str,
    exp: i64,
    iat: i64,
    auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    #[serde(flatten)]
    profile: Profile<'a>,
}

/// An access token for another resource.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct SignedAccess {
    iss: String,
    pub(crate) sub: String,
    pub(crate) aud: String,
    client_id: String,
    /// The id of what it was given for, a dot, and an id of its own.
    jti: String,
    pub(crate) exp: i64,
    pub(crate) iat: i64,
    auth_time: i64,
    pub(crate) scope: String,
}

impl SignedAccess {
    /// What it was given for.
    pub(crate) fn authorization(&self) -> Option<CredentialId> {
        CredentialId::parse(self.jti.split_once('.')?.0)
    }
}

/// What is read of an ID token that a client shows again.
#[derive(Clone, Deserialize)]
pub(crate) struct Hint {
    pub(crate) iss: String,
    pub(crate) sub: String,
    pub(crate) aud: String,
}

pub(crate) const fn seconds(at: Timestamp) -> i64 {
    at.as_micros() / 1_000_000
}

/// The access token as the client gets it.
pub(crate) async fn access_token(served: &Served, keyring: &Keyring, tokens: &Tokens) -> Result<String> {
    match &tokens.access {
        AccessToken::Opaque(issued) => Ok(issued.secret.expose().to_owned()),
        AccessToken::Signed { id, expires_at } => {
            let claims = SignedAccess {
                iss: served.address(""),
                sub: tokens.person.id.to_string(),
                aud: tokens.authorization.audience.clone().unwrap_or_default(),
                client_id: tokens.authorization.client.clone(),
                jti: format!("{}.{id}", tokens.authorization.id()),
                exp: seconds(*expires_at),
                iat: seconds(tokens.issued_at),
                auth_time: seconds(tokens.authorization.signed_in_at),
                scope: tokens.scopes.to_string(),
            };
            keyring.sign(&served.core, SIGNED_ACCESS, &claims).await
        }
    }
}

/// An access token for another resource that was given to the client and has not expired; `None` for every other text.
pub(crate) async fn read_access(
    served: &Served,
    keyring: &Keyring,
    (client, token): (&str, &str),
) -> Result<Option<SignedAccess>> {
    let kind = jsonwebtoken::decode_header(token).ok().and_then(|header| header.typ);
    if kind.as_deref() != Some(SIGNED_ACCESS) {
        return Ok(None);
    }
    let read: Option<SignedAccess> = keyring.read(&served.core, token).await?;
    let now = seconds(served.core.clock().now());
    Ok(read.filter(|read| read.iss == served.address("") && read.client_id == client && read.exp > now))
}

/// The ID token, if one was asked for.
pub(crate) async fn id_token(served: &Served, keyring: &Keyring, tokens: &Tokens) -> Result<Option<String>> {
    if !tokens.scopes.contains(Scopes::OPENID) {
        return Ok(None);
    }
    let claims = IdToken {
        iss: served.address(""),
        sub: tokens.person.id.to_string(),
        aud: &tokens.authorization.client,
        exp: seconds(tokens.issued_at) + tokens.expires_in,
        iat: seconds(tokens.issued_at),
        auth_time: seconds(tokens.authorization.signed_in_at),
        nonce: tokens.nonce.as_deref(),
        sid: tokens.authorization.session.as_ref().map(CredentialId::to_string),
        profile: Profile::of(served, &tokens.person, tokens.scopes).await?,
    };
    keyring.sign(&served.core, "JWT", &claims).await.map(Some)
}
