//! What the servers of workspaces count.

use tenantry_core::authz::{OrganizationRef, View};
use tenantry_core::caller::Caller;
use tenantry_core::ids::{OrganizationId, WorkspaceId};
use tenantry_core::usage::UsageEvent;
use tenantry_core::workspace::WorkspaceChange;
use tenantry_core::{Result, Shower};
use tenantry_testkit::estate::target;
use tenantry_testkit::{Member, TestCore};

use crate::asking::called;

on_both_engines!(
    usage_of_a_deleted_workspace_counts_when_it_is_restored,
    an_event_that_comes_twice_counts_once,
    another_step_of_the_same_thing_is_another_event,
    events_at_once_lose_nothing,
    who_changes_a_workspace_is_not_outrun_by_counts,
);

struct Scene {
    core: TestCore,
    ann: Member,
    org: OrganizationId,
    workspace: WorkspaceId,
    server: Caller,
}

impl Scene {
    async fn new(core: TestCore) -> Self {
        let root = core.root().await;
        let ann = core.user(&root, "ann").await;
        let org = core.organization(&ann, "Org").await.id;
        let by = OrganizationRef::Id(org);
        let enrolled = core.enroll_workspace(&ann.caller, by, called("W")).await.unwrap();
        let workspace = enrolled.detail.seen.workspace.id;
        let key = enrolled.key.expose();
        let token = core.sign_in_client(&workspace.to_string(), key, Shower::default()).await.unwrap().secret;
        let server = core.authenticate(token.expose()).await.unwrap();
        Self { core, ann, org, workspace, server }
    }

    fn event(&self, step: i64) -> UsageEvent {
        UsageEvent { organization: self.org, feature: "pipeline".to_owned(), step, resource: None }
    }

    /// Of one pipeline.
    fn event_of(&self, resource: &str, step: i64) -> UsageEvent {
        UsageEvent { resource: Some(resource.to_owned()), ..self.event(step) }
    }

    async fn count(&self, events: Vec<UsageEvent>) -> Result<()> {
        self.core.count_usage(&self.server, events).await
    }

    async fn total_of(&self, feature: &str) -> i64 {
        let by = OrganizationRef::Id(self.org);
        self.core.get_usage(&self.ann.caller, by, feature).await.unwrap().total
    }

    /// How many pipelines the organization has, as its list of usage and the question for one feature tell alike.
    async fn total(&self) -> i64 {
        let one = self.total_of("pipeline").await;
        let all = self.core.list_usage(&self.ann.caller, OrganizationRef::Id(self.org)).await.unwrap();
        assert_eq!(all.iter().map(|used| used.total).sum::<i64>(), one);
        one
    }
}

async fn usage_of_a_deleted_workspace_counts_when_it_is_restored(core: TestCore) {
    let scene = Scene::new(core).await;
    scene.count(vec![scene.event(3)]).await.unwrap();
    assert_eq!(scene.total().await, 3);
    let (core, by) = (&scene.core, &scene.ann.caller);
    let at = || target(scene.org, scene.workspace);
    core.delete_workspace(by, at(), None, true).await.unwrap();
    assert_eq!(scene.total().await, 0);
    core.undelete_workspace(by, at(), None, None).await.unwrap();
    assert_eq!(scene.total().await, 3);
}

async fn an_event_that_comes_twice_counts_once(core: TestCore) {
    let scene = Scene::new(core).await;
    for _ in 0..3 {
        scene
            .count(vec![scene.event_of("a", 1), scene.event_of("b", 1), scene.event_of("a", 1)])
            .await
            .unwrap();
    }
    assert_eq!(scene.total().await, 2);
    for _ in 0..2 {
        scene.count(vec![scene.event_of("a", -1)]).await.unwrap();
    }
    assert_eq!(scene.total().await, 1);
    // Another feature is another thing, and what is refused is not remembered.
    let other = UsageEvent { feature: "run".to_owned(), ..scene.event_of("a", 1) };
    let elsewhere = UsageEvent { organization: OrganizationId::SERVER, ..scene.event_of("c", 1) };
    scene.count(vec![scene.event_of("c", 1), elsewhere]).await.unwrap_err();
    scene.count(vec![other, scene.event_of("c", 1)]).await.unwrap();
    assert_eq!(scene.total_of("pipeline").await, 2);
    assert_eq!(scene.total_of("run").await, 1);
    // What is older than a day is forgotten, whether or not it was swept.
    let day = 24 * 60 * 60;
    scene.core.clock().advance_seconds(day - 1);
    assert_eq!(scene.core.forget_usage().await.unwrap(), 0);
    scene.count(vec![scene.event_of("b", 1)]).await.unwrap();
    assert_eq!(scene.total_of("pipeline").await, 2);
    scene.core.clock().advance_seconds(1);
    scene.count(vec![scene.event_of("b", 1)]).await.unwrap();
    assert_eq!(scene.total_of("pipeline").await, 3);
    scene.core.clock().advance_seconds(day);
    assert!(scene.core.forget_usage().await.unwrap() > 0);
    assert_eq!(scene.core.sql("SELECT COUNT(*) FROM usage_events"), "0");
}

async fn another_step_of_the_same_thing_is_another_event(core: TestCore) {
    let scene = Scene::new(core).await;
    for (step, total) in [(2, 2), (3, 5), (2, 5), (-2, 3), (-2, 3), (2, 5), (-1, 4), (1, 5), (1, 5)] {
        scene.count(vec![scene.event_of("q", step)]).await.unwrap();
        assert_eq!(scene.total().await, total, "{step}");
    }
    // What was undone is one thing, not another that is called alike elsewhere.
    scene.count(vec![scene.event_of("r", -1), scene.event_of("q", 1)]).await.unwrap();
    assert_eq!(scene.total().await, 4);
}

/// Some of them the same one, sent again while the first is under way.
async fn events_at_once_lose_nothing(core: TestCore) {
    let scene = Scene::new(core).await;
    let of_each: Vec<_> =
        (0..24).map(|at| vec![scene.event(1), scene.event_of(&format!("r{}", at / 2), 1)]).collect();
    let counted = futures_util::future::join_all(of_each.into_iter().map(|events| scene.count(events))).await;
    assert!(counted.iter().all(Result::is_ok), "{counted:?}");
    assert_eq!(scene.total().await, 24 + 12);
}

async fn who_changes_a_workspace_is_not_outrun_by_counts(core: TestCore) {
    let scene = Scene::new(core).await;
    let (core, by) = (&scene.core, &scene.ann.caller);
    let at = || target(scene.org, scene.workspace);
    let seen = core.get_workspace(by, at(), View::Both).await.unwrap().seen.workspace;
    scene.count(vec![scene.event(2)]).await.unwrap();
    let change = WorkspaceChange {
        name: Some("Reservoirs".to_owned()),
        expected_version: Some(seen.version.into()),
        ..WorkspaceChange::default()
    };
    let changed = core.update_workspace(by, at(), change).await.unwrap().seen.workspace;
    assert_eq!((changed.version, changed.details.usage["pipeline"]), (seen.version + 1, 2));
}
