//! Unicode simple case folding: what "case ignored" means in a filter.

/// Maps text so that two texts are equal but for case exactly when their results are equal.
///
/// Simple folding never changes the number of code points: `Straße` is not `STRASSE`. It knows more than ASCII: the two
/// small sigmas, the long s and the Kelvin sign all find their ordinary letter.
pub fn simple_fold(text: &str) -> String {
    text.chars().map(fold_char).collect()
}

/// Up and down again brings all letters of one case family together, since several small letters share one capital.
fn fold_char(c: char) -> char {
    match c {
        // Its capital is the ASCII I, but without a Turkish context it is a letter of its own.
        'ı' => c,
        // Doubles in the Unicode tables whose capitals are several letters and thus do not bring them together.
        '\u{1FD3}' => '\u{0390}',
        '\u{1FE3}' => '\u{03B0}',
        '\u{FB05}' => '\u{FB06}',
        _ => {
            let upper = only(c.to_uppercase()).unwrap_or(c);
            only(upper.to_lowercase()).unwrap_or(upper)
        }
    }
}

/// The single item, or none when there are several.
fn only(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next();
    if chars.next().is_some() { None } else { first }
}

#[cfg(test)]
mod tests {
    use super::{fold_char, simple_fold};

    #[test]
    fn families_meet_and_strangers_do_not() {
        for (a, b) in [("ÉCOLE", "école"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("ſ", "S"), ("\u{212A}", "k"), ("ẞ", "ß")]
        {
            assert_eq!(simple_fold(a), simple_fold(b), "{a} and {b}");
        }
        for (a, b) in [("ß", "ss"), ("ı", "i"), ("İ", "i"), ("e", "é")] {
            assert_ne!(simple_fold(a), simple_fold(b), "{a} and {b}");
        }
    }

    /// Full folding is simple folding wherever its result is one character, so an independent table of it can judge ours.
    #[test]
    fn agrees_with_the_unicode_table() {
        for c in '\0'..=char::MAX {
            let full = caseless::default_case_fold_str(&c.to_string());
            let mut full_chars = full.chars();
            if let (Some(folded), None) = (full_chars.next(), full_chars.next()) {
                assert_eq!(fold_char(c), fold_char(folded), "U+{:04X}", u32::from(c));
            }
        }
    }

    #[test]
    fn never_joins_what_full_folding_keeps_apart() {
        for c in '\0'..=char::MAX {
            let folded = fold_char(c);
            // Letters of Unicode 17, which the other table does not have yet.
            let is_recent = matches!(c, '\u{A7CE}'..='\u{A7D5}' | '\u{16EA0}'..='\u{16ED3}');
            if folded != c && !is_recent {
                let full = |c: char| caseless::default_case_fold_str(&c.to_string());
                assert_eq!(full(c), full(folded), "U+{:04X}", u32::from(c));
            }
        }
    }
}
