//! A server of this dialect in the process of the test.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, Request};
use serde_json::Value;
use tempfile::TempDir;
use tenantry_core::authz::OrganizationRef;
use tenantry_core::caller::Caller;
use tenantry_core::clock::{Clock, Entropy, Timestamp};
use tenantry_core::credential::{Issued, Passwords};
use tenantry_core::ids::{IdSource, PrincipalId};
use tenantry_core::permission::BuiltinRole;
use tenantry_core::principal::{NewServiceAccount, NewUser, Principal};
use tenantry_core::settings::Settings;
use tenantry_core::store::BoxFuture;
use tenantry_core::{Core, Parts, Result};
use tenantry_http::{Limits, Served};
use tenantry_store::Database;
use tower::ServiceExt;
use uuid::Uuid;

/// Time stands still until a test moves it; ids and secrets count up.
pub(crate) struct Fate {
    micros: AtomicI64,
    ids: AtomicU64,
    chance: AtomicU64,
}

impl Clock for Fate {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.load(Ordering::Relaxed))
    }
}

impl IdSource for Fate {
    fn next(&self) -> Uuid {
        Uuid::from_u64_pair(0x0000_0000_0000_7000, self.ids.fetch_add(1, Ordering::Relaxed) | 0x8000 << 48)
    }
}

impl Entropy for Fate {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.chance.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9).to_le_bytes()[1];
        }
    }
}

/// Passwords in the clear, since hashing is not what these tests are about.
struct Clear;

impl Passwords for Clear {
    fn hash<'a>(&'a self, password: &'a str) -> BoxFuture<'a, Result<String>> {
        Box::pin(async { Ok(password.to_owned()) })
    }

    fn verify<'a>(&'a self, password: &'a str, hash: Option<&'a str>) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move { Ok(hash == Some(password)) })
    }
}

/// Somebody who may send requests.
pub(crate) struct Someone {
    pub(crate) id: PrincipalId,
    pub(crate) token: String,
    pub(crate) caller: Caller,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) headers: HeaderMap,
}

impl Answer {
    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.body
    }

    /// One member of every item of a list.
    #[track_caller]
    pub(crate) fn all(self, member: &str) -> Vec<String> {
        let items = self.ok();
        let texts = items.as_array().expect("a bare array").iter().map(|item| item[member].as_str());
        texts.map(|text| text.unwrap_or("null").to_owned()).collect()
    }

    /// A refusal with this status and detail.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, detail: &Value) {
        assert_eq!((self.status, &self.body["detail"]), (status, detail));
    }
}

pub(crate) struct World {
    pub(crate) core: Arc<Core>,
    pub(crate) admin: Someone,
    router: Router,
    fate: Arc<Fate>,
    _directory: TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    /// A server with one administrator, `root`.
    pub(crate) async fn with(settings: Settings) -> Self {
        let directory = TempDir::new().unwrap();
        let fate = Arc::new(Fate {
            micros: AtomicI64::new(1_767_225_600_000_000),
            ids: AtomicU64::new(1),
            chance: AtomicU64::new(1),
        });
        let database = Database::Sqlite(directory.path().join("tenantry.db"));
        let core = Core::new(Parts {
            store: tenantry_store::open(&database, fate.now()).await.unwrap(),
            clock: Arc::clone(&fate) as Arc<dyn Clock>,
            ids: Arc::clone(&fate) as Arc<dyn IdSource>,
            entropy: Arc::clone(&fate) as Arc<dyn Entropy>,
            passwords: Arc::new(Clear),
            settings,
        });
        let core = Arc::new(core);
        let limits = Limits { body_bytes: 4096, ..Limits::default() };
        let served = Served::new(Arc::clone(&core), "https://tenantry.example", limits);
        let made = core.initialize_server(user("root")).await.unwrap();
        let admin = someone(&core, made).await;
        Self { core, admin, router: tenantry_api_zenml::router(served), fate, _directory: directory }
    }

    /// A second goes by, so that what is made next is newer.
    pub(crate) fn tick(&self) {
        self.fate.micros.fetch_add(1_000_000, Ordering::Relaxed);
    }

    /// A user whose password is `secret of ` and the name.
    pub(crate) async fn user(&self, name: &str) -> Someone {
        someone(&self.core, self.core.create_user(&self.admin.caller, user(name)).await.unwrap()).await
    }

    /// A service account of the organization: its API key, and id and secret of its OAuth client.
    pub(crate) async fn robot(&self, owner: &Someone, organization: &str) -> (String, String, String) {
        let new = NewServiceAccount { name: "robot".to_owned(), role: BuiltinRole::OrganizationMember };
        let organization = OrganizationRef::parse(organization);
        let made = self.core.create_service_account(&owner.caller, organization, new).await.unwrap();
        let client = made.client.credential.id.to_string();
        (made.api_key.secret.expose().to_owned(), client, made.client.secret.expose().to_owned())
    }

    /// An organization made through the dialect: its id.
    pub(crate) async fn organization(&self, owner: &Someone, name: &str) -> String {
        let body = serde_json::json!({ "name": name });
        let made = self.json("POST", "/organizations", &owner.token, &body).await.ok();
        made["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn get(&self, path: &str, who: &Someone) -> Answer {
        self.send(authorized("GET", path, &who.token).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn json(&self, method: &str, path: &str, token: &str, body: &Value) -> Answer {
        let request = authorized(method, path, token).header(CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| panic!("every body is JSON: {bytes:?}"));
        Answer { status: parts.status.as_u16(), body, headers: parts.headers }
    }
}

fn authorized(method: &str, path: &str, token: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path).header(AUTHORIZATION, format!("Bearer {token}"))
}

fn user(name: &str) -> NewUser {
    NewUser {
        username: Some(name.to_owned()),
        email: format!("{name}@tenantry.example"),
        display_name: None,
        password: Some(format!("secret of {name}")),
    }
}

async fn someone(core: &Core, (account, token): (Principal, Issued)) -> Someone {
    let token = token.secret.expose().to_owned();
    let caller = core.authenticate(&token).await.unwrap();
    Someone { id: account.id, token, caller }
}
