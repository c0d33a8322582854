//! Where PostgreSQL's server programs lie on this machine.
//!
//! Distributions rarely put `initdb` on the PATH. `cargo xtask test` includes this file to learn whether it has to
//! install a server, so that it never disagrees with the harness; keep it to the standard library.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The directory of `postgres`, `initdb` and their like, or `None` where no server, or only an old one, is installed.
pub(crate) fn bin_directory() -> Option<PathBuf> {
    on_path().or_else(told_by_pg_config).or_else(newest_of_debian)
}

/// Links are followed, since a link to `postgres` alone does not bring its neighbours along.
fn on_path() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let program = env::split_paths(&path).find_map(|entry| fs::canonicalize(entry.join("postgres")).ok())?;
    program.parent().map(Path::to_path_buf).filter(|found| holds_server(found))
}

fn told_by_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let found = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    holds_server(&found).then_some(found)
}

/// Debian and Ubuntu keep each major version in a directory of its own.
fn newest_of_debian() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    versions
        .filter_map(|entry| {
            let major: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((major, entry.path().join("bin")))
        })
        .filter(|(_, found)| holds_server(found))
        .max()
        .map(|(_, found)| found)
}

/// Older servers cannot sort a whole cluster by ICU's rules.
const OLDEST: u32 = 15;

fn holds_server(directory: &Path) -> bool {
    let is_complete =
        ["initdb", "pg_ctl", "pg_isready", "psql"].iter().all(|name| directory.join(name).is_file());
    is_complete && major_version(directory).is_some_and(|major| major >= OLDEST)
}

/// Reads `postgres (PostgreSQL) 15.4`, or `17beta1` in the last place.
fn major_version(directory: &Path) -> Option<u32> {
    let output = Command::new(directory.join("postgres")).arg("--version").output().ok()?;
    let line = String::from_utf8(output.stdout).ok()?;
    let digits = line.split_whitespace().nth(2)?.split(|letter: char| !letter.is_ascii_digit());
    digits.into_iter().next()?.parse().ok()
}
