//! Use cases of who invites: to see invitations, to make them, to withdraw them, to send them again.

use super::seen::record;
use super::{
    Invitation, InvitationDetail, InvitationField, InvitationRecord, InvitationStatus, Offer, expiry, make,
    send,
};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{
    self, Needed, OrganizationRef, OrganizationScope, Place, PlaceScope, WorkspaceRef, Writable,
};
use crate::caller::Caller;
use crate::credential::{Secret, TokenKind};
use crate::error::{Error, Kind, Result};
use crate::filter::ListQuery;
use crate::grant::{self, RoleName, Subject};
use crate::ids::InvitationId;
use crate::page::Page;
use crate::permission::BuiltinRole;
use crate::resource;
use crate::role;
use crate::store::Session;

impl Core {
    /// The invitations to a place that wait for an answer.
    pub async fn list_invitations(
        &self,
        caller: &Caller,
        place: impl Into<Place>,
        query: impl Into<ListQuery<InvitationField>>,
    ) -> Result<Page<Invitation>> {
        self.store()
            .scan((self.act(caller), place.into(), query.into()), |session, (act, place, query)| {
                Box::pin(async move {
                    let scope =
                        authz::require_at(session, &act.caller, Needed::READ_INVITATIONS, place).await?;
                    session.list_invitations(&scope, act.now, query).await
                })
            })
            .await
    }

    /// Invites an address to an organization or a workspace; without roles as member or viewer. The invitation is mailed;
    /// without a mail server its secret is shown this once.
    pub async fn invite(
        &self,
        caller: &Caller,
        place: impl Into<Place>,
        email: String,
        roles: Vec<RoleName>,
    ) -> Result<(Invitation, Option<Secret>)> {
        let (made, secret) = self.invite_and_show(caller, place, email, roles).await?;
        Ok((made.invitation, secret))
    }

    /// The same, with what stands around the invitation: who may invite need not be allowed to read it afterwards.
    pub async fn invite_and_show(
        &self,
        caller: &Caller,
        place: impl Into<Place>,
        email: String,
        roles: Vec<RoleName>,
    ) -> Result<(InvitationRecord, Option<Secret>)> {
        let secret = self.invitation_secret();
        let means = (self.settings().clone(), self.post());
        let data = (self.act(caller), place.into(), email, roles, means, secret);
        self.store()
            .write(data, |session, (act, place, email, roles, (settings, post), secret)| {
                Box::pin(async move {
                    let needed = Needed::MANAGE_INVITATIONS;
                    let scope = authz::require_change_at(session, &act.caller, needed, place).await?;
                    let default = match scope.workspace() {
                        None => BuiltinRole::OrganizationMember,
                        Some(_) => BuiltinRole::WorkspaceViewer,
                    };
                    let default = [RoleName::Builtin(default)];
                    let wanted = if roles.is_empty() { &default[..] } else { roles };
                    let roles = grant::resolve(session, &scope, wanted).await?;
                    let offer = Offer { email: email.clone(), roles, secret };
                    let (made, shown) = make(session, act, &scope, &offer, (settings, post)).await?;
                    Ok((record(session, act, &scope, made).await?, shown))
                })
            })
            .await
    }

    /// Withdraws a pending invitation to the place; its secret is worth nothing from then on.
    pub async fn cancel_invitation(
        &self,
        caller: &Caller,
        place: impl Into<Place>,
        id: InvitationId,
    ) -> Result<()> {
        self.store()
            .write((self.act(caller), place.into(), id), |session, (act, place, id)| {
                Box::pin(async move {
                    let needed = Needed::MANAGE_INVITATIONS;
                    let scope = authz::require_change_at(session, &act.caller, needed, place).await?;
                    let found = session.find_invitation(&scope, *id).await?;
                    let found =
                        found.filter(|found| found.workspace == scope.workspace() && found.is_open(act.now));
                    found.ok_or_else(|| Error::not_found("invitation"))?;
                    let organization = scope.organization_scope();
                    session.end_invitation(&organization, *id, InvitationStatus::Revoked).await?;
                    let targets = vec![Target::new("invitation", id.as_uuid())];
                    act.record(session, scope.organization(), "invitation.revoke", targets).await
                })
            })
            .await
    }

    /// One invitation, answered or not: for the invitee, and for who may see invitations there.
    pub async fn get_invitation(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        id: InvitationId,
    ) -> Result<InvitationDetail> {
        self.store()
            .point((caller.clone(), organization, id), |session, (caller, organization, id)| {
                Box::pin(async move {
                    if let Some((scope, invitation)) =
                        authz::invited(session, caller, organization, (*id, None)).await?
                    {
                        return detail(session, &scope, invitation).await;
                    }
                    let needed = Needed::READ_INVITATIONS;
                    let at = Place::Organization(organization.clone());
                    let (scope, invitation) = match authz::require_at(session, caller, needed, &at).await {
                        Ok(scope) => {
                            let found = session.find_invitation(&scope, *id).await?;
                            (scope, found.ok_or_else(|| Error::not_found("invitation"))?)
                        }
                        Err(refused) => {
                            let place = place_of(session, caller, organization, *id).await?;
                            let place = place.ok_or(refused)?;
                            let scope = authz::require_at(session, caller, needed, &place).await;
                            let scope = scope.map_err(|_| authz::lacking(needed.organization))?;
                            let found = session.find_invitation(&scope, *id).await?;
                            (scope, found.ok_or_else(|| Error::not_found("invitation"))?)
                        }
                    };
                    detail(session, &scope, invitation).await
                })
            })
            .await
    }

    /// Gives a pending invitation a new secret, mailed or else shown this once, and all its time again. The old secret is worth nothing
    /// from then on. The caller answers for it now, and so must hold what it offers.
    pub async fn resend_invitation(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        id: InvitationId,
    ) -> Result<(InvitationDetail, Option<Secret>)> {
        let secret = self.invitation_secret();
        let seconds = self.settings().invitation_seconds;
        let data = (self.act(caller), organization, id, secret, (seconds, self.post()));
        self.store()
            .write(data, |session, (act, organization, id, secret, (seconds, post))| {
                Box::pin(async move {
                    let (scope, mut invitation) = manage(session, act, organization, *id).await?;
                    if !invitation.is_open(act.now) {
                        return Err(closed());
                    }
                    let organization = scope.organization_scope();
                    let roles = session.offered_roles(&scope, *id).await?;
                    let by_teams = session.roles_of_teams_of(&organization, *id).await?;
                    for role in roles.iter().chain(&by_teams) {
                        role::require_to_hold(session, &scope, None, role).await?;
                    }
                    resource::require_to_hold_shares(session, &organization, Subject::Invitation(*id))
                        .await?;
                    invitation.invited_by = act.caller.principal;
                    invitation.expires_at = expiry(session, act, &scope, *seconds).await?;
                    session.renew_invitation(&organization, &invitation, &secret.hash()).await?;
                    let targets = vec![Target::new("invitation", id.as_uuid())];
                    act.record(session, scope.organization(), "invitation.resend", targets).await?;
                    let shown = send(session, act, &scope, (post, &invitation), secret).await?;
                    Ok((detail(session, &scope, invitation).await?, shown))
                })
            })
            .await
    }

    /// Marks invitations that nobody answered in time, and ends what they offered: a bounded number. Answers how many.
    pub async fn expire_invitations(&self) -> Result<u64> {
        self.store()
            .write(self.clock.now(), |session, now| Box::pin(session.expire_invitations(*now, 500)))
            .await
    }

    pub(crate) fn invitation_secret(&self) -> Secret {
        let mailed = self.post().is_delivered();
        let kind = if mailed { TokenKind::MailedInvitation } else { TokenKind::Invitation };
        Secret::random(kind, self.entropy())
    }
}

/// An invitation that cannot be answered any more.
pub(super) fn closed() -> Error {
    Error::new(Kind::Precondition, "invitation.closed", "the invitation is answered, withdrawn or expired")
}

/// An invitation that the caller may withdraw or send again, and the right to do so.
async fn manage(
    session: &dyn Session,
    act: &Act,
    organization: &OrganizationRef,
    id: InvitationId,
) -> Result<(Writable<PlaceScope>, Invitation)> {
    let needed = Needed::MANAGE_INVITATIONS;
    let at = Place::Organization(organization.clone());
    let scope = match authz::require_change_at(session, &act.caller, needed, &at).await {
        Ok(scope) => scope,
        Err(refused) => {
            let place = place_of(session, &act.caller, organization, id).await?.ok_or(refused)?;
            let scope = authz::require_change_at(session, &act.caller, needed, &place).await;
            scope.map_err(|_| authz::lacking(needed.organization))?
        }
    };
    let found = session.find_invitation(&scope, id).await?;
    let found = found.ok_or_else(|| Error::not_found("invitation"))?;
    match (found.workspace, scope.workspace()) {
        (Some(workspace), None) => {
            // Whoever administers the organization has the workspace's rights by it.
            let place = Place::Workspace(organization.clone(), WorkspaceRef::Id(workspace));
            Ok((authz::require_change_at(session, &act.caller, needed, &place).await?, found))
        }
        _ => Ok((scope, found)),
    }
}

/// The workspace that an invitation is for, as a place; none for any other, or for who may not know the organization.
async fn place_of(
    session: &dyn Session,
    caller: &Caller,
    organization: &OrganizationRef,
    id: InvitationId,
) -> Result<Option<Place>> {
    let Ok(scope) = authz::enter(session, caller, organization, authz::View::Both).await else {
        return Ok(None);
    };
    let found = session.find_invitation(&scope, id).await?;
    let workspace = found.and_then(|invitation| invitation.workspace);
    Ok(workspace.map(|id| Place::Workspace(organization.clone(), WorkspaceRef::Id(id))))
}

/// The invitation with what its reader needs to understand it.
pub(super) async fn detail(
    session: &dyn Session,
    scope: &OrganizationScope,
    invitation: Invitation,
) -> Result<InvitationDetail> {
    let organization = session.find_organization(scope).await?;
    let roles = session.offered_roles(scope, invitation.id).await?;
    let workspace_name = session.invited_workspace_name(scope, invitation.id).await?;
    Ok(InvitationDetail {
        organization_name: organization.map(|organization| organization.name).unwrap_or_default(),
        workspace_name,
        roles,
        invitation,
    })
}
