//! `cargo xtask deny`: licenses, banned crates and sources of all dependencies, by the rules in `deny.toml`.
//!
//! Advisories are not among the checks: they change while the code does not, so a release asks for them, not a build.

use anyhow::Result;

use crate::shell;

/// Pinned, so that the same rules are read the same way everywhere.
const VERSION: &str = "0.20.2";

/// Installs cargo-deny below `target` at first use, then lets it check.
pub(crate) fn run() -> Result<()> {
    let tools = shell::tools();
    let program = tools.join("bin/cargo-deny");
    let installed = shell::answer(shell::program(&program).arg("--version"));
    if installed != Some(format!("cargo-deny {VERSION}")) {
        println!("==> cargo-deny {VERSION} is missing, building it (this takes minutes, once)");
        let mut install = shell::cargo();
        install
            .args(["install", "--locked", "--force", "--version", VERSION, "--root"])
            .arg(&tools)
            .arg("cargo-deny");
        shell::run(&mut install)?;
    }
    let mut check = shell::program(&program);
    shell::run(check.args(["--workspace", "--all-features", "check", "licenses", "bans", "sources"]))?;
    println!("xtask: licenses, bans and sources are in order");
    Ok(())
}
