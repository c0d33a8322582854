//! Places in long lists. Dialects with offsets or page numbers jump; counting rows from the first one each time would
//! make the last page of a list the dearest. So the place of every hundredth row that a jump came by is remembered, and
//! how many rows there are in all, for as long as the list stays as it is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use moka::sync::Cache;

use super::{Deleted, WorkspaceField, WorkspaceQuery};
use crate::authz::{OrganizationScope, View};
use crate::caller::{Caller, Narrowing};
use crate::error::Result;
use crate::filter::Filter;
use crate::ids::{OrganizationId, PrincipalId};
use crate::page::{Cursor, Order, Page, PageRequest, Start};
use crate::store::Session;
use crate::workspace::SeenWorkspace;

/// How far apart anchors are, in rows.
const SPACING: u64 = 100;
/// How much is remembered at most, in bytes, as far as they can be guessed.
const CAPACITY: u64 = 16 * 1024 * 1024;
const LIST_BYTES: usize = 512;
const ANCHOR_BYTES: usize = 160;

/// One list: everything that decides which rows it has, and in which order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct List {
    organization: OrganizationId,
    principal: PrincipalId,
    narrowing: Narrowing,
    view: View,
    deleted: Deleted,
    filter: Filter<WorkspaceField>,
    order: Vec<Order<WorkspaceField>>,
}

/// What is known of a list as it was at one version.
struct Known {
    version: (i64, i64),
    noted: Mutex<Noted>,
}

#[derive(Default)]
struct Noted {
    total: Option<u64>,
    /// By how many rows come before: the place of the last one of them.
    anchors: BTreeMap<u64, Cursor>,
}

impl Known {
    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the server remembers of lists.
pub(crate) struct Anchors(Cache<List, Arc<Known>>);

impl Default for Anchors {
    fn default() -> Self {
        let bytes = |list: &List, known: &Arc<Known>| {
            // A filter may be as long as a request; written out it is about as long as it is in memory.
            let key = LIST_BYTES + format!("{list:?}").len();
            u32::try_from(key + ANCHOR_BYTES * known.noted().anchors.len()).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(CAPACITY).weigher(bytes).build())
    }
}

impl Anchors {
    /// The list of this query as the scope shows it.
    pub(super) fn list(
        &self,
        caller: &Caller,
        scope: &OrganizationScope,
        query: &WorkspaceQuery,
    ) -> Walk<'_> {
        let list = List {
            organization: scope.organization(),
            principal: caller.principal,
            narrowing: caller.narrowing.clone(),
            view: query.view,
            deleted: query.deleted,
            filter: query.filter.clone(),
            order: query.page.order.clone(),
        };
        let version = (scope.version(), caller.auth_version);
        let known = self.0.get(&list).filter(|known| known.version == version);
        let known = known.unwrap_or_else(|| Arc::new(Known { version, noted: Mutex::default() }));
        Walk { anchors: self, list, known }
    }
}

/// A list on its way to a page.
pub(super) struct Walk<'a> {
    anchors: &'a Anchors,
    list: List,
    known: Arc<Known>,
}

impl Walk<'_> {
    /// How many rows there are in all.
    pub(super) async fn total(&self, session: &dyn Session, scope: &OrganizationScope) -> Result<u64> {
        let known = self.known.noted().total;
        if let Some(total) = known {
            return Ok(total);
        }
        let total = session.count_workspaces(scope, self.list.deleted, &self.list.filter).await?;
        self.known.noted().total = Some(total);
        self.remember();
        Ok(total)
    }

    /// The page, entered from the last anchor before it.
    pub(super) async fn page(
        &self,
        session: &dyn Session,
        scope: &OrganizationScope,
        page: &PageRequest<WorkspaceField>,
    ) -> Result<Page<SeenWorkspace>> {
        let page_from = |start, limit| PageRequest { order: page.order.clone(), start, limit };
        let (deleted, filter) = (self.list.deleted, &self.list.filter);
        let Start::Skip { from: None, rows } = page.start else {
            return session.list_workspaces(scope, deleted, filter, page).await;
        };
        let total = self.known.noted().total;
        if total.is_some_and(|total| rows >= total) {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let anchor = rows - rows % SPACING;
        let (mut passed, mut place) = self.nearest(anchor);
        if passed < anchor {
            // The row before the anchor tells its place.
            let skip = Start::Skip { from: place, rows: anchor - passed - 1 };
            let before = session.list_workspaces(scope, deleted, filter, &page_from(skip, 1)).await?;
            let Some(last) = before.items.last() else {
                return Ok(Page { items: Vec::new(), next: None });
            };
            let found = last.cursor(&page.order);
            self.known.noted().anchors.insert(anchor, found.clone());
            self.remember();
            (passed, place) = (anchor, Some(found));
        }
        let start = match (rows - passed, place) {
            (0, Some(place)) => Start::After(place),
            (0, None) => Start::Beginning,
            (rows, from) => Start::Skip { from, rows },
        };
        session.list_workspaces(scope, deleted, filter, &page_from(start, page.limit)).await
    }

    /// The last known place with at most this many rows before it.
    fn nearest(&self, rows: u64) -> (u64, Option<Cursor>) {
        let noted = self.known.noted();
        let nearest = noted.anchors.range(..=rows).next_back();
        nearest.map_or((0, None), |(passed, place)| (*passed, Some(place.clone())))
    }

    fn remember(&self) {
        self.anchors.0.insert(self.list.clone(), Arc::clone(&self.known));
    }
}
