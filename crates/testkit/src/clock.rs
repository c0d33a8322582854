//! A clock that stands still until a test moves it.

use std::sync::atomic::{AtomicI64, Ordering};

use tenantry_core::clock::{Clock, Timestamp};

/// 2026-01-01T00:00:00Z, where every test begins.
pub const START: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl Default for TestClock {
    fn default() -> Self {
        Self(AtomicI64::new(START.as_micros()))
    }
}

impl TestClock {
    /// Moves the clock; negative goes back.
    pub fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// Sets the clock.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_micros(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}
