//! Service accounts of an organization, and the secrets by which they come in: API keys and OAuth clients.
//!
//! Whoever makes a secret acts in the account's name, so it takes holding whatever the account holds.

mod service;
mod store;

use crate::credential::TokenKind;
use crate::page::{Cursor, KeyValue};
use crate::principal::Principal;
use crate::version::Versions;

pub(crate) use service::insert;
pub use store::ServiceAccountStore;

/// How many secrets of a kind that count a service account may have.
pub const ACCOUNT_SECRETS_MAX: u64 = 10;
/// How many service accounts an organization may have.
pub const SERVICE_ACCOUNTS_MAX: u64 = 1_000;

/// The only order of service accounts: as they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServiceAccountField {
    /// When it was made.
    CreatedAt,
}

/// What a service account comes in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountSecret {
    /// An API key.
    ApiKey,
    /// The secret of an OAuth client, whose id is the credential's.
    Client,
}

impl AccountSecret {
    const fn kind(self) -> TokenKind {
        match self {
            Self::ApiKey => TokenKind::ServiceAccountKey,
            Self::Client => TokenKind::ClientSecret,
        }
    }

    const fn noun(self) -> &'static str {
        match self {
            Self::ApiKey => "API key",
            Self::Client => "client",
        }
    }
}

/// What is to become of a service account. `None` leaves a field alone.
#[derive(Clone, Debug, Default)]
pub struct ServiceAccountChange {
    /// Another name, unique in the organization.
    pub name: Option<String>,
    /// Whether it may do nothing, at once and until that is lifted.
    pub suspended: Option<bool>,
    /// The version that the client saw last; another one is a conflict.
    pub expected_version: Option<Versions>,
}

/// What a new secret is made of.
#[derive(Clone, Debug, Default)]
pub struct NewAccountSecret {
    /// What it is called, 1 to 60 characters.
    pub title: String,
    /// How many seconds it lives; for ever, unless said.
    pub seconds: Option<i64>,
}

/// The account's place in the order of making.
pub fn cursor(account: &Principal) -> Cursor {
    Cursor { keys: vec![KeyValue::Int(account.created_at.as_micros())], id: *account.id.as_uuid() }
}
