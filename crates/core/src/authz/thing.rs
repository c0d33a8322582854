//! What a request names by its id alone, without the organization that it is in.

use super::{OrganizationRef, View, enter, invited};
use crate::Core;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::ids::{InvitationId, RoleId, TeamId, WorkspaceId};

/// Something of an organization, by its id alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A workspace, deleted or not, until it is purged.
    Workspace(WorkspaceId),
    /// A role.
    Role(RoleId),
    /// A team.
    Team(TeamId),
    /// An invitation, answered or not.
    Invitation(InvitationId),
}

impl Thing {
    /// What it is called, in the locator of the store and in refusals.
    pub const fn noun(&self) -> &'static str {
        match self {
            Self::Workspace(_) => "workspace",
            Self::Role(_) => "role",
            Self::Team(_) => "team",
            Self::Invitation(_) => "invitation",
        }
    }

    /// Its id, whatever its kind.
    pub const fn uuid(&self) -> &uuid::Uuid {
        match self {
            Self::Workspace(id) => id.as_uuid(),
            Self::Role(id) => id.as_uuid(),
            Self::Team(id) => id.as_uuid(),
            Self::Invitation(id) => id.as_uuid(),
        }
    }
}

impl Core {
    /// The organization of something that is named by its id alone, for who may enter the organization or is invited by the
    /// thing itself. To everybody else the thing is hidden, real or not.
    pub async fn organization_of(&self, caller: &Caller, thing: Thing) -> Result<OrganizationRef> {
        self.store()
            .point((caller.clone(), thing), |session, (caller, thing)| {
                Box::pin(async move {
                    let hidden = || Error::hidden(thing.noun());
                    let organization = session.organization_of(thing).await?.ok_or_else(hidden)?;
                    let by = OrganizationRef::Id(organization);
                    if let Thing::Invitation(id) = thing
                        && invited(session, caller, &by, (*id, None)).await?.is_some()
                    {
                        return Ok(by);
                    }
                    match enter(session, caller, &by, View::Both).await {
                        Ok(_) => Ok(by),
                        Err(_) => Err(hidden().within(organization)),
                    }
                })
            })
            .await
    }
}
