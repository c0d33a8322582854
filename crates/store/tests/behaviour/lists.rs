//! Lists of workspaces: what is shown to whom, every order, every filter.

use tenantry_core::authz::{OrganizationRef, View};
use tenantry_core::error::Kind;
use tenantry_core::filter::{Comparison, Filter, Test};
use tenantry_core::ids::OrganizationId;
use tenantry_core::organization::{DefaultWorkspaces, NewOrganization};
use tenantry_core::page::Order;
use tenantry_core::permission::{BuiltinRole, Permission, PermissionSet};
use tenantry_core::workspace::{State, StatusReport, WorkspaceField, WorkspaceQuery};
use tenantry_testkit::estate::target;
use tenantry_testkit::{Member, TestCore};

use crate::asking::{every_workspace, first_page, kind, names};

on_both_engines!(
    views_differ,
    credentials_narrow_lists,
    names_sort_by_code_point,
    orders_are_kept,
    texts_are_matched_literally,
    fields_filter,
    totals_count_what_is_shown,
    many_are_listed_as_few_are,
);

async fn views_differ(core: TestCore) {
    let root = core.root().await;
    let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
    let org = core.organization(&ann, "Org").await.id;
    let by = || OrganizationRef::Id(org);
    core.add_organization_user(&root.caller, by(), bob.id(), BuiltinRole::OrganizationMember).await.unwrap();
    core.workspace(&ann, org, "anns").await;
    core.workspace(&bob, org, "bobs").await;
    core.workspace(&root, org, "roots").await;
    let seen = async |who: &Member, view| {
        let list =
            core.list_workspaces(&who.caller, by(), WorkspaceQuery { view, ..every_workspace() }).await;
        list.map(|list| list.page.items.into_iter().map(|w| w.workspace.name).collect::<Vec<_>>())
    };
    let all = ["anns", "bobs", "roots"];
    assert_eq!(seen(&ann, View::OwnRoles).await.unwrap(), ["anns"]);
    assert_eq!(seen(&ann, View::Administered).await.unwrap(), all);
    assert_eq!(seen(&ann, View::Both).await.unwrap(), all);
    assert_eq!(seen(&bob, View::OwnRoles).await.unwrap(), ["bobs"]);
    assert_eq!(seen(&bob, View::Both).await.unwrap(), ["bobs"]);
    assert_eq!(
        kind(seen(&bob, View::Administered).await),
        Kind::Forbidden,
        "a role of his own administers nothing"
    );
    assert_eq!(seen(&root, View::OwnRoles).await.unwrap(), ["roots"]);
    assert_eq!(seen(&root, View::Administered).await.unwrap(), all);
}

async fn credentials_narrow_lists(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let org = core.organization(&ann, "Org").await.id;
    let other = core.organization(&ann, "Other").await.id;
    core.workspace(&ann, org, "one").await;
    let two = core.workspace(&ann, org, "two").await;

    let mut narrow = ann.clone();
    narrow.caller.narrowing.workspaces = Some(vec![two.id]);
    assert_eq!(names(&core, &narrow, org, every_workspace()).await, ["two"]);
    narrow.caller.narrowing.workspaces = Some(vec![]);
    assert_eq!(names(&core, &narrow, org, every_workspace()).await, [""; 0]);
    let get = core.get_workspace(&narrow.caller, target(org, two.id), View::Both).await;
    assert_eq!(kind(get), Kind::Hidden);

    let mut blind = ann.clone();
    blind.caller.narrowing.permissions = Some(PermissionSet::of(&[Permission::CreateWorkspace]));
    for view in [View::OwnRoles, View::Administered, View::Both] {
        let query = WorkspaceQuery { view, ..every_workspace() };
        let list = core.list_workspaces(&blind.caller, OrganizationRef::Id(org), query).await;
        assert_eq!(kind(list), Kind::Forbidden, "{view:?}");
    }

    let mut elsewhere = ann.clone();
    elsewhere.caller.narrowing.organization = Some(other);
    let list = core.list_workspaces(&elsewhere.caller, OrganizationRef::Id(org), every_workspace()).await;
    assert_eq!(kind(list), Kind::Hidden);
}

fn by(order: Vec<Order<WorkspaceField>>) -> WorkspaceQuery {
    WorkspaceQuery { page: first_page(order), ..every_workspace() }
}

async fn names_sort_by_code_point(core: TestCore) {
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    for name in ["a", "B", "Z", "y", "_", "é", "\u{fffd}", "😀", "b c", "b-c", "bc"] {
        core.workspace(&root, org, name).await;
    }
    let expected = ["B", "Z", "_", "a", "b c", "b-c", "bc", "y", "é", "\u{fffd}", "😀"];
    let ascending = by(vec![Order::ascending(WorkspaceField::Name)]);
    assert_eq!(names(&core, &root, org, ascending).await, expected);
    let descending = by(vec![Order::descending(WorkspaceField::Name)]);
    let reversed: Vec<_> = expected.into_iter().rev().collect();
    assert_eq!(names(&core, &root, org, descending).await, reversed);
    let greater = Filter::Is(WorkspaceField::Name, Test::Text(Comparison::Greater, "a".into()));
    let query = WorkspaceQuery { filter: greater, ..every_workspace() };
    assert_eq!(names(&core, &root, org, query).await, expected[4..], "comparisons go by code point too");
}

/// `Default` (the default one), then `a`, `b` and `c` a second apart; `b` is changed last, and `who` views it only.
async fn estate(core: &TestCore) -> (Member, Member, OrganizationId) {
    let root = core.root().await;
    let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
    let shared = DefaultWorkspaces::Shared;
    let new = NewOrganization { name: "Org".into(), default_workspaces: shared, ..Default::default() };
    core.clock().advance_seconds(10);
    let org = core.create_organization(&ann.caller, new).await.unwrap().id;
    let member = BuiltinRole::OrganizationMember;
    core.add_organization_user(&root.caller, OrganizationRef::Id(org), bob.id(), member).await.unwrap();
    core.clock().advance_seconds(-5);
    for name in ["c", "a", "b"] {
        core.clock().advance_seconds(1);
        core.workspace(if name == "a" { &bob } else { &ann }, org, name).await;
    }
    core.clock().advance_seconds(60);
    let b = core.get_workspace(
        &ann.caller,
        (OrganizationRef::Id(org), tenantry_core::authz::WorkspaceRef::Name("b".into())),
        View::Both,
    );
    let b = b.await.unwrap().seen.workspace.id;
    let report = StatusReport { status: Some(State::Available), ..Default::default() };
    core.report_workspace_status(&ann.caller, target(org, b), report).await.unwrap();
    (ann, bob, org)
}

async fn orders_are_kept(core: TestCore) {
    use WorkspaceField::{CreatedAt, CreatedBy, DefaultFirst, Name, OwnRole, Status, UpdatedAt};
    let (ann, _, org) = estate(&core).await;
    let (up, down) = (Order::<WorkspaceField>::ascending, Order::<WorkspaceField>::descending);
    for (order, expected) in [
        (vec![up(CreatedAt)], ["c", "a", "b", "Default"]),
        (vec![down(CreatedAt)], ["Default", "b", "a", "c"]),
        (vec![up(DefaultFirst), up(CreatedAt)], ["Default", "c", "a", "b"]),
        (vec![down(DefaultFirst), down(CreatedAt)], ["b", "a", "c", "Default"]),
        (vec![down(UpdatedAt), up(Name)], ["b", "Default", "a", "c"]),
        (vec![down(OwnRole), up(Name)], ["Default", "b", "c", "a"]),
        (vec![up(OwnRole), down(Name)], ["a", "c", "b", "Default"]),
    ] {
        assert_eq!(names(&core, &ann, org, by(order.clone())).await, expected, "{order:?}");
    }
    for field in [CreatedBy, Status] {
        let list = core.list_workspaces(&ann.caller, OrganizationRef::Id(org), by(vec![up(field)])).await;
        assert_eq!(kind(list), Kind::Internal, "no codec may let {field:?} through");
    }
}

async fn texts_are_matched_literally(core: TestCore) {
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    for name in ["50%", "50 percent", "a_b", "axb", "A_B2", "back\\slash", "Straße", "$1 ?2"] {
        core.workspace(&root, org, name).await;
    }
    let found = async |test: Test| {
        let filter = Filter::Is(WorkspaceField::Name, test);
        names(&core, &root, org, WorkspaceQuery { filter, ..every_workspace() }).await
    };
    let like = |pieces: &[&str]| Test::Like(pieces.iter().map(|piece| (*piece).to_owned()).collect());
    let contains = |part: &str| Test::Contains(part.to_owned());
    assert_eq!(found(like(&["50%", ""])).await, ["50%"]);
    assert_eq!(found(like(&["", "_", ""])).await, ["A_B2", "a_b"]);
    assert_eq!(found(like(&["a", "b"])).await, ["a_b", "axb"], "case counts");
    assert_eq!(found(like(&["", "\\", ""])).await, ["back\\slash"]);
    assert_eq!(found(like(&["a_b"])).await, ["a_b"]);
    assert_eq!(found(like(&["", ""])).await.len(), 8);
    assert_eq!(found(contains("%")).await, ["50%"]);
    assert_eq!(found(contains("A_B")).await, ["A_B2", "a_b"], "a part is found in any case");
    assert_eq!(found(contains("STRASSE")).await, ["Straße"]);
    assert_eq!(found(contains("$1 ?")).await, ["$1 ?2"]);
    assert_eq!(found(Test::Folded("strasse".into())).await, ["Straße"]);
    assert_eq!(found(Test::Text(Comparison::Equal, "straße".into())).await, [""; 0]);
    assert_eq!(found(Test::Text(Comparison::Equal, "' OR 1=1 --".into())).await, [""; 0]);
    assert_eq!(found(Test::Present).await.len(), 8);
}

async fn fields_filter(core: TestCore) {
    use WorkspaceField::{CreatedAt, CreatedBy, HasUser, OwnRole, Status};
    let (ann, bob, org) = estate(&core).await;
    let found = async |filter| names(&core, &ann, org, WorkspaceQuery { filter, ..every_workspace() }).await;
    let is = Filter::Is;
    let bobs = Test::Id(*bob.id().as_uuid());
    assert_eq!(found(is(CreatedBy, bobs.clone())).await, ["a"]);
    assert_eq!(found(is(HasUser, bobs.clone())).await, ["a"]);
    assert_eq!(found(is(HasUser, bobs.clone()).not()).await, ["Default", "b", "c"]);
    assert_eq!(found(is(Status, Test::Text(Comparison::Equal, "available".into()))).await, ["b"]);
    assert_eq!(found(is(OwnRole, Test::Int(Comparison::Equal, 0))).await, ["a"]);
    assert_eq!(found(is(OwnRole, Test::Int(Comparison::GreaterOrEqual, 3))).await, ["Default", "b", "c"]);
    let start = tenantry_testkit::clock::START.plus_seconds(7).as_micros();
    assert_eq!(found(is(CreatedAt, Test::Int(Comparison::LessOrEqual, start))).await, ["a", "c"]);
    assert_eq!(found(Filter::Or(vec![])).await, [""; 0]);
    assert_eq!(found(Filter::And(vec![])).await.len(), 4);
    let both = is(HasUser, bobs.clone()).and(is(Status, Test::Present));
    assert_eq!(found(both).await, ["a"]);
    let either = Filter::Or(vec![is(HasUser, bobs), is(Status, Test::Folded("AVAILABLE".into()))]);
    assert_eq!(found(either).await, ["a", "b"]);
    let unfit = WorkspaceQuery { filter: is(CreatedAt, Test::Contains("x".into())), ..every_workspace() };
    let list = core.list_workspaces(&ann.caller, OrganizationRef::Id(org), unfit).await;
    assert_eq!(kind(list), Kind::Internal, "a test that does not fit its field is a codec's fault");
}

async fn totals_count_what_is_shown(core: TestCore) {
    let (ann, bob, org) = estate(&core).await;
    for (who, view, total) in
        [(&ann, View::Both, 4), (&ann, View::OwnRoles, 3), (&bob, View::Both, 1), (&bob, View::OwnRoles, 1)]
    {
        let mut query = WorkspaceQuery { view, count: true, ..every_workspace() };
        query.page.limit = 1;
        let list = core.list_workspaces(&who.caller, OrganizationRef::Id(org), query).await.unwrap();
        assert_eq!((list.total, list.page.items.len()), (Some(total), 1));
        assert_eq!(list.page.next.is_some(), total > 1);
    }
}

/// However a page is read: who sees few gets them sorted, who sees many gets an ordered scan.
async fn many_are_listed_as_few_are(core: TestCore) {
    let root = core.root().await;
    let bob = core.user(&root, "bob").await;
    let org = core.organization(&root, "Org").await.id;
    let member = BuiltinRole::OrganizationMember;
    core.add_organization_user(&root.caller, OrganizationRef::Id(org), bob.id(), member).await.unwrap();
    let mut bobs = Vec::new();
    for number in 0..140 {
        // Names in another order than times.
        let name = format!("w{:03}", number * 37 % 140);
        let owner = if number % 14 == 0 { &root } else { &bob };
        core.clock().advance_seconds(1);
        core.workspace(owner, org, &name).await;
        if number % 14 != 0 {
            bobs.push(name);
        }
        if ![5, 127, 128, 129, 130].contains(&bobs.len()) {
            continue;
        }
        let mut sorted = bobs.clone();
        sorted.sort_unstable();
        assert_eq!(names(&core, &bob, org, every_workspace()).await, sorted);
        let newest: Vec<_> = bobs.iter().rev().cloned().collect();
        assert_eq!(
            names(&core, &bob, org, by(vec![Order::descending(WorkspaceField::CreatedAt)])).await,
            newest
        );
        let mut query = WorkspaceQuery { count: true, ..every_workspace() };
        query.page.limit = 3;
        let list = core.list_workspaces(&bob.caller, OrganizationRef::Id(org), query).await.unwrap();
        assert_eq!((list.total, list.page.items.len()), (Some(bobs.len() as u64), 3));
        assert!(list.page.items.iter().all(|seen| seen.own.is_some()));
    }
}
