//! Who gets what from which route: every route of every dialect x every kind of caller x one's own, another tenant's and
//! nobody's ids. Every answer is one that the document of the API tells. The outcomes are checked in (`matrix.txt`; `UPDATE_MATRIX=1` writes them anew, for a human to read).
//!
//! A route without a row in [`rows()`] fails. Another tenant's real id answers exactly as a random one does, headers and all.

mod login;
mod rows;
mod teams;
mod things;
mod zenml;
mod zenml_people;

use std::collections::BTreeMap;
use std::fmt::Write;

use reqwest::Method;
use serde_json::Value;
use tenantry_core::permission::BuiltinRole;
use tenantry_testkit::estate::answer;

use crate::harness::{Answer, SOURCE, TestServer, both_alone, client, network};
use crate::reference::Reference;

pub(crate) use rows::{Row, route_of, rows};
pub(crate) use things::{Ids, things};
use things::{machine, person};

both_alone!(every_route_has_its_outcomes);

/// The operations of which the matrix tells.
pub(crate) fn operations() -> Vec<(&'static str, &'static str)> {
    rows().iter().map(|row| (row.method, row.path)).collect()
}

/// The routes that the routers have.
pub(crate) fn served() -> Vec<(String, &'static str)> {
    let tables = [
        tenantry_api_aip::routes(),
        tenantry_api_evo::routes(),
        tenantry_api_dreadnode::routes(),
        tenantry_api_zenml::routes(),
        tenantry_oauth::endpoints(),
        tenantry_oauth::pages(),
    ];
    tables
        .iter()
        .flat_map(|routes| routes.table().iter().map(|(method, path)| (method.to_string(), *path)))
        .collect()
}

async fn ask(server: &TestServer, token: Option<&str>, row: &Row, ids: &Ids) -> Answer {
    let path = ids.fill(row.path);
    let method = Method::from_bytes(row.method.as_bytes()).unwrap();
    let url = format!("{}{path}?{}", server.url, ids.fill(row.query));
    let mut request = client().request(method, url);
    request = request.header("x-request-id", "matrix").header(SOURCE, network().to_string());
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(body) = &row.body {
        let body: Value = serde_json::from_str(&ids.fill(&body.to_string())).unwrap();
        request = request.json(&body);
    }
    Answer::of(request).await
}

/// Everything that a client can tell two answers apart by.
fn visible(answer: &Answer) -> (u16, String, BTreeMap<String, String>) {
    let headers = answer.headers.iter().filter(|(name, _)| *name != "date");
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    (answer.status, answer.text.clone(), headers.collect())
}

async fn every_route_has_its_outcomes(server: &TestServer) {
    let rows = rows();
    for (method, path) in served() {
        let covered = rows.iter().any(|row| row.method == method && row.route() == path);
        assert!(covered, "the matrix has no row for {method} {path}: add one");
    }
    let (_, member) = person(server, "mia", BuiltinRole::OrganizationMember).await;
    let (sue, suspended) = person(server, "sue", BuiltinRole::OrganizationOwner).await;
    let root = server.core.authenticate(server.token("root")).await.unwrap();
    server.core.set_suspended(&root, sue, true).await.unwrap();
    let (forge, machine) = machine(server, "ada", "northwind").await;
    let callers = [
        ("none", None),
        ("bad", Some("tny_pat_0000")),
        ("nobody", Some(server.token("kit"))),
        ("member", Some(member.as_str())),
        ("viewer", Some(server.token("cleo"))),
        ("editor", Some(server.token("ben"))),
        ("admin", Some(server.token("oscar"))),
        ("suspended", Some(suspended.as_str())),
        ("service", Some(server.token("northwind-ci"))),
        ("machine", Some(machine.as_str())),
        ("stranger", Some(server.token("dan"))),
        ("owner", Some(server.token("ada"))),
        ("server", Some(server.token("root"))),
    ];
    let (northwind, southgate) = (server.organization("northwind"), server.organization("southgate"));
    let random = |last: &str| format!("0190b0a0-0000-7000-8000-0000000000{last}");
    let ours = things(server, "ada", "northwind", "cleo").await;
    let dans = things(server, "dan", "southgate", "dan").await;
    let no_things = Ids {
        user: random("0a"),
        role: random("0b"),
        invitation: random("0c"),
        key: random("0d"),
        device: random("0e"),
        authorization: random("0f"),
        session: random("10"),
        account: random("11"),
        account_key: random("12"),
        client: random("13"),
        team: random("14"),
        assignment: random("15"),
        issuer: random("16"),
        ..ours.clone()
    };
    let at = |things: &Ids, organization: &str, workspace: &str| Ids {
        organization: organization.to_owned(),
        workspace: workspace.to_owned(),
        ..things.clone()
    };
    // ben edits North Sea; cleo looks at Reservoir Models, the service account at Turbine Forecasts. The machine is the server
    // of a workspace of its own.
    let sea = at(&ours, &northwind, &server.workspace(&northwind, "ada", "North Sea").await);
    let models = at(&ours, &northwind, &server.workspace(&northwind, "ada", "Reservoir Models").await);
    let forecasts = at(&ours, &northwind, &server.workspace(&northwind, "ada", "Turbine Forecasts").await);
    let forge = at(&ours, &northwind, &forge);
    let own = |caller: &str| match caller {
        "machine" => &forge,
        "viewer" => &models,
        "service" => &forecasts,
        _ => &sea,
    };
    let theirs = server.workspace(&southgate, "dan", "Quarry").await;
    let other = [at(&dans, &southgate, &theirs), at(&dans, &northwind, &theirs)];
    let nobodys = [at(&no_things, &random("01"), &random("02")), at(&no_things, &northwind, &random("03"))];
    let mut reference = Reference::of(&server.url);
    let mut table = String::new();
    let events = || answer(&server.database, "SELECT COUNT(*) FROM audit_events");
    for row in &rows {
        writeln!(table, "{} {}", row.method, row.path).unwrap();
        let before = events();
        for (caller, token) in callers {
            let mine = ask(server, token, row, own(caller)).await;
            reference.check(row.method, row.path, &mine);
            let mut outcomes = vec![mine.status];
            for (real, random) in other.iter().zip(&nobodys) {
                // dan belongs to southgate and may know what is in it, root runs the server.
                let there = real.organization == southgate || !row.path.contains("{org");
                let knows = there && matches!(caller, "stranger" | "server");
                let mut seen = ask(server, token, row, real).await;
                let unseen = ask(server, token, row, random).await;
                reference.check(row.method, row.path, &seen);
                reference.check(row.method, row.path, &unseen);
                outcomes.push(seen.status);
                // What succeeds did not depend on the id: a route of one's own organization without a workspace in it. But a
                // server asks about ids in queries, and is told nothing of another tenant's.
                let is_asked_about = caller == "machine" && row.path.starts_with("/rbac");
                if !knows && (seen.status >= 400 || unseen.status >= 400 || is_asked_about) {
                    // The answer may repeat the ids that were asked for, and nothing else of them.
                    seen.text = real.retold(&seen.text, random);
                    assert_eq!(visible(&seen), visible(&unseen), "{caller} {} {}", row.method, row.path);
                }
            }
            assert!(
                outcomes.iter().all(|status| *status < 500),
                "{caller} {} {}: {outcomes:?}",
                row.method,
                row.path
            );
            writeln!(
                table,
                "    {caller:<10} own {} · other organization {} · other's workspace here {}",
                outcomes[0], outcomes[1], outcomes[2]
            )
            .unwrap();
        }
        // Looking changes nothing; the vendor has a token made by a GET.
        let looks = row.method == "GET" && row.path != "/auth/api_token";
        assert!(!looks || events() == before, "GET {} writes to the trail", row.path);
    }
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http/matrix.txt");
    if std::env::var_os("UPDATE_MATRIX").is_some() {
        std::fs::write(golden, &table).unwrap();
    }
    let expected = std::fs::read_to_string(golden).unwrap();
    let differing = table.lines().zip(expected.lines()).find(|(now, then)| now != then);
    assert!(
        table == expected,
        "the matrix changed, first here: {differing:?}; UPDATE_MATRIX=1 writes it anew"
    );
}
