//! Entity tags (AIP-154, RFC 9110): the quoted version of a resource.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// What no server of ours wrote is as stale as an old one.
pub(crate) const NONE_OF_OURS: i64 = -1;

/// What no resource has a member of: a kept answer has its tag there until it is answered.
const BESIDE: &str = "@etag";

/// The tag of a version.
pub(crate) fn write(version: i64) -> String {
    format!("\"{version}\"")
}

/// The tag of a body: what it brings, else what is in it.
pub(crate) fn of(body: &mut Value) -> String {
    taken(body).unwrap_or_else(|| of_bytes(&[body.to_string().as_bytes()]))
}

/// The tag of what is written in these parts.
pub(crate) fn of_bytes(parts: &[&[u8]]) -> String {
    let digest = parts.iter().fold(Sha256::new(), Sha256::chain_update).finalize();
    let hex = digest.iter().take(16).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    format!("\"{hex}\"")
}

/// The body of a resource that has no member for its tag, with the tag on its way into the header alone.
pub(crate) fn beside(mut body: Value, version: i64) -> Value {
    if let Value::Object(members) = &mut body {
        members.insert(BESIDE.to_owned(), write(version).into());
    }
    body
}

/// The tag that a body brings: beside it, or in its own member, where it stays.
pub(crate) fn taken(body: &mut Value) -> Option<String> {
    let beside = body.as_object_mut().and_then(|members| members.shift_remove(BESIDE));
    let tag = beside.as_ref().or_else(|| body.get("etag"));
    tag.and_then(Value::as_str).map(str::to_owned)
}

/// The version of a tag.
pub(crate) fn read(etag: &str) -> i64 {
    let digits = etag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(NONE_OF_OURS)
}

/// The versions of which an `If-Match` header asks for one; none for `*`, which what exists fulfils. A weak tag never
/// matches, nor does one with a comma in it, whose pieces are no tags of ours.
pub(crate) fn if_match(header: &str) -> Option<Vec<i64>> {
    match header.trim() {
        "*" => None,
        list => Some(list.split(',').map(str::trim).map(read).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_beside_a_body_leaves_it() {
        let mut body = beside(serde_json::json!({"name": "a"}), 7);
        assert_eq!(taken(&mut body), Some(write(7)));
        assert_eq!(body, serde_json::json!({"name": "a"}));
        assert_eq!(taken(&mut body), None);
        let mut told = serde_json::json!({"etag": "\"3\""});
        assert_eq!(taken(&mut told), Some(write(3)));
        assert_eq!(told["etag"], "\"3\"");
    }

    #[test]
    fn versions_and_back() {
        assert_eq!(read(&write(7)), 7);
        for foreign in ["7", "W/\"7\"", "\"x\"", "", "\""] {
            assert_eq!(read(foreign), NONE_OF_OURS, "{foreign}");
        }
        assert_eq!(if_match("*"), None);
        assert_eq!(if_match(" \"3\" "), Some(vec![3]));
        assert_eq!(if_match("\"3\" , \"4\""), Some(vec![3, 4]));
        assert_eq!(if_match("W/\"3\", \"x,3\",*"), Some(vec![NONE_OF_OURS; 4]));
    }
}
