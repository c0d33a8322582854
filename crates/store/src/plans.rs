//! The plans of the statements that every request runs: an index each, nothing read whole, nothing sorted.

use tenantry_core::authz::{self, OrganizationRef, OrganizationScope, View};
use tenantry_core::caller::Caller;
use tenantry_core::filter::Filter;
use tenantry_core::ids::OrganizationId;
use tenantry_core::page::{Cursor, KeyValue, Order, PageRequest, Start};
use tenantry_core::permission::BuiltinRole;
use tenantry_core::workspace::{Deleted, WorkspaceField};
use tenantry_testkit::TestCore;
use uuid::Uuid;

use crate::driver::Sql;
use crate::{authz as authorization, credential, grant, organization, principal, workspace};

/// What SQLite says it will do, a step a line.
fn plan(core: &TestCore, statement: &Sql) -> Vec<String> {
    let text = core.sql(&format!("EXPLAIN QUERY PLAN {}", statement.sqlite));
    text.lines().map(|line| line.rsplit('|').next().unwrap_or_default().to_owned()).collect()
}

fn expect_good(core: &TestCore, statement: &Sql, may_sort: bool) {
    let plan = plan(core, statement);
    assert!(!plan.is_empty());
    for step in &plan {
        let scans = step.starts_with("SCAN") && !step.contains("CONSTANT ROW") && !step.contains("any_grant");
        assert!(!scans, "{step}: {}\n{plan:#?}", statement.sqlite);
        let sorts = step.contains("USE TEMP B-TREE") && !may_sort;
        assert!(!sorts, "{step}: {}\n{plan:#?}", statement.sqlite);
    }
}

#[tokio::test]
async fn point_reads_search() {
    let core = TestCore::sqlite().await;
    for statement in [
        &authorization::WORKSPACE_BY_ID,
        &authorization::ORGANIZATION_BY_ID,
        &authorization::HOLDINGS,
        &authorization::LOCK,
        &credential::FIND,
        &credential::REVOKE_GIVEN_FOR,
        &workspace::FIND,
        &organization::FIND,
        &grant::HELD,
        &grant::HOLDERS,
    ] {
        expect_good(&core, statement, false);
    }
    // A few rows are put in order, or told from one another.
    for statement in [
        &authorization::WORKSPACE_BY_NAME,
        &authorization::ORGANIZATION_BY_NAME,
        &workspace::CALLED,
        &organization::CALLED,
        &credential::SIGN_IN,
        &principal::CALLED,
        &grant::GRANTS_OF,
    ] {
        expect_good(&core, statement, true);
    }
}

async fn scope(core: &TestCore, caller: &Caller, org: OrganizationId, view: View) -> OrganizationScope {
    let data = (caller.clone(), OrganizationRef::Id(org), view);
    let entered = core
        .store()
        .scan(data, |session, (caller, org, view)| Box::pin(authz::enter(session, caller, org, *view)));
    entered.await.unwrap()
}

#[tokio::test]
async fn default_orders_of_workspaces_run_along_an_index() {
    use WorkspaceField::{CreatedAt, DefaultFirst, Name, UpdatedAt};
    let core = TestCore::sqlite().await;
    let root = core.root().await;
    let bob = core.user(&root, "bob").await;
    let org = core.organization(&root, "Org").await.id;
    let member = BuiltinRole::OrganizationMember;
    core.add_organization_user(&root.caller, OrganizationRef::Id(org), bob.id(), member).await.unwrap();
    let administrator = scope(&core, &root.caller, org, View::Both).await;
    let members = scope(&core, &bob.caller, org, View::Both).await;
    assert!(administrator.sees_every_workspace() && !members.sees_every_workspace());

    let (int, text) = (KeyValue::Int(1), KeyValue::Text("n".into()));
    for (order, keys) in [
        (vec![Order::ascending(Name)], vec![text]),
        (vec![Order::descending(CreatedAt)], vec![int.clone()]),
        (vec![Order::descending(UpdatedAt)], vec![int.clone()]),
        (vec![Order::ascending(DefaultFirst), Order::ascending(CreatedAt)], vec![int.clone(), int]),
    ] {
        let place = Cursor { keys, id: Uuid::nil() };
        for start in [
            Start::Beginning,
            Start::After(place.clone()),
            Start::Skip { from: Some(place.clone()), rows: 7 },
        ] {
            for scope in [&administrator, &members] {
                let page = PageRequest { order: order.clone(), start: start.clone(), limit: 50 };
                let (statement, _) =
                    workspace::list_statement(scope, Deleted::Hide, &Filter::All, &page).unwrap();
                expect_good(&core, &statement, false);
                let plan = plan(&core, &statement);
                assert!(plan[0].starts_with("SEARCH w USING INDEX workspaces_"), "{order:?} {plan:#?}");
                // From a place, the index is entered there, and what lies before it is not read.
                let entered = start == Start::Beginning || plan[0].contains("AND ") || plan[0].contains('<');
                assert!(entered, "{order:?} {start:?} {plan:#?}");
            }
        }
    }
}
