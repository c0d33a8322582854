//! The plans of the statements that every request runs: an index each, nothing read whole, nothing sorted.

use tenantry_core::authz::{
    self, Needed, OrganizationRef, OrganizationScope, Place, PlaceScope, View, WorkspaceRef,
};
use tenantry_core::caller::Caller;
use tenantry_core::filter::{Filter, Test};
use tenantry_core::ids::OrganizationId;
use tenantry_core::page::{Cursor, KeyValue, Order, PageRequest, Start};
use tenantry_core::permission::BuiltinRole;
use tenantry_core::principal::UserField;
use tenantry_core::workspace::{Deleted, WorkspaceField};
use tenantry_testkit::TestCore;
use uuid::Uuid;

use crate::driver::{Sql, Value};
use crate::postgres::gathered;
use crate::user_list::Lead;
use crate::workspace_list::{self, Lead as WorkspaceLead};
use crate::{
    authz as authorization, credential, grant, issuer, organization, principal, reach, resource, user_list,
    workspace,
};

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
        // What a recursive statement has found so far is in memory.
        let scans = scans && !["SCAN g", "SCAN given"].contains(&step.as_str());
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
        &workspace::KEYS_BEHIND,
        &organization::KEYS_BEHIND,
        &credential::REVOKE_GIVEN_FOR,
        &workspace::FIND,
        &organization::FIND,
        &reach::HELD,
        &grant::HOLDERS,
        &resource::INSIDE,
        &resource::ANY_SHARE,
    ] {
        expect_good(&core, statement, false);
    }
    let (algorithms, _) = issuer::algorithms_of("u", &["a", "b"]);
    assert!(plan(&core, &algorithms)[0].contains("COVERING INDEX issuers_audience (url=? AND audience=?)"));
    let (asserted, _) = issuer::asserted(("u", "s"), &["a", "b"]);
    assert!(plan(&core, &asserted)[0].contains("identities_of_subject (subject=?)"));
    // A few rows are put in order, or told from one another.
    for statement in [
        &authorization::WORKSPACE_BY_NAME,
        &authorization::ORGANIZATION_BY_NAME,
        &workspace::CALLED,
        &organization::CALLED,
        &credential::SIGN_IN,
        &principal::CALLED,
        &grant::GRANTS_OF,
        &algorithms,
        &asserted,
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

/// The orders that a dialect lists by unless it is told otherwise, and those that it is told most, with a place in each.
fn default_orders() -> [(Vec<Order<WorkspaceField>>, Vec<KeyValue>); 4] {
    use WorkspaceField::{CreatedAt, DefaultFirst, Name, UpdatedAt};
    let (int, text) = (KeyValue::Int(1), KeyValue::Text("n".into()));
    [
        (vec![Order::ascending(Name)], vec![text]),
        (vec![Order::descending(CreatedAt)], vec![int.clone()]),
        (vec![Order::descending(UpdatedAt)], vec![int.clone()]),
        (vec![Order::ascending(DefaultFirst), Order::ascending(CreatedAt)], vec![int.clone(), int]),
    ]
}

/// The first page, one behind a place, and one some rows behind it.
fn starts(keys: &[KeyValue]) -> [Start; 3] {
    let place = Cursor { keys: keys.to_vec(), id: Uuid::nil() };
    [Start::Beginning, Start::After(place.clone()), Start::Skip { from: Some(place), rows: 7 }]
}

/// An organization, and the scopes in which its administrator and a member see its workspaces.
async fn scopes(core: &TestCore) -> (OrganizationScope, OrganizationScope) {
    let root = core.root().await;
    let bob = core.user(&root, "bob").await;
    let org = core.organization(&root, "Org").await.id;
    let member = BuiltinRole::OrganizationMember;
    core.add_organization_user(&root.caller, OrganizationRef::Id(org), bob.id(), member).await.unwrap();
    let administrators = scope(core, &root.caller, org, View::Both).await;
    let members = scope(core, &bob.caller, org, View::Both).await;
    assert!(administrators.sees_every_workspace() && !members.sees_every_workspace());
    (administrators, members)
}

fn page(
    scope: &OrganizationScope,
    lead: WorkspaceLead,
    order: &[Order<WorkspaceField>],
    start: &Start,
) -> (Sql, Vec<Value<'static>>) {
    let page = PageRequest { order: order.to_vec(), start: start.clone(), limit: 50 };
    workspace_list::statement(scope, lead, Deleted::Hide, &Filter::All, &page).unwrap()
}

#[tokio::test]
async fn default_orders_of_workspaces_run_along_an_index() {
    let core = TestCore::sqlite().await;
    let (administrators, members) = scopes(&core).await;
    for (order, keys) in default_orders() {
        for start in starts(&keys) {
            for scope in [&administrators, &members] {
                let (statement, _) = page(scope, WorkspaceLead::Order, &order, &start);
                expect_good(&core, &statement, false);
                let plan = plan(&core, &statement);
                assert!(plan[0].starts_with("SEARCH w USING INDEX workspaces_"), "{order:?} {plan:#?}");
                // From a place, the index is entered there, and what lies before it is not read.
                let entered = start == Start::Beginning || plan[0].contains("AND ") || plan[0].contains('<');
                assert!(entered, "{order:?} {start:?} {plan:#?}");
            }
            let (statement, _) = page(&members, WorkspaceLead::OwnRoles, &order, &start);
            expect_good(&core, &statement, true);
            assert!(plan(&core, &statement)[0].starts_with("SEARCH m USING PRIMARY KEY"), "{order:?}");
        }
    }
}

/// Every order that lists of people take, the usual way round, with a place in it.
fn orders_of_people() -> [(Order<UserField>, KeyValue); 4] {
    let text = || KeyValue::Text("n".into());
    [
        (Order::descending(UserField::CreatedAt), KeyValue::Int(1)),
        (Order::ascending(UserField::DisplayName), text()),
        (Order::ascending(UserField::Email), text()),
        (Order::descending(UserField::UpdatedAt), KeyValue::Int(1)),
    ]
}

async fn place(core: &TestCore, who: &Caller, place: Place) -> PlaceScope {
    let entered = core.store().scan((who.clone(), place), |session, (who, place)| {
        Box::pin(authz::require_at(session, who, Needed::READ_USERS, place))
    });
    entered.await.unwrap()
}

/// The organization and a workspace of it, as somebody sees them who may list their people.
async fn places(core: &TestCore) -> [PlaceScope; 2] {
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    let workspace = core.workspace(&root, org, "W").await.id;
    let (by, of) = (OrganizationRef::Id(org), WorkspaceRef::Id(workspace));
    [
        place(core, &root.caller, Place::Organization(by.clone())).await,
        place(core, &root.caller, Place::Workspace(by, of)).await,
    ]
}

fn people(
    scope: &PlaceScope,
    lead: &Lead,
    filter: &Filter<UserField>,
    (order, start): (Order<UserField>, Start),
) -> (Sql, Vec<Value<'static>>) {
    let page = PageRequest { order: vec![order], start, limit: 50 };
    user_list::statement(scope, lead, filter, &page).unwrap()
}

fn owners() -> Filter<UserField> {
    Filter::Is(UserField::Role, Test::Folded("organization-owner".into()))
}

#[tokio::test]
async fn orders_of_people_run_along_an_index() {
    let core = TestCore::sqlite().await;
    let [organization, workspace] = places(&core).await;
    for (order, key) in orders_of_people() {
        for start in starts(&[key]) {
            for filter in [Filter::All, owners()] {
                let asked = (order, start.clone());
                let (statement, _) = people(&organization, &Lead::Order, &filter, asked.clone());
                expect_good(&core, &statement, false);
                let plan = plan(&core, &statement);
                assert!(plan[0].starts_with("SEARCH r USING") && plan[0].contains("reach_by_"), "{plan:#?}");
                let entered = start == Start::Beginning || plan[0].contains('<') || plan[0].contains('>');
                assert!(entered, "{order:?} {start:?} {plan:#?}");
                // Of a workspace, it is the usual order alone that needs no sorting.
                let (statement, _) = people(&workspace, &Lead::Order, &filter, asked.clone());
                expect_good(&core, &statement, order.field != UserField::CreatedAt);
                for place in [&organization, &workspace] {
                    let few = Lead::Holders(vec![Uuid::nil(); 3]);
                    let (statement, _) = people(place, &few, &owners(), asked.clone());
                    expect_good(&core, &statement, true);
                }
            }
        }
    }
    for place in [&organization, &workspace] {
        let (statement, _) = user_list::holders(place, &[Uuid::nil(); 2]);
        expect_good(&core, &statement, false);
        let plan = plan(&core, &statement).join("\n");
        assert_eq!(plan.matches("grants_role (org_id=? AND role_id=? AND scope_id=?)").count(), 2, "{plan}");
    }
}

/// Five thousand people, one of them an owner.
fn fill_people(core: &TestCore, scope: &PlaceScope) {
    let org = core.literal(scope.organization().as_uuid());
    core.sql(&format!(
        "INSERT INTO principals (id, username, username_folded, email, email_folded, shown_name, shown_name_folded, \
           auth_version, version, created_at, updated_at) \
         SELECT decode(md5(n::text), 'hex'), 'u' || n, 'u' || n, 'e' || n, 'e' || n, 'n' || n, 'n' || n, 1, 1, n, n \
         FROM generate_series(1, 5000) AS n; \
         INSERT INTO grants (org_id, id, subject_kind, subject_id, role_id, level, scope_id, created_at, created_by) \
         SELECT {org}, p.id, 'principal', p.id, ro.id, 1, {org}, 1, p.id FROM principals p CROSS JOIN roles ro \
         WHERE p.created_at <= 5000 AND ro.org_id = {org} AND ro.builtin = 'organization-member'; \
         INSERT INTO reach (principal_id, org_id, level, scope_id, permissions, role_rank, account_created_at, shown_name, \
           email, account_updated_at) \
         SELECT id, {org}, 1, {org}, 1, 1, created_at, shown_name, email, updated_at FROM principals \
         WHERE created_at <= 5000; \
         ANALYZE"
    ));
}

#[tokio::test]
async fn postgres_reads_many_people_along_an_index_too() {
    let core = TestCore::postgres().await;
    let [organization, _] = places(&core).await;
    fill_people(&core, &organization);
    for (order, key) in orders_of_people() {
        for start in starts(&[key]) {
            for generic in [false, true] {
                let asked = (order, start.clone());
                let by_order = people(&organization, &Lead::Order, &Filter::All, asked.clone());
                let plan = postgres_plan(&core, &by_order, generic);
                assert!(
                    plan.contains("using reach_by_") && !plan.contains("Sort"),
                    "{order:?} {start:?}\n{plan}"
                );
                let few = Lead::Holders((0..500).map(Uuid::from_u128).collect());
                let plan = postgres_plan(&core, &people(&organization, &few, &owners(), asked), generic);
                assert!(plan.contains("principal_id = ANY"), "{start:?}\n{plan}");
            }
        }
    }
    for generic in [false, true] {
        let plan = postgres_plan(&core, &user_list::holders(&organization, &[Uuid::nil()]), generic);
        assert!(plan.contains("grants_role") && !plan.contains("Seq Scan on grants"), "{plan}");
    }
}

/// Two thousand workspaces, half of them the member's by a role of its own and all of them the administrator's.
fn fill(core: &TestCore, administrators: &OrganizationScope, members: &OrganizationScope) {
    let org = core.literal(administrators.organization().as_uuid());
    let owner = core.literal(administrators.principal().as_uuid());
    core.sql(&format!(
        "INSERT INTO workspaces (org_id, id, key, name, name_folded, is_default, is_active, desired_state, state_reason, \
           status, status_at, owner_id, project_count, version, created_at, created_by, updated_at, updated_by) \
         SELECT {org}, decode(md5(n::text), 'hex'), 'k' || n, 'n' || n, 'n' || n, 0, 1, 'available', '', \
           'available', n, {owner}, 1, 1, n, {owner}, n, {owner} FROM generate_series(1, 2000) AS n"
    ));
    for (scope, every) in [(administrators, 1), (members, 2)] {
        core.sql(&format!(
            "INSERT INTO reach (principal_id, org_id, level, scope_id, permissions, role_rank) \
             SELECT {}, org_id, 2, id, {}, 1 FROM workspaces WHERE created_at % {every} = 0",
            core.literal(scope.principal().as_uuid()),
            i64::MAX
        ));
    }
    // Ten people more in each, who see few: by the statistics, everybody does.
    core.sql(&format!(
        "INSERT INTO reach (principal_id, org_id, level, scope_id, permissions, role_rank) \
         SELECT decode(md5('p' || w.created_at * 10 + n), 'hex'), w.org_id, 2, w.id, {}, 1 \
         FROM workspaces w CROSS JOIN generate_series(0, 9) AS n",
        i64::MAX
    ));
    core.sql("ANALYZE");
}

/// What PostgreSQL says it will do, a step a line: with these values in the plan, or for whichever come.
fn postgres_plan(core: &TestCore, (statement, params): &(Sql, Vec<Value<'_>>), generic: bool) -> String {
    let literal = |value: &Value<'_>| match value {
        Value::Id(id) => core.literal(id),
        Value::Int(number) => number.to_string(),
        Value::Text(text) => format!("'{text}'"),
        other => panic!("no literal for {other:?}"),
    };
    let literals = params.iter().map(literal).collect::<Vec<_>>().join(", ");
    let mode = if generic { "force_generic_plan" } else { "force_custom_plan" };
    core.sql(&format!(
        "SET plan_cache_mode = {mode}; PREPARE page AS {}; EXPLAIN (COSTS OFF) EXECUTE page({literals})",
        statement.postgres
    ))
}

#[tokio::test]
async fn postgres_reads_a_big_organization_along_an_index_too() {
    let core = TestCore::postgres().await;
    let (administrators, members) = scopes(&core).await;
    fill(&core, &administrators, &members);
    for (order, keys) in default_orders() {
        for start in starts(&keys) {
            for scope in [&administrators, &members] {
                for generic in [false, true] {
                    let plan =
                        postgres_plan(&core, &page(scope, WorkspaceLead::Order, &order, &start), generic);
                    let along =
                        plan.contains("Index Scan using workspaces_") && !plan.contains("workspaces_pkey");
                    assert!(along && !plan.contains("Sort"), "{order:?} {start:?}\n{plan}");
                    // One role at a time, by an index over both who and where; none where roles show nothing.
                    let looks_up = !plan.contains("Materialize") && plan.contains("scope_id = w.id");
                    let needs_none = scope.sees_every_workspace() && !plan.contains("reach");
                    assert!(looks_up || needs_none, "{order:?} {start:?}\n{plan}");
                }
            }
        }
    }
}

/// Its tables are small here, where a planner would rather read them whole.
#[tokio::test]
async fn gathered_reads_look_up_each_key() {
    let core = TestCore::postgres().await;
    let keys = "ARRAY['\\x00', '\\x01']::BYTEA[]";
    let names = "ARRAY['a', NULL]::TEXT[]";
    for (statement, params) in [
        (gathered::CREDENTIALS, format!("{keys}, {keys}")),
        (gathered::PLACES, format!("{keys}, {names}, {names}, '\\x00'")),
    ] {
        let plan = core.sql(&format!(
            "SET plan_cache_mode = force_generic_plan; PREPARE gathered AS {statement}; \
             EXPLAIN (COSTS OFF) EXECUTE gathered({params})"
        ));
        let whole = ["Seq Scan", "Hash Join", "Merge Join", "Materialize"];
        assert!(!whole.iter().any(|step| plan.contains(step)), "{plan}");
    }
}

/// A statement with two texts has to be read twice whenever it changes. The definition does not count.
#[test]
fn few_statements_have_two_texts() {
    let sources = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap();
    let files = sources.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let uses = |path| std::fs::read_to_string(path).unwrap().matches(concat!("Sql::", "apart(")).count();
    assert_eq!(files.map(uses).sum::<usize>(), 2, "a page of workspaces, and their count");
}
