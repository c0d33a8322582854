//! Where PostgreSQL's server programs lie on this machine.
//!
//! Distributions rarely put `initdb` on the PATH. `cargo xtask test` includes this file to learn whether it has to
//! install a server, so that it never disagrees with the harness; keep it to the standard library.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The directory of `initdb`, `pg_ctl` and `postgres`, or `None` where no server is installed.
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

fn holds_server(directory: &Path) -> bool {
    ["initdb", "pg_ctl", "postgres"].iter().all(|program| directory.join(program).is_file())
}
