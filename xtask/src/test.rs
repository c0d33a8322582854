//! `cargo xtask test`: all that must hold before a change is merged. Continuous integration runs the same command.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use crate::compat::pages;
use crate::{postgres, rustup, shell};

/// Check formatting, lints, tests and documentation
///
/// Installs what it needs where it may (rustfmt and clippy by rustup, a PostgreSQL server and Chromium by apt-get, what drives it by npm), then runs the
/// steps in order and stops at the first that fails.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Run this step alone
    #[arg(long, value_name = "STEP")]
    only: Option<Step>,
}

/// In the order in which they run: what answers soonest comes first.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Formatting is rustfmt's
    Fmt,
    /// Clippy has nothing to say
    Clippy,
    /// Unit, integration and documentation tests pass
    Test,
    /// The documentation builds without a warning
    Doc,
    /// The pages work in a real browser
    Pages,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let steps = match &arguments.only {
        Some(step) => std::slice::from_ref(step),
        None => Step::value_variants(),
    };
    for step in steps {
        step.install_what_is_missing()?;
    }
    let (outcome, seconds) = timed(|| steps.iter().try_for_each(|step| step.run()));
    outcome?;

    let names: Vec<_> = steps.iter().map(|step| step.name()).collect();
    println!("\nxtask: {} passed in {seconds:.1} s", names.join(", "));
    Ok(())
}

impl Step {
    fn run(self) -> Result<()> {
        let (outcome, seconds) = if let Some(mut command) = self.command() {
            println!("\n==> {}: {}", self.name(), shell::line(&command));
            timed(|| shell::run(&mut command))
        } else {
            println!("\n==> {}: cargo xtask compat pages", self.name());
            timed(pages::run)
        };
        outcome.with_context(|| format!("step {} failed after {seconds:.1} s", self.name()))?;
        println!("    {} passed in {seconds:.1} s", self.name());
        Ok(())
    }

    /// What cargo does for it; `None` for the pages, which are this program's own.
    fn command(self) -> Option<Command> {
        let mut cargo = shell::cargo();
        match self {
            Self::Fmt => cargo.args(["fmt", "--all", "--check"]),
            Self::Clippy => {
                cargo.args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
            }
            Self::Test => cargo.args(["test", "--workspace", "--locked"]),
            Self::Doc => {
                cargo.args(["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-Dwarnings")
            }
            Self::Pages => return None,
        };
        Some(cargo)
    }

    fn install_what_is_missing(self) -> Result<()> {
        match self {
            Self::Fmt => rustup::install("rustfmt"),
            Self::Clippy => rustup::install("clippy"),
            Self::Test => postgres::install(),
            Self::Doc => Ok(()),
            Self::Pages => pages::browser().map(drop),
        }
    }

    fn name(self) -> String {
        let value = self.to_possible_value().expect("no step is hidden");
        value.get_name().to_owned()
    }
}

#[expect(clippy::disallowed_methods, reason = "a stopwatch on the terminal; nothing else depends on it")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let outcome = work();
    (outcome, start.elapsed().as_secs_f64())
}
