//! Where a request came from: the peer of the connection, or, behind proxies that are trusted, whom they forward.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the client, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Source(pub Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for Source {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let told = parts.extensions.get().copied();
        // Where nothing stands around the dialects, the peer is the client.
        let peer =
            || parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_canonical());
        Ok(told.unwrap_or_else(|| Self(peer())))
    }
}

/// The networks of proxies that say truly whom they forward. Nobody else's `X-Forwarded-For` is believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl FromStr for TrustedProxies {
    type Err = String;

    /// Addresses and networks, such as `10.0.0.0/8`, with commas between.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let network = |part: &str| {
            let read = part.parse::<IpNet>().or_else(|_| part.parse::<IpAddr>().map(IpNet::from));
            read.map_err(|_| format!("expected addresses and networks such as 10.0.0.0/8, got {part}"))
        };
        parts.map(network).collect::<Result<Vec<_>, _>>().map(|networks| Self(networks.into()))
    }
}

impl TrustedProxies {
    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address.to_canonical()))
    }

    /// Who sent the request: the nearest address on its way that is no trusted proxy. The way is told from the client on,
    /// so it is read from its end, and no further than to what cannot be read.
    pub(crate) fn source(&self, request: &Request) -> Source {
        let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>() else {
            return Source(None);
        };
        let mut source = peer.ip().to_canonical();
        for address in told(request.headers()).into_iter().rev() {
            if !self.trusts(source) {
                break;
            }
            let Some(address) = address else { break };
            source = address.to_canonical();
        }
        Source(Some(source))
    }
}

/// The addresses on the way, from the client on.
fn told(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all(X_FORWARDED_FOR).iter();
    let address = |text: &str| {
        let text = text.trim();
        let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
        text.parse::<IpAddr>().or_else(|_| with_port()).ok()
    };
    lines.flat_map(|line| line.to_str().unwrap_or("?").split(',').map(address).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn source(proxies: &str, peer: &str, told: &[&str]) -> String {
        let mut request = Request::builder();
        for line in told {
            request = request.header(X_FORWARDED_FOR, *line);
        }
        let mut request = request.body(Body::empty()).unwrap();
        let peer: IpAddr = peer.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((peer, 4711))));
        let proxies: TrustedProxies = proxies.parse().unwrap();
        proxies.source(&request).0.unwrap().to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        const PROXIES: &str = "10.0.0.0/8, 2001:db8::1";
        for (peer, told, expected) in [
            ("192.0.2.1", &[][..], "192.0.2.1"),
            ("192.0.2.1", &["203.0.113.9"], "192.0.2.1"),
            ("10.1.2.3", &[], "10.1.2.3"),
            ("10.1.2.3", &["203.0.113.9"], "203.0.113.9"),
            ("::ffff:10.1.2.3", &["203.0.113.9"], "203.0.113.9"),
            ("2001:db8::1", &["[2001:db8::7]:99"], "2001:db8::7"),
            // What the client itself claims stands further away.
            ("10.1.2.3", &["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
            ("10.1.2.3", &["1.1.1.1", "203.0.113.9, 10.9.9.9"], "203.0.113.9"),
            ("10.1.2.3", &["203.0.113.9, nonsense"], "10.1.2.3"),
            ("10.1.2.3", &["nonsense, 10.9.9.9"], "10.9.9.9"),
            ("10.1.2.3", &["10.4.4.4"], "10.4.4.4"),
        ] {
            assert_eq!(source(PROXIES, peer, told), expected, "{peer} {told:?}");
        }
        assert_eq!(source("", "10.1.2.3", &["203.0.113.9"]), "10.1.2.3");
        assert!("10.0.0.0/33".parse::<TrustedProxies>().is_err());
    }
}
