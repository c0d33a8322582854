//! Reads that many requests make with nothing but a key, made together: what is asked for while one is under way is
//! answered by the next. A busy server then asks the database a fraction as often, and an idle one waits for nobody.
//!
//! A read begins after everything that it answers was asked for, so it is as fresh as one of one's own.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use tenantry_core::error::{Error, Result};
use tenantry_core::store::BoxFuture;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::PATIENCE;

/// How many keys one read takes at most.
const LARGEST: usize = 256;

/// Answers the keys, one for one, in their order.
type Read<K, V> = dyn Fn(Vec<K>) -> BoxFuture<'static, Result<Vec<V>>> + Send + Sync;

/// Who waits for an answer.
type Asker<V> = oneshot::Sender<Result<V>>;

/// Gathers the reads of one kind. Clones share it.
pub(super) struct Gather<K, V>(Arc<Shared<K, V>>);

struct Shared<K, V> {
    read: Box<Read<K, V>>,
    waiting: Mutex<Waiting<K, V>>,
}

struct Waiting<K, V> {
    asked: Vec<(K, Asker<V>)>,
    /// Whether somebody is at work who will look here again.
    is_served: bool,
}

impl<K, V> Clone for Gather<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Send + 'static, V: Send + 'static> Gather<K, V> {
    pub(super) fn new(
        read: impl Fn(Vec<K>) -> BoxFuture<'static, Result<Vec<V>>> + Send + Sync + 'static,
    ) -> Self {
        let waiting = Mutex::new(Waiting { asked: Vec::new(), is_served: false });
        Self(Arc::new(Shared { read: Box::new(read), waiting }))
    }

    /// The answer to one key.
    pub(super) async fn ask(&self, key: K) -> Result<V> {
        let (answer, answered) = oneshot::channel();
        let is_served = {
            let mut waiting = self.waiting();
            waiting.asked.push((key, answer));
            std::mem::replace(&mut waiting.is_served, true)
        };
        if !is_served {
            // On its own, so that whoever asked first may go away.
            tokio::spawn(Serving(Some(self.clone())).serve());
        }
        // Behind a read that hangs nobody waits longer than for one of their own.
        let answered = timeout(PATIENCE, answered).await.map_err(Error::unavailable)?;
        answered.map_err(|_| Error::unavailable("a gathered read was given up"))?
    }

    /// What is asked for now by those who still wait; without any, the service ends.
    fn next(&self) -> Option<(Vec<K>, Vec<Asker<V>>)> {
        let mut waiting = self.waiting();
        waiting.asked.retain(|(_, asker)| !asker.is_closed());
        waiting.is_served = !waiting.asked.is_empty();
        let first = waiting.asked.len().min(LARGEST);
        waiting.is_served.then(|| waiting.asked.drain(..first).unzip())
    }

    /// Whatever happens to the read, those who come later are served.
    async fn read(&self, keys: Vec<K>) -> Result<Vec<V>> {
        let read = AssertUnwindSafe(async { (self.0.read)(keys).await }).catch_unwind().await;
        read.unwrap_or_else(|_| Err(Error::internal("a gathered read panicked")))
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<K, V>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody at work. Dropped half-way, as when the runtime ends, it lets those who wait go, and the next one be served.
struct Serving<K: Send + 'static, V: Send + 'static>(Option<Gather<K, V>>);

impl<K: Send + 'static, V: Send + 'static> Serving<K, V> {
    /// Serves whoever waits, until nobody does.
    async fn serve(mut self) {
        let Some(gather) = self.0.clone() else { return };
        while let Some((keys, askers)) = gather.next() {
            match gather.read(keys).await {
                Ok(answers) if answers.len() == askers.len() => {
                    for (asker, answer) in askers.into_iter().zip(answers) {
                        let _ = asker.send(Ok(answer));
                    }
                }
                failed => {
                    let error =
                        failed.err().unwrap_or_else(|| Error::internal("a key was left without an answer"));
                    for asker in askers {
                        let _ = asker.send(Err(error.clone()));
                    }
                }
            }
        }
        // From here on somebody else may be at work.
        self.0 = None;
    }
}

impl<K: Send + 'static, V: Send + 'static> Drop for Serving<K, V> {
    fn drop(&mut self) {
        if let Some(gather) = self.0.take() {
            let mut waiting = gather.waiting();
            waiting.is_served = false;
            waiting.asked.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt;
    use futures_util::future::join_all;
    use tenantry_core::error::{Error, Kind};
    use tokio::sync::Semaphore;

    use super::Gather;

    /// Doubles numbers, one read for each permit, and counts its reads.
    fn doubling(permits: &Arc<Semaphore>, reads: &Arc<AtomicUsize>) -> Gather<u32, u32> {
        let (permits, reads) = (Arc::clone(permits), Arc::clone(reads));
        Gather::new(move |keys: Vec<u32>| {
            let (permits, reads) = (Arc::clone(&permits), Arc::clone(&reads));
            Box::pin(async move {
                permits.acquire().await.map_err(Error::internal)?.forget();
                reads.fetch_add(1, Ordering::SeqCst);
                assert!(!keys.contains(&13), "an unlucky number");
                if keys.contains(&7) {
                    return Err(Error::unavailable("the seventh"));
                }
                Ok(keys.into_iter().map(|key| key * 2).collect())
            })
        })
    }

    #[tokio::test]
    async fn what_comes_meanwhile_is_read_at_once_and_each_gets_its_own() {
        let (permits, reads) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let gather = doubling(&permits, &reads);
        let asked = join_all((100..400).map(|key| gather.ask(key)));
        let (answers, ()) = tokio::join!(asked, async { permits.add_permits(1000) });
        let answers: Vec<u32> = answers.into_iter().map(|answer| answer.unwrap()).collect();
        assert_eq!(answers, (100..400).map(|key| key * 2).collect::<Vec<_>>());
        // No more than the largest read takes, twice.
        assert_eq!(reads.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn who_goes_away_disturbs_nobody() {
        let (permits, reads) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let gather = doubling(&permits, &reads);
        assert!(gather.ask(1).now_or_never().is_none());
        permits.add_permits(2);
        assert_eq!(gather.ask(2).await.unwrap(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn behind_a_read_that_hangs_nobody_waits_for_ever() {
        let (permits, reads) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let gather = doubling(&permits, &reads);
        let asked = [gather.ask(1), gather.ask(2)];
        let kinds = join_all(asked).await.into_iter().map(|answer| answer.unwrap_err().kind);
        assert_eq!(kinds.collect::<Vec<_>>(), [Kind::Unavailable; 2]);
    }

    #[test]
    fn a_runtime_that_ends_in_the_middle_leaves_no_trace() {
        let (permits, reads) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let gather = doubling(&permits, &reads);
        let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime().block_on(async {
            assert!(gather.ask(1).now_or_never().is_none());
            tokio::task::yield_now().await;
        });
        permits.add_permits(1);
        assert_eq!(runtime().block_on(gather.ask(2)).unwrap(), 4);
    }

    #[tokio::test]
    async fn a_failure_reaches_those_who_asked_and_no_later_one() {
        let (permits, reads) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let gather = doubling(&permits, &reads);
        for unlucky in [7, 13] {
            let asked = join_all([1, unlucky, 2].map(|key| gather.ask(key)));
            let (answers, ()) = tokio::join!(asked, async { permits.add_permits(10) });
            let kinds: Vec<Kind> = answers.into_iter().map(|answer| answer.unwrap_err().kind).collect();
            let kind = if unlucky == 7 { Kind::Unavailable } else { Kind::Internal };
            assert_eq!(kinds, [kind; 3]);
            assert_eq!(gather.ask(5).await.unwrap(), 10);
        }
    }
}
