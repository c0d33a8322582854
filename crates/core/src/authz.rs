//! The one authorization room: it decides, and it alone mints the scopes without which the store shows nothing.
//!
//! A decision walks the chain of scopes from the server down to the target and unites what the caller holds at each
//! level that the view accepts. Then it tells apart what the caller may do, may only know of, and may not even know.
//!
//! A scope says which organization (and workspace) a statement of the store may touch, so a query without a permission
//! check does not compile. A change needs a [`Writable`] scope: minting it locks the organization first, so that
//! whatever the use case reads afterwards holds until its commit.

use std::ops::Deref;

use async_trait::async_trait;

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::ids::{OrganizationId, PrincipalId, WorkspaceId, parse_uuid};
use crate::permission::{Permission, PermissionSet};
use crate::store::Session;

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
    const fn accepts_own_roles(self) -> bool {
        matches!(self, Self::OwnRoles | Self::Both)
    }

    const fn accepts_administration(self) -> bool {
        matches!(self, Self::Administered | Self::Both)
    }
}

/// How a request names an organization: by id, or by name or key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OrganizationRef {
    /// By id.
    Id(OrganizationId),
    /// By name, ignoring case, or by key.
    Name(String),
}

impl OrganizationRef {
    /// What looks like a UUID is an id, everything else a name or key.
    pub fn parse(text: &str) -> Self {
        parse_uuid(text)
            .map_or_else(|| Self::Name(text.to_owned()), |id| Self::Id(OrganizationId::from_uuid(id)))
    }
}

/// How a request names a workspace of an organization: by id, or by name or key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum WorkspaceRef {
    /// By id.
    Id(WorkspaceId),
    /// By name, ignoring case, or by key.
    Name(String),
}

impl WorkspaceRef {
    /// What looks like a UUID is an id, everything else a name or key.
    pub fn parse(text: &str) -> Self {
        parse_uuid(text)
            .map_or_else(|| Self::Name(text.to_owned()), |id| Self::Id(WorkspaceId::from_uuid(id)))
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

/// What authorization itself needs of the store. No other port works without a scope.
#[async_trait]
pub trait AuthzStore {
    /// The live organization of this id, name or key.
    async fn locate_organization(&self, by: &OrganizationRef) -> Result<Option<OrganizationId>>;

    /// The workspace of this id (deleted or not), or the live one of this name or key.
    async fn locate_workspace(
        &self,
        organization: OrganizationId,
        by: &WorkspaceRef,
    ) -> Result<Option<WorkspaceId>>;

    /// What the principal holds on the way to the target.
    async fn holdings(
        &self,
        principal: PrincipalId,
        organization: OrganizationId,
        workspace: Option<WorkspaceId>,
    ) -> Result<Holdings>;

    /// Makes every other change of the organization wait until this transaction ends, and raises the organization's
    /// version with it. `SERVER` stands for the list of organizations and the server's own grants.
    async fn lock_organization(&self, organization: OrganizationId) -> Result<()>;

    /// The version that every change to what the organization's lists show raises.
    async fn organization_version(&self, organization: OrganizationId) -> Result<i64>;
}

/// The right to touch rows of one organization.
#[derive(Clone, Debug)]
pub struct OrganizationScope {
    organization: OrganizationId,
    principal: PrincipalId,
    permissions: PermissionSet,
    sees_every_workspace: bool,
    only_workspaces: Option<Vec<WorkspaceId>>,
}

impl OrganizationScope {
    /// The organization whose rows may be touched.
    pub const fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// Who asks.
    pub const fn principal(&self) -> PrincipalId {
        self.principal
    }

    /// What the caller may do here, narrowed by the credential.
    pub const fn permissions(&self) -> PermissionSet {
        self.permissions
    }

    /// Whether the caller sees workspaces without a role of its own in them.
    pub const fn sees_every_workspace(&self) -> bool {
        self.sees_every_workspace
    }

    /// The only workspaces that the credential leaves, if it leaves not all.
    pub fn only_workspaces(&self) -> Option<&[WorkspaceId]> {
        self.only_workspaces.as_deref()
    }
}

/// The right to touch rows of one workspace.
#[derive(Clone, Debug)]
pub struct WorkspaceScope {
    organization: OrganizationScope,
    workspace: WorkspaceId,
    permissions: PermissionSet,
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
    principal: PrincipalId,
    permissions: PermissionSet,
    only_organization: Option<OrganizationId>,
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

/// A scope whose organization is locked until the transaction ends: the right to change rows.
#[derive(Clone, Debug)]
pub struct Writable<S>(S);

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
    let mut allowed = caller.narrowing.apply(server.union(held.organization));
    if caller.narrowing.workspaces.is_some() {
        allowed = allowed.intersection(PermissionSet::of(&[Permission::ReadOrganization]));
    }
    match permission {
        Some(needed) if !allowed.contains(needed) => Decision::Forbidden,
        _ => Decision::Allowed(allowed),
    }
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

/// Enters an organization without asking for a permission: enough to list what the caller has a role in.
pub async fn enter(
    session: &dyn Session,
    caller: &Caller,
    organization: &OrganizationRef,
    view: View,
) -> Result<OrganizationScope> {
    check_organization(session, caller, None, organization, view).await
}

/// Asks for a permission in an organization.
pub async fn require(
    session: &dyn Session,
    caller: &Caller,
    permission: Permission,
    organization: &OrganizationRef,
    view: View,
) -> Result<OrganizationScope> {
    check_organization(session, caller, Some(permission), organization, view).await
}

/// Asks for a permission in an organization that is to be changed.
pub async fn require_change(
    session: &dyn Session,
    caller: &Caller,
    permission: Permission,
    organization: &OrganizationRef,
    view: View,
) -> Result<Writable<OrganizationScope>> {
    if let Some(id) = session.locate_organization(organization).await? {
        session.lock_organization(id).await?;
    }
    require(session, caller, permission, organization, view).await.map(Writable)
}

/// Asks for a permission in a workspace.
pub async fn require_workspace(
    session: &dyn Session,
    caller: &Caller,
    permission: Permission,
    (organization, workspace): (&OrganizationRef, &WorkspaceRef),
    view: View,
) -> Result<WorkspaceScope> {
    let hidden = || Error::hidden("workspace");
    let organization = session.locate_organization(organization).await?.ok_or_else(hidden)?;
    let found = session.locate_workspace(organization, workspace).await?;
    let held = session.holdings(caller.principal, organization, found).await?;
    let within = |permissions| organization_scope(caller, view, &held, organization, permissions);
    let Some(workspace) = found else {
        // Only who sees every workspace may know that there is none of this name.
        return Err(match decide_organization(caller, view, &held, None, organization) {
            Decision::Allowed(allowed) if within(allowed).sees_every_workspace => {
                Error::not_found("workspace")
            }
            _ => hidden(),
        });
    };
    match decide_workspace(caller, view, &held, permission, organization, workspace) {
        Decision::Allowed(permissions) => {
            let inherited = caller.narrowing.apply(held.organization.union(held.server));
            Ok(WorkspaceScope { organization: within(inherited), workspace, permissions })
        }
        Decision::Forbidden => Err(lacking(permission)),
        Decision::Hidden => Err(hidden()),
    }
}

/// Asks for a permission in a workspace that is to be changed.
pub async fn require_workspace_change(
    session: &dyn Session,
    caller: &Caller,
    permission: Permission,
    target: (&OrganizationRef, &WorkspaceRef),
    view: View,
) -> Result<Writable<WorkspaceScope>> {
    if let Some(id) = session.locate_organization(target.0).await? {
        session.lock_organization(id).await?;
    }
    require_workspace(session, caller, permission, target, view).await.map(Writable)
}

/// What the caller may do to the server. Everybody gets this scope; a use case asks it for the permission it needs.
pub async fn server(session: &dyn Session, caller: &Caller) -> Result<ServerScope> {
    let held = session.holdings(caller.principal, OrganizationId::SERVER, None).await?;
    if held.suspended {
        return Err(Error::bad_credential());
    }
    let whole = caller.narrowing.organization.is_none() && caller.narrowing.workspaces.is_none();
    let permissions = if whole { caller.narrowing.apply(held.server) } else { PermissionSet::NONE };
    let only_organization = caller.narrowing.organization;
    Ok(ServerScope { principal: caller.principal, permissions, only_organization })
}

/// The same, with the list of organizations locked.
pub async fn server_change(session: &dyn Session, caller: &Caller) -> Result<Writable<ServerScope>> {
    session.lock_organization(OrganizationId::SERVER).await?;
    server(session, caller).await.map(Writable)
}

/// Asks for a permission on the server.
pub fn require_server(scope: &ServerScope, permission: Permission) -> Result<()> {
    if scope.permissions.contains(permission) { Ok(()) } else { Err(lacking(permission)) }
}

/// Nobody hands out, or takes away, more than they hold.
pub fn require_to_hold(held: PermissionSet, role: PermissionSet) -> Result<()> {
    match role.difference(held).iter().next() {
        None => Ok(()),
        Some(missing) => Err(Error::new(
            crate::error::Kind::Forbidden,
            "role.exceeds_own",
            format!("the role holds {}, which you do not hold here", missing.name()),
        )),
    }
}

/// The scope of an organization that this transaction has just made, and therefore holds locked.
pub fn scope_of_new_organization(
    scope: &Writable<ServerScope>,
    organization: OrganizationId,
) -> Writable<OrganizationScope> {
    Writable(OrganizationScope {
        organization,
        principal: scope.principal,
        permissions: PermissionSet::everything_at(crate::permission::Level::Organization),
        sees_every_workspace: true,
        only_workspaces: None,
    })
}

/// The scope of a workspace that this transaction has just made.
pub fn scope_of_new_workspace(
    scope: &Writable<OrganizationScope>,
    workspace: WorkspaceId,
) -> Writable<WorkspaceScope> {
    Writable(WorkspaceScope {
        organization: scope.0.clone(),
        workspace,
        permissions: PermissionSet::everything_at(crate::permission::Level::Workspace),
    })
}

/// The scope in which a server that has no administrator yet gets its first one.
pub async fn server_to_initialize(
    session: &dyn Session,
    administrator: PrincipalId,
) -> Result<Writable<ServerScope>> {
    session.lock_organization(OrganizationId::SERVER).await?;
    Ok(Writable(ServerScope {
        principal: administrator,
        permissions: PermissionSet::NONE,
        only_organization: None,
    }))
}

async fn check_organization(
    session: &dyn Session,
    caller: &Caller,
    permission: Option<Permission>,
    organization: &OrganizationRef,
    view: View,
) -> Result<OrganizationScope> {
    let hidden = || Error::hidden("organization");
    let id = session.locate_organization(organization).await?.ok_or_else(hidden)?;
    let held = session.holdings(caller.principal, id, None).await?;
    match (decide_organization(caller, view, &held, permission, id), permission) {
        (Decision::Allowed(permissions), _) => Ok(organization_scope(caller, view, &held, id, permissions)),
        (Decision::Forbidden, Some(needed)) => Err(lacking(needed)),
        (Decision::Forbidden, None) | (Decision::Hidden, _) => Err(hidden()),
    }
}

fn organization_scope(
    caller: &Caller,
    view: View,
    held: &Holdings,
    organization: OrganizationId,
    permissions: PermissionSet,
) -> OrganizationScope {
    let administered = caller.narrowing.apply(held.organization.union(held.server));
    OrganizationScope {
        organization,
        principal: caller.principal,
        permissions,
        sees_every_workspace: view.accepts_administration()
            && administered.contains(Permission::ReadWorkspace),
        only_workspaces: caller.narrowing.workspaces.clone(),
    }
}

fn lacking(permission: Permission) -> Error {
    Error::forbidden(format!("this needs the permission {}", permission.name()))
}
