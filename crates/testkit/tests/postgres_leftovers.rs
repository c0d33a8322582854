//! Nothing of a cluster outlives the test process, whether that ends well, panics or is killed.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "clippy lets only `#[test]` functions unwrap, not what they call")]

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use tenantry_testkit::postgres::TestPostgres;

#[test]
fn nothing_is_left_after_a_good_end() {
    let victim = Victim::start();
    drop(victim.stdin);
    expect_nothing_left(victim.child, &victim.directory);
}

#[test]
fn nothing_is_left_after_a_panic() {
    let mut victim = Victim::start();
    victim.stdin.write_all(b"panic\n").unwrap();
    expect_nothing_left(victim.child, &victim.directory);
}

#[test]
fn nothing_is_left_after_a_kill() {
    let mut victim = Victim::start();
    victim.child.kill().unwrap();
    expect_nothing_left(victim.child, &victim.directory);
}

/// This test binary once more, running nothing but [`victim`].
struct Victim {
    child: Child,
    stdin: ChildStdin,
    directory: String,
}

impl Victim {
    fn start() -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "victim", "--ignored", "--nocapture"]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();

        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let directory =
            lines.into_iter().find_map(|line| line.split_once("cluster: ").map(|(_, path)| path.to_owned()));
        let directory = directory.expect("the victim says where its cluster lies");
        assert!(!processes_in(&directory).is_empty(), "the victim's server does not run");
        Self { stdin: child.stdin.take().unwrap(), child, directory }
    }
}

#[test]
#[ignore = "the tests above run it in a process of its own"]
fn victim() {
    println!("cluster: {}", TestPostgres::shared().directory().display());
    let mut order = String::new();
    io::stdin().read_line(&mut order).unwrap();
    assert_ne!(order.trim(), "panic");
}

fn expect_nothing_left(mut child: Child, directory: &str) {
    child.wait().unwrap();
    for _ in 0..100 {
        if processes_in(directory).is_empty() && !fs::exists(directory).unwrap() {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("after 10 s {directory} is still there or used by processes {:?}", processes_in(directory));
}

/// PostgreSQL's processes, and the watchdog, work inside the cluster's directory.
fn processes_in(directory: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter(|process| {
            fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(directory))
        })
        .map(|process| process.file_name().to_string_lossy().into_owned())
        .collect()
}
