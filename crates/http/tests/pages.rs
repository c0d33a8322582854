//! Pages are answered again exactly as long as nothing has changed. The handler here counts how often it is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tenantry_core::authz::{OrganizationRef, View, WorkspaceRef};
use tenantry_core::filter::Filter;
use tenantry_core::grant::{Person, RoleName};
use tenantry_core::organization::OrganizationChange;
use tenantry_core::page::{Order, PageRequest, Start};
use tenantry_core::permission::BuiltinRole;
use tenantry_core::workspace::{Deleted, WorkspaceField, WorkspaceQuery};
use tenantry_core::{Error, Shower};
use tenantry_http::{
    Authenticated, Dialect, Limits, Refusal, Refused, Segments, Served, Stamp, bearer, enclose,
};
use tenantry_testkit::estate::target;
use tenantry_testkit::{Member, TestCore};
use tower::ServiceExt;

struct Small;

impl Dialect for Small {
    fn refuse(refusal: &Refusal) -> Response {
        let kind = match refusal {
            Refusal::Core(error) => format!("{:?}", error.kind),
            other => format!("{other:?}"),
        };
        (StatusCode::IM_A_TEAPOT, kind).into_response()
    }

    fn credential(headers: &HeaderMap) -> Result<Option<String>, Error> {
        bearer(headers)
    }
}

static MADE: AtomicU64 = AtomicU64::new(0);

/// A list whose answer tells its number, the first workspace, and the name of the organization.
async fn list(
    who: Authenticated<Small>,
    State(served): State<Served>,
    Segments([organization]): Segments<1>,
) -> Result<(Stamp, String), Refused<Small>> {
    let query = WorkspaceQuery {
        view: View::Both,
        deleted: Deleted::Hide,
        filter: Filter::All,
        page: PageRequest {
            order: vec![Order::ascending(WorkspaceField::Name)],
            start: Start::Beginning,
            limit: 1,
        },
        count: false,
    };
    let list = served.core.list_workspaces(&who.caller, OrganizationRef::parse(&organization), query).await?;
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let first = list.page.items.first().map_or("none", |seen| &*seen.workspace.name);
    let text = format!("{number} {first} {}", list.organization.name);
    Ok((Stamp::new(&who.caller, list.organization.id, list.version), text))
}

/// A server over a core.
struct Server(Router);

impl Server {
    fn over(core: &TestCore) -> Self {
        Self::with(core, Limits::default())
    }

    fn with(core: &TestCore, limits: Limits) -> Self {
        let served = Served::new(core.shared(), "https://tenantry.example", limits);
        Self(enclose::<Small>(Router::new().route("/{organization}/list", get(list)), served))
    }

    async fn get(&self, who: &Member, path: &str) -> String {
        let request = Request::get(path).header("authorization", format!("Bearer {}", who.token));
        let response = self.0.clone().oneshot(request.body(Body::empty()).expect("a request")).await;
        let response = response.expect("the router answers");
        let body = to_bytes(response.into_body(), usize::MAX).await.expect("the whole body");
        String::from_utf8(body.to_vec()).expect("text")
    }

    /// Asks twice: the second answer is the first one again.
    async fn warm(&self, who: &Member, path: &str) -> String {
        let answer = self.get(who, path).await;
        assert_eq!(self.get(who, path).await, answer, "a page is remembered");
        answer
    }
}

/// Makes somebody a viewer of a workspace.
async fn share(core: &TestCore, owner: &Member, target: (OrganizationRef, WorkspaceRef), with: &Member) {
    let viewer = vec![RoleName::Builtin(BuiltinRole::WorkspaceViewer)];
    let added = core.add_user(&owner.caller, target, Person::Id(with.id()), viewer).await;
    added.expect("the owner may");
}

async fn both() -> [TestCore; 2] {
    [TestCore::sqlite().await, TestCore::postgres().await]
}

#[tokio::test]
async fn a_page_is_answered_again_until_something_changes() {
    for core in both().await {
        let root = core.root().await;
        let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
        let org = core.organization(&ann, "Org").await;
        let other = core.organization(&ann, "Other").await;
        let by = || OrganizationRef::Id(org.id);
        let m = core.workspace(&ann, org.id, "m").await;
        let server = Server::over(&core);
        let path = format!("/{}/list", org.id);

        let first = server.warm(&ann, &path).await;
        assert!(first.ends_with("m Org"), "{first}");
        core.workspace(&ann, other.id, "elsewhere").await;
        assert_eq!(server.get(&ann, &path).await, first, "a change elsewhere changes nothing here");
        assert_ne!(server.get(&ann, &format!("{path}?page=2")).await, first, "another query is another page");
        assert_ne!(server.get(&root, &path).await, first, "another principal gets a page of its own");
        assert_eq!(server.get(&bob, &path).await, "Hidden", "and a stranger none");

        core.workspace(&ann, org.id, "a").await;
        let second = server.warm(&ann, &path).await;
        assert!(second.ends_with("a Org"), "{second}");

        core.add_organization_user(&root.caller, by(), bob.id(), BuiltinRole::OrganizationMember)
            .await
            .unwrap();
        assert!(server.warm(&bob, &path).await.ends_with("none Org"));
        share(&core, &ann, target(org.id, m.id), &bob).await;
        assert!(server.warm(&bob, &path).await.ends_with("m Org"));
        core.remove_workspace_user(&ann.caller, target(org.id, m.id), bob.id(), None).await.unwrap();
        assert!(server.get(&bob, &path).await.ends_with("none Org"), "who is removed sees it no longer");

        let renamed = OrganizationChange { name: Some("Renamed".into()), ..OrganizationChange::default() };
        core.update_organization(&ann.caller, by(), renamed).await.unwrap();
        assert!(server.get(&ann, &path).await.ends_with("a Renamed"));
    }
}

#[tokio::test]
async fn a_page_belongs_to_the_organization_that_has_the_name() {
    for core in both().await {
        let root = core.root().await;
        let ann = core.user(&root, "ann").await;
        let (first, second) =
            (core.organization(&ann, "First").await, core.organization(&ann, "Second").await);
        core.workspace(&ann, first.id, "one").await;
        core.workspace(&ann, second.id, "two").await;
        let server = Server::over(&core);
        assert!(server.warm(&ann, "/First/list").await.ends_with("one First"));
        assert!(server.warm(&ann, "/Second/list").await.ends_with("two Second"));
        core.delete_organization(&ann.caller, OrganizationRef::Id(first.id), None, true).await.unwrap();
        assert_eq!(server.get(&ann, "/First/list").await, "Hidden");
        let change = OrganizationChange { name: Some("First".into()), ..OrganizationChange::default() };
        core.update_organization(&ann.caller, OrganizationRef::Id(second.id), change).await.unwrap();
        assert!(server.warm(&ann, "/First/list").await.ends_with("two First"));
        assert_eq!(server.get(&ann, "/Second/list").await, "Hidden");
        assert!(server.get(&ann, "/second/list").await.ends_with("two First"), "its key is what it was");
    }
}

#[tokio::test]
async fn the_credential_is_judged_every_time() {
    for core in both().await {
        let root = core.root().await;
        let ann = core.user(&root, "ann").await;
        let org = core.organization(&ann, "Org").await;
        let server = Server::over(&core);
        let path = format!("/{}/list", org.id);
        let page = server.warm(&ann, &path).await;

        core.set_suspended(&root.caller, ann.id(), true).await.unwrap();
        assert_eq!(server.get(&ann, &path).await, "Unauthenticated");
        core.set_suspended(&root.caller, ann.id(), false).await.unwrap();
        assert_ne!(server.warm(&ann, &path).await, page, "what was answered before counts as old");

        // Lists tell of owners whether they are active.
        let seen = server.warm(&root, &path).await;
        core.set_suspended(&root.caller, ann.id(), true).await.unwrap();
        assert_ne!(server.get(&root, &path).await, seen, "what shows a suspended person counts as old too");
        core.set_suspended(&root.caller, ann.id(), false).await.unwrap();

        let access = core.exchange_bearer(&ann.token, Shower::default()).await.unwrap();
        let short = core.member(access.secret.expose()).await;
        assert_eq!(
            server.get(&short, &path).await,
            server.get(&ann, &path).await,
            "another credential of the same person, as wide, shares the page"
        );
        core.clock().advance_seconds(core.settings().access_token_seconds);
        assert_eq!(server.get(&short, &path).await, "Unauthenticated", "it has expired");

        core.revoke_own_credential(&ann.caller, ann.caller.credential).await.unwrap();
        assert_eq!(server.get(&ann, &path).await, "Unauthenticated");
        let nobody = Member { token: "nonsense".into(), ..ann.clone() };
        assert_eq!(server.get(&nobody, &path).await, "Unauthenticated");
    }
}

#[tokio::test]
async fn a_page_lives_an_hour_and_only_where_there_is_room() {
    let core = TestCore::sqlite().await;
    let root = core.root().await;
    let org = core.organization(&root, "Org").await;
    let path = format!("/{}/list", org.id);
    let server = Server::over(&core);
    let page = server.warm(&root, &path).await;
    core.clock().advance_seconds(60 * 60 - 1);
    assert_eq!(server.get(&root, &path).await, page);
    core.clock().advance_seconds(1);
    assert_ne!(server.get(&root, &path).await, page);

    let forgetful = Server::with(&core, Limits { page_bytes: 0, ..Limits::default() });
    assert_ne!(forgetful.get(&root, &path).await, forgetful.get(&root, &path).await);
}

/// What holds for one server holds for two over one database: neither is told what the other changed.
#[tokio::test]
async fn no_replica_shows_what_another_has_changed() {
    let here = TestCore::postgres().await;
    let there = here.replica(1).await;
    let root = here.root().await;
    let (ann, bob) = (here.user(&root, "ann").await, here.user(&root, "bob").await);
    let org = here.organization(&ann, "Org").await;
    let by = || OrganizationRef::Id(org.id);
    here.add_organization_user(&root.caller, by(), bob.id(), BuiltinRole::OrganizationMember).await.unwrap();
    let m = here.workspace(&ann, org.id, "m").await;
    share(&here, &ann, target(org.id, m.id), &bob).await;
    let servers = [Server::over(&here), Server::over(&there)];
    let path = format!("/{}/list", org.id);
    for server in &servers {
        server.warm(&bob, &path).await;
        server.warm(&ann, &path).await;
    }
    here.workspace(&ann, org.id, "a").await;
    assert!(servers[1].warm(&ann, &path).await.ends_with("a Org"));
    assert!(servers[0].warm(&bob, &path).await.ends_with("m Org"));
    there.remove_workspace_user(&ann.caller, target(org.id, m.id), bob.id(), None).await.unwrap();
    assert!(servers[0].get(&bob, &path).await.ends_with("none Org"));
    there.set_suspended(&root.caller, ann.id(), true).await.unwrap();
    assert_eq!(servers[0].get(&ann, &path).await, "Unauthenticated");
}

/// A hundred writers and readers: whoever reads after a write was acknowledged sees it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acknowledged_change_shows_in_the_next_answer() {
    for core in both().await {
        let root = core.root().await;
        let org = core.organization(&root, "Org").await;
        let server = Arc::new(Server::over(&core));
        let path = Arc::new(format!("/{}/list", org.id));
        let reading = {
            let (server, path, root) = (Arc::clone(&server), Arc::clone(&path), root.clone());
            tokio::spawn(async move {
                loop {
                    server.get(&root, &path).await;
                    tokio::task::yield_now().await;
                }
            })
        };
        for number in (0..50).rev() {
            // Each comes before all others by name.
            let name = format!("{number:03}");
            core.workspace(&root, org.id, &name).await;
            let answer = server.get(&root, &path).await;
            assert!(answer.contains(&format!(" {name} ")), "{name}: {answer}");
        }
        reading.abort();
    }
}
