//! Mail: what is to be mailed is written to the outbox in the transaction that causes it, sealed, since letters hold
//! links; the server sends it afterwards, and tries again until it is taken or too old.
//!
//! A mail is claimed for a while before it is sent, so that of several replicas one sends it. Where a replica dies between
//! sending it and noting that, it is sent once more.

mod service;
mod store;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::audit::Act;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{IdSource, MailId};
use crate::seal::Seal;
use crate::store::Session;

pub use service::MAIL_ATTEMPTS_MAX;
pub use store::{ClaimedMail, MailStore, Purpose};

/// What is told to whom. The words and the addresses of pages are put around it when it is sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Letter {
    /// An offer of roles.
    Invitation {
        /// The address.
        to: String,
        /// What the organization is called.
        organization_name: String,
        /// What the workspace is called, if it is for one.
        workspace_name: Option<String>,
        /// Who invites; none for who is not of the organization.
        inviter: Option<String>,
        /// The id of the organization.
        organization: String,
        /// The id of the invitation.
        invitation: String,
        /// Its secret.
        secret: String,
    },
    /// A link of a person's account.
    Link {
        /// The word of its kind.
        kind: String,
        /// The address.
        to: String,
        /// What the person is called.
        name: String,
        /// Its secret.
        secret: String,
    },
    /// To an address that an account does not have any more.
    Moved {
        /// The address.
        to: String,
        /// What the person is called.
        name: String,
    },
}

impl Letter {
    /// The address.
    pub fn to(&self) -> &str {
        match self {
            Self::Invitation { to, .. } | Self::Link { to, .. } | Self::Moved { to, .. } => to,
        }
    }
}

/// The way into the outbox. Without a mail server nothing goes into it.
#[derive(Clone)]
pub(crate) struct Post {
    seal: Arc<dyn Seal>,
    is_delivered: bool,
}

impl Post {
    pub(crate) fn new(seal: Arc<dyn Seal>, is_delivered: bool) -> Self {
        Self { seal, is_delivered }
    }

    /// Whether there is a mail server.
    pub(crate) const fn is_delivered(&self) -> bool {
        self.is_delivered
    }

    /// Puts a letter into the outbox, in the transaction that causes it.
    pub(crate) async fn put(&self, session: &dyn Session, act: &Act, letter: &Letter) -> Result<()> {
        let id = MailId::generate(&*act.ids);
        let sealed = self.seal.seal(&context(id), &written(letter)?)?;
        session.insert_mail(id, Purpose::Letter, &sealed, act.now).await
    }

    /// Notes that somebody asked for a link to set another password. Who that is, is looked up when it is written.
    pub(crate) async fn ask_for_reset(
        &self,
        session: &dyn Session,
        (now, ids): (Timestamp, &dyn IdSource),
        login: &str,
    ) -> Result<()> {
        if !self.is_delivered {
            return Ok(());
        }
        let id = MailId::generate(ids);
        let sealed = self.seal.seal(&context(id), login.as_bytes())?;
        session.insert_mail(id, Purpose::Reset, &sealed, now).await
    }

    /// Writes the letter that became of a request.
    pub(crate) async fn replace(&self, session: &dyn Session, id: MailId, letter: &Letter) -> Result<()> {
        let sealed = self.seal.seal(&context(id), &written(letter)?)?;
        session.replace_mail(id, &sealed).await
    }

    /// What a claimed mail has in it.
    fn open(&self, mail: &ClaimedMail) -> Result<Zeroizing<Vec<u8>>> {
        self.seal.open(&context(mail.id), &mail.sealed)
    }
}

fn context(id: MailId) -> String {
    format!("outbox:{id}")
}

fn written(letter: &Letter) -> Result<Zeroizing<Vec<u8>>> {
    serde_json::to_vec(letter).map(Zeroizing::new).map_err(Error::internal)
}
