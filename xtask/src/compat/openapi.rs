//! Requests that Schemathesis makes from the document of the API, well-formed ones and others, held against what the
//! document tells.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::demo::Demo;
use super::tools;
use crate::shell;

/// Pinned, so that the same document gives the same requests.
const PACKAGE: &str = "schemathesis==4.32.5";
/// Requests of each kind for each operation.
const EXAMPLES: &str = "15";
/// What is held against the document.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance";
/// Held against the answers to nobody, too. A person's token beside a made-up key is no missing credential: Dreadnode's
/// client sends both, and the token counts.
const CREDENTIALS: &str = "ignored_auth";

const EVERYTHING: &str = "--include-operation-id-regex=.";
const WHAT_ENDS_THINGS: &str = "--include-operation-id-regex=_(delete|remove|transfer)_";
const ALL_BUT_THAT: &str = "--exclude-operation-id-regex=_(delete|remove|transfer)_";

/// Who asks for what, each of a demo of its own: nobody, who may do a little, and who may do everything, for whom there
/// would soon be nothing left to ask for.
const ROUNDS: [(Option<&str>, &str); 4] = [
    (None, EVERYTHING),
    (Some("ben"), EVERYTHING),
    (Some("ada"), ALL_BUT_THAT),
    (Some("ada"), WHAT_ENDS_THINGS),
];

pub(super) fn run() -> Result<()> {
    let schemathesis = tools::python("schemathesis", &[PACKAGE])?.join("schemathesis");
    let binary = shell::server(&[])?;
    let mut failed = Vec::new();
    for (who, operations) in ROUNDS {
        let name = who.unwrap_or("nobody");
        println!("\n==> as {name}, {operations}");
        let demo = Demo::start(&binary)?;
        if let Err(error) = round(&schemathesis, &demo, who, operations) {
            println!("    {error:#}");
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("the server and its document disagree, as seen by {}", failed.join(", "));
    }
    println!("\nxtask: the server answers as its document tells");
    Ok(())
}

fn round(schemathesis: &Path, demo: &Demo, who: Option<&str>, operations: &str) -> Result<()> {
    let directory = shell::tools().join("schemathesis-runs");
    fs::create_dir_all(&directory).with_context(|| format!("{} cannot be made", directory.display()))?;
    let config = directory.join("schemathesis.toml");
    fs::write(&config, configuration(demo)?)
        .with_context(|| format!("{} cannot be written", config.display()))?;
    let mut command = shell::program(schemathesis);
    // It leaves what it found beside it.
    command.current_dir(&directory).arg("--config-file").arg(&config).arg("run");
    command.arg(format!("{}/openapi.json", demo.tell("/url")?)).arg(operations);
    let checks = if who.is_none() { format!("{CHECKS},{CREDENTIALS}") } else { CHECKS.to_owned() };
    command.args(["--checks", &checks, "--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES]);
    // One worker: with several, the order of requests differs from run to run, and what it is built on can fail.
    // What is refused as too slow to make depends on the machine.
    command.args(["--suppress-health-check", "filter_too_much,too_slow"]);
    command.args(["--continue-on-failure", "--no-shrink", "--warnings", "off", "--workers", "1"]);
    if let Some(who) = who {
        let token = demo.tell(&format!("/people/{who}/token"))?;
        command.args(["--header", &format!("Authorization: Bearer {token}")]);
    }
    shell::run(&mut command)
}

/// What requests name: made-up ids would only ever be refused.
fn configuration(demo: &Demo) -> Result<String> {
    let organization = demo.tell("/organizations/northwind/id")?;
    let user = demo.tell("/people/cleo/id")?;
    let named = [
        ("organization", organization),
        ("org", organization),
        ("org_id", organization),
        ("workspace", "north-sea"),
        ("user", user),
        ("role", "member"),
    ];
    let lines = named.map(|(name, value)| format!("\"path.{name}\" = \"{value}\"\n"));
    Ok(format!("seed = 1\n[parameters]\n{}", lines.concat()))
}
