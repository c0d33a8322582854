//! Links: secrets that are mailed to a person, or shown once to who asked for them, and that let whoever has one set a
//! password or prove an address. Each is good for one use, for a time, and for one account; a newer one of its kind, and
//! any change of password or address, ends it. Looking at one spends nothing.

mod service;
mod store;

use crate::audit::Act;
use crate::clock::Timestamp;
use crate::credential::{Secret, TokenKind};
use crate::error::Result;
use crate::ids::PrincipalId;
use crate::store::Session;

pub use service::LinkView;
pub use store::LinkStore;

/// How long a link to set another password counts: an hour.
pub const RESET_SECONDS: i64 = 60 * 60;
/// How long a link that proves an address counts: a day.
pub const VERIFICATION_SECONDS: i64 = 24 * 60 * 60;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkKind {
    /// To set the first password.
    Activation,
    /// To prove an address.
    EmailVerification,
    /// To set another password.
    PasswordReset,
}

impl LinkKind {
    const ALL: [Self; 3] = [Self::Activation, Self::EmailVerification, Self::PasswordReset];

    /// The word in the database.
    pub const fn word(self) -> &'static str {
        self.token().word()
    }

    /// The kind of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The kind of its secret.
    pub const fn token(self) -> TokenKind {
        match self {
            Self::Activation => TokenKind::Activation,
            Self::EmailVerification => TokenKind::EmailVerification,
            Self::PasswordReset => TokenKind::PasswordReset,
        }
    }

    fn of(token: TokenKind) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.token() == token)
    }
}

/// A link as it is kept: everything but the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it is for.
    pub kind: LinkKind,
    /// Whose account it is about.
    pub principal: PrincipalId,
    /// The address that its use proves; none where it was shown to somebody else instead of being mailed.
    pub email: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it does not count.
    pub expires_at: Timestamp,
}

/// Writes a link in the place of every earlier one of its kind.
async fn make(
    session: &dyn Session,
    act: &Act,
    (kind, principal, email): (LinkKind, PrincipalId, Option<String>),
    secret: &Secret,
    seconds: i64,
) -> Result<()> {
    let link =
        Link { kind, principal, email, created_at: act.now, expires_at: act.now.plus_seconds(seconds) };
    session.end_links(principal, Some(kind)).await?;
    session.insert_link(&link, &secret.hash()).await
}
