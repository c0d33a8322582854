//! The doctor: whether what the database derives still follows from what it is derived from, and whether what must hold
//! does. A healthy database gives no finding; each one that there is is a fault of ours or of the disk.

use async_trait::async_trait;

use crate::Core;
use crate::error::Result;

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was checked, such as `reach`.
    pub check: &'static str,
    /// What is wrong, for an operator; it names ids and no names.
    pub detail: String,
}

/// What the doctor needs of the store.
#[async_trait]
pub trait DoctorStore {
    /// Looks through everything.
    async fn examine(&self) -> Result<Vec<Finding>>;
}

impl Core {
    /// Looks through the whole database. It is for who runs the server and asks no permission: no dialect leads here.
    pub async fn examine(&self) -> Result<Vec<Finding>> {
        self.store().scan((), |session, ()| Box::pin(session.examine())).await
    }
}
