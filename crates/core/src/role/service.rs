//! Use cases of roles.

use super::{Role, RoleField};
use crate::Core;
use crate::audit::Target;
use crate::authz::{self, OrganizationRef, View, WorkspaceRef};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::ids::RoleId;
use crate::page::{Page, PageRequest};
use crate::permission::{Level, Permission, PermissionSet};
use crate::text;

/// What a new custom role is made of.
#[derive(Clone, Debug)]
pub struct NewRole {
    /// The level at which it is to be granted.
    pub level: Level,
    /// What it is called, 1 to 60 characters.
    pub title: String,
    /// Free text.
    pub description: Option<String>,
    /// What it holds: at its level or below, and nothing that its maker lacks.
    pub permissions: PermissionSet,
}

impl Core {
    /// The roles that can be granted in a workspace.
    pub async fn list_workspace_roles(
        &self,
        caller: &Caller,
        target: (OrganizationRef, WorkspaceRef),
        page: PageRequest<RoleField>,
    ) -> Result<Page<Role>> {
        self.store()
            .scan((caller.clone(), target, page), |session, (caller, (organization, workspace), page)| {
                Box::pin(async move {
                    let target = (organization, workspace);
                    let needed = Permission::ReadWorkspaceRoles;
                    let scope = authz::require_workspace(session, caller, needed, target, View::Both).await?;
                    session.list_workspace_roles(&scope, page).await
                })
            })
            .await
    }

    /// Makes a custom role of an organization, grantable on the organization or in its workspaces.
    pub async fn create_role(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        new: NewRole,
    ) -> Result<Role> {
        self.store()
            .write((self.act(caller), organization, new), |session, (act, organization, new)| {
                Box::pin(async move {
                    let needed = Permission::ManageOrganizationRoles;
                    let scope =
                        authz::require_change(session, &act.caller, needed, organization, View::Both).await?;
                    let role = Role {
                        id: RoleId::generate(&*act.ids),
                        organization: scope.organization(),
                        workspace: None,
                        level: new.level,
                        builtin: None,
                        title: text::name("title", &new.title, 60)?,
                        description: match &new.description {
                            Some(text) => text::prose("description", text, text::DESCRIPTION_MAX)?,
                            None => None,
                        },
                        permissions: checked_permissions(new)?,
                        version: 1,
                        created_at: act.now,
                        updated_at: act.now,
                    };
                    authz::require_to_hold(scope.permissions(), role.permissions)?;
                    session.insert_role(&scope, &role).await?;
                    let targets = vec![Target::new("role", role.id.as_uuid())];
                    act.record(session, scope.organization(), "role.create", targets).await?;
                    Ok(role)
                })
            })
            .await
    }
}

fn checked_permissions(new: &NewRole) -> Result<PermissionSet> {
    if new.level == Level::Server {
        return Err(Error::invalid(
            "level",
            "unsupported",
            "custom roles are made for organizations and workspaces",
        ));
    }
    let too_wide = new.permissions.difference(PermissionSet::everything_at(new.level));
    match too_wide.iter().next() {
        None => Ok(new.permissions),
        Some(permission) => Err(Error::invalid(
            "permissions",
            "level",
            format!("{} cannot be held at the level of this role", permission.name()),
        )),
    }
}
