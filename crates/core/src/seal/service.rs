//! Whether a server has the key with which its database was written.

use crate::Core;
use crate::error::{Error, Kind, Result};

const CONTEXT: &str = "the first start";
const CONSTANT: &[u8] = b"sealed";

impl Core {
    /// Holds the key to what the first start with this database has sealed: half of what is served under another one
    /// would fail later.
    ///
    /// # Errors
    /// `Kind::Precondition` for another key.
    pub async fn require_own_seal(&self) -> Result<()> {
        let mine = self.seal.seal(CONTEXT, CONSTANT)?;
        let kept =
            self.store().write(mine, |session, mine| Box::pin(session.keep_first_sealed(mine))).await?;
        if self.seal.open(CONTEXT, &kept).is_ok_and(|opened| *opened == CONSTANT) {
            return Ok(());
        }
        let message = "the database was written with another master key, without which its secrets cannot be opened; give \
            that one";
        Err(Error::new(Kind::Precondition, "seal.other", message))
    }
}
