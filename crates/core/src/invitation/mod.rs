//! Invitations: an offer of roles to an e-mail address that may not have an account yet.
//!
//! An invitation ends once: accepted, declined, expired or revoked. Its secret is shown once and stored hashed. The
//! roles that it offers are grants whose subject is the invitation.

mod service;
mod store;

use crate::audit::{Act, Target};
use crate::authz::{OrganizationScope, Writable};
use crate::clock::Timestamp;
use crate::credential::Secret;
use crate::error::{Error, Kind, Result};
use crate::grant::{self, Scope, Subject};
use crate::ids::{InvitationId, PrincipalId, WorkspaceId};
use crate::page::{Cursor, KeyValue};
use crate::role::Role;
use crate::settings::Settings;
use crate::store::Session;
use crate::text;

pub use store::{InvitationField, InvitationStore};

/// An offer of roles to an e-mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// To whom.
    pub email: String,
    /// The workspace it is for; none for one to the organization.
    pub workspace: Option<WorkspaceId>,
    /// By whom.
    pub invited_by: PrincipalId,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it cannot be accepted.
    pub expires_at: Timestamp,
}

impl Invitation {
    /// The invitation's place in the order of making, which is the only one.
    pub fn cursor(&self) -> Cursor {
        Cursor { keys: vec![KeyValue::Int(self.created_at.as_micros())], id: *self.id.as_uuid() }
    }
}

/// What is offered to whom.
pub(crate) struct Offer<'a> {
    /// To whom.
    pub email: String,
    /// Which roles.
    pub roles: Vec<Role>,
    /// Where.
    pub at: Scope,
    /// The secret that accepts it.
    pub secret: &'a Secret,
}

/// Writes an invitation and the grants that wait for whoever accepts it.
pub(crate) async fn make(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<OrganizationScope>,
    offer: &Offer<'_>,
    settings: &Settings,
) -> Result<Invitation> {
    let workspace = match offer.at {
        Scope::Workspace(id) => Some(id),
        _ => None,
    };
    let invitation = Invitation {
        id: InvitationId::generate(&*act.ids),
        email: text::email("email", &offer.email)?,
        workspace,
        invited_by: act.caller.principal,
        created_at: act.now,
        expires_at: act.now.plus_seconds(settings.invitation_seconds),
    };
    if session.has_pending_invitation(scope, workspace, &text::fold(&invitation.email), act.now).await? {
        return Err(Error::new(
            Kind::AlreadyExists,
            "invitation.pending",
            "the address has a pending invitation here",
        ));
    }
    session.insert_invitation(scope, &invitation, &offer.secret.hash()).await?;
    for role in &offer.roles {
        let subject = Subject::Invitation(invitation.id);
        grant::give(session, act, scope, subject, role, offer.at).await?;
    }
    let targets = vec![Target::new("invitation", invitation.id.as_uuid())];
    act.record(session, scope.organization(), "invitation.create", targets).await?;
    Ok(invitation)
}
