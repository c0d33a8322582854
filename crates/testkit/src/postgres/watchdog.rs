//! Sees to it that nothing of a cluster outlives the test process.
//!
//! Destructors do not run for a `static`, nor when a process is killed. So a small shell reads from a pipe whose other
//! end, the leash, nobody else holds: the kernel closes it however the process ends, and the shell cleans up.

use std::io::{self, PipeWriter};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};

use super::cluster::Cluster;

/// `$1` is `pg_ctl`, `$2` the data, `$3` the directory around it. It tries more than once, since the test process may
/// have died while the server was starting, and that still writes.
const SCRIPT: &str = r#"
read -r _
for round in 1 2 3 4 5; do
    "$1" stop --pgdata="$2" --mode=immediate
    rm -rf "$3" && break
    sleep 1
done
"#;

/// While it lives, so may the server. Dropping it ends the server and removes the directory.
pub(super) struct Watchdog {
    shell: Child,
    leash: Option<PipeWriter>,
}

impl Watchdog {
    /// A process group of its own keeps it alive when Ctrl-C ends the tests.
    pub(super) fn over(cluster: &Cluster) -> Self {
        let (reader, leash) = io::pipe().expect("a process may have one more pipe");
        let mut shell = cluster.command("sh");
        shell.args(["-c", SCRIPT, "watchdog"]);
        shell.arg(cluster.program("pg_ctl")).arg(cluster.data()).arg(cluster.directory());
        shell.process_group(0).stdin(reader).stdout(Stdio::null()).stderr(Stdio::null());
        Self { shell: shell.spawn().expect("`sh` runs"), leash: Some(leash) }
    }

    /// A second hold on the leash, for a process that has to end before the cleaning begins.
    pub(super) fn leash(&self) -> PipeWriter {
        let leash = self.leash.as_ref().expect("it is dropped with the watchdog");
        leash.try_clone().expect("a process may have one more pipe")
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.leash.take());
        // It has nothing to say, and a destructor has nobody to tell.
        let _ = self.shell.wait();
    }
}
