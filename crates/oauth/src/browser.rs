//! What a browser brings: its session, and the proof that a form of ours was filled in by whoever sees our pages.
//!
//! A form is taken from this server's own pages only. The browser says where it comes from (`Sec-Fetch-Site`, `Origin`),
//! and each form holds a token that is made of a cookie, which no other site can read or, by its `__Host-` name, set.

use std::net::IpAddr;

use axum::Extension;
use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, COOKIE, ORIGIN, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tenantry_core::browser::{BrowserSession, Origin};
use tenantry_core::{Error, Kind, Result};
use tenantry_http::{Form, Refused, Served, Source, Whence};
use url::Url;

use crate::pages::Pages;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// The field of a form with its token.
pub(crate) const FORM_TOKEN: &str = "form_token";

/// How cookies are named and set.
#[derive(Clone, Debug)]
pub(crate) struct Cookies {
    origin: String,
    /// Whether browsers take `Secure` cookies from this address: https, or their own machine.
    secure: bool,
}

impl Cookies {
    /// For a server that is reached at this address.
    pub(crate) fn new(address: &str) -> Self {
        let url = Url::parse(address).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default().trim_matches(['[', ']']);
        let own = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let secure = own || url.as_ref().is_some_and(|url| url.scheme() == "https");
        let origin = url.map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        Self { origin, secure }
    }

    fn session_name(&self) -> &'static str {
        if self.secure { "__Host-tenantry" } else { "tenantry" }
    }

    fn form_name(&self) -> &'static str {
        if self.secure { "__Host-tenantry-form" } else { "tenantry-form" }
    }

    /// What a browser keeps on its way to an external issuer. `Lax`, since it comes back from there.
    fn journey_name(&self) -> &'static str {
        if self.secure { "__Host-tenantry-issuer" } else { "tenantry-issuer" }
    }

    fn set(&self, name: &str, value: &str) -> HeaderValue {
        let secure = if self.secure { "; Secure" } else { "" };
        let gone = if value.is_empty() { "; Max-Age=0" } else { "" };
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{gone}");
        // Our own values are visible ASCII, so the other case does not occur.
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// Has the browser keep the session; an empty one is forgotten.
    pub(crate) fn keep_session(&self, mut response: Response, cookie: &str) -> Response {
        response.headers_mut().append(SET_COOKIE, self.set(self.session_name(), cookie));
        response
    }

    /// Has the browser keep what it is to bring back from an external issuer; an empty one is forgotten.
    pub(crate) fn keep_journey(&self, mut response: Response, kept: &str) -> Response {
        response.headers_mut().append(SET_COOKIE, self.set(self.journey_name(), kept));
        response
    }
}

/// A browser, as it came with a request.
pub(crate) struct Browser {
    /// Its session, if it has one that counts.
    pub(crate) session: Option<BrowserSession>,
    /// The cookie of whatever session it had.
    pub(crate) cookie: Option<String>,
    /// What it keeps on its way to an external issuer and back.
    pub(crate) journey: Option<String>,
    /// Where it is.
    pub(crate) from: Origin,
    cookies: Cookies,
    binding: String,
    is_new: bool,
    from_elsewhere: bool,
}

impl Browser {
    /// The token of a form.
    pub(crate) fn form_token(&self) -> String {
        let digest = Sha256::new().chain_update("tenantry form ").chain_update(&self.binding).finalize();
        URL_SAFE_NO_PAD.encode(digest)
    }

    /// Refuses a form that was not sent from a page of ours.
    pub(crate) fn check(&self, form: &Form<Pages>) -> Result<()> {
        let shown = form.get(FORM_TOKEN).unwrap_or_default();
        let same = bool::from(shown.as_bytes().ct_eq(self.form_token().as_bytes()));
        if self.from_elsewhere || self.is_new || !same {
            let message =
                "the form was not sent from this server's own page, or is too old: go back and try again";
            return Err(Error::new(Kind::Forbidden, "form.elsewhere", message));
        }
        Ok(())
    }

    /// Whether a page of another site led here.
    pub(crate) const fn is_from_elsewhere(&self) -> bool {
        self.from_elsewhere
    }

    /// Has the browser keep what its forms are bound to.
    pub(crate) fn keep(&self, mut response: Response) -> Response {
        if self.is_new {
            let cookie = self.cookies.set(self.cookies.form_name(), &self.binding);
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }

    pub(crate) fn cookies(&self) -> &Cookies {
        &self.cookies
    }
}

impl FromRequestParts<Served> for Browser {
    type Rejection = Refused<Pages>;

    async fn from_request_parts(parts: &mut Parts, served: &Served) -> Result<Self, Self::Rejection> {
        let Extension(cookies) = Extension::<Cookies>::from_request_parts(parts, served)
            .await
            .map_err(|error| Error::internal(error.to_string()))?;
        let Ok(Whence(from)) = Whence::from_request_parts(parts, served).await;
        let headers = &parts.headers;
        let cookie = cookie_of(headers, cookies.session_name());
        if cookie.is_some() && headers.contains_key(AUTHORIZATION) {
            let message = "expected a session or a token, not both";
            return Err(Error::new(Kind::Invalid, "credential.both", message).into());
        }
        let journey = cookie_of(headers, cookies.journey_name());
        let session = match &cookie {
            None => None,
            Some(cookie) => match served.core.browser_session(cookie).await {
                Ok(session) => Some(session),
                Err(error) if error.kind == Kind::Unauthenticated => None,
                Err(error) => return Err(error.into()),
            },
        };
        match &session {
            Some(session) => served.admit(session.caller.principal)?,
            None => served.admit_stranger(Source(from.source))?,
        }
        let session = session.map(|mut session| {
            session.caller.request_id.clone_from(&from.request_id);
            session
        });
        let bound = match &session {
            Some(_) => cookie.clone(),
            None => cookie_of(headers, cookies.form_name()),
        };
        let is_new = bound.is_none();
        let binding = bound.unwrap_or_else(|| random(served));
        let from_elsewhere = is_from_elsewhere(headers, &cookies.origin);
        Ok(Self { session, cookie, journey, from, cookies, binding, is_new, from_elsewhere })
    }
}

/// Whether the browser says that the request comes from another site. `Origin` is `null` where a page withholds it.
fn is_from_elsewhere(headers: &HeaderMap, own: &str) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text(&SEC_FETCH_SITE).is_some_and(|site| !matches!(site, "same-origin" | "none"));
    let origin = text(&ORIGIN).is_some_and(|origin| origin != own && origin != "null");
    site || origin
}

/// The value of a cookie that comes once.
fn cookie_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let texts = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(known, _)| *known == name).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (Some(value), None) if !value.is_empty() => Some(value.to_owned()),
        _ => None,
    }
}

fn random(served: &Served) -> String {
    let mut bytes = [0; 24];
    served.core.entropy().fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_says_where_a_form_comes_from() {
        let own = Cookies::new("https://tenantry.example/base").origin;
        let cases: [(&[(&str, &str)], bool); 8] = [
            (&[], false),
            (&[("origin", "https://tenantry.example")], false),
            (&[("origin", "null")], false),
            (&[("origin", "null"), ("sec-fetch-site", "same-origin")], false),
            (&[("origin", "null"), ("sec-fetch-site", "cross-site")], true),
            (&[("sec-fetch-site", "same-site")], true),
            (&[("origin", "https://evil.example")], true),
            (&[("origin", "http://tenantry.example")], true),
        ];
        for (fields, expected) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            assert_eq!(is_from_elsewhere(&headers, &own), expected, "{fields:?}");
        }
    }

    #[test]
    fn cookies_are_as_strict_as_the_address_allows() {
        for (address, secure) in [
            ("https://tenantry.example", true),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080", true),
            ("http://localhost", true),
            ("http://tenantry.internal", false),
        ] {
            let cookies = Cookies::new(address);
            let set = cookies.set(cookies.session_name(), "x").to_str().unwrap().to_owned();
            let strict = "__Host-tenantry=x; Path=/; HttpOnly; SameSite=Lax; Secure";
            assert_eq!(set == strict, secure, "{address}: {set}");
        }
    }

    #[test]
    fn a_cookie_comes_once() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; b=2; c="));
        headers.append(COOKIE, HeaderValue::from_static("b=3"));
        assert_eq!(cookie_of(&headers, "a").as_deref(), Some("1"));
        assert_eq!(cookie_of(&headers, "b"), None);
        assert_eq!(cookie_of(&headers, "c"), None);
    }
}
