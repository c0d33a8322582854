//! `tenantry demo`: a server with a sample estate, and what can be tried with it.

mod estate;
mod print;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use tenantry_cli::output::print;
use tenantry_core::settings::{AddPeople, Settings};
use tenantry_http::{Limits, Served};
use tenantry_store::Database;
use tokio_util::sync::CancellationToken;

use crate::connections::ConnectionLimits;
use crate::keys::MasterKey;
use crate::output::Format;
use crate::router::Beside;
use crate::serve::{app, cancel_on_signal, listen, open_core, run_core};
use crate::world::SystemEntropy;

pub use estate::{Backdated, Estate, Person, ServiceAccount, build};

/// Where the demo runs and how it tells about itself.
#[derive(Args, Clone, Debug)]
pub struct Demo {
    /// Address to serve on; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where the embedded database is kept [default: a temporary directory, removed at the end]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// `sqlite://FILE` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE` [default: embedded]
    #[arg(long, value_name = "URL")]
    database: Option<SecretString>,
    /// Throw away what is in the embedded database; tokens of an earlier demo cannot be shown again
    #[arg(long)]
    reset: bool,
    /// How the demo tells what can be tried, once connections are taken
    #[arg(long, value_enum, default_value = "text")]
    output: Format,
}

/// Runs the demo until SIGTERM or Ctrl-C.
pub async fn demo(demo: &Demo) -> Result<()> {
    let temporary =
        tempfile::Builder::new().prefix("tenantry-demo-").tempdir().context("a temporary directory")?;
    let directory = demo.data_dir.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(directory)
        .with_context(|| format!("data-dir: cannot make {}", directory.display()))?;
    let database = database(demo, directory)?;
    let listener = listen(demo.listen).await?;
    if demo.reset {
        reset(&database)?;
    }
    let url = format!("http://{}", listener.local_addr()?);
    let key = MasterKey::kept_in(directory, &SystemEntropy)?;
    let estate = build(&database, settings(), &key).await.context("the sample estate")?;
    let core = open_core(&database, settings(), &key).await?;
    let app = app(Served::new(Arc::clone(&core), &url, Limits::default()), &key, Beside::default());
    let limits = ConnectionLimits { drain: Duration::from_secs(5), ..ConnectionLimits::default() };
    let stop = CancellationToken::new();
    tokio::spawn(cancel_on_signal(stop.clone()));
    let serving = tokio::spawn(run_core(listener, app, core, limits, stop.clone()));
    let told = print(|out| match demo.output {
        Format::Text => print::text(out, &url, &estate),
        Format::Json => print::json(out, &url, &estate),
    });
    if told.is_err() {
        // Nobody will ever know the tokens.
        stop.cancel();
    }
    serving.await.context("serving")??;
    told
}

/// The settings of the demo: those of a new server, but people can be added with an account at once.
pub fn settings() -> Settings {
    Settings { add_people: AddPeople::Provision, ..Settings::default() }
}

fn database(demo: &Demo, directory: &std::path::Path) -> Result<Database> {
    let Some(url) = &demo.database else { return Ok(Database::Sqlite(directory.join("tenantry.db"))) };
    let url = url.expose_secret();
    match url.strip_prefix("sqlite://") {
        Some(file) => Ok(Database::Sqlite(PathBuf::from(file))),
        None if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
            Ok(Database::Postgres { url: url.to_owned(), connections: 8 })
        }
        None => bail!("database: expected sqlite://FILE or postgres://..."),
    }
}

fn reset(database: &Database) -> Result<()> {
    let Database::Sqlite(file) = database else {
        bail!("reset: only an embedded database is reset; make a new PostgreSQL database instead");
    };
    tenantry_store::discard(file).map_err(|error| anyhow::anyhow!("reset: {}", error.public()))
}
