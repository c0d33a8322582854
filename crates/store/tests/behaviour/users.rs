//! The people of a workspace: every order and filter of their list.

use tenantry_core::authz::OrganizationRef;
use tenantry_core::error::Kind;
use tenantry_core::filter::{Comparison, Filter, ListQuery, Test};
use tenantry_core::grant::{Person, RoleName};
use tenantry_core::page::{Order, PageRequest, Start};
use tenantry_core::permission::{BuiltinRole, Level};
use tenantry_core::principal::{NewServiceAccount, NewUser, UserField};
use tenantry_core::workspace::Workspace;
use tenantry_testkit::estate::target;
use tenantry_testkit::{Member, TestCore};

use crate::asking::{first_page, kind};

on_both_engines!(people_only_with_all_their_roles, every_order, every_filter, teams_count);

/// Ann owns the workspace; Bea (an editor) and `chris` (a viewer) were made one and two seconds after her.
async fn estate(core: &TestCore) -> (Member, Workspace) {
    let root = core.root().await;
    let ann = core.user(&root, "Ann").await;
    let org = core.organization(&ann, "Org").await.id;
    let made = core.workspace(&ann, org, "W").await;
    for (name, email, role) in [
        ("bea_%", "Zoe@example.org", BuiltinRole::WorkspaceEditor),
        ("chris", "chris@Example.org", BuiltinRole::WorkspaceViewer),
    ] {
        core.clock().advance_seconds(1);
        let new = NewUser {
            username: Some(name.trim_end_matches('%').to_owned()),
            email: email.to_owned(),
            display_name: Some(name.to_owned()),
            ..NewUser::default()
        };
        let (user, _) = core.create_user(&root.caller, new).await.unwrap();
        let member = BuiltinRole::OrganizationMember;
        core.add_organization_user(&root.caller, OrganizationRef::Id(org), user.id, member).await.unwrap();
        let roles = vec![RoleName::Builtin(role)];
        let add = core.add_user(&ann.caller, target(org, made.id), Person::Id(user.id), roles).await;
        add.unwrap();
    }
    let account = NewServiceAccount::new("bot", BuiltinRole::OrganizationAdmin);
    let bot = core.create_service_account(&ann.caller, OrganizationRef::Id(org), account).await.unwrap();
    let roles = vec![RoleName::Builtin(BuiltinRole::WorkspaceOwner)];
    let person = Person::Id(bot.account.id);
    core.add_user(&ann.caller, target(org, made.id), person, roles).await.unwrap();
    (ann, made)
}

async fn listed(core: &TestCore, who: &Member, made: &Workspace, query: ListQuery<UserField>) -> Vec<String> {
    let list = core.list_users(&who.caller, target(made.organization, made.id), query).await.unwrap();
    list.items.into_iter().map(|user| user.user.shown_name().to_owned()).collect()
}

fn by(order: Vec<Order<UserField>>) -> ListQuery<UserField> {
    ListQuery { filter: Filter::All, page: first_page(order) }
}

fn by_name() -> ListQuery<UserField> {
    by(vec![Order::ascending(UserField::DisplayName)])
}

async fn people_only_with_all_their_roles(core: TestCore) {
    use BuiltinRole::{
        OrganizationMember, OrganizationOwner, WorkspaceEditor, WorkspaceOwner, WorkspaceViewer,
    };
    let (ann, made) = estate(&core).await;
    let list = core.list_users(&ann.caller, target(made.organization, made.id), by_name()).await;
    let seen: Vec<_> = list
        .unwrap()
        .items
        .into_iter()
        .map(|user| {
            let roles = user.roles.iter().map(|role| (role.level, role.builtin.unwrap())).collect::<Vec<_>>();
            (user.user.username, roles)
        })
        .collect();
    let (organization, workspace) = (Level::Organization, Level::Workspace);
    let expected = [
        ("Ann", [(organization, OrganizationOwner), (workspace, WorkspaceOwner)]),
        ("bea_", [(organization, OrganizationMember), (workspace, WorkspaceEditor)]),
        ("chris", [(organization, OrganizationMember), (workspace, WorkspaceViewer)]),
    ];
    assert_eq!(seen, expected.map(|(name, roles)| (name.to_owned(), roles.to_vec())));
}

async fn every_order(core: TestCore) {
    use UserField::{CreatedAt, CustomRole, DisplayName, Email, Role, RoleLevel, Search, UpdatedAt};
    let (ann, made) = estate(&core).await;
    let (up, down) = (Order::<UserField>::ascending, Order::<UserField>::descending);
    for (order, expected) in [
        (vec![up(DisplayName)], ["Ann", "bea_%", "chris"]),
        (vec![down(DisplayName)], ["chris", "bea_%", "Ann"]),
        (vec![up(Email)], ["Ann", "bea_%", "chris"]),
        (vec![down(Email)], ["chris", "bea_%", "Ann"]),
        (vec![up(CreatedAt)], ["Ann", "bea_%", "chris"]),
        (vec![down(UpdatedAt), up(Email)], ["chris", "bea_%", "Ann"]),
    ] {
        assert_eq!(listed(&core, &ann, &made, by(order.clone())).await, expected, "{order:?}");
        // The same, a row a page.
        let mut walked = vec![];
        let mut start = Start::Beginning;
        loop {
            let page = PageRequest { order: order.clone(), start, limit: 1 };
            let query = ListQuery { filter: Filter::All, page };
            let by = target(made.organization, made.id);
            let page = core.list_users(&ann.caller, by, query).await.unwrap();
            walked.extend(page.items.iter().map(|user| user.user.shown_name().to_owned()));
            let Some(next) = page.next else { break };
            start = Start::After(next);
        }
        assert_eq!(walked, expected, "{order:?}");
    }
    for field in [Role, CustomRole, RoleLevel, Search] {
        let by = by(vec![up(field)]);
        let list = core.list_users(&ann.caller, target(made.organization, made.id), by).await;
        assert_eq!(kind(list), Kind::Internal, "no codec may let {field:?} through");
    }
}

async fn every_filter(core: TestCore) {
    use UserField::{CreatedAt, CustomRole, DisplayName, Email, Role, RoleLevel, Search, UpdatedAt};
    let (ann, made) = estate(&core).await;
    let found = async |field, test| {
        let query = ListQuery { filter: Filter::Is(field, test), ..by_name() };
        listed(&core, &ann, &made, query).await
    };
    let contains = |part: &str| Test::Contains(part.to_owned());
    let folded = |text: &str| Test::Folded(text.to_owned());
    let none = [""; 0];
    assert_eq!(found(DisplayName, contains("_%")).await, ["bea_%"]);
    assert_eq!(found(DisplayName, folded("ANN")).await, ["Ann"]);
    assert_eq!(found(DisplayName, Test::Like(vec!["A".into(), String::new()])).await, ["Ann"]);
    assert_eq!(found(Email, folded("ZOE@EXAMPLE.ORG")).await, ["bea_%"]);
    assert_eq!(found(Email, Test::Text(Comparison::Equal, "zoe@example.org".into())).await, none);
    assert_eq!(found(Email, Test::Present).await.len(), 3);
    assert_eq!(found(Search, contains("ZOE")).await, ["bea_%"]);
    assert_eq!(found(Search, contains("EXAMPLE")).await.len(), 3);
    assert_eq!(found(Search, contains("chris")).await, ["chris"]);
    assert_eq!(found(Role, folded("workspace-viewer")).await, ["chris"]);
    assert_eq!(found(Role, contains("OWNER")).await, ["Ann"]);
    assert_eq!(found(Role, folded("organization-member")).await, ["bea_%", "chris"]);
    assert_eq!(found(CustomRole, folded("workspace-viewer")).await, none, "a built-in role is not custom");
    let level = |level: Level| Test::Int(Comparison::Equal, level as i64);
    assert_eq!(found(RoleLevel, level(Level::Workspace)).await.len(), 3);
    assert_eq!(found(RoleLevel, level(Level::Server)).await, none);
    let second = tenantry_testkit::clock::START.plus_seconds(1).as_micros();
    assert_eq!(found(CreatedAt, Test::Int(Comparison::Less, second)).await, ["Ann"]);
    assert_eq!(found(UpdatedAt, Test::Int(Comparison::GreaterOrEqual, second)).await, ["bea_%", "chris"]);
}

/// Who is in a team holds the team's roles: shown, counted, and able to enter.
async fn teams_count(core: TestCore) {
    let (ann, made) = estate(&core).await;
    let by = || target(made.organization, made.id);
    let second = core.workspace(&ann, made.organization, "V").await;
    // Written past the use cases, to see that what is missing is found.
    let [org, team, chris, role, workspace, grant] = [
        core.literal(made.organization.as_uuid()),
        core.literal(&uuid::Uuid::from_u128(0x7ea)),
        "(SELECT id FROM principals WHERE username = 'chris')".to_owned(),
        "(SELECT id FROM roles WHERE builtin = 'workspace-editor')".to_owned(),
        core.literal(second.id.as_uuid()),
        core.literal(&uuid::Uuid::from_u128(0x67a)),
    ];
    core.sql(&format!(
        "INSERT INTO teams (org_id, id, name, name_folded, created_at) VALUES ({org}, {team}, 'T', 't', 0);
         INSERT INTO team_members (org_id, team_id, principal_id) VALUES ({org}, {team}, {chris});
         INSERT INTO grants (org_id, id, subject_kind, subject_id, role_id, level, scope_id, created_at, created_by)
         VALUES ({org}, {grant}, 'team', {team}, {role}, 2, {workspace}, 0, {team});"
    ));
    let findings = core.examine().await.unwrap();
    assert_eq!(findings.len(), 1, "written past the store, nothing is derived: {findings:?}");
    assert_eq!(findings[0].check, "reach");
    core.sql(&format!(
        "INSERT INTO reach (principal_id, org_id, level, scope_id, permissions, role_rank, account_created_at) \
         SELECT {chris}, {org}, 2, {workspace}, permissions, 2, (SELECT created_at FROM principals WHERE id = {chris}) \
         FROM roles WHERE builtin = 'workspace-editor'"
    ));
    assert_eq!(core.examine().await.unwrap(), []);
    let list = core.list_users(&ann.caller, target(made.organization, second.id), by_name()).await;
    let list = list.unwrap().items;
    assert_eq!(list[1].user.username, "chris");
    assert_eq!(list[1].roles.last().unwrap().builtin, Some(BuiltinRole::WorkspaceEditor));
    let query = ListQuery {
        filter: Filter::Is(UserField::Role, Test::Folded("workspace-editor".into())),
        ..by_name()
    };
    assert_eq!(listed(&core, &ann, &second, query).await, ["chris"]);
    assert_eq!(listed(&core, &ann, &made, by_name()).await.len(), 3, "{:?}", by());
}
