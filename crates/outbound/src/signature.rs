//! Signatures of tokens: by a key that the issuer publishes, with an algorithm that it is trusted with.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Map, Value};
use tenantry_core::issuer::{Algorithm, Signed};
use tenantry_core::{Error, Result};

/// Members of a header by which a token would bring or name a key of its own, or wants more than is understood here
/// (RFC 7515, section 4.1).
const FOREIGN: [&str; 5] = ["jwk", "jku", "x5u", "x5c", "crit"];

/// What the header of a token says, unverified.
pub(crate) struct Header {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
    kind: Option<String>,
}

impl Header {
    /// Reads the header of a token that may be signed with one of these.
    pub(crate) fn read(token: &str, algorithms: &[Algorithm]) -> Result<Self> {
        use base64::Engine;
        let header = token.split('.').next().unwrap_or_default();
        let header =
            base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).map_err(|_| refused())?;
        let header: Map<String, Value> = serde_json::from_slice(&header).map_err(|_| refused())?;
        if FOREIGN.iter().any(|name| header.contains_key(*name)) {
            return Err(refused());
        }
        let text = |name: &str| match header.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(refused()),
        };
        let algorithm = text("alg")?.and_then(|word| Algorithm::from_word(&word));
        let algorithm = algorithm.filter(|algorithm| algorithms.contains(algorithm)).ok_or_else(refused)?;
        Ok(Self { algorithm, kid: text("kid")?, kind: text("typ")? })
    }

    /// The key that the token names; without a name, the only one that fits.
    pub(crate) fn key<'a>(&self, keys: &'a [Jwk]) -> Option<&'a Jwk> {
        let mut fitting = keys
            .iter()
            .filter(|key| fits(key, self.algorithm))
            .filter(|key| self.kid.is_none() || key.common.key_id == self.kid);
        let found = fitting.next()?;
        fitting.next().is_none().then_some(found)
    }

    /// What is in the token, if the key has signed it.
    pub(crate) fn verify(self, token: &str, key: &Jwk) -> Result<Signed> {
        let mut validation = Validation::new(of(self.algorithm));
        // What the token says is judged by the core.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let key = DecodingKey::from_jwk(key).map_err(|_| refused())?;
        let read = jsonwebtoken::decode::<Map<String, Value>>(token, &key, &validation);
        Ok(Signed { algorithm: self.algorithm, kind: self.kind, claims: read.map_err(|_| refused())?.claims })
    }
}

/// Whether the key is one of signatures of this algorithm.
pub(crate) fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let is_of_kind = match (&key.algorithm, algorithm) {
        (AlgorithmParameters::RSA(_), Algorithm::Rs256 | Algorithm::Ps256) => true,
        (AlgorithmParameters::EllipticCurve(key), Algorithm::Es256) => key.curve == EllipticCurve::P256,
        (AlgorithmParameters::EllipticCurve(key), Algorithm::Es384) => key.curve == EllipticCurve::P384,
        (AlgorithmParameters::OctetKeyPair(key), Algorithm::EdDsa) => key.curve == EllipticCurve::Ed25519,
        _ => false,
    };
    let signs = matches!(&key.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let named = key.common.key_algorithm.is_none_or(|named| named.to_string() == algorithm.word());
    is_of_kind && signs && named
}

const fn of(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    match algorithm {
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::Ps256 => jsonwebtoken::Algorithm::PS256,
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::Es384 => jsonwebtoken::Algorithm::ES384,
        Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
    }
}

pub(crate) fn refused() -> Error {
    Error::bad_credential()
}
