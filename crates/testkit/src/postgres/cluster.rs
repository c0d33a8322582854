//! A cluster on disk: its directory, its owner, and the programs that work on it.

use std::fs::{self, File};
use std::io::{PipeWriter, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::account::Account;
use super::installation;
use super::watchdog::Watchdog;

/// A directory with PostgreSQL's data in `data`, the superuser's password in `password` and the log in `server.log`.
pub(super) struct Cluster {
    bin: PathBuf,
    directory: PathBuf,
    owner: Option<Account>,
    password: String,
}

impl Cluster {
    /// Makes a cluster in a fresh directory, guarded before there is anything in it.
    pub(super) fn create() -> (Self, Watchdog) {
        let bin = installation::bin_directory()
            .expect("no PostgreSQL server, version 15 or newer, is installed here: run `cargo xtask test`, which installs it");
        let directory = tempfile::Builder::new().prefix("tenantry-postgres-").tempdir();
        let directory = directory.expect("the directory for temporary files can be written").keep();
        let owner = Account::adopt(&directory);
        let cluster = Self { bin, directory, owner, password: random_password() };
        let watchdog = Watchdog::over(&cluster);
        cluster.initialize(watchdog.leash());
        (cluster, watchdog)
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    pub(super) fn password(&self) -> &str {
        &self.password
    }

    /// The path of one of PostgreSQL's own programs.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    /// A command that runs as the cluster's owner, with nothing on its standard input.
    pub(super) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        if let Some(owner) = self.owner {
            owner.run(&mut command);
        }
        command.current_dir(&self.directory).stdin(Stdio::null());
        command
    }

    /// Runs one of PostgreSQL's programs to its end and returns what it printed.
    pub(super) fn run(&self, program: &str, prepare: impl FnOnce(&mut Command)) -> String {
        let mut command = self.command(self.program(program));
        prepare(&mut command);
        let output = command.output().unwrap_or_else(|error| panic!("{program} does not run: {error}"));
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} ended with {}: {complaint}", output.status);
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// ICU sorts `a` before `B`; C would not. What `initdb` writes need not survive a power cut, hence `--no-sync`;
    /// the server itself syncs as in production. Its unused standard input holds the leash: cleaning up beneath it would
    /// leave its shared memory behind.
    fn initialize(&self, leash: PipeWriter) {
        let password_file = self.directory.join("password");
        fs::write(&password_file, &self.password).expect("the directory was just made");
        self.run("initdb", |initdb| {
            initdb.process_group(0).stdin(leash);
            initdb.arg("--pgdata").arg(self.data()).arg("--pwfile").arg(password_file);
            initdb.args(["--username=postgres", "--auth=scram-sha-256", "--no-sync"]);
            initdb.args(["--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US"]);
        });
    }
}

/// Other accounts of the machine can reach the server's port, and a superuser of PostgreSQL can start programs.
fn random_password() -> String {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .expect("/dev/urandom can be read");
    format!("{:032x}", u128::from_ne_bytes(bytes))
}
