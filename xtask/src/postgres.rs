//! The PostgreSQL server that the tests run against.

#[path = "../../crates/testkit/src/postgres/installation.rs"]
mod installation; // the harness's own answer, and no dependency on one of our crates

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell;

const ADVICE: &str = "the tests need a PostgreSQL server, version 15 or newer, and none is installed; \
    install your distribution's package (Debian, Ubuntu: `apt-get install postgresql`; \
    Fedora: `dnf install postgresql-server`; macOS: `brew install postgresql`)";

/// Installs the distribution's server by `apt-get` unless there is one already.
pub(crate) fn install() -> Result<()> {
    if installation::bin_directory().is_some() {
        return Ok(());
    }
    if shell::answer(shell::program("apt-get").arg("--version")).is_none() {
        bail!("{ADVICE}");
    }
    println!("==> PostgreSQL is missing, installing the distribution's package");
    shell::run(apt_get()?.arg("update")).context(ADVICE)?;
    shell::run(apt_get()?.args(["install", "--yes", "--no-install-recommends", "postgresql"]))
        .context(ADVICE)?;
    installation::bin_directory().map(drop).context(ADVICE)
}

/// `apt-get` with root's rights, if they can be had without asking anybody.
fn apt_get() -> Result<Command> {
    if is_root() {
        let mut apt_get = shell::program("apt-get");
        apt_get.env("DEBIAN_FRONTEND", "noninteractive");
        return Ok(apt_get);
    }
    if shell::answer(shell::program("sudo").args(["--non-interactive", "true"])).is_none() {
        bail!("{ADVICE}");
    }
    let mut sudo = shell::program("sudo");
    sudo.args(["--non-interactive", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    Ok(sudo)
}

fn is_root() -> bool {
    shell::answer(shell::program("id").arg("-u")).is_some_and(|user| user == "0")
}
