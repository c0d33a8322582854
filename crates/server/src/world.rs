//! Time, chance and hashing as they really are.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use rand::TryRng;
use tenantry_core::clock::{Clock, Entropy, Timestamp};
use tenantry_core::credential::Passwords;
use tenantry_core::error::{Error, Kind, Result};
use tenantry_core::ids::IdSource;
use tenantry_core::store::BoxFuture;
use tokio::sync::Semaphore;
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

/// How many sign-ins may wait for the hasher before clients are told to come back.
const QUEUE: usize = 64;

/// Argon2id with 19 MiB, two passes and one lane, on threads of its own, at most half of the cores at once.
pub struct Argon {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Default for Argon {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            running: Arc::new(Semaphore::new((cores / 2).max(1))),
            waiting: Arc::new(Semaphore::new(QUEUE)),
        }
    }
}

impl Argon {
    async fn bounded<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let busy = || Error::new(Kind::Unavailable, "password.busy", "too many sign-ins at once, try again");
        let _place = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| busy())?;
        let _turn = Arc::clone(&self.running).acquire_owned().await.map_err(|_| busy())?;
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
    }
}

impl Passwords for Argon {
    fn hash<'a>(&'a self, password: &'a str) -> BoxFuture<'a, Result<String>> {
        let password = password.to_owned();
        Box::pin(self.bounded(move || hash(&password)))
    }

    fn verify<'a>(&'a self, password: &'a str, hash: Option<&'a str>) -> BoxFuture<'a, Result<bool>> {
        let password = password.to_owned();
        let known = hash.map(str::to_owned);
        Box::pin(self.bounded(move || {
            let Some(hash) = known else {
                // As much work as for an account that exists, so that the time does not tell.
                return self::hash(&password).map(|_| false);
            };
            let parsed = PasswordHash::new(&hash).map_err(|error| Error::internal(error.to_string()))?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
        }))
    }
}

fn hash(password: &str) -> Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| Error::internal(error.to_string()))
}
