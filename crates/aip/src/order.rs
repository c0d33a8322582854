//! The order of a list: `order_by` by AIP-132, such as `title desc, create_time`.

use crate::error::{Error, Result, excerpt};

/// One key of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderKey {
    /// The path from the allow-list.
    pub field: &'static str,
    /// Whether greater values come first.
    pub descending: bool,
}

/// Reads `order_by` against the paths that the list can be ordered by.
///
/// Absent or blank text gives no keys: the caller has a default. A path that comes twice counts where it comes first.
/// Ties are the caller's to break, by resource id, always ascending.
pub fn parse(text: Option<&str>, paths: &[&'static str]) -> Result<Vec<OrderKey>> {
    let text = text.unwrap_or_default();
    let mut keys: Vec<OrderKey> = Vec::new();
    if text.trim().is_empty() {
        return Ok(keys);
    }
    let mut position = 0;
    for item in text.split(',') {
        let key = parse_item(item, position, paths)?;
        if keys.iter().all(|earlier| earlier.field != key.field) {
            keys.push(key);
        }
        position += item.chars().count() + 1;
    }
    Ok(keys)
}

/// The keys as text again, to bind page tokens to them.
pub(crate) fn normal_form(keys: &[OrderKey]) -> String {
    let items: Vec<String> = keys
        .iter()
        .map(|key| if key.descending { format!("{} desc", key.field) } else { key.field.to_owned() })
        .collect();
    items.join(",")
}

/// `item = path [ WS ("asc" | "desc") ]`
fn parse_item(item: &str, start: usize, paths: &[&'static str]) -> Result<OrderKey> {
    if let Some(offset) = item.chars().position(|c| !belongs(c)) {
        let error =
            Error::order_by(start + offset, "expected letters, digits, `_`, `.`, commas and whitespace only");
        return Err(error);
    }
    let words = words_with_positions(item, start);
    let mut words = words.iter();
    let Some((position, path)) = words.next() else {
        let end = start + item.chars().count();
        return Err(Error::order_by(end, "expected a path before the comma or the end, found nothing"));
    };
    let Some(field) = paths.iter().copied().find(|allowed| allowed == path) else {
        let (allowed, found) = (paths.join(", "), excerpt(path));
        let problem = format!("unknown path {found}, expected one of: {allowed}");
        return Err(Error::order_by(*position, &problem).with("field", found).with("expected", allowed));
    };
    let descending = match words.next() {
        None => false,
        Some((_, word)) if *word == "asc" => false,
        Some((_, word)) if *word == "desc" => true,
        Some((position, word)) => return Err(unexpected(*position, word, "asc, desc, a comma or the end")),
    };
    match words.next() {
        None => Ok(OrderKey { field, descending }),
        Some((position, word)) => Err(unexpected(*position, word, "a comma or the end")),
    }
}

fn belongs(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '.' || c.is_whitespace()
}

/// The words of an item, each with the code points before it in the whole text.
fn words_with_positions(item: &str, start: usize) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let mut position = start;
    for word in item.split(char::is_whitespace) {
        if !word.is_empty() {
            words.push((position, word));
        }
        position += word.chars().count() + 1;
    }
    words
}

fn unexpected(position: usize, word: &str, expected: &str) -> Error {
    let found = excerpt(word);
    Error::order_by(position, &format!("expected {expected}, found {found}"))
        .with("expected", expected)
        .with("found", found)
}

#[cfg(test)]
mod tests {
    use super::{OrderKey, normal_form, parse};

    const PATHS: [&str; 3] = ["title", "create_time", "owner.email"];

    #[test]
    fn keys_with_and_without_direction() {
        let cases = [
            ("title", "title"),
            ("title asc", "title"),
            ("title desc", "title desc"),
            (" title  desc ,\tcreate_time ", "title desc,create_time"),
            ("title,create_time desc,owner.email", "title,create_time desc,owner.email"),
            ("title\u{3000}desc", "title desc"),
            // The first wins.
            ("title desc, create_time, title", "title desc,create_time"),
        ];
        for (text, expected) in cases {
            let keys = parse(Some(text), &PATHS).unwrap();
            assert_eq!(normal_form(&keys), expected, "{text}");
        }
        assert_eq!(
            parse(Some("create_time desc"), &PATHS),
            Ok(vec![OrderKey { field: "create_time", descending: true }])
        );
    }

    #[test]
    fn blank_means_the_default() {
        for text in [None, Some(""), Some("  \t\n")] {
            assert_eq!(parse(text, &PATHS), Ok(Vec::new()));
        }
    }

    #[test]
    fn errors_point_at_the_first_fault() {
        let cases = [
            ("title,", 6),
            (",title", 0),
            ("title,,create_time", 6),
            ("title, ,create_time", 7),
            (",", 0),
            ("colour", 0),
            ("title, colour", 7),
            ("title.x", 0),
            ("Title", 0),
            ("title DESC", 6),
            ("title down", 6),
            ("title desc desc", 11),
            ("title asc nulls last", 10),
            ("title;drop", 5),
            ("-title", 0),
            ("\"title\"", 0),
            ("title ä", 6),
            ("\u{3000}title desc, ä", 13),
        ];
        for (text, position) in cases {
            let error = parse(Some(text), &PATHS).expect_err(text);
            assert_eq!(error.position(), Some(position), "{text}: {error}");
            assert_eq!((error.parameter(), error.reason().as_str()), ("order_by", "INVALID_ORDER_BY"));
        }
    }

    #[test]
    fn the_message_names_position_and_choice() {
        let error = parse(Some("title, colour"), &PATHS).unwrap_err();
        assert_eq!(
            error.message(),
            "Invalid order_by at position 7: unknown path colour, expected one of: title, create_time, owner.email."
        );
        let metadata = [
            ("parameter", "order_by"),
            ("position", "7"),
            ("field", "colour"),
            ("expected", "title, create_time, owner.email"),
        ];
        assert_eq!(error.metadata(), metadata.map(|(key, value)| (key, value.to_owned())));
    }
}
