//! Secrets at rest: XChaCha20-Poly1305 under a key that is derived from the master key, with the context as associated
//! data. A nonce of 24 random bytes can be drawn for each secret without ever meeting another.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use tenantry_core::clock::Entropy;
use tenantry_core::seal::Seal;
use tenantry_core::{Error, Result};
use zeroize::{Zeroize, Zeroizing};

use crate::keys::MasterKey;
use crate::world::SystemEntropy;

/// Says how the rest is laid out: the key's id, the nonce, and what was encrypted with its tag.
const VERSION: u8 = 1;
const KEY_ID: usize = 4;
const NONCE: usize = 24;

/// Seals with a key of its own.
pub(crate) struct KeyedSeal {
    cipher: XChaCha20Poly1305,
    header: [u8; 1 + KEY_ID],
}

impl KeyedSeal {
    /// The key for secrets at rest of this master key.
    pub(crate) fn new(master: &MasterKey) -> Self {
        let mut key = master.derive("secrets at rest");
        let [a, b, c, d, ..] = master.derive("id of the key for secrets at rest");
        let cipher = XChaCha20Poly1305::new(&key.into());
        key.zeroize();
        Self { cipher, header: [VERSION, a, b, c, d] }
    }
}

impl Seal for KeyedSeal {
    fn seal(&self, context: &str, secret: &[u8]) -> Result<Vec<u8>> {
        let mut nonce = [0; NONCE];
        SystemEntropy.fill(&mut nonce);
        let payload = Payload { msg: secret, aad: context.as_bytes() };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| Error::internal("a secret is too large to be sealed"))?;
        Ok([&self.header[..], &nonce, &sealed].concat())
    }

    fn open(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let behind = sealed.strip_prefix(&self.header);
        let behind = behind.ok_or_else(|| Error::internal("a secret was sealed with another master key"))?;
        let broken = || Error::internal("a sealed secret was changed, or belongs elsewhere");
        let (nonce, sealed) = behind.split_first_chunk::<NONCE>().ok_or_else(broken)?;
        let payload = Payload { msg: sealed, aad: context.as_bytes() };
        let secret = self.cipher.decrypt(&XNonce::from(*nonce), payload);
        secret.map(Zeroizing::new).map_err(|_| broken())
    }
}

#[cfg(test)]
mod tests {
    use tenantry_core::Kind;
    use tenantry_core::seal::Seal;

    use super::KeyedSeal;
    use crate::keys::MasterKey;
    use crate::world::SystemEntropy;

    fn seal(directory: &tempfile::TempDir) -> KeyedSeal {
        KeyedSeal::new(&MasterKey::kept_in(directory.path(), &SystemEntropy).unwrap())
    }

    #[test]
    fn opens_what_it_sealed_and_nothing_else() {
        let (own, foreign) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let sealed = seal(&own).seal("outbox:1", b"a link").unwrap();
        // Another start with the same master key.
        assert_eq!(**seal(&own).open("outbox:1", &sealed).unwrap(), *b"a link");
        assert_ne!(seal(&own).seal("outbox:1", b"a link").unwrap(), sealed);
        assert!(!sealed.windows(6).any(|part| part == b"a link"));

        let refused = |seal: KeyedSeal, context: &str, sealed: &[u8]| {
            assert_eq!(seal.open(context, sealed).unwrap_err().kind, Kind::Internal);
        };
        refused(seal(&own), "outbox:2", &sealed);
        refused(seal(&foreign), "outbox:1", &sealed);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            refused(seal(&own), "outbox:1", &changed);
            refused(seal(&own), "outbox:1", &sealed[..at]);
        }
    }
}
