//! The one authorization room: it decides, and it alone mints the scopes without which the store shows nothing.
//!
//! A decision walks the chain of scopes from the server down to the target and unites what the caller holds at each
//! level that the view accepts. Then it tells apart what the caller may do, may only know of, and may not even know.
//!
//! A scope says which organization (and workspace) a statement of the store may touch, so a query without a permission
//! check does not compile. A change needs a [`Writable`] scope: minting it locks the organization first, so that
//! whatever the use case reads afterwards holds until its commit.

mod decide;
mod invited;
mod place;
mod scope;
mod thing;

use async_trait::async_trait;

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::ids::{OrganizationId, PrincipalId, WorkspaceId, parse_uuid};
use crate::permission::{Level, Permission, PermissionSet};
use crate::resource::Rights;
use crate::store::Session;

pub(crate) use decide::in_workspace;
use decide::on_organization;
pub use decide::{Decision, Holdings, View, decide_organization, decide_workspace};
pub(crate) use invited::account_of;
pub(crate) use invited::wrong_secret;
pub use invited::{invited, invited_by_secret, invited_by_secret_change, invited_change};
pub use place::{Needed, Place, PlaceScope, require_at, require_change_at};
pub use scope::{EverywhereScope, OrganizationScope, ServerScope, WorkspaceScope, Writable};
pub use thing::Thing;

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

/// An organization that a request names, and its version at the instant when it had that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located {
    /// The organization.
    pub organization: OrganizationId,
    /// Raised by every change to what the organization's lists show.
    pub version: i64,
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

/// What authorization itself needs of the store. No other port works without a scope.
#[async_trait]
pub trait AuthzStore {
    /// The live organization of this id, name or key.
    async fn locate_organization(&self, by: &OrganizationRef) -> Result<Option<Located>>;

    /// The deleted organization of this id, until it is purged.
    async fn locate_deleted_organization(&self, id: OrganizationId) -> Result<Option<Located>>;

    /// The workspace of this id (deleted or not), or the live one of this name or key.
    async fn locate_workspace(
        &self,
        organization: OrganizationId,
        by: &WorkspaceRef,
    ) -> Result<Option<WorkspaceId>>;

    /// The organization of what has this id.
    async fn organization_of(&self, thing: &Thing) -> Result<Option<OrganizationId>>;

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

/// The same for an organization that is to be changed.
pub async fn enter_change(
    session: &dyn Session,
    caller: &Caller,
    organization: &OrganizationRef,
    view: View,
) -> Result<Writable<OrganizationScope>> {
    lock(session, organization).await?;
    enter(session, caller, organization, view).await.map(Writable)
}

/// Enters an organization to list workspaces: refuses who could not see one whatever there is.
pub async fn enter_to_list(
    session: &dyn Session,
    caller: &Caller,
    organization: &OrganizationRef,
    view: View,
) -> Result<OrganizationScope> {
    let scope = enter(session, caller, organization, view).await?;
    if scope.in_every_workspace.union(scope.by_own_roles).contains(Permission::ReadWorkspace) {
        Ok(scope)
    } else {
        Err(lacking(Permission::ReadWorkspace).within(scope.organization))
    }
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
    lock(session, organization).await?;
    require(session, caller, permission, organization, view).await.map(Writable)
}

/// Asks for the right to restore a deleted organization, without which nobody learns that there is one. Only its id
/// leads to it.
pub async fn require_deleted(
    session: &dyn Session,
    caller: &Caller,
    organization: &OrganizationRef,
) -> Result<OrganizationScope> {
    let hidden = || Error::hidden("organization");
    let OrganizationRef::Id(id) = organization else { return Err(hidden()) };
    let located = session.locate_deleted_organization(*id).await?.ok_or_else(hidden)?;
    let needed = Permission::DeleteOrganization;
    let decided = decided(session, caller, Some(needed), located, View::Both).await;
    decided.map_err(|_| hidden().within(*id))
}

/// The same for an organization that is to be restored.
pub async fn require_deleted_change(
    session: &dyn Session,
    caller: &Caller,
    organization: &OrganizationRef,
) -> Result<Writable<OrganizationScope>> {
    if let OrganizationRef::Id(id) = organization
        && let Some(located) = session.locate_deleted_organization(*id).await?
    {
        session.lock_organization(located.organization).await?;
    }
    require_deleted(session, caller, organization).await.map(Writable)
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
    let located = session.locate_organization(organization).await?.ok_or_else(hidden)?;
    let organization = located.organization;
    let found = session.locate_workspace(organization, workspace).await?;
    let held = session.holdings(caller.principal, organization, found).await?;
    let within = |permissions| organization_scope(caller, view, &held, located, permissions);
    let Some(workspace) = found else {
        // Only who sees every workspace may know that there is none of this name.
        return Err(match decide_organization(caller, view, &held, None, organization) {
            Decision::Allowed(allowed) if within(allowed).sees_every_workspace() => {
                Error::not_found("workspace")
            }
            _ => hidden().within(organization),
        });
    };
    match decide_workspace(caller, view, &held, permission, organization, workspace) {
        Decision::Allowed(permissions) => {
            let inherited = on_organization(caller, held.organization.union(held.server));
            Ok(WorkspaceScope { organization: within(inherited), workspace, permissions })
        }
        Decision::Forbidden => Err(lacking(permission).within(organization)),
        Decision::Hidden => Err(hidden().within(organization)),
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
    lock(session, target.0).await?;
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

/// Locks the organization that a path names, so that what is read of it next stays so. An id needs no looking up: where it
/// is nobody's, nothing is locked.
async fn lock(session: &dyn Session, organization: &OrganizationRef) -> Result<()> {
    let id = match organization {
        OrganizationRef::Id(id) => Some(*id),
        OrganizationRef::Name(_) => {
            session.locate_organization(organization).await?.map(|located| located.organization)
        }
    };
    match id {
        Some(id) => session.lock_organization(id).await,
        None => Ok(()),
    }
}

/// Asks for a permission on the server.
pub fn require_server(scope: &ServerScope, permission: Permission) -> Result<()> {
    if scope.permissions.contains(permission) { Ok(()) } else { Err(lacking(permission)) }
}

/// Refuses an id that a client chose for something new, but from who runs the server. All ids are of one room, so whoever
/// could try some would find out which are another tenant's.
pub async fn require_choice_of_id(session: &dyn Session, caller: &Caller) -> Result<()> {
    let chosen = |_| {
        let message = "ids are given by the server: only who runs it may choose one";
        Error::new(crate::error::Kind::Forbidden, "id.chosen", message)
    };
    require_server(&server(session, caller).await?, Permission::ManageServer).map_err(chosen)
}

/// Nobody hands out, or takes away, more than they hold.
pub fn require_to_hold(held: impl Into<Rights>, role: impl Into<Rights>) -> Result<()> {
    let (held, role) = (held.into(), role.into());
    let lacks = |what: String| {
        let message = format!("the role holds {what}, which you do not hold here");
        Err(Error::new(crate::error::Kind::Forbidden, "role.exceeds_own", message))
    };
    if let Some(missing) = role.permissions.difference(held.permissions).iter().next() {
        return lacks(missing.name().to_owned());
    }
    match role.content.difference(&held.all_content()).iter().next() {
        None => Ok(()),
        Some((kind, action)) => lacks(format!("{}:{}", action.word(), kind.word())),
    }
}

/// The scope of an organization that this transaction has just made, and therefore holds locked.
pub fn scope_of_new_organization(
    scope: &Writable<ServerScope>,
    organization: OrganizationId,
) -> Writable<OrganizationScope> {
    Writable(OrganizationScope {
        organization,
        version: 0,
        principal: scope.principal,
        permissions: PermissionSet::everything_at(Level::Organization),
        in_every_workspace: PermissionSet::everything_at(Level::Workspace),
        by_own_roles: PermissionSet::everything_at(Level::Workspace),
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
        permissions: PermissionSet::everything_at(Level::Workspace),
    })
}

/// Enters every organization at once, or one of which nothing need be known, to list workspaces. Everybody may; the scope
/// says what is shown.
pub async fn everywhere(
    session: &dyn Session,
    caller: &Caller,
    view: View,
    organization: Option<OrganizationId>,
) -> Result<EverywhereScope> {
    let held = session.holdings(caller.principal, OrganizationId::SERVER, None).await?;
    if held.suspended {
        return Err(Error::bad_credential());
    }
    let may_see = |held| caller.narrowing.apply(held).contains(Permission::ReadWorkspace);
    let readable = may_see(PermissionSet::of(&[Permission::ReadWorkspace]));
    Ok(EverywhereScope {
        principal: caller.principal,
        every: view.accepts_administration() && may_see(held.server),
        administered: view.accepts_administration() && readable,
        by_own_roles: view.accepts_own_roles() && readable,
        only_organizations: [caller.narrowing.organization, organization].into_iter().flatten().collect(),
        only_workspaces: caller.narrowing.workspaces.clone(),
    })
}

/// The scope of the server's own rows in tables that lead with an organization, for who runs the server.
pub fn rows_of_server(scope: &ServerScope) -> Result<OrganizationScope> {
    require_server(scope, Permission::ManageServer)?;
    Ok(OrganizationScope {
        organization: OrganizationId::SERVER,
        version: 0,
        principal: scope.principal,
        permissions: scope.permissions,
        in_every_workspace: PermissionSet::NONE,
        by_own_roles: PermissionSet::NONE,
        only_workspaces: None,
    })
}

/// The scope in which somebody whom a trusted issuer sends gets an account, or is found to have one.
pub async fn server_to_join(session: &dyn Session, person: PrincipalId) -> Result<Writable<ServerScope>> {
    server_to_initialize(session, person).await
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
    let located = session.locate_organization(organization).await?;
    let located = located.ok_or_else(|| Error::hidden("organization"))?;
    decided(session, caller, permission, located, view).await
}

async fn decided(
    session: &dyn Session,
    caller: &Caller,
    permission: Option<Permission>,
    located: Located,
    view: View,
) -> Result<OrganizationScope> {
    let id = located.organization;
    let held = session.holdings(caller.principal, id, None).await?;
    match (decide_organization(caller, view, &held, permission, id), permission) {
        (Decision::Allowed(permissions), _) => {
            Ok(organization_scope(caller, view, &held, located, permissions))
        }
        (Decision::Forbidden, Some(needed)) => Err(lacking(needed).within(id)),
        (Decision::Forbidden, None) | (Decision::Hidden, _) => Err(Error::hidden("organization").within(id)),
    }
}

fn organization_scope(
    caller: &Caller,
    view: View,
    held: &Holdings,
    Located { organization, version }: Located,
    permissions: PermissionSet,
) -> OrganizationScope {
    let left_of =
        |accepted: bool, held| if accepted { caller.narrowing.apply(held) } else { PermissionSet::NONE };
    let administered = held.organization.union(held.server);
    OrganizationScope {
        organization,
        version,
        principal: caller.principal,
        permissions,
        in_every_workspace: left_of(view.accepts_administration(), administered),
        by_own_roles: left_of(view.accepts_own_roles(), PermissionSet::everything_at(Level::Workspace)),
        only_workspaces: caller.narrowing.workspaces.clone(),
    }
}

/// The refusal of who lacks this permission.
pub(crate) fn lacking(permission: Permission) -> Error {
    Error::lacking(permission)
}
