//! Use cases that change workspaces.

use super::change::{WorkspaceChange, apply};
use super::enrollment;
use super::names::{free_key, require_free_name};
use super::service::{detail, require_live};
use super::{Details, Lifecycle, NAME_MAX, Service, State, Workspace, WorkspaceDetail, checked_document};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{self, OrganizationRef, OrganizationScope, View, WorkspaceRef, WorkspaceScope, Writable};
use crate::caller::Caller;
use crate::error::{Error, Kind, Result};
use crate::grant::{self, Scope, Subject};
use crate::ids::{PrincipalId, ProjectId, WorkspaceId};
use crate::permission::{BuiltinRole, Permission};
use crate::preferences::PreferencesChange;
use crate::project::Project;
use crate::role;
use crate::store::Session;
use crate::text;
use crate::version::{self, Seen, Versions};

/// What a new workspace is made of.
#[derive(Clone, Debug, Default)]
pub struct NewWorkspace {
    /// An id that who runs the server has chosen.
    pub id: Option<WorkspaceId>,
    /// A key of the client's own; made from the name if absent.
    pub key: Option<String>,
    /// The name, 1 to 60 characters.
    pub name: String,
    /// Whether it is the organization's default one. Only made with the organization.
    pub is_default: bool,
    /// Whether somebody else runs its server.
    pub is_enrolled: bool,
    /// The rest.
    pub fields: WorkspaceChange,
}

/// What the server behind a workspace, or who runs it, reports.
#[derive(Clone, Debug, Default)]
pub struct StatusReport {
    /// What the workspace is.
    pub status: Option<State>,
    /// The wish that the status answers; the last one unless said.
    pub generation: Option<i64>,
    /// What the ZenML server says: a JSON object.
    pub zenml_status: Option<String>,
    /// What the MLflow server says: a JSON object.
    pub mlflow_status: Option<String>,
    /// Counts.
    pub usage: Option<std::collections::BTreeMap<String, i64>>,
}

impl Core {
    /// Makes a workspace with its default project; the caller becomes its owner.
    pub async fn create_workspace(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        new: NewWorkspace,
    ) -> Result<WorkspaceDetail> {
        let chosen = new.id;
        let data = (self.act(caller), organization, self.sealed(new)?, chosen);
        self.store()
            .write(data, |session, (act, organization, new, chosen)| {
                Box::pin(async move {
                    let needed = Permission::CreateWorkspace;
                    let scope =
                        authz::require_change(session, &act.caller, needed, organization, View::Both).await?;
                    if chosen.is_some() {
                        authz::require_choice_of_id(session, &act.caller).await?;
                    }
                    let owner = owner_of_new(session, &scope, act, new).await?;
                    let made = make(session, &scope, act, new, owner).await?;
                    let id = made.id;
                    let targets = vec![Target::new("workspace", id.as_uuid())];
                    act.record(session, scope.organization(), "workspace.create", targets).await?;
                    detail(session, &authz::scope_of_new_workspace(&scope, id)).await
                })
            })
            .await
    }

    /// The same with its secrets as they may be kept, for which its id has to be known.
    pub(super) fn sealed(&self, new: NewWorkspace) -> Result<NewWorkspace> {
        if new.fields.zenml_secrets.is_none() && new.fields.mlflow_secrets.is_none() {
            return Ok(new);
        }
        let id = new.id.unwrap_or_else(|| WorkspaceId::generate(&*self.ids));
        let fields = new.fields.sealed(&*self.seal, id, &Details::default())?;
        Ok(NewWorkspace { id: Some(id), fields, ..new })
    }

    /// Changes a workspace. What leaves everything as it is, is no change and raises no version.
    pub async fn update_workspace(
        &self,
        caller: &Caller,
        target: (OrganizationRef, WorkspaceRef),
        change: WorkspaceChange,
    ) -> Result<WorkspaceDetail> {
        let seal = self.seal();
        self.store()
            .write((self.act(caller), target, change, seal), |session, (act, target, change, seal)| {
                Box::pin(async move {
                    let needed = match &change.preferences {
                        Some(_) => Permission::UpdateWorkspacePreferences,
                        None => Permission::UpdateWorkspace,
                    };
                    let (scope, mut workspace) = live(session, act, target, needed).await?;
                    version::require(Seen::Workspace, workspace.version, change.expected_version.as_ref())?;
                    let before = workspace.clone();
                    if change.name.is_some() || change.key.is_some() {
                        rename(session, &scope, &mut workspace, change).await?;
                    }
                    if let Some(owner) = change.owner {
                        hand_over(session, act, &scope, &mut workspace, owner).await?;
                    }
                    let operates = change.desired_state.is_some()
                        || change.is_active.is_some_and(|active| active != workspace.is_active);
                    if operates && !scope.permissions().contains(Permission::OperateWorkspace) {
                        let operate = Permission::OperateWorkspace;
                        return Err(authz::lacking(operate).within(scope.organization()));
                    }
                    let change = change.clone().sealed(&**seal, workspace.id, &workspace.details)?;
                    apply(&mut workspace, &change, act.now)?;
                    if workspace == before {
                        return detail(session, &scope).await;
                    }
                    save(session, act, &scope, &mut workspace, "workspace.update").await
                })
            })
            .await
    }

    /// Changes the preferences of a workspace.
    pub async fn update_workspace_preferences(
        &self,
        caller: &Caller,
        target: (OrganizationRef, WorkspaceRef),
        change: PreferencesChange,
        expected_version: Option<Versions>,
    ) -> Result<Workspace> {
        self.store()
            .write(
                (self.act(caller), target, change, expected_version),
                |session, (act, target, change, expected)| {
                    Box::pin(async move {
                        let needed = Permission::UpdateWorkspacePreferences;
                        let (scope, mut workspace) = live(session, act, target, needed).await?;
                        version::require(Seen::Workspace, workspace.version, expected.as_ref())?;
                        let details = &mut workspace.details;
                        details.preferences = change.apply(&details.preferences)?;
                        let action = "workspace_preferences.update";
                        let saved = save(session, act, &scope, &mut workspace, action).await?;
                        Ok(saved.seen.workspace)
                    })
                },
            )
            .await
    }

    /// Deletes a workspace softly. With grants or invitations of others it needs `force`.
    pub async fn delete_workspace(
        &self,
        caller: &Caller,
        target: (OrganizationRef, WorkspaceRef),
        expected_version: Option<Versions>,
        force: bool,
    ) -> Result<WorkspaceDetail> {
        let data = (self.act(caller), target, expected_version, force);
        self.store()
            .write(data, |session, (act, target, expected_version, force)| {
                Box::pin(async move {
                    let (scope, mut workspace) = live(session, act, target, Permission::DeleteWorkspace).await?;
                    version::require(Seen::Workspace, workspace.version, expected_version.as_ref())?;
                    if workspace.is_default {
                        return Err(Error::new(
                            Kind::Precondition,
                            "workspace.default",
                            "the default workspace cannot be deleted",
                        ));
                    }
                    if !force && session.count_contents(&scope, act.now).await? > 0 {
                        return Err(Error::new(
                            Kind::Precondition,
                            "workspace.in_use",
                            "others have roles in or invitations to this workspace; use force to delete it all the same",
                        ));
                    }
                    workspace.deleted_at = Some(act.now);
                    session.suspend_workspace_server(&scope, Some(act.now), act.now).await?;
                    save(session, act, &scope, &mut workspace, "workspace.delete").await
                })
            })
            .await
    }

    /// Restores a deleted workspace with its settings and grants. Its name must be free, or a new one given; a key that
    /// was taken meanwhile gets the next free number.
    pub async fn undelete_workspace(
        &self,
        caller: &Caller,
        target: (OrganizationRef, WorkspaceRef),
        new_name: Option<String>,
        expected_version: Option<Versions>,
    ) -> Result<WorkspaceDetail> {
        let data =
            (self.act(caller), target, new_name, expected_version, self.settings().enrolled_per_organization);
        self.store()
            .write(data, |session, (act, target, new_name, expected, most)| {
                Box::pin(async move {
                    let needed = Permission::DeleteWorkspace;
                    let target = (&target.0, &target.1);
                    let scope =
                        authz::require_workspace_change(session, &act.caller, needed, target, View::Both)
                            .await?;
                    let mut workspace =
                        session.find_workspace(&scope).await?.ok_or_else(|| Error::not_found("workspace"))?;
                    if workspace.deleted_at.is_none() {
                        return Err(Error::new(
                            Kind::AlreadyExists,
                            "workspace.not_deleted",
                            "the workspace is not deleted",
                        ));
                    }
                    version::require(Seen::Workspace, workspace.version, expected.as_ref())?;
                    let organization = scope.organization_scope();
                    if workspace.details.is_enrolled {
                        enrollment::require_room(session, &organization, *most).await?;
                    }
                    if let Some(name) = new_name {
                        workspace.name = text::name("name", name, NAME_MAX)?;
                    }
                    let key = free_key(session, &organization, None, &workspace.key, &workspace.name).await?;
                    workspace.key = key;
                    workspace.deleted_at = None;
                    session.suspend_workspace_server(&scope, None, act.now).await?;
                    save(session, act, &scope, &mut workspace, "workspace.undelete").await
                })
            })
            .await
    }

    /// Writes down what the server behind a workspace reports.
    pub async fn report_workspace_status(
        &self,
        caller: &Caller,
        target: (OrganizationRef, WorkspaceRef),
        report: StatusReport,
    ) -> Result<WorkspaceDetail> {
        self.store()
            .write((self.act(caller), target, report), |session, (act, target, report)| {
                Box::pin(async move {
                    let (scope, mut workspace) =
                        live(session, act, target, Permission::OperateWorkspace).await?;
                    if let Some(status) = report.status {
                        workspace.observe(status, report.generation, act.now)?;
                    }
                    let details = &mut workspace.details;
                    set_status(&mut details.zenml, "zenml_service.status", report.zenml_status.as_deref())?;
                    set_status(
                        &mut details.mlflow,
                        "mlflow_service.status",
                        report.mlflow_status.as_deref(),
                    )?;
                    if let Some(usage) = &report.usage {
                        details.usage.clone_from(usage);
                    }
                    save(session, act, &scope, &mut workspace, "workspace.report").await
                })
            })
            .await
    }
}

/// Makes the workspace, its default project and its owner's grant, in a transaction that has the organization locked.
pub(crate) async fn make(
    session: &dyn Session,
    scope: &Writable<OrganizationScope>,
    act: &Act,
    new: &NewWorkspace,
    owner: PrincipalId,
) -> Result<Workspace> {
    let name = text::name("name", &new.name, NAME_MAX)?;
    let wanted = new.key.as_deref().map(|key| text::key("key", key)).transpose()?;
    let slug = text::slug(&name, "workspace");
    let key = free_key(session, scope, wanted.as_deref(), &slug, &name).await?;
    let id = match new.id {
        Some(id) if id.as_uuid().is_nil() || session.id_is_taken(id.as_uuid()).await? => {
            let taken = Error::new(Kind::AlreadyExists, "workspace.id_taken", "the id is taken");
            return Err(taken.about("workspace", id.to_string()));
        }
        Some(id) => id,
        None => WorkspaceId::generate(&*act.ids),
    };
    let mut workspace = Workspace {
        id,
        organization: scope.organization(),
        key,
        name,
        description: None,
        labels: Vec::new(),
        bounding_box: None,
        coordinate_system: None,
        is_default: new.is_default,
        is_active: true,
        lifecycle: Lifecycle::new(act.now),
        owner,
        project_count: 0,
        details: Details { is_enrolled: new.is_enrolled, ..Details::default() },
        version: 1,
        created_at: act.now,
        created_by: act.caller.principal,
        updated_at: act.now,
        updated_by: act.caller.principal,
        deleted_at: None,
    };
    apply(&mut workspace, &new.fields, act.now)?;
    if new.is_enrolled && new.fields.desired_state.is_none() {
        workspace.desire(State::Available, act.now)?;
    }
    session.insert_workspace(scope, &workspace).await?;
    let owners = role::builtin(session, scope, BuiltinRole::WorkspaceOwner).await?;
    grant::give(session, act, scope, Subject::Principal(owner), &owners, Scope::Workspace(id)).await?;
    let project = Project {
        id: ProjectId::generate(&*act.ids),
        key: "default".to_owned(),
        name: "Default".to_owned(),
        is_default: true,
        created_at: act.now,
        created_by: act.caller.principal,
    };
    session.insert_project(&authz::scope_of_new_workspace(scope, id), &project).await?;
    workspace.project_count = 1;
    Ok(workspace)
}

/// Who is to answer for a new workspace: the caller, or whom one names who may give roles in every workspace.
pub(super) async fn owner_of_new(
    session: &dyn Session,
    scope: &Writable<OrganizationScope>,
    act: &Act,
    new: &NewWorkspace,
) -> Result<PrincipalId> {
    let caller = act.caller.principal;
    let Some(owner) = new.fields.owner.filter(|owner| *owner != caller) else { return Ok(caller) };
    if !scope.in_every_workspace().contains(Permission::ManageWorkspaceUsers) {
        return Err(authz::lacking(Permission::ManageWorkspaceUsers).within(scope.organization()));
    }
    require_member(session, scope, owner).await?;
    Ok(owner)
}

/// Gives the workspace another name, another key, or both.
async fn rename(
    session: &dyn Session,
    scope: &Writable<WorkspaceScope>,
    workspace: &mut Workspace,
    change: &WorkspaceChange,
) -> Result<()> {
    let name = match &change.name {
        Some(name) => text::name("name", name, NAME_MAX)?,
        None => workspace.name.clone(),
    };
    let key = match &change.key {
        Some(key) => text::key("key", key)?,
        None => workspace.key.clone(),
    };
    require_free_name(session, &scope.organization_scope(), &name, &key, Some(workspace.id)).await?;
    (workspace.name, workspace.key) = (name, key);
    Ok(())
}

/// Makes somebody else answer for the workspace. Who did so until now keeps the role.
async fn hand_over(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<WorkspaceScope>,
    workspace: &mut Workspace,
    owner: PrincipalId,
) -> Result<()> {
    if owner == workspace.owner {
        return Ok(());
    }
    if !scope.permissions().contains(Permission::ManageWorkspaceUsers) {
        return Err(authz::lacking(Permission::ManageWorkspaceUsers).within(scope.organization()));
    }
    let organization = scope.organization_scope();
    require_member(session, &organization, owner).await?;
    let owners = role::builtin(session, &organization, BuiltinRole::WorkspaceOwner).await?;
    authz::require_to_hold(scope.permissions(), owners.permissions)?;
    let (subject, at) = (Subject::Principal(owner), Scope::Workspace(workspace.id));
    let held = session.grants_of(&organization, &subject, &at).await?;
    if !held.iter().any(|grant| grant.role == owners.id) {
        grant::give(session, act, &organization, subject, &owners, at).await?;
    }
    workspace.owner = owner;
    Ok(())
}

async fn require_member(
    session: &dyn Session,
    scope: &OrganizationScope,
    principal: PrincipalId,
) -> Result<()> {
    if session.is_active_member(scope, principal).await? {
        return Ok(());
    }
    Err(Error::invalid("owner", "unknown", "expected a user who belongs to the organization"))
}

async fn live(
    session: &dyn Session,
    act: &Act,
    (organization, workspace): &(OrganizationRef, WorkspaceRef),
    needed: Permission,
) -> Result<(Writable<WorkspaceScope>, Workspace)> {
    let target = (organization, workspace);
    let scope = authz::require_workspace_change(session, &act.caller, needed, target, View::Both).await?;
    let workspace = require_live(session, &scope).await?;
    Ok((scope, workspace))
}

pub(super) async fn save(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<WorkspaceScope>,
    workspace: &mut Workspace,
    action: &'static str,
) -> Result<WorkspaceDetail> {
    workspace.version += 1;
    workspace.updated_at = act.now;
    workspace.updated_by = act.caller.principal;
    session.update_workspace(scope, workspace).await?;
    let targets = vec![Target::new("workspace", workspace.id.as_uuid())];
    act.record(session, scope.organization(), action, targets).await?;
    detail(session, scope).await
}

pub(super) fn set_status(
    service: &mut Option<Service>,
    field: &'static str,
    status: Option<&str>,
) -> Result<()> {
    let Some(text) = status else { return Ok(()) };
    let status = Some(checked_document(field, text)?);
    match service {
        Some(service) => service.status = status,
        None => *service = Some(Service { configuration: "{}".to_owned(), secrets: None, status }),
    }
    Ok(())
}
