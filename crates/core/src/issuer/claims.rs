//! What a token of an issuer says, and whether that counts here. Its signature is good already.

use serde_json::{Map, Value};

use super::{IDENTIFIER_MAX, Issuer, Signed};
use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// How far clocks may be apart, in seconds.
const LEEWAY: i64 = 60;

/// Who somebody is, by an issuer's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asserted {
    /// What the issuer calls the person, for ever.
    pub(super) subject: String,
    /// An address that it has verified.
    pub(super) verified_email: Option<String>,
    /// What the person is called.
    pub(super) name: Option<String>,
}

/// Reads an ID token (OpenID Connect Core, section 3.1.3.7) of a sign-in with this nonce, since a time in seconds if it has to
/// be so fresh.
pub(super) fn id_token(
    signed: &Signed,
    issuer: &Issuer,
    (nonce, since): (&str, Option<i64>),
    now: Timestamp,
) -> Result<Asserted> {
    let claims = &signed.claims;
    require_kind(signed, &["jwt"])?;
    require_issuer_and_time(claims, &issuer.url, now)?;
    let audiences = audiences(claims)?;
    let azp = claims.get("azp");
    let is_ours = audiences.contains(&issuer.client_id.as_str())
        && (azp.is_some() || audiences.len() == 1)
        && azp.is_none_or(|azp| azp.as_str() == Some(&issuer.client_id));
    require(is_ours, "the token is for somebody else")?;
    require(seconds(claims, "iat")?.is_some(), "the token does not say when it was made")?;
    let known = claims.get("nonce").and_then(Value::as_str);
    require(known == Some(nonce), "the token is of another sign-in")?;
    if let Some(since) = since {
        let signed_in = seconds(claims, "auth_time")?;
        let is_fresh = signed_in.is_some_and(|at| at.saturating_add(LEEWAY) >= since);
        require(is_fresh, "the person signed in too long ago, or the token does not say when")?;
    }
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let is_verified = claims.get("email_verified") == Some(&Value::Bool(true));
    Ok(Asserted {
        subject: subject(claims)?,
        verified_email: text("email").filter(|_| is_verified),
        name: text("name"),
    })
}

/// Judges a token that is to open the API for its subject. An ID token, which is for the client, opens nothing.
pub(super) fn access_token(signed: &Signed, issuer: &Issuer, now: Timestamp) -> Result<()> {
    let claims = &signed.claims;
    require(issuer.algorithms.contains(&signed.algorithm), "the issuer is not trusted with the algorithm")?;
    require_kind(signed, &["jwt", "at+jwt", "application/at+jwt"])?;
    require_issuer_and_time(claims, &issuer.url, now)?;
    let audiences = audiences(claims)?;
    let is_ours = issuer.audience.as_deref().is_some_and(|audience| audiences.contains(&audience));
    let is_id_token = audiences.contains(&issuer.client_id.as_str()) || claims.contains_key("nonce");
    require(is_ours && !is_id_token, "the token is for somebody else")
}

/// Most audiences that are looked at of a token for the API.
const AUDIENCES_MAX: usize = 20;

/// What a token says that nobody has verified: whom to ask for its keys, and nothing else.
#[derive(Clone, Debug)]
pub(super) struct Claimed {
    /// The `iss`.
    pub(super) issuer: String,
    /// The `aud`, one at least.
    pub(super) audiences: Vec<String>,
}

impl Claimed {
    /// Reads a token of the form of RFC 7515, section 3.1.
    pub(super) fn read(token: &str) -> Option<Self> {
        use base64::Engine;
        let payload = token.split('.').nth(1)?;
        let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).ok()?;
        let claims: Map<String, Value> = serde_json::from_slice(&payload).ok()?;
        let audiences = audiences(&claims).ok()?;
        let issuer = claims.get("iss")?.as_str()?.to_owned();
        let is_sound = issuer.len() <= IDENTIFIER_MAX && (1..=AUDIENCES_MAX).contains(&audiences.len());
        is_sound.then(|| Self { issuer, audiences: audiences.into_iter().map(str::to_owned).collect() })
    }

    /// The audiences, as the store is asked for them.
    pub(super) fn audiences(&self) -> Vec<&str> {
        self.audiences.iter().map(String::as_str).collect()
    }
}

fn require(fulfilled: bool, message: &'static str) -> Result<()> {
    if fulfilled { Ok(()) } else { Err(refused(message)) }
}

/// The cause is for the log: who made the token up learns nothing of it.
fn refused(message: &'static str) -> Error {
    Error::bad_credential().with_source(message)
}

fn require_kind(signed: &Signed, kinds: &[&str]) -> Result<()> {
    let kind = signed.kind.as_deref().map(str::to_ascii_lowercase);
    require(kind.is_none_or(|kind| kinds.contains(&&*kind)), "the token is of another type")
}

fn require_issuer_and_time(claims: &Map<String, Value>, url: &str, now: Timestamp) -> Result<()> {
    require(claims.get("iss").and_then(Value::as_str) == Some(url), "the token is another issuer's")?;
    let now = now.as_micros().div_euclid(1_000_000);
    let ends = seconds(claims, "exp")?.ok_or_else(|| refused("the token does not say when it ends"))?;
    require(now < ends.saturating_add(LEEWAY), "the token is over")?;
    for begins in [seconds(claims, "nbf")?, seconds(claims, "iat")?].into_iter().flatten() {
        require(begins <= now.saturating_add(LEEWAY), "the token does not count yet")?;
    }
    Ok(())
}

/// A `NumericDate` (RFC 7519, section 2), to the second; one that is no number counts for nothing.
fn seconds(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    #[expect(clippy::cast_possible_truncation, reason = "what is beyond any time stays beyond it")]
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds.floor() as i64));
    seconds.map(Some).ok_or_else(|| refused("a time of the token is no number"))
}

fn audiences(claims: &Map<String, Value>) -> Result<Vec<&str>> {
    let none = || refused("the token does not say for whom it is");
    match claims.get("aud") {
        Some(Value::String(one)) => Ok(vec![one]),
        Some(Value::Array(all)) => all.iter().map(|one| one.as_str().ok_or_else(none)).collect(),
        _ => Err(none()),
    }
}

/// The `sub`: what the issuer calls the person.
pub(super) fn subject(claims: &Map<String, Value>) -> Result<String> {
    let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
    let is_sound = (1..=IDENTIFIER_MAX).contains(&subject.len()) && !subject.chars().any(char::is_control);
    require(is_sound, "the token does not say about whom it is")?;
    Ok(subject.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Algorithm;
    use super::*;
    use crate::ids::{IssuerId, PrincipalId};

    fn issuer() -> Issuer {
        Issuer {
            id: IssuerId::from_uuid(uuid::Uuid::nil()),
            organization: None,
            url: "https://id.example".to_owned(),
            title: "Id".to_owned(),
            client_id: "us".to_owned(),
            client_secret: Vec::new(),
            algorithms: vec![Algorithm::Rs256],
            audience: Some("api".to_owned()),
            admits_newcomers: false,
            role: None,
            domains: Vec::new(),
            configured_by: PrincipalId::from_uuid(uuid::Uuid::nil()),
            version: 1,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
        }
    }

    fn signed(kind: Option<&str>, base: Value, more: &Value) -> Signed {
        let Value::Object(mut claims) = base else { panic!("an object") };
        for (name, value) in more.as_object().unwrap() {
            if value.is_null() {
                claims.remove(name);
            } else {
                claims.insert(name.clone(), value.clone());
            }
        }
        Signed { algorithm: Algorithm::Rs256, kind: kind.map(str::to_owned), claims }
    }

    const NOW: i64 = 1_000_000;

    fn now() -> Timestamp {
        Timestamp::default().plus_seconds(NOW)
    }

    #[test]
    fn an_id_token_is_of_this_sign_in_and_for_this_server() {
        let base = json!({"iss": "https://id.example", "sub": "ann", "aud": "us", "exp": NOW + 60, "iat": NOW,
            "nonce": "n", "email": "ann@example.org", "email_verified": true});
        let read =
            |kind, more: Value| id_token(&signed(kind, base.clone(), &more), &issuer(), ("n", None), now());
        let good = read(Some("JWT"), json!({})).unwrap();
        assert_eq!((&*good.subject, good.verified_email.as_deref()), ("ann", Some("ann@example.org")));
        for unverified in [json!(false), json!("true"), json!(1), Value::Null] {
            let read = read(None, json!({"email_verified": unverified})).unwrap();
            assert_eq!(read.verified_email, None, "{unverified}");
        }
        assert!(read(None, json!({"aud": ["us", "them"], "azp": "us"})).is_ok());
        for bad in [
            json!({"iss": "https://id.example/"}),
            json!({"iss": null}),
            json!({"aud": "them"}),
            json!({"aud": ["us", "them"]}),
            json!({"aud": ["us", 1], "azp": "us"}),
            json!({"aud": null}),
            json!({"azp": "them"}),
            json!({"azp": 1}),
            json!({"exp": NOW - 60}),
            json!({"exp": null}),
            json!({"exp": "tomorrow"}),
            json!({"nbf": NOW + 61}),
            json!({"iat": NOW + 61}),
            json!({"iat": null}),
            json!({"nonce": "m"}),
            json!({"nonce": null}),
            json!({"sub": null}),
            json!({"sub": ""}),
            json!({"sub": "a\u{0}b"}),
            json!({"sub": "x".repeat(256)}),
        ] {
            assert!(read(None, bad.clone()).is_err(), "{bad}");
        }
        assert!(read(Some("at+jwt"), json!({})).is_err());
        assert!(read(Some("logout+jwt"), json!({})).is_err());
        let fresh = |more: Value| {
            id_token(&signed(None, base.clone(), &more), &issuer(), ("n", Some(NOW - 300)), now()).is_ok()
        };
        assert!(fresh(json!({"auth_time": NOW})) && fresh(json!({"auth_time": NOW - 360})));
        for stale in [json!(NOW - 361), json!("now"), Value::Null] {
            assert!(!fresh(json!({"auth_time": stale})), "{stale}");
        }
    }

    #[test]
    fn a_token_for_the_api_is_no_id_token() {
        let base =
            json!({"iss": "https://id.example", "sub": "ann", "aud": ["api", "more"], "exp": NOW + 60});
        let read = |kind, more: Value| access_token(&signed(kind, base.clone(), &more), &issuer(), now());
        for kind in [None, Some("JWT"), Some("at+jwt"), Some("application/at+JWT")] {
            assert!(read(kind, json!({})).is_ok(), "{kind:?}");
        }
        for kind in ["logout+jwt", "dpop+jwt", "secevent+jwt", ""] {
            assert!(read(Some(kind), json!({})).is_err(), "{kind}");
        }
        for bad in [
            json!({"iss": "https://evil.example"}),
            json!({"aud": "us"}),
            json!({"aud": ["api", "us"]}),
            json!({"aud": "else"}),
            json!({"nonce": "n"}),
            json!({"exp": NOW - 61}),
            json!({"exp": null}),
            json!({"nbf": NOW + 100}),
        ] {
            assert!(read(None, bad.clone()).is_err(), "{bad}");
        }
        let deaf = Issuer { audience: None, ..issuer() };
        assert!(access_token(&signed(None, base.clone(), &json!({})), &deaf, now()).is_err());
        let other = Issuer { algorithms: vec![Algorithm::Es256], ..issuer() };
        assert!(access_token(&signed(None, base.clone(), &json!({})), &other, now()).is_err());
    }
}
