//! The binary `tenantry`.

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tenantry_cli::Failure;
use tenantry_cli::output::OutputClosed;
use tenantry_server::config::{Config, Flags};
use tenantry_server::{demo, init, load, log, serve};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Tenantry, a self-hosted tenancy control plane that speaks four vendors' APIs.
///
/// Settings come from flags, then from variables (`TENANTRY_LISTEN`, `TENANTRY_DATABASE`, ...; for secrets also
/// `TENANTRY_DATABASE_FILE`, `TENANTRY_MAIL_URL_FILE` and `TENANTRY_SECRET_KEY_FILE`), then from the file given with --config. `TENANTRY_LOG` sets what
/// is logged, such as `info` or `debug,access=warn`.
#[derive(Parser)]
#[command(name = "tenantry", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve all four APIs until SIGTERM or Ctrl-C
    Serve {
        #[command(flatten)]
        flags: Flags,
    },
    /// Make the server's first administrator, and an organization if one is asked for
    Init {
        #[command(flatten)]
        flags: Flags,
        #[command(flatten)]
        init: init::Init,
    },
    /// Fill a database without organizations with a large synthetic estate, for benchmarks and trials
    Load {
        #[command(flatten)]
        flags: Flags,
        #[command(flatten)]
        load: load::Load,
    },
    /// Serve a sample estate and print what can be tried with it
    Demo(demo::Demo),
    #[command(flatten)]
    Remote(tenantry_cli::Command),
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let quiet = if matches!(cli.command, Command::Serve { .. }) { "info" } else { "warn" };
    log::install(quiet);
    let outcome = match &cli.command {
        Command::Serve { flags } => match Config::read(flags) {
            Ok(config) => serve::serve(&config).await,
            Err(error) => Err(error),
        },
        Command::Init { flags, init } => match Config::read(flags) {
            Ok(config) => init::init(&config, init).await,
            Err(error) => Err(error),
        },
        Command::Load { flags, load } => match Config::read(flags) {
            Ok(config) => load::load(&config, load).await,
            Err(error) => Err(error),
        },
        Command::Demo(demo) => demo::demo(demo).await,
        Command::Remote(remote) => remote.run().await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<OutputClosed>() => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody may listen there either, and then there is nothing left to say.
            let _ = writeln!(std::io::stderr(), "tenantry: {error:#}");
            error.downcast_ref().map_or(ExitCode::FAILURE, |failure: &Failure| failure.exit_code().into())
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    /// What only debug builds would find out at the first use of a command.
    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
