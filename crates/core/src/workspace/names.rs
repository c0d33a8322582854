//! Free names and keys: unique among the live workspaces of an organization, which the caller holds locked.

use crate::authz::{OrganizationScope, Writable};
use crate::error::{Error, Kind, Result};
use crate::ids::WorkspaceId;
use crate::store::Session;
use crate::text;

/// `north-sea`, `north-sea-2`, `north-sea-3` and so on, none longer than a key may be.
pub(crate) fn numbered(first: &str) -> impl Iterator<Item = String> {
    let first = first.to_owned();
    std::iter::once(first.clone()).chain((2..10_000).map(move |number| {
        let number = format!("-{number}");
        let room = text::KEY_MAX - number.len();
        let shortened = first.get(..room).unwrap_or(&first).trim_end_matches('-');
        format!("{shortened}{number}")
    }))
}

/// Refuses a name that another live workspace has, ignoring case.
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
        return Err(Error::new(
            Kind::AlreadyExists,
            "workspace.name_taken",
            "there is a workspace of this name",
        ));
    }
    Ok(())
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
    for key in numbered(wanted.unwrap_or(first)) {
        let rivals = session.workspaces_called(scope, &folded, &key).await?;
        if rivals.iter().any(|rival| rival.folded_name == folded) {
            return Err(Error::new(
                Kind::AlreadyExists,
                "workspace.name_taken",
                "there is a workspace of this name",
            ));
        }
        if rivals.is_empty() {
            return Ok(key);
        }
        if wanted.is_some() {
            return Err(Error::new(
                Kind::AlreadyExists,
                "workspace.key_taken",
                "there is a workspace of this key",
            ));
        }
    }
    Err(Error::invalid("name", "exhausted", "no key is left for this name, give one"))
}

#[cfg(test)]
mod tests {
    use super::numbered;
    use crate::text;

    #[test]
    fn numbered_keys_stay_keys() {
        let keys: Vec<_> = numbered("north-sea").take(3).collect();
        assert_eq!(keys, ["north-sea", "north-sea-2", "north-sea-3"]);
        for longest in ["k".repeat(text::KEY_MAX), format!("{}----", "k".repeat(60))] {
            assert!(numbered(&longest).all(|key| text::key("key", &key).is_ok()));
        }
    }
}
