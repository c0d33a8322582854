//! Random filters, orders and page sizes of every list that takes them, against rows that are judged in memory.
//!
//! A question makes its text for the server and its answer side by side, so that neither depends on the other. The rows
//! are what the plain list shows, and many of them were made at the same time. `TENANTRY_QUESTIONS=<count>` asks more.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::env;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestError, TestRunner};
use serde_json::Value;
use tenantry_core::authz::OrganizationRef;
use tenantry_core::caller::Caller;
use tenantry_core::grant::{Person, RoleName};
use tenantry_core::ids::{OrganizationId, WorkspaceId};
use tenantry_core::organization::NewOrganization;
use tenantry_core::permission::{BuiltinRole, Level, PermissionSet};
use tenantry_core::principal::NewUser;
use tenantry_core::role::NewRole;
use tenantry_core::workspace::NewWorkspace;
use tenantry_testkit::estate::{answer, target};

use crate::harness::{Engine, TestServer};

/// A list, the fields that its filter may name, and what it may be ordered by.
struct List {
    path: String,
    rows: &'static str,
    fields: &'static [&'static str],
    searched: &'static [&'static str],
    orders: &'static [&'static str],
    all: Vec<Row>,
}

/// A row: its texts by field, its roles and its times.
#[derive(Clone, Debug)]
struct Row {
    id: String,
    texts: HashMap<&'static str, String>,
    /// The names of each role with its scope.
    roles: Vec<(Vec<String>, String)>,
    /// When it was made, and last changed.
    times: [i64; 2],
}

#[derive(Clone, Debug)]
enum Question {
    Compare { field: &'static str, op: &'static str, literal: String },
    Present(&'static str),
    Role { op: &'static str, literal: String },
    Scope { op: &'static str, scope: &'static str },
    Bare(String),
    Not(Box<Question>),
    All(Vec<Question>),
    Any(Vec<Question>),
}

/// A literal in quotes, in which only a star means something.
fn quoted(literal: &str) -> String {
    format!("\"{}\"", literal.replace('\\', r"\\").replace('"', "\\\""))
}

/// The alphabet of the random texts is small enough to say what its case families are.
fn fold(text: &str) -> String {
    text.to_lowercase().replace('ß', "ss")
}

/// Wildcards by their definition: a star takes nothing, or one more character.
fn matches(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['*', rest @ ..], _) if matches(rest, text) => true,
        (['*', ..], [_, text @ ..]) => matches(pattern, text),
        ([p, rest @ ..], [t, text @ ..]) => p == t && matches(rest, text),
        _ => false,
    }
}

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

impl Question {
    fn text(&self) -> String {
        let joined = |parts: &[Self], between: &str| {
            let parts: Vec<_> = parts.iter().map(|part| format!("({})", part.text())).collect();
            parts.join(between)
        };
        match self {
            Self::Compare { field, op, literal } => format!("{field} {op} {}", quoted(literal)),
            Self::Present(field) => format!("{field}:*"),
            Self::Role { op, literal } => format!("role {op} {}", quoted(literal)),
            Self::Scope { op, scope } => format!("role_scope {op} {scope}"),
            Self::Bare(literal) => quoted(literal),
            Self::Not(inner) => format!("NOT ({})", inner.text()),
            Self::All(parts) => joined(parts, " AND "),
            Self::Any(parts) => joined(parts, " OR "),
        }
    }

    fn answer(&self, list: &List, row: &Row) -> bool {
        let has = |value: &str, part: &str| fold(value).contains(&fold(part));
        match self {
            Self::Compare { field: "search", literal, .. } | Self::Bare(literal) => {
                list.searched.iter().any(|field| has(&row.texts[field], literal))
            }
            Self::Compare { field, op, literal } => {
                let (value, literal) = (chars(&row.texts[field]), chars(literal));
                match *op {
                    "=" => matches(&literal, &value),
                    "!=" => !matches(&literal, &value),
                    "<" => value < literal,
                    "<=" => value <= literal,
                    ">" => value > literal,
                    ">=" => value >= literal,
                    _ => has(&value.iter().collect::<String>(), &literal.iter().collect::<String>()),
                }
            }
            Self::Present(_) => true,
            Self::Role { op, literal } => {
                let pattern = chars(&fold(literal));
                let mut names = row.roles.iter().flat_map(|(names, _)| names);
                names.any(|name| matches(&pattern, &chars(&fold(name)))) == (*op == "=")
            }
            Self::Scope { op, scope } => row.roles.iter().any(|(_, held)| held == scope) == (*op == "="),
            Self::Not(inner) => !inner.answer(list, row),
            Self::All(parts) => parts.iter().all(|part| part.answer(list, row)),
            Self::Any(parts) => parts.iter().any(|part| part.answer(list, row)),
        }
    }
}

/// One list request: the filter, the keys with whether they descend, and the sizes of its pages in turn.
#[derive(Clone, Debug)]
struct Request {
    list: usize,
    filter: Option<Question>,
    order: Vec<(&'static str, bool)>,
    sizes: Vec<usize>,
}

/// Letters with and without case, of one byte and more, and what patterns, quotes and escapes are made of.
const TEXT: &str = r#"[aAbsSßéÉж%_*\\"'.-]{1,4}"#;
/// The same, short enough to be part of some row.
const LITERAL: &str = r#"[aAbsSßéÉж%_*\\"'.-]{1,2}"#;

fn questions(fields: &'static [&'static str]) -> impl Strategy<Value = Question> {
    let texts: Vec<_> = fields.iter().copied().filter(|field| !field.starts_with("role")).collect();
    let compare = (select(texts.clone()), select(vec!["=", "!=", "<", "<=", ">", ">=", ":"]), LITERAL);
    let pattern = prop_oneof![
        select(vec![
            "*",
            "Member",
            "cxo",
            "WORKSPACE*",
            "*admin",
            "workspace-viewer",
            "Workspace Viewer",
            "*e*"
        ])
        .prop_map(str::to_owned),
        LITERAL,
        LITERAL.prop_map(|part| format!("*{part}*")),
    ];
    let equality = || select(vec!["=", "!="]);
    let about_roles = prop_oneof![
        (equality(), pattern).prop_map(|(op, literal)| Question::Role { op, literal }),
        (equality(), select(vec!["organization", "workspace"]))
            .prop_map(|(op, scope)| Question::Scope { op, scope }),
    ];
    let weight = if fields.contains(&"role") { 3 } else { 0 };
    let leaf = prop_oneof![
        6 => compare.prop_map(|(field, op, literal)| {
            Question::Compare { field, op: if field == "search" { ":" } else { op }, literal }
        }),
        1 => select(texts).prop_map(Question::Present),
        2 => LITERAL.prop_map(Question::Bare),
        weight => about_roles,
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let several = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            inner.prop_map(|inner| Question::Not(Box::new(inner))),
            several.clone().prop_map(Question::All),
            several.prop_map(Question::Any),
        ]
    })
}

fn requests(lists: &[List]) -> impl Strategy<Value = Request> + use<> {
    let shapes: Vec<_> = lists.iter().map(|list| (list.fields, list.orders)).collect();
    (0..shapes.len()).prop_flat_map(move |list| {
        let (fields, orders) = shapes[list];
        let keys = prop::sample::subsequence(orders, 0..=orders.len()).prop_shuffle();
        let order = keys.prop_flat_map(|keys| {
            let descending = prop::collection::vec(any::<bool>(), keys.len());
            descending.prop_map(move |descending| keys.iter().copied().zip(descending).collect::<Vec<_>>())
        });
        let sizes = prop::collection::vec(1..9usize, 1..4);
        (prop::option::weighted(0.9, questions(fields)), order, sizes)
            .prop_map(move |(filter, order, sizes)| Request { list, filter, order, sizes })
    })
}

/// The ids of the rows in the order that the request asks for.
fn expected(list: &List, request: &Request) -> Vec<String> {
    let passes = |row: &&Row| request.filter.as_ref().is_none_or(|filter| filter.answer(list, row));
    let mut rows: Vec<_> = list.all.iter().filter(passes).collect();
    let by_default = [("create_time", true)];
    let order = if request.order.is_empty() { &by_default[..] } else { &request.order };
    let compare = |one: &Row, other: &Row, key: &str| match key {
        "create_time" | "created_time" => one.times[0].cmp(&other.times[0]),
        "update_time" | "updated_time" => one.times[1].cmp(&other.times[1]),
        field => chars(&one.texts[field]).cmp(&chars(&other.texts[field])),
    };
    rows.sort_by(|one, other| {
        let keys = order.iter().map(|(key, descending)| {
            let found = compare(one, other, key);
            if *descending { found.reverse() } else { found }
        });
        keys.fold(Ordering::Equal, Ordering::then).then_with(|| one.id.cmp(&other.id))
    });
    rows.into_iter().map(|row| row.id.clone()).collect()
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"))
}

/// The ids on all pages.
async fn walked(server: &TestServer, list: &List, request: &Request) -> Result<Vec<String>, String> {
    let filter = encoded(&request.filter.as_ref().map(Question::text).unwrap_or_default());
    let keys = request.order.iter().map(|(key, down)| format!("{key}{}", if *down { " desc" } else { "" }));
    let order = encoded(&keys.collect::<Vec<_>>().join(","));
    let (mut ids, mut token) = (Vec::new(), String::new());
    for size in request.sizes.iter().cycle() {
        let page =
            format!("{}?filter={filter}&order_by={order}&page_size={size}&page_token={token}", list.path);
        let answer = server.get("root", &page).await;
        if answer.status != 200 {
            return Err(answer.text);
        }
        let page = answer.json();
        let rows = page[list.rows].as_array().unwrap();
        if rows.len() > *size || (rows.is_empty() && !ids.is_empty()) {
            return Err(format!("{} rows on a page of {size}", rows.len()));
        }
        ids.extend(rows.iter().map(id));
        if ids.len() > list.all.len() {
            return Err(format!("more rows than there are: {ids:?}"));
        }
        page["next_page_token"].as_str().unwrap().clone_into(&mut token);
        if token.is_empty() {
            break;
        }
    }
    Ok(ids)
}

fn id(row: &Value) -> String {
    let name = row["name"].as_str().or(row["user"]["name"].as_str()).unwrap();
    name.rsplit('/').next().unwrap().to_owned()
}

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
        let new = NewRole { id: None, level, title, description: None, permissions: PermissionSet::NONE };
        core.create_role(&root, by(), new).await.unwrap();
    }
    let mut people = Vec::new();
    for (number, name) in texts(runner, 20).into_iter().enumerate() {
        let local = TEXT.new_tree(runner).unwrap().current();
        let email = format!("{local}{number}@Example.org");
        let username = Some(format!("u{number}"));
        let user = NewUser { username, email, display_name: Some(name), password: None };
        people.push(core.create_user(&root, user).await.unwrap().0.id);
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

/// Of one moment are many, as after an import.
fn blur(server: &TestServer) {
    let coarse = "created_at = created_at - created_at % 40000, updated_at = updated_at - updated_at % 90000";
    answer(&server.database, &format!("UPDATE organizations SET {coarse}"));
    answer(&server.database, &format!("UPDATE workspaces SET {coarse}"));
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
        custom => custom,
    };
    vec![short.to_owned(), title.to_owned()]
}

fn row(value: &Value, fields: &[&'static str], times: &HashMap<String, [i64; 2]>) -> Row {
    let of = if value["user"].is_object() { &value["user"] } else { value };
    let shown = fields.iter().filter_map(|field| Some((*field, of[*field].as_str()?.to_owned())));
    let roles = value["roles"].as_array().map(Vec::as_slice).unwrap_or_default().iter();
    let roles = roles.map(|role| {
        let scope = role["role_scope"].as_str().unwrap().trim_start_matches("ROLE_SCOPE_").to_lowercase();
        (names(role["name"].as_str().unwrap()), scope)
    });
    Row { id: id(value), texts: shown.collect(), roles: roles.collect(), times: times[&id(value)] }
}

/// When everything was made and last changed.
fn times(server: &TestServer) -> HashMap<String, [i64; 2]> {
    let tables = ["organizations", "workspaces", "principals"];
    let selects = tables.map(|table| format!("SELECT id, created_at, updated_at FROM {table}"));
    let lines = answer(&server.database, &selects.join(" UNION ALL "));
    let read = |line: &str| {
        let mut cells = line.split('|');
        let id = uuid::Uuid::parse_str(cells.next()?.trim_start_matches("\\x")).ok()?;
        Some((id.to_string(), [cells.next()?.parse().ok()?, cells.next()?.parse().ok()?]))
    };
    lines.lines().map(|line| read(line).unwrap()).collect()
}

async fn lists(server: &TestServer, runner: &mut TestRunner) -> Vec<List> {
    let (organization, workspace) = fill(server, runner).await;
    let within = format!("/api/v1/organizations/{organization}");
    let times = times(server);
    let titled = |path, rows| List {
        path,
        rows,
        fields: &["title"],
        searched: &["title"],
        orders: &["title", "create_time", "update_time"],
        all: Vec::new(),
    };
    let people = |path| List {
        path,
        rows: "users",
        fields: &["display_name", "email", "search", "role"],
        searched: &["display_name", "email"],
        orders: &["display_name", "email", "created_time", "updated_time"],
        all: Vec::new(),
    };
    let mut lists = vec![
        titled("/api/v1/organizations".to_owned(), "organizations"),
        titled(format!("{within}/workspaces"), "workspaces"),
        people(format!("{within}/users")),
        people(format!("{within}/workspaces/{workspace}/users")),
    ];
    for list in &mut lists {
        let all = server.get("root", &format!("{}?page_size=1000", list.path)).await.expect(200);
        let rows = all[list.rows].as_array().unwrap();
        list.all = rows.iter().map(|value| row(value, list.searched, &times)).collect();
        assert!(rows.len() > 10, "{} rows at {}", rows.len(), list.path);
    }
    lists
}

fn hold(engine: Engine, modest: u32) {
    let cases = env::var("TENANTRY_QUESTIONS").map_or(modest, |count| count.parse().unwrap());
    let server = TestServer::start(engine);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let lists = runtime.block_on(lists(&server, &mut TestRunner::deterministic()));
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 300,
        ..Config::default()
    });
    let outcome = runner.run(&requests(&lists), |request| {
        let list = &lists[request.list];
        let found = runtime.block_on(walked(&server, list, &request)).map_err(TestCaseError::fail)?;
        prop_assert_eq!(found, expected(list, &request));
        Ok(())
    });
    if let Err(TestError::Fail(why, request)) = outcome {
        let filter = request.filter.as_ref().map(Question::text).unwrap_or_default();
        panic!("{why}\n{} filter: {filter} {request:?}", lists[request.list].path);
    }
}

#[test]
fn lists_are_what_was_asked_for_on_sqlite() {
    hold(Engine::Sqlite, 120);
}

#[test]
fn lists_are_what_was_asked_for_on_postgres() {
    hold(Engine::Postgres, 120);
}
