//! Use cases of invitations.

use super::{Invitation, InvitationField, Offer, make};
use crate::Core;
use crate::authz::{self, OrganizationRef, View, WorkspaceRef};
use crate::caller::Caller;
use crate::credential::{Secret, TokenKind};
use crate::error::Result;
use crate::grant::{self, RoleName, Scope};
use crate::page::{Page, PageRequest};
use crate::permission::{BuiltinRole, Permission};
use crate::role;
use crate::workspace;

impl Core {
    /// The invitations to a workspace that wait for an answer.
    pub async fn list_workspace_invitations(
        &self,
        caller: &Caller,
        target: (OrganizationRef, WorkspaceRef),
        page: PageRequest<InvitationField>,
    ) -> Result<Page<Invitation>> {
        let data = (self.act(caller), target, page);
        self.store()
            .scan(data, |session, (act, (organization, workspace), page)| {
                Box::pin(async move {
                    let target = (organization, workspace);
                    let needed = Permission::ReadWorkspaceInvitations;
                    let scope =
                        authz::require_workspace(session, &act.caller, needed, target, View::Both).await?;
                    session.list_workspace_invitations(&scope, act.now, page).await
                })
            })
            .await
    }

    /// Invites an address to a workspace; without roles, as viewer. The secret is shown this once.
    pub async fn invite_to_workspace(
        &self,
        caller: &Caller,
        target: (OrganizationRef, WorkspaceRef),
        email: String,
        roles: Vec<RoleName>,
    ) -> Result<(Invitation, Secret)> {
        let secret = self.invitation_secret();
        let data = (self.act(caller), target, email, roles, self.settings().clone(), secret.clone());
        let invitation = self
            .store()
            .write(data, |session, (act, (organization, workspace), email, roles, settings, secret)| {
                Box::pin(async move {
                    let target = (organization, workspace);
                    let needed = Permission::ManageWorkspaceInvitations;
                    let scope =
                        authz::require_workspace_change(session, &act.caller, needed, target, View::Both)
                            .await?;
                    workspace::require_live(session, &scope).await?;
                    let default = [RoleName::Builtin(BuiltinRole::WorkspaceViewer)];
                    let wanted = if roles.is_empty() { &default[..] } else { roles };
                    let roles = grant::resolve(session, &scope, wanted).await?;
                    let at = Scope::Workspace(scope.workspace());
                    let offer = Offer { email: email.clone(), roles, at, secret };
                    make(session, act, &scope.organization_scope(), &offer, settings).await
                })
            })
            .await?;
        Ok((invitation, secret))
    }

    /// Invites an address to an organization with a built-in role. The secret is shown this once.
    pub async fn invite_to_organization(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        email: String,
        role: BuiltinRole,
    ) -> Result<(Invitation, Secret)> {
        let secret = self.invitation_secret();
        let data = (self.act(caller), organization, email, role, self.settings().clone(), secret.clone());
        let invitation = self
            .store()
            .write(data, |session, (act, organization, email, role, settings, secret)| {
                Box::pin(async move {
                    let needed = Permission::ManageOrganizationInvitations;
                    let scope =
                        authz::require_change(session, &act.caller, needed, organization, View::Both).await?;
                    authz::require_to_hold(scope.permissions(), role.permissions())?;
                    let role = role::builtin(session, &scope, *role).await?;
                    let offer =
                        Offer { email: email.clone(), roles: vec![role], at: Scope::Organization, secret };
                    make(session, act, &scope, &offer, settings).await
                })
            })
            .await?;
        Ok((invitation, secret))
    }

    pub(crate) fn invitation_secret(&self) -> Secret {
        Secret::random(TokenKind::Invitation, self.entropy())
    }
}
