//! How often somebody may ask: a number of requests a minute for each principal, and for each network from which strangers
//! come. Bursts of as many are fine. Each replica counts for itself; what can be guessed is counted in the database besides.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tenantry_core::audit::network;
use tenantry_core::ids::PrincipalId;
use tenantry_core::{Error, Kind, Result};

use crate::{Served, Source};

/// After so many requests those are forgotten who did not ask for a while.
const TIDY_EVERY: u64 = 10_000;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Asking {
    Known(PrincipalId),
    Stranger(Option<IpAddr>),
}

/// What is counted. Clones share it.
#[derive(Clone)]
pub(crate) struct Rates(Option<Arc<Counts>>);

struct Counts {
    limiter: DefaultKeyedRateLimiter<Asking>,
    clock: DefaultClock,
    asked: AtomicU64,
}

impl Rates {
    /// So many requests a minute; with 0 nothing is counted.
    pub(crate) fn new(per_minute: u32) -> Self {
        Self(NonZeroU32::new(per_minute).map(|limit| {
            let limiter = RateLimiter::keyed(Quota::per_minute(limit));
            Arc::new(Counts { limiter, clock: DefaultClock::default(), asked: AtomicU64::new(0) })
        }))
    }

    fn admit(&self, who: Asking) -> Result<()> {
        let Some(counts) = &self.0 else { return Ok(()) };
        if counts.asked.fetch_add(1, Ordering::Relaxed) % TIDY_EVERY == TIDY_EVERY - 1 {
            counts.limiter.retain_recent();
        }
        counts.limiter.check_key(&who).map_err(|until| {
            let wait = until.wait_time_from(counts.clock.now());
            let seconds = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX).saturating_add(1);
            let message = format!("too many requests: try again in {seconds} seconds");
            Error::new(Kind::RateLimited, "requests.too_many", message).with_retry_after(seconds)
        })
    }
}

impl Served {
    /// Counts a request of somebody who is known. What knows people otherwise than by
    /// [`Authenticated`](crate::Authenticated) calls this itself.
    ///
    /// # Errors
    /// `Kind::RateLimited` when there were too many.
    pub fn admit(&self, principal: PrincipalId) -> Result<()> {
        self.rates.admit(Asking::Known(principal))
    }

    /// Counts a request of nobody in particular: without a credential, or with one that does not count. What reads no
    /// credential by [`Authenticated`](crate::Authenticated) calls this itself.
    ///
    /// # Errors
    /// `Kind::RateLimited` when there were too many.
    pub fn admit_stranger(&self, Source(address): Source) -> Result<()> {
        self.rates.admit(Asking::Stranger(address.map(network)))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn each_has_its_own_count() {
        let rates = Rates::new(3);
        let known = |number| Asking::Known(PrincipalId::from_uuid(Uuid::from_u128(number)));
        let stranger = |last: u8| Asking::Stranger(Some(IpAddr::from([192, 0, 2, last])));
        for who in [known(1), known(2), stranger(1), stranger(2), Asking::Stranger(None)] {
            let outcomes: Vec<bool> = (0..5).map(|_| rates.admit(who).is_ok()).collect();
            assert_eq!(outcomes, [true, true, true, false, false], "{who:?}");
            let refused = rates.admit(who).unwrap_err();
            assert_eq!(refused.kind, Kind::RateLimited);
            assert!((1..=21).contains(&refused.retry_after().unwrap()));
        }
        let unlimited = Rates::new(0);
        assert!((0..1000).all(|_| unlimited.admit(known(1)).is_ok()));
    }
}
