//! Text with wildcards: what a word or a quoted string of a filter says.

/// Literal pieces with a wildcard between each two: `a*b` is `["a", "b"]`, plain `a` is `["a"]`, `*` is `["", ""]`.
///
/// A star that was escaped (`\*`) is an ordinary character inside a piece, so that no later reader has to know about
/// escapes. There is always at least one piece.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    pieces: Vec<String>,
}

impl Pattern {
    /// Text in which every star is a wildcard, as in a bare word.
    pub fn from_word(word: &str) -> Self {
        Self { pieces: word.split('*').map(str::to_owned).collect() }
    }

    /// Pieces that are already apart. No pieces at all mean the empty text.
    pub fn from_pieces(pieces: Vec<String>) -> Self {
        if pieces.is_empty() { Self { pieces: vec![String::new()] } } else { Self { pieces } }
    }

    /// The literal pieces, at least one.
    pub fn pieces(&self) -> &[String] {
        &self.pieces
    }

    /// The text itself when nothing in it is a wildcard.
    pub fn as_literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The text with its wildcards taken as ordinary stars, for operators that know none.
    pub fn to_plain(&self) -> String {
        self.pieces.join("*")
    }

    /// The same pattern with each piece changed, for example case-folded to be held against a folded column.
    pub fn map_pieces(&self, change: impl Fn(&str) -> String) -> Self {
        Self { pieces: self.pieces.iter().map(|piece| change(piece)).collect() }
    }

    /// Whether the whole of `text` fits, code point by code point, each wildcard standing for any run, also an empty one.
    pub fn matches(&self, text: &str) -> bool {
        let Some((first, others)) = self.pieces.split_first() else {
            return text.is_empty();
        };
        let Some((last, middle)) = others.split_last() else {
            return text == first;
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else {
            return false;
        };
        // The leftmost place for each middle piece leaves the most room for those after it.
        for piece in middle {
            let Some(at) = rest.find(piece.as_str()) else {
                return false;
            };
            rest = &rest[at + piece.len()..];
        }
        rest.ends_with(last.as_str())
    }

    /// Joins two texts with a dot, as the parts of `com.google` on the right of a comparator.
    pub(crate) fn append_dotted(&mut self, next: &Self) {
        let mut next = next.pieces.iter();
        if let (Some(last), Some(first)) = (self.pieces.last_mut(), next.next()) {
            last.push('.');
            last.push_str(first);
        }
        self.pieces.extend(next.cloned());
    }

    /// The same meaning with neighbouring wildcards made one.
    pub(crate) fn simplified(&self) -> Self {
        let last = self.pieces.len() - 1;
        let keep = |(index, piece): &(usize, &String)| *index == 0 || *index == last || !piece.is_empty();
        Self { pieces: self.pieces.iter().enumerate().filter(keep).map(|(_, piece)| piece.clone()).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn wildcards_stand_for_any_run() {
        let cases = [
            ("abc", "abc", true),
            ("abc", "ABC", false),
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "anything at all", true),
            ("a*", "a", true),
            ("a*", "ba", false),
            ("*c", "abc", true),
            ("a*c", "ac", true),
            ("a*c", "abcd", false),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c-b", false),
            // Prefix and suffix may not share characters.
            ("ab*ba", "aba", false),
            ("ab*ba", "abba", true),
            ("*ß*", "straße", true),
            ("**", "x", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(Pattern::from_word(pattern).matches(text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn a_literal_star_inside_a_piece_is_no_wildcard() {
        let pattern = Pattern::from_pieces(vec!["2*3".to_owned()]);
        assert!(pattern.matches("2*3"));
        assert!(!pattern.matches("2x3"));
    }

    #[test]
    fn simplifying_drops_only_empty_middle_pieces() {
        assert_eq!(Pattern::from_word("a**b***c").simplified(), Pattern::from_word("a*b*c"));
        assert_eq!(Pattern::from_word("***").simplified(), Pattern::from_word("*"));
        assert_eq!(Pattern::from_word("").simplified(), Pattern::from_word(""));
    }

    #[test]
    fn dotted_parts_become_one_text() {
        let mut text = Pattern::from_word("com*");
        text.append_dotted(&Pattern::from_word("*google"));
        assert_eq!(text, Pattern::from_word("com*.*google"));
    }
}
