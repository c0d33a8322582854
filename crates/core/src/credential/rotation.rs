//! Rotation: a key gets another secret and stays what it is. The one before may count for a while longer, so that whoever
//! uses it can change over.

use super::{ApiKey, Credential, Secret, TokenKind};
use crate::audit::Act;
use crate::error::{Error, Result};
use crate::ids::CredentialId;
use crate::store::Session;
use crate::version::{self, Seen, Versions};

/// How long the secret before may count on, in seconds.
pub const OVERLAP_SECONDS_MAX: i64 = 7 * 24 * 60 * 60;

/// How a key gets another secret.
#[derive(Clone, Debug, Default)]
pub struct Rotation {
    /// For how many seconds the one before counts on: none, unless said, and then whatever it was exchanged for ends too.
    pub overlap_seconds: i64,
    /// The version that the client saw last; another one is a conflict.
    pub expected_version: Option<Versions>,
}

/// Gives the key the secret, in a transaction that nobody else rotates it in.
pub(crate) async fn rotate(
    session: &dyn Session,
    act: &Act,
    mut key: ApiKey,
    (rotation, secret): (&Rotation, &Secret),
) -> Result<ApiKey> {
    version::require(Seen::ApiKey, key.credential.version, rotation.expected_version.as_ref())?;
    if !(0..=OVERLAP_SECONDS_MAX).contains(&rotation.overlap_seconds) {
        return Err(Error::invalid("overlap_seconds", "range", "expected 0 seconds to 7 days"));
    }
    let before = Credential {
        id: CredentialId::generate(&*act.ids),
        parent: Some(key.credential.id),
        expires_at: {
            let until = act.now.plus_seconds(rotation.overlap_seconds);
            Some(key.credential.expires_at.map_or(until, |at| at.min(until)))
        },
        version: 1,
        ..key.credential.clone()
    };
    // What sleeps leaves nothing behind that is awake.
    let overlaps = rotation.overlap_seconds > 0 && key.disabled_at.is_none();
    let before = overlaps.then_some(before);
    key.rotated_at = Some(act.now);
    key.credential.version += 1;
    secret.first_characters().clone_into(&mut key.credential.first_characters);
    session.replace_secret(&key.credential, &secret.hash(), before.as_ref(), act.now).await?;
    Ok(key)
}

/// What ends when the credential is ended by who shows it, and what is given for it hangs on: the key of which it is a
/// secret, or what an access token was given for.
pub(super) async fn root_of(session: &dyn Session, shown: &Credential) -> Result<CredentialId> {
    let Some(parent) = shown.parent else { return Ok(shown.id) };
    if shown.kind == TokenKind::Access {
        return Ok(parent);
    }
    let key = session.find_key(shown.principal, shown.kind, shown.id).await?;
    Ok(key.map_or(parent, |key| key.credential.id))
}
