//! The keys that sign, opened: RSA of 2,048 bits with SHA-256, which every client of OpenID Connect must know (OpenID Connect
//! Core, section 15.1). The core says which key signs when; here one is made, sealed, opened and used.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tenantry_core::ids::SigningKeyId;
use tenantry_core::seal::Seal;
use tenantry_core::signing::{SigningKey, SigningKeys};
use tenantry_core::{Core, Error, Result};
use zeroize::Zeroizing;

/// Signs for one server.
#[derive(Default)]
pub struct Keyring {
    opened: Mutex<HashMap<SigningKeyId, Arc<EncodingKey>>>,
    /// Held by who makes a key: nobody else makes one meanwhile.
    making: tokio::sync::Mutex<()>,
}

impl Keyring {
    /// The public keys, as JSON Web Keys.
    pub(crate) async fn published(&self, core: &Core) -> Result<Vec<Value>> {
        let keys = self.keys(core).await?;
        let public = keys.published(core.clock().now()).map(|key| serde_json::from_str(&key.public));
        public.collect::<Result<_, _>>().map_err(Error::internal)
    }

    /// A signed token of this type (RFC 7519, section 5.1).
    pub(crate) async fn sign(&self, core: &Core, kind: &str, claims: &impl Serialize) -> Result<String> {
        let keys = self.keys(core).await?;
        let key =
            keys.signer(core.clock().now()).ok_or_else(|| Error::internal("there is no key to sign with"))?;
        let opened = self.open(&*core.seal(), key)?;
        let mut header = Header::new(Algorithm::RS256);
        header.typ = Some(kind.to_owned());
        header.kid = Some(key.id.to_string());
        jsonwebtoken::encode(&header, claims, &opened).map_err(Error::internal)
    }

    /// The claims of a token that this server has signed, however old it is; `None` for every other one.
    pub(crate) async fn read<T: DeserializeOwned + Clone>(
        &self,
        core: &Core,
        token: &str,
    ) -> Result<Option<T>> {
        let keys = self.keys(core).await?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        for key in keys.published(core.clock().now()) {
            let public: Jwk = serde_json::from_str(&key.public).map_err(Error::internal)?;
            let public = DecodingKey::from_jwk(&public).map_err(Error::internal)?;
            if let Ok(read) = jsonwebtoken::decode(token, &public, &validation) {
                return Ok(Some(read.claims));
            }
        }
        Ok(None)
    }

    /// The keys, with a new one if one is due. Making it takes a while, so it is done beside what serves.
    async fn keys(&self, core: &Core) -> Result<SigningKeys> {
        let (seconds, now) = (core.settings().signing_key_seconds, core.clock().now());
        let keys = core.signing_keys().await?;
        if !keys.want_another(seconds, now) {
            return Ok(keys);
        }
        let _only_one = match (self.making.try_lock(), keys.signer(now)) {
            (Ok(guard), _) => guard,
            // Another request is at it, and there is a key that signs until then.
            (Err(_), Some(_)) => return Ok(keys),
            (Err(_), None) => self.making.lock().await,
        };
        let keys = core.signing_keys().await?;
        if !keys.want_another(seconds, now) {
            return Ok(keys);
        }
        let (id, seal) = (core.next_signing_key(), core.seal());
        let made = tokio::task::spawn_blocking(move || make(id, &*seal)).await.map_err(Error::internal)?;
        let (public, private) = made?;
        core.rotate_signing_keys(SigningKey { id, created_at: core.clock().now(), public, private }).await
    }

    fn open(&self, seal: &dyn Seal, key: &SigningKey) -> Result<Arc<EncodingKey>> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = opened.get(&key.id) {
            return Ok(Arc::clone(known));
        }
        let pem = seal.open(&context(key.id), &key.private)?;
        let key_pair = Arc::new(EncodingKey::from_rsa_pem(&pem).map_err(Error::internal)?);
        opened.insert(key.id, Arc::clone(&key_pair));
        Ok(key_pair)
    }
}

fn context(id: SigningKeyId) -> String {
    format!("signing_key:{id}")
}

/// A new key: the public half as a JSON Web Key, and the private half as PEM, sealed.
fn make(id: SigningKeyId, seal: &dyn Seal) -> Result<(String, Vec<u8>)> {
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(Error::internal)?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(Error::internal)?;
    let pem = Zeroizing::new(format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        Zeroizing::new(STANDARD.encode(der.as_ref())).as_str()
    ));
    let encoding = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(Error::internal)?;
    let mut public = Jwk::from_encoding_key(&encoding, Algorithm::RS256).map_err(Error::internal)?;
    public.common.key_id = Some(id.to_string());
    public.common.public_key_use = Some(PublicKeyUse::Signature);
    let public = serde_json::to_string(&public).map_err(Error::internal)?;
    Ok((public, seal.seal(&context(id), pem.as_bytes())?))
}
