//! The forms of what an issuer is configured with.

use url::Url;

use super::{
    Algorithm, CLIENT_SECRET_MAX, ClientSecret, DOMAINS_MAX, EVERY_DOMAIN, IDENTIFIER_MAX, Issuer,
    IssuerChange,
};
use crate::error::{Error, Result};
use crate::permission::Level;
use crate::settings::Settings;
use crate::text;

/// The URL of an issuer: https (OpenID Connect Core, section 2), or an address that the operator allows; without query,
/// fragment and credentials.
pub(super) fn url(text: &str, settings: &Settings) -> Result<String> {
    let text = text::web_address("url", text)?;
    let parsed = Url::parse(&text).map_err(|_| Error::invalid("url", "url", "expected an https address"))?;
    let is_plain = parsed.query().is_none()
        && parsed.fragment().is_none()
        && parsed.username().is_empty()
        && parsed.password().is_none();
    let allowed = parsed.scheme() == "https" || settings.allows_outbound(&parsed);
    if !is_plain || !allowed || text.len() > IDENTIFIER_MAX {
        let message =
            "expected an https address of at most 255 bytes, without query, fragment and credentials";
        return Err(Error::invalid("url", "url", message));
    }
    Ok(text)
}

/// Puts what is wanted into the issuer, if it is well formed. The secret is sealed elsewhere.
pub(super) fn apply(issuer: &mut Issuer, change: &IssuerChange) -> Result<()> {
    if let Some(title) = &change.title {
        issuer.title = text::name("title", title, super::ISSUER_TITLE_MAX)?;
    }
    if let Some(client_id) = &change.client_id {
        issuer.client_id = identifier("client_id", client_id)?;
    }
    if let Some(words) = &change.algorithms {
        issuer.algorithms = algorithms(words)?;
    }
    if let Some(audience) = &change.audience {
        issuer.audience = audience.as_deref().map(|text| identifier("audience", text)).transpose()?;
    }
    if let Some(admits) = change.admits_newcomers {
        issuer.admits_newcomers = admits;
    }
    if let Some(role) = change.role {
        if issuer.organization.is_none() || role.level() != Level::Organization {
            let message = "expected a role of the organization that trusts the issuer";
            return Err(Error::invalid("role", "level", message));
        }
        issuer.role = Some(role);
    }
    if let Some(wanted) = &change.domains {
        issuer.domains = domains(wanted, issuer.organization.is_none())?;
    }
    if issuer.audience.as_ref() == Some(&issuer.client_id) {
        let message = "expected another one than the client id, since ID tokens open nothing";
        return Err(Error::invalid("audience", "client_id", message));
    }
    Ok(())
}

/// The secret of the client.
pub(super) fn secret(ClientSecret(text): &ClientSecret) -> Result<()> {
    let sound = (1..=CLIENT_SECRET_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    if sound {
        return Ok(());
    }
    Err(Error::invalid("client_secret", "form", "expected 1 to 1,024 characters of visible ASCII"))
}

fn identifier(field: &'static str, text: &str) -> Result<String> {
    if (1..=IDENTIFIER_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(text.to_owned());
    }
    Err(Error::invalid(field, "form", "expected 1 to 255 characters of visible ASCII"))
}

fn algorithms(words: &[String]) -> Result<Vec<Algorithm>> {
    let known = || Algorithm::ALL.map(Algorithm::word).join(", ");
    let wrong = || Error::invalid("algorithms", "unknown", format!("expected some of {}", known()));
    let read: Vec<_> =
        words.iter().map(|word| Algorithm::from_word(word).ok_or_else(wrong)).collect::<Result<_>>()?;
    if read.is_empty() {
        return Err(wrong());
    }
    Ok(Algorithm::ALL.into_iter().filter(|algorithm| read.contains(algorithm)).collect())
}

fn domains(texts: &[String], of_server: bool) -> Result<Vec<String>> {
    if texts.len() > DOMAINS_MAX {
        return Err(Error::invalid("domains", "too_many", format!("expected at most {DOMAINS_MAX}")));
    }
    let mut read = Vec::with_capacity(texts.len());
    for text in texts {
        let domain = match text::domain(text) {
            _ if text == EVERY_DOMAIN && of_server => EVERY_DOMAIN.to_owned(),
            Some(domain) => domain,
            None => {
                let expected = if of_server { "expected domains, or *" } else { "expected domains" };
                return Err(Error::invalid("domains", "domain", expected));
            }
        };
        if !read.contains(&domain) {
            read.push(domain);
        }
    }
    read.sort_unstable();
    Ok(read)
}

/// The domain of an address, in the form in which two are compared.
pub(super) fn domain_of(email: &str) -> Option<String> {
    email.trim().rsplit_once('@').and_then(|(_, name)| text::domain(name))
}

/// Whether the issuer may tell of an address of this domain.
pub(super) fn speaks_for(issuer: &Issuer, email: &str) -> bool {
    let Some(domain) = domain_of(email) else { return false };
    let every = issuer.organization.is_none() && issuer.domains.iter().any(|known| known == EVERY_DOMAIN);
    every || issuer.domains.contains(&domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_compared_in_one_form() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let read = domains(&texts(&["Example.ORG", "example.org", "bücher.example"]), false).unwrap();
        assert_eq!(read, ["example.org", "xn--bcher-kva.example"]);
        for bad in [
            "",
            "*",
            "org",
            "a@example.org",
            "example.org.",
            "10.0.0.1",
            "[::1]",
            "a b.example",
            "*.a.b",
            "example%2eorg",
        ] {
            assert!(domains(&texts(&[bad]), false).is_err(), "{bad}");
        }
        assert_eq!(domains(&texts(&["*"]), true).unwrap(), ["*"]);
    }

    #[test]
    fn issuers_have_https_or_are_allowed() {
        let settings =
            Settings { outbound_allow: vec!["http://127.0.0.1:9".to_owned()], ..Settings::default() };
        for good in ["https://id.example", "https://id.example/realms/a/", "http://127.0.0.1:9/a"] {
            assert_eq!(url(good, &settings).unwrap(), good);
        }
        for bad in [
            "http://id.example",
            "http://127.0.0.1:10/a",
            "https://id.example?x",
            "https://id.example#x",
            "https://a:b@id.example",
            "ftp://id.example",
            "https://",
            "",
        ] {
            assert_eq!(url(bad, &settings).unwrap_err().violations[0].field, "url", "{bad}");
        }
    }
}
