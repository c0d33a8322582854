//! The running server: one `postgres` process over a cluster.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use super::cluster::Cluster;

const PAUSE: Duration = Duration::from_millis(20);
const PAUSES_UNTIL_READY: u32 = 1500;
const ATTEMPTS: u32 = 100;

/// A server that takes connections. Dropping it kills the process with SIGKILL and reaps it.
pub(super) struct Server(Child);

impl Server {
    /// Starts on a port that was free a moment ago, and on another one if somebody was quicker.
    pub(super) fn start_on_free_port(cluster: &Cluster) -> (Self, u16) {
        let started = (0..5).find_map(|_| {
            let port = free_port();
            Some((Self::attempt(cluster, port)?, port))
        });
        started.unwrap_or_else(|| fail(cluster))
    }

    /// Starts on a given port. The remains of a killed server hold its shared memory for a moment, hence the patience.
    pub(super) fn start(cluster: &Cluster, port: u16) -> Self {
        let started = (0..ATTEMPTS).find_map(|_| Self::attempt(cluster, port).or_else(pause));
        started.unwrap_or_else(|| fail(cluster))
    }

    /// Shuts down in an orderly way and returns when the process has gone.
    pub(super) fn stop(mut self, cluster: &Cluster) {
        cluster.run("pg_ctl", |pg_ctl| {
            pg_ctl.args(["stop", "--mode=fast", "--pgdata"]).arg(cluster.data());
        });
        self.0.wait().expect("a child can be waited for");
    }

    /// `None` if the process ends before it takes connections.
    fn attempt(cluster: &Cluster, port: u16) -> Option<Self> {
        let log = File::options().create(true).append(true).open(cluster.directory().join("server.log"));
        let log = log.expect("the cluster's directory can be written");
        let mut postgres = cluster.command(cluster.program("postgres"));
        postgres.arg("-D").arg(cluster.data()).arg("-k").arg(cluster.data());
        postgres.args(["-h", "127.0.0.1", "-p", &port.to_string()]);
        postgres.args(["-c", "fsync=on", "-c", "max_connections=1000"]);
        postgres.process_group(0).stdout(Stdio::null()).stderr(log);

        let mut server = Self(postgres.spawn().expect("`postgres` runs"));
        for _ in 0..PAUSES_UNTIL_READY {
            if server.has_ended() {
                return None;
            }
            if is_ready(cluster, port) {
                return Some(server);
            }
            thread::sleep(PAUSE);
        }
        None
    }

    fn has_ended(&mut self) -> bool {
        self.0.try_wait().expect("a child can be waited for").is_some()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only if the process has been reaped already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asks through the socket in the data directory, where no other server can answer.
fn is_ready(cluster: &Cluster, port: u16) -> bool {
    let mut pg_isready = cluster.command(cluster.program("pg_isready"));
    pg_isready.arg("-q").arg("-h").arg(cluster.data()).args(["-p", &port.to_string()]);
    pg_isready.status().is_ok_and(|status| status.success())
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("the loopback interface has a free port");
    listener.local_addr().expect("a listener knows its address").port()
}

fn pause<T>() -> Option<T> {
    thread::sleep(PAUSE);
    None
}

fn fail(cluster: &Cluster) -> ! {
    let log = fs::read_to_string(cluster.directory().join("server.log")).unwrap_or_default();
    let lines: Vec<_> = log.lines().collect();
    panic!("PostgreSQL does not start:\n{}", lines[lines.len().saturating_sub(20)..].join("\n"));
}
