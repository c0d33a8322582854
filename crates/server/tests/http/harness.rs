//! A running server for tests. Reading tests share one for each engine; a test that changes something that others read
//! starts its own.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName};
use serde_json::Value;
use tenantry_core::Core;
use tenantry_core::settings::{AddPeople, Settings};
use tenantry_http::{Limits, Served};
use tenantry_server::connections::ConnectionLimits;
use tenantry_server::demo::{self, Estate};
use tenantry_server::keys::MasterKey;
use tenantry_server::mail::{MailServer, deliver};
use tenantry_server::prefix::ZenmlPrefix;
use tenantry_server::router::Beside;
use tenantry_server::serve::{app, open_core, run_core};
use tenantry_server::world::SystemEntropy;
use tenantry_store::Database;
use tenantry_testkit::postgres::TestPostgres;
use tokio_util::sync::CancellationToken;

/// Which database is behind the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// What a server is started with.
#[derive(Default)]
struct Means {
    settings: Settings,
    mail: Option<MailServer>,
    limits: Limits,
    zenml_prefix: Option<ZenmlPrefix>,
}

/// A server over a fresh database with the demo's estate.
pub(crate) struct TestServer {
    pub(crate) url: String,
    pub(crate) estate: Estate,
    /// For what no route offers yet.
    pub(crate) core: Arc<Core>,
    /// For a look at what is stored.
    pub(crate) database: Database,
    directory: tempfile::TempDir,
}

/// Writes a test down for both engines: `both!(name)` for an `async fn name(server: &TestServer)` that only reads.
macro_rules! both {
    ($($name:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test] async fn $name() {
                super::$name($crate::harness::TestServer::shared($crate::harness::Engine::Sqlite)).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test] async fn $name() {
                super::$name($crate::harness::TestServer::shared($crate::harness::Engine::Postgres)).await;
            })*
        }
    };
}
pub(crate) use both;

/// The same for tests that change something: each gets a server of its own.
macro_rules! both_alone {
    ($($name:ident),* $(,)?) => {
        mod alone_on_sqlite {
            $(#[tokio::test] async fn $name() {
                super::$name(&$crate::harness::TestServer::start($crate::harness::Engine::Sqlite)).await;
            })*
        }
        mod alone_on_postgres {
            $(#[tokio::test] async fn $name() {
                super::$name(&$crate::harness::TestServer::start($crate::harness::Engine::Postgres)).await;
            })*
        }
    };
}
pub(crate) use both_alone;

impl TestServer {
    /// The server that reading tests share.
    pub(crate) fn shared(engine: Engine) -> &'static Self {
        static SQLITE: OnceLock<TestServer> = OnceLock::new();
        static POSTGRES: OnceLock<TestServer> = OnceLock::new();
        let place = match engine {
            Engine::Sqlite => &SQLITE,
            Engine::Postgres => &POSTGRES,
        };
        place.get_or_init(|| Self::start(engine))
    }

    /// A server of one's own. It runs on a thread with a runtime of its own, until the process ends.
    pub(crate) fn start(engine: Engine) -> Self {
        Self::with(engine, demo::settings())
    }

    /// The same with settings of its own.
    pub(crate) fn with(engine: Engine, settings: Settings) -> Self {
        Self::made(engine, Means { settings, ..Means::default() })
    }

    fn made(engine: Engine, means: Means) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let database = match engine {
            Engine::Sqlite => Database::Sqlite(directory.path().join("tenantry.db")),
            Engine::Postgres => {
                Database::Postgres { url: TestPostgres::shared().create_database(), connections: 4 }
            }
        };
        let opened = database.clone();
        let build = async move |key: &MasterKey| demo::build(&opened, demo::settings(), key).await.unwrap();
        Self::over(database, directory, means, build)
    }

    /// The same with a mail server, where people are invited.
    pub(crate) fn mailing(engine: Engine, mail: MailServer) -> Self {
        let settings = Settings { mail: true, add_people: AddPeople::Invite, ..demo::settings() };
        Self::made(engine, Means { settings, mail: Some(mail), ..Means::default() })
    }

    /// The same where one may ask so often in a minute.
    pub(crate) fn limited(engine: Engine, requests_per_minute: u32) -> Self {
        let limits = Limits { requests_per_minute, ..Limits::default() };
        Self::made(engine, Means { settings: demo::settings(), limits, ..Means::default() })
    }

    /// The same with the ZenML dialect below a prefix as well.
    pub(crate) fn prefixed(engine: Engine, prefix: &str) -> Self {
        let zenml_prefix = Some(ZenmlPrefix::parse(prefix).unwrap());
        Self::made(engine, Means { settings: demo::settings(), zenml_prefix, ..Means::default() })
    }

    /// A second server over the same PostgreSQL database, with the same master key.
    pub(crate) fn replica(&self) -> Self {
        let estate = self.estate.clone();
        let settings = self.core.settings().clone();
        let directory = tempfile::tempdir().unwrap();
        std::fs::copy(self.directory.path().join("secret.key"), directory.path().join("secret.key")).unwrap();
        Self::over(
            self.database.clone(),
            directory,
            Means { settings, ..Means::default() },
            async move |_: &MasterKey| estate,
        )
    }

    fn over(
        database: Database,
        directory: tempfile::TempDir,
        Means { settings, mail, limits, zenml_prefix }: Means,
        estate: impl AsyncFnOnce(&MasterKey) -> Estate + Send + 'static,
    ) -> Self {
        let path = directory.path().to_owned();
        let (started, start) = std::sync::mpsc::channel();
        let opened = database.clone();
        thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async move {
                let key = MasterKey::kept_in(&path, &SystemEntropy).unwrap();
                let estate = estate(&key).await;
                let core = open_core(&opened, settings, &key).await.unwrap();
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                let url = format!("http://{}", listener.local_addr().unwrap());
                // Tests say by `X-Forwarded-For` where they come from, where that matters.
                let served =
                    Served::new(Arc::clone(&core), &url, limits).behind("127.0.0.1".parse().unwrap());
                if let Some(mail) = mail {
                    tokio::spawn(deliver(served.clone(), mail, CancellationToken::new()));
                }
                let beside = Beside { zenml_prefix, ..Beside::default() };
                let app = app(served, &key, beside);
                started.send((url, estate, Arc::clone(&core))).unwrap();
                let never = CancellationToken::new();
                run_core(listener, app, core, ConnectionLimits::default(), never).await.unwrap();
            });
        });
        let (url, estate, core) = start.recv().unwrap();
        Self { url, estate, core, database, directory }
    }

    /// The token of a person of the estate, or the API key of its service account; any other text is a token itself.
    pub(crate) fn token<'a>(&'a self, who: &'a str) -> &'a str {
        let person = self.estate.people.iter().find(|person| person.username == who);
        let account = self.estate.service_accounts.iter().find(|account| account.name == who);
        person.map(|person| &*person.token).or(account.map(|account| &*account.api_key)).unwrap_or(who)
    }

    /// The id of an organization of the estate.
    pub(crate) fn organization(&self, key: &str) -> String {
        self.estate.organizations.iter().find(|made| made.key == key).unwrap().id.to_string()
    }

    /// The id of a person or the service account of the estate.
    pub(crate) fn principal(&self, who: &str) -> String {
        let person = self.estate.people.iter().find(|person| person.username == who).map(|person| person.id);
        let account =
            self.estate.service_accounts.iter().find(|account| account.name == who).map(|made| made.id);
        person.or(account).unwrap().to_string()
    }

    /// The id of a workspace of the estate, deleted or not, by its title.
    pub(crate) async fn workspace(&self, organization: &str, owner: &str, title: &str) -> String {
        let path =
            format!("/api/v1/organizations/{organization}/workspaces?page_size=1000&show_deleted=true");
        let list = self.get(owner, &path).await.json();
        let found = list["workspaces"].as_array().unwrap().iter().find(|made| made["title"] == title);
        found.unwrap()["name"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
    }

    /// `GET` with a bearer token; an empty `who` sends none.
    pub(crate) async fn get(&self, who: &str, path: &str) -> Answer {
        self.send(who, Method::GET, path, None).await
    }

    /// Any method, with a JSON body if there is one.
    pub(crate) async fn send(&self, who: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = client().request(method, format!("{}{path}", self.url));
        if !who.is_empty() {
            request = request.bearer_auth(self.token(who));
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        Answer::of(request).await
    }
}

/// The header by which a request says where it comes from.
pub(crate) const SOURCE: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A network that nobody has come from, so that no guess is refused for those before it.
pub(crate) fn network() -> Ipv4Addr {
    static LAST: AtomicU32 = AtomicU32::new(0xc612_0000);
    Ipv4Addr::from(LAST.fetch_add(1, Ordering::Relaxed))
}

/// A client that follows no redirects and keeps no connections, since each test has a runtime of its own. Each test comes
/// from a network of its own: what one guesses wrong on a shared server is not counted against another.
pub(crate) fn client() -> reqwest::Client {
    thread_local! {
        static OWN: Ipv4Addr = network();
    }
    let source = OWN.with(Ipv4Addr::to_string).parse().unwrap();
    reqwest::Client::builder()
        .default_headers(HeaderMap::from_iter([(SOURCE, source)]))
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .no_proxy()
        .build()
        .unwrap()
}

/// What the server answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// Sends the request and reads the whole answer.
    pub(crate) async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|_| panic!("{} is no JSON: {}", self.status, self.text))
    }

    /// The body of an answer that must have this status.
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }
}
