//! The forms of text: names, keys, descriptions, e-mail addresses, and the folding that makes them comparable.
//!
//! Names are kept as given (NFC) and compared by their folded form, so that `North Sea` and `NORTH SEA` are one name.

use unicode_normalization::UnicodeNormalization;
use url::Host;

use crate::error::{Error, Result};
use crate::ids::parse_uuid;

/// Longest key, in characters.
pub const KEY_MAX: usize = 64;
/// Longest description, in characters.
pub const DESCRIPTION_MAX: usize = 4096;

/// The form in which two texts are compared without regard to case: full case folding, then NFC.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    caseless::default_case_fold_str(text).nfc().collect()
}

/// A name of 1 to `max` characters: NFC, trimmed, without control characters.
pub fn name(field: &'static str, text: &str, max: usize) -> Result<String> {
    let name: String = text.trim().nfc().collect();
    let length = name.chars().count();
    if length == 0 {
        return Err(Error::invalid(field, "too_short", "expected at least 1 character"));
    }
    if length > max {
        return Err(Error::invalid(
            field,
            "too_long",
            format!("expected at most {max} characters, got {length}"),
        ));
    }
    if name.chars().any(|c| c.is_control() || is_invisible(c)) {
        let expected = "control and invisible characters are not allowed";
        return Err(Error::invalid(field, "control_character", expected));
    }
    Ok(name)
}

/// Characters that show nothing or turn the direction of what follows, by which two names could look like one. The joiners
/// stay, since scripts and emoji need them.
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Free text of up to `max` characters; line breaks and tabs are allowed, other control characters are not.
/// Blank text is none.
pub fn prose(field: &'static str, text: &str, max: usize) -> Result<Option<String>> {
    let prose: String = text.nfc().collect();
    let length = prose.chars().count();
    if length > max {
        return Err(Error::invalid(
            field,
            "too_long",
            format!("expected at most {max} characters, got {length}"),
        ));
    }
    if prose.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Error::invalid(field, "control_character", "control characters are not allowed"));
    }
    Ok(if prose.trim().is_empty() { None } else { Some(prose) })
}

/// A key: `^[a-z0-9-]+$`, at most 64 characters, never shaped like a UUID.
pub fn key(field: &'static str, text: &str) -> Result<String> {
    if !is_key_shaped(text) {
        return Err(Error::invalid(field, "pattern", "expected 1 to 64 of a-z, 0-9 and hyphen"));
    }
    if parse_uuid(text).is_some() {
        return Err(Error::invalid(field, "uuid_shaped", "a key may not look like a UUID"));
    }
    Ok(text.to_owned())
}

/// Whether the text could be a key by its characters and length.
pub fn is_key_shaped(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= KEY_MAX
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// The key that a name suggests: `North Sea` gives `north-sea`; a name without any usable character gives `fallback`.
pub fn slug(name: &str, fallback: &str) -> String {
    let mut slug = String::new();
    for c in name.nfkd().filter(|c| !('\u{300}'..='\u{36f}').contains(c)) {
        let c = c.to_ascii_lowercase();
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() == KEY_MAX - 8 {
            break; // room for a number behind it
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() || parse_uuid(slug).is_some() { fallback.to_owned() } else { slug.to_owned() }
}

/// An e-mail address: one `@` with something on both sides, no space or control character, at most 254 bytes. A domain with
/// other characters than ASCII is told as it is registered (RFC 5890), and before the `@` no letter stands for others: so
/// two addresses that fold to the same text are one mailbox.
pub fn email(field: &'static str, text: &str) -> Result<String> {
    let email: String = text.trim().nfc().collect();
    let wrong = || Error::invalid(field, "email", "expected an e-mail address");
    let (local, of) = email.split_once('@').ok_or_else(wrong)?;
    let is_clean =
        |text: &str| !text.is_empty() && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    if !is_clean(local) || !is_clean(of) || of.contains('@') {
        return Err(wrong());
    }
    // The two sigmas are one letter.
    if fold(local) != local.to_lowercase().replace('\u{3c2}', "\u{3c3}").nfc().collect::<String>() {
        let expected = "expected no letters before the @ that stand for others, such as \u{df} for ss";
        return Err(Error::invalid(field, "email", expected));
    }
    let email = if of.is_ascii() { email } else { format!("{local}@{}", domain(of).ok_or_else(wrong)?) };
    if email.len() > 254 { Err(wrong()) } else { Ok(email) }
}

/// The form in which what somebody types to sign in is compared with addresses and sign-in names.
pub fn login(text: &str) -> String {
    fold(&email("login", text).unwrap_or_else(|_| text.trim().to_owned()))
}

/// A domain of more than one label, in the form in which two are compared (RFC 5890).
pub fn domain(text: &str) -> Option<String> {
    // What is percent-encoded is an address for some and none for others.
    if text.contains('%') {
        return None;
    }
    match Host::parse(text).ok()? {
        Host::Domain(domain) if domain.contains('.') && !domain.ends_with('.') => {
            let is_plain = domain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
            is_plain.then_some(domain)
        }
        _ => None,
    }
}

/// An absolute http or https address of at most 2,083 bytes, in which nobody's name or password stands.
pub fn web_address(field: &'static str, text: &str) -> Result<String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host_given = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#']));
    let has_user = rest
        .is_some_and(|rest| rest.split(['/', '?', '#', '\\']).next().is_some_and(|host| host.contains('@')));
    if has_user {
        return Err(Error::invalid(field, "url", "expected an address without a user name or password"));
    }
    if !host_given || text.len() > 2083 || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Error::invalid(field, "url", "expected an http or https address"));
    }
    Ok(text.to_owned())
}

/// Largest picture in a `data:` URI, in bytes of the URI.
pub const PICTURE_MAX: usize = 64 * 1024;

/// The address of a picture, or a small picture itself: a `data:` URI (RFC 2397) of a PNG, JPEG, GIF or WebP in base 64. No
/// SVG, which can carry scripts.
pub fn picture(field: &'static str, text: &str) -> Result<String> {
    let Some(rest) = text.strip_prefix("data:") else { return web_address(field, text) };
    let data = ["image/png", "image/jpeg", "image/gif", "image/webp"]
        .iter()
        .find_map(|media| rest.strip_prefix(media)?.strip_prefix(";base64,"));
    let is_base64 = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'=');
    match data {
        Some(data) if text.len() <= PICTURE_MAX && !data.is_empty() && data.bytes().all(is_base64) => {
            Ok(text.to_owned())
        }
        _ => {
            let expected = "expected a data URI of a PNG, JPEG, GIF or WebP in base64, of at most 64 KiB";
            Err(Error::invalid(field, "picture", expected))
        }
    }
}

/// A sign-in name: 1 to 50 of letters, digits and `_-@.`, or an e-mail address.
pub fn username(field: &'static str, text: &str) -> Result<String> {
    let plain = (1..=50).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'@' | b'.'));
    if plain {
        return Ok(text.to_owned());
    }
    email(field, text).map_err(|_| {
        Error::invalid(field, "pattern", "expected 1 to 50 letters, digits or _-@. or an e-mail address")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_fold_alike_are_one_mailbox() {
        let read = |text: &str| email("email", text);
        for (given, kept) in [
            (" Ann@Example.ORG ", "Ann@Example.ORG"),
            ("root@localhost", "root@localhost"),
            ("ann@stra\u{df}e.example", "ann@xn--strae-oqa.example"),
            ("ann@\u{ff42}\u{fc}cher.example", "ann@xn--bcher-kva.example"),
            ("ann@B\u{dc}CHER.example", "ann@xn--bcher-kva.example"),
            ("j\u{f6}rg@example.org", "j\u{f6}rg@example.org"),
            (
                "\u{3bd}\u{3af}\u{3ba}\u{3bf}\u{3c2}@example.org",
                "\u{3bd}\u{3af}\u{3ba}\u{3bf}\u{3c2}@example.org",
            ),
        ] {
            assert_eq!(read(given).unwrap(), kept);
        }
        assert_eq!(fold(&read("J\u{d6}RG@example.org").unwrap()), "j\u{f6}rg@example.org");
        for bad in [
            "",
            "ann",
            "@example.org",
            "ann@",
            "a@b@c.example",
            "a b@example.org",
            "ann@exam ple.org",
            "\u{17f}am@example.org",
            "stra\u{df}e@example.org",
            "ann@\u{ff11}0.0.0.1",
            "ann@b\u{fc}cher",
            "ann@b%\u{fc}cher.example",
        ] {
            assert_eq!(read(bad).unwrap_err().violations[0].rule, "email", "{bad}");
        }
        assert_eq!(login(" Ann@Stra\u{df}e.example"), "ann@xn--strae-oqa.example");
        assert_eq!((login(" Ann "), login("a@b@C")), ("ann".into(), "a@b@c".into()));
    }

    #[test]
    fn addresses_name_nobody() {
        for good in ["https://r.example", "http://r.example:8080/a@b?c=d@e#f@g"] {
            assert_eq!(super::web_address("url", good).unwrap(), good);
        }
        for bad in [
            "http://a:b@h/",
            "https://a@h",
            "https://a@h?b",
            "https://@h/",
            "ftp://h",
            "https://",
            "https:///h",
        ] {
            assert_eq!(super::web_address("url", bad).unwrap_err().violations[0].rule, "url", "{bad}");
        }
    }

    #[test]
    fn slugs() {
        assert_eq!(slug("North Sea", "x"), "north-sea");
        assert_eq!(slug("  Éxploitation -- 2 ", "x"), "exploitation-2");
        assert_eq!(slug("日本語", "workspace"), "workspace");
        assert_eq!(slug("=", "workspace"), "workspace");
        assert_eq!(slug("0190b0a0-0000-7000-8000-000000000000", "workspace"), "workspace");
        assert!(slug(&"a".repeat(300), "x").len() <= KEY_MAX - 8);
    }

    #[test]
    fn names_are_normalised_and_limited() {
        assert_eq!(name("name", " e\u{301} ", 60).unwrap(), "é");
        assert_eq!(name("name", "", 60).unwrap_err().violations[0].rule, "too_short");
        assert_eq!(name("name", "a\u{0}b", 60).unwrap_err().violations[0].rule, "control_character");
        assert_eq!(name("name", &"ä".repeat(61), 60).unwrap_err().violations[0].rule, "too_long");
        assert!(name("name", &"ä".repeat(60), 60).is_ok());
        for hidden in ["North\u{200b} Sea", "\u{202e}abc", "a\u{feff}b"] {
            assert_eq!(name("name", hidden, 60).unwrap_err().violations[0].rule, "control_character");
        }
        assert!(name("name", "👩\u{200d}🔬", 60).is_ok());
    }

    #[test]
    fn keys_never_look_like_ids() {
        assert!(key("key", "0190b0a0-0000-7000-8000-000000000000").is_err());
        assert!(key("key", "Not-Lower").is_err());
        assert_eq!(key("key", "north-sea-2").unwrap(), "north-sea-2");
    }

    #[test]
    fn folding_is_full() {
        assert_eq!(fold("STRASSE"), fold("straße"));
        assert_eq!(fold("ΣΊΣΥΦΟΣ"), fold("σίσυφος"));
    }

    #[test]
    fn pictures() {
        for good in ["https://example.org/l.png", "data:image/png;base64,iVBORw0KGgo="] {
            assert_eq!(picture("logo", good).unwrap(), good);
        }
        let long = format!("data:image/png;base64,{}", "A".repeat(PICTURE_MAX));
        for bad in
            ["data:image/svg+xml;base64,AA==", "data:image/png,x", "data:image/png;base64,<>", &long, ""]
        {
            assert!(picture("logo", bad).is_err(), "{}", &bad[..bad.len().min(40)]);
        }
    }

    #[test]
    fn addresses() {
        assert!(email("email", "a@b").is_ok());
        for bad in ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\n"] {
            assert!(email("email", bad).is_err() || bad == "a@b\n", "{bad:?}");
        }
    }
}
