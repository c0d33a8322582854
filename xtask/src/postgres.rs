//! The PostgreSQL server that the tests run against.

#[path = "../../crates/testkit/src/postgres/installation.rs"]
pub(crate) mod installation; // the harness's own answer, and no dependency on one of our crates

use std::process::Command;

use anyhow::{Context, Result};

use crate::shell;

const ADVICE: &str = "the tests need a PostgreSQL server, version 15 or newer, and there is none; \
    install your distribution's package (Debian, Ubuntu: `apt-get install postgresql`; \
    Fedora: `dnf install postgresql-server`; macOS: `brew install postgresql`)";

/// Installs the distribution's server by `apt-get` unless there is one already.
pub(crate) fn install() -> Result<()> {
    if installation::bin_directory().is_some() {
        return Ok(());
    }
    let mut update = apt_get(&["update"]).context(ADVICE)?;
    let mut install =
        apt_get(&["install", "--yes", "--no-install-recommends", "postgresql"]).context(ADVICE)?;
    println!("==> PostgreSQL is missing, installing the distribution's package");
    shell::run(&mut update).context(ADVICE)?;
    shell::run(&mut install).context(ADVICE)?;
    installation::bin_directory().map(drop).context(ADVICE)
}

/// `apt-get` with root's rights; `None` where it is missing or the rights cannot be had without asking anybody.
fn apt_get(arguments: &[&str]) -> Option<Command> {
    shell::answer(shell::program("apt-get").arg("--version"))?;
    let mut command = shell::program("env");
    if !is_root() {
        shell::answer(shell::program("sudo").args(["--non-interactive", "true"]))?;
        command = shell::program("sudo");
        command.args(["--non-interactive", "env"]);
    }
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(arguments);
    Some(command)
}

fn is_root() -> bool {
    shell::answer(shell::program("id").arg("-u")).is_some_and(|user| user == "0")
}
