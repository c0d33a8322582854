//! What people tell of themselves, beside the names by which they are known.

use crate::error::{Error, Result};
use crate::text;

/// Longest company and job title, in characters.
pub const PROFILE_TEXT_MAX: usize = 50;
/// Largest metadata, in bytes of JSON.
pub const METADATA_MAX: usize = 4 * 1024;

/// What a person tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Where a picture is.
    pub avatar_url: Option<String>,
    /// For whom the person works.
    pub company: Option<String>,
    /// As what.
    pub job_title: Option<String>,
    /// What a client keeps with the person: a JSON object.
    pub metadata: Option<String>,
    /// Whether a client has shown the person around.
    pub is_onboarded: bool,
}

/// What is to become of it. `None` leaves a field alone.
#[derive(Clone, Debug, Default)]
pub struct ProfileChange {
    /// Another picture: an http or https address.
    pub avatar_url: Option<String>,
    /// Another company, 1 to 50 characters.
    pub company: Option<String>,
    /// Another job title, 1 to 50 characters.
    pub job_title: Option<String>,
    /// Other metadata, all of them: a JSON object of at most 4 KiB.
    pub metadata: Option<String>,
    /// Whether the person has been shown around.
    pub is_onboarded: Option<bool>,
}

impl Profile {
    pub(super) fn apply(&mut self, change: &ProfileChange) -> Result<()> {
        if let Some(url) = &change.avatar_url {
            self.avatar_url = Some(text::web_address("avatar_url", url)?);
        }
        if let Some(company) = &change.company {
            self.company = Some(text::name("company", company, PROFILE_TEXT_MAX)?);
        }
        if let Some(title) = &change.job_title {
            self.job_title = Some(text::name("job_title", title, PROFILE_TEXT_MAX)?);
        }
        if let Some(metadata) = &change.metadata {
            self.metadata = Some(checked_metadata(metadata)?);
        }
        if let Some(onboarded) = change.is_onboarded {
            self.is_onboarded = onboarded;
        }
        Ok(())
    }
}

fn checked_metadata(text: &str) -> Result<String> {
    let wrong = || Error::invalid("metadata", "document", "expected a JSON object of at most 4 KiB");
    let value: serde_json::Value = serde_json::from_str(text).map_err(|_| wrong())?;
    let text = value.to_string();
    if value.is_object() && text.len() <= METADATA_MAX { Ok(text) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::checked_metadata;

    #[test]
    fn metadata_is_an_object_of_limited_size() {
        let of_length = |length: usize| format!(r#"{{"x":"{}"}}"#, "y".repeat(length - 8));
        assert_eq!(checked_metadata(r#" {"a": [1]} "#).unwrap(), r#"{"a":[1]}"#);
        checked_metadata(&of_length(4096)).unwrap();
        for bad in ["", "[]", "null", "{", &*of_length(4097)] {
            assert_eq!(checked_metadata(bad).unwrap_err().violations[0].field, "metadata");
        }
    }
}
