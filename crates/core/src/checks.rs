//! Asking for a permission without doing anything: for dialects that must say *no* before they say *wrong*, and for
//! services that ask on behalf of others.

use crate::Core;
use crate::authz::{self, Needed, OrganizationRef, Place, View, WorkspaceRef};
use crate::caller::Caller;
use crate::error::Result;
use crate::permission::{Level, Permission, PermissionSet};

impl Core {
    /// Whether the caller may do this to the server.
    pub async fn check_server(&self, caller: &Caller, permission: Permission) -> Result<()> {
        self.store()
            .point((caller.clone(), permission), |session, (caller, permission)| {
                Box::pin(
                    async move { authz::require_server(&authz::server(session, caller).await?, *permission) },
                )
            })
            .await
    }

    /// Whether the caller may do this in the organization; without a permission, whether it may know the organization.
    pub async fn check_organization(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        permission: Option<Permission>,
        view: View,
    ) -> Result<()> {
        self.store()
            .point(
                (caller.clone(), organization, permission, view),
                |session, (caller, organization, permission, view)| {
                    Box::pin(async move {
                        match permission {
                            Some(needed) => {
                                authz::require(session, caller, *needed, organization, *view).await
                            }
                            None => authz::enter(session, caller, organization, *view).await,
                        }
                        .map(drop)
                    })
                },
            )
            .await
    }

    /// Whether the caller has what is needed at the place.
    pub async fn check_at(&self, caller: &Caller, place: Place, needed: Needed) -> Result<()> {
        self.store()
            .point((caller.clone(), place, needed), |session, (caller, place, needed)| {
                Box::pin(async move { authz::require_at(session, caller, *needed, place).await.map(drop) })
            })
            .await
    }

    /// Whether the caller may do this in the workspace.
    pub async fn check_workspace(
        &self,
        caller: &Caller,
        target: (OrganizationRef, WorkspaceRef),
        permission: Permission,
        view: View,
    ) -> Result<()> {
        self.store()
            .point(
                (caller.clone(), target, permission, view),
                |session, (caller, target, permission, view)| {
                    Box::pin(async move {
                        let target = (&target.0, &target.1);
                        authz::require_workspace(session, caller, *permission, target, *view).await.map(drop)
                    })
                },
            )
            .await
    }

    /// What the caller holds in the organization, and by that in everything in it.
    pub async fn held_in_organization(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
    ) -> Result<PermissionSet> {
        self.store()
            .point((caller.clone(), organization), |session, (caller, organization)| {
                Box::pin(async move {
                    let scope = authz::enter(session, caller, organization, View::Both).await?;
                    Ok(scope.permissions().intersection(PermissionSet::everything_at(Level::Organization)))
                })
            })
            .await
    }

    /// What the caller holds in the workspace, which it must be able to read. A permission of a wider level is not held
    /// in a workspace, even where it is held on the way there.
    pub async fn held_in_workspace(
        &self,
        caller: &Caller,
        target: (OrganizationRef, WorkspaceRef),
    ) -> Result<PermissionSet> {
        self.store()
            .point((caller.clone(), target), |session, (caller, target)| {
                Box::pin(async move {
                    let needed = Permission::ReadWorkspace;
                    let target = (&target.0, &target.1);
                    let scope = authz::require_workspace(session, caller, needed, target, View::Both).await?;
                    Ok(scope.permissions().intersection(PermissionSet::everything_at(Level::Workspace)))
                })
            })
            .await
    }
}
