//! A core whose database is away, for tests of what is answered before the database is asked, and when it cannot be.

use std::sync::Arc;

use tenantry_core::clock::{Clock, Entropy, Timestamp};
use tenantry_core::credential::{Passwords, Verdict};
use tenantry_core::ids::IdSource;
use tenantry_core::settings::Settings;
use tenantry_core::store::{BoxFuture, Engine, Job, ReadKind, Store};
use tenantry_core::{Core, Error, Parts, Result};
use uuid::Uuid;

use crate::chance::PlainSeal;
use crate::issuers::PlainIssuers;
use crate::servers::PlainServers;

/// It is always 1970, every id is the same, nothing is random, and the database is away.
pub struct Away;

impl Away {
    /// What the log is told, and no client.
    pub const CAUSE: &str = "the disk is on fire";

    /// A core that is made of it.
    pub fn core() -> Arc<Core> {
        Arc::new(Core::new(Parts {
            store: Store::new(Arc::new(Self)),
            clock: Arc::new(Self),
            ids: Arc::new(Self),
            entropy: Arc::new(Self),
            passwords: Arc::new(Self),
            seal: Arc::new(PlainSeal),
            issuers: Arc::new(PlainIssuers::default()),
            servers: Arc::new(PlainServers::default()),
            settings: Settings::default(),
        }))
    }
}

impl Engine for Away {
    fn write(&self, _: Arc<dyn Job>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Err(Error::unavailable(Self::CAUSE)) })
    }

    fn read(&self, _: ReadKind, _: Arc<dyn Job>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Err(Error::unavailable(Self::CAUSE)) })
    }

    fn ping(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Err(Error::unavailable(Self::CAUSE)) })
    }
}

impl Clock for Away {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(0)
    }
}

impl IdSource for Away {
    fn next(&self) -> Uuid {
        Uuid::from_u128(7)
    }
}

impl Entropy for Away {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

impl Passwords for Away {
    fn hash<'a>(&'a self, password: &'a str) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move { Ok(password.to_owned()) })
    }

    fn verify<'a>(&'a self, password: &'a str, hash: Option<&'a str>) -> BoxFuture<'a, Result<Verdict>> {
        let verdict = if hash == Some(password) { Verdict::Right } else { Verdict::Wrong };
        Box::pin(async move { Ok(verdict) })
    }
}
