//! `tenantry demo`, tried as it says of itself: what it prints for people is pasted into a shell, and what it prints for
//! scripts is read and used.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tenantry_testkit::postgres::TestPostgres;

/// How long a line of the demo, or an answer, may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A demo on a free port, killed at the end.
struct Demo {
    process: Child,
    lines: Receiver<String>,
    /// Where it keeps everything, so that nothing of a killed one stays behind.
    directory: TempDir,
}

/// What a command line of `curl` came to.
struct Answer {
    status: String,
    body: Value,
}

impl Demo {
    fn start(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut demo = Command::new(env!("CARGO_BIN_EXE_tenantry"));
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TENANTRY_"))
        {
            demo.env_remove(name);
        }
        demo.args(["demo", "--listen", "127.0.0.1:0"]).args(arguments);
        demo.current_dir(&directory).env("TMPDIR", directory.path()).stdin(Stdio::null());
        let mut process = demo.stdout(Stdio::piped()).spawn().unwrap();
        let printed = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || printed.into_iter().try_for_each(|line| sender.send(line)));
        Self { process, lines, directory }
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("the demo tells about itself in time")
    }

    /// What the shell makes of a command line that ends in a call of `curl`.
    fn paste(&self, line: &str) -> Answer {
        let asked = format!("{line} --max-time {} -w '\\n%{{http_code}}'", PATIENCE.as_secs());
        let mut bash = Command::new("bash");
        bash.args(["-c", &asked]).current_dir(&self.directory).env("no_proxy", "*").stdin(Stdio::null());
        let printed = String::from_utf8(bash.output().unwrap().stdout).unwrap();
        let (body, status) = printed.rsplit_once('\n').unwrap_or_default();
        let body = serde_json::from_str(body).unwrap_or_else(|_| panic!("{line}\nprinted {printed}"));
        Answer { status: status.to_owned(), body }
    }

    /// The body of what is answered with 200.
    fn ok(&self, line: &str) -> Value {
        let Answer { status, body } = self.paste(line);
        assert_eq!(status, "200", "{line}\n{body}");
        body
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Each line to paste, below the line that says which dialect it is of.
fn lines_to_paste(demo: &Demo) -> Vec<(String, String)> {
    let (mut found, mut above) = (Vec::new(), String::new());
    loop {
        let line = demo.line();
        if line == "Ctrl-C ends it." {
            return found;
        }
        let line = line.trim_start().to_owned();
        if line.starts_with("curl ") {
            found.push((above, line.clone()));
        }
        above = line;
    }
}

fn names(list: &Value, name: &str) -> usize {
    let list = list.as_array().unwrap_or_else(|| panic!("a list is expected in place of {list}"));
    assert!(list.iter().all(|item| item[name].as_str().is_some_and(|name| !name.is_empty())), "{list:?}");
    list.len()
}

fn every_line_that_is_printed_works(arguments: &[&str]) {
    let demo = Demo::start(arguments);
    let lines = lines_to_paste(&demo);
    let dialects =
        lines.iter().map(|(above, _)| above.trim_start_matches("# ").split([' ', ':']).next().unwrap());
    assert_eq!(dialects.collect::<Vec<_>>(), ["AIP", "ZenML", "Seequent", "Dreadnode"]);
    let answers: Vec<Value> = lines.iter().map(|(_, line)| demo.ok(line)).collect();
    let [aip, zenml, evo, dreadnode] = answers.try_into().unwrap();

    assert_eq!(names(&aip["workspaces"], "title"), 3, "{aip}");
    assert!(aip["next_page_token"].as_str().is_some_and(|token| !token.is_empty()), "{aip}");
    assert_eq!(names(&zenml, "name"), 2, "{zenml}");
    assert!(zenml[0]["organization"]["name"] == "northwind", "{zenml}");
    assert_eq!(names(&evo["results"], "name"), 3, "{evo}");
    assert!(evo["links"]["count"] == 3 && evo["links"]["next"].is_string(), "{evo}");
    assert_eq!(names(&dreadnode["workspaces"], "name"), 1, "{dreadnode}");
    assert!(dreadnode["page"] == 1 && dreadnode["total"] == 1, "{dreadnode}");
}

fn keys(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

/// What a script may rely on: these keys, and that everything secret in them lets in who it says.
fn the_line_for_scripts_is_whole(arguments: &[&str]) {
    let demo = Demo::start(&[&["--output", "json"], arguments].concat());
    let line: Value = serde_json::from_str(&demo.line()).unwrap();
    assert_eq!(keys(&line), ["url", "organizations", "people", "service_accounts"].into());
    let (people, organizations) = (&line["people"], &line["organizations"]);
    assert_eq!(keys(people), ["root", "ada", "oscar", "ben", "cleo", "dan", "kit"].into());
    assert_eq!(keys(organizations), ["northwind", "southgate"].into());
    assert_eq!(keys(&line["service_accounts"]), ["northwind-ci"].into());

    let url = line["url"].as_str().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let bearer = |token: &Value, path: &str| {
        format!("curl -s -H 'Authorization: Bearer {}' '{url}{path}'", token.as_str().unwrap())
    };
    let sign_in = |form: [(&str, &Value); 2]| {
        let data = form.map(|(name, value)| format!("--data-urlencode '{name}={}'", value.as_str().unwrap()));
        demo.ok(&format!("curl -s {} '{url}/auth/login'", data.join(" ")))["access_token"].clone()
    };
    for (username, person) in people.as_object().unwrap() {
        assert_eq!(keys(person), ["id", "username", "email", "password", "token"].into());
        assert_eq!(person["username"], **username);
        let signed_in = sign_in([("username", &person["email"]), ("password", &person["password"])]);
        for token in [&person["token"], &signed_in] {
            let me = demo.ok(&bearer(token, "/api/v1/me"));
            assert_eq!(me["name"], format!("users/{}", text(&person["id"])), "{me}");
        }
    }
    for (key, organization) in organizations.as_object().unwrap() {
        assert_eq!(*organization, json!({"id": organization["id"], "key": key}));
        let path = format!("/organizations/{}", text(&organization["id"]));
        assert_eq!(demo.ok(&bearer(&people["root"]["token"], &path))["name"], **key);
    }
    let account = &line["service_accounts"]["northwind-ci"];
    assert_eq!(keys(account), ["id", "organization", "client_id", "client_secret", "api_key"].into());
    assert_eq!(account["organization"], organizations["northwind"]["id"]);
    let client = [("client_id", &account["client_id"]), ("client_secret", &account["client_secret"])];
    for token in [&account["api_key"], &sign_in(client)] {
        let path = format!("/organizations/{}/tenants", text(&account["organization"]));
        assert_eq!(names(&demo.ok(&bearer(token, &path)), "name"), 2);
    }
    // It is the secrets that let in.
    assert_eq!(demo.paste(&bearer(&"tny_pat_none".into(), "/api/v1/me")).status, "401");
}

#[test]
fn what_is_printed_works_on_sqlite() {
    every_line_that_is_printed_works(&[]);
}

#[test]
fn what_is_printed_works_on_postgres() {
    every_line_that_is_printed_works(&["--database", &TestPostgres::shared().create_database()]);
}

#[test]
fn what_scripts_read_works_on_sqlite() {
    the_line_for_scripts_is_whole(&[]);
}

#[test]
fn what_scripts_read_works_on_postgres() {
    the_line_for_scripts_is_whole(&["--database", &TestPostgres::shared().create_database()]);
}
