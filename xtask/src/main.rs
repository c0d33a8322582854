//! Development commands of the repository, run as `cargo xtask <command>`.
//!
//! A command is a file of its own: its arguments, if it has any, and a `run`. What several of them need lies in
//! [`shell`]. Nothing here depends on the project's crates, so that it builds in seconds and also when they do not.

mod apt;
mod bench;
mod child;
mod compat;
mod deny;
mod postgres;
mod rustup;
mod shell;
mod test;

use std::process::ExitCode;

use clap::Parser;

/// Development commands of Tenantry.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    Test(test::Arguments),
    /// Check licenses, banned crates and sources of all dependencies
    ///
    /// Builds cargo-deny below `target/tools` at first use. The rules are in `deny.toml`.
    Deny,
    Bench(bench::Arguments),
    Compat(compat::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Command::parse() {
        Command::Test(arguments) => test::run(&arguments),
        Command::Deny => deny::run(),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Compat(arguments) => compat::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
