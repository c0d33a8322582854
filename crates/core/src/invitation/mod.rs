//! Invitations: an offer of roles to an e-mail address that may not have an account yet.
//!
//! An invitation ends once: accepted, declined, expired or revoked. Its secret is shown once and stored hashed. The
//! roles that it offers are grants whose subject is the invitation. Only who is signed in with the address can answer it,
//! or who gets what is mailed to it and has no account yet; and what its maker may not offer any more by then is not given.

mod answer;
mod join;
mod seen;
mod service;
mod store;

use crate::audit::{Act, Target};
use crate::authz::{Needed, OrganizationScope, PlaceScope, Writable};
use crate::clock::Timestamp;
use crate::credential::Secret;
use crate::error::{Error, Kind, Result};
use crate::grant::{self, Subject};
use crate::ids::{InvitationId, OrganizationId, PrincipalId, WorkspaceId};
use crate::mail::{Letter, Post};
use crate::page::{Cursor, KeyValue, Order};
use crate::permission::{Level, Permission};
use crate::role::Role;
use crate::settings::Settings;
use crate::store::Session;
use crate::text;

pub use join::Newcomer;
pub use seen::{InvitationRecord, OwnInvitation};
pub use store::{InvitationField, InvitationStore};

/// An offer of roles to an e-mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// The organization it is to, or in which its workspace is.
    pub organization: OrganizationId,
    /// To whom.
    pub email: String,
    /// The workspace it is for; none for one to the organization.
    pub workspace: Option<WorkspaceId>,
    /// What became of it.
    pub status: InvitationStatus,
    /// By whom.
    pub invited_by: PrincipalId,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it cannot be accepted.
    pub expires_at: Timestamp,
}

/// What became of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InvitationStatus {
    /// It waits for an answer, until it expires.
    Pending,
    /// The roles were given.
    Accepted,
    /// The invitee said no.
    Declined,
    /// It was withdrawn.
    Revoked,
    /// Nobody answered in time.
    Expired,
}

impl InvitationStatus {
    const ALL: [Self; 5] = [Self::Pending, Self::Accepted, Self::Declined, Self::Revoked, Self::Expired];

    /// The word in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }

    /// The status of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

impl Invitation {
    /// Whether it can be answered.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.status == InvitationStatus::Pending && self.expires_at > now
    }

    /// The invitation's place in an order.
    pub fn cursor(&self, order: &[Order<InvitationField>]) -> Cursor {
        let keys = order.iter().map(|by| match by.field {
            InvitationField::Email => KeyValue::Text(self.email.clone()),
            InvitationField::CreatedAt => KeyValue::Int(self.created_at.as_micros()),
            InvitationField::ExpiresAt => KeyValue::Int(self.expires_at.as_micros()),
        });
        Cursor { keys: keys.collect(), id: *self.id.as_uuid() }
    }
}

/// An invitation with what its reader needs to understand it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationDetail {
    /// The invitation.
    pub invitation: Invitation,
    /// What the organization is called.
    pub organization_name: String,
    /// What the workspace is called, if it is for one.
    pub workspace_name: Option<String>,
    /// The roles that it offers; none when it is answered.
    pub roles: Vec<Role>,
}

/// What is offered to whom.
pub(crate) struct Offer<'a> {
    /// To whom.
    pub email: String,
    /// Which roles.
    pub roles: Vec<Role>,
    /// The secret that accepts it.
    pub secret: &'a Secret,
}

/// Writes an invitation to a place, and the grants that wait for whoever accepts it. It is mailed; without a mail server its
/// secret is given back.
pub(crate) async fn make(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<PlaceScope>,
    offer: &Offer<'_>,
    (settings, post): (&Settings, &Post),
) -> Result<(Invitation, Option<Secret>)> {
    let invitation = Invitation {
        id: InvitationId::generate(&*act.ids),
        organization: scope.organization(),
        email: text::email("email", &offer.email)?,
        workspace: scope.workspace(),
        status: InvitationStatus::Pending,
        invited_by: act.caller.principal,
        created_at: act.now,
        expires_at: expiry(session, act, scope, settings.invitation_seconds).await?,
    };
    let folded = text::fold(&invitation.email);
    let pending = session.pending_invitations(scope, &folded, act.now).await?;
    if pending.iter().any(|(_, workspace)| *workspace == scope.workspace()) {
        return Err(Error::new(
            Kind::AlreadyExists,
            "invitation.pending",
            "the address has a pending invitation here",
        )
        .about("invitation", invitation.email));
    }
    refuse_member(session, act, scope, &invitation.email).await?;
    let organization = scope.organization_scope();
    session.insert_invitation(&organization, &invitation, &offer.secret.hash()).await?;
    for role in &offer.roles {
        let subject = Subject::Invitation(invitation.id);
        grant::give(session, act, &organization, subject, role, scope.at()).await?;
    }
    let targets = vec![Target::new("invitation", invitation.id.as_uuid())];
    act.record(session, scope.organization(), "invitation.create", targets).await?;
    let shown = send(session, act, scope, (post, &invitation), offer.secret).await?;
    Ok((invitation, shown))
}

/// When an invitation ends that is made or sent again now: the organization's setting says, within the server's.
async fn expiry(session: &dyn Session, act: &Act, scope: &OrganizationScope, most: i64) -> Result<Timestamp> {
    let found = session.find_organization(scope).await?;
    let seconds = found.map_or(most, |found| found.preferences.invitation_seconds(most));
    Ok(act.now.plus_seconds(seconds))
}

/// Has the invitation mailed; gives the secret back where nothing is.
async fn send(
    session: &dyn Session,
    act: &Act,
    scope: &PlaceScope,
    (post, invitation): (&Post, &Invitation),
    secret: &Secret,
) -> Result<Option<Secret>> {
    if !post.is_delivered() {
        return Ok(Some(secret.clone()));
    }
    let organization = session.find_organization(scope).await?;
    let inviter = session.people(scope, &[act.caller.principal]).await?.remove(&act.caller.principal);
    let letter = Letter::Invitation {
        to: invitation.email.clone(),
        organization_name: organization.map(|organization| organization.name.clone()).unwrap_or_default(),
        workspace_name: session.invited_workspace_name(scope, invitation.id).await?,
        inviter: inviter.map(|inviter| inviter.shown_name().to_owned()),
        organization: invitation.organization.to_string(),
        invitation: invitation.id.to_string(),
        secret: secret.expose().to_owned(),
    };
    post.put(session, act, &letter).await?;
    Ok(None)
}

/// Refuses the address of who has a role here already; to who may not see who has, nothing is said.
async fn refuse_member(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<PlaceScope>,
    email: &str,
) -> Result<()> {
    if !scope.permissions().contains(needed_at(scope, Needed::READ_USERS)) {
        return Ok(());
    }
    let server = crate::authz::server(session, &act.caller).await?;
    let Some(user) = session.user_called(&server, &text::fold(email)).await? else { return Ok(()) };
    if session.grants_of(scope, &Subject::Principal(user.id), &scope.at()).await?.is_empty() {
        return Ok(());
    }
    Err(Error::member_exists(email))
}

fn needed_at(scope: &PlaceScope, needed: Needed) -> Permission {
    if scope.level() == Level::Workspace { needed.workspace } else { needed.organization }
}
