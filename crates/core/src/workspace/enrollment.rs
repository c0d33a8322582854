//! Enrolled workspaces: somebody else runs the server behind them, and it reports in with a key of its own.
//!
//! The server is a service account with the id of its workspace, and its key an OAuth client with that id. It holds a custom
//! role of the workspace, so that an administrator sees what it may do, and its key is good in that workspace alone.

use super::service::{detail, require_live, require_open};
use super::write::{make, owner_of_new, save, set_status};
use super::{NewWorkspace, State, WorkspaceDetail};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{self, OrganizationRef, OrganizationScope, View, WorkspaceRef, WorkspaceScope, Writable};
use crate::caller::{Caller, Narrowing};
use crate::credential::{Access, Rotation, Secret, TokenKind, issue_as, rotate};
use crate::error::{Error, Kind, Result};
use crate::grant::{self, Scope, Subject};
use crate::ids::{CredentialId, OrganizationId, PrincipalId, WorkspaceId};
use crate::permission::{BuiltinRole, Level, Permission, PermissionSet};
use crate::principal::Principal;
use crate::resource::ContentRights;
use crate::role::{self, NewRole, Role};
use crate::store::Session;
use crate::text;

/// What the role of a workspace's server is called.
const ROLE_OF_SERVER: &str = "Workspace Server";
/// What the server of a workspace may do.
const OF_SERVER: PermissionSet = PermissionSet::of(&[
    Permission::ReadWorkspace,
    Permission::OperateWorkspace,
    Permission::ReadWorkspaceUsers,
    Permission::ReadWorkspaceRoles,
    Permission::ReadProject,
]);

/// A workspace just enrolled, with the key that is shown this once.
#[derive(Clone, Debug)]
pub struct EnrolledWorkspace {
    /// The workspace.
    pub detail: WorkspaceDetail,
    /// The secret of the OAuth client whose id is the workspace's.
    pub key: Secret,
}

/// What the server of a workspace says of itself.
#[derive(Clone, Debug, Default)]
pub struct ServerReport {
    /// The workspace that it takes itself for.
    pub workspace: Option<WorkspaceId>,
    /// Where it is reached.
    pub url: Option<String>,
    /// Which version it is.
    pub version: Option<String>,
}

impl Core {
    /// Makes a workspace whose server somebody else runs, and the key with which that server comes in, by who holds whatever
    /// the server holds: a credential that leaves its owner less makes none.
    pub async fn enroll_workspace(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        new: NewWorkspace,
    ) -> Result<EnrolledWorkspace> {
        let chosen = new.id;
        let new = self.sealed(NewWorkspace { is_enrolled: true, ..new })?;
        let key = Secret::random(TokenKind::ClientSecret, self.entropy());
        let most = self.settings().enrolled_per_organization;
        let data = (self.act(caller), organization, (new, chosen), key, most);
        self.store()
            .write(data, |session, (act, organization, (new, chosen), key, most)| {
                Box::pin(async move {
                    let needed = Permission::CreateWorkspace;
                    let scope =
                        authz::require_change(session, &act.caller, needed, organization, View::Both).await?;
                    if chosen.is_some() {
                        authz::require_choice_of_id(session, &act.caller).await?;
                    }
                    require_room(session, &scope, *most).await?;
                    let owner = owner_of_new(session, &scope, act, new).await?;
                    authz::require_to_hold(held_in_new(&scope, act, owner), OF_SERVER)?;
                    let made = make(session, &scope, act, new, owner).await?;
                    let (server, client) = admit_server(session, act, &scope, made.id, key).await?;
                    let targets = vec![
                        Target::new("workspace", made.id.as_uuid()),
                        Target::new("principal", server.as_uuid()),
                        Target::new("credential", client.as_uuid()),
                    ];
                    act.record(session, scope.organization(), "workspace.enroll", targets).await?;
                    let detail = detail(session, &authz::scope_of_new_workspace(&scope, made.id)).await?;
                    Ok(EnrolledWorkspace { detail, key: key.clone() })
                })
            })
            .await
    }

    /// Gives the server of an enrolled workspace another key, by who holds whatever the server holds. The key before may count
    /// on for a while; without that, what the server was given for it ends at once. A server that lacks its role gets it
    /// again.
    ///
    /// # Errors
    /// `Kind::Precondition` where the server is nobody else's.
    pub async fn rotate_enrollment_key(
        &self,
        caller: &Caller,
        target: (OrganizationRef, WorkspaceRef),
        rotation: Rotation,
    ) -> Result<EnrolledWorkspace> {
        let key = Secret::random(TokenKind::ClientSecret, self.entropy());
        self.store()
            .write((self.act(caller), target, rotation, key), |session, (act, target, rotation, key)| {
                Box::pin(async move {
                    let needed = Permission::UpdateWorkspace;
                    let target = (&target.0, &target.1);
                    let scope =
                        authz::require_workspace_change(session, &act.caller, needed, target, View::Both)
                            .await?;
                    authz::require_to_hold(scope.permissions(), OF_SERVER)?;
                    let workspace = require_live(session, &scope).await?;
                    if !workspace.details.is_enrolled {
                        let message = "the server of this workspace is not run by somebody else";
                        return Err(Error::new(Kind::Precondition, "workspace.not_enrolled", message));
                    }
                    let server = account_of(workspace.id);
                    let id = CredentialId::from_uuid(*workspace.id.as_uuid());
                    let found = session.find_key(server, TokenKind::ClientSecret, id).await?;
                    let found = found.ok_or_else(|| Error::not_found("enrollment key"))?;
                    rotate(session, act, found, (rotation, key)).await?;
                    give_role(session, act, &scope).await?;
                    let targets = vec![
                        Target::new("workspace", workspace.id.as_uuid()),
                        Target::new("credential", id.as_uuid()),
                    ];
                    act.record(session, scope.organization(), "workspace.rotate_key", targets).await?;
                    Ok(EnrolledWorkspace { detail: detail(session, &scope).await?, key: key.clone() })
                })
            })
            .await
    }

    /// The server of a workspace says that it is up.
    ///
    /// # Errors
    /// `Kind::Forbidden` for who is no such server, and while the workspace is deactivated.
    pub async fn report_server(&self, caller: &Caller, report: ServerReport) -> Result<WorkspaceDetail> {
        let (_, workspace) = served_by(caller)?;
        if report.workspace.is_some_and(|told| told != workspace) {
            let expected = "expected the id of the workspace that the key is for";
            return Err(Error::invalid("zenml-server-id", "other", expected));
        }
        let url = report.url.as_deref().map(|url| text::web_address("zenml-server-url", url)).transpose()?;
        let version =
            report.version.as_deref().map(|version| text::name("zenml-server-version", version, 60));
        let data = (self.act(caller), url, version.transpose()?);
        self.store()
            .write(data, |session, (act, url, version)| {
                Box::pin(async move {
                    let scope = writable_scope_of_server(session, &act.caller).await?;
                    let mut workspace = require_live(session, &scope).await?;
                    workspace.require_active()?;
                    let zenml = &mut workspace.details.zenml;
                    let before = zenml.as_ref().and_then(|it| it.status.as_deref());
                    let told = reported(before, url.as_deref(), version.as_deref());
                    set_status(zenml, "zenml_service.status", told.as_deref())?;
                    workspace.observe(State::Available, None, act.now)?;
                    save(session, act, &scope, &mut workspace, "workspace.report").await
                })
            })
            .await
    }

    /// The workspace whose server this is.
    ///
    /// # Errors
    /// `Kind::Forbidden` for who is none, and while the workspace is deactivated.
    pub async fn workspace_of_server(&self, caller: &Caller) -> Result<WorkspaceDetail> {
        self.store()
            .point(caller.clone(), |session, caller| {
                Box::pin(async move {
                    let scope = scope_of_server(session, caller).await?;
                    require_open(session, &scope).await?;
                    detail(session, &scope).await
                })
            })
            .await
    }
}

/// Refuses one more enrolled workspace than an organization may have.
pub(super) async fn require_room(
    session: &dyn Session,
    scope: &Writable<OrganizationScope>,
    most: Option<u64>,
) -> Result<()> {
    match most {
        Some(most) if session.count_enrolled(scope).await? >= most => {
            let message = format!("an organization may have {most} enrolled workspaces");
            Err(Error::new(Kind::LimitReached, "workspace.enrolled_limit", message))
        }
        _ => Ok(()),
    }
}

/// What the caller will hold in a workspace that is about to be made for this owner.
fn held_in_new(scope: &OrganizationScope, act: &Act, owner: PrincipalId) -> PermissionSet {
    let by_role = if owner == act.caller.principal {
        BuiltinRole::WorkspaceOwner.permissions()
    } else {
        PermissionSet::default()
    };
    scope.in_every_workspace().union(act.caller.narrowing.apply(by_role))
}

/// The workspace whose server the caller is, and its organization. The key of an enrollment says both.
pub(crate) fn served_by(caller: &Caller) -> Result<(OrganizationId, WorkspaceId)> {
    let id = WorkspaceId::from_uuid(*caller.principal.as_uuid());
    match &caller.narrowing {
        Narrowing { organization: Some(organization), workspaces: Some(only), .. }
            if caller.is_service_account && *only == [id] =>
        {
            Ok((*organization, id))
        }
        _ => Err(Error::forbidden("this is for the server of a workspace, with the key of its enrollment")),
    }
}

/// The workspace of the server that asks.
pub(crate) async fn scope_of_server(session: &dyn Session, caller: &Caller) -> Result<WorkspaceScope> {
    let (organization, workspace) = served_by(caller)?;
    let target = (&OrganizationRef::Id(organization), &WorkspaceRef::Id(workspace));
    authz::require_workspace(session, caller, Permission::OperateWorkspace, target, View::OwnRoles).await
}

/// The same to be changed.
pub(crate) async fn writable_scope_of_server(
    session: &dyn Session,
    caller: &Caller,
) -> Result<Writable<WorkspaceScope>> {
    let (organization, workspace) = served_by(caller)?;
    let target = (&OrganizationRef::Id(organization), &WorkspaceRef::Id(workspace));
    let needed = Permission::OperateWorkspace;
    authz::require_workspace_change(session, caller, needed, target, View::OwnRoles).await
}

/// Lets the server of a workspace just made in: an account, its role, its key.
async fn admit_server(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<OrganizationScope>,
    workspace: WorkspaceId,
    key: &Secret,
) -> Result<(PrincipalId, CredentialId)> {
    let account = Principal {
        id: account_of(workspace),
        organization: Some(scope.organization()),
        username: format!("server-{workspace}"),
        email: None,
        display_name: None,
        suspended_at: None,
        auth_version: 1,
        version: 1,
        created_at: act.now,
        updated_at: act.now,
    };
    session.insert_workspace_server(scope, &account).await?;
    give_role(session, act, &authz::scope_of_new_workspace(scope, workspace)).await?;
    let id = CredentialId::from_uuid(*workspace.as_uuid());
    let narrowed = (Some(scope.organization()), Access::Only(OF_SERVER), Some(vec![workspace]));
    issue_as(session, act, id, (account.id, narrowed), ("Enrollment key", key), (None, None)).await?;
    Ok((account.id, id))
}

/// Sees to it that the server of a workspace holds the role by which it may do what it must. A role that others hold is left
/// as it is: they would be given what the server needs.
async fn give_role(session: &dyn Session, act: &Act, scope: &Writable<WorkspaceScope>) -> Result<()> {
    let (workspace, organization) = (scope.workspace(), scope.organization_scope());
    let (server, at) = (Subject::Principal(account_of(workspace)), Scope::Workspace(workspace));
    for grant in session.grants_of(&organization, &server, &at).await? {
        let held = session.find_role(&organization, grant.role).await?;
        if held.is_some_and(|role| is_gone_by(&role)) {
            return Ok(());
        }
    }
    let role = role_to_go_by(session, act, scope).await?;
    grant::give(session, act, &organization, server, &role, at).await
}

/// A role of the workspace that holds what its server needs, and that nobody else holds: the first under one of its titles
/// that does, that can be made to, or that is made.
async fn role_to_go_by(session: &dyn Session, act: &Act, scope: &Writable<WorkspaceScope>) -> Result<Role> {
    let (workspace, organization, place) = (scope.workspace(), scope.organization_scope(), scope.place());
    let mut title = ROLE_OF_SERVER.to_owned();
    let mut number = 1_u32;
    loop {
        let found = session.find_custom_role(&place, &text::fold(&title)).await?;
        let Some(mut role) = found.filter(|role| role.workspace == Some(workspace)) else {
            return role::create(session, act, &place, &role_of_server(title)).await;
        };
        let server = Some(account_of(workspace));
        if !session.role_is_granted(&organization, (role.id, server), act.now).await? {
            if is_gone_by(&role) {
                return Ok(role);
            }
            role.permissions = role.permissions.union(OF_SERVER);
            role.version += 1;
            role.updated_at = act.now;
            session.update_role(&organization, &role).await?;
            session.derive_role(&organization, role.id).await?;
            let targets = vec![Target::new("role", role.id.as_uuid())];
            act.record(session, scope.organization(), "role.update", targets).await?;
            return Ok(role);
        }
        number += 1;
        title = format!("{ROLE_OF_SERVER} {number}");
    }
}

fn role_of_server(title: String) -> NewRole {
    NewRole {
        id: None,
        level: Level::Workspace,
        title,
        description: Some("What the server behind this workspace may do.".to_owned()),
        permissions: OF_SERVER,
        content: ContentRights::NONE,
    }
}

/// Whether the server of a workspace can go by the role: it is the workspace's own, and holds what the server needs.
const fn is_gone_by(role: &Role) -> bool {
    role.workspace.is_some() && role.permissions.includes(OF_SERVER)
}

/// The account of the server of an enrolled workspace.
const fn account_of(workspace: WorkspaceId) -> PrincipalId {
    PrincipalId::from_uuid(*workspace.as_uuid())
}

/// Whether it is the account of a workspace's server: every other service account is found as one.
pub(crate) async fn is_server(
    session: &dyn Session,
    scope: &OrganizationScope,
    party: &Principal,
) -> Result<bool> {
    Ok(party.is_service_account() && session.find_service_account(scope, party.id).await?.is_none())
}

/// Refuses to give anything to the server of a workspace, which has what it needs.
pub(crate) async fn require_no_server(
    session: &dyn Session,
    scope: &OrganizationScope,
    party: &Principal,
) -> Result<()> {
    if is_server(session, scope, party).await? {
        return Err(kept("the account of a workspace's server keeps its role and is given no other"));
    }
    Ok(())
}

/// Refuses to take from the server of a workspace the role that it goes by, without which the workspace would be shut.
pub(crate) fn require_to_leave_server(holder: PrincipalId, role: &Role) -> Result<()> {
    if is_gone_by(role) && role.workspace.is_some_and(|workspace| account_of(workspace) == holder) {
        return Err(kept("the workspace's server goes by the role, which is not taken from it"));
    }
    Ok(())
}

/// Refuses to change or delete what the server of a workspace goes by.
pub(crate) async fn require_no_role_of_server(
    session: &dyn Session,
    scope: &OrganizationScope,
    role: &Role,
) -> Result<()> {
    let Some(workspace) = role.workspace else { return Ok(()) };
    let server = Subject::Principal(account_of(workspace));
    let held = session.grants_of(scope, &server, &Scope::Workspace(workspace)).await?;
    if held.iter().any(|grant| grant.role == role.id) {
        return Err(kept("the workspace's server holds the role, which is neither changed nor deleted"));
    }
    Ok(())
}

fn kept(message: &'static str) -> Error {
    Error::new(Kind::Precondition, "workspace.server_account", message)
}

/// What is known of a ZenML server, with what it says now: a JSON object. Nothing without an address.
fn reported(before: Option<&str>, url: Option<&str>, version: Option<&str>) -> Option<String> {
    let before = before.and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    let mut status = before.filter(serde_json::Value::is_object).unwrap_or_else(|| serde_json::json!({}));
    if let Some(url) = url {
        status["server_url"] = url.into();
    }
    if let Some(version) = version {
        status["version"] = version.into();
    }
    status["server_url"].is_string().then(|| status.to_string())
}
