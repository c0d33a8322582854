//! The server under test: the release binary, as a child on a loopback port.

use std::env;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::runtime::Runtime;
use tokio::time::Instant;

use super::client::{Connection, Request};
use super::process;
use crate::child::Guarded;
use crate::shell;

const PATIENCE: Duration = Duration::from_mins(1);

/// How a command of the binary is run: where its data are, and with which settings beside the defaults.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) binary: PathBuf,
    pub(super) data_dir: PathBuf,
    /// The URL of a PostgreSQL database; without it the server has its embedded one.
    pub(super) database: Option<String>,
    pub(super) static_answers: Option<PathBuf>,
    pub(super) page_cache_mb: Option<u32>,
}

impl Settings {
    /// A subcommand of the binary, with nothing in its environment that configures it otherwise.
    pub(super) fn command(&self, subcommand: &str) -> Command {
        let mut command = shell::program(&self.binary);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("TENANTRY_") {
                command.env_remove(name);
            }
        }
        command.arg(subcommand).arg("--data-dir").arg(&self.data_dir);
        if let Some(url) = &self.database {
            // By the environment, since others can read a command line.
            command
                .env("TENANTRY_DATABASE", url)
                .env("TENANTRY_SECRET_KEY", "a key that guards nothing at all");
        }
        command
    }
}

/// A server that is ready. It is killed when it is dropped.
pub(super) struct Server {
    child: Guarded,
    pub(super) address: SocketAddr,
    /// Time from the start of the process to the first answer of success to `/readyz`.
    pub(super) ready: Duration,
}

impl Server {
    /// Starts it. Its log is made as in production, access log and all, and thrown away; what happens when it is kept
    /// depends on who keeps it.
    pub(super) fn start(settings: &Settings, runtime: &Runtime) -> Result<Self> {
        let address = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
        let address = address.context("the loopback interface has a free port")?;
        let mut command = settings.command("serve");
        command.args(["--listen", &address.to_string()]);
        if let Some(directory) = &settings.static_answers {
            command.arg("--static-answers").arg(directory);
        }
        if let Some(megabytes) = settings.page_cache_mb {
            command.args(["--page-cache-mb", &megabytes.to_string()]);
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let begin = Instant::now();
        let mut child = Guarded::spawn(&mut command)?;
        let probe = Request::new("/readyz", "none", None);
        while begin.elapsed() < PATIENCE {
            if runtime
                .block_on(async { Connection::open(address).await?.ask(&probe).await.map(drop) })
                .is_ok()
            {
                return Ok(Self { child, address, ready: begin.elapsed() });
            }
            if let Some(status) = child.ended()? {
                bail!("`{}` ended ({status}); run it by hand to see why", shell::line(&command));
            }
            thread::sleep(Duration::from_millis(1));
        }
        bail!("`{}` is not ready after {} s", shell::line(&command), PATIENCE.as_secs())
    }

    /// CPU time so far, in microseconds.
    pub(super) fn cpu_micros(&self) -> Result<u64> {
        process::cpu_micros(self.child.id())
    }

    /// Memory in use, in megabytes.
    pub(super) fn resident_megabytes(&self) -> Result<f64> {
        process::resident_megabytes(self.child.id())
    }
}

/// Megabytes (10^6 bytes) of a file.
pub(super) fn megabytes(file: &Path) -> Result<f64> {
    let bytes = file.metadata().with_context(|| format!("{}", file.display()))?.len();
    #[expect(clippy::cast_precision_loss, reason = "files are smaller than 2^52 bytes")]
    Ok(bytes as f64 / 1e6)
}
