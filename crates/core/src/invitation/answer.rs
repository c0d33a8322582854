//! Use cases of who is invited: to accept, or to decline.

use super::service::{closed, detail};
use super::{Invitation, InvitationDetail, InvitationStatus};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{self, Needed, OrganizationRef, OrganizationScope, Writable};
use crate::caller::Caller;
use crate::credential::Secret;
use crate::error::{Error, Kind, Result};
use crate::grant::Subject;
use crate::ids::InvitationId;
use crate::permission::PermissionSet;
use crate::resource::{ContentRights, Rights};
use crate::role::Role;
use crate::store::Session;
use crate::throttle::{Attempts, Purpose};

impl Core {
    /// Accepts an invitation as who is signed in with its address: what it offers is the caller's from then on. A secret
    /// need not be given, but where the address is hearsay; one that is must be the right one.
    pub async fn accept_invitation(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        id: InvitationId,
        secret: Option<String>,
    ) -> Result<InvitationDetail> {
        self.answer(caller, organization, (id, secret), InvitationStatus::Accepted).await
    }

    /// Declines an invitation as who is signed in with its address.
    pub async fn decline_invitation(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        id: InvitationId,
        secret: Option<String>,
    ) -> Result<InvitationDetail> {
        self.answer(caller, organization, (id, secret), InvitationStatus::Declined).await
    }

    /// What is offered to the caller by an invitation, answered or not, for who is signed in with its address, and shows its
    /// secret where that is needed.
    pub async fn get_offer(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        id: InvitationId,
        secret: Option<&str>,
    ) -> Result<InvitationDetail> {
        let data = (caller.clone(), organization, id, secret.and_then(hash_of));
        self.store()
            .point(data, |session, (caller, organization, id, hash)| {
                Box::pin(async move {
                    let found = authz::invited(session, caller, organization, (*id, hash.as_ref())).await?;
                    let (scope, invitation) = found.ok_or_else(|| Error::hidden("invitation"))?;
                    detail(session, &scope, invitation).await
                })
            })
            .await
    }

    async fn answer(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        (id, secret): (InvitationId, Option<String>),
        status: InvitationStatus,
    ) -> Result<InvitationDetail> {
        let hash = secret.map(|text| hash_of(&text));
        let attempts = Attempts::new(Purpose::Invitation, &id.to_string(), caller.source);
        let data = (self.act(caller), organization, id, hash, status);
        let answering = self.store().write(data, |session, (act, organization, id, hash, status)| {
            Box::pin(async move {
                let shown = (*id, hash.as_ref().and_then(Option::as_ref));
                let (scope, invitation) =
                    authz::invited_change(session, &act.caller, organization, shown).await?;
                if !invitation.is_open(act.now) {
                    return Err(closed());
                }
                if let Some(hash) = hash
                    && !matches!(hash, Some(hash) if session.invitation_has_secret(&scope, *id, hash).await?)
                {
                    return Err(authz::wrong_secret());
                }
                let mut answered = detail(session, &scope, invitation).await?;
                if *status == InvitationStatus::Accepted {
                    require_a_standing_offer(session, &scope, &answered).await?;
                    session.redeem_grants(&scope, *id, act.caller.principal).await?;
                    session.redeem_teams(&scope, *id, act.caller.principal, act.now).await?;
                }
                session.end_invitation(&scope, *id, *status).await?;
                answered.invitation.status = *status;
                record(session, act, &scope, &answered.invitation).await?;
                Ok(answered)
            })
        });
        self.throttled(&attempts, answering).await
    }
}

/// The hash of a secret; none for what cannot be one.
fn hash_of(secret: &str) -> Option<[u8; 32]> {
    Secret::parse(secret).map(|secret| secret.hash())
}

/// The offer stands while its maker may still make it, and there is something to enter.
pub(super) async fn require_a_standing_offer(
    session: &dyn Session,
    scope: &Writable<OrganizationScope>,
    offered: &InvitationDetail,
) -> Result<()> {
    let invitation = &offered.invitation;
    if offered.roles.is_empty() || (invitation.workspace.is_some() && offered.workspace_name.is_none()) {
        return Err(closed());
    }
    let held = session.holdings(invitation.invited_by, scope.organization(), invitation.workspace).await?;
    let wide = held.server.union(held.organization);
    let (all, invite, manage) = match invitation.workspace {
        None => (wide, Needed::MANAGE_INVITATIONS.organization, Needed::MANAGE_USERS.organization),
        Some(_) => {
            (wide.union(held.workspace), Needed::MANAGE_INVITATIONS.workspace, Needed::MANAGE_USERS.workspace)
        }
    };
    let all = if held.suspended { PermissionSet::NONE } else { all };
    let inside = match invitation.workspace {
        Some(workspace) => session.inside_rights(scope, workspace, invitation.invited_by).await?.everywhere,
        None => ContentRights::NONE,
    };
    let content = Rights { permissions: all, content: inside }.all_content();
    let may_invite = all.contains(invite) || all.contains(manage);
    let by_teams = session.roles_of_teams_of(scope, invitation.id).await?;
    let mut offers = offered.roles.iter().chain(&by_teams);
    let still_held = |role: &Role| all.includes(role.permissions) && content.includes(&role.content);
    let shared = session.shared_with(scope, &Subject::Invitation(invitation.id)).await?;
    let may_share = ContentRights::implied_by(wide).includes(&shared);
    if may_invite && offers.all(still_held) && may_share {
        return Ok(());
    }
    Err(Error::new(
        Kind::Precondition,
        "invitation.inviter",
        "who made the invitation may not offer this any more; ask for another one",
    ))
}

async fn record(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<OrganizationScope>,
    invitation: &Invitation,
) -> Result<()> {
    let action = match invitation.status {
        InvitationStatus::Accepted => "invitation.accept",
        _ => "invitation.decline",
    };
    let targets = vec![
        Target::new("invitation", invitation.id.as_uuid()),
        Target::new("principal", act.caller.principal.as_uuid()),
    ];
    act.record(session, scope.organization(), action, targets).await
}
