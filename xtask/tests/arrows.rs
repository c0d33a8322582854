//! The arrows between the crates of the workspace: which may depend on which, and which on which library.
//!
//! Cargo holds an arrow only until somebody adds a line to a Cargo.toml; this test says in words what that line broke.
//! What is shipped counts, tests may use what they like. The law is the tables on top and [`broken`].

use cargo_metadata::{DependencyKind, MetadataCommand};

/// A crate of ours, less `tenantry-`, and those of ours that it may depend on.
const CRATES: &[(&str, MayUse)] = &[
    ("core", Only(&[])),
    ("aip", Only(&[])),
    ("store", Only(&["core"])),
    ("http", Only(&["core"])),
    ("api-aip", Only(&["core", "http", "aip"])),
    ("api-zenml", Only(&["core", "http"])),
    ("api-evo", Only(&["core", "http"])),
    ("api-dreadnode", Only(&["core", "http"])),
    ("oauth", Only(&["core", "http"])),
    ("outbound", Only(&["core"])),
    ("console", Only(&["core", "http"])),
    ("server", All),
    ("cli", Only(&[])),
    ("testkit", All),
    ("xtask", Only(&[])),
];

/// Libraries, and the only crates of ours that may depend on them.
const AT_HOME: &[(&[&str], &[&str])] = &[
    (
        &["axum"],
        &[
            "http",
            "api-aip",
            "api-zenml",
            "api-evo",
            "api-dreadnode",
            "oauth",
            "console",
            "server",
            "testkit",
        ],
    ),
    (&["rusqlite", "tokio-postgres", "deadpool-postgres"], &["store", "testkit"]),
    (&["reqwest"], &["outbound", "cli"]),
];

/// The core knows neither a protocol nor a database nor a runtime.
const STRANGE_TO_CORE: &[&str] = &["axum", "tokio", "rusqlite", "tokio-postgres", "hyper", "reqwest", "http"];

enum MayUse {
    Only(&'static [&'static str]),
    All,
}
use MayUse::{All, Only};

/// A package and a package that it depends on for more than its tests.
type Edge<'a> = (&'a str, &'a str);

#[test]
fn every_arrow_is_allowed() {
    let metadata = MetadataCommand::new().no_deps().exec().expect("`cargo metadata` reads the workspace");
    let packages = metadata.workspace_packages();
    let members: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let dependencies = packages.iter().flat_map(|package| {
        let shipped =
            package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
        shipped.map(|dependency| (package.name.as_str(), dependency.name.as_str()))
    });
    let broken = broken(&members, &dependencies.collect::<Vec<_>>());
    assert!(broken.is_empty(), "\n- {}\n", broken.join("\n- "));
}

/// A sentence for each crate that the table lacks and for each edge that is not allowed.
fn broken(members: &[&str], edges: &[Edge<'_>]) -> Vec<String> {
    let unknown = members.iter().filter(|member| may_use(short(member)).is_none()).map(|member| {
        format!("the crate {member} is not in the table: say in xtask/tests/arrows.rs what it may depend on")
    });
    let forbidden = edges.iter().filter_map(|&(from, to)| {
        let is_ours = members.contains(&to);
        let reason =
            if is_ours { against_ours(short(from), short(to)) } else { against_library(short(from), to) };
        reason.map(|reason| format!("{from} may not depend on {to}: {reason}"))
    });
    unknown.chain(forbidden).collect()
}

fn against_ours(from: &str, to: &str) -> Option<String> {
    if to == "testkit" {
        return Some("the test kit is for tests, name it among the dev-dependencies".to_owned());
    }
    match may_use(from)? {
        All => None,
        Only(allowed) if allowed.contains(&to) => None,
        Only([]) => Some("it depends on no crate of ours".to_owned()),
        Only(allowed) => Some(format!("of ours it may depend on {} alone", allowed.join(", "))),
    }
}

fn against_library(from: &str, library: &str) -> Option<String> {
    if from == "core" && STRANGE_TO_CORE.contains(&library) {
        return Some("the core knows neither a protocol nor a database nor a runtime".to_owned());
    }
    let (_, homes) = AT_HOME.iter().find(|(libraries, _)| libraries.contains(&library))?;
    (!homes.contains(&from)).then(|| format!("only {} may", homes.join(", ")))
}

fn may_use(name: &str) -> Option<&'static MayUse> {
    CRATES.iter().find(|(known, _)| *known == name).map(|(_, may_use)| may_use)
}

fn short(package: &str) -> &str {
    package.strip_prefix("tenantry-").unwrap_or(package)
}

const SOME: &[&str] =
    &["tenantry-core", "tenantry-store", "tenantry-http", "tenantry-server", "tenantry-testkit"];

#[test]
fn the_drawn_arrows_pass() {
    let edges = [
        ("tenantry-store", "tenantry-core"),
        ("tenantry-http", "tenantry-core"),
        ("tenantry-server", "tenantry-store"),
        ("tenantry-testkit", "tenantry-server"),
        ("tenantry-store", "rusqlite"),
        ("tenantry-http", "axum"),
        ("tenantry-http", "http"),
        ("tenantry-core", "serde"),
    ];
    assert_eq!(broken(SOME, &edges), [""; 0]);
}

#[test]
fn an_arrow_between_crates_of_ours_can_break() {
    let edges = [
        ("tenantry-http", "tenantry-store"),
        ("tenantry-core", "tenantry-http"),
        ("tenantry-server", "tenantry-testkit"),
    ];
    assert_eq!(
        broken(SOME, &edges),
        [
            "tenantry-http may not depend on tenantry-store: of ours it may depend on core alone",
            "tenantry-core may not depend on tenantry-http: it depends on no crate of ours",
            "tenantry-server may not depend on tenantry-testkit: \
             the test kit is for tests, name it among the dev-dependencies",
        ]
    );
}

#[test]
fn an_arrow_to_a_library_can_break() {
    let edges = [("tenantry-core", "http"), ("tenantry-store", "axum"), ("tenantry-server", "rusqlite")];
    let sentences = broken(SOME, &edges);
    assert_eq!(sentences.len(), 3, "{sentences:#?}");
    assert_eq!(
        sentences[0],
        "tenantry-core may not depend on http: the core knows neither a protocol nor a database nor a runtime"
    );
    assert!(
        sentences[1].starts_with("tenantry-store may not depend on axum: only http, "),
        "{}",
        sentences[1]
    );
    assert_eq!(sentences[2], "tenantry-server may not depend on rusqlite: only store, testkit may");
}

#[test]
fn a_crate_without_a_row_is_asked_for_one() {
    let sentences = broken(&["tenantry-core", "tenantry-billing"], &[("tenantry-billing", "tenantry-core")]);
    assert_eq!(
        sentences,
        [
            "the crate tenantry-billing is not in the table: say in xtask/tests/arrows.rs what it may depend on"
        ]
    );
}
