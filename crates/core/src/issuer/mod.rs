//! Issuers: external OpenID Connect providers whose word on who somebody is counts, for the whole server or for one
//! organization.
//!
//! Whom an issuer calls by a subject is known by an [`Identity`], which is a credential of the account: it ends with the
//! account, with the membership where the issuer is an organization's, and with the trust, and whatever was given for it
//! ends too. What an organization's issuer proves is good in that organization alone (decision 011).
//!
//! How issuers are asked is behind the port [`Issuers`]; what their tokens say is judged here (`claims`).

mod bearer;
mod claims;
mod identity;
mod read;
mod service;
mod sign_in;
mod store;
mod upstream;

use std::fmt;

use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::credential::Credential;
use crate::ids::{IssuerId, OrganizationId, PrincipalId};
use crate::page::{Cursor, KeyValue};
use crate::permission::BuiltinRole;
use crate::version::Versions;

pub(crate) use bearer::is_signed;
pub use service::IssuerOf;
pub use sign_in::{Arrival, Departure, IssuerAnswer, Journey, Ways};
pub use store::IssuerStore;
pub use upstream::{CodeRedemption, Issuers, Provider, Signed};

/// How many issuers the server, or an organization, may trust.
pub const ISSUERS_MAX: u64 = 20;
/// How many identities of one issuer a person may have linked.
pub const IDENTITIES_MAX: usize = 10;
/// How many domains an issuer may speak for.
pub const DOMAINS_MAX: usize = 50;
/// Longest title, in characters.
pub const ISSUER_TITLE_MAX: usize = 60;
/// Longest client id, audience and subject, in bytes (OpenID Connect Core, section 2, for subjects).
pub const IDENTIFIER_MAX: usize = 255;
/// Longest secret of a client, in bytes.
pub const CLIENT_SECRET_MAX: usize = 1024;
/// Stands for every domain, where the whole server trusts an issuer.
pub const EVERY_DOMAIN: &str = "*";

/// An external issuer that is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// Its id.
    pub id: IssuerId,
    /// The organization that trusts it; none where the whole server does.
    pub organization: Option<OrganizationId>,
    /// What it calls itself: its `iss`, byte for byte. Fixed, since subjects mean nothing under another one.
    pub url: String,
    /// What people read on the button.
    pub title: String,
    /// What it calls this server.
    pub client_id: String,
    /// The secret by which this server proves itself to it, sealed.
    pub client_secret: Vec<u8>,
    /// The algorithms with which it may sign.
    pub algorithms: Vec<Algorithm>,
    /// The `aud` of its tokens that open the API; none do without.
    pub audience: Option<String>,
    /// Whether somebody without an account gets one, given a verified address in one of the domains.
    pub admits_newcomers: bool,
    /// The role that a newcomer gets in the organization that trusts it; none where the server does.
    pub role: Option<BuiltinRole>,
    /// The domains of whose addresses it may tell, in lower case. For an organization's, the server's administrator has
    /// confirmed each.
    pub domains: Vec<String>,
    /// Who said whether newcomers come in, and in which role.
    pub configured_by: PrincipalId,
    /// Raised by every change; makes the `ETag`.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Issuer {
    /// The place of its row.
    pub fn home(&self) -> OrganizationId {
        self.organization.unwrap_or(OrganizationId::SERVER)
    }

    /// What its client's secret is sealed for.
    fn context(id: IssuerId) -> String {
        format!("issuer:{id}")
    }

    /// Its place in the order of making.
    pub fn cursor(&self) -> Cursor {
        Cursor { keys: vec![KeyValue::Int(self.created_at.as_micros())], id: *self.id.as_uuid() }
    }
}

/// The only order of issuers: as they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IssuerField {
    /// When it was made.
    CreatedAt,
}

/// How an issuer signs (RFC 7518, RFC 8037). No algorithm with a shared secret, and not `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSA PKCS #1 with SHA-256.
    Rs256,
    /// RSA PSS with SHA-256.
    Ps256,
    /// ECDSA on P-256.
    Es256,
    /// ECDSA on P-384.
    Es384,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Rs256, Self::Ps256, Self::Es256, Self::Es384, Self::EdDsa];

    /// Its registered name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of this name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.word() == word)
    }
}

/// A secret on its way to be sealed. Its debug form shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSecret(pub Zeroizing<String>);

impl fmt::Debug for ClientSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ClientSecret")
    }
}

/// What is to become of an issuer. `None` leaves a field as it is, or as it is unless said.
#[derive(Clone, Debug, Default)]
pub struct IssuerChange {
    /// The URL as it is: another one is refused.
    pub url: Option<String>,
    /// Another title, 1 to [`ISSUER_TITLE_MAX`] characters.
    pub title: Option<String>,
    /// Another client id.
    pub client_id: Option<String>,
    /// Another secret.
    pub client_secret: Option<ClientSecret>,
    /// Other algorithms, by their names; one at least.
    pub algorithms: Option<Vec<String>>,
    /// Another audience; `Some(None)` for none.
    pub audience: Option<Option<String>>,
    /// Whether newcomers come in.
    pub admits_newcomers: Option<bool>,
    /// The role of newcomers in the organization.
    pub role: Option<BuiltinRole>,
    /// Other domains. An organization's are the server's administrator's to say.
    pub domains: Option<Vec<String>>,
    /// The version that the client saw last; another one is a conflict.
    pub expected_version: Option<Versions>,
}

/// What a trusted issuer is made of.
#[derive(Clone, Debug, Default)]
pub struct NewIssuer {
    /// What it calls itself.
    pub url: String,
    /// The rest, of which title, client id and secret must be there.
    pub rest: IssuerChange,
}

/// Whom an issuer means by a subject: a credential of the account, whose secret nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The credential; called like the issuer.
    pub credential: Credential,
    /// The issuer.
    pub issuer: IssuerId,
    /// What it calls the person, for ever.
    pub subject: String,
    /// The address that it told when the identity was linked, for its person to tell it from others.
    pub email: Option<String>,
}
