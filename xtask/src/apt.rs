//! Packages of the distribution, where it is Debian's or Ubuntu's.

use std::process::Command;

use anyhow::{Context, Result};

use crate::shell;

/// Installs a package with `apt-get`.
///
/// # Errors
/// Also where there is no `apt-get`, or the rights for it cannot be had without asking anybody.
pub(crate) fn install(package: &str) -> Result<()> {
    let mut update = apt_get(&["update"]).context("there is no way to install packages")?;
    let mut install = apt_get(&["install", "--yes", "--no-install-recommends", package])
        .context("there is no way to install packages")?;
    shell::run(&mut update)?;
    shell::run(&mut install)
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
