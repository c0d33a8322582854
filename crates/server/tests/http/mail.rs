//! Mail, as a mail server of the test's own takes it: what is written for each link, once, and tried again where it is not
//! taken.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tenantry_server::demo;
use tenantry_server::keys::MasterKey;
use tenantry_server::mail::MailServer;
use tenantry_server::serve::open_core;
use tenantry_server::world::SystemEntropy;
use tenantry_store::Database;
use tenantry_testkit::estate::answer;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{Engine, TestServer};

/// As little of RFC 5321 as it takes to be handed mails.
pub(crate) struct Mailbox {
    mails: Arc<Mutex<Vec<String>>>,
    port: u16,
}

impl Mailbox {
    /// One that refuses the first so many mails for the moment.
    pub(crate) async fn refusing(first: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mails: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&mails);
        let refused = Arc::new(Mutex::new(first));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&kept), Arc::clone(&refused)));
            }
        });
        Self { mails, port }
    }

    pub(crate) fn server(&self) -> MailServer {
        let url = format!("smtp://127.0.0.1:{}?tls=none", self.port);
        MailServer::new(&url, "Tenantry <tenantry@example.org>").unwrap()
    }

    /// The mails, when there are so many.
    pub(crate) async fn mails(&self, count: usize) -> Vec<String> {
        for _ in 0..300 {
            let mails = self.mails.lock().unwrap().clone();
            if mails.len() >= count {
                return mails;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("only {} mails came", self.mails.lock().unwrap().len());
    }
}

async fn converse(stream: TcpStream, mails: Arc<Mutex<Vec<String>>>, refused: Arc<Mutex<usize>>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 test\r\n").await.unwrap();
    let mut mail: Option<String> = None;
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(text) = &mut mail {
            if line != "." {
                text.push_str(&line);
                text.push('\n');
                continue;
            }
            mails.lock().unwrap().extend(mail.take());
            write.write_all(b"250 taken\r\n").await.unwrap();
            continue;
        }
        let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let reply: &[u8] = match &*word {
            "DATA" => {
                let mut left = refused.lock().unwrap();
                if *left > 0 {
                    *left -= 1;
                    b"451 not now\r\n"
                } else {
                    mail = Some(String::new());
                    b"354 go on\r\n"
                }
            }
            "QUIT" => b"221 bye\r\n",
            _ => b"250 fine\r\n",
        };
        write.write_all(reply).await.unwrap();
    }
}

/// The secret of the link in a mail, whose lines may be broken by quoted-printable.
fn link(mail: &str) -> String {
    let text = mail.replace("=\n", "").replace("=3D", "=");
    let start = text.find("http://").unwrap();
    text[start..].split_whitespace().next().unwrap().to_owned()
}

#[tokio::test]
async fn links_are_mailed_and_not_shown() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let mailbox = Mailbox::refusing(0).await;
        let server = TestServer::mailing(engine, mailbox.server());
        let northwind = server.organization("northwind");
        let invites = format!("/api/v1/organizations/{northwind}/invites");
        let body = json!({"email": "guest@tenantry.example"});
        let made = server.send("ada", Method::POST, &invites, Some(body)).await.expect(200);
        assert!(made.get("secret").is_none() && made.get("link").is_none(), "{made}");
        let ben = format!("/api/v1/users/{}:sendActivation", server.principal("ben"));
        let sent = server.send("root", Method::POST, &ben, None).await.expect(200);
        assert_eq!((&sent["mailed"], sent.get("link")), (&json!(true), None));

        let mails = mailbox.mails(2).await;
        let to = |address: &str| mails.iter().find(|mail| mail.contains(&format!("To: {address}"))).unwrap();
        let invitation = to("guest@tenantry.example");
        assert!(invitation.contains("From: Tenantry <tenantry@example.org>"), "{invitation}");
        assert!(invitation.contains("Ada Larsen has invited you to"), "{invitation}");
        let id = made["invitation_id"].as_str().unwrap();
        let address = link(invitation);
        let page =
            format!("{}/login/invitation?organization={northwind}&invitation={id}&secret=", server.url);
        assert!(address.starts_with(&page), "{address}");
        let address = link(to("ben@tenantry.example"));
        let secret = address.strip_prefix(&format!("{}/login/reset?secret=", server.url)).unwrap();
        server.core.reset_password(secret, "correct horse", None).await.unwrap();
        server.core.sign_in_user("ben", "correct horse", None).await.unwrap();

        // What was sent is not kept, and nothing is sent twice.
        assert_eq!(answer(&server.database, "SELECT COUNT(*) FROM outbox"), "0");
        assert_eq!(mailbox.mails.lock().unwrap().len(), 2);
    }
}

/// Mail is plain text, whatever people and organizations are called, and no name makes a header.
#[tokio::test]
async fn names_stay_text_in_mails() {
    const NAMES: [&str; 3] = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "=?utf-8?q?=0D=0ABcc=3A_evil=40example.org?=",
    ];
    let mailbox = Mailbox::refusing(0).await;
    let server = TestServer::mailing(Engine::Sqlite, mailbox.server());
    for (at, name) in NAMES.into_iter().enumerate() {
        let organization = json!({"title": name});
        let made =
            server.send("ada", Method::POST, "/api/v1/organizations", Some(organization)).await.expect(200);
        server.send("ada", Method::PATCH, "/api/v1/me", Some(json!({"display_name": name}))).await;
        let invites = format!("/api/v1/{}/invites", made["name"].as_str().unwrap());
        let body = json!({"email": format!("guest{at}@tenantry.example")});
        server.send("ada", Method::POST, &invites, Some(body)).await.expect(200);
    }
    for mail in mailbox.mails(NAMES.len()).await {
        let (head, _) = mail.split_once("\n\n").unwrap();
        let head = head.to_lowercase();
        assert!(head.contains("content-type: text/plain"), "{mail}");
        assert!(!mail.to_lowercase().contains("text/html"), "{mail}");
        assert!(!head.lines().any(|line| line.starts_with("bcc")), "{mail}");
    }
}

#[tokio::test]
async fn what_is_not_taken_is_tried_again() {
    let mailbox = Mailbox::refusing(1).await;
    let server = TestServer::mailing(Engine::Sqlite, mailbox.server());
    server.core.request_password_reset("ada", None).await.unwrap();
    server.core.request_password_reset("nobody", None).await.unwrap();
    for _ in 0..100 {
        if answer(&server.database, "SELECT attempts FROM outbox WHERE due_at > 0") == "1"
            && answer(&server.database, "SELECT COUNT(*) FROM outbox") == "1"
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // It is due in a minute, which need not be waited for.
    for _ in 0..100 {
        answer(&server.database, "UPDATE outbox SET due_at = 0 WHERE attempts > 0");
        if !mailbox.mails.lock().unwrap().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mails = mailbox.mails(1).await;
    assert!(
        mails[0].contains("To: ada@tenantry.example") && link(&mails[0]).contains("/login/reset?secret=")
    );
}

#[tokio::test]
async fn an_address_is_proved_again_on_request() {
    const PATH: &str = "/api/v1/me:requestEmailVerification";
    const CHANGE: &str = "/api/v1/me:changeEmail";
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let mailbox = Mailbox::refusing(0).await;
        let server = TestServer::mailing(engine, mailbox.server());
        let rehearsed = format!("{PATH}?validate_only=true");
        server.send("ben", Method::POST, &rehearsed, None).await.expect(200);
        assert_eq!(server.send("ben", Method::POST, PATH, None).await.expect(200), json!({}));
        let password = server.estate.people.iter().find(|person| person.username == "ben").unwrap();
        let password = password.password.as_str();
        let other = json!({"email": "benjamin@tenantry.example", "current_password": password});
        server.send("ben", Method::POST, CHANGE, Some(other)).await.expect(200);
        let mails = mailbox.mails(2).await;
        assert!(mails.iter().any(|mail| mail.contains("To: ben@tenantry.example")), "{mails:?}");
        let other = mails.iter().find(|mail| mail.contains("To: benjamin@tenantry.example")).unwrap();
        assert!(mails.iter().all(|mail| mail.contains("/login/verify?secret=")), "{mails:?}");
        let address = link(other);
        let secret = address.strip_prefix(&format!("{}/login/verify?secret=", server.url)).unwrap();
        server.core.verify_email(secret, None).await.unwrap();
        let mails = mailbox.mails(3).await;
        assert!(
            mails[2].contains("To: ben@tenantry.example") && mails[2].contains("another address"),
            "{mails:?}"
        );
        assert!(!mails[2].contains("secret=") && !mails[2].contains("benjamin"), "{mails:?}");
        for body in [json!({"email": "x@example.org"}), json!([])] {
            server.send("ben", Method::POST, PATH, Some(body)).await.expect(400);
        }
        for (body, field) in [
            (json!({"current_password": password}), "email"),
            (json!({"email": "nobody", "current_password": password}), "email"),
            (json!({"email": "x@example.org"}), "current_password"),
            (json!({"email": "x@example.org", "current_password": "wrong horse"}), "current_password"),
            (json!({"email": "x@example.org", "current_password": password, "name": ""}), "name"),
        ] {
            let refused = server.send("ben", Method::POST, CHANGE, Some(body)).await.expect(400);
            assert!(refused.to_string().contains(field), "{refused}");
        }
        let id = format!("{CHANGE}?request_id=0190b0a0-0000-7000-8000-00000000000a");
        let body = json!({"email": "x@example.org", "current_password": password});
        server.send("ben", Method::POST, &id, Some(body)).await.expect(400);
        server
            .send(
                "northwind-ci",
                Method::POST,
                CHANGE,
                Some(json!({"email": "x@example.org", "current_password": "x"})),
            )
            .await
            .expect(403);
        server.send("northwind-ci", Method::POST, PATH, None).await.expect(403);
        server.send("", Method::POST, PATH, None).await.expect(401);
    }
    let without = TestServer::start(Engine::Sqlite);
    let refused = without.send("ben", Method::POST, PATH, None).await;
    assert!(refused.expect(400)["message"].as_str().unwrap().contains("sends no mail"), "{}", refused.text);
}

/// Whoever starts with another master key learns of it at once, not when the first secret cannot be opened.
#[tokio::test]
async fn a_database_of_another_master_key_is_refused() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = TestServer::start(engine);
        let directory = tempfile::tempdir().unwrap();
        let database = match &server.database {
            Database::Sqlite(_) => {
                let copy = directory.path().join("copy.db");
                answer(&server.database, &format!("VACUUM INTO '{}'", copy.display()));
                Database::Sqlite(copy)
            }
            postgres @ Database::Postgres { .. } => postgres.clone(),
        };
        let key = MasterKey::kept_in(directory.path(), &SystemEntropy).unwrap();
        let Err(refused) = open_core(&database, demo::settings(), &key).await else { panic!("{engine:?}") };
        assert!(
            refused.to_string().starts_with("secret_key: the database was written with another"),
            "{refused}"
        );
    }
}
