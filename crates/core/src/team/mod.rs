//! Teams: groups of principals of an organization. Who is in a team holds whatever roles the team holds.
//!
//! A pending invitation can be in a team as well: whoever accepts it is in the team from then on. Whoever puts somebody in a
//! team hands out all that the team holds, and whoever takes somebody out takes it away, so both take holding it.

mod service;
mod store;

use crate::clock::Timestamp;
use crate::ids::{InvitationId, OrganizationId, PrincipalId, TeamId};
use crate::invitation::Invitation;
use crate::page::{Cursor, KeyValue, Order};
use crate::principal::Principal;

pub use service::{NewTeam, TeamChange};
pub(crate) use service::{find, sees_invitations};
pub use store::{TeamField, TeamMemberField, TeamStore};

/// Longest name of a team, in characters.
pub const TEAM_NAME_MAX: usize = 60;
/// How many teams an organization may have.
pub const TEAMS_MAX: u64 = 1_000;
/// How many members a team may have, pending invitations among them.
pub const TEAM_MEMBERS_MAX: u64 = 1_000;

/// A group of principals of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// The organization that has it.
    pub organization: OrganizationId,
    /// What it is called: unique in the organization, ignoring case.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// How many principals are in it. Invitations are not counted.
    pub member_count: u64,
    /// Raised by every change of its name or description.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its name or description was last changed.
    pub updated_at: Timestamp,
}

impl Team {
    /// The team's place in an order.
    pub fn cursor(&self, order: &[Order<TeamField>]) -> Cursor {
        let keys = order.iter().map(|by| match by.field {
            TeamField::Name => KeyValue::Text(self.name.clone()),
            TeamField::CreatedAt => KeyValue::Int(self.created_at.as_micros()),
            TeamField::UpdatedAt => KeyValue::Int(self.updated_at.as_micros()),
        });
        Cursor { keys: keys.collect(), id: *self.id.as_uuid() }
    }
}

/// Who is in a team, or will be, by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TeamMemberId {
    /// A user or a service account.
    Principal(PrincipalId),
    /// Whoever accepts the invitation.
    Invitation(InvitationId),
}

impl TeamMemberId {
    /// What has this id, if anything does.
    pub const fn of_either_kind(id: uuid::Uuid) -> [Self; 2] {
        [Self::Principal(PrincipalId::from_uuid(id)), Self::Invitation(InvitationId::from_uuid(id))]
    }

    /// The kind of target it is in the audit trail.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Principal(_) => "principal",
            Self::Invitation(_) => "invitation",
        }
    }

    /// The id, whatever its kind.
    pub const fn uuid(&self) -> &uuid::Uuid {
        match self {
            Self::Principal(id) => id.as_uuid(),
            Self::Invitation(id) => id.as_uuid(),
        }
    }
}

/// Who is in a team, or will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TeamMember {
    /// A user or a service account.
    Principal(Principal),
    /// Whoever accepts the invitation.
    Invitation(Invitation),
}

impl TeamMember {
    /// By id.
    pub const fn id(&self) -> TeamMemberId {
        match self {
            Self::Principal(principal) => TeamMemberId::Principal(principal.id),
            Self::Invitation(invitation) => TeamMemberId::Invitation(invitation.id),
        }
    }
}
