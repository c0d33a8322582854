//! What the processes of Tenantry log, and where.

use tracing_subscriber::EnvFilter;

/// Logs from now on, as lines of JSON on the standard error, what `TENANTRY_LOG` names (such as `info` or
/// `debug,access=warn`), or else what `quiet` does. Once in a process.
///
/// # Panics
///
/// If something else logs in this process already.
pub fn install(quiet: &str) {
    let filter = EnvFilter::try_from_env("TENANTRY_LOG").unwrap_or_else(|_| EnvFilter::new(quiet));
    // The database's driver writes the values of statements at finer levels, and those may be anything.
    let filter = filter.add_directive("tokio_postgres=warn".parse().unwrap_or_default());
    // A line that cannot be written is lost; to complain about it where it could not be written would end the request.
    let log = tracing_subscriber::fmt().json().log_internal_errors(false);
    log.with_env_filter(filter).with_writer(std::io::stderr).init();
}
