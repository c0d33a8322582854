//! Use cases that change workspaces.

use super::change::{WorkspaceChange, apply};
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
    /// An id of the client's own.
    pub id: Option<WorkspaceId>,
    /// A key of the client's own; made from the name if absent.
    pub key: Option<String>,
    /// The name, 1 to 60 characters.
    pub name: String,
    /// Whether it is the organization's default one. Only made with the organization.
    pub is_default: bool,
    /// The rest.
    pub fields: WorkspaceChange,
}

/// What the server behind a workspace, or who runs it, reports.
#[derive(Clone, Debug, Default)]
pub struct StatusReport {
    /// What the workspace is.
    pub status: Option<State>,
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
        self.store()
            .write((self.act(caller), organization, new), |session, (act, organization, new)| {
                Box::pin(async move {
                    let needed = Permission::CreateWorkspace;
                    let scope =
                        authz::require_change(session, &act.caller, needed, organization, View::Both).await?;
                    let made = make(session, &scope, act, new, act.caller.principal).await?;
                    let id = made.id;
                    let targets = vec![Target::new("workspace", id.as_uuid())];
                    act.record(session, scope.organization(), "workspace.create", targets).await?;
                    detail(session, &authz::scope_of_new_workspace(&scope, id)).await
                })
            })
            .await
    }

    /// Changes a workspace. What leaves everything as it is, is no change and raises no version.
    pub async fn update_workspace(
        &self,
        caller: &Caller,
        target: (OrganizationRef, WorkspaceRef),
        change: WorkspaceChange,
    ) -> Result<WorkspaceDetail> {
        self.store()
            .write((self.act(caller), target, change), |session, (act, target, change)| {
                Box::pin(async move {
                    let needed = match &change.preferences {
                        Some(_) => Permission::UpdateWorkspacePreferences,
                        None => Permission::UpdateWorkspace,
                    };
                    let (scope, mut workspace) = live(session, act, target, needed).await?;
                    version::require(Seen::Workspace, workspace.version, change.expected_version.as_ref())?;
                    let before = workspace.clone();
                    if let Some(name) = &change.name {
                        let name = text::name("name", name, NAME_MAX)?;
                        let key = workspace.key.clone();
                        require_free_name(
                            session,
                            &scope.organization_scope(),
                            &name,
                            &key,
                            Some(workspace.id),
                        )
                        .await?;
                        workspace.name = name;
                    }
                    apply(&mut workspace, change)?;
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
        let data = (self.act(caller), target, new_name, expected_version);
        self.store()
            .write(data, |session, (act, target, new_name, expected)| {
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
                    if let Some(name) = new_name {
                        workspace.name = text::name("name", name, NAME_MAX)?;
                    }
                    let key = free_key(session, &organization, None, &workspace.key, &workspace.name).await?;
                    workspace.key = key;
                    workspace.deleted_at = None;
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
                        workspace.lifecycle.status = status;
                        workspace.lifecycle.changed_at = act.now;
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
    let lifecycle = Lifecycle {
        desired: State::NotInitialized,
        reason: "user_action".to_owned(),
        status: State::NotInitialized,
        changed_at: act.now,
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
        lifecycle,
        owner,
        project_count: 0,
        details: Details::default(),
        version: 1,
        created_at: act.now,
        created_by: act.caller.principal,
        updated_at: act.now,
        updated_by: act.caller.principal,
        deleted_at: None,
    };
    apply(&mut workspace, &new.fields)?;
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

async fn save(
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

fn set_status(service: &mut Option<Service>, field: &'static str, status: Option<&str>) -> Result<()> {
    let Some(text) = status else { return Ok(()) };
    let status = Some(checked_document(field, text)?);
    match service {
        Some(service) => service.status = status,
        None => *service = Some(Service { configuration: "{}".to_owned(), status }),
    }
    Ok(())
}
