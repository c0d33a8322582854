//! The client that goes only where it may.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, RequestBuilder, StatusCode};
use tenantry_core::settings::Settings;
use tenantry_core::{Error, Kind, Result};
use url::{Host, Url};

use crate::address::is_public;

/// Time for everything, names and TLS and body together.
const TIME: Duration = Duration::from_secs(10);
/// Time until there is a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Ports of https that are asked. Others are open for reasons of their own.
const PORTS: [u16; 2] = [443, 8443];

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A client for addresses that others give. It asks https on the usual ports, at public addresses, each of which is checked
/// after its name is resolved and connected to as it was checked; or whatever origin the operator allows.
#[derive(Clone)]
pub struct Guarded {
    public: Client,
    allowed: Client,
    settings: Settings,
}

/// An answer, as far as it was read.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

/// How an address answers that was asked for nothing but its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// With this.
    Answered(StatusCode),
    /// Not at all, or not in time.
    Silent,
    /// It was not asked: it leads where this server may not go.
    NotAllowed,
}

impl Guarded {
    /// A client that goes beyond the public internet where these settings allow it.
    pub fn new(settings: &Settings) -> Result<Self> {
        Ok(Self {
            public: public(PublicNames).build().map_err(Error::internal)?,
            allowed: plain().build().map_err(Error::internal)?,
            settings: settings.clone(),
        })
    }

    /// Whether the address may be asked at all; where its name leads is looked at when it is.
    pub(crate) fn may_ask(&self, url: &Url) -> bool {
        if self.settings.allows_outbound(url) {
            return true;
        }
        let is_public_host = match url.host() {
            Some(Host::Domain(name)) => !name.is_empty(),
            Some(Host::Ipv4(address)) => is_public(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => is_public(IpAddr::V6(address)),
            None => false,
        };
        let is_usual = url.port_or_known_default().is_some_and(|port| PORTS.contains(&port));
        let is_plain = url.username().is_empty() && url.password().is_none();
        url.scheme() == "https" && is_public_host && is_usual && is_plain
    }

    /// What is at the address, of at most so many bytes.
    pub(crate) async fn get(&self, url: &Url, most: usize) -> Result<Fetched> {
        let request = self.client(url)?.get(url.clone()).header("accept", "application/json");
        read(request, most).await
    }

    /// With what status the address answers. The body is not read.
    pub(crate) async fn ask(&self, url: &Url) -> Asked {
        let Ok(client) = self.client(url) else { return Asked::NotAllowed };
        match client.get(url.clone()).send().await {
            Ok(response) => Asked::Answered(response.status()),
            Err(error) if leads_inside(&error) => Asked::NotAllowed,
            Err(_) => Asked::Silent,
        }
    }

    /// What is answered to a form, by a client of this name and secret (RFC 6749, section 2.3.1).
    pub(crate) async fn post(
        &self,
        url: &Url,
        form: &[(&str, &str)],
        basic: Option<(&str, &str)>,
        most: usize,
    ) -> Result<Fetched> {
        let mut request = self.client(url)?.post(url.clone()).header("accept", "application/json").form(form);
        if let Some((name, secret)) = basic {
            request = request.basic_auth(name, Some(secret));
        }
        read(request, most).await
    }

    fn client(&self, url: &Url) -> Result<&Client> {
        if !self.may_ask(url) {
            return Err(unavailable("the address is none that may be asked"));
        }
        Ok(if self.settings.allows_outbound(url) { &self.allowed } else { &self.public })
    }
}

fn plain() -> ClientBuilder {
    Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .timeout(TIME)
        .connect_timeout(CONNECT)
        .user_agent("tenantry")
}

/// What goes to names that are checked on the way.
fn public(names: impl Resolve + 'static) -> ClientBuilder {
    plain().https_only(true).dns_resolver(names)
}

async fn read(request: RequestBuilder, most: usize) -> Result<Fetched> {
    let mut response = request.send().await.map_err(unavailable)?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unavailable)? {
        if body.len() + chunk.len() > most {
            return Err(unavailable("the answer is too large"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Fetched { status, body })
}

/// The cause is for the log: it tells of the network that this server is in.
pub(crate) fn unavailable(cause: impl Into<BoxError>) -> Error {
    let message = "the issuer does not answer as it must, try again later";
    Error::new(Kind::Unavailable, "issuer.unavailable", message).with_source(cause)
}

/// Names that lead to public addresses. A name that leads anywhere else as well is refused whole.
struct PublicNames;

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            checked(found, is_public)
        })
    }
}

/// These addresses, to be connected to and no others: the name is not asked for them again.
fn checked(found: Vec<SocketAddr>, may_ask: fn(IpAddr) -> bool) -> Result<Addrs, BoxError> {
    if found.iter().all(|address| may_ask(address.ip())) {
        return Ok(Box::new(found.into_iter()));
    }
    Err(LeadsInside.into())
}

/// A name leads to an address that is not public.
#[derive(Debug)]
struct LeadsInside;

impl fmt::Display for LeadsInside {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the name leads to an address that is not public")
    }
}

impl std::error::Error for LeadsInside {}

/// Whether that is why nobody was asked.
fn leads_inside(error: &reqwest::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(found) = cause {
        if found.is::<LeadsInside>() {
            return true;
        }
        cause = found.source();
    }
    false
}

#[cfg(test)]
#[path = "wire.rs"]
mod wire;

#[cfg(test)]
mod tests {
    use super::*;

    fn guarded(allow: &[&str]) -> Guarded {
        let outbound_allow = allow.iter().map(|origin| (*origin).to_owned()).collect();
        Guarded::new(&Settings { outbound_allow, ..Settings::default() }).unwrap()
    }

    #[test]
    fn addresses_are_refused_however_they_are_written() {
        let guarded = guarded(&["http://127.0.0.1:9000"]);
        for bad in [
            "http://id.example/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://017700000001/",
            "https://0/",
            "https://169.254.169.254/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[64:ff9b::a00:1]/",
            "https://[fd00::1]/",
            "https://id.example:22/",
            "https://id.example:6379/",
            "https://user@id.example/",
            "http://127.0.0.1:9001/",
            "https://127.0.0.1:9000/",
            "ftp://id.example/",
        ] {
            assert!(!guarded.may_ask(&Url::parse(bad).unwrap()), "{bad}");
        }
        for good in ["https://id.example/", "https://id.example:8443/x", "http://127.0.0.1:9000/x"] {
            assert!(guarded.may_ask(&Url::parse(good).unwrap()), "{good}");
        }
    }

    /// `localhost` stands for every name that leads inside: it looks public until it is resolved.
    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_connected_to() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let refused = PublicNames.resolve("localhost".parse().unwrap()).await;
        assert!(refused.is_err());
        let url = Url::parse("https://localhost:8443/").unwrap();
        let refused = guarded(&[]).get(&url, 10).await.unwrap_err();
        assert_eq!(refused.kind, Kind::Unavailable);
        drop(listener);
    }
}
