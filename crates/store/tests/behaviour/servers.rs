//! Service accounts that others answer for, and the servers of workspaces, which are service accounts with the ids of these:
//! they come and go with them.

use tenantry_core::Shower;
use tenantry_core::authz::{OrganizationRef, View};
use tenantry_core::credential::{Access, NewApiKey};
use tenantry_core::error::Kind;
use tenantry_core::filter::{Filter, ListQuery, Test};
use tenantry_core::grant::RoleName;
use tenantry_core::ids::{OrganizationId, PrincipalId, WorkspaceId};
use tenantry_core::page::Order;
use tenantry_core::permission::{BuiltinRole, Permission, PermissionSet};
use tenantry_core::principal::NewServiceAccount;
use tenantry_core::role::RoleField;
use tenantry_core::service_account::{
    AccountSecret, NewAccountSecret, ServiceAccountChange, ServiceAccountField,
};
use tenantry_core::settings::Settings;
use tenantry_core::team::{NewTeam, TeamMemberId};
use tenantry_core::workspace::{EnrolledWorkspace, Health, ServerReport, State, WorkspaceChange};
use tenantry_testkit::estate::target;
use tenantry_testkit::{Member, TestCore};

use crate::asking::{called, first_page, kind, reason};

on_both_engines!(
    a_deleted_workspace_s_server_is_refused_at_once,
    lists_do_not_show_servers,
    a_server_goes_with_its_workspace,
    who_ends_a_secret_holds_what_the_account_holds,
    a_narrow_credential_makes_no_wider_one_by_enrolling,
    a_server_that_nobody_uses_is_asked_before_it_fails,
    a_server_that_never_came_fails,
    whom_nobody_may_ask_does_not_fail,
);

async fn scene(core: &TestCore) -> (Member, OrganizationId, EnrolledWorkspace) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let org = core.organization(&ann, "Org").await.id;
    let enrolled = core.enroll_workspace(&ann.caller, OrganizationRef::Id(org), called("W")).await.unwrap();
    (ann, org, enrolled)
}

/// What the server of the workspace is called among principals.
fn server(enrolled: &EnrolledWorkspace) -> PrincipalId {
    PrincipalId::from_uuid(*enrolled.detail.seen.workspace.id.as_uuid())
}

async fn a_deleted_workspace_s_server_is_refused_at_once(core: TestCore) {
    let (ann, org, enrolled) = scene(&core).await;
    let id = enrolled.detail.seen.workspace.id;
    let (client, key) = (id.to_string(), enrolled.key.expose());
    let token = core.sign_in_client(&client, key, Shower::default()).await.unwrap().secret;
    let caller = core.authenticate(token.expose()).await.unwrap();
    core.workspace_of_server(&caller).await.unwrap();
    core.delete_workspace(&ann.caller, target(org, id), None, true).await.unwrap();
    assert_eq!(kind(core.authenticate(token.expose()).await), Kind::Unauthenticated);
    assert_eq!(kind(core.sign_in_client(&client, key, Shower::default()).await), Kind::Unauthenticated);
    core.undelete_workspace(&ann.caller, target(org, id), None, None).await.unwrap();
    core.sign_in_client(&client, key, Shower::default()).await.unwrap();
    let caller = core.authenticate(token.expose()).await.unwrap();
    core.workspace_of_server(&caller).await.unwrap();
}

async fn lists_do_not_show_servers(core: TestCore) {
    let (ann, org, enrolled) = scene(&core).await;
    let by = || OrganizationRef::Id(org);
    let page = first_page(vec![Order::ascending(ServiceAccountField::CreatedAt)]);
    let list = core.list_service_accounts(&ann.caller, by(), page.into()).await.unwrap();
    assert_eq!(list.items, []);
    let at = || (by(), server(&enrolled));
    assert_eq!(kind(core.get_service_account(&ann.caller, by(), server(&enrolled)).await), Kind::NotFound);
    let change = ServiceAccountChange { suspended: Some(true), ..ServiceAccountChange::default() };
    assert_eq!(kind(core.update_service_account(&ann.caller, at(), change).await), Kind::NotFound);
    assert_eq!(kind(core.delete_service_account(&ann.caller, at(), None, true).await), Kind::NotFound);
    let new = NewAccountSecret { title: "T".to_owned(), ..NewAccountSecret::default() };
    let made = core.create_account_secret(&ann.caller, at(), AccountSecret::Client, new).await;
    assert_eq!(kind(made), Kind::NotFound);
    // Its role is the workspace's own, and no role of the organization.
    let query = ListQuery {
        filter: Filter::Is(RoleField::HeldBy, Test::Id(*server(&enrolled).as_uuid())),
        page: first_page(vec![Order::ascending(RoleField::CreatedAt)]),
    };
    let held = core.list_roles(&ann.caller, by(), BuiltinRole::word, query).await.unwrap();
    assert_eq!(held.items, []);
}

/// A team of before the rule may have one, which must not keep it.
async fn a_server_goes_with_its_workspace(core: TestCore) {
    let (ann, org, enrolled) = scene(&core).await;
    let (by, id) = (OrganizationRef::Id(org), enrolled.detail.seen.workspace.id);
    let new = NewTeam { name: "Team".to_owned(), description: None };
    let team = core.create_team(&ann.caller, by.clone(), new).await.unwrap();
    let member = TeamMemberId::Principal(server(&enrolled));
    assert_eq!(
        reason(core.add_team_member(&ann.caller, (by, team.id), member).await),
        "workspace.server_account"
    );
    let ids = [*org.as_uuid(), *team.id.as_uuid(), *id.as_uuid()].map(|id| core.literal(&id)).join(", ");
    core.sql(&format!("INSERT INTO team_members (org_id, team_id, principal_id) VALUES ({ids})"));
    core.sign_in_client(&id.to_string(), enrolled.key.expose(), Shower::default()).await.unwrap();
    core.delete_workspace(&ann.caller, target(org, id), None, true).await.unwrap();
    core.clock().advance_seconds(core.settings().retention_seconds + 1);
    while core.purge().await.unwrap() {}
    assert_eq!(core.sql("SELECT COUNT(*) FROM team_members"), "0");
    let literal = core.literal(id.as_uuid());
    for table in ["principals", "workspaces", "credentials"] {
        assert_eq!(core.sql(&format!("SELECT COUNT(*) FROM {table} WHERE id = {literal}")), "0", "{table}");
    }
    assert_eq!(core.examine().await.unwrap(), []);
}

/// To end the key of what holds more is to lock it out.
async fn who_ends_a_secret_holds_what_the_account_holds(core: TestCore) {
    let root = core.root().await;
    let (ann, cat) = (core.user(&root, "ann").await, core.user(&root, "cat").await);
    let by = OrganizationRef::Id(core.organization(&ann, "Org").await.id);
    let admin = BuiltinRole::OrganizationAdmin;
    core.add_organization_user(&root.caller, by.clone(), cat.id(), admin).await.unwrap();
    let new = NewServiceAccount {
        name: "robot".into(),
        display_name: None,
        description: None,
        role: RoleName::Builtin(BuiltinRole::OrganizationOwner),
    };
    let machine = core.create_service_account(&ann.caller, by.clone(), new).await.unwrap();
    let (made, at) = (machine.api_key, || (by.clone(), machine.account.id));
    let which = (AccountSecret::ApiKey, made.credential.id);
    let refused = core.delete_account_secret(&cat.caller, at(), which, None).await;
    assert_eq!(reason(refused), "role.exceeds_own");
    core.authenticate(made.secret.expose()).await.unwrap();
    core.delete_account_secret(&ann.caller, at(), which, None).await.unwrap();
    assert_eq!(kind(core.authenticate(made.secret.expose()).await), Kind::Unauthenticated);
}

/// The key of the server would read people and roles for a credential that may not.
async fn a_narrow_credential_makes_no_wider_one_by_enrolling(core: TestCore) {
    let (ann, org, _) = scene(&core).await;
    let by = || OrganizationRef::Id(org);
    let limited = async |title: &str, permissions: &[Permission]| {
        let access = Access::Only(PermissionSet::of(permissions));
        let new = NewApiKey { owner: None, title: title.to_owned(), days: 7, access, workspaces: vec![] };
        let key = core.create_api_key(&ann.caller, by(), new).await.unwrap();
        core.member(key.secret.expose()).await
    };
    let maker = limited("Maker", &[Permission::CreateWorkspace]).await;
    let refused = core.enroll_workspace(&maker.caller, by(), called("Narrow")).await;
    assert_eq!(reason(refused), "role.exceeds_own");
    core.create_workspace(&maker.caller, by(), called("Narrow")).await.unwrap();
    let holder = limited(
        "Holder",
        &[
            Permission::CreateWorkspace,
            Permission::ReadWorkspace,
            Permission::OperateWorkspace,
            Permission::ReadWorkspaceUsers,
            Permission::ReadWorkspaceRoles,
            Permission::ReadProject,
        ],
    );
    core.enroll_workspace(&holder.await.caller, by(), called("Wide enough")).await.unwrap();
}

const DAY: i64 = 24 * 60 * 60;
const URL: &str = "https://r.example";

/// The server signs in and says where it is.
async fn report(core: &TestCore, enrolled: &EnrolledWorkspace, url: Option<&str>) {
    let client = enrolled.detail.seen.workspace.id.to_string();
    let token = core.sign_in_client(&client, enrolled.key.expose(), Shower::default()).await.unwrap().secret;
    let caller = core.authenticate(token.expose()).await.unwrap();
    let report = ServerReport { url: url.map(str::to_owned), ..ServerReport::default() };
    core.report_server(&caller, report).await.unwrap();
    core.flush_uses().await.unwrap();
}

/// As what the workspace shows, and the version of what is shown.
async fn shown(core: &TestCore, who: &Member, org: OrganizationId, id: WorkspaceId) -> (State, i64) {
    let found = core.get_workspace(&who.caller, target(org, id), View::Both).await.unwrap();
    (found.seen.workspace.status(), found.seen.workspace.version)
}

/// A ZenML server fetches a token for what its users ask, and says nothing when nobody does.
async fn a_server_that_nobody_uses_is_asked_before_it_fails(core: TestCore) {
    let (ann, org, enrolled) = scene(&core).await;
    let id = enrolled.detail.seen.workspace.id;
    report(&core, &enrolled, Some(URL)).await;
    let before = shown(&core, &ann, org, id).await;
    core.servers().set(URL, Health::Up);
    core.clock().advance_seconds(DAY - 1);
    assert_eq!(core.note_silent_servers().await.unwrap(), 0);
    assert_eq!(core.servers().asked(), [""; 0]);
    // It is asked once a day, and nothing changes for anybody.
    for _ in 0..3 {
        core.clock().advance_seconds(DAY);
        while core.note_silent_servers().await.unwrap() > 0 {}
        assert_eq!(core.servers().asked(), [URL]);
        core.clock().advance_seconds(3600);
        assert_eq!(core.note_silent_servers().await.unwrap(), 0);
        assert_eq!(shown(&core, &ann, org, id).await, before);
    }
    core.servers().set(URL, Health::Down);
    core.clock().advance_seconds(DAY);
    while core.note_silent_servers().await.unwrap() > 0 {}
    assert_eq!(shown(&core, &ann, org, id).await.0, State::Failed);
    // Nobody can sign in to a failed one, so it is not for it to come first.
    core.servers().set(URL, Health::Up);
    assert_eq!(core.note_silent_servers().await.unwrap(), 0);
    core.clock().advance_seconds(5 * 60);
    assert_eq!(core.note_silent_servers().await.unwrap(), 1);
    assert_eq!(shown(&core, &ann, org, id).await.0, State::Available);
    assert_eq!(core.examine().await.unwrap(), []);
}

async fn a_server_that_never_came_fails(core: TestCore) {
    let (ann, org, enrolled) = scene(&core).await;
    let id = enrolled.detail.seen.workspace.id;
    core.clock().advance_seconds(DAY - 1);
    assert_eq!(core.note_silent_servers().await.unwrap(), 0);
    core.clock().advance_seconds(1);
    while core.note_silent_servers().await.unwrap() > 0 {}
    assert_eq!(shown(&core, &ann, org, id).await.0, State::Failed);
    report(&core, &enrolled, None).await;
    assert_eq!(shown(&core, &ann, org, id).await.0, State::Available);
    // It has come, and there is no address at which to ask.
    core.clock().advance_seconds(2 * DAY);
    while core.note_silent_servers().await.unwrap() > 0 {}
    assert_eq!(shown(&core, &ann, org, id).await.0, State::Available);
    // Deactivated ones are nobody's business.
    core.update_workspace(
        &ann.caller,
        target(org, id),
        WorkspaceChange { is_active: Some(false), ..WorkspaceChange::default() },
    )
    .await
    .unwrap();
    core.clock().advance_seconds(2 * DAY);
    assert_eq!(core.note_silent_servers().await.unwrap(), 0);
}

async fn whom_nobody_may_ask_does_not_fail(core: TestCore) {
    let (ann, org, enrolled) = scene(&core).await;
    let id = enrolled.detail.seen.workspace.id;
    report(&core, &enrolled, Some(URL)).await;
    core.servers().set(URL, Health::Unasked);
    core.clock().advance_seconds(2 * DAY);
    while core.note_silent_servers().await.unwrap() > 0 {}
    assert_eq!(core.servers().asked(), [URL]);
    assert_eq!(shown(&core, &ann, org, id).await.0, State::Available);
}

/// Unless the operator has said for how long a server may be silent.
async fn whom_nobody_may_ask_fails_where_it_is_said(core: TestCore) {
    let (ann, org, enrolled) = scene(&core).await;
    let id = enrolled.detail.seen.workspace.id;
    report(&core, &enrolled, Some(URL)).await;
    core.servers().set(URL, Health::Unasked);
    core.clock().advance_seconds(DAY);
    while core.note_silent_servers().await.unwrap() > 0 {}
    assert_eq!(shown(&core, &ann, org, id).await.0, State::Failed);
    report(&core, &enrolled, Some(URL)).await;
    assert_eq!(shown(&core, &ann, org, id).await.0, State::Available);
}

fn said() -> Settings {
    Settings { unasked_servers_fail: true, ..Settings::default() }
}

#[tokio::test]
async fn whom_nobody_may_ask_fails_where_it_is_said_on_sqlite() {
    whom_nobody_may_ask_fails_where_it_is_said(TestCore::sqlite_with(said()).await).await;
}

#[tokio::test]
async fn whom_nobody_may_ask_fails_where_it_is_said_on_postgres() {
    whom_nobody_may_ask_fails_where_it_is_said(TestCore::postgres_with(said()).await).await;
}
