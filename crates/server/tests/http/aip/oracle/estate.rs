//! The rows that are asked for, and what is known of them besides what lists show.

use std::collections::HashMap;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::Value;
use tenantry_core::Core;
use tenantry_core::authz::{OrganizationRef, Place};
use tenantry_core::caller::Caller;
use tenantry_core::credential::{Access, NewApiKey};
use tenantry_core::grant::{Person, RoleName};
use tenantry_core::ids::{OrganizationId, WorkspaceId};
use tenantry_core::organization::NewOrganization;
use tenantry_core::permission::{BuiltinRole, Level, PermissionSet};
use tenantry_core::principal::NewUser;
use tenantry_core::resource::ContentRights;
use tenantry_core::role::NewRole;
use tenantry_core::workspace::NewWorkspace;
use tenantry_store::Database;
use tenantry_testkit::estate::{answer, target};

use super::{List, Row, fold, id};
use crate::harness::TestServer;

/// Letters with and without case, of one byte and more, and what patterns, quotes and escapes are made of.
const TEXT: &str = r#"[aAbsSßéÉж%_*\\"'.-]{1,4}"#;
/// So many texts that are different without regard to case.
fn texts(runner: &mut TestRunner, count: usize) -> Vec<String> {
    let mut made: Vec<String> = Vec::new();
    while made.len() < count {
        let text = TEXT.new_tree(runner).unwrap().current();
        if made.iter().all(|other| fold(other) != fold(&text)) {
            made.push(text);
        }
    }
    made
}

const ORGANIZATION_ROLES: [BuiltinRole; 3] =
    [BuiltinRole::OrganizationAdmin, BuiltinRole::OrganizationMember, BuiltinRole::OrganizationViewer];
const WORKSPACE_ROLES: [BuiltinRole; 3] =
    [BuiltinRole::WorkspaceOwner, BuiltinRole::WorkspaceEditor, BuiltinRole::WorkspaceViewer];

/// Organizations, workspaces and people with random names; the organization and the workspace that the people are in.
async fn fill(server: &TestServer, runner: &mut TestRunner) -> (OrganizationId, WorkspaceId) {
    let core = &server.core;
    let root: Caller = core.authenticate(server.token("root")).await.unwrap();
    let mut organizations = Vec::new();
    for name in texts(runner, 12) {
        // No name may be what another's key is; no key begins like this.
        let new = NewOrganization { name: format!("Ж{name}"), ..NewOrganization::default() };
        organizations.push(core.create_organization(&root, new).await.unwrap().id);
    }
    let by = || OrganizationRef::Id(organizations[0]);
    let mut workspaces = Vec::new();
    for name in texts(runner, 25) {
        let new = NewWorkspace { name, ..NewWorkspace::default() };
        workspaces.push(core.create_workspace(&root, by(), new).await.unwrap().seen.workspace.id);
    }
    let at = || target(organizations[0], workspaces[0]);
    for (level, title) in [(Level::Organization, "Sea_*"), (Level::Workspace, "é%ß")] {
        let title = title.to_owned();
        let new = NewRole {
            id: None,
            level,
            title,
            description: None,
            permissions: PermissionSet::NONE,
            content: ContentRights::NONE,
        };
        core.create_role(&root, by(), new).await.unwrap();
    }
    for (number, title) in texts(runner, 12).into_iter().enumerate() {
        let level = if number % 3 == 0 { Level::Organization } else { Level::Workspace };
        let title = format!("ж{title}");
        let new = NewRole {
            id: None,
            level,
            title,
            description: None,
            permissions: PermissionSet::NONE,
            content: ContentRights::NONE,
        };
        core.create_role(&root, by(), new).await.unwrap();
    }
    for (number, local) in texts(runner, 24).into_iter().enumerate() {
        let place = if number % 2 == 0 { Place::from(by()) } else { Place::from(at()) };
        core.invite(&root, place, format!("{}@Example.com", before_at(&local)), vec![]).await.unwrap();
    }
    let mut people = Vec::new();
    for (number, name) in texts(runner, 20).into_iter().enumerate() {
        let local = before_at(&TEXT.new_tree(runner).unwrap().current());
        let email = format!("{local}{number}@Example.org");
        let username = Some(format!("u{number}"));
        let user = NewUser { username, email, display_name: Some(name), ..NewUser::default() };
        let (user, token) = core.create_user(&root, user).await.unwrap();
        if number < 2 {
            core.add_organization_user(&root, by(), user.id, BuiltinRole::OrganizationMember).await.unwrap();
            let caller = core.authenticate(token.secret.expose()).await.unwrap();
            make_keys(core, &caller, by(), texts(runner, 9)).await;
        } else {
            people.push(user.id);
        }
    }
    // Before anybody has a role, since lists of people keep the age of an account beside its roles.
    blur(server);
    for (number, user) in people.into_iter().enumerate() {
        let mut held = vec![RoleName::Builtin(ORGANIZATION_ROLES[number % 3])];
        held.extend((number % 5 == 0).then(|| RoleName::Title("sea_*".to_owned())));
        core.add_user(&root, by(), Person::Id(user), held).await.unwrap();
        if number % 4 != 3 {
            let mut held = vec![RoleName::Builtin(WORKSPACE_ROLES[number % 2])];
            held.extend((number % 3 == 0).then_some(RoleName::Builtin(BuiltinRole::WorkspaceViewer)));
            held.extend((number % 7 == 0).then(|| RoleName::Title("É%SS".to_owned())));
            core.add_user(&root, at(), Person::Id(user), held).await.unwrap();
        }
    }
    (organizations[0], workspaces[0])
}

/// API keys of these titles, of each level in turn.
async fn make_keys(core: &Core, caller: &Caller, by: OrganizationRef, titles: Vec<String>) {
    let levels = [Access::Everything, Access::Reading, Access::Only(PermissionSet::NONE)];
    for (title, access) in titles.into_iter().zip(levels.into_iter().cycle()) {
        let new = NewApiKey { owner: None, title, days: 7, access, workspaces: vec![] };
        core.create_api_key(caller, by.clone(), new).await.unwrap();
    }
}

/// Of one moment are many, as after an import.
fn blur(server: &TestServer) {
    let coarse = "created_at = created_at - created_at % 40000, updated_at = updated_at - updated_at % 90000";
    answer(&server.database, &format!("UPDATE organizations SET {coarse}"));
    answer(&server.database, &format!("UPDATE workspaces SET {coarse}"));
    answer(&server.database, &format!("UPDATE roles SET {coarse}"));
    let ending = "created_at = created_at - created_at % 40000, expires_at = expires_at - expires_at % 90000";
    answer(&server.database, &format!("UPDATE invitations SET {ending}"));
    let used = "last_used_at = CASE WHEN LENGTH(title) < 3 THEN created_at END";
    answer(&server.database, &format!("UPDATE credentials SET {ending}, {used} WHERE org_id IS NOT NULL"));
    // Who has a role already keeps the age of the account.
    let newcomers = "id NOT IN (SELECT principal_id FROM reach)";
    answer(&server.database, &format!("UPDATE principals SET {coarse} WHERE {newcomers}"));
}

/// The words for a role: the short name that is shown, and the title.
fn names(short: &str) -> Vec<String> {
    let title = match short {
        "account-owner" => "Account Owner",
        "org-admin" => "Org Admin",
        "member" => "Member",
        "cxo" => "CXO",
        "workspace-admin" => "Workspace Admin",
        "automation-author" => "Automation Author",
        "workspace-viewer" => "Workspace Viewer",
        "billing-admin" => "Billing Admin",
        "workspace-contributor" => "Workspace Contributor",
        "stack-admin" => "Stack Admin",
        custom => custom,
    };
    vec![short.to_owned(), title.to_owned()]
}

/// The built-in roles by their short names.
const SHORT_NAMES: [(&str, &str); 10] = [
    ("account-owner", "organization-owner"),
    ("org-admin", "organization-admin"),
    ("member", "organization-member"),
    ("cxo", "organization-viewer"),
    ("workspace-admin", "workspace-owner"),
    ("automation-author", "workspace-editor"),
    ("workspace-viewer", "workspace-viewer"),
    ("billing-admin", "organization-billing"),
    ("workspace-contributor", "workspace-contributor"),
    ("stack-admin", "stack-admin"),
];

/// The scope of a role among those of a place.
fn scope(list: &List, role: &Value) -> Vec<(Vec<String>, String)> {
    let of_workspaces = list.path.contains("/workspaces/") || role["role_scope"] == "ROLE_SCOPE_WORKSPACE";
    let scope = if of_workspaces { "workspace" } else { "organization" };
    if list.rows == "roles" { vec![(Vec::new(), scope.to_owned())] } else { Vec::new() }
}

fn row(list: &List, value: &Value, known: &HashMap<String, Known>) -> Row {
    let fields = list.fields;
    let of = if value["user"].is_object() { &value["user"] } else { value };
    let shown = fields.iter().filter_map(|field| Some((*field, of[*field].as_str()?.to_owned())));
    let roles = value["roles"].as_array().map(Vec::as_slice).unwrap_or_default().iter();
    let roles = roles.map(|role| {
        let scope = role["role_scope"].as_str().unwrap().trim_start_matches("ROLE_SCOPE_").to_lowercase();
        (names(role["name"].as_str().unwrap()), scope)
    });
    let id = id(value);
    let Known { tie, times } = &known[&id];
    let times = list.times.iter().copied().zip(times.iter().copied()).collect();
    let roles = roles.chain(scope(list, value)).collect();
    Row { tie: tie.clone(), texts: shown.collect(), roles, times, id }
}

/// What no list shows of a row.
pub(super) struct Known {
    tie: String,
    /// When it was made, last changed or will end, and last used.
    times: [Option<i64>; 3],
}

/// When everything was made, last changed or will end, and last used.
fn known(server: &TestServer, organization: OrganizationId) -> HashMap<String, Known> {
    let tables = ["organizations", "workspaces", "principals"];
    let mut selects =
        tables.map(|table| format!("SELECT id, created_at, updated_at, -1, '' FROM {table}")).to_vec();
    selects.push("SELECT id, created_at, expires_at, -1, '' FROM invitations".to_owned());
    selects.push(
        "SELECT id, created_at, COALESCE(expires_at, -1), COALESCE(last_used_at, -1), '' FROM credentials \
         WHERE org_id IS NOT NULL"
            .to_owned(),
    );
    let roles = "SELECT id, created_at, updated_at, -1, COALESCE(builtin, '') FROM roles WHERE org_id = ";
    let organization = organization.as_uuid().simple();
    selects.push(match &server.database {
        Database::Sqlite(_) => format!("{roles} x'{organization}'"),
        Database::Postgres { .. } => format!("{roles} '\\x{organization}'"),
    });
    let lines = answer(&server.database, &selects.join(" UNION ALL "));
    let read = |line: &str| {
        let cells: Vec<_> = line.split('|').collect();
        let tie = uuid::Uuid::parse_str(cells[0].trim_start_matches("\\x")).unwrap().to_string();
        let short = SHORT_NAMES.iter().find(|(_, word)| *word == cells[4]).map(|(short, _)| *short);
        let shown = short.map_or_else(|| tie.clone(), str::to_owned);
        let at = |cell: &str| Some(cell.parse().unwrap()).filter(|at| *at >= 0);
        (shown, Known { tie, times: [at(cells[1]), at(cells[2]), at(cells[3])] })
    };
    lines.lines().map(read).collect()
}

pub(super) async fn lists(server: &TestServer, runner: &mut TestRunner) -> Vec<List> {
    let (organization, workspace) = fill(server, runner).await;
    let within = format!("/api/v1/organizations/{organization}");
    let known = known(server, organization);
    let titled = |path, rows| List {
        path,
        rows,
        fields: &["title"],
        searched: &["title"],
        orders: &["title", "create_time", "update_time"],
        times: &["create_time", "update_time"],
        all: Vec::new(),
    };
    let people = |path| List {
        path,
        rows: "users",
        fields: &["display_name", "email", "search", "role"],
        searched: &["display_name", "email"],
        orders: &["display_name", "email", "created_time", "updated_time"],
        times: &["created_time", "updated_time"],
        all: Vec::new(),
    };
    let roles = |path| List { fields: &["title", "role_scope"], ..titled(path, "roles") };
    let invites = |path| List {
        path,
        rows: "invitations",
        fields: &["email", "create_time", "expire_time"],
        searched: &["email"],
        orders: &["email", "create_time", "expire_time"],
        times: &["create_time", "expire_time"],
        all: Vec::new(),
    };
    let keys = List {
        path: format!("{within}/apiKeys"),
        rows: "api_keys",
        fields: &["title", "permission_level", "create_time", "expire_time", "last_use_time"],
        searched: &["title"],
        orders: &["title", "create_time", "expire_time", "last_use_time"],
        times: &["create_time", "expire_time", "last_use_time"],
        all: Vec::new(),
    };
    let mut lists = vec![
        titled("/api/v1/organizations".to_owned(), "organizations"),
        titled(format!("{within}/workspaces"), "workspaces"),
        people(format!("{within}/users")),
        people(format!("{within}/workspaces/{workspace}/users")),
        roles(format!("{within}/roles")),
        roles(format!("{within}/workspaces/{workspace}/roles")),
        invites(format!("{within}/invites")),
        invites(format!("{within}/workspaces/{workspace}/invites")),
        keys,
    ];
    for list in &mut lists {
        let all = server.get("root", &format!("{}?page_size=1000", list.path)).await.expect(200);
        let rows = all[list.rows].as_array().unwrap();
        list.all = rows.iter().map(|value| row(list, value, &known)).collect();
        assert!(rows.len() > 10, "{} rows at {}", rows.len(), list.path);
    }
    lists
}

/// Before the `@` of an address no letter stands for others.
fn before_at(text: &str) -> String {
    text.replace('ß', "é")
}
