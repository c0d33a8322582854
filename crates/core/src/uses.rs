//! When credentials were last used, and by whom: remembered here and written down together, since a write for each request
//! would cost more than the request.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::browser::{Origin, USER_AGENT_MAX};
use crate::clock::Timestamp;
use crate::ids::CredentialId;

/// Who shows a credential, as far as the request says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shower<'a> {
    /// The address of the client.
    pub source: Option<IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<&'a str>,
}

impl<'a> From<&'a Origin> for Shower<'a> {
    fn from(from: &'a Origin) -> Self {
        Self { source: from.source, user_agent: from.user_agent.as_deref() }
    }
}

/// The last use of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// When it was.
    pub at: Timestamp,
    /// The address that it came from.
    pub source: Option<IpAddr>,
    /// What the program calls itself, cut to [`USER_AGENT_MAX`].
    pub user_agent: Option<String>,
}

/// Uses that are not written down yet.
#[derive(Default)]
pub(crate) struct Uses(Mutex<HashMap<CredentialId, Use>>);

impl Uses {
    /// Remembers a use. What says nothing of who it was is a part of what was said a moment ago. A program that stays the same
    /// costs nothing.
    pub(crate) fn note(&self, credential: CredentialId, at: Timestamp, by: Shower<'_>) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = uses.entry(credential).or_insert(Use { at, source: None, user_agent: None });
        known.at = at;
        if by.source.is_none() && by.user_agent.is_none() {
            return;
        }
        known.source = by.source;
        let name = by.user_agent.map(cut).filter(|name| !name.is_empty());
        if known.user_agent.as_deref() != name {
            known.user_agent = name.map(str::to_owned);
        }
    }

    /// Hands over what is remembered, in an order that is every replica's: none waits for another that waits for it.
    pub(crate) fn take(&self) -> Vec<(CredentialId, Use)> {
        let mut uses: Vec<_> = self.0.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
        uses.sort_unstable_by_key(|(credential, _)| *credential);
        uses
    }
}

fn cut(name: &str) -> &str {
    name.char_indices().nth(USER_AGENT_MAX).map_or(name, |(end, _)| &name[..end])
}
