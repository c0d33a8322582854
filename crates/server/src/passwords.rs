//! Passwords hashed as they really are.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use tenantry_core::credential::{PASSWORDS_BUSY, Passwords, Verdict};
use tenantry_core::error::{Error, Kind, Result};
use tenantry_core::store::BoxFuture;
use tokio::sync::Semaphore;

/// How many sign-ins may wait for the hasher before clients are told to come back.
const QUEUE: usize = 64;

/// Argon2id with 19 MiB, two passes and one lane, which OWASP's cheat sheet on password storage asks for at least, on
/// threads of its own, at most half of the cores at once.
pub(crate) struct Argon {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Default for Argon {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            running: Arc::new(Semaphore::new((cores / 2).max(1))),
            waiting: Arc::new(Semaphore::new(QUEUE)),
        }
    }
}

impl Argon {
    async fn bounded<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let busy = || Error::new(Kind::Unavailable, PASSWORDS_BUSY, "too many sign-ins at once, try again");
        let place = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| busy())?;
        let turn = Arc::clone(&self.running).acquire_owned().await.map_err(|_| busy())?;
        let hashing = tokio::task::spawn_blocking(move || {
            // Work that has begun goes on without whoever asked for it, so it is the work that has the turn.
            let _held = (place, turn);
            work()
        });
        hashing.await.map_err(Error::internal)?
    }
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
    use argon2::Params;
    use tenantry_core::Kind;

    use super::*;

    #[tokio::test]
    async fn hashes_of_other_parameters_fit_and_are_outdated() {
        let argon = Argon::default();
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

    /// Otherwise clients who leave at once could have any number of passwords hashed.
    #[tokio::test]
    async fn who_leaves_frees_no_turn() {
        let argon = Arc::new(Argon::default());
        let turns = argon.running.available_permits();
        let (tell, started) = tokio::sync::oneshot::channel();
        let (finish, until_told) = std::sync::mpsc::channel();
        let hashing = Arc::clone(&argon);
        let client = tokio::spawn(async move {
            let work = move || {
                let _ = tell.send(());
                until_told.recv().map_err(|error| Error::internal(error.to_string()))
            };
            hashing.bounded(work).await
        });
        started.await.unwrap();
        client.abort();
        assert!(client.await.unwrap_err().is_cancelled());
        assert_eq!(
            (argon.running.available_permits(), argon.waiting.available_permits()),
            (turns - 1, QUEUE - 1)
        );
        finish.send(()).unwrap();
        drop(argon.running.acquire_many(u32::try_from(turns).unwrap()).await.unwrap());
    }

    #[tokio::test]
    async fn who_finds_the_queue_full_is_told_to_come_back() {
        let argon = Argon::default();
        let full = argon.waiting.acquire_many(u32::try_from(QUEUE).unwrap()).await.unwrap();
        let refused = argon.hash("correct horse").await.unwrap_err();
        assert_eq!((refused.kind, refused.reason), (Kind::Unavailable, "password.busy"));
        drop(full);
        argon.hash("correct horse").await.unwrap();
        assert_eq!(argon.waiting.available_permits(), QUEUE);
    }
}
