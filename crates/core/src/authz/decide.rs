//! Decisions: what follows from what a principal holds, with no store in sight.

use crate::caller::Caller;
use crate::ids::{OrganizationId, WorkspaceId};
use crate::permission::{Permission, PermissionSet};

/// Which of the two ways to see a workspace an operation accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// Through a role of one's own in the workspace.
    OwnRoles,
    /// By administering its organization, or the server.
    Administered,
    /// Either.
    Both,
}

impl View {
    pub(super) const fn accepts_own_roles(self) -> bool {
        matches!(self, Self::OwnRoles | Self::Both)
    }

    pub(super) const fn accepts_administration(self) -> bool {
        matches!(self, Self::Administered | Self::Both)
    }
}

/// What a principal holds along the chain, as the store derived it from grants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// On the server.
    pub server: PermissionSet,
    /// By grants on the organization.
    pub organization: PermissionSet,
    /// By grants on the workspace, direct or by team.
    pub workspace: PermissionSet,
    /// Whether the principal has any grant in the organization, at whichever level.
    pub belongs: bool,
    /// A suspended principal holds nothing.
    pub suspended: bool,
}

/// The outcome of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Allowed, with everything that is held there.
    Allowed(PermissionSet),
    /// The caller may know the target but not do this.
    Forbidden,
    /// The caller may not know whether the target exists.
    Hidden,
}

/// Decides about an organization: `None` as permission asks only to enter it.
pub fn decide_organization(
    caller: &Caller,
    view: View,
    held: &Holdings,
    permission: Option<Permission>,
    organization: OrganizationId,
) -> Decision {
    if held.suspended || !caller.narrowing.admits_organization(organization) {
        return Decision::Hidden;
    }
    let server = if view.accepts_administration() { held.server } else { PermissionSet::NONE };
    if !held.belongs && !server.contains(Permission::ReadOrganization) {
        return Decision::Hidden;
    }
    let allowed = on_organization(caller, server.union(held.organization));
    match permission {
        Some(needed) if !allowed.contains(needed) => Decision::Forbidden,
        _ => Decision::Allowed(allowed),
    }
}

/// What the credential leaves of rights on the organization itself. One that is only for some workspaces leaves no more
/// than to know the organization.
pub(super) fn on_organization(caller: &Caller, held: PermissionSet) -> PermissionSet {
    let allowed = caller.narrowing.apply(held);
    if caller.narrowing.workspaces.is_some() {
        allowed.intersection(PermissionSet::of(&[Permission::ReadOrganization]))
    } else {
        allowed
    }
}

/// Everything that is held in a workspace, by whatever way, whichever credential is shown.
pub(crate) const fn in_workspace(held: &Holdings) -> PermissionSet {
    if held.suspended {
        return PermissionSet::NONE;
    }
    held.workspace.union(held.organization).union(held.server)
}

/// Decides about a workspace that exists.
pub fn decide_workspace(
    caller: &Caller,
    view: View,
    held: &Holdings,
    permission: Permission,
    organization: OrganizationId,
    workspace: WorkspaceId,
) -> Decision {
    if held.suspended
        || !caller.narrowing.admits_organization(organization)
        || !caller.narrowing.admits_workspace(workspace)
    {
        return Decision::Hidden;
    }
    let mut all = PermissionSet::NONE;
    if view.accepts_own_roles() {
        all = all.union(held.workspace);
    }
    if view.accepts_administration() {
        all = all.union(held.server).union(held.organization);
    }
    let allowed = caller.narrowing.apply(all);
    if !all.contains(Permission::ReadWorkspace) {
        Decision::Hidden
    } else if allowed.contains(permission) {
        Decision::Allowed(allowed)
    } else {
        Decision::Forbidden
    }
}
