//! Entity tags (AIP-154, RFC 9110): the quoted version of a resource.

use serde_json::Value;
use sha2::{Digest, Sha256};
use tenantry_core::{Error, Result};

/// What no server of ours wrote is as stale as an old one.
pub(crate) const NONE_OF_OURS: i64 = -1;

/// The tag of a version.
pub(crate) fn write(version: i64) -> String {
    format!("\"{version}\"")
}

/// The tag of a body: its own if it has one, else what is in it.
pub(crate) fn of(body: &Value) -> String {
    match body.get("etag").and_then(Value::as_str) {
        Some(etag) => etag.to_owned(),
        None => of_bytes(&[body.to_string().as_bytes()]),
    }
}

/// The tag of what is written in these parts.
pub(crate) fn of_bytes(parts: &[&[u8]]) -> String {
    let digest = parts.iter().fold(Sha256::new(), Sha256::chain_update).finalize();
    let hex = digest.iter().take(16).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    format!("\"{hex}\"")
}

/// The version of a tag.
pub(crate) fn read(etag: &str) -> i64 {
    let digits = etag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(NONE_OF_OURS)
}

/// The version that an `If-Match` header asks for; none for `*`, which what exists fulfils. A weak tag never matches.
pub(crate) fn if_match(header: &str) -> Result<Option<i64>> {
    match header.trim() {
        "*" => Ok(None),
        several if several.contains(',') => {
            Err(Error::invalid("If-Match", "several", "expected one entity tag, or *"))
        }
        one => Ok(Some(read(one))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_back() {
        assert_eq!(read(&write(7)), 7);
        for foreign in ["7", "W/\"7\"", "\"x\"", "", "\""] {
            assert_eq!(read(foreign), NONE_OF_OURS, "{foreign}");
        }
        assert_eq!(if_match("*").unwrap(), None);
        assert_eq!(if_match(" \"3\" ").unwrap(), Some(3));
        assert!(if_match("\"3\",\"4\"").is_err());
    }
}
