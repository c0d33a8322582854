//! ZenML's own client and an unmodified ZenML server in Pro mode, which is enrolled as a workspace; every exchange with Tenantry
//! is held against the contract of the dialect. Then the commands of `docs/guides/zenml.md`, as a test of the server has them.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::demo::Demo;
use super::{pages, tools};
use crate::child::Guarded;
use crate::shell;

const PYTHON: [&str; 1] = ["zenml[server]==0.98.0"];
/// It says tenant for workspace.
const EARLIER: [&str; 1] = ["zenml==0.75.0"];
const CONTRACT: [&str; 2] = ["openapi-core==0.23.1", "werkzeug==3.1.9"];

pub(super) fn run() -> Result<()> {
    let python = tools::python("zenml", &PYTHON)?.join("python");
    let earlier = tools::python("zenml-earlier", &EARLIER)?;
    let contract = tools::python("zenml-contract", &CONTRACT)?.join("python");
    let (chromium, node) = pages::browser()?;
    let browser = format!("node {} %s", tools::script(&node, "zenml/browser.mjs")?.display());
    let browsing = |command: &mut Command| {
        command.env("BROWSER", &browser).env("CHROMIUM", &chromium);
    };

    let demo = Demo::start(&shell::server(&[])?)?;
    // What client and server leave behind is looked at after a failure, and gone before the next run.
    let place = shell::tools().join("zenml-run");
    if place.exists() {
        fs::remove_dir_all(&place).with_context(|| format!("{} cannot be removed", place.display()))?;
    }
    fs::create_dir_all(&place).with_context(|| format!("{} cannot be made", place.display()))?;
    println!("\n==> zenml");
    let passage = Passage::start(&contract, demo.tell("/url")?, place.join("check.jsonl"))?;
    let mut command = shell::program(&python);
    command.arg("-B").arg(shell::root().join("compat/zenml/check.py")).current_dir(&place);
    command.env("TENANTRY_DEMO", demo.whole()).env("TENANTRY_API", &passage.url).env("EARLIER", &earlier);
    browsing(&mut command);
    shell::run(&mut command)?;
    passage.judge()?;

    println!("\n==> docs/guides/zenml.md");
    let listen =
        TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).context("no free port")?;
    let passage = Passage::start(&contract, &format!("http://{listen}"), place.join("guide.jsonl"))?;
    let mut guide = shell::cargo();
    guide.args(["test", "--locked", "--package", "tenantry-server", "--test", "guides"]);
    guide.args(["zenml", "--", "--ignored", "--exact"]).env("BROWSER_PASSWORD", "a password for the guide");
    guide.env("PASSAGE", &passage.url).env("PASSAGE_TO", listen.to_string());
    browsing(&mut guide);
    shell::run(&mut guide)?;
    passage.judge()?;
    println!("\nxtask: zenml is content");
    Ok(())
}

/// Stands between programs and a server, and holds what they say to each other against the contract of the dialect.
struct Passage {
    program: Guarded,
    /// Where the programs find it.
    url: String,
    /// A line for each exchange.
    report: PathBuf,
}

impl Passage {
    fn start(python: &Path, target: &str, report: PathBuf) -> Result<Self> {
        let place = shell::root().join("compat/zenml");
        let mut command = shell::program(python);
        command.arg("-B").arg(place.join("contract.py")).arg(place.join("contract.openapi.yaml"));
        command.arg(target).arg(&report).stdout(Stdio::piped());
        let mut program = Guarded::spawn(&mut command)?;
        let mut url = String::new();
        BufReader::new(program.stdout().context("the output was asked for")?).read_line(&mut url)?;
        Ok(Self { program, url: url.trim_end().to_owned(), report })
    }

    /// Ends it; an error if any exchange was not as the contract has it.
    fn judge(self) -> Result<()> {
        drop(self.program);
        let report = fs::read_to_string(&self.report).context("the report of the exchanges")?;
        let exchanges: Vec<Exchange> = report.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        let faults: BTreeSet<String> = exchanges.iter().filter_map(Exchange::fault).collect();
        if !faults.is_empty() {
            let faults = faults.into_iter().collect::<Vec<_>>().join("\n");
            bail!("not as the contract has it:\n{faults}");
        }
        let known = || exchanges.iter().filter_map(|exchange| exchange.operation.as_deref());
        let (all, operations) = (known().count(), known().collect::<BTreeSet<_>>().len());
        ensure!(operations > 0, "no exchange was seen");
        println!("{all} exchanges of {operations} operations, all as the contract has them");
        Ok(())
    }
}

/// A request and its answer.
#[derive(Deserialize)]
struct Exchange {
    /// None where the contract does not know it.
    operation: Option<String>,
    status: u16,
    /// What does not fit.
    fault: Option<String>,
}

impl Exchange {
    fn fault(&self) -> Option<String> {
        let operation = self.operation.as_deref().unwrap_or("(unknown)");
        self.fault.as_ref().map(|fault| format!("{operation} {}: {fault}", self.status))
    }
}
