//! What happens while something else takes its time.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use tenantry_core::store::BoxFuture;

/// What is to happen in the middle of the next work of some kind, once.
#[derive(Default)]
pub struct Meanwhile(Mutex<Option<BoxFuture<'static, ()>>>);

impl Meanwhile {
    /// Sets what is to happen.
    pub fn set(&self, happens: impl Future<Output = ()> + Send + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::pin(happens));
    }

    /// Lets it happen, if something is to.
    pub(crate) async fn happen(&self) {
        let happens = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(happens) = happens {
            happens.await;
        }
    }
}

impl fmt::Debug for Meanwhile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Meanwhile").finish_non_exhaustive()
    }
}
