//! Places: an organization, or a workspace in it. Users, roles and invitations are had at either, by the same rules.

use std::ops::Deref;

use super::{
    OrganizationRef, OrganizationScope, View, WorkspaceRef, WorkspaceScope, Writable, require,
    require_change, require_workspace, require_workspace_change,
};
use crate::caller::Caller;
use crate::error::Result;
use crate::grant::Scope;
use crate::ids::WorkspaceId;
use crate::permission::{Level, Permission, PermissionSet};
use crate::store::Session;
use crate::workspace::require_live;

/// A place as a request names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// An organization.
    Organization(OrganizationRef),
    /// A workspace of an organization.
    Workspace(OrganizationRef, WorkspaceRef),
}

impl From<OrganizationRef> for Place {
    fn from(organization: OrganizationRef) -> Self {
        Self::Organization(organization)
    }
}

impl From<(OrganizationRef, WorkspaceRef)> for Place {
    fn from((organization, workspace): (OrganizationRef, WorkspaceRef)) -> Self {
        Self::Workspace(organization, workspace)
    }
}

/// What is needed at a place of either kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needed {
    /// In an organization.
    pub organization: Permission,
    /// In a workspace.
    pub workspace: Permission,
}

impl Needed {
    /// To see who has a role.
    pub const READ_USERS: Self = Self::of(Permission::ReadOrganizationUsers, Permission::ReadWorkspaceUsers);
    /// To give and take roles.
    pub const MANAGE_USERS: Self =
        Self::of(Permission::ManageOrganizationUsers, Permission::ManageWorkspaceUsers);
    /// To be there.
    pub const TO_ENTER: Self = Self::of(Permission::ReadOrganization, Permission::ReadWorkspace);
    /// To see roles.
    pub const READ_ROLES: Self = Self::of(Permission::ReadOrganizationRoles, Permission::ReadWorkspaceRoles);
    /// To make, change and delete custom roles.
    pub const MANAGE_ROLES: Self =
        Self::of(Permission::ManageOrganizationRoles, Permission::ManageWorkspaceRoles);
    /// To see invitations.
    pub const READ_INVITATIONS: Self =
        Self::of(Permission::ReadOrganizationInvitations, Permission::ReadWorkspaceInvitations);
    /// To invite and to withdraw invitations.
    pub const MANAGE_INVITATIONS: Self =
        Self::of(Permission::ManageOrganizationInvitations, Permission::ManageWorkspaceInvitations);

    const fn of(organization: Permission, workspace: Permission) -> Self {
        Self { organization, workspace }
    }
}

/// The right to touch rows of a place.
#[derive(Clone, Debug)]
pub enum PlaceScope {
    /// Of an organization.
    Organization(OrganizationScope),
    /// Of a workspace.
    Workspace(WorkspaceScope),
}

impl PlaceScope {
    /// The workspace, where the place is one.
    pub const fn workspace(&self) -> Option<WorkspaceId> {
        match self {
            Self::Organization(_) => None,
            Self::Workspace(scope) => Some(scope.workspace),
        }
    }

    /// What the caller may do here, narrowed by the credential.
    pub const fn permissions(&self) -> PermissionSet {
        match self {
            Self::Organization(scope) => scope.permissions,
            Self::Workspace(scope) => scope.permissions,
        }
    }

    /// Where roles are held here.
    pub const fn at(&self) -> Scope {
        match self {
            Self::Organization(_) => Scope::Organization,
            Self::Workspace(scope) => Scope::Workspace(scope.workspace),
        }
    }

    /// The level at which roles are held here.
    pub const fn level(&self) -> Level {
        self.at().level()
    }
}

impl Deref for PlaceScope {
    type Target = OrganizationScope;

    fn deref(&self) -> &OrganizationScope {
        match self {
            Self::Organization(scope) => scope,
            Self::Workspace(scope) => scope,
        }
    }
}

impl Writable<PlaceScope> {
    /// The right to change rows of the place's organization, as far as the use case has decided it may.
    pub fn organization_scope(&self) -> Writable<OrganizationScope> {
        Writable((*self.0).clone())
    }
}

/// Asks for what is needed at a place. A deleted workspace is none.
pub async fn require_at(
    session: &dyn Session,
    caller: &Caller,
    needed: Needed,
    place: &Place,
) -> Result<PlaceScope> {
    match place {
        Place::Organization(organization) => {
            let scope = require(session, caller, needed.organization, organization, View::Both).await?;
            Ok(PlaceScope::Organization(scope))
        }
        Place::Workspace(organization, workspace) => {
            let target = (organization, workspace);
            let scope = require_workspace(session, caller, needed.workspace, target, View::Both).await?;
            require_live(session, &scope).await?;
            Ok(PlaceScope::Workspace(scope))
        }
    }
}

/// Asks for what is needed at a place that is to be changed. A deleted workspace is none.
pub async fn require_change_at(
    session: &dyn Session,
    caller: &Caller,
    needed: Needed,
    place: &Place,
) -> Result<Writable<PlaceScope>> {
    match place {
        Place::Organization(organization) => {
            let scope =
                require_change(session, caller, needed.organization, organization, View::Both).await?;
            Ok(Writable(PlaceScope::Organization(scope.0)))
        }
        Place::Workspace(organization, workspace) => {
            let target = (organization, workspace);
            let scope =
                require_workspace_change(session, caller, needed.workspace, target, View::Both).await?;
            require_live(session, &scope).await?;
            Ok(Writable(PlaceScope::Workspace(scope.0)))
        }
    }
}
