//! The binary as a shell sees it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The binary, in a directory of its own and without the settings of whoever runs the tests.
fn tenantry(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenantry"));
    let inherited = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TENANTRY_"));
    for (name, _) in inherited {
        command.env_remove(name);
    }
    command.current_dir(directory).args(arguments).stdin(Stdio::null());
    command
}

/// A pipe that nobody reads.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn told_by(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_closed_pipe_ends_a_command_quietly() {
    let directory = tempfile::tempdir().unwrap();
    let init = ["init", "--email", "ada@example.org", "--organization", "Org"];
    let demo = ["demo", "--listen", "127.0.0.1:0"];
    for arguments in [&init[..], &demo] {
        let output = tenantry(directory.path(), arguments).stdout(closed()).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}: {}", told_by(&output));
    }
    // What was asked for was done all the same.
    let organizations = tenantry_testkit::estate::answer(
        &tenantry_store::Database::Sqlite(directory.path().join("tenantry-data/tenantry.db")),
        "SELECT name FROM organizations",
    );
    assert_eq!(organizations, "Org");
    let again = tenantry(directory.path(), &init).stdout(closed()).stderr(closed()).status().unwrap();
    assert_eq!(again.code(), Some(1), "a failure is one, heard or not");
}

/// A script reads the token from one line, and a person from several.
#[test]
fn init_tells_scripts_and_people() {
    let directory = tempfile::tempdir().unwrap();
    let init = ["init", "--email", "ada@example.org", "--organization", "Org", "--output", "json"];
    let output = tenantry(directory.path(), &init).output().unwrap();
    assert!(output.status.success(), "{}", told_by(&output));
    let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(line["token"].as_str().unwrap().starts_with("tny_pat_"));
    assert_eq!(line["administrator"]["username"], "ada@example.org");
    let begins = "http://127.0.0.1:8080/login/activate?secret=tny_act_";
    assert!(line["password_link"].as_str().unwrap().starts_with(begins), "{line}");
    assert_eq!((&line["organization"]["key"], &line["organization"]["name"]), (&"org".into(), &"Org".into()));
    let other = tempfile::tempdir().unwrap();
    let output = tenantry(other.path(), &["init", "--email", "ada@example.org"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("administrator  ada@example.org\ntoken          tny_pat_"), "{text}");
    assert!(text.contains(&format!("\npassword       {begins}")), "{text}");
    let mail = [("TENANTRY_MAIL_URL", "smtp://127.0.0.1:9"), ("TENANTRY_MAIL_FROM", "it@example.org")];
    let mut init =
        tenantry(directory.path(), &["init", "--email", "ada@example.org", "--data-dir", "mailed"]);
    let output = init.envs(mail).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("/login/activate") && text.contains("goes by mail"), "{text}");
}

#[test]
fn variables_that_are_texts_are_read_as_texts() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["2024", "1e3", "true", "[x]", "\"q\""] {
        let mut init = tenantry(directory.path(), &["init", "--email", "ada@example.org"]);
        let output = init.env("TENANTRY_DATA_DIR", name).output().unwrap();
        assert!(output.status.success(), "{name}: {}", told_by(&output));
        assert!(directory.path().join(name).join("tenantry.db").is_file(), "{name}");
    }
    for (variable, value, setting) in [
        ("TENANTRY_LISTEN", "8080", "listen"),
        ("TENANTRY_ADD_PEOPLE", "1", "add_people"),
        ("TENANTRY_KEYS_FOR_OTHERS", "true", "keys_for_others"),
        ("TENANTRY_DRAIN_SECONDS", "soon", "drain_seconds"),
        ("TENANTRY_ZENML_PREFIX", "/api/v1", "zenml_prefix: /api is taken"),
        ("TENANTRY_SERVICE_KEY_DAYS", "soon", "service_key_days"),
        ("TENANTRY_COLOUR", "blue", "colour"),
    ] {
        let mut init = tenantry(directory.path(), &["init", "--email", "ada@example.org"]);
        let output = init.env(variable, value).output().unwrap();
        let named = told_by(&output).to_lowercase().contains(setting);
        assert!(!output.status.success() && named, "{variable}: {}", told_by(&output));
    }
    let mut numbers = tenantry(directory.path(), &["init", "--email", "ada@example.org"]);
    let output = numbers.env("TENANTRY_DRAIN_SECONDS", "3").env("TENANTRY_DATA_DIR", "n").output().unwrap();
    assert!(output.status.success(), "{}", told_by(&output));
}

/// The page of the remote command line, and what is written into it.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md");
const BEGIN: &str = "<!-- commands -->\n";
const END: &str = "<!-- end of commands -->";

/// `UPDATE_CLI=1` writes it anew.
#[test]
fn the_page_tells_every_remote_command() {
    let directory = tempfile::tempdir().unwrap();
    let mut told = String::new();
    for command in
        ["login", "logout", "device approve", "device deny", "token create", "token list", "token revoke"]
    {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let output = tenantry(directory.path(), &words).output().unwrap();
        assert!(output.status.success(), "{command}: {}", told_by(&output));
        let help = String::from_utf8(output.stdout).unwrap();
        let help: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
        write!(told, "## tenantry {command}\n\n```text\n{}\n```\n\n", help.join("\n")).unwrap();
    }
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE_CLI").is_some() {
        std::fs::write(PAGE, format!("{before}{BEGIN}{told}{END}{after}")).unwrap();
        return;
    }
    assert!(written == told, "docs/cli.md tells other commands than\n{told}\nUPDATE_CLI=1 writes it anew");
}
