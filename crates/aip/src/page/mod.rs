//! Pages by AIP-158: how many rows a client asks for, and where the page before ended.
//!
//! A page token names the last row it showed by its order keys and id, never by an offset, so that rows coming and going
//! between two pages cause neither repeats nor gaps. It is sealed ([`TokenKey`]) and bound to the question it answers
//! ([`Binding`]): the same token with another filter is refused. It carries no rights; whoever opens one checks the
//! caller again.

mod binding;
mod state;
mod token;

use crate::error::{Error, Result, excerpt};
pub use binding::Binding;
pub use state::{KeyValue, PageState};
pub use token::{LIFETIME_MICROS, NONCE_BYTES, TokenKey};

/// The page size when none is asked for.
pub const DEFAULT_SIZE: usize = 50;
/// The largest page; who asks for more gets this.
pub const MAX_SIZE: usize = 1000;

/// Reads `page_size`. Absent, empty and zero mean the default; what is too large is brought down, not refused.
pub fn size(text: Option<&str>) -> Result<usize> {
    let text = text.unwrap_or_default();
    if text.is_empty() {
        return Ok(DEFAULT_SIZE);
    }
    let is_digits = text.strip_prefix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit());
    // Parsing to 32 bits signed is part of the contract: the field is an int32 on the wire.
    let asked = text.parse::<i32>().ok().filter(|_| is_digits).and_then(|asked| usize::try_from(asked).ok());
    match asked {
        Some(0) => Ok(DEFAULT_SIZE),
        Some(asked) => Ok(asked.min(MAX_SIZE)),
        None => {
            let expected = format!("an integer from 0 to {}", i32::MAX);
            let found = excerpt(text);
            Err(Error::page_size(&format!("expected {expected}, found {found:?}"))
                .with("expected", expected)
                .with("found", found))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes() {
        assert_eq!(size(None), Ok(50));
        for (text, expected) in [
            ("", 50),
            ("0", 50),
            ("1", 1),
            ("007", 7),
            ("50", 50),
            ("999", 999),
            ("1000", 1000),
            ("1001", 1000),
            ("2147483647", 1000),
        ] {
            assert_eq!(size(Some(text)), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refused_sizes() {
        for text in
            ["-1", "2147483648", "-2147483649", "1.5", "ten", " 5", "5 ", "+5", "0x10", "1e2", "-", "٣"]
        {
            let error = size(Some(text)).expect_err(text);
            assert_eq!((error.parameter(), error.reason().as_str()), ("page_size", "INVALID_PAGE_SIZE"));
            assert_eq!(error.position(), None);
        }
        assert_eq!(
            size(Some("-1")).unwrap_err().message(),
            "Invalid page_size: expected an integer from 0 to 2147483647, found \"-1\"."
        );
    }
}
