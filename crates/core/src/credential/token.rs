//! The form of a secret: a prefix that names its kind, 190 random bits in base 62, and a checksum that tells a mistyped
//! or made-up one without asking the database.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::Credential;
use crate::clock::Entropy;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_LENGTH: usize = 32;
const CHECKSUM_LENGTH: usize = 6;

/// What a secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A personal access token of a user.
    PersonalAccess,
    /// An API key of a service account.
    ServiceAccountKey,
    /// The secret of an OAuth client.
    ClientSecret,
    /// A short-lived access token from a token endpoint.
    Access,
    /// The secret of an invitation, shown to whoever made it.
    Invitation,
    /// The same where it is mailed: whoever has it gets what is mailed to the address.
    MailedInvitation,
    /// What a browser shows in its cookie.
    BrowserSession,
    /// What a person allowed a client; nobody is told the secret.
    Authorization,
    /// Whom an external issuer means; nobody is told the secret.
    Identity,
    /// A token that is exchanged for a new access token.
    Refresh,
    /// What a browser brings a client.
    AuthorizationCode,
    /// What a program shows that waits to be logged in.
    DeviceCode,
    /// The secret of a link by which the first password is set.
    Activation,
    /// The secret of a link that proves an address.
    EmailVerification,
    /// The secret of a link by which another password is set.
    PasswordReset,
}

impl TokenKind {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::PersonalAccess,
        Self::ServiceAccountKey,
        Self::ClientSecret,
        Self::Access,
        Self::Invitation,
        Self::MailedInvitation,
        Self::BrowserSession,
        Self::Authorization,
        Self::Identity,
        Self::Refresh,
        Self::AuthorizationCode,
        Self::DeviceCode,
        Self::Activation,
        Self::EmailVerification,
        Self::PasswordReset,
    ];

    /// What a secret of this kind begins with; a personal access token that is made as a key has
    /// `ZENPROKEY_p_` instead.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::PersonalAccess => "tny_pat_",
            Self::ServiceAccountKey => "ZENPROKEY_",
            Self::ClientSecret => "tny_cs_",
            Self::Access => "tny_at_",
            Self::Invitation => "tny_inv_",
            Self::MailedInvitation => "tny_mi_",
            Self::BrowserSession => "tny_bs_",
            Self::Authorization => "tny_az_",
            Self::Identity => "tny_id_",
            Self::Refresh => "tny_rt_",
            Self::AuthorizationCode => "tny_ac_",
            Self::DeviceCode => "tny_dc_",
            Self::Activation => "tny_act_",
            Self::EmailVerification => "tny_ver_",
            Self::PasswordReset => "tny_rst_",
        }
    }

    /// The word in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::PersonalAccess => "personal_access_token",
            Self::ServiceAccountKey => "service_account_key",
            Self::ClientSecret => "client_secret",
            Self::Access => "access_token",
            Self::Invitation => "invitation",
            Self::MailedInvitation => "mailed_invitation",
            Self::BrowserSession => "browser_session",
            Self::Authorization => "authorization",
            Self::Identity => "identity",
            Self::Refresh => "refresh_token",
            Self::AuthorizationCode => "authorization_code",
            Self::DeviceCode => "device_code",
            Self::Activation => "activation",
            Self::EmailVerification => "email_verification",
            Self::PasswordReset => "password_reset",
        }
    }

    /// The kind of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Whether it may stand in an `Authorization: Bearer` or `X-API-Key` header.
    pub const fn is_bearer(self) -> bool {
        matches!(self, Self::PersonalAccess | Self::ServiceAccountKey | Self::Access)
    }
}

/// What every key begins with that ZenML's clients take for one.
pub const KEY: &str = "ZENPROKEY_";
/// What a personal access token begins with that is made for these clients. No random part has a `_`, so it is never taken for
/// the key of a service account.
const PERSONAL_KEY: &str = "ZENPROKEY_p_";
/// What is before its random part, and never in one.
const PERSONAL: &str = "p_";

/// What the secret of a credential begins with.
pub(super) fn beginning(credential: &Credential) -> String {
    let prefix = if is_personal_key(credential) { KEY } else { credential.kind.prefix() };
    format!("{prefix}{}", credential.first_characters)
}

fn is_personal_key(credential: &Credential) -> bool {
    credential.kind == TokenKind::PersonalAccess && credential.first_characters.starts_with(PERSONAL)
}

/// A secret in the clear. It is shown once and wiped from memory when dropped; its debug form shows the kind only.
#[derive(Clone)]
pub struct Secret {
    kind: TokenKind,
    prefix: &'static str,
    text: Zeroizing<String>,
}

impl Secret {
    /// A new secret for a credential, which looks like the one that it has.
    pub(super) fn random_for(credential: &Credential, entropy: &dyn Entropy) -> Self {
        if is_personal_key(credential) {
            return Self::random_personal_key(entropy);
        }
        Self::random(credential.kind, entropy)
    }

    /// A new secret of this kind.
    pub fn random(kind: TokenKind, entropy: &dyn Entropy) -> Self {
        Self::random_behind(kind.prefix(), kind, entropy)
    }

    /// A new personal access token that ZenML's clients take for a key.
    pub fn random_personal_key(entropy: &dyn Entropy) -> Self {
        Self::random_behind(PERSONAL_KEY, TokenKind::PersonalAccess, entropy)
    }

    fn random_behind(prefix: &'static str, kind: TokenKind, entropy: &dyn Entropy) -> Self {
        let mut random = Zeroizing::new(String::with_capacity(RANDOM_LENGTH + CHECKSUM_LENGTH));
        let mut bytes = Zeroizing::new([0u8; 64]);
        while random.len() < RANDOM_LENGTH {
            entropy.fill(&mut *bytes);
            // 248 = 4 * 62: bytes above it are thrown away, so that every character is equally likely.
            let fair = bytes
                .iter()
                .filter(|byte| **byte < 248)
                .map(|byte| char::from(ALPHABET[usize::from(byte % 62)]));
            let missing = RANDOM_LENGTH - random.len();
            random.extend(fair.take(missing));
        }
        let checksum = checksum(prefix, &random);
        let text = Zeroizing::new(format!("{prefix}{}{checksum}", *random));
        Self { kind, prefix, text }
    }

    /// Reads a secret; `None` if it has no known prefix, the wrong length or a wrong checksum.
    pub fn parse(text: &str) -> Option<Self> {
        let of_kinds = TokenKind::ALL.into_iter().map(|kind| (kind.prefix(), kind));
        let mut forms = std::iter::once((PERSONAL_KEY, TokenKind::PersonalAccess)).chain(of_kinds);
        let (prefix, kind) = forms.find(|(prefix, _)| text.starts_with(prefix))?;
        let body = &text[prefix.len()..];
        if body.len() != RANDOM_LENGTH + CHECKSUM_LENGTH || !body.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        let (random, sum) = body.split_at(RANDOM_LENGTH);
        (checksum(prefix, random) == sum).then(|| Self {
            kind,
            prefix,
            text: Zeroizing::new(text.to_owned()),
        })
    }

    /// What it is for.
    pub const fn kind(&self) -> TokenKind {
        self.kind
    }

    /// What is kept of it: the SHA-256 of the whole text.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.text.as_bytes()).into()
    }

    /// The whole text, to be shown once.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The first four random characters, by which it is told from others; of a personal access token that is made as a key
    /// `p_` is before them, by which it is told from those that are not.
    pub fn first_characters(&self) -> &str {
        let random = self.prefix.len();
        let start = if self.prefix == PERSONAL_KEY { KEY.len() } else { random };
        &self.text[start..random + 4]
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Secret({:?})", self.kind)
    }
}

fn checksum(prefix: &str, random: &str) -> String {
    let mut hash = crc32fast::Hasher::new();
    hash.update(prefix.as_bytes());
    hash.update(random.as_bytes());
    let mut rest = hash.finalize();
    let mut digits = [b'0'; CHECKSUM_LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    struct Counting(AtomicU8);

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill_with(|| self.0.fetch_add(7, Ordering::Relaxed));
        }
    }

    #[test]
    fn reads_back_what_it_makes_and_nothing_else() {
        let entropy = Counting(AtomicU8::new(3));
        let of_kinds = TokenKind::ALL.into_iter().map(|kind| (kind, Secret::random(kind, &entropy)));
        let key = Secret::random_personal_key(&entropy);
        assert!(
            key.expose().starts_with(KEY) && key.expose()[KEY.len()..].starts_with(key.first_characters())
        );
        for (kind, secret) in of_kinds.chain([(TokenKind::PersonalAccess, key)]) {
            let text = secret.expose();
            let back = Secret::parse(text).unwrap();
            assert_eq!((back.kind(), back.hash()), (kind, secret.hash()));
            assert_eq!(format!("{secret:?}"), format!("Secret({kind:?})"));
            for at in 0..text.len() {
                let mut other = text.to_owned().into_bytes();
                other[at] = if other[at] == b'x' { b'y' } else { b'x' };
                assert!(Secret::parse(std::str::from_utf8(&other).unwrap()).is_none(), "position {at}");
            }
            assert!(Secret::parse(&text[..text.len() - 1]).is_none());
        }
    }

    #[test]
    fn hostile_text_is_no_secret() {
        for text in ["", "tny_pat_", "ZENPROKEY_ä", "tny_pat_ääääääääääääääääääääääääääääääääääääää"]
        {
            assert!(Secret::parse(text).is_none());
        }
    }
}
