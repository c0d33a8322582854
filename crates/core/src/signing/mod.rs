//! The keys with which tokens are signed: one that signs, and those around it in time.
//!
//! A key is published a day before it signs, so that whoever keeps the public keys for a while knows it in time, and stays
//! published for as long as anything that it signed may count. All of this follows from when the keys were made.

mod service;
mod store;

use crate::clock::Timestamp;
use crate::ids::SigningKeyId;

pub use store::SigningStore;

const DAY: i64 = 24 * 60 * 60;
/// How long a key is published before it signs, in seconds.
const AHEAD: i64 = DAY;
/// The longest that anything signed may count, in seconds.
pub const SIGNED_MAX: i64 = DAY;

/// A key pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// The `kid`.
    pub id: SigningKeyId,
    /// When it was made.
    pub created_at: Timestamp,
    /// The public half, as a JSON Web Key.
    pub public: String,
    /// The private half, sealed.
    pub private: Vec<u8>,
}

/// The keys of a server, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SigningKeys(Vec<SigningKey>);

impl SigningKeys {
    /// All of these, in any order.
    pub fn new(mut keys: Vec<SigningKey>) -> Self {
        keys.sort_by_key(|key| (key.created_at, key.id));
        Self(keys)
    }

    /// The key that signs at `now`: the newest that was published long enough, else the oldest.
    pub fn signer(&self, now: Timestamp) -> Option<&SigningKey> {
        let ready = self.0.iter().rev().find(|key| key.created_at.plus_seconds(AHEAD) <= now);
        ready.or_else(|| self.0.first())
    }

    /// The keys that are published at `now`.
    pub fn published(&self, now: Timestamp) -> impl Iterator<Item = &SigningKey> {
        self.0.iter().enumerate().filter(move |(at, _)| !self.is_over(*at, now)).map(|(_, key)| key)
    }

    /// The keys that nothing needs any more.
    pub fn over(&self, now: Timestamp) -> Vec<SigningKeyId> {
        let over = self.0.iter().enumerate().filter(|(at, _)| self.is_over(*at, now));
        over.map(|(_, key)| key.id).collect()
    }

    /// Whether another key is due, when each signs for `seconds`.
    pub fn want_another(&self, seconds: i64, now: Timestamp) -> bool {
        self.0.last().is_none_or(|newest| newest.created_at.plus_seconds(seconds) <= now)
    }

    /// A key is over when its successor has signed for as long as anything of its own may count.
    fn is_over(&self, at: usize, now: Timestamp) -> bool {
        self.0.get(at + 1).is_some_and(|next| next.created_at.plus_seconds(AHEAD + SIGNED_MAX) <= now)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn key(day: i64) -> SigningKey {
        SigningKey {
            id: SigningKeyId::from_uuid(Uuid::from_u128(day.unsigned_abs().into())),
            created_at: Timestamp::default().plus_seconds(day * DAY),
            public: String::new(),
            private: Vec::new(),
        }
    }

    #[test]
    fn keys_overlap_and_then_go() {
        let keys = SigningKeys::new(vec![key(30), key(0)]);
        let at = |day: i64, hours: i64| {
            let now = Timestamp::default().plus_seconds(day * DAY + hours * 3600);
            let day_of = |key: &SigningKey| key.created_at.as_micros() / 1_000_000 / DAY;
            let published: Vec<_> = keys.published(now).map(day_of).collect();
            (keys.signer(now).map(day_of).unwrap(), published, keys.over(now).len())
        };
        assert_eq!(at(0, 0), (0, vec![0, 30], 0));
        assert_eq!(at(30, 23), (0, vec![0, 30], 0));
        assert_eq!(at(31, 0), (30, vec![0, 30], 0));
        assert_eq!(at(31, 23), (30, vec![0, 30], 0));
        assert_eq!(at(32, 0), (30, vec![30], 1));
        assert!(!keys.want_another(30 * DAY, Timestamp::default().plus_seconds(59 * DAY)));
        assert!(keys.want_another(30 * DAY, Timestamp::default().plus_seconds(60 * DAY)));
        assert!(SigningKeys::default().want_another(30 * DAY, Timestamp::default()));
        assert_eq!(SigningKeys::default().signer(Timestamp::default()), None);
    }
}
