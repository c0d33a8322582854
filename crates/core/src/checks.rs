//! Asking for a permission without doing anything: for dialects that must say *no* before they say *wrong*, and for
//! services that ask on behalf of others.

use crate::Core;
use crate::authz::{self, OrganizationRef, View, WorkspaceRef};
use crate::caller::Caller;
use crate::error::Result;
use crate::permission::Permission;

impl Core {
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
}
