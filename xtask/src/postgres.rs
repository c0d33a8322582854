//! The PostgreSQL server that the tests run against.

#[path = "../../crates/testkit/src/postgres/installation.rs"]
pub(crate) mod installation; // the harness's own answer, and no dependency on one of our crates

use anyhow::{Context, Result};

use crate::apt;

const ADVICE: &str = "the tests need a PostgreSQL server, version 15 or newer, and there is none; \
    install your distribution's package (Debian, Ubuntu: `apt-get install postgresql`; \
    Fedora: `dnf install postgresql-server`; macOS: `brew install postgresql`)";

/// Installs the distribution's server by `apt-get` unless there is one already.
pub(crate) fn install() -> Result<()> {
    if installation::bin_directory().is_some() {
        return Ok(());
    }
    println!("==> PostgreSQL is missing, installing the distribution's package");
    apt::install("postgresql").context(ADVICE)?;
    installation::bin_directory().map(drop).context(ADVICE)
}
