//! Programs of other people and what they run on, installed below `target/tools` at first use and pinned, so that the same
//! requests are made everywhere.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{apt, shell};

/// A Python environment with these packages (`name==version`): where its programs are. Needs Python with `venv`.
pub(super) fn python(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let home = shell::tools().join(name);
    let programs = home.join("bin");
    if !is_installed(&home, packages) {
        println!("==> {} missing, installing (once)", packages.join(", "));
        shell::run(shell::program("python3").args(["-m", "venv", "--clear"]).arg(&home))?;
        let mut pip = shell::program(programs.join("pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check"]);
        shell::run(pip.args(packages))?;
        note_installed(&home, packages)?;
    }
    Ok(programs)
}

/// A directory in which Node.js finds these packages (`name@version`). Needs Node.js with npm.
pub(super) fn node(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let home = shell::tools().join(name);
    if !is_installed(&home, packages) {
        println!("==> {} missing, installing (once)", packages.join(", "));
        fs::create_dir_all(&home).with_context(|| format!("{} cannot be made", home.display()))?;
        let mut npm = shell::program("npm");
        npm.args(["install", "--silent", "--no-audit", "--no-fund", "--no-package-lock", "--prefix"])
            .arg(&home);
        shell::run(npm.args(packages)).context("Node.js with npm is needed")?;
        note_installed(&home, packages)?;
    }
    Ok(home)
}

/// A script that Node.js runs with the packages of the directory: it looks for them beside the script.
pub(super) fn script(home: &Path, script: &str) -> Result<PathBuf> {
    let from = shell::root().join("compat").join(script);
    let to = home.join(from.file_name().context("a script has a name")?);
    fs::copy(&from, &to).with_context(|| format!("{} cannot be copied", from.display()))?;
    Ok(to)
}

/// The browser, from the distribution's package where it is missing.
pub(super) fn chromium() -> Result<PathBuf> {
    const ADVICE: &str = "the pages are looked at in Chromium, and there is none: install your distribution's package \
        (Debian: `apt-get install chromium`)";
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = || names.iter().find_map(|name| shell::answer(shell::program("which").arg(name)));
    if found().is_none() {
        println!("==> Chromium is missing, installing the distribution's package");
        apt::install("chromium").context(ADVICE)?;
    }
    found().map(PathBuf::from).context(ADVICE)
}

/// What is installed is noted last, so that an installation that was broken off is made anew.
fn is_installed(home: &Path, packages: &[&str]) -> bool {
    fs::read_to_string(home.join("installed")).is_ok_and(|noted| noted == packages.join("\n"))
}

fn note_installed(home: &Path, packages: &[&str]) -> Result<()> {
    let note = home.join("installed");
    fs::write(&note, packages.join("\n")).with_context(|| format!("{} cannot be written", note.display()))
}
