//! ZenML's own client and an unmodified ZenML server in Pro mode, which is enrolled as a workspace.

use std::fs;

use anyhow::{Context, Result};

use super::demo::Demo;
use super::tools;
use crate::shell;

const PYTHON: [&str; 1] = ["zenml[server]==0.98.0"];

pub(super) fn run() -> Result<()> {
    let python = tools::python("zenml", &PYTHON)?.join("python");
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
    shell::run(command.env("TENANTRY_DEMO", demo.whole()))?;
    println!("\nxtask: zenml is content");
    Ok(())
}
