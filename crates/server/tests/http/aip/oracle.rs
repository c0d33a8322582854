//! Random filters, orders and page sizes of every list that takes them, against rows that are judged in memory.
//!
//! A question makes its text for the server and its answer side by side, so that neither depends on the other. The rows
//! are what the plain list shows, and many of them were made at the same time. `TENANTRY_QUESTIONS=<count>` asks more.

mod estate;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::env;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestError, TestRunner};
use serde_json::Value;
use tenantry_core::clock::Timestamp;

use crate::harness::{Engine, TestServer};
use estate::lists;

/// A list, the fields that its filter may name, and what it may be ordered by.
struct List {
    path: String,
    rows: &'static str,
    fields: &'static [&'static str],
    searched: &'static [&'static str],
    orders: &'static [&'static str],
    /// The names of the times of a row, in the order of [`estate::Known`].
    times: &'static [&'static str],
    all: Vec<Row>,
}

/// A row: its texts by field, its roles and its times.
#[derive(Clone, Debug)]
struct Row {
    /// As it is shown.
    id: String,
    /// As it breaks ties.
    tie: String,
    texts: HashMap<&'static str, String>,
    /// The names of each role with its scope.
    roles: Vec<(Vec<String>, String)>,
    /// When it was made, last changed, last used; some may not be there.
    times: HashMap<&'static str, Option<i64>>,
}

#[derive(Clone, Debug)]
enum Question {
    Compare { field: &'static str, op: &'static str, literal: String },
    Present(&'static str),
    Role { op: &'static str, literal: String },
    Scope { op: &'static str, scope: &'static str },
    Level { op: &'static str, level: &'static str },
    Time { field: &'static str, op: &'static str, at: i64 },
    TimePresent(&'static str),
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

impl List {
    /// The order without `order_by`.
    fn is_newest_first(&self) -> bool {
        !["roles", "invitations", "api_keys"].contains(&self.rows)
    }
}

impl Question {
    fn text(&self) -> String {
        let joined = |parts: &[Self], between: &str| {
            let parts: Vec<_> = parts.iter().map(|part| format!("({})", part.text())).collect();
            parts.join(between)
        };
        match self {
            Self::Compare { field, op, literal } => format!("{field} {op} {}", quoted(literal)),
            Self::Present(field) | Self::TimePresent(field) => format!("{field}:*"),
            Self::Role { op, literal } => format!("role {op} {}", quoted(literal)),
            Self::Scope { op, scope } => format!("role_scope {op} {scope}"),
            Self::Level { op, level } => format!("permission_level {op} {level}"),
            Self::Time { field, op, at } => format!("{field} {op} \"{}\"", Timestamp::from_micros(*at)),
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
            Self::Level { op, level } => (row.texts["permission_level"] == *level) == (*op == "="),
            Self::Time { field, op, at } => row.times[field].is_some_and(|value| match *op {
                "=" => value == *at,
                "!=" => value != *at,
                "<" => value < *at,
                "<=" => value <= *at,
                ">" => value > *at,
                _ => value >= *at,
            }),
            Self::TimePresent(field) => row.times[field].is_some(),
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

/// Like the texts of the rows, short enough to be part of some.
const LITERAL: &str = r#"[aAbsSßéÉж%_*\\"'.-]{1,2}"#;

/// Something to choose from, also where nothing is chosen.
fn some(of: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let some: Vec<_> = of.collect();
    if some.is_empty() { vec!["nothing"] } else { some }
}

/// Questions about these fields, of a list in which something happened at each of these times.
fn questions(fields: &'static [&'static str], moments: Vec<i64>) -> impl Strategy<Value = Question> {
    let is_time = |field: &&str| field.ends_with("_time");
    let is_text =
        |field: &&str| !field.starts_with("role") && *field != "permission_level" && !is_time(field);
    let texts = some(fields.iter().copied().filter(is_text));
    let times = some(fields.iter().copied().filter(is_time));
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
    let about_scopes = (equality(), select(vec!["organization", "workspace"]))
        .prop_map(|(op, scope)| Question::Scope { op, scope });
    let about_levels = (equality(), select(vec!["ALL", "READ_ONLY", "RESTRICTED"]))
        .prop_map(|(op, level)| Question::Level { op, level });
    let near = (select(moments), -1..=1i64).prop_map(|(at, off)| at + off);
    let about_times = prop_oneof![
        6 => (select(times.clone()), select(vec!["=", "!=", "<", "<=", ">", ">="]), near)
            .prop_map(|(field, op, at)| Question::Time { field, op, at }),
        1 => select(times).prop_map(Question::TimePresent),
    ];
    let weight = |weight: u32, field: &str| if fields.contains(&field) { weight } else { 0 };
    let leaf = prop_oneof![
        6 => compare.prop_map(|(field, op, literal)| {
            Question::Compare { field, op: if field == "search" { ":" } else { op }, literal }
        }),
        1 => select(texts).prop_map(Question::Present),
        2 => LITERAL.prop_map(Question::Bare),
        weight(3, "role") => about_roles,
        weight(3, "role_scope") => about_scopes,
        weight(3, "permission_level") => about_levels,
        weight(5, "create_time") => about_times,
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
    let moments =
        |list: &List| list.all.iter().flat_map(|row| row.times.values().flatten().copied()).collect();
    let shape = |list: &List| (list.fields, list.orders, moments(list));
    let shapes: Vec<(_, _, Vec<i64>)> = lists.iter().map(shape).collect();
    (0..shapes.len()).prop_flat_map(move |list| {
        let (fields, orders, moments) = shapes[list].clone();
        let keys = prop::sample::subsequence(orders, 0..=orders.len()).prop_shuffle();
        let order = keys.prop_flat_map(|keys| {
            let descending = prop::collection::vec(any::<bool>(), keys.len());
            descending.prop_map(move |descending| keys.iter().copied().zip(descending).collect::<Vec<_>>())
        });
        let sizes = prop::collection::vec(1..9usize, 1..4);
        (prop::option::weighted(0.9, questions(fields, moments)), order, sizes)
            .prop_map(move |(filter, order, sizes)| Request { list, filter, order, sizes })
    })
}

/// The ids of the rows in the order that the request asks for.
fn expected(list: &List, request: &Request) -> Vec<String> {
    let passes = |row: &&Row| request.filter.as_ref().is_none_or(|filter| filter.answer(list, row));
    let mut rows: Vec<_> = list.all.iter().filter(passes).collect();
    let by_default = [(list.times[0], list.is_newest_first())];
    let order = if request.order.is_empty() { &by_default[..] } else { &request.order };
    let compare = |one: &Row, other: &Row, key: &str| match (one.times.get(key), other.times.get(key)) {
        // What never happened comes before whatever did.
        (Some(one), Some(other)) => one.cmp(other),
        _ => chars(&one.texts[key]).cmp(&chars(&other.texts[key])),
    };
    rows.sort_by(|one, other| {
        let keys = order.iter().map(|(key, descending)| {
            let found = compare(one, other, key);
            if *descending { found.reverse() } else { found }
        });
        keys.fold(Ordering::Equal, Ordering::then).then_with(|| one.tie.cmp(&other.tie))
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
    let names = [&row["name"], &row["user"]["name"], &row["invitation_id"]];
    let name = names.into_iter().find_map(Value::as_str).unwrap();
    name.rsplit('/').next().unwrap().to_owned()
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
    hold(Engine::Sqlite, 200);
}

#[test]
fn lists_are_what_was_asked_for_on_postgres() {
    hold(Engine::Postgres, 200);
}
