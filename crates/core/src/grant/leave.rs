//! Leaving an organization: everything that a person holds in it ends at once, and nothing is left without an owner.

use super::service::require_version;
use super::{Scope, Subject, give, require_an_owner, require_not_account_owner};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{self, OrganizationRef, OrganizationScope, PlaceScope, View, Writable};
use crate::caller::Caller;
use crate::error::{Error, Kind, Result};
use crate::ids::{PrincipalId, WorkspaceId};
use crate::invitation::InvitationStatus;
use crate::organization::Organization;
use crate::permission::{BuiltinRole, Permission};
use crate::role;
use crate::store::Session;
use crate::text;
use crate::version::Versions;

/// What became of what a person had in an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    /// The organization.
    pub organization: crate::ids::OrganizationId,
    /// How many workspaces the person had a role in.
    pub workspaces: u64,
    /// Workspaces that nobody else owned: the organization's owner owns them now.
    pub handed_over: Vec<LeftWorkspace>,
    /// How many API keys of the organization ended.
    pub api_keys: u64,
}

/// A workspace that one person alone owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftWorkspace {
    /// Its id.
    pub id: WorkspaceId,
    /// What it is called.
    pub name: String,
    /// Whether it is not deleted.
    pub is_live: bool,
}

impl Core {
    /// Removes a person from an organization: every role in it and in its workspaces, every team, every key for it, and every
    /// invitation to it that waits for them. While
    /// the person alone owns a workspace it needs `force`, by which those go to the organization's owner.
    pub async fn remove_organization_user(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        user: PrincipalId,
        expected_version: Option<Versions>,
        force: bool,
    ) -> Result<Departure> {
        self.store()
            .write(
                (self.act(caller), organization, user, expected_version, force),
                |session, (act, organization, user, expected, force)| {
                    Box::pin(async move {
                        let needed = Permission::ManageOrganizationUsers;
                        let scope =
                            authz::require_change(session, &act.caller, needed, organization, View::Both)
                                .await?;
                        let place = PlaceScope::Organization((*scope).clone());
                        require_version(session, &place, *user, expected.as_ref()).await?;
                        leave(session, act, &scope, *user, *force).await
                    })
                },
            )
            .await
    }
}

/// Ends everything that the person has in the organization; see [`Core::remove_organization_user`].
pub(crate) async fn leave(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<OrganizationScope>,
    user: PrincipalId,
    force: bool,
) -> Result<Departure> {
    let person = session.people(scope, &[user]).await?.remove(&user);
    let person = person.filter(|person| !person.is_service_account());
    let person = person.ok_or_else(|| Error::not_found("user"))?;
    let left = depart(session, act, scope, (user, "organization_user.remove"), force).await?;
    if let Some(email) = &person.email {
        withdraw_invitations(session, act, scope, email).await?;
    }
    Ok(left)
}

/// Withdraws what the organization offers to the address: whoever was removed would come back by it.
async fn withdraw_invitations(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<OrganizationScope>,
    email: &str,
) -> Result<()> {
    let folded = text::fold(email);
    for (invitation, _) in session.pending_invitations(scope, &folded, act.now).await? {
        session.end_invitation(scope, invitation, InvitationStatus::Revoked).await?;
        let targets = vec![Target::new("invitation", invitation.as_uuid())];
        act.record(session, scope.organization(), "invitation.revoke", targets).await?;
    }
    Ok(())
}

/// The same for a principal of any kind, recorded under the action.
pub(crate) async fn depart(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<OrganizationScope>,
    (user, action): (PrincipalId, &'static str),
    force: bool,
) -> Result<Departure> {
    require_not_account_owner(session, scope, user).await?;
    let roles = session.roles_held(scope, user).await?;
    for role in &roles {
        authz::require_to_hold(scope.permissions(), role.rights())?;
    }
    let organization = session.find_organization(scope).await?;
    let organization = organization.ok_or_else(|| Error::hidden("organization"))?;
    let owned = session.owned_alone(scope, user).await?;
    if !force && owned.iter().any(|workspace| workspace.is_live) {
        return Err(last_owner(&owned));
    }
    hand_over(session, act, scope, &organization, &owned).await?;
    let workspaces = session.end_membership(scope, user, organization.owner).await?;
    if roles.iter().any(|role| role.builtin == Some(BuiltinRole::OrganizationOwner)) {
        require_an_owner(session, scope, Scope::Organization).await?;
    }
    let api_keys = session.revoke_credentials_of_member(scope, user, act.now).await?;
    let targets = [Target::new("principal", user.as_uuid())];
    let handed_over = owned.iter().map(|workspace| Target::new("workspace", workspace.id.as_uuid()));
    let targets = targets.into_iter().chain(handed_over).collect();
    act.record(session, organization.id, action, targets).await?;
    Ok(Departure { organization: organization.id, workspaces, handed_over: owned, api_keys })
}

async fn hand_over(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<OrganizationScope>,
    organization: &Organization,
    owned: &[LeftWorkspace],
) -> Result<()> {
    if owned.is_empty() {
        return Ok(());
    }
    let owners = role::builtin(session, scope, BuiltinRole::WorkspaceOwner).await?;
    for workspace in owned {
        let heir = Subject::Principal(organization.owner);
        give(session, act, scope, heir, &owners, Scope::Workspace(workspace.id)).await?;
    }
    Ok(())
}

fn last_owner(owned: &[LeftWorkspace]) -> Error {
    let live = owned.iter().filter(|workspace| workspace.is_live);
    let ids: Vec<_> = live.map(|workspace| workspace.id.to_string()).collect();
    let mut error = Error::new(
        Kind::Precondition,
        "member.last_owner",
        "workspaces would be left without an owner; use force to hand them to the organization's owner",
    );
    error.metadata.push(("workspaces", ids.join(",")));
    error
}
