//! The toolchain's components that a minimal installation lacks.

use anyhow::{Context, Result};

use crate::shell;

/// Installs a component by rustup unless cargo already has its command.
pub(crate) fn install(component: &str) -> Result<()> {
    let subcommand = if component == "rustfmt" { "fmt" } else { component };
    if shell::answer(shell::cargo().args([subcommand, "--version"])).is_some() {
        return Ok(());
    }
    println!("==> {component} is missing, installing it");
    shell::run(shell::program("rustup").args(["component", "add", component]))
        .with_context(|| format!("{component} is missing; install it beside cargo"))
}
