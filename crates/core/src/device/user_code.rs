//! Codes that people read from one screen and type in at another (RFC 8628, section 6.1): ten consonants, which make no
//! words and are not taken for digits. They have 43 bits, live for minutes, and wrong ones are counted.

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::clock::Entropy;

const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const LENGTH: usize = 10;

/// A code that a person types in. Its debug form does not show it.
#[derive(Clone)]
pub struct UserCode(Zeroizing<String>);

impl UserCode {
    /// A new one.
    pub(super) fn random(entropy: &dyn Entropy) -> Self {
        let mut code = Zeroizing::new(String::with_capacity(LENGTH));
        let mut bytes = Zeroizing::new([0u8; 32]);
        while code.len() < LENGTH {
            entropy.fill(&mut *bytes);
            // 240 = 12 * 20: bytes above it are thrown away, so that every letter is equally likely.
            let fair = bytes.iter().filter(|byte| **byte < 240);
            let letters = fair.map(|byte| char::from(ALPHABET[usize::from(byte % 20)]));
            let missing = LENGTH - code.len();
            code.extend(letters.take(missing));
        }
        Self(code)
    }

    /// Reads what somebody typed: in any case, with dashes and spaces wherever they are.
    pub fn parse(text: &str) -> Option<Self> {
        let mut code = Zeroizing::new(String::with_capacity(LENGTH));
        for letter in text.chars().filter(|letter| !matches!(letter, '-' | ' ')) {
            let letter = letter.to_ascii_uppercase();
            if code.len() == LENGTH || !letter.is_ascii() || !ALPHABET.contains(&(letter as u8)) {
                return None;
            }
            code.push(letter);
        }
        (code.len() == LENGTH).then_some(Self(code))
    }

    /// The code as it is shown: `BCDFG-HJKLM`.
    pub fn expose(&self) -> String {
        let (left, right) = self.0.split_at(LENGTH / 2);
        format!("{left}-{right}")
    }

    /// What is kept of it.
    pub(super) fn hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"user code ");
        hash.update(self.0.as_bytes());
        hash.finalize().into()
    }
}

impl fmt::Debug for UserCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("UserCode")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Same;

    impl Entropy for Same {
        fn fill(&self, bytes: &mut [u8]) {
            // 255 is no letter, 19 the last one.
            for (at, byte) in bytes.iter_mut().enumerate() {
                *byte = if at % 2 == 0 { 255 } else { 19 };
            }
        }
    }

    #[test]
    fn codes_are_read_as_people_type_them() {
        let made = UserCode::random(&Same);
        assert_eq!(made.expose(), "ZZZZZ-ZZZZZ");
        assert_eq!(format!("{made:?}"), "UserCode");
        for typed in ["ZZZZZ-ZZZZZ", "zzzzzzzzzz", " zz-zz-zz zz-zz ", "ZzZzZ zZzZz"] {
            assert_eq!(UserCode::parse(typed).unwrap().hash(), made.hash(), "{typed}");
        }
        for typed in
            ["", "ZZZZZ-ZZZZ", "ZZZZZ-ZZZZZ-Z", "ZZZZZ-ZZZZA", "ZZZZZ-ZZZZ1", "ZZZZZ_ZZZZZ", "ſZZZZZZZZZ"]
        {
            assert!(UserCode::parse(typed).is_none(), "{typed}");
        }
    }

    #[test]
    fn codes_have_more_than_forty_bits() {
        assert!((ALPHABET.len() as u64).pow(u32::try_from(LENGTH).unwrap()) > 1 << 43);
    }
}
