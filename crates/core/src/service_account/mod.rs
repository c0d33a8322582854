//! Service accounts of an organization, and the secrets by which they come in: API keys and OAuth clients.
//!
//! Whoever makes a secret acts in the account's name, so it takes holding whatever the account holds.

mod secrets;
mod service;
mod store;

use crate::clock::Timestamp;
use crate::credential::TokenKind;
use crate::page::{Cursor, KeyValue, Order};
use crate::principal::Principal;
use crate::version::Versions;

pub(crate) use service::insert;
pub use store::ServiceAccountStore;

/// How many secrets of a kind that count a service account may have.
pub const ACCOUNT_SECRETS_MAX: u64 = 10;
/// How many service accounts an organization may have.
pub const SERVICE_ACCOUNTS_MAX: u64 = 1_000;

/// A service account as its organization sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccount {
    /// The account.
    pub principal: Principal,
    /// What is said of it.
    pub description: Option<String>,
    /// How many API keys it has, those that have expired or sleep among them.
    pub api_keys: u64,
    /// When a secret of it was last used, to within a few seconds.
    pub last_used_at: Option<Timestamp>,
}

/// The fields by which service accounts are sorted and filtered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServiceAccountField {
    /// Its name.
    Name,
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
    /// What people call it; `Some(None)` for nothing but its name.
    pub display_name: Option<Option<String>>,
    /// What is said of it; `Some(None)` for nothing.
    pub description: Option<Option<String>>,
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
    /// What is said of it.
    pub description: Option<String>,
    /// How many seconds it lives, at most as many as the server's setting `service_key_seconds`, which is how long unless said.
    pub seconds: Option<i64>,
    /// Whether the title must be no other secret's of this kind and account, for clients that find them by it.
    pub unique_title: bool,
}

impl ServiceAccount {
    /// The account's place in an order.
    pub fn cursor(&self, order: &[Order<ServiceAccountField>]) -> Cursor {
        let keys = order.iter().map(|by| match by.field {
            ServiceAccountField::Name => KeyValue::Text(self.principal.username.clone()),
            ServiceAccountField::CreatedAt => KeyValue::Int(self.principal.created_at.as_micros()),
        });
        Cursor { keys: keys.collect(), id: *self.principal.id.as_uuid() }
    }
}
