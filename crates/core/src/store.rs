//! The way to the database: transactions are closures, and the ports of all resources are reached through one session.
//!
//! A use case hands over its data and a function. The function gets the open transaction and a reference to the data,
//! captures nothing, and awaits nothing but the store, so it may run again: on PostgreSQL in the retry loop, on SQLite
//! when the batch it was in must be repeated. Whatever else takes time (hashing, mail, HTTP) comes before or after.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use crate::audit::AuditStore;
use crate::authz::AuthzStore;
use crate::browser::BrowserStore;
use crate::credential::{CredentialStore, KeyStore};
use crate::device::DeviceStore;
use crate::doctor::DoctorStore;
use crate::error::{Error, Kind, Result};
use crate::grant::GrantStore;
use crate::idempotency::IdempotencyStore;
use crate::invitation::InvitationStore;
use crate::issuer::IssuerStore;
use crate::link::LinkStore;
use crate::mail::MailStore;
use crate::oauth::OauthStore;
use crate::organization::OrganizationStore;
use crate::principal::PrincipalStore;
use crate::project::ProjectStore;
use crate::purge::PurgeStore;
use crate::resource::ResourceStore;
use crate::role::RoleStore;
use crate::seal::SealStore;
use crate::service_account::ServiceAccountStore;
use crate::signing::SigningStore;
use crate::team::TeamStore;
use crate::throttle::ThrottleStore;
use crate::usage::UsageStore;
use crate::workspace::WorkspaceStore;

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The ports of every resource, over one open transaction or one reading connection.
pub trait Session:
    Sync
    + AuditStore
    + AuthzStore
    + BrowserStore
    + CredentialStore
    + DeviceStore
    + DoctorStore
    + GrantStore
    + IdempotencyStore
    + InvitationStore
    + IssuerStore
    + KeyStore
    + OauthStore
    + LinkStore
    + MailStore
    + OrganizationStore
    + PrincipalStore
    + ProjectStore
    + PurgeStore
    + ResourceStore
    + RoleStore
    + SealStore
    + ServiceAccountStore
    + SigningStore
    + TeamStore
    + ThrottleStore
    + UsageStore
    + WorkspaceStore
{
}

/// The body of a use case: it may run again, so it gets its data by reference and captures nothing.
pub type Work<D, T> = for<'a> fn(&'a dyn Session, &'a D) -> BoxFuture<'a, Result<T>>;

/// A use case without its types, as an engine sees it.
pub trait Job: Send + Sync {
    /// Runs the use case once. A later run replaces the outcome of an earlier one.
    fn run<'a>(&'a self, session: &'a dyn Session) -> BoxFuture<'a, Result<()>>;

    /// Shows the outcome of the last run to `at`, if there is one.
    fn look(&self, _at: &mut dyn FnMut(&dyn Any)) {}
}

/// How a read wants to be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadKind {
    /// Provably bounded: a few point reads. May run on the calling thread.
    Point,
    /// Anything else: lists, searches, counts. Never on a thread that serves others.
    Scan,
}

/// A database engine. `tenantry-store` has the two.
pub trait Engine: Send + Sync {
    /// Runs the job in a transaction, commits it, and answers when the commit is durable. An error of the job rolls back.
    fn write(&self, job: Arc<dyn Job>) -> BoxFuture<'_, Result<()>>;

    /// Runs the job on a reading connection.
    fn read(&self, kind: ReadKind, job: Arc<dyn Job>) -> BoxFuture<'_, Result<()>>;

    /// Whether the database answers.
    fn ping(&self) -> BoxFuture<'_, Result<()>>;
}

/// The store: an engine, with the types of the use cases put back.
#[derive(Clone)]
pub struct Store(Arc<dyn Engine>);

impl Store {
    /// A store over the engine.
    pub fn new(engine: Arc<dyn Engine>) -> Self {
        Self(engine)
    }

    /// Runs `work` in a transaction. Its effects are durable when this returns `Ok`, and gone when it returns `Err`.
    pub async fn write<D, T>(&self, data: D, work: Work<D, T>) -> Result<T>
    where
        D: Send + Sync + 'static,
        T: Send + 'static,
    {
        let call = Arc::new(Call { data, work, outcome: Mutex::new(None) });
        self.0.write(Arc::clone(&call) as Arc<dyn Job>).await?;
        call.take()
    }

    /// The engine behind it.
    pub fn engine(&self) -> Arc<dyn Engine> {
        Arc::clone(&self.0)
    }

    /// Runs `work`, which reads only, and a few rows at most.
    pub async fn point<D, T>(&self, data: D, work: Work<D, T>) -> Result<T>
    where
        D: Send + Sync + 'static,
        T: Send + 'static,
    {
        self.read(ReadKind::Point, data, work).await
    }

    /// Runs `work`, which reads only.
    pub async fn scan<D, T>(&self, data: D, work: Work<D, T>) -> Result<T>
    where
        D: Send + Sync + 'static,
        T: Send + 'static,
    {
        self.read(ReadKind::Scan, data, work).await
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        self.0.ping().await
    }

    async fn read<D, T>(&self, kind: ReadKind, data: D, work: Work<D, T>) -> Result<T>
    where
        D: Send + Sync + 'static,
        T: Send + 'static,
    {
        let call = Arc::new(Call { data, work, outcome: Mutex::new(None) });
        self.0.read(kind, Arc::clone(&call) as Arc<dyn Job>).await?;
        call.take()
    }
}

struct Call<D, T> {
    data: D,
    work: Work<D, T>,
    outcome: Mutex<Option<T>>,
}

impl<D, T> Call<D, T> {
    fn take(&self) -> Result<T> {
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        outcome.take().ok_or_else(|| Error::internal("the engine reported success without running the job"))
    }
}

impl<D, T> Job for Call<D, T>
where
    D: Send + Sync + 'static,
    T: Send + 'static,
{
    fn run<'a>(&'a self, session: &'a dyn Session) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let outcome = (self.work)(session, &self.data).await?;
            *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
            Ok(())
        })
    }

    fn look(&self, at: &mut dyn FnMut(&dyn Any)) {
        if let Some(outcome) = &*self.outcome.lock().unwrap_or_else(PoisonError::into_inner) {
            at(outcome);
        }
    }
}

/// An engine that undoes each write, whatever its outcome: everything but the commit.
pub(crate) struct Rehearsing(pub(crate) Arc<dyn Engine>);

impl Engine for Rehearsing {
    fn write(&self, job: Arc<dyn Job>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match self.0.write(Arc::new(Rehearsal(job))).await {
                Err(undone) if undone.reason == REHEARSED => Ok(()),
                Err(error) => Err(error),
                Ok(()) => Err(Error::internal("a rehearsal was committed")),
            }
        })
    }

    fn read(&self, kind: ReadKind, job: Arc<dyn Job>) -> BoxFuture<'_, Result<()>> {
        self.0.read(kind, job)
    }

    fn ping(&self) -> BoxFuture<'_, Result<()>> {
        self.0.ping()
    }
}

const REHEARSED: &str = "store.rehearsed";

/// Runs a job and then fails, so that the engine rolls it back.
struct Rehearsal(Arc<dyn Job>);

impl Job for Rehearsal {
    fn run<'a>(&'a self, session: &'a dyn Session) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.0.run(session).await?;
            Err(Error::new(Kind::Precondition, REHEARSED, "rehearsed"))
        })
    }

    fn look(&self, at: &mut dyn FnMut(&dyn Any)) {
        self.0.look(at);
    }
}
