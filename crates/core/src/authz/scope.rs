//! Scopes: the keys to the store. Their fields are closed to everything outside this room, so only it can mint one.

use std::ops::Deref;

use super::PlaceScope;
use crate::ids::{OrganizationId, PrincipalId, WorkspaceId};
use crate::permission::{Permission, PermissionSet};

/// The right to touch rows of one organization.
#[derive(Clone, Debug)]
pub struct OrganizationScope {
    pub(super) organization: OrganizationId,
    pub(super) version: i64,
    pub(super) principal: PrincipalId,
    pub(super) permissions: PermissionSet,
    pub(super) in_every_workspace: PermissionSet,
    pub(super) by_own_roles: PermissionSet,
    pub(super) only_workspaces: Option<Vec<WorkspaceId>>,
}

impl OrganizationScope {
    /// The organization whose rows may be touched.
    pub const fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// The organization's version, read before anything else: what is read under this scope is as new, or newer.
    pub const fn version(&self) -> i64 {
        self.version
    }

    /// Who asks.
    pub const fn principal(&self) -> PrincipalId {
        self.principal
    }

    /// What the caller may do here, narrowed by the credential.
    pub const fn permissions(&self) -> PermissionSet {
        self.permissions
    }

    /// What the caller may do in each workspace without a role of its own in it, as far as the view accepts that.
    pub const fn in_every_workspace(&self) -> PermissionSet {
        self.in_every_workspace
    }

    /// What roles of the caller's own are good for at most: all that the credential leaves, or nothing where the view
    /// does not accept them.
    pub const fn by_own_roles(&self) -> PermissionSet {
        self.by_own_roles
    }

    /// Whether the caller sees workspaces without a role of its own in them.
    pub const fn sees_every_workspace(&self) -> bool {
        self.in_every_workspace.contains(Permission::ReadWorkspace)
    }

    /// The only workspaces that the credential leaves, if it leaves not all.
    pub fn only_workspaces(&self) -> Option<&[WorkspaceId]> {
        self.only_workspaces.as_deref()
    }
}

/// The right to touch rows of one workspace.
#[derive(Clone, Debug)]
pub struct WorkspaceScope {
    pub(super) organization: OrganizationScope,
    pub(super) workspace: WorkspaceId,
    pub(super) permissions: PermissionSet,
}

impl WorkspaceScope {
    /// The workspace whose rows may be touched.
    pub const fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// What the caller may do in the workspace, narrowed by the credential.
    pub const fn permissions(&self) -> PermissionSet {
        self.permissions
    }
}

impl Deref for WorkspaceScope {
    type Target = OrganizationScope;

    fn deref(&self) -> &OrganizationScope {
        &self.organization
    }
}

/// The right to touch rows of the server itself: accounts, the list of organizations.
#[derive(Clone, Debug)]
pub struct ServerScope {
    pub(super) principal: PrincipalId,
    pub(super) permissions: PermissionSet,
    pub(super) only_organization: Option<OrganizationId>,
}

impl ServerScope {
    /// Who asks.
    pub const fn principal(&self) -> PrincipalId {
        self.principal
    }

    /// What the caller may do to the server.
    pub const fn permissions(&self) -> PermissionSet {
        self.permissions
    }

    /// The only organization that the credential leaves, if it leaves not all.
    pub const fn only_organization(&self) -> Option<OrganizationId> {
        self.only_organization
    }
}

/// The right to see workspaces of every organization.
#[derive(Clone, Debug)]
pub struct EverywhereScope {
    pub(super) principal: PrincipalId,
    pub(super) every: bool,
    pub(super) administered: bool,
    pub(super) by_own_roles: bool,
    pub(super) only_organizations: Vec<OrganizationId>,
    pub(super) only_workspaces: Option<Vec<WorkspaceId>>,
}

impl EverywhereScope {
    /// Who asks.
    pub const fn principal(&self) -> PrincipalId {
        self.principal
    }

    /// Whether the caller sees every workspace there is.
    pub const fn sees_every_workspace(&self) -> bool {
        self.every
    }

    /// Whether roles in organizations show their workspaces.
    pub const fn by_administration(&self) -> bool {
        self.administered
    }

    /// Whether roles of the caller's own in workspaces show them.
    pub const fn by_own_roles(&self) -> bool {
        self.by_own_roles
    }

    /// Each of these is the only organization that counts.
    pub fn only_organizations(&self) -> &[OrganizationId] {
        &self.only_organizations
    }

    /// The only workspaces that the credential leaves, if it leaves not all.
    pub fn only_workspaces(&self) -> Option<&[WorkspaceId]> {
        self.only_workspaces.as_deref()
    }
}

/// A scope whose organization is locked until the transaction ends: the right to change rows.
#[derive(Clone, Debug)]
pub struct Writable<S>(pub(super) S);

impl<S> Deref for Writable<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.0
    }
}

impl Writable<WorkspaceScope> {
    /// The right to change rows of the workspace's organization, as far as the use case has decided it may.
    pub fn organization_scope(&self) -> Writable<OrganizationScope> {
        Writable(self.0.organization.clone())
    }

    /// The same as a place.
    pub fn place(&self) -> Writable<PlaceScope> {
        Writable(PlaceScope::Workspace(self.0.clone()))
    }
}
