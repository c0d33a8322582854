//! Free names and keys: unique among the live workspaces of an organization, which the caller holds locked.

use std::collections::HashSet;

use crate::authz::{OrganizationScope, Writable};
use crate::error::{Error, Kind, Result};
use crate::ids::WorkspaceId;
use crate::store::Session;
use crate::text;

/// Numbers behind a key go up to here.
const HIGHEST: usize = 9999;

/// What stands before a number of so many digits, hyphen included, so that both are no longer than a key may be.
fn stem(first: &str, digits: usize) -> String {
    let room = text::KEY_MAX - digits - 1;
    format!("{}-", first.get(..room).unwrap_or(first).trim_end_matches('-'))
}

/// `north-sea-2`, `north-sea-3` and so on, none longer than a key may be.
fn numbered(first: &str) -> impl Iterator<Item = String> {
    (2..=HIGHEST).map(move |number| {
        let number = number.to_string();
        format!("{}{number}", stem(first, number.len()))
    })
}

/// The first of `north-sea-2`, `north-sea-3` and so on that is not among the `taken`.
pub(crate) fn free_number(first: &str, taken: &HashSet<String>) -> Result<String> {
    let exhausted = || Error::invalid("name", "exhausted", "no key is left for this name, give one");
    numbered(first).find(|key| !taken.contains(key)).ok_or_else(exhausted)
}

/// What the numbered keys of `first` begin with. One text, unless `first` is as long as a key may be.
pub(crate) fn stems(first: &str) -> Vec<String> {
    let mut stems: Vec<_> = (1..=4).map(|digits| stem(first, digits)).collect();
    stems.dedup();
    stems
}

/// Refuses a name (ignoring case) or key that another live workspace has.
pub(super) async fn require_free_name(
    session: &dyn Session,
    scope: &Writable<OrganizationScope>,
    name: &str,
    key: &str,
    but: Option<WorkspaceId>,
) -> Result<()> {
    let folded = text::fold(name);
    let rivals = session.workspaces_called(scope, &folded, key).await?;
    if rivals.iter().any(|rival| rival.folded_name == folded && Some(rival.id) != but) {
        return Err(name_taken(name));
    }
    if rivals.iter().any(|rival| rival.key == key && Some(rival.id) != but) {
        return Err(key_taken(key));
    }
    Ok(())
}

fn key_taken(key: &str) -> Error {
    Error::new(Kind::AlreadyExists, "workspace.key_taken", "there is a workspace of this key")
        .about("workspace", key)
}

fn name_taken(name: &str) -> Error {
    Error::new(Kind::AlreadyExists, "workspace.name_taken", "there is a workspace of this name")
        .about("workspace", name)
}

/// The wanted key, or the first free number of `first`. The name must be free too.
pub(super) async fn free_key(
    session: &dyn Session,
    scope: &Writable<OrganizationScope>,
    wanted: Option<&str>,
    first: &str,
    name: &str,
) -> Result<String> {
    let folded = text::fold(name);
    let key = wanted.unwrap_or(first);
    let rivals = session.workspaces_called(scope, &folded, key).await?;
    if rivals.iter().any(|rival| rival.folded_name == folded) {
        return Err(name_taken(name));
    }
    if rivals.is_empty() {
        return Ok(key.to_owned());
    }
    if wanted.is_some() {
        return Err(key_taken(key));
    }
    let mut taken = HashSet::new();
    for stem in stems(first) {
        taken.extend(session.workspace_keys_behind(scope, &stem).await?);
    }
    free_number(first, &taken)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{HIGHEST, free_number, numbered, stems};
    use crate::text;

    #[test]
    fn numbered_keys_stay_keys() {
        let keys: Vec<_> = numbered("north-sea").take(2).collect();
        assert_eq!(keys, ["north-sea-2", "north-sea-3"]);
        assert_eq!(stems("north-sea"), ["north-sea-"]);
        for longest in ["k".repeat(text::KEY_MAX), format!("{}----", "k".repeat(60)), "k".repeat(61)] {
            let stems = stems(&longest);
            let told = |key: &str| stems.iter().any(|stem| key.starts_with(stem.as_str()));
            assert!(numbered(&longest).all(|key| text::key("key", &key).is_ok() && told(&key)));
        }
    }

    #[test]
    fn gaps_are_filled_until_none_is_left() {
        let mut taken: HashSet<String> = numbered("k").collect();
        assert_eq!(taken.len(), HIGHEST - 1);
        assert!(free_number("k", &taken).is_err());
        for free in ["k-9999", "k-10", "k-2"] {
            taken.remove(free);
            assert_eq!(free_number("k", &taken).unwrap(), free);
        }
    }
}
