//! The pages in `docs/guides`, done as a newcomer would: every block of commands in its order, in one shell, against the
//! servers that the page starts. What a block prints is what the page shows below it, or nothing.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use uuid::Uuid;

/// Where the servers of the pages listen.
const ADDRESSES: [&str; 2] = ["127.0.0.1:8080", "127.0.0.1:8237"];

/// Commands, and what the page shows of their outcome.
#[derive(Default)]
struct Step<'a> {
    commands: &'a str,
    shown: &'a str,
}

#[test]
fn the_first_hour() {
    walk(include_str!("../../../docs/guides/first-hour.md"));
}

#[test]
#[ignore = "installs ZenML and needs a $BROWSER that does what pages ask: `cargo xtask compat zenml`"]
fn zenml() {
    walk(include_str!("../../../docs/guides/zenml.md"));
}

fn walk(page: &'static str) {
    // What the commands have left is looked at after a failure.
    let mut directory = tempfile::tempdir().unwrap();
    directory.disable_cleanup(true);
    let steps = steps(page);
    assert!(steps.len() >= 8, "the page has lost its commands");
    let mut script = script(&steps);
    // Something may stand between the programs and Tenantry, to hear what they say to each other.
    if let (Ok(passage), Ok(to)) = (std::env::var("PASSAGE"), std::env::var("PASSAGE_TO")) {
        let listen = format!("TENANTRY_LISTEN={}", ADDRESSES[0]);
        assert!(script.contains(&listen), "the page has lost the address of Tenantry");
        script = script.replace(&listen, &format!("TENANTRY_LISTEN={to} TENANTRY_PUBLIC_URL={passage}"));
        script = script.replace(ADDRESSES[0], passage.trim_start_matches("http://"));
    }
    // All at once, or the second could be given what the first has let go.
    let free = ADDRESSES.map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    for (address, free) in ADDRESSES.iter().zip(&free) {
        script = script.replace(address, &free.local_addr().unwrap().to_string());
    }
    drop(free);
    let output = format!("in {}:\n{}", directory.path().display(), shell(directory.path(), &script));
    for (place, Step { commands, shown }) in steps.iter().enumerate() {
        let printed = std::fs::read_to_string(directory.path().join(format!("printed-{place}")));
        let printed = printed.unwrap_or_else(|_| panic!("the shell did not get to\n{commands}\n{output}"));
        let (printed, shown) = (alike(&printed), alike(shown));
        assert_eq!(printed, shown, "what is printed, and what the page shows of\n{commands}\n{output}");
    }
    assert!(output.ends_with("done\n"), "{output}");
    directory.disable_cleanup(false);
}

fn steps(page: &'static str) -> Vec<Step<'static>> {
    let mut steps = Vec::new();
    for block in page.split("\n```").skip(1).step_by(2) {
        let (language, text) = block.split_once('\n').unwrap();
        match (language, steps.last_mut()) {
            ("bash", _) => steps.push(Step { commands: text, shown: "" }),
            ("json" | "text", Some(Step { shown, .. })) if shown.is_empty() => *shown = text,
            _ => panic!("a block of {language} shows the outcome of no commands:\n{text}"),
        }
    }
    steps
}

/// The whole page as one script that writes what each step prints to a file of its own.
fn script(steps: &[Step<'_>]) -> String {
    let begin = "set -eu -o pipefail\ntrap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n".to_owned();
    let steps = steps.iter().enumerate();
    let script = steps.fold(begin, |script, (place, step)| {
        script + &format!("exec > printed-{place}\n{}\n", step.commands)
    });
    script + "echo done >&2\n"
}

/// Runs it with the binary on the `PATH`, and gives what it says on standard error.
fn shell(directory: &Path, script: &str) -> String {
    let binaries = Path::new(env!("CARGO_BIN_EXE_tenantry")).parent().unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(binaries.to_owned()).chain(std::env::split_paths(&path)));
    let mut bash = Command::new("bash");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TENANTRY_")) {
        bash.env_remove(name);
    }
    bash.current_dir(directory).env("PATH", path.unwrap()).env("no_proxy", "*").stdin(Stdio::null());
    let output = bash.args(["-c", script]).output().unwrap();
    String::from_utf8(output.stderr).unwrap()
}

/// Values of JSON, or text, without what differs from one run to the next.
fn alike(printed: &str) -> Vec<Value> {
    let values: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(printed).into_iter().collect();
    values.unwrap_or_else(|_| vec![printed.trim().into()]).into_iter().map(without_chance).collect()
}

fn without_chance(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(without_chance).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, without_chance(value))).collect()
        }
        Value::String(text) if text.contains("secret=") => "(a link)".into(),
        Value::String(text) => text.split('/').map(kind).collect::<Vec<_>>().join("/").into(),
        other => other,
    }
}

/// What stands for an id, a secret or a time.
fn kind(part: &str) -> &str {
    let is_time = part.len() == "2026-11-22T10:22:47.114387Z".len() && part.ends_with('Z');
    match part {
        id if Uuid::try_parse(id).is_ok() => "(an id)",
        secret if secret.starts_with("tny_") => &secret[.."tny_pat_".len()],
        _ if is_time => "(a time)",
        other => other,
    }
}
