//! A PostgreSQL server of the bench's own, with fsync on: the one that the tests start too.

#[path = "../../../crates/testkit/src/postgres/account.rs"]
mod account;
#[path = "../../../crates/testkit/src/postgres/cluster.rs"]
mod cluster;
#[expect(dead_code, reason = "the bench stops and restarts no server")]
#[path = "../../../crates/testkit/src/postgres/server.rs"]
mod server;
#[path = "../../../crates/testkit/src/postgres/watchdog.rs"]
mod watchdog;

use std::fs;

use anyhow::{Context, Result};
use cluster::Cluster;
use server::Server;
use watchdog::Watchdog;

use super::process;
use crate::postgres::{self, installation};

/// A running server. However the bench ends, nothing of it stays behind.
pub(super) struct Postgres {
    // Dropped first: it ends the server in an orderly way and leaves the process for `Server` to reap.
    _watchdog: Watchdog,
    _server: Server,
    cluster: Cluster,
    port: u16,
}

impl Postgres {
    /// Installs PostgreSQL if need be, makes a cluster and starts it.
    pub(super) fn launch() -> Result<Self> {
        postgres::install()?;
        let (cluster, watchdog) = Cluster::create();
        let (server, port) = Server::start_on_free_port(&cluster);
        Ok(Self { _watchdog: watchdog, _server: server, cluster, port })
    }

    /// Makes an empty database and returns its URL.
    pub(super) fn create_database(&self, name: &str) -> String {
        self.query("postgres", &format!("CREATE DATABASE {name}"));
        self.url(name)
    }

    /// Does at once what the server would otherwise do in the background, in the middle of a measurement.
    pub(super) fn settle(&self, database: &str) {
        self.query(database, "VACUUM ANALYZE");
        self.query(database, "CHECKPOINT");
    }

    /// CPU time of all processes of the server so far, in microseconds.
    pub(super) fn cpu_micros(&self) -> Result<u64> {
        let file =
            fs::read_to_string(self.cluster.data().join("postmaster.pid")).context("postmaster.pid")?;
        let pid = file.lines().next().and_then(|line| line.trim().parse().ok());
        process::cpu_micros_with_children(pid.context("postmaster.pid has no number")?)
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres:{}@127.0.0.1:{}/{database}", self.cluster.password(), self.port)
    }

    fn query(&self, database: &str, sql: &str) {
        self.cluster.run("psql", |psql| {
            psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]);
            psql.args(["--dbname", &self.url(database), "--command", sql]);
        });
    }
}
