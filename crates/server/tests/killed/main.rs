//! Answers that are lost because the server's process is killed: whoever repeats the request under its `request_id` gets
//! the answer that was missed, and there is one effect with one event in the audit trail.
//!
//! On SQLite the process is killed under load, again and again, until several requests were caught between their commit
//! and their answer: those whose row is there although nobody was told of it. On PostgreSQL the answers to the commits get
//! lost on the way, and the process is killed while it waits for them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod proxy;

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tenantry_store::Database;
use tenantry_testkit::estate::answer;
use tenantry_testkit::postgres::TestPostgres;
use uuid::Uuid;

use proxy::Proxy;

const WORKSPACES: &str = "/api/v1/organizations/org/workspaces";
const CLIENTS: u64 = 16;
/// How many answers must have been lost behind a commit, and how often the server is killed for it at most.
const CAUGHT: usize = 5;
const ROUNDS: u64 = 100;

/// A database with one organization, whose owner has the token.
struct Estate {
    directory: TempDir,
    database: Database,
    /// Where the server finds the database.
    url: String,
    token: String,
}

/// A server's process, killed at the end.
struct Server {
    process: Child,
    url: String,
}

/// A request, and what was answered if anything was.
struct Sent {
    title: String,
    id: Uuid,
    answer: Option<String>,
}

fn command(directory: &Path, url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenantry"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TENANTRY_")) {
        command.env_remove(name);
    }
    command.current_dir(directory).env("TENANTRY_DATABASE", url).env("TENANTRY_SECRET_KEY", "k".repeat(32));
    command
}

impl Estate {
    fn over(database: impl FnOnce(&Path) -> Database) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let database = database(directory.path());
        let url = match &database {
            Database::Sqlite(file) => format!("sqlite://{}", file.display()),
            Database::Postgres { url, .. } => url.clone(),
        };
        let init = ["init", "--email", "ada@example.org", "--organization", "Org"];
        let told = command(directory.path(), &url).args(init).output().unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        let token = told.lines().find_map(|line| line.strip_prefix("token")).unwrap().trim().to_owned();
        Self { directory, database, url, token }
    }

    fn sqlite() -> Self {
        Self::over(|directory| Database::Sqlite(directory.join("tenantry.db")))
    }

    fn postgres() -> Self {
        Self::over(|_| Database::Postgres { url: TestPostgres::shared().create_database(), connections: 4 })
    }

    fn serve(&self) -> Server {
        let mut serve = command(self.directory.path(), &self.url);
        serve.args(["serve", "--listen", "127.0.0.1:0"]).env("TENANTRY_LOG", "info,access=warn");
        let mut process = serve.stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut told = log.by_ref().filter_map(|line| serde_json::from_str::<Value>(&line).ok());
        let address = told.find_map(|line| line["fields"]["address"].as_str().map(str::to_owned));
        let url = format!("http://{}", address.expect("the server tells where it serves"));
        // Whoever writes to a pipe that nobody reads waits.
        thread::spawn(move || log.for_each(drop));
        Server { process, url }
    }

    fn sql(&self, sql: &str) -> String {
        answer(&self.database, sql)
    }

    /// Asks for a workspace; none when the answer does not come.
    async fn make(&self, client: &Client, url: &str, title: &str, id: Uuid) -> Option<(u16, String)> {
        let request = client.post(format!("{url}{WORKSPACES}?request_id={id}")).bearer_auth(&self.token);
        let answer = request.json(&json!({"title": title})).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    async fn get(&self, client: &Client, url: &str, name: &str) -> Value {
        let request = client.get(format!("{url}/api/v1/{name}")).bearer_auth(&self.token);
        request.send().await.unwrap().json().await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A client that asks for one workspace after the other until the server is gone.
async fn work(estate: Arc<Estate>, url: String, (round, number): (u64, u64)) -> Vec<Sent> {
    let client = client();
    let mut sent = Vec::new();
    for request in 0.. {
        let title = format!("r{round} c{number} n{request}");
        let id = Uuid::from_u64_pair(round + 1, number << 32 | request);
        let Some((status, text)) = estate.make(&client, &url, &title, id).await else {
            sent.push(Sent { title, id, answer: None });
            break;
        };
        assert_eq!(status, 200, "{text}");
        sent.push(Sent { title, id, answer: Some(text) });
    }
    sent
}

fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

/// Everything that was sent until the server was killed.
async fn round(estate: &Arc<Estate>, round: u64) -> Vec<Sent> {
    let mut server = estate.serve();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| tokio::spawn(work(Arc::clone(estate), server.url.clone(), (round, number))))
        .collect();
    tokio::time::sleep(Duration::from_millis(60 + round * 7 % 50)).await;
    server.process.kill().unwrap();
    server.process.wait().unwrap();
    let mut sent = Vec::new();
    for client in clients {
        sent.extend(client.await.unwrap());
    }
    sent
}

impl Estate {
    /// Sends everything again to a new server: what was answered is answered so again, and what was not, as it would have
    /// been. In all there is one effect and one event for each request.
    async fn repeat(&self, sent: &[Sent], total: usize) {
        let (server, client) = (self.serve(), client());
        for Sent { title, id, answer } in sent {
            let (status, again) = self.make(&client, &server.url, title, *id).await.unwrap();
            assert_eq!(status, 200, "{title}: {again}");
            if let Some(first) = answer {
                assert_eq!(&again, first);
                continue;
            }
            let again: Value = serde_json::from_str(&again).unwrap();
            assert_eq!(again["title"], **title);
            let made = self.get(&client, &server.url, again["name"].as_str().unwrap()).await;
            assert_eq!(again, made, "what was made, as it was made");
        }
        let made = "SELECT COUNT(*) FROM workspaces WHERE is_default = 0";
        assert_eq!(self.sql(made), total.to_string(), "one effect each");
        let events = "SELECT COUNT(*) FROM audit_events WHERE action = 'workspace.create'";
        assert_eq!(self.sql(events), total.to_string(), "one event each");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missed_answer_is_given_again_on_sqlite() {
    let estate = Arc::new(Estate::sqlite());
    let (mut total, mut caught) = (0, 0);
    for number in 0..ROUNDS {
        let sent = round(&estate, number).await;
        let there = estate.sql("SELECT name FROM workspaces");
        let there: HashSet<&str> = there.lines().collect();
        let lost = sent.iter().filter(|sent| sent.answer.is_none());
        caught += lost.filter(|sent| there.contains(sent.title.as_str())).count();
        total += sent.len();
        estate.repeat(&sent, total).await;
        if caught >= CAUGHT {
            return;
        }
    }
    panic!("{total} requests, and only {caught} were caught between commit and answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missed_answer_is_given_again_on_postgres() {
    let mut estate = Estate::postgres();
    let port = estate.url.rsplit_once(':').unwrap().1.split_once('/').unwrap().0.to_owned();
    let proxy = Proxy::of(format!("127.0.0.1:{port}").parse().unwrap());
    estate.url = estate.url.replace(&format!(":{port}/"), &format!(":{}/", proxy.address.port()));
    let estate = Arc::new(estate);
    for number in 0..3 {
        let mut server = estate.serve();
        proxy.lose(true);
        let asked = (0..3).map(|request| {
            let (estate, url) = (Arc::clone(&estate), server.url.clone());
            let (title, id) = (format!("r{number} n{request}"), Uuid::from_u64_pair(number + 1, request));
            tokio::spawn(async move {
                let answer = estate.make(&client(), &url, &title, id).await;
                Sent { title, id, answer: answer.map(|(_, text)| text) }
            })
        });
        let asked: Vec<_> = asked.collect();
        let total = 3 * (number + 1);
        let made = || estate.sql("SELECT COUNT(*) FROM workspaces WHERE is_default = 0");
        for _ in 0..500 {
            if made() == total.to_string() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server.process.kill().unwrap();
        proxy.lose(false);
        let mut sent = Vec::new();
        for asked in asked {
            sent.push(asked.await.unwrap());
        }
        assert!(sent.iter().all(|sent| sent.answer.is_none()), "all were caught");
        estate.repeat(&sent, usize::try_from(total).unwrap()).await;
    }
}

/// Two processes share nothing but the database, and take the same request at once, many times.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_replicas_one_does_it_and_both_answer() {
    let estate = Arc::new(Estate::postgres());
    let replicas = [estate.serve(), estate.serve()];
    for request in 0..20 {
        let asked = (0..8).map(|number| {
            let (estate, url) = (Arc::clone(&estate), replicas[number % 2].url.clone());
            let (title, id) = (format!("n{request}"), Uuid::from_u64_pair(1, request));
            tokio::spawn(async move { estate.make(&client(), &url, &title, id).await.unwrap() })
        });
        let mut answers = HashSet::new();
        for answer in asked.collect::<Vec<_>>() {
            answers.insert(answer.await.unwrap());
        }
        assert_eq!(answers.len(), 1, "{answers:?}");
        assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
    }
    assert_eq!(estate.sql("SELECT COUNT(*) FROM workspaces WHERE is_default = 0"), "20");
    assert_eq!(estate.sql("SELECT COUNT(*) FROM audit_events WHERE action = 'workspace.create'"), "20");
}
