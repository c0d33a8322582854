//! `application/x-www-form-urlencoded` text. Read strictly: what lenient readers guess at is refused.

use tenantry_core::{Error, Result};

/// The decoded names and values in their order. Empty pieces (`a=1&&b=2`) are passed over.
///
/// # Errors
/// For a percent sign without two hexadecimal digits, bytes that are not UTF-8, and NUL, which no text of ours has.
/// The error names the parameter, or `whole` if the name itself is at fault.
pub(crate) fn decode(text: &str, whole: &'static str) -> Result<Vec<(String, String)>> {
    text.split('&')
        .filter(|piece| !piece.is_empty())
        .map(|piece| {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let name = decode_piece(name)
                .map_err(|fault| Error::invalid(whole, "encoding", format!("a name has {fault}")))?;
            match decode_piece(value) {
                Ok(value) => Ok((name, value)),
                Err(fault) => Err(Error::invalid(name, "encoding", format!("the value has {fault}"))),
            }
        })
        .collect()
}

/// Reads one name or value of a form, as strictly as [`crate::Form`] does.
///
/// `None` for malformed percent-encoding, bytes that are not UTF-8, and NUL.
pub fn decode_form_text(piece: &str) -> Option<String> {
    decode_piece(piece).ok()
}

/// Writes names and values as a query or form. Everything but letters, digits, `*`, `-`, `.` and `_` is encoded, brackets
/// and colons too; a space becomes `+`.
pub fn encode_query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        encode_piece(name, &mut text);
        text.push('=');
        encode_piece(value, &mut text);
    }
    text
}

fn encode_piece(piece: &str, text: &mut String) {
    for byte in piece.bytes() {
        match byte {
            b' ' => text.push('+'),
            b'*' | b'-' | b'.' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                text.push(char::from(byte));
            }
            other => {
                let digit = |value: u8| char::from(b"0123456789ABCDEF"[usize::from(value)]);
                text.extend(['%', digit(other >> 4), digit(other & 15)]);
            }
        }
    }
}

fn decode_piece(piece: &str) -> Result<String, &'static str> {
    let mut bytes = Vec::with_capacity(piece.len());
    let mut rest = piece.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = rest.next().and_then(hex).zip(rest.next().and_then(hex));
                let (high, low) = digits.ok_or("a percent sign without two hexadecimal digits")?;
                high * 16 + low
            }
            other => other,
        });
    }
    if bytes.contains(&0) {
        return Err("a NUL character");
    }
    String::from_utf8(bytes).map_err(|_| "bytes that are not UTF-8")
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::{decode, encode_query};

    #[test]
    fn reads_pairs_in_order() {
        let cases: [(&str, &[(&str, &str)]); 6] = [
            ("", &[]),
            ("a=1&b=2&a=3", &[("a", "1"), ("b", "2"), ("a", "3")]),
            ("a&b=&=c&&", &[("a", ""), ("b", ""), ("", "c")]),
            ("filter%5Bname%5D=North+Sea", &[("filter[name]", "North Sea")]),
            ("filter[name]=N%c3%B8rd%2B", &[("filter[name]", "Nørd+")]),
            ("a=b=c%3D", &[("a", "b=c=")]),
        ];
        for (text, expected) in cases {
            let got = decode(text, "query").unwrap();
            let got: Vec<_> = got.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(got, expected, "{text}");
        }
    }

    #[test]
    fn reads_back_what_it_writes() {
        let pairs = [("filter[name]", "North Sea & Nørd+"), ("", "="), ("a", "eq:%")];
        let text = encode_query(pairs);
        assert_eq!(text, "filter%5Bname%5D=North+Sea+%26+N%C3%B8rd%2B&=%3D&a=eq%3A%25");
        let back = decode(&text, "query").unwrap();
        assert!(back.iter().map(|(name, value)| (name.as_str(), value.as_str())).eq(pairs));
    }

    #[test]
    fn refuses_what_it_would_have_to_guess() {
        let cases = [
            ("a=%", "a"),
            ("a=%4", "a"),
            ("a=%zz", "a"),
            ("a=%+1", "a"),
            ("a=%ff", "a"),
            ("a=%C3", "a"),
            ("a=%ED%A0%80", "a"),
            ("a=%C0%80", "a"),
            ("a=%00", "a"),
            ("ok=1&%ff=1", "query"),
            ("%00=1", "query"),
        ];
        for (text, field) in cases {
            let error = decode(text, "query").unwrap_err();
            assert_eq!(error.violations[0].field, field, "{text}");
            assert_eq!(error.violations[0].rule, "encoding", "{text}");
        }
    }
}
