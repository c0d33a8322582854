//! Use cases of signing keys. They are the server's own: nobody asks for them, so no permission is asked for.

use super::{SigningKey, SigningKeys};
use crate::Core;
use crate::error::Result;
use crate::ids::SigningKeyId;

impl Core {
    /// The id of a key that is about to be made.
    pub fn next_signing_key(&self) -> SigningKeyId {
        SigningKeyId::generate(&*self.ids)
    }

    /// The keys of the server.
    pub async fn signing_keys(&self) -> Result<SigningKeys> {
        self.store().scan((), |session, ()| Box::pin(session.signing_keys())).await
    }

    /// Keeps a new key if one is due, and removes those that are over. Of several servers over one database, one key is
    /// kept. Answers the keys as they are then.
    pub async fn rotate_signing_keys(&self, new: SigningKey) -> Result<SigningKeys> {
        let (now, seconds) = (self.clock().now(), self.settings().signing_key_seconds);
        self.store()
            .write((new, now, seconds), |session, (new, now, seconds)| {
                Box::pin(async move {
                    session.lock_signing_keys().await?;
                    let keys = session.signing_keys().await?;
                    if keys.want_another(*seconds, *now) {
                        session.insert_signing_key(new).await?;
                    }
                    for over in keys.over(*now) {
                        session.delete_signing_key(over).await?;
                    }
                    session.signing_keys().await
                })
            })
            .await
    }
}
