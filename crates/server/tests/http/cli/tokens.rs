//! `tenantry token`.

use std::process::Stdio;

use serde_json::Value;

use super::{Machine, server};
use crate::harness::{Engine, TestServer};

fn json(told: &str) -> Value {
    assert_eq!(told.lines().count(), 1, "{told}");
    serde_json::from_str(told).unwrap()
}

#[tokio::test]
async fn tokens_are_made_listed_and_ended() {
    let server = TestServer::start(Engine::Sqlite);
    let machine = Machine::of(&server, "ben");
    let create = ["token", "create", "Laptop", "--days", "2", "--read-only", "--output", "json"];
    let made = json(&machine.run(&create).await.ok());
    let secret = made["secret"].as_str().unwrap();
    assert_eq!((&made["title"], &made["permission_level"]), (&"Laptop".into(), &"READ_ONLY".into()));
    server.get(secret, "/api/v1/me").await.expect(200);
    let id = made["name"].as_str().unwrap().strip_prefix("me/tokens/").unwrap();

    let table = machine.run(&["token", "list"]).await.ok();
    let mut lines = table.lines();
    let headings: Vec<_> = lines.next().unwrap().split("  ").filter(|text| !text.is_empty()).collect();
    let headings: Vec<_> = headings.iter().map(|text| text.trim()).collect();
    assert_eq!(headings, ["ID", "TITLE", "TOKEN", "MAY", "ORGANIZATION", "EXPIRES", "LAST USED"]);
    let row = lines.find(|line| line.starts_with(id)).unwrap();
    assert!(row.contains("Laptop") && row.contains(" read ") && !row.contains(secret), "{row}");
    let list = json(&machine.run(&["token", "list", "--output", "json"]).await.ok());
    assert_eq!(list["tokens"].as_array().unwrap().len(), table.lines().count() - 1);

    assert_eq!(machine.run(&["token", "revoke", id]).await.ok(), format!("revoked  {id}\n"));
    server.get(secret, "/api/v1/me").await.expect(401);
    let again = machine.run(&["token", "revoke", made["name"].as_str().unwrap()]).await.failed(1);
    assert!(again.contains("token"), "{again}");

    let told = machine.run(&["token", "create", "Desktop"]).await.ok();
    let secret = told.lines().next().unwrap().strip_prefix("token    ").unwrap();
    assert!(told.contains("keep it: it is not shown again"), "{told}");
    server.get(secret, "/api/v1/me").await.expect(200);
}

#[tokio::test]
async fn tokens_are_as_narrow_as_asked_for() {
    let server = TestServer::start(Engine::Sqlite);
    let machine = Machine::of(&server, "ada");
    let organization = server.organization("northwind");
    let sea = server.workspace(&organization, "ada", "North Sea").await;
    let create = [
        "token",
        "create",
        "Sea",
        "--organization",
        "northwind",
        "--workspace",
        &sea,
        "--permission",
        "read:Workspace",
        "--ends-itself",
        "--output",
        "json",
    ];
    let made = json(&machine.run(&create).await.ok());
    assert_eq!(made["organization"], format!("organizations/{organization}"));
    assert_eq!(made["workspace_ids"], serde_json::json!([sea]));
    assert_eq!(made["permission_level"], "RESTRICTED");
    assert_eq!(made["permissions"], serde_json::json!(["read:Workspace"]));
    assert_eq!(made["ends_itself"], true);
    let more = machine.run(&["token", "create", "x", "--permission", "everything"]).await.failed(1);
    assert!(more.contains("permissions"), "{more}");
    // How long it may live is for the server to say.
    for days in ["0", "100000"] {
        let told = machine.run(&["token", "create", "x", "--days", days]).await.failed(1);
        assert!(told.contains("ttl: "), "{told}");
    }
    for conflicting in [&["--read-only", "--permission", "read:Workspace"][..], &["--workspace", &sea]] {
        machine.run(&[&["token", "create", "x"], conflicting].concat()).await.failed(2);
    }
}

/// More than a page, and nobody who reads it to the end.
#[tokio::test]
async fn lists_are_whole_and_may_be_cut() {
    let server = TestServer::start(Engine::Sqlite);
    let machine = Machine::of(&server, "dan");
    let before = machine.run(&["token", "list"]).await.ok().lines().count();
    for title in 0..30 {
        let body = serde_json::json!({"title": title.to_string()});
        server.send("dan", reqwest::Method::POST, "/api/v1/me/tokens", Some(body)).await.expect(200);
    }
    assert_eq!(machine.run(&["token", "list"]).await.ok().lines().count(), before + 30);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let cut = machine.command(&["token", "list"]).stdout(Stdio::from(writer)).output().await.unwrap();
    assert!(cut.status.success() && cut.stderr.is_empty(), "{}", String::from_utf8_lossy(&cut.stderr));
}

/// A service account has no tokens of its own.
#[tokio::test]
async fn refusals_are_told_in_the_words_of_the_server() {
    let server = server();
    let machine = Machine::of(server, "northwind-ci");
    let told = machine.run(&["token", "list"]).await.failed(1);
    assert!(told.starts_with("tenantry: "), "{told}");
}
