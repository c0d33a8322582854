//! Requests that are done once (AIP-155): a client that got no answer sends the same request again, and gets the answer
//! that it missed instead of a second effect.
//!
//! The key of the request is taken, and its answer kept, in the transaction of its effect: after a crash, and on every
//! replica, there are both or neither. What failed had no effect and is not kept, so it is tried anew. Answers are kept
//! for [`KEPT_SECONDS`]; a secret that is shown once is never part of one (decision 008).

mod store;

use std::any::Any;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use crate::Core;
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::error::{Error, Kind, Result};
use crate::ids::{PrincipalId, RequestKeyId};
use crate::store::{BoxFuture, Engine, Job, ReadKind, Session};

pub use store::IdempotencyStore;

/// How long an answer is kept: 24 hours.
pub const KEPT_SECONDS: i64 = 24 * 60 * 60;

/// What tells a request from every other one, and a repetition from another request under the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// Who asks.
    pub principal: PrincipalId,
    /// The id that the client gave.
    pub id: RequestKeyId,
    /// The SHA-256 of everything that the request asks for.
    pub fingerprint: [u8; 32],
}

/// An answer as it was given to the first request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body, without any secret.
    pub body: String,
}

/// What a store knows of a key that a transaction wants to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nobody has taken it before; it is taken now.
    Taken,
    /// The same request was answered so.
    Answered(KeptAnswer),
    /// Another request has it.
    Elsewhere,
}

/// What became of a request that is done once.
#[derive(Clone, Debug)]
pub enum Once<T> {
    /// It was done now.
    Now(T),
    /// It had been done before.
    Before(KeptAnswer),
}

impl Core {
    /// Runs one use case that changes something, unless a request of this key was done before. `keep` makes the answer to
    /// keep of what the use case's transaction gives, `T`.
    ///
    /// # Errors
    /// `Kind::Invalid` for `request_id` when the id belongs to another request.
    pub async fn once<T, U, F>(
        &self,
        key: RequestKey,
        keep: impl Fn(&T) -> Result<KeptAnswer> + Send + Sync + 'static,
        work: impl FnOnce(Self) -> F,
    ) -> Result<Once<U>>
    where
        T: 'static,
        F: Future<Output = Result<U>>,
    {
        let keep = move |outcome: &dyn Any| {
            let wanted = outcome.downcast_ref::<T>();
            keep(wanted.ok_or_else(|| Error::internal("the use case gives something else to keep"))?)
        };
        let request =
            Arc::new(Request { key, now: self.clock.now(), keep: Box::new(keep), before: Mutex::new(None) });
        let engine = OnceEngine { engine: self.store.engine(), request: Arc::clone(&request) };
        match work(self.over(Arc::new(engine))).await {
            Ok(done) => Ok(Once::Now(done)),
            Err(error) if error.reason == REPEATED => {
                let before = request.before.lock().unwrap_or_else(PoisonError::into_inner).take();
                before.map(Once::Before).ok_or_else(|| Error::internal("a repeated request has no answer"))
            }
            Err(error) => Err(error),
        }
    }

    /// Forgets answers that were kept long enough, a bounded number of them. Answers how many there were.
    pub async fn forget_answers(&self) -> Result<u64> {
        let before = self.clock.now().plus_seconds(-KEPT_SECONDS);
        self.store().write(before, |session, before| Box::pin(session.forget_answers(*before, 1000))).await
    }
}

impl RequestKey {
    /// The key of the caller's request.
    pub const fn new(caller: &Caller, id: RequestKeyId, fingerprint: [u8; 32]) -> Self {
        Self { principal: caller.principal, id, fingerprint }
    }
}

const REPEATED: &str = "request.repeated";

type Keep = dyn Fn(&dyn Any) -> Result<KeptAnswer> + Send + Sync;

struct Request {
    key: RequestKey,
    now: Timestamp,
    keep: Box<Keep>,
    before: Mutex<Option<KeptAnswer>>,
}

/// An engine whose writes belong to one request.
struct OnceEngine {
    engine: Arc<dyn Engine>,
    request: Arc<Request>,
}

impl Engine for OnceEngine {
    fn write(&self, job: Arc<dyn Job>) -> BoxFuture<'_, Result<()>> {
        self.engine.write(Arc::new(OnceJob { job, request: Arc::clone(&self.request) }))
    }

    fn read(&self, kind: ReadKind, job: Arc<dyn Job>) -> BoxFuture<'_, Result<()>> {
        self.engine.read(kind, job)
    }

    fn ping(&self) -> BoxFuture<'_, Result<()>> {
        self.engine.ping()
    }
}

struct OnceJob {
    job: Arc<dyn Job>,
    request: Arc<Request>,
}

impl Job for OnceJob {
    fn run<'a>(&'a self, session: &'a dyn Session) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let Request { key, now, keep, before } = &*self.request;
            // First of all: whoever holds the key is waited for, and holds nothing yet that others wait for.
            match session.claim_request(key, *now).await? {
                Claim::Taken => {}
                Claim::Answered(answer) => {
                    *before.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
                    return Err(Error::new(Kind::Precondition, REPEATED, "the request was done before"));
                }
                Claim::Elsewhere => {
                    let message = "expected an id of its own: another request had this one";
                    return Err(Error::invalid("request_id", "reused", message));
                }
            }
            self.job.run(session).await?;
            let mut answer = Err(Error::internal("a use case without an outcome"));
            self.job.look(&mut |outcome| answer = keep(outcome));
            session.keep_answer(key, &answer?).await
        })
    }

    fn look(&self, at: &mut dyn FnMut(&dyn Any)) {
        self.job.look(at);
    }
}
