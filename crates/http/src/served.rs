//! What every dialect's router is made of.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use tenantry_core::Core;

use crate::rates::Rates;
use crate::{Pages, TrustedProxies};

/// The state of every dialect's router. Each layer and handler clones it for each request, so a clone is one count.
#[derive(Clone)]
pub struct Served(Arc<Shared>);

/// What all clones of a [`Served`] share.
#[derive(Clone)]
pub struct Shared {
    /// The use cases.
    pub core: Arc<Core>,
    /// How much of a request is read, for how long it is worked on, and how much is remembered of the answers.
    pub limits: Limits,
    /// Whose word on where requests come from is taken.
    pub proxies: TrustedProxies,
    pub(crate) pages: Pages,
    pub(crate) rates: Rates,
    public_url: Arc<str>,
}

/// How much of a request is read, for how long it is worked on, and how much is remembered of the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body: 1 MiB unless said otherwise.
    pub body_bytes: usize,
    /// Time in which the whole body must come: 20 seconds unless said otherwise. Shorter than `request`.
    pub body: Duration,
    /// Time until a request is refused: 30 seconds unless said otherwise.
    pub request: Duration,
    /// Bytes of pages that are remembered: 64 MiB unless said otherwise; with 0 none are.
    pub page_bytes: u64,
    /// Requests a minute of one principal, or of strangers from one network; 0, unless said otherwise, is no limit.
    pub requests_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1024 * 1024,
            body: Duration::from_secs(20),
            request: Duration::from_secs(30),
            page_bytes: 64 * 1024 * 1024,
            requests_per_minute: 0,
        }
    }
}

impl Deref for Served {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Served {
    /// `public_url` is the address by which clients reach the server, such as `https://tenantry.example`; it may have
    /// a path, and a slash at its end is dropped.
    pub fn new(core: Arc<Core>, public_url: &str, limits: Limits) -> Self {
        let pages = Pages::new(limits.page_bytes);
        let public_url = public_url.trim_end_matches('/').into();
        let rates = Rates::new(limits.requests_per_minute);
        let proxies = TrustedProxies::default();
        Self(Arc::new(Shared { core, limits, proxies, pages, rates, public_url }))
    }

    /// The same behind proxies.
    pub fn behind(self, proxies: TrustedProxies) -> Self {
        Self(Arc::new(Shared { proxies, ..Arc::unwrap_or_clone(self.0) }))
    }

    /// The absolute address of a path, which begins with a slash and is percent-encoded already.
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }
}
