//! Ids, secrets, seals and password hashes that are the same in every run.

use std::sync::atomic::{AtomicU64, Ordering};

use tenantry_core::Error;
use tenantry_core::clock::Entropy;
use tenantry_core::credential::{Passwords, Verdict};
use tenantry_core::error::Result;
use tenantry_core::ids::IdSource;
use tenantry_core::seal::Seal;
use tenantry_core::store::BoxFuture;
use uuid::{Builder, Uuid};
use zeroize::Zeroizing;

use crate::clock::START;
use crate::meanwhile::Meanwhile;

/// Counts, in the form of UUIDs of version 7. Two sources over one database need different seeds.
#[derive(Debug)]
pub struct SeededIds {
    seed: u16,
    count: AtomicU64,
}

impl SeededIds {
    /// A source whose ids no source of another seed gives.
    pub const fn new(seed: u16) -> Self {
        Self { seed, count: AtomicU64::new(0) }
    }
}

impl IdSource for SeededIds {
    fn next(&self) -> Uuid {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let mut rest = [0; 10];
        rest[..2].copy_from_slice(&self.seed.to_be_bytes());
        rest[2..].copy_from_slice(&count.to_be_bytes());
        // Version and variant take six bits of the seed's place, which is why it is mixed into the time as well.
        let millis = START.as_micros().unsigned_abs() / 1000 + u64::from(self.seed);
        Builder::from_unix_timestamp_millis(millis, &rest).into_uuid()
    }
}

/// Bytes that look like chance and are the same in every run. Never for anything but tests.
#[derive(Debug)]
pub struct SeededEntropy(AtomicU64);

impl SeededEntropy {
    /// A source that repeats itself for the same seed.
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            // SplitMix64: good enough to look random, short enough to read.
            let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_be_bytes()[..chunk.len()]);
        }
    }
}

/// Passwords that are kept as they are, so that tests need not wait for a slow hash. Counts what it was asked for. What is
/// kept as `old:PASSWORD` is outdated.
#[derive(Debug, Default)]
pub struct PlainPasswords {
    asked: AtomicU64,
    /// What happens while the next password is verified, which takes its time in earnest.
    pub meanwhile: Meanwhile,
}

impl PlainPasswords {
    /// How many passwords were hashed or verified.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Passwords for PlainPasswords {
    fn hash<'a>(&'a self, password: &'a str) -> BoxFuture<'a, Result<String>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move { Ok(format!("plain:{password}")) })
    }

    fn verify<'a>(&'a self, password: &'a str, hash: Option<&'a str>) -> BoxFuture<'a, Result<Verdict>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let verdict = match hash.and_then(|hash| hash.strip_suffix(password)) {
            Some("plain:") => Verdict::Right,
            Some("old:") => Verdict::Outdated,
            _ => Verdict::Wrong,
        };
        Box::pin(async move {
            self.meanwhile.happen().await;
            Ok(verdict)
        })
    }
}

/// A seal without a key: the context and the secret with all bits turned, enough for a dump of a database not to show it.
#[derive(Debug)]
pub struct PlainSeal;

impl PlainSeal {
    fn turned(text: &[u8]) -> impl Iterator<Item = u8> {
        text.iter().map(|byte| !byte)
    }
}

impl Seal for PlainSeal {
    fn seal(&self, context: &str, secret: &[u8]) -> Result<Vec<u8>> {
        Ok(Self::turned(context.as_bytes()).chain([0]).chain(Self::turned(secret)).collect())
    }

    fn open(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let expected: Vec<u8> = Self::turned(context.as_bytes()).chain([0]).collect();
        let secret = sealed.strip_prefix(&*expected);
        let secret = secret.ok_or_else(|| Error::internal("sealed in another context"))?;
        Ok(Zeroizing::new(Self::turned(secret).collect()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_look_like_version_7_and_never_repeat() {
        let sources = [SeededIds::new(0), SeededIds::new(1), SeededIds::new(0x4000)];
        let ids: HashSet<Uuid> = sources.iter().flat_map(|source| (0..1000).map(|_| source.next())).collect();
        assert_eq!(ids.len(), 3000);
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
    }

    #[test]
    fn chance_repeats_itself_for_the_same_seed_only() {
        let bytes = |seed| {
            let mut bytes = [0; 20];
            SeededEntropy::new(seed).fill(&mut bytes);
            bytes
        };
        assert_eq!(bytes(1), bytes(1));
        assert_ne!(bytes(1), bytes(2));
    }
}
