//! Time and chance as they really are.

use std::time::{SystemTime, UNIX_EPOCH};

use rand::TryRng;
use tenantry_core::clock::{Clock, Entropy, Timestamp};
use tenantry_core::ids::IdSource;
use uuid::Uuid;

/// The clock of the machine.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// Identifiers that follow the clock: UUID version 7.
pub struct SystemIds;

impl IdSource for SystemIds {
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// The random numbers of the operating system.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    /// # Panics
    /// When the system has no random numbers: then nothing that this program promises would hold.
    fn fill(&self, bytes: &mut [u8]) {
        rand::rngs::SysRng.try_fill_bytes(bytes).expect("the operating system gives random numbers");
    }
}
