//! Where address and token come from, and how well they are kept.

use serde_json::json;

use super::{Machine, Outcome, mode, server, set_mode};
use crate::harness::{Engine, TestServer};

const LIST: [&str; 2] = ["token", "list"];

#[tokio::test]
async fn flags_are_stronger_than_variables_and_these_than_the_profile() {
    let (server, nobody) = (server(), "tny_pat_none");
    let machine = Machine::new(server);
    let url = machine.url.as_str();
    let token = server.token("dan");
    assert!(machine.run(&LIST).await.failed(3).contains("there is no profile default"));
    machine.run_with(&["token", "list", "--url", url, "--token", "-"], token).await.ok();
    let mut by_variables = machine.command(&LIST);
    by_variables.env("TENANTRY_URL", url).env("TENANTRY_TOKEN", token);
    Outcome::of(&mut by_variables).await.ok();
    let mut by_flag = machine.command(&["token", "list", "--token", token]);
    by_flag.env("TENANTRY_URL", url).env("TENANTRY_TOKEN", nobody);
    Outcome::of(&mut by_flag).await.ok();

    machine.keep(&json!({"url": url, "token": token}));
    machine.run(&LIST).await.ok();
    let refused = Outcome::of(machine.command(&LIST).env("TENANTRY_TOKEN", nobody)).await.failed(3);
    assert!(refused.contains("log in with `tenantry login`") && !refused.contains(nobody), "{refused}");
    // Empty ones are none.
    Outcome::of(machine.command(&LIST).env("TENANTRY_TOKEN", "").env("TENANTRY_URL", "")).await.ok();
    let lacks = machine.run_with(&["token", "list", "--token", "-"], "").await.failed(1);
    assert!(lacks.contains("expected a token on standard input"), "{lacks}");
    // What the help says can be seen by others is not shown in it.
    let help =
        Outcome::of(machine.command(&["token", "list", "--help"]).env("TENANTRY_TOKEN", token)).await.ok();
    assert!(!help.contains(token) && help.contains("others on this machine can see it"), "{help}");
}

#[tokio::test]
async fn a_token_is_shown_to_its_own_server_alone() {
    let (server, other) = (server(), TestServer::start(Engine::Sqlite));
    let machine = Machine::of(server, "ben");
    let told = machine.run(&["token", "list", "--url", &other.url]).await.failed(3);
    assert!(told.contains("is a login to"), "{told}");
    let told = machine.run(&["token", "list", "--url", "http://tenantry.example"]).await.failed(1);
    assert!(told.contains("over plain http"), "{told}");
    let told = machine.run(&["token", "list", "--profile", "other"]).await.failed(3);
    assert!(told.contains("there is no profile other"), "{told}");
    for name in ["../default", "a/b", "", "Default"] {
        machine.run(&["token", "list", "--profile", name]).await.failed(2);
    }
}

#[tokio::test]
async fn what_others_can_read_is_refused() {
    let machine = Machine::of(server(), "ben");
    let directory = machine.file().parent().unwrap().to_owned();
    for (path, careless, careful) in [(machine.file(), 0o640, 0o600), (directory, 0o755, 0o700)] {
        set_mode(&path, careless);
        let told = machine.run(&LIST).await.failed(1);
        let wanted =
            format!("(mode {careless:04o}), and it holds tokens: chmod {careful:o} {}", path.display());
        assert!(told.contains(&wanted), "{told}");
        set_mode(&path, careful);
        machine.run(&LIST).await.ok();
        assert_eq!(mode(&path), careful);
    }
}

#[tokio::test]
async fn a_file_that_is_none_is_named_and_not_repeated() {
    let machine = Machine::of(server(), "ben");
    machine.keep(&json!({"url": machine.url, "tokn": "tny_pat_secret"}));
    let told = machine.run(&LIST).await.failed(1);
    assert!(told.contains("default.json: line 1 is not understood"), "{told}");
    assert!(!told.contains("tny_pat_secret"), "{told}");
}

/// What answers there may be anything.
#[tokio::test]
async fn failures_are_told_in_words_and_codes() {
    let machine = Machine::of(server(), "ben");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let told = machine.run(&["token", "list", "--url", &gone, "--token", "x"]).await.failed(4);
    assert!(told.contains("cannot be reached: "), "{told}");
    let told = machine.run(&["token", "revoke", "0190b0a0-0000-7000-8000-000000000000"]).await.failed(1);
    assert!(told.starts_with("tenantry: ") && told.contains("token"), "{told}");
    let told = machine.run(&["token", "create", "x", "--organization", "nowhere"]).await.failed(1);
    assert!(told.contains("organization: "), "{told}");
    machine.run(&["token", "create"]).await.failed(2);
    machine.run(&["token", "revoke", "../x"]).await.failed(1);
}

/// A container that has the address of a server may be one itself.
#[tokio::test]
async fn the_variables_of_clients_are_no_settings_of_servers() {
    let machine = Machine::new(server());
    let mut init = machine.command(&["init", "--email", "ada@example.org"]);
    for name in ["TENANTRY_URL", "TENANTRY_TOKEN", "TENANTRY_PROFILE"] {
        init.env(name, "x");
    }
    Outcome::of(init.current_dir(machine.home.path())).await.ok();
}

/// On plain http a proxy would read the token, whoever named the proxy.
#[tokio::test]
async fn no_proxy_reads_a_token() {
    let machine = Machine::of(server(), "ben");
    let proxy = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let mut command = machine.command(&LIST);
    command.env_remove("no_proxy").env_remove("NO_PROXY");
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env(name, &address);
    }
    tokio::select! {
        outcome = Outcome::of(&mut command) => drop(outcome.ok()),
        _ = proxy.accept() => panic!("the proxy was asked"),
    }
}
