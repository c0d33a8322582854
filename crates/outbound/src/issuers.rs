//! External OpenID Connect issuers.

use std::sync::Arc;

use async_trait::async_trait;
use jsonwebtoken::jwk::Jwk;
use moka::sync::Cache;
use reqwest::StatusCode;
use serde::Deserialize;
use tenantry_core::clock::Timestamp;
use tenantry_core::issuer::{Algorithm, CodeRedemption, Issuers, Provider, Signed};
use tenantry_core::settings::Settings;
use tenantry_core::{Error, Result};
use url::Url;

use crate::guarded::{Fetched, Guarded, unavailable};
use crate::keys;
use crate::memory::Remembered;
use crate::signature::{Header, refused};

/// Largest document that is read of an issuer, in bytes.
const DOCUMENT_MAX: usize = 256 * 1024;
/// How many issuers are remembered.
const ISSUERS_MAX: u64 = 1_000;
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// Issuers, asked through a guarded client.
pub struct OpenIdIssuers {
    client: Guarded,
    known: Cache<String, Arc<Known>>,
}

#[derive(Default)]
struct Known {
    metadata: Remembered<Metadata>,
    keys: Remembered<Vec<Jwk>>,
}

/// What is used of the document (OpenID Connect Discovery 1.0, section 3; RFC 9207, section 3).
#[derive(Clone, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: Url,
    jwks_uri: Url,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

impl OpenIdIssuers {
    /// Issuers of the public internet, and those that these settings allow.
    pub fn new(settings: &Settings) -> Result<Self> {
        Ok(Self { client: Guarded::new(settings)?, known: Cache::new(ISSUERS_MAX) })
    }

    fn known(&self, url: &str) -> Arc<Known> {
        self.known.get_with_by_ref(url, Arc::default)
    }

    async fn metadata(&self, url: &str, now: Timestamp) -> Result<Arc<Metadata>> {
        let found = self.known(url).metadata.get(now, |_| true, self.discover(url)).await?;
        found.ok_or_else(|| unavailable("the issuer was asked a moment ago, in vain"))
    }

    async fn discover(&self, url: &str) -> Result<Metadata> {
        let address = format!("{}{WELL_KNOWN}", url.strip_suffix('/').unwrap_or(url));
        let address = Url::parse(&address).map_err(unavailable)?;
        let found: Metadata = serde_json::from_slice(&self.get(&address).await?).map_err(unavailable)?;
        // Section 4.3: or anybody could speak for anybody.
        if found.issuer != url {
            return Err(unavailable("the document is another issuer's"));
        }
        let people_go = Url::parse(&found.authorization_endpoint).map_err(unavailable)?;
        if ![&people_go, &found.token_endpoint, &found.jwks_uri].iter().all(|url| self.client.may_ask(url)) {
            return Err(unavailable("the document leads to an address that may not be asked"));
        }
        Ok(found)
    }

    async fn get(&self, address: &Url) -> Result<Vec<u8>> {
        let Fetched { status, body } = self.client.get(address, DOCUMENT_MAX).await?;
        if status != StatusCode::OK {
            return Err(unavailable(format!("the issuer answered {status}")));
        }
        Ok(body)
    }

    async fn fetch_keys(&self, url: &str, now: Timestamp) -> Result<Vec<Jwk>> {
        let metadata = self.metadata(url, now).await?;
        keys::read(&self.get(&metadata.jwks_uri).await?)
    }
}

#[async_trait]
impl Issuers for OpenIdIssuers {
    async fn provider(&self, url: &str, now: Timestamp) -> Result<Provider> {
        let metadata = self.metadata(url, now).await?;
        Ok(Provider {
            authorization_endpoint: metadata.authorization_endpoint.clone(),
            answers_with_iss: metadata.authorization_response_iss_parameter_supported,
        })
    }

    async fn redeem(&self, url: &str, redemption: CodeRedemption<'_>, now: Timestamp) -> Result<String> {
        let metadata = self.metadata(url, now).await?;
        let CodeRedemption { client_id, client_secret, code, verifier, redirect_uri } = redemption;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
        ];
        // Discovery, section 3: a Basic header unless said otherwise.
        let methods = metadata.token_endpoint_auth_methods_supported.as_deref();
        let by_header =
            methods.is_none_or(|methods| methods.iter().any(|word| word == "client_secret_basic"));
        // RFC 6749, section 2.3.1: both are written as in a form first.
        let encode = |text| url::form_urlencoded::byte_serialize(str::as_bytes(text)).collect::<String>();
        let basic = (encode(client_id), encode(client_secret));
        if !by_header {
            form.extend([("client_id", client_id), ("client_secret", client_secret)]);
        }
        let basic = by_header.then_some((&*basic.0, &*basic.1));
        let Fetched { status, body } =
            self.client.post(&metadata.token_endpoint, &form, basic, DOCUMENT_MAX).await?;
        if status.is_client_error() {
            return Err(Error::bad_credential().with_source(format!("the issuer answered {status}")));
        }
        if status != StatusCode::OK {
            return Err(unavailable(format!("the issuer answered {status}")));
        }
        let tokens: Tokens = serde_json::from_slice(&body).map_err(unavailable)?;
        Ok(tokens.id_token)
    }

    async fn read(&self, url: &str, algorithms: &[Algorithm], token: &str, now: Timestamp) -> Result<Signed> {
        let header = Header::read(token, algorithms)?;
        let has_key = |keys: &Vec<Jwk>| header.key(keys).is_some();
        let keys = self.known(url).keys.get(now, has_key, self.fetch_keys(url, now)).await?;
        let keys = keys.ok_or_else(|| unavailable("the issuer was asked a moment ago, in vain"))?;
        let key = header.key(&keys).ok_or_else(refused)?.clone();
        header.verify(token, &key)
    }
}
