//! Browser sessions: what a person who signed in with a browser shows in its cookie.
//!
//! A session is a credential that counts nowhere else. It ends when nothing is done in it for a while, at the latest some
//! days after the sign-in, when the person signs out or is suspended, and whenever it is ended from elsewhere.

mod service;
mod store;

use std::net::IpAddr;

use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::credential::Credential;
use crate::principal::Principal;

pub(crate) use service::begin;
pub use store::BrowserStore;

/// Longest name of a browser that is kept, in characters.
pub const USER_AGENT_MAX: usize = 200;

/// Where a request comes from, as far as it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address of the client.
    pub source: Option<IpAddr>,
    /// What the client calls itself, cut to [`USER_AGENT_MAX`].
    pub user_agent: Option<String>,
    /// The id of the request.
    pub request_id: Option<String>,
}

/// A session that counts, and who is in it.
#[derive(Clone, Debug)]
pub struct BrowserSession {
    /// Who is in it.
    pub caller: Caller,
    /// The account.
    pub person: Principal,
    /// When the person signed in.
    pub signed_in_at: Timestamp,
}

/// A session as its owner sees it in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// The credential; made when the person signed in.
    pub credential: Credential,
    /// The last time that something was done in it, to the minute.
    pub last_used_at: Timestamp,
    /// The address at the sign-in.
    pub source: Option<String>,
    /// The browser at the sign-in.
    pub user_agent: Option<String>,
}
