//! A core over a fresh database of either engine, and the few things that most tests put into it. Everything is made
//! through the use cases of the core; only a look at what is stored goes past them.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use tenantry_core::authz::{OrganizationRef, WorkspaceRef};
use tenantry_core::caller::Caller;
use tenantry_core::clock::Clock;
use tenantry_core::ids::{OrganizationId, PrincipalId, WorkspaceId};
use tenantry_core::organization::{DefaultWorkspaces, NewOrganization, Organization};
use tenantry_core::principal::NewUser;
use tenantry_core::settings::Settings;
use tenantry_core::workspace::{NewWorkspace, Workspace};
use tenantry_core::{Core, Parts};
use tenantry_store::Database;
use uuid::Uuid;

use crate::chance::{PlainPasswords, PlainSeal, SeededEntropy, SeededIds};
use crate::clock::TestClock;
use crate::issuers::PlainIssuers;
use crate::postgres::TestPostgres;
use crate::servers::PlainServers;
use crate::work::Work;

/// How many connections a core opens to a PostgreSQL server that many tests share.
const CONNECTIONS: usize = 12;

/// A core over a database of its own.
pub struct TestCore {
    core: Arc<Core>,
    clock: Arc<TestClock>,
    passwords: Arc<PlainPasswords>,
    issuers: Arc<PlainIssuers>,
    servers: Arc<PlainServers>,
    work: Work,
    database: Database,
    // Last, so that the engine lets go of the file before its directory goes.
    _directory: Option<TempDir>,
}

/// Somebody who can ask the core for something.
#[derive(Clone, Debug)]
pub struct Member {
    /// The caller that the token makes.
    pub caller: Caller,
    /// The secret of a personal access token or an API key.
    pub token: String,
}

impl Member {
    /// The id of the account.
    pub fn id(&self) -> PrincipalId {
        self.caller.principal
    }
}

impl Deref for TestCore {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.core
    }
}

impl TestCore {
    /// A core over a new SQLite file.
    pub async fn sqlite() -> Self {
        Self::sqlite_with(Settings::default()).await
    }

    /// A core over a new SQLite file, with settings of the server.
    pub async fn sqlite_with(settings: Settings) -> Self {
        let directory = TempDir::new().expect("the system has a place for temporary files");
        let database = Database::Sqlite(directory.path().join("tenantry.db"));
        Self::over(database, settings, 0, Some(directory)).await
    }

    /// A core over the SQLite file of a directory that outlives it, made if it is not there. Whoever opens one that has
    /// rows gives another seed, since ids of different seeds never meet.
    pub async fn in_directory(directory: &Path, seed: u16) -> Self {
        let database = Database::Sqlite(directory.join("tenantry.db"));
        Self::over(database, Settings::default(), seed, None).await
    }

    /// A core over a new database of the PostgreSQL server that the tests of this process share.
    pub async fn postgres() -> Self {
        Self::postgres_with(Settings::default()).await
    }

    /// A core over a new database of the shared PostgreSQL server, with settings of the server.
    pub async fn postgres_with(settings: Settings) -> Self {
        Self::on(TestPostgres::shared(), settings).await
    }

    /// A core over a new database of a PostgreSQL server.
    pub async fn on(server: &TestPostgres, settings: Settings) -> Self {
        let database = Database::Postgres { url: server.create_database(), connections: CONNECTIONS };
        Self::over(database, settings, 0, None).await
    }

    /// Another core over the same PostgreSQL database: a second replica. Ids of different seeds never meet.
    pub async fn replica(&self, seed: u16) -> Self {
        Self::over(self.database.clone(), self.core.settings().clone(), seed, None).await
    }

    async fn over(database: Database, settings: Settings, seed: u16, directory: Option<TempDir>) -> Self {
        let clock = Arc::new(TestClock::default());
        let passwords = Arc::new(PlainPasswords::default());
        let issuers = Arc::new(PlainIssuers::default());
        let servers = Arc::new(PlainServers::default());
        let store = tenantry_store::open(&database, clock.now()).await;
        let store = store.unwrap_or_else(|e| panic!("cannot open {database:?}: {e} {:?}", e.public()));
        let work = Work::default();
        let core = Arc::new(Core::new(Parts {
            store: work.count(&store),
            clock: Arc::<TestClock>::clone(&clock),
            ids: Arc::new(SeededIds::new(seed)),
            entropy: Arc::new(SeededEntropy::new(u64::from(seed))),
            passwords: Arc::<PlainPasswords>::clone(&passwords),
            seal: Arc::new(PlainSeal),
            issuers: Arc::<PlainIssuers>::clone(&issuers),
            servers: Arc::<PlainServers>::clone(&servers),
            settings,
        }));
        Self { core, clock, passwords, issuers, servers, work, database, _directory: directory }
    }

    /// How often the database was read and written so far.
    pub fn work(&self) -> [u64; 2] {
        self.work.done()
    }

    /// The core, for a router.
    pub fn shared(&self) -> Arc<Core> {
        Arc::clone(&self.core)
    }

    /// The clock that this core goes by.
    pub fn clock(&self) -> &TestClock {
        &self.clock
    }

    /// What hashes the passwords.
    pub fn passwords(&self) -> &PlainPasswords {
        &self.passwords
    }

    /// The external issuers.
    pub fn issuers(&self) -> &PlainIssuers {
        &self.issuers
    }

    /// The servers of workspaces.
    pub fn servers(&self) -> &PlainServers {
        &self.servers
    }

    /// Where the data are.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The file of an SQLite database.
    pub fn file(&self) -> &Path {
        match &self.database {
            Database::Sqlite(path) => path,
            Database::Postgres { .. } => panic!("a PostgreSQL database is no file"),
        }
    }

    /// The first administrator. Can be called once.
    pub async fn root(&self) -> Member {
        let new = NewUser {
            username: Some("root".to_owned()),
            email: "root@example.org".to_owned(),
            ..NewUser::default()
        };
        let (_, issued) =
            self.core.initialize_server(new).await.expect("the server has no administrator yet");
        self.member(issued.secret.expose()).await
    }

    /// A user called `name`, of the address `name@example.org`.
    pub async fn user(&self, root: &Member, name: &str) -> Member {
        let new = NewUser {
            username: Some(name.to_owned()),
            email: format!("{name}@example.org"),
            display_name: Some(name.to_owned()),
            ..NewUser::default()
        };
        let (_, issued) = self.core.create_user(&root.caller, new).await.expect("the name is free");
        self.member(issued.secret.expose()).await
    }

    /// Whoever holds this token.
    pub async fn member(&self, token: &str) -> Member {
        let caller = self.core.authenticate(token).await.expect("the token is valid");
        Member { caller, token: token.to_owned() }
    }

    /// An organization without a default workspace.
    pub async fn organization(&self, owner: &Member, name: &str) -> Organization {
        let new = NewOrganization {
            name: name.to_owned(),
            default_workspaces: DefaultWorkspaces::None,
            ..NewOrganization::default()
        };
        self.core.create_organization(&owner.caller, new).await.expect("the name is free")
    }

    /// A workspace that belongs to who makes it.
    pub async fn workspace(&self, owner: &Member, organization: OrganizationId, name: &str) -> Workspace {
        let new = NewWorkspace { name: name.to_owned(), ..NewWorkspace::default() };
        let organization = OrganizationRef::Id(organization);
        let made = self.core.create_workspace(&owner.caller, organization, new).await;
        made.expect("the name is free").seen.workspace
    }

    /// What SQL answers, past the core.
    pub fn sql(&self, sql: &str) -> String {
        answer(&self.database, sql)
    }

    /// An id as a literal in SQL.
    pub fn literal(&self, id: &Uuid) -> String {
        match &self.database {
            Database::Postgres { .. } => format!("'\\x{}'::bytea", id.simple()),
            Database::Sqlite(_) => format!("x'{}'", id.simple()),
        }
    }
}

/// The target of a use case about a workspace, by ids.
pub fn target(organization: OrganizationId, workspace: WorkspaceId) -> (OrganizationRef, WorkspaceRef) {
    (OrganizationRef::Id(organization), WorkspaceRef::Id(workspace))
}

/// What SQL answers: a row a line, columns separated by `|`, as psql prints it. SQLite is asked on a connection of its own.
pub fn answer(database: &Database, sql: &str) -> String {
    match database {
        Database::Postgres { url, .. } => TestPostgres::shared().query(url, sql),
        Database::Sqlite(path) => sqlite_answer(path, sql),
    }
}

/// Everything that is stored, as text.
pub fn dump(database: &Database) -> String {
    let tables = match database {
        Database::Postgres { .. } => "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
        Database::Sqlite(_) => "SELECT name FROM sqlite_master WHERE type = 'table'",
    };
    let tables = answer(database, tables);
    tables
        .lines()
        .map(|table| answer(database, &format!("SELECT * FROM {table}")))
        .collect::<Vec<_>>()
        .join("\n")
}

fn sqlite_answer(path: &Path, sql: &str) -> String {
    use rusqlite::fallible_iterator::FallibleIterator;
    let connection = rusqlite::Connection::open(path).expect("the database is there");
    connection.busy_timeout(std::time::Duration::from_secs(5)).expect("a time-out can be set");
    let mut lines = Vec::new();
    let mut rest = rusqlite::Batch::new(&connection, sql);
    while let Some(mut statement) = rest.next().unwrap_or_else(|e| panic!("{e}: {sql}")) {
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().unwrap_or_else(|e| panic!("{e}: {sql}")) {
            let cells = (0..columns).map(|column| cell(row.get_ref(column).expect("the column is there")));
            lines.push(cells.collect::<Vec<_>>().join("|"));
        }
    }
    lines.join("\n")
}

fn cell(value: rusqlite::types::ValueRef<'_>) -> String {
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => {
            bytes.iter().fold("\\x".to_owned(), |text, byte| format!("{text}{byte:02x}"))
        }
    }
}
