//! ZenML's own client and an unmodified ZenML server in Pro mode, which is enrolled as a workspace; every exchange with Tenantry
//! is held against the contract of the dialect. Then the commands of `docs/guides/zenml.md`, as a test of the server has them.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use super::demo::Demo;
use super::{pages, tools};
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
    let mut command = shell::program(&python);
    command.arg("-B").arg(shell::root().join("compat/zenml/check.py")).current_dir(&place);
    command.env("TENANTRY_DEMO", demo.whole()).env("CONTRACT_PYTHON", &contract).env("EARLIER", &earlier);
    browsing(&mut command);
    shell::run(&mut command)?;

    println!("\n==> docs/guides/zenml.md");
    let mut guide = shell::cargo();
    guide.args(["test", "--locked", "--package", "tenantry-server", "--test", "guides"]);
    guide.args(["zenml", "--", "--ignored", "--exact"]).env("BROWSER_PASSWORD", "a password for the guide");
    browsing(&mut guide);
    shell::run(&mut guide)?;
    println!("\nxtask: zenml is content");
    Ok(())
}
