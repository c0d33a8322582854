//! Sees to it that nothing of a cluster outlives the test process.
//!
//! Destructors do not run for a `static`, nor when a process is killed. So a small shell waits for the end of its
//! standard input, whose other end only the test process holds: the kernel closes it however the process ends.

use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};

use super::cluster::Cluster;

/// `$1` is `pg_ctl`, `$2` the data, `$3` the directory around it. It tries more than once, since the test process may
/// have died in the middle of `initdb` or of a start, and what it had begun still writes.
const SCRIPT: &str = r#"
read -r _
for round in 1 2 3 4 5; do
    "$1" stop --pgdata="$2" --mode=immediate
    rm -rf "$3" && break
    sleep 1
done
"#;

/// While it lives, so may the server. Dropping it ends the server and removes the directory.
pub(super) struct Watchdog(Child);

impl Watchdog {
    /// A process group of its own keeps it alive when Ctrl-C ends the tests.
    pub(super) fn over(cluster: &Cluster) -> Self {
        let mut shell = cluster.command("sh");
        shell.args(["-c", SCRIPT, "watchdog"]);
        shell.arg(cluster.program("pg_ctl")).arg(cluster.data()).arg(cluster.directory());
        shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(shell.spawn().expect("`sh` runs"))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // It has nothing to say, and a destructor has nobody to tell.
        let _ = self.0.wait();
    }
}
