//! A real PostgreSQL server for tests, made from the installed binaries (version 15 or newer).
//!
//! Each test process has a cluster of its own, made at first use in about a second, and each test a database of its own.
//! The cluster sorts text by ICU's rules, so that an `ORDER BY` that forgot its collation shows, and it keeps `fsync` on,
//! so that what a test measures or kills behaves as in production.
//!
//! However the process ends, nothing of the cluster stays behind: see `postgres/watchdog.rs`.
//! Start reading at [`TestPostgres::shared`].

mod account;
mod cluster;
mod installation;
mod server;
mod watchdog;

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock};

use cluster::Cluster;
use server::Server;
use watchdog::Watchdog;

/// A PostgreSQL server that belongs to this test process.
pub struct TestPostgres {
    // Dropped first: it ends the server in an orderly way and leaves the process for `Server` to reap.
    _watchdog: Watchdog,
    running: Mutex<Option<Server>>,
    cluster: Cluster,
    port: u16,
    databases: AtomicU32,
}

impl TestPostgres {
    /// The server that all tests of this process share. It is made at the first call.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<TestPostgres> = OnceLock::new();
        SHARED.get_or_init(Self::launch)
    }

    /// A server of one's own, for a test that stops or kills it. It ends when it is dropped.
    pub fn launch() -> Self {
        let (cluster, watchdog) = Cluster::create();
        let (server, port) = Server::start_on_free_port(&cluster);
        let running = Mutex::new(Some(server));
        Self { _watchdog: watchdog, running, cluster, port, databases: AtomicU32::new(0) }
    }

    /// Makes an empty database that no other test knows, and returns its URL.
    pub fn create_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed) + 1);
        self.query(&self.url("postgres"), &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// The URL of a database on this server. It stays the same when the server is stopped and started again.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres:{}@127.0.0.1:{}/{database}", self.cluster.password(), self.port)
    }

    /// Runs SQL through `psql` and returns what it printed: a row a line, columns separated by `|`.
    pub fn query(&self, url: &str, sql: &str) -> String {
        self.cluster.run("psql", |psql| {
            psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
            psql.args(["--dbname", url, "--command", sql]);
        })
    }

    /// Where the cluster lies: the data in `data`, the server's log in `server.log`.
    pub fn directory(&self) -> &Path {
        self.cluster.directory()
    }

    /// Shuts the server down in an orderly way; open connections are closed. A server that is down stays down.
    pub fn stop(&self) {
        if let Some(server) = self.running().take() {
            server.stop(&self.cluster);
        }
    }

    /// Starts the server on its old port and returns when it takes connections. A server that is up stays up.
    pub fn start(&self) {
        self.running().get_or_insert_with(|| Server::start(&self.cluster, self.port));
    }

    /// Kills the server with SIGKILL, as the kernel would when memory runs out. A server that is down stays down.
    pub fn kill(&self) {
        drop(self.running().take());
    }

    /// Kills the server and brings it back: it recovers from its log as after a crash.
    pub fn restart_immediate(&self) {
        self.kill();
        self.start();
    }

    fn running(&self) -> MutexGuard<'_, Option<Server>> {
        self.running.lock().expect("no other test failed while it stopped or started the server")
    }
}
