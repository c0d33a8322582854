//! `cargo xtask bench`: how fast the server is, and how far that is from what it should be.
//!
//! The release server runs as a child over a large synthetic estate, on SQLite and on a real PostgreSQL server, and each
//! path takes turns with a static answer of the same bytes from the same server. Everything stays on the loopback
//! interface and below one temporary directory, and nothing of it stays behind, however the bench ends.
//!
//! Start reading at [`run`]; what is measured is in `paths.rs`, what it should be in `report.rs`.

mod client;
mod estate;
mod measure;
mod paths;
mod postgres;
mod process;
mod report;
mod server;

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use serde::Serialize;
use tokio::runtime::Runtime;

use estate::{Estate, Size};
use measure::Stand;
use paths::{Path, Scout};
use postgres::Postgres;
use report::{Mode, Report};
use server::{Server, Settings};

use crate::child::Directory;
use crate::shell;

/// Lists that are also measured from a warm page cache.
const CACHED: &[&str] = &[
    "aip-list-small",
    "aip-list-big",
    "aip-list-big-deep",
    "evo-list-big",
    "evo-list-big-deep",
    "dreadnode-list-big",
    "dreadnode-list-big-deep",
    "zenml-list-big",
    "zenml-list-big-deep",
];
/// How often the server is started to see how long that takes.
const STARTS: usize = 3;

/// Measure the release server on SQLite and PostgreSQL
///
/// Builds the server, loads an estate of 1,000 organizations, 100,000 workspaces, 50,000 users and 500,000 memberships
/// into each database, and into another one organization of 100,000 users and 1,000 workspaces, and tells requests/s, latencies, CPU time and ratios of every path, with the goals beside them. Linux
/// only. Temporary data lie in TMPDIR, which should be on a disk: in memory a write that is made durable costs nothing.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Seconds to measure each path, and as many for what it is held against
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Databases to measure on
    #[arg(long, value_enum, default_value = "both")]
    engine: Engines,
    /// Measure only paths whose name has one of these in it, with commas between, such as `list` or `aip-get,token`
    #[arg(long, value_name = "FILTER", default_value = "")]
    paths: String,
    /// How to print what was measured
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
    /// Size of the estate, in percent, from 10: one organization in a hundred is big
    #[arg(long, value_name = "PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u64).range(10..=100))]
    scale: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Engines {
    Sqlite,
    Postgres,
    Both,
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    Text,
    Json,
}

/// Which database is behind the server.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let engines: &[Engine] = match arguments.engine {
        Engines::Sqlite => &[Engine::Sqlite],
        Engines::Postgres => &[Engine::Postgres],
        Engines::Both => &[Engine::Sqlite, Engine::Postgres],
    };
    // One thread, so that the load takes no more than one core from the server.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let bench = Bench { arguments, runtime, binary: shell::server(&["--release"])? };
    let mut report = Report::default();
    report.fact("binary".to_owned(), server::megabytes(&bench.binary)?, "MB", Some(30.0));
    for engine in engines {
        bench.engine(*engine, &mut report)?;
    }
    match arguments.output {
        Output::Text => print!("{}", report.text()),
        Output::Json => println!("{}", serde_json::to_string_pretty(&report)?),
    }
    Ok(())
}

struct Bench<'a> {
    arguments: &'a Arguments,
    runtime: Runtime,
    binary: PathBuf,
}

impl Bench<'_> {
    fn engine(&self, engine: Engine, report: &mut Report) -> Result<()> {
        let directory = Directory::create()?;
        let postgres = if engine == Engine::Postgres { Some(Postgres::launch()?) } else { None };
        let settings = |name: &str| -> Result<Settings> {
            Ok(Settings {
                binary: self.binary.clone(),
                data_dir: directory.make(name)?,
                database: postgres.as_ref().map(|postgres| postgres.create_database(name)),
                static_answers: None,
                page_cache_mb: None,
            })
        };
        let fresh =
            (0..STARTS).map(|number| settings(&format!("fresh_{number}"))).collect::<Result<Vec<_>>>()?;
        self.starts(engine, "fresh", &fresh, report)?;

        let filter = &self.arguments.paths;
        let many = settings("many")?;
        eprintln!("{}: loading many organizations", engine.name());
        let estate = Estate::load(&many, Size::of_many(self.arguments.scale))?;
        if let Some(postgres) = &postgres {
            postgres.settle("many");
        }
        self.starts(engine, "loaded", &vec![many.clone(); STARTS], report)?;
        let find = |scout: &Scout<'_>| scout.of_many(&estate, filter);
        self.paths(engine, postgres.as_ref(), many, directory.make("many_static")?, find, report)?;

        let one = settings("one")?;
        eprintln!("{}: loading one organization of many people", engine.name());
        let estate = Estate::load(&one, Size::of_one(self.arguments.scale))?;
        if let Some(postgres) = &postgres {
            postgres.settle("one");
        }
        let find = |scout: &Scout<'_>| scout.of_one(&estate, filter);
        self.paths(engine, postgres.as_ref(), one, directory.make("one_static")?, find, report)
    }

    /// Measures the paths that `find` finds.
    fn paths(
        &self,
        engine: Engine,
        postgres: Option<&Postgres>,
        mut settings: Settings,
        static_answers: PathBuf,
        find: impl FnOnce(&Scout<'_>) -> Result<Vec<Path>>,
        report: &mut Report,
    ) -> Result<()> {
        let server = Server::start(&settings, &self.runtime)?;
        let scout =
            Scout { runtime: &self.runtime, address: server.address, static_answers: &static_answers };
        let paths = find(&scout)?;
        drop(server);

        settings.static_answers = Some(static_answers);
        for (mode, page_cache_mb) in [(Mode::Live, Some(0)), (Mode::Cached, None)] {
            let mut measured = paths.iter().filter(|path| measured_in(mode, path)).peekable();
            if measured.peek().is_none() {
                continue;
            }
            settings.page_cache_mb = page_cache_mb;
            let server = Server::start(&settings, &self.runtime)?;
            let stand = Stand { runtime: &self.runtime, server: &server, postgres };
            for path in measured {
                let figures =
                    stand.measure(path, self.arguments.seconds).with_context(|| path.name.to_owned())?;
                report.row(engine, mode, path.name, figures);
            }
        }
        Ok(())
    }

    /// How long the server takes to start, and how much memory it has a second later.
    fn starts(&self, engine: Engine, state: &str, all: &[Settings], report: &mut Report) -> Result<()> {
        let mut ready = Vec::new();
        let mut resident = Vec::new();
        for settings in all {
            let server = Server::start(settings, &self.runtime)?;
            ready.push(server.ready.as_secs_f64() * 1e3);
            thread::sleep(Duration::from_secs(1));
            resident.push(server.resident_megabytes()?);
        }
        let name = engine.name();
        report.fact(format!("{name}: ready, {state} database"), median(ready), "ms", Some(100.0));
        report.fact(format!("{name}: idle memory, {state} database"), median(resident), "MB", Some(40.0));
        Ok(())
    }
}

/// Whether a path is measured in this mode. Creates come last of all, since they change what is listed.
fn measured_in(mode: Mode, path: &Path) -> bool {
    match mode {
        Mode::Live => !path.changes(),
        Mode::Cached => path.changes() || CACHED.contains(&path.name),
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
