//! The remote command line: the real binary against a server.

mod login;
mod profiles;
mod tokens;

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::harness::{Engine, TestServer};

/// Somebody's machine: the binary, with a home of its own.
struct Machine {
    home: TempDir,
    url: String,
}

/// What a command came to.
struct Outcome {
    code: Option<i32>,
    told: String,
    complained: String,
}

impl Machine {
    fn new(server: &TestServer) -> Self {
        Self { home: tempfile::tempdir().unwrap(), url: server.url.clone() }
    }

    /// A machine that a person is logged in on, by a token that they wrote into the file.
    fn of(server: &TestServer, who: &str) -> Self {
        let machine = Self::new(server);
        machine.keep(&serde_json::json!({"url": server.url, "token": server.token(who)}));
        machine
    }

    /// The profile that is meant if none is named.
    fn file(&self) -> std::path::PathBuf {
        self.home.path().join("tenantry/default.json")
    }

    fn kept(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.file()).unwrap()).unwrap()
    }

    /// Writes the profile as a careful person does.
    fn keep(&self, profile: &Value) {
        let directory = self.home.path().join("tenantry");
        std::fs::create_dir_all(&directory).unwrap();
        set_mode(&directory, 0o700);
        std::fs::write(self.file(), profile.to_string()).unwrap();
        set_mode(&self.file(), 0o600);
    }

    /// The binary, without the settings of whoever runs the tests.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenantry"));
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TENANTRY_"))
        {
            command.env_remove(name);
        }
        command.env("XDG_CONFIG_HOME", self.home.path()).env("no_proxy", "*").env("NO_PROXY", "*");
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        command
    }

    async fn run(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(&mut self.command(arguments)).await
    }

    /// The same with a line on standard input.
    async fn run_with(&self, arguments: &[&str], line: &str) -> Outcome {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(format!("{line}\n").as_bytes()).await.unwrap();
        child.wait_with_output().await.unwrap().into()
    }
}

impl Outcome {
    async fn of(command: &mut Command) -> Self {
        command.output().await.unwrap().into()
    }

    /// What was told on standard output by a command that must succeed.
    fn ok(self) -> String {
        assert_eq!((self.code, self.complained.as_str()), (Some(0), ""), "{}", self.told);
        self.told
    }

    /// What was complained about by a command that must fail with this code and tell nothing else.
    fn failed(self, code: i32) -> String {
        assert_eq!((self.code, self.told.as_str()), (Some(code), ""), "{}", self.complained);
        self.complained
    }
}

impl From<std::process::Output> for Outcome {
    fn from(output: std::process::Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), told: text(output.stdout), complained: text(output.stderr) }
    }
}

fn server() -> &'static TestServer {
    TestServer::shared(Engine::Sqlite)
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
