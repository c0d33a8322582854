//! `tenantry login`, `logout` and `device`.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use tokio::time::timeout;

use super::{Machine, Outcome, mode, server};
use crate::harness::{Answer, Engine, TestServer, client};

/// How long a command may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A login that waits for somebody to confirm its code.
async fn begin(machine: &Machine, more: &[&str]) -> (Child, String) {
    let arguments = [&["login", "--url", &machine.url][..], more].concat();
    let mut child = machine.command(&arguments).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut code = String::new();
    let mut seen = String::new();
    while code.is_empty() {
        let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
        let line = line.unwrap_or_else(|| panic!("the code is shown: {seen}"));
        if let Some(shown) = line.strip_prefix("and enter the code ") {
            shown.clone_into(&mut code);
        }
        seen.push_str(&line);
    }
    assert!(seen.contains(&format!("Open {}/login/device", machine.url)), "{seen}");
    // What else it complains about is nobody's here, and a full pipe would stop it.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, code)
}

async fn ended(child: Child) -> Outcome {
    timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap().into()
}

/// A machine that is logged in by its own login.
async fn logged_in(server: &TestServer, who: &str) -> Machine {
    let machine = Machine::new(server);
    let (child, code) = begin(&machine, &[]).await;
    Machine::of(server, who).run(&["device", "approve", &code]).await.ok();
    ended(child).await.ok();
    machine
}

#[tokio::test]
async fn a_machine_is_logged_in_and_out() {
    let server = server();
    let machine = Machine::new(server);
    let (child, code) = begin(&machine, &["--output", "json"]).await;
    let approve =
        ["device", "approve", &code.to_lowercase(), "--title", "Laptop", "--trusted", "--output", "json"];
    let device: Value = serde_json::from_str(&Machine::of(server, "ben").run(&approve).await.ok()).unwrap();
    assert_eq!(
        (&device["title"], &device["trusted"], &device["client"]),
        (&json!("Laptop"), &json!(true), &json!("tenantry-cli"))
    );
    assert!(device["user_agent"].as_str().unwrap().starts_with("tenantry/"), "{device}");
    let told: Value = serde_json::from_str(&ended(child).await.ok()).unwrap();
    assert_eq!((&told["username"], &told["profile"]), (&json!("ben"), &json!("default")));

    assert_eq!((mode(&machine.file()), mode(machine.file().parent().unwrap())), (0o600, 0o700));
    let kept = machine.kept();
    let token = kept["token"].as_str().unwrap();
    server.get(token, "/api/v1/me").await.expect(200);
    machine.run(&["token", "list"]).await.ok();

    let refused = machine.run(&["logout", "--profile", "other"]).await.failed(3);
    assert!(refused.contains("there is no profile other"), "{refused}");
    assert_eq!(machine.run(&["logout"]).await.ok(), "logged out  default\n");
    server.get(token, "/api/v1/me").await.expect(401);
    assert!(!machine.file().exists());
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", kept["refresh_token"].as_str().unwrap()),
        ("client_id", "tenantry-cli"),
    ];
    Answer::of(client().post(format!("{}/oauth2/token", server.url)).form(&refresh)).await.expect(400);
    machine.run(&["logout"]).await.failed(3);
}

#[tokio::test]
async fn a_login_is_denied_or_interrupted() {
    let server = server();
    let (machine, ben) = (Machine::new(server), Machine::of(server, "ben"));
    let (child, code) = begin(&machine, &[]).await;
    assert_eq!(ben.run(&["device", "deny", &code]).await.ok(), "denied\n");
    ended(child).await.failed(1);
    let told = ben.run(&["device", "approve", &code]).await.failed(1);
    assert!(told.contains("user_code"), "{told}");

    let (child, _) = begin(&machine, &[]).await;
    let id = nix::unistd::Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap());
    nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGINT).unwrap();
    ended(child).await.failed(130);
    assert!(!machine.file().exists());
}

#[tokio::test]
async fn a_second_login_ends_the_first() {
    let server = TestServer::start(Engine::Sqlite);
    let machine = logged_in(&server, "ben").await;
    let first = machine.kept();
    // Its server is that of the profile.
    let (child, code) = begin(&machine, &[]).await;
    Machine::of(&server, "cleo").run(&["device", "approve", &code]).await.ok();
    ended(child).await.ok();
    server.get(first["token"].as_str().unwrap(), "/api/v1/me").await.expect(401);
    let me = server.get(machine.kept()["token"].as_str().unwrap(), "/api/v1/me").await.expect(200);
    assert_eq!(me["username"], "cleo");
}

/// Refresh tokens count once: two commands that both found an expired token must not both exchange the one they read.
#[tokio::test]
async fn an_expired_token_is_exchanged_once_by_many_commands() {
    let server = TestServer::start(Engine::Sqlite);
    let machine = logged_in(&server, "ben").await;
    let mut kept = machine.kept();
    let before = kept.clone();
    kept["expires_at"] = json!(1);
    machine.keep(&kept);
    let list = || machine.run(&["token", "list"]);
    let outcomes = tokio::join!(list(), list(), list(), list());
    for outcome in [outcomes.0, outcomes.1, outcomes.2, outcomes.3] {
        outcome.ok();
    }
    let after = machine.kept();
    assert_ne!(before["token"], after["token"]);
    assert_ne!(before["refresh_token"], after["refresh_token"]);
    assert_eq!(mode(&machine.file()), 0o600);
    let events = tenantry_testkit::estate::answer(
        &server.database,
        "SELECT count(*) FROM audit_events WHERE action = 'authorization.refresh'",
    );
    assert_eq!(events, "1");
    // One that the server ended sooner than the file says is exchanged as well.
    let revoke = [("token", after["token"].as_str().unwrap()), ("client_id", "tenantry-cli")];
    Answer::of(client().post(format!("{}/oauth2/revoke", server.url)).form(&revoke)).await;
    machine.run(&["token", "list"]).await.ok();
}

#[tokio::test]
async fn a_login_that_was_ended_elsewhere_is_told() {
    let server = TestServer::start(Engine::Sqlite);
    let machine = logged_in(&server, "ben").await;
    let devices = server.get("ben", "/api/v1/me/devices").await.expect(200);
    let device = format!("/api/v1/{}", devices["devices"][0]["name"].as_str().unwrap());
    server.send("ben", reqwest::Method::DELETE, &device, None).await.expect(200);
    let told = machine.run(&["token", "list"]).await.failed(3);
    assert!(told.contains("the login of the profile default has ended: log in"), "{told}");
    // There is nothing left to end, which is no failure.
    machine.run(&["logout"]).await.ok();
}

#[tokio::test]
async fn a_login_is_kept_while_its_server_cannot_be_told() {
    let machine = Machine::new(server());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    machine.keep(&json!({"url": gone, "token": "x", "refresh_token": "y"}));
    let told = machine.run(&["logout"]).await.failed(4);
    assert!(told.contains("the profile is kept"), "{told}");
    assert!(machine.file().exists());
    assert_eq!(machine.run(&["logout", "--force"]).await.ok(), "forgotten  default\n");
    assert!(!machine.file().exists());
}
