//! Children and directories that do not outlive us, however we end.
//!
//! No destructor runs where a process is killed or interrupted. So a small shell reads from a pipe whose other end, the
//! leash, only we hold: the kernel closes it however we end, and the shell cleans up.

use std::io::{self, PipeWriter};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use anyhow::{Context, Result};

use crate::shell;

/// A shell that runs a script when it is dropped, or when we are gone.
struct Watchdog {
    shell: Child,
    leash: Option<PipeWriter>,
}

impl Watchdog {
    /// `script` finds `argument` as `$1`. A process group of its own keeps the shell alive when Ctrl-C ends us.
    fn over(script: &str, argument: impl AsRef<std::ffi::OsStr>) -> Result<Self> {
        let (reader, leash) = io::pipe().context("one more pipe")?;
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("read -r _; {script}"), "watchdog"]).arg(argument);
        shell.process_group(0).stdin(reader).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self { shell: shell.spawn().context("`sh` does not run")?, leash: Some(leash) })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.leash.take());
        // A destructor has nobody to tell.
        let _ = self.shell.wait();
    }
}

/// A child that is killed when it is dropped, or when we are gone.
pub(crate) struct Guarded {
    // Dropped first: the child is not reaped yet then, so its id is still its own.
    _watchdog: Watchdog,
    child: Reaped,
}

struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        let _ = self.0.wait();
    }
}

impl Guarded {
    pub(crate) fn spawn(command: &mut Command) -> Result<Self> {
        let line = shell::line(command);
        // Interrupts of the terminal reach us alone: a child has one way to end, whoever ends us.
        command.process_group(0);
        let mut child = command.spawn().with_context(|| format!("`{line}` does not run"))?;
        match Watchdog::over("kill -KILL \"$1\"", child.id().to_string()) {
            Ok(watchdog) => Ok(Self { _watchdog: watchdog, child: Reaped(child) }),
            Err(error) => {
                let _ = child.kill();
                Err(error)
            }
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.0.id()
    }

    /// What it prints, if that was asked for and nobody has taken it yet.
    pub(crate) fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.0.stdout.take()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.0.try_wait().context("a child can be waited for")
    }

    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        self.child.0.wait().context("a child can be waited for")
    }
}

/// A directory that is removed when it is dropped, or when we are gone. Hold it longer than what writes to it.
pub(crate) struct Directory {
    path: PathBuf,
    _watchdog: Watchdog,
}

impl Directory {
    pub(crate) fn create() -> Result<Self> {
        let made = tempfile::Builder::new().prefix("tenantry-xtask-").tempdir();
        let path = made.context("the directory for temporary files cannot be written")?.keep();
        // A child that is killed at the same moment may still write.
        let script = "for round in 1 2 3 4 5; do rm -rf \"$1\" && break; sleep 1; done";
        Ok(Self { _watchdog: Watchdog::over(script, &path)?, path })
    }

    /// A new directory in it.
    pub(crate) fn make(&self, name: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        std::fs::create_dir(&path).with_context(|| format!("{} cannot be made", path.display()))?;
        Ok(path)
    }
}
