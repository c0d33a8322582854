//! What the servers of workspaces count.

use tenantry_core::Result;
use tenantry_core::authz::OrganizationRef;
use tenantry_core::caller::Caller;
use tenantry_core::ids::{OrganizationId, WorkspaceId};
use tenantry_core::usage::UsageEvent;
use tenantry_testkit::estate::target;
use tenantry_testkit::{Member, TestCore};

use crate::asking::called;

on_both_engines!(usage_of_a_deleted_workspace_counts_when_it_is_restored);

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
        let token = core.sign_in_client(&workspace.to_string(), key, None).await.unwrap().secret;
        let server = core.authenticate(token.expose()).await.unwrap();
        Self { core, ann, org, workspace, server }
    }

    fn event(&self, step: i64) -> UsageEvent {
        UsageEvent { organization: self.org, feature: "pipeline".to_owned(), step }
    }

    async fn count(&self, events: Vec<UsageEvent>) -> Result<()> {
        self.core.count_usage(&self.server, events).await
    }

    /// How many pipelines the organization has, as its list of usage and the question for one feature tell alike.
    async fn total(&self) -> i64 {
        let by = || OrganizationRef::Id(self.org);
        let one = self.core.get_usage(&self.ann.caller, by(), "pipeline").await.unwrap();
        let all = self.core.list_usage(&self.ann.caller, by()).await.unwrap();
        assert_eq!(all.iter().map(|used| used.total).sum::<i64>(), one.total);
        one.total
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
