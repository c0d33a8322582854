//! The question that a page answers.

use sha2::{Digest, Sha256};

use crate::filter::Filter;
use crate::order::{self, OrderKey};

/// A fingerprint of everything that must stay the same from page to page. `page_size` may change and is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    digest: [u8; 32],
}

impl Binding {
    /// `method` names the list, `parents` the collection it lists from; `order` is the order in effect, default included.
    ///
    /// A blank filter counts as an absent one (pass [`Filter::default`] for a list without filters), and so does
    /// `show_deleted=false`.
    pub fn new(
        method: &str,
        parents: &[&str],
        filter: &Filter,
        order: &[OrderKey],
        show_deleted: bool,
    ) -> Self {
        let mut hash = Sha256::new();
        add(&mut hash, method);
        hash.update(length(parents.len()));
        for parent in parents {
            add(&mut hash, parent);
        }
        add(&mut hash, &filter.to_string());
        add(&mut hash, &order::normal_form(order));
        hash.update([u8::from(show_deleted)]);
        Self { digest: hash.finalize().into() }
    }

    pub(super) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }
}

/// Each part goes in behind its length, so that no two lists of parts hash alike.
fn add(hash: &mut Sha256, part: &str) {
    hash.update(length(part.len()));
    hash.update(part);
}

fn length(length: usize) -> [u8; 8] {
    u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes()
}
