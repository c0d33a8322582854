//! Passwords hashed as they really are.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{io, thread};

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use tenantry_core::credential::{PASSWORDS_BUSY, Passwords, Verdict};
use tenantry_core::error::{Error, Kind, Result};
use tenantry_core::store::BoxFuture;
use tokio::runtime::{Handle, RuntimeMetrics};
use tokio::sync::{mpsc, oneshot};

/// How many passwords may wait for a turn before clients are told to come back.
const QUEUE: usize = 64;

/// How long a hasher rests for each time that it works, while requests keep the server busy: they then have at least five
/// sixths of the cores, whatever a scheduler thinks of threads that never wait.
const RESTS: u32 = 2;

type Work = Box<dyn FnOnce() + Send>;

/// Argon2id with 19 MiB, two passes and one lane, which OWASP's cheat sheet on password storage asks for at least, on
/// threads of its own, one for each two cores, which stand back behind requests that cost microseconds: whoever signs in
/// waits tens of milliseconds anyway.
pub(crate) struct Argon {
    queue: mpsc::Sender<Work>,
}

impl Argon {
    /// The hashers of the runtime that this is called in.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub(crate) fn start() -> io::Result<Self> {
        let (queue, waiting) = mpsc::channel::<Work>(QUEUE);
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 0..turns() {
            let waiting = Arc::clone(&waiting);
            let mut requests = Requests::of(Handle::current().metrics());
            thread::Builder::new().name(format!("passwords-{number}")).spawn(move || {
                // The guard goes before the work begins.
                while let Some(work) =
                    { waiting.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv() }
                {
                    // Whoever waits for work that panics hears of an internal error, since nobody tells them a result.
                    let begun = Instant::now();
                    let _ = panic::catch_unwind(AssertUnwindSafe(work));
                    if requests.keep_busy() {
                        thread::sleep(begun.elapsed() * RESTS);
                    }
                }
            })?;
        }
        Ok(Self { queue })
    }

    async fn bounded<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (tell, told) = oneshot::channel();
        let asked = Box::new(move || {
            if !tell.is_closed() {
                let _ = tell.send(work());
            }
        });
        self.queue.try_send(asked).map_err(|_| {
            Error::new(Kind::Unavailable, PASSWORDS_BUSY, "too many sign-ins at once, try again")
        })?;
        told.await.map_err(Error::internal)?
    }
}

/// How many passwords are hashed at once.
fn turns() -> usize {
    let cores = thread::available_parallelism().map_or(2, std::num::NonZero::get);
    (cores / 2).max(1)
}

/// What the threads that serve requests had to do.
struct Requests {
    threads: RuntimeMetrics,
    /// When that was looked at, and for how long all of them together had been busy by then.
    seen: (Instant, Duration),
}

impl Requests {
    fn of(threads: RuntimeMetrics) -> Self {
        let seen = (Instant::now(), total_busy(&threads));
        Self { threads, seen }
    }

    /// Whether they were busy since this was asked before.
    fn keep_busy(&mut self) -> bool {
        let (at, before) = self.seen;
        self.seen = (Instant::now(), total_busy(&self.threads));
        let busy = self.seen.1.saturating_sub(before);
        are_busy(self.threads.num_workers(), self.seen.0 - at, busy)
    }
}

/// Whether so many threads had something to do for more than a quarter of this time. The rest may be taken by others on the
/// same machine, such as a database.
fn are_busy(threads: usize, time: Duration, busy: Duration) -> bool {
    busy * 4 > time * u32::try_from(threads).unwrap_or(u32::MAX)
}

fn total_busy(threads: &RuntimeMetrics) -> Duration {
    (0..threads.num_workers()).map(|thread| threads.worker_total_busy_duration(thread)).sum()
}

impl Passwords for Argon {
    fn hash<'a>(&'a self, password: &'a str) -> BoxFuture<'a, Result<String>> {
        let password = password.to_owned();
        Box::pin(self.bounded(move || hash(&password)))
    }

    fn verify<'a>(&'a self, password: &'a str, hash: Option<&'a str>) -> BoxFuture<'a, Result<Verdict>> {
        let password = password.to_owned();
        let known = hash.map(str::to_owned);
        Box::pin(self.bounded(move || {
            let Some(hash) = known else {
                // As much work as for an account that exists, so that the time does not tell.
                return self::hash(&password).map(|_| Verdict::Wrong);
            };
            let parsed = PasswordHash::new(&hash).map_err(|error| Error::internal(error.to_string()))?;
            if Argon2::default().verify_password(password.as_bytes(), &parsed).is_err() {
                return Ok(Verdict::Wrong);
            }
            Ok(if is_of_today(&parsed) { Verdict::Right } else { Verdict::Outdated })
        }))
    }
}

/// Whether a new hash would be made with the same parameters.
fn is_of_today(hash: &PasswordHash) -> bool {
    let today = Params::default();
    let same_costs = Params::try_from(hash).is_ok_and(|params| {
        (params.m_cost(), params.t_cost(), params.p_cost())
            == (today.m_cost(), today.t_cost(), today.p_cost())
    });
    let id = Algorithm::default().ident();
    same_costs && hash.algorithm == id && hash.version == Some(Version::default().into())
}

fn hash(password: &str) -> Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| Error::internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn hashes_of_other_parameters_fit_and_are_outdated() {
        let argon = Argon::start().unwrap();
        let hash = argon.hash("correct horse").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(argon.verify("correct horse", Some(&hash)).await.unwrap(), Verdict::Right);
        assert_eq!(argon.verify("wrong horse", Some(&hash)).await.unwrap(), Verdict::Wrong);
        assert_eq!(argon.verify("correct horse", None).await.unwrap(), Verdict::Wrong);
        for (memory, passes) in [(16, 1), (19_456, 3)] {
            let weaker = Argon2::from(Params::new(memory, passes, 1, None).unwrap());
            let hash = weaker.hash_password(b"correct horse").unwrap().to_string();
            assert_eq!(argon.verify("correct horse", Some(&hash)).await.unwrap(), Verdict::Outdated);
            assert_eq!(argon.verify("wrong horse", Some(&hash)).await.unwrap(), Verdict::Wrong);
        }
    }

    /// Holds every turn until the sender goes.
    async fn occupied(
        argon: &Arc<Argon>,
    ) -> (std::sync::mpsc::Sender<()>, Vec<tokio::task::JoinHandle<Result<()>>>) {
        let (finish, until_told) = std::sync::mpsc::channel();
        let until_told = Arc::new(Mutex::new(until_told));
        let mut clients = Vec::new();
        for _ in 0..turns() {
            let (tell, started) = oneshot::channel();
            let (argon, until_told) = (Arc::clone(argon), Arc::clone(&until_told));
            clients.push(tokio::spawn(async move {
                let work = move || {
                    let _ = tell.send(());
                    let _ = until_told.lock().unwrap().recv();
                    Ok(())
                };
                argon.bounded(work).await
            }));
            started.await.unwrap();
        }
        (finish, clients)
    }

    /// Otherwise clients who leave at once could have any number of passwords hashed.
    #[tokio::test]
    async fn who_leaves_frees_no_turn_and_wastes_none() {
        let argon = Arc::new(Argon::start().unwrap());
        let (finish, clients) = occupied(&argon).await;
        for client in clients {
            client.abort();
            assert!(client.await.unwrap_err().is_cancelled());
        }
        let done = Arc::new(AtomicUsize::new(0));
        let count = |done: &Arc<AtomicUsize>| {
            let done = Arc::clone(done);
            move || Ok(done.fetch_add(1, Ordering::SeqCst))
        };
        let mut left = Box::pin(argon.bounded(count(&done)));
        assert!(futures_util::poll!(&mut left).is_pending());
        let mut stays = Box::pin(argon.bounded(count(&done)));
        assert!(futures_util::poll!(&mut stays).is_pending());
        assert_eq!(argon.queue.capacity(), QUEUE - 2);
        drop(left);
        drop(finish);
        assert_eq!(stays.await.unwrap(), 0);
    }

    #[tokio::test]
    async fn who_finds_the_queue_full_is_told_to_come_back() {
        let argon = Arc::new(Argon::start().unwrap());
        let (finish, clients) = occupied(&argon).await;
        let mut waiting: Vec<_> = (0..QUEUE).map(|_| Box::pin(argon.hash("correct horse"))).collect();
        for client in &mut waiting {
            assert!(futures_util::poll!(client).is_pending());
        }
        let refused = argon.hash("correct horse").await.unwrap_err();
        assert_eq!((refused.kind, refused.reason), (Kind::Unavailable, "password.busy"));
        drop(waiting);
        drop(finish);
        for client in clients {
            client.await.unwrap().unwrap();
        }
        drop(argon.queue.reserve().await.unwrap());
        argon.hash("correct horse").await.unwrap();
        assert_eq!(argon.queue.capacity(), QUEUE);
    }

    #[tokio::test]
    async fn work_that_panics_takes_no_thread_with_it() {
        let argon = Argon::start().unwrap();
        for _ in 0..=turns() {
            let failed = argon.bounded::<()>(|| panic!("on purpose")).await.unwrap_err();
            assert_eq!(failed.kind, Kind::Internal);
        }
        argon.hash("correct horse").await.unwrap();
    }

    #[test]
    fn requests_are_busy_from_a_quarter_of_the_time_on() {
        let (second, half) = (Duration::from_secs(1), Duration::from_millis(500));
        assert!(!are_busy(2, second, half));
        assert!(are_busy(2, second, half + Duration::from_millis(1)));
        assert!(are_busy(1, second, half) && !are_busy(4, second, half));
    }
}
