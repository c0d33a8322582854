//! OAuth 2.1: clients, the authorizations that people give them, and the tokens that come of these.
//!
//! An [`Authorization`] is a credential without a secret of its own that anybody is told: access and refresh tokens are
//! given for it, and end with it. So a reused code or refresh token ends everything that came of the same consent.
//!
//! The rules are those of the OAuth 2.1 draft and RFC 9700; the endpoints and pages are the crate `tenantry-oauth`.

mod authorization;
mod client;
mod introspection;
mod pkce;
mod redirect;
mod refresh;
mod scope;
mod store;
mod tokens;

use std::borrow::Cow;

use crate::clock::Timestamp;
use crate::credential::Credential;
use crate::error::{Error, Kind};
use crate::ids::{CredentialId, PrincipalId};

pub use authorization::{AuthorizationRequest, Redemption};
pub(crate) use authorization::{allow, require_to_speak_for_itself};
pub use client::{ClientRegistration, ProvenClient, RegisteredClient, Resource};
pub use introspection::Introspection;
pub use pkce::Challenge;
pub use redirect::{ADDRESSES_MAX, is_registered};
pub use scope::Scopes;
pub use store::{Code, OauthStore, Spent};
pub use tokens::{AccessToken, Tokens};
pub(crate) use tokens::{Minted, caller_of, give};

/// How a token request is refused, in the words of RFC 6749, section 5.2, RFC 8628 and RFC 8707.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A parameter lacks, is repeated, or makes no sense.
    InvalidRequest,
    /// The client did not prove who it is.
    InvalidClient,
    /// The code or token does not count: unknown, spent, expired, ended, or somebody else's.
    InvalidGrant,
    /// The client may not use this grant.
    UnauthorizedClient,
    /// The grant is none that the server knows.
    UnsupportedGrantType,
    /// A scope is unknown, or wider than what was given.
    InvalidScope,
    /// The resource is none that the client may ask for.
    InvalidTarget,
    /// Nobody has answered yet.
    AuthorizationPending,
    /// Nobody has answered yet, and the client asks too often.
    SlowDown,
    /// The person said no.
    AccessDenied,
    /// The device code is too old.
    ExpiredToken,
    /// What is registered of a client makes no sense (RFC 7591).
    InvalidClientMetadata,
    /// A redirect address of a client cannot be (RFC 7591).
    InvalidRedirectUri,
}

impl Refusal {
    const ALL: [Self; 13] = [
        Self::InvalidRequest,
        Self::InvalidClient,
        Self::InvalidGrant,
        Self::UnauthorizedClient,
        Self::UnsupportedGrantType,
        Self::InvalidScope,
        Self::InvalidTarget,
        Self::AuthorizationPending,
        Self::SlowDown,
        Self::AccessDenied,
        Self::ExpiredToken,
        Self::InvalidClientMetadata,
        Self::InvalidRedirectUri,
    ];

    /// The reason of the error.
    const fn reason(self) -> &'static str {
        match self {
            Self::InvalidRequest => "oauth.invalid_request",
            Self::InvalidClient => "oauth.invalid_client",
            Self::InvalidGrant => "oauth.invalid_grant",
            Self::UnauthorizedClient => "oauth.unauthorized_client",
            Self::UnsupportedGrantType => "oauth.unsupported_grant_type",
            Self::InvalidScope => "oauth.invalid_scope",
            Self::InvalidTarget => "oauth.invalid_target",
            Self::AuthorizationPending => "oauth.authorization_pending",
            Self::SlowDown => "oauth.slow_down",
            Self::AccessDenied => "oauth.access_denied",
            Self::ExpiredToken => "oauth.expired_token",
            Self::InvalidClientMetadata => "oauth.invalid_client_metadata",
            Self::InvalidRedirectUri => "oauth.invalid_redirect_uri",
        }
    }

    /// The word that the client gets as `error`.
    pub fn word(self) -> &'static str {
        self.reason().trim_start_matches("oauth.")
    }

    /// How an error refuses, if it is one of these.
    pub fn of(error: &Error) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.reason() == error.reason)
    }
}

/// The error that refuses so.
pub(crate) fn refused(refusal: Refusal, message: impl Into<Cow<'static, str>>) -> Error {
    match refusal {
        Refusal::InvalidClient | Refusal::InvalidGrant => {
            Error::new(Kind::Unauthenticated, refusal.reason(), message).at_sign_in()
        }
        Refusal::AuthorizationPending | Refusal::SlowDown | Refusal::ExpiredToken => {
            Error::new(Kind::Precondition, refusal.reason(), message)
        }
        Refusal::UnauthorizedClient | Refusal::AccessDenied => {
            Error::new(Kind::Forbidden, refusal.reason(), message)
        }
        Refusal::UnsupportedGrantType => Error::new(Kind::Unsupported, refusal.reason(), message),
        Refusal::InvalidRequest
        | Refusal::InvalidScope
        | Refusal::InvalidTarget
        | Refusal::InvalidClientMetadata
        | Refusal::InvalidRedirectUri => Error::new(Kind::Invalid, refusal.reason(), message),
    }
}

/// A way to come to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantType {
    /// A code that a browser brought (RFC 6749, section 4.1).
    AuthorizationCode,
    /// A refresh token.
    RefreshToken,
    /// The client's own secret, for a service account.
    ClientCredentials,
    /// A code that somebody confirmed in a browser elsewhere (RFC 8628).
    DeviceCode,
}

impl GrantType {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::AuthorizationCode, Self::RefreshToken, Self::ClientCredentials, Self::DeviceCode];

    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
        }
    }

    /// The one of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.word() == word)
    }
}

/// Whose a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKind {
    /// Registered, without a secret: it runs where everybody can look into it.
    Public,
    /// Registered, with a secret.
    Confidential,
    /// A service account's own.
    ServiceAccount(PrincipalId),
    /// Part of this program: a program of ours, or one that speaks a dialect.
    Own,
}

/// A program that asks for tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// What it calls itself in requests.
    pub id: String,
    /// What people are told.
    pub name: String,
    /// Whose it is.
    pub kind: ClientKind,
    /// Where browsers may be sent with an answer.
    pub redirect_uris: Vec<String>,
    /// Where browsers may be sent when somebody has signed out.
    pub logout_uris: Vec<String>,
    /// The ways in which it may come to tokens.
    pub grant_types: Vec<GrantType>,
    /// The most that it may ask for.
    pub scopes: Scopes,
    /// Resources other than this server for which it may have tokens (RFC 8707).
    pub audiences: Vec<String>,
    /// When it was registered.
    pub created_at: Timestamp,
}

impl Client {
    /// Refuses a grant that the client may not use.
    pub fn require_grant(&self, grant: GrantType) -> crate::error::Result<()> {
        if self.grant_types.contains(&grant) {
            return Ok(());
        }
        let message = format!("the client may not use the grant {}", grant.word());
        Err(refused(Refusal::UnauthorizedClient, message))
    }

    /// What it can use of the scopes. Who may not exchange refresh tokens gets none: OpenID Connect Core, section 11, has
    /// `offline_access` passed over then.
    pub fn usable(&self, scopes: Scopes) -> Scopes {
        if self.grant_types.contains(&GrantType::RefreshToken) {
            return scopes;
        }
        scopes.without(Scopes::OFFLINE_ACCESS)
    }

    /// Whether it holds a secret.
    pub const fn is_confidential(&self) -> bool {
        matches!(self.kind, ClientKind::Confidential | ClientKind::ServiceAccount(_))
    }
}

/// What a person allowed a client. Its credential is called by the name that the client had then, and is as narrow as
/// what the person allowed it with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// The credential for which tokens are given.
    pub credential: Credential,
    /// The client.
    pub client: String,
    /// What was allowed.
    pub scopes: Scopes,
    /// The resource that the tokens are for; none is this server.
    pub audience: Option<String>,
    /// The browser session in which it was allowed, if it was in one.
    pub session: Option<CredentialId>,
    /// When the person had signed in.
    pub signed_in_at: Timestamp,
    /// When it ends at the latest, if the person said so.
    pub ends_at: Option<Timestamp>,
}

impl Authorization {
    /// Its id.
    pub const fn id(&self) -> CredentialId {
        self.credential.id
    }
}
