//! Passwords: which are taken (NIST SP 800-63B: a least length, nothing that everybody tries first, no rules about
//! characters), and the port by which they are hashed, since hashing takes tens of milliseconds and much memory and must
//! be kept off the threads that serve.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::error::{Error, Result};
use crate::store::BoxFuture;
use crate::text;

/// Shortest password, in bytes.
pub const PASSWORD_MIN: usize = 8;
/// Longest password, in bytes.
pub const PASSWORD_MAX: usize = 1024;

/// The reason for refusing to hash a password while so many others wait for it; it is [`crate::error::Kind::Unavailable`].
pub const PASSWORDS_BUSY: &str = "password.busy";

/// The reason for which nobody signs in with a password that somebody else has chosen; it is
/// [`crate::error::Kind::Unauthenticated`].
pub const PASSWORD_EXPIRED: &str = "password.expired";

/// What many people have chosen before, folded, a line each.
static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// Hashes and checks passwords. The composition root gives one that bounds how many are hashed at once.
pub trait Passwords: Send + Sync {
    /// The hash to keep, with its salt and parameters.
    fn hash<'a>(&'a self, password: &'a str) -> BoxFuture<'a, Result<String>>;

    /// Whether the password fits the hash. Without a hash it takes as long and answers [`Verdict::Wrong`], so that an
    /// unknown account cannot be told from a wrong password by the clock.
    fn verify<'a>(&'a self, password: &'a str, hash: Option<&'a str>) -> BoxFuture<'a, Result<Verdict>>;
}

/// What a password is to a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Another one.
    Wrong,
    /// The one.
    Right,
    /// The one, and the hash was made with other parameters than a new one would be.
    Outdated,
}

/// Refuses a password that is too short or too long, that everybody tries first, or that is the name or address (`own`) of
/// who would have it. `field` is where it came from.
pub(crate) fn require_good(field: &'static str, password: &str, own: &[&str]) -> Result<()> {
    if !(PASSWORD_MIN..=PASSWORD_MAX).contains(&password.len()) {
        let expected = format!("expected {PASSWORD_MIN} to {PASSWORD_MAX} bytes");
        return Err(Error::invalid(field, "length", expected));
    }
    let folded = text::fold(password.trim());
    if COMMON.contains(&*folded) {
        return Err(Error::invalid(field, "common", "expected a password that is not among the most common"));
    }
    let is_own = own.iter().any(|own| {
        let own = text::fold(own);
        own == folded || own.split_once('@').is_some_and(|(local, _)| local == folded)
    });
    if is_own {
        return Err(Error::invalid(field, "own_name", "expected something else than your name or address"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{COMMON, PASSWORD_MAX, PASSWORD_MIN, require_good};
    use crate::text;

    #[test]
    fn what_everybody_tries_first_is_refused() {
        let own = ["Annabelle", "annabelle.lee@example.org", "Annabelle Lee"];
        let rule = |password: &str| {
            let outcome = require_good("password", password, &own);
            outcome.err().map(|error| error.violations[0].rule)
        };
        for good in ["correct horse", "        .", "ÄÖÜÄ", "annabelle lee 2", &"x".repeat(PASSWORD_MAX)] {
            assert_eq!(rule(good), None, "{good}");
        }
        for (bad, expected) in [
            ("", "length"),
            ("7 bytes", "length"),
            (&"x".repeat(PASSWORD_MAX + 1), "length"),
            ("PassWord1", "common"),
            (" 12345678 ", "common"),
            ("ANNABELLE", "own_name"),
            ("annabelle.lee", "own_name"),
            ("annabelle.lee@EXAMPLE.org", "own_name"),
            ("annabelle LEE", "own_name"),
        ] {
            assert_eq!(rule(bad), Some(expected), "{bad}");
        }
    }

    #[test]
    fn the_list_has_what_can_be_met() {
        assert!(COMMON.len() > 300);
        for word in COMMON.iter() {
            assert!(word.len() >= PASSWORD_MIN && text::fold(word.trim()) == **word, "{word}");
        }
    }
}
