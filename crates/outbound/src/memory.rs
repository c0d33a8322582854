//! What was fetched and is remembered for a while: one copy for each address, fetched by one request while others use
//! the copy before, and wait only where that has not what they need.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tenantry_core::Result;
use tenantry_core::clock::Timestamp;

/// How long what was fetched is taken for the present, in seconds.
const YOUNG: i64 = 15 * 60;
/// How long it serves when it cannot be fetched anew, in seconds.
const STALE: i64 = 6 * 60 * 60;
/// The time between two attempts to fetch, whatever for and however they end, in seconds.
pub(crate) const PAUSE: i64 = 30;

/// One thing that is fetched.
pub(crate) struct Remembered<T> {
    known: Mutex<Known<T>>,
    fetching: tokio::sync::Mutex<()>,
}

struct Known<T> {
    value: Option<(Timestamp, Arc<T>)>,
    tried_at: Option<Timestamp>,
}

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self {
            known: Mutex::new(Known { value: None, tried_at: None }),
            fetching: tokio::sync::Mutex::default(),
        }
    }
}

impl<T> Remembered<T> {
    /// What is known and suffices, or what `fetch` gives; what it gives may still not suffice. `None` where there is
    /// nothing, and it is too soon to try again.
    pub(crate) async fn get(
        &self,
        now: Timestamp,
        suffices: impl Fn(&T) -> bool,
        fetch: impl Future<Output = Result<T>>,
    ) -> Result<Option<Arc<T>>> {
        if let Some(young) = self.known(now, YOUNG).filter(|value| suffices(value)) {
            return Ok(Some(young));
        }
        let _turn = match self.fetching.try_lock() {
            Ok(turn) => turn,
            // Somebody is fetching it: what is there serves meanwhile, however slow the other side is.
            Err(_) => match self.known(now, STALE).filter(|value| suffices(value)) {
                Some(stale) => return Ok(Some(stale)),
                None => self.fetching.lock().await,
            },
        };
        // Somebody else may have fetched it meanwhile, or tried to.
        if let Some(young) = self.known(now, YOUNG).filter(|value| suffices(value)) {
            return Ok(Some(young));
        }
        if !self.try_now(now) {
            return Ok(self.known(now, STALE));
        }
        match fetch.await {
            Ok(value) => {
                let value = Arc::new(value);
                self.lock().value = Some((now, Arc::clone(&value)));
                Ok(Some(value))
            }
            Err(error) => match self.known(now, STALE) {
                Some(stale) => Ok(Some(stale)),
                None => Err(error),
            },
        }
    }

    fn known(&self, now: Timestamp, seconds: i64) -> Option<Arc<T>> {
        let known = self.lock();
        let (read_at, value) = known.value.as_ref()?;
        (now < read_at.plus_seconds(seconds)).then(|| Arc::clone(value))
    }

    /// Whether it is time for another attempt, which then counts as made.
    fn try_now(&self, now: Timestamp) -> bool {
        let mut known = self.lock();
        let is_time = known.tried_at.is_none_or(|at| at.plus_seconds(PAUSE) <= now);
        if is_time {
            known.tried_at = Some(now);
        }
        is_time
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known<T>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tenantry_core::Error;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::default().plus_seconds(seconds)
    }

    #[tokio::test]
    async fn attempts_are_counted_and_the_stale_serves_for_a_while() {
        let (remembered, asked) = (Remembered::<u32>::default(), AtomicU32::new(0));
        let good = || async { Ok(asked.fetch_add(1, Ordering::Relaxed)) };
        let bad = || async {
            asked.fetch_add(1, Ordering::Relaxed);
            Err(Error::bad_credential())
        };
        let get = async |now, outcome: Result<Option<Arc<u32>>>| {
            let _ = now;
            outcome.map(|value| value.map(|value| *value))
        };
        assert!(remembered.get(at(0), |_| true, bad()).await.is_err());
        assert_eq!(remembered.get(at(29), |_| true, good()).await.unwrap(), None);
        assert_eq!(get(30, remembered.get(at(30), |_| true, good()).await).await.unwrap(), Some(1));
        // What does not suffice is fetched anew, half a minute later at the earliest.
        for second in 31..59 {
            assert_eq!(*remembered.get(at(second), |_| false, good()).await.unwrap().unwrap(), 1);
        }
        assert_eq!(*remembered.get(at(60), |_| false, good()).await.unwrap().unwrap(), 2);
        assert_eq!(*remembered.get(at(60 + YOUNG - 1), |_| true, bad()).await.unwrap().unwrap(), 2);
        assert_eq!(asked.load(Ordering::Relaxed), 3);
        assert_eq!(*remembered.get(at(60 + YOUNG), |_| true, bad()).await.unwrap().unwrap(), 2);
        assert_eq!(asked.load(Ordering::Relaxed), 4);
        assert!(remembered.get(at(60 + STALE), |_| true, bad()).await.is_err());
    }

    #[tokio::test]
    async fn the_slow_keep_nobody_waiting_who_has_what_serves() {
        let remembered = Remembered::<u32>::default();
        assert_eq!(remembered.get(at(0), |_| true, async { Ok(1) }).await.unwrap().as_deref(), Some(&1));
        let (answer, waiting) = tokio::sync::oneshot::channel();
        let slow = remembered.get(at(YOUNG), |_| true, async { Ok(waiting.await.unwrap()) });
        let never = || async { Err(Error::bad_credential()) };
        let others = async {
            for _ in 0..3 {
                let served = remembered.get(at(YOUNG), |_| true, never()).await.unwrap();
                assert_eq!(served.as_deref(), Some(&1));
            }
            // An unknown key is worth waiting for.
            let unknown = remembered.get(at(YOUNG), |known| *known == 2, never());
            let answered = async {
                tokio::task::yield_now().await;
                answer.send(2).unwrap();
            };
            tokio::join!(unknown, answered).0.unwrap()
        };
        let (slow, unknown) = tokio::join!(slow, others);
        assert_eq!((slow.unwrap().as_deref(), unknown.as_deref()), (Some(&2), Some(&2)));
    }

    #[tokio::test]
    async fn one_fetches_while_others_wait() {
        let (remembered, asked) = (Arc::new(Remembered::<u32>::default()), Arc::new(AtomicU32::new(0)));
        let waiting: Vec<_> = (0..20)
            .map(|_| {
                let (remembered, asked) = (Arc::clone(&remembered), Arc::clone(&asked));
                tokio::spawn(async move {
                    let fetch = async {
                        tokio::task::yield_now().await;
                        Ok(asked.fetch_add(1, Ordering::Relaxed))
                    };
                    remembered.get(at(0), |_| true, fetch).await.unwrap()
                })
            })
            .collect();
        for one in waiting {
            assert_eq!(one.await.unwrap().as_deref(), Some(&0));
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }
}
