//! Scopes: what a client asks a person for (RFC 6749, section 3.3; OpenID Connect Core, section 5.4).

use std::fmt;

use crate::credential::Access;
use crate::error::Result;
use crate::permission::PermissionSet;

use super::{Refusal, refused};

/// Every scope with its word and what it tells the person who is asked.
const WORDS: [(Scopes, &str, &str); 6] = [
    (Scopes::OPENID, "openid", "Know who you are"),
    (Scopes::PROFILE, "profile", "See your name"),
    (Scopes::EMAIL, "email", "See your e-mail address"),
    (Scopes::OFFLINE_ACCESS, "offline_access", "Keep this access while you are away"),
    (Scopes::API, "api", "Do everything that you may do"),
    (Scopes::API_READ, "api.read", "Read everything that you may read"),
];

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scopes(u8);

impl Scopes {
    /// None at all.
    pub const NONE: Self = Self(0);
    /// An ID token, and the id of the person.
    pub const OPENID: Self = Self(1);
    /// The person's names.
    pub const PROFILE: Self = Self(2);
    /// The person's e-mail address.
    pub const EMAIL: Self = Self(4);
    /// A refresh token.
    pub const OFFLINE_ACCESS: Self = Self(8);
    /// The APIs, with all that the person may do.
    pub const API: Self = Self(16);
    /// The APIs, for reading.
    pub const API_READ: Self = Self(32);
    /// All of them.
    pub const ALL: Self = Self(63);

    /// Reads words with spaces between them. Each must be a known one.
    ///
    /// # Errors
    /// [`Refusal::InvalidScope`], with the word that is not known.
    pub fn parse(text: &str) -> Result<Self> {
        text.split(' ').filter(|word| !word.is_empty()).try_fold(Self::NONE, |scopes, word| {
            let known = WORDS.iter().find(|(_, known, _)| *known == word);
            let known = known.ok_or_else(|| {
                let words: Vec<_> = Self::ALL.words().collect();
                refused(Refusal::InvalidScope, format!("scope: expected some of {}", words.join(" ")))
            })?;
            Ok(scopes.union(known.0))
        })
    }

    /// Both together.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is not in `other`.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// What is in both.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether all of `other` is in it.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether there is nothing in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The words, in a fixed order.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        WORDS.iter().filter(move |(scope, ..)| self.contains(*scope)).map(|(_, word, _)| *word)
    }

    /// What each of them means, for the person who is asked.
    pub fn meanings(self) -> impl Iterator<Item = &'static str> {
        WORDS.iter().filter(move |(scope, ..)| self.contains(*scope)).map(|(.., meaning)| *meaning)
    }

    /// What a token of these scopes leaves of a person's permissions. Without a scope of the APIs, none.
    pub fn access(self) -> Access {
        if self.contains(Self::API) {
            Access::Everything
        } else if self.contains(Self::API_READ) {
            Access::Reading
        } else {
            Access::Only(PermissionSet::NONE)
        }
    }
}

/// The words with spaces between them.
impl fmt::Display for Scopes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, word) in self.words().enumerate() {
            if at > 0 {
                out.write_str(" ")?;
            }
            out.write_str(word)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_in_any_order_and_written_in_one() {
        let scopes = Scopes::parse("api  email openid email").unwrap();
        assert_eq!(scopes.to_string(), "openid email api");
        assert_eq!(Scopes::parse("").unwrap(), Scopes::NONE);
        assert_eq!(Scopes::parse(&Scopes::ALL.to_string()).unwrap(), Scopes::ALL);
        for text in ["admin", "openid\tapi", "OPENID"] {
            assert_eq!(Scopes::parse(text).unwrap_err().reason, "oauth.invalid_scope", "{text}");
        }
    }

    #[test]
    fn a_token_is_as_wide_as_its_scopes() {
        assert_eq!(Scopes::API.union(Scopes::API_READ).access(), Access::Everything);
        assert_eq!(Scopes::API_READ.union(Scopes::OPENID).access(), Access::Reading);
        assert_eq!(Scopes::OPENID.access(), Access::Only(PermissionSet::NONE));
    }
}
