//! Redirect addresses: where a browser may be sent with an answer (RFC 9700, section 4.1; RFC 8252, section 7.3).

use std::net::IpAddr;

use url::{Host, Url};

use crate::error::{Error, Result};

/// How many addresses a client may have of each kind.
pub const ADDRESSES_MAX: usize = 20;
/// Longest address, in bytes.
const LENGTH_MAX: usize = 2_000;

/// Checks an address that a client registers: https, or http on the client's own machine; without a fragment, a user or a
/// wildcard.
///
/// # Errors
/// Names the field.
pub(super) fn check(field: &'static str, text: &str) -> Result<()> {
    let wrong = |message| Err(Error::invalid(field, "redirect_uri", message));
    let Ok(url) = Url::parse(text) else { return wrong("expected absolute addresses") };
    if text.len() > LENGTH_MAX || text.contains('*') || text.bytes().any(|b| !b.is_ascii_graphic()) {
        return wrong("expected addresses of at most 2,000 visible ASCII characters without a wildcard");
    }
    // Browsers read these as well, and each in its own way.
    if text.contains('\\') || !text[url.scheme().len()..].starts_with("://") {
        return wrong("expected addresses such as https://app.example/callback");
    }
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return wrong("expected addresses without a fragment or a user");
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        _ => wrong("expected https, or http to a loopback address"),
    }
}

/// Whether the address of a request is the registered one: byte for byte, but for the port on the client's own machine,
/// which a native client learns only when it starts.
pub fn is_registered(registered: &[String], asked: &str) -> bool {
    registered.iter().any(|known| known == asked || same_but_for_port(known, asked))
}

fn same_but_for_port(known: &str, asked: &str) -> bool {
    let (Ok(mut known_url), Ok(mut asked_url)) = (Url::parse(known), Url::parse(asked)) else {
        return false;
    };
    let plain = |url: &Url| url.scheme() == "http" && is_loopback(url) && url.fragment().is_none();
    if !plain(&known_url) || !plain(&asked_url) {
        return false;
    }
    // What is left must be the same as written, not only in its normal form.
    without_port(known) == without_port(asked)
        && known_url.set_port(None).is_ok()
        && asked_url.set_port(None).is_ok()
        && known_url == asked_url
}

/// The address as it is written, but for the port.
fn without_port(text: &str) -> Option<(&str, &str)> {
    let start = text.find("://")? + 3;
    let end = text[start..].find(['/', '?']).map_or(text.len(), |at| start + at);
    let authority = &text[start..end];
    let host_end = authority.rfind(']').map_or(0, |at| at + 1);
    let port = authority[host_end..].find(':').map_or(authority.len(), |at| host_end + at);
    Some((&text[..start + port], &text[end..]))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_the_clients_own_machine_are_registered() {
        for good in [
            "https://app.example/callback",
            "https://app.example/callback?tenant=1",
            "http://127.0.0.1/callback",
            "http://[::1]:8000/",
            "http://localhost:3000/signin-callback",
        ] {
            assert!(check("redirect_uris", good).is_ok(), "{good}");
        }
        for bad in [
            r"https:\\app.example/callback",
            "https:app.example/callback",
            "https:/app.example/callback",
            "",
            "/callback",
            "http://app.example/callback",
            "http://127.0.0.1.evil.example/",
            "http://localhost.evil.example/",
            "https://*.app.example/",
            "https://app.example/#fragment",
            "https://user@app.example/",
            "https://app.example/a b",
            "javascript:alert(1)",
            "myapp://callback",
            "data:text/html,x",
        ] {
            assert_eq!(
                check("redirect_uris", bad).unwrap_err().violations[0].field,
                "redirect_uris",
                "{bad}"
            );
        }
    }

    #[test]
    fn a_loopback_port_is_any_port() {
        for known in ["http://127.0.0.1/cb", "http://127.0.0.1:80/cb", "http://127.0.0.1:8000/cb"] {
            for asked in ["http://127.0.0.1/cb", "http://127.0.0.1:80/cb", "http://127.0.0.1:1/cb"] {
                assert!(is_registered(&[known.to_owned()], asked), "{known} {asked}");
            }
        }
        assert!(is_registered(&["http://[::1]/cb".to_owned()], "http://[::1]:1/cb"));
        assert!(!is_registered(&["http://[::1]/cb".to_owned()], "http://127.0.0.1:1/cb"));
    }

    #[test]
    fn addresses_match_byte_for_byte_but_for_a_loopback_port() {
        let registered = [
            "https://app.example/cb".to_owned(),
            "http://127.0.0.1/cb".to_owned(),
            "http://localhost:3000/cb".to_owned(),
        ];
        for good in [
            "https://app.example/cb",
            "http://127.0.0.1/cb",
            "http://127.0.0.1:49152/cb",
            "http://localhost:3000/cb",
            "http://localhost:9/cb",
        ] {
            assert!(is_registered(&registered, good), "{good}");
        }
        for bad in [
            "https://app.example/cb/",
            "https://app.example:443/cb",
            "https://APP.example/cb",
            "https://app.example/cb?x=1",
            "https://app.example/./cb",
            "http://127.0.0.2/cb",
            "http://127.0.0.1/other",
            "http://127.0.0.1:80/cb#x",
            "http://127.0.0.1:1/cb?x",
            "http://127.0.0.1:1/a/../cb",
            "http://evil.example/cb",
            "http://127.0.0.1:1@evil.example/cb",
            "https://127.0.0.1:8443/cb",
        ] {
            assert!(!is_registered(&registered, bad), "{bad}");
        }
    }
}
