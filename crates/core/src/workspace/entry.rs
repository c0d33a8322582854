//! May somebody use the server behind a workspace: what such a server asks with the credential of who came to it.

use super::service::require_open;
use crate::Core;
use crate::authz::{self, OrganizationRef, View, WorkspaceRef};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::ids::WorkspaceId;
use crate::permission::Permission;
use crate::principal::Principal;

/// Somebody who may use the server behind a workspace.
#[derive(Clone, Debug)]
pub struct Entrant {
    /// Who it is.
    pub principal: Principal,
    /// Whether it runs the control plane.
    pub administers_server: bool,
    /// Where a picture of the person is.
    pub avatar_url: Option<String>,
}

impl Core {
    /// Whether the caller may use the server behind a workspace.
    ///
    /// # Errors
    /// Hidden if the caller may not even know the workspace, `Kind::Forbidden` while it is deactivated.
    pub async fn authorize_server(&self, caller: &Caller, workspace: WorkspaceId) -> Result<Entrant> {
        self.store()
            .point((caller.clone(), workspace), |session, (caller, workspace)| {
                Box::pin(async move {
                    let organization = session.organization_of(&authz::Thing::Workspace(*workspace)).await?;
                    let organization = organization.ok_or_else(|| Error::hidden("workspace"))?;
                    let target = (&OrganizationRef::Id(organization), &WorkspaceRef::Id(*workspace));
                    let needed = Permission::ReadWorkspace;
                    let scope = authz::require_workspace(session, caller, needed, target, View::Both).await?;
                    require_open(session, &scope).await?;
                    // The server knows people by their ids alone and asks about all of their rights.
                    if caller.narrowing.permissions.is_some() {
                        let message =
                            "this credential is limited, which the server of a workspace does not know";
                        return Err(Error::forbidden(message).within(organization));
                    }
                    let people = session.people(&scope, &[caller.principal]).await?;
                    let server = authz::server(session, caller).await?;
                    let administers_server = authz::require_server(&server, Permission::ManageServer).is_ok();
                    // Who runs the server need not belong to the organization.
                    let principal = match people.get(&caller.principal) {
                        Some(known) => Some((**known).clone()),
                        None => session.find_account(&server, caller.principal).await?,
                    };
                    let principal = principal.ok_or_else(Error::bad_credential)?;
                    let own = session.find_user_account(&server, caller.principal).await?;
                    let avatar_url = own.and_then(|account| account.profile.avatar_url);
                    Ok(Entrant { principal, administers_server, avatar_url })
                })
            })
            .await
    }
}
