//! Pages walked by cursor while rows come and go: a row that is there throughout appears exactly once, none twice.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tenantry_core::authz::{OrganizationRef, View};
use tenantry_core::ids::{OrganizationId, WorkspaceId};
use tenantry_core::page::{Order, Page, PageRequest, Start};
use tenantry_core::permission::BuiltinRole;
use tenantry_core::workspace::{SeenWorkspace, WorkspaceField, WorkspaceQuery};
use tenantry_testkit::estate::target;
use tenantry_testkit::{Member, TestCore};

use crate::asking::every_workspace;

/// Every field that sorts, both ways, alone and before another.
fn orders() -> Vec<Vec<Order<WorkspaceField>>> {
    use WorkspaceField::{CreatedAt, DefaultFirst, Name, OwnRole, UpdatedAt};
    let (up, down) = (Order::<WorkspaceField>::ascending, Order::<WorkspaceField>::descending);
    vec![
        vec![up(Name)],
        vec![down(Name)],
        vec![up(CreatedAt)],
        vec![down(CreatedAt)],
        vec![up(UpdatedAt)],
        vec![down(UpdatedAt)],
        vec![up(DefaultFirst), up(CreatedAt)],
        vec![down(DefaultFirst), down(CreatedAt)],
        vec![up(OwnRole), down(Name)],
        vec![down(OwnRole), up(CreatedAt)],
    ]
}

/// What happens between two pages.
#[derive(Clone, Debug)]
enum Step {
    /// A workspace is made; its name begins with this letter, and its owner is the reader or somebody else.
    Make(u8, bool),
    /// The n-th of those that are there is deleted.
    Delete(usize),
}

#[derive(Clone, Debug)]
struct Walk {
    order: usize,
    view: View,
    limit: usize,
    before: Vec<(u8, bool, bool)>,
    between: Vec<Vec<Step>>,
}

fn walks() -> impl Strategy<Value = Walk> {
    let step = prop_oneof![
        (b'a'..=b'z', any::<bool>()).prop_map(|(letter, own)| Step::Make(letter, own)),
        (0..64usize).prop_map(Step::Delete),
    ];
    let view = prop_oneof![Just(View::OwnRoles), Just(View::Administered), Just(View::Both)];
    let before = prop::collection::vec((b'a'..=b'z', any::<bool>(), any::<bool>()), 0..14);
    let between = prop::collection::vec(prop::collection::vec(step, 0..4), 0..12);
    (0..orders().len(), view, 1..=5usize, before, between)
        .prop_map(|(order, view, limit, before, between)| Walk { order, view, limit, before, between })
}

/// One organization of its own for each walk: Ann owns it, Bob is a member.
struct Ground<'a> {
    core: &'a TestCore,
    ann: &'a Member,
    bob: &'a Member,
    org: OrganizationId,
    made: u32,
    there: Vec<(WorkspaceId, bool)>,
}

impl Ground<'_> {
    async fn make(&mut self, letter: u8, own: bool) {
        self.made += 1;
        let name = format!("{}{}", char::from(letter), self.made);
        let owner = if own { self.ann } else { self.bob };
        let made = self.core.workspace(owner, self.org, &name).await;
        self.there.push((made.id, own));
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Make(letter, own) => self.make(*letter, *own).await,
            Step::Delete(place) if !self.there.is_empty() => {
                let (gone, _) = self.there.remove(place % self.there.len());
                let by = target(self.org, gone);
                self.core.delete_workspace(&self.ann.caller, by, None, true).await.unwrap();
            }
            Step::Delete(_) => {}
        }
    }

    fn shown(&self, view: View) -> HashSet<WorkspaceId> {
        let shown = self.there.iter().filter(|(_, own)| *own || view != View::OwnRoles);
        shown.map(|(id, _)| *id).collect()
    }

    async fn page(&self, walk: &Walk, start: Start, limit: usize) -> Page<SeenWorkspace> {
        let page = PageRequest { order: orders()[walk.order].clone(), start, limit };
        let query = WorkspaceQuery { view: walk.view, page, ..every_workspace() };
        let list = self.core.list_workspaces(&self.ann.caller, OrganizationRef::Id(self.org), query).await;
        list.unwrap().page
    }
}

async fn walk(ground: &mut Ground<'_>, walk: &Walk) {
    for (letter, own, later) in &walk.before {
        // Rows of one moment are parted by their ids only.
        ground.core.clock().advance_seconds(i64::from(*later));
        ground.make(*letter, *own).await;
    }
    let mut throughout = ground.shown(walk.view);
    let mut seen: HashMap<WorkspaceId, u32> = HashMap::new();
    let mut start = Start::Beginning;
    let mut between = walk.between.iter();
    loop {
        let page = ground.page(walk, start, walk.limit).await;
        assert!(page.items.len() <= walk.limit);
        for row in &page.items {
            *seen.entry(row.workspace.id).or_default() += 1;
        }
        let Some(next) = page.next else { break };
        for step in between.next().into_iter().flatten() {
            ground.step(step).await;
        }
        let now = ground.shown(walk.view);
        throughout.retain(|id| now.contains(id));
        start = Start::After(next);
    }
    assert!(seen.values().all(|times| *times == 1), "a row came twice");
    assert!(throughout.iter().all(|id| seen.contains_key(id)), "a row was lost");

    // Skipping rows from the first one or from a known place comes to the same.
    let all = ground.page(walk, Start::Beginning, 1000).await;
    let ids = |page: &Page<SeenWorkspace>| page.items.iter().map(|row| row.workspace.id).collect::<Vec<_>>();
    let whole = ids(&all);
    assert_eq!(whole.iter().copied().collect::<HashSet<_>>(), ground.shown(walk.view));
    for rows in 0..=whole.len() {
        let expected = &whole[rows..whole.len().min(rows + walk.limit)];
        let skip = Start::Skip { from: None, rows: rows as u64 };
        let page = ground.page(walk, skip, walk.limit).await;
        assert_eq!(ids(&page), expected);
        assert_eq!(page.next.is_some(), rows + walk.limit < whole.len());
        if let Some(middle) = rows.checked_sub(1) {
            let from = Some(all.items[middle / 2].cursor(&orders()[walk.order]));
            let skip = Start::Skip { from, rows: (middle - middle / 2) as u64 };
            assert_eq!(ids(&ground.page(walk, skip, walk.limit).await), expected);
        }
    }
}

fn hold(open: impl Future<Output = TestCore>, cases: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (core, root, ann, bob) = runtime.block_on(async {
        let core = open.await;
        let root = core.root().await;
        let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
        (core, root, ann, bob)
    });
    let number = AtomicU32::new(0);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&walks(), |plan| {
        runtime.block_on(async {
            let name = format!("Org {}", number.fetch_add(1, Ordering::Relaxed));
            let org = core.organization(&ann, &name).await.id;
            let member = BuiltinRole::OrganizationMember;
            core.add_organization_user(&root.caller, OrganizationRef::Id(org), bob.id(), member)
                .await
                .unwrap();
            let mut ground = Ground { core: &core, ann: &ann, bob: &bob, org, made: 0, there: vec![] };
            walk(&mut ground, &plan).await;
        });
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn pages_lose_and_repeat_nothing_on_sqlite() {
    hold(TestCore::sqlite(), 100);
}

#[test]
fn pages_lose_and_repeat_nothing_on_postgres() {
    hold(TestCore::postgres(), 30);
}
