//! How invitations are seen: by who administers the organization that made them, and by who is invited.

use std::sync::Arc;

use super::{Invitation, InvitationField, InvitationStatus};
use crate::Core;
use crate::audit::Act;
use crate::authz::{self, OrganizationRef, OrganizationScope, View};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::filter::ListQuery;
use crate::ids::InvitationId;
use crate::organization::Organization;
use crate::page::Page;
use crate::permission::Permission;
use crate::principal::Principal;
use crate::role::Role;
use crate::store::Session;
use crate::text;

/// How many invitations of one's own are shown.
const OWN_MAX: u32 = 100;

/// An invitation as who administers the organization sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationRecord {
    /// The invitation. One that nobody answered in time is `Expired`, whether or not it was marked yet.
    pub invitation: Invitation,
    /// The roles that it offers; none when it is answered.
    pub roles: Vec<Role>,
    /// Who made it, as long as that one belongs to the organization.
    pub inviter: Option<Arc<Principal>>,
}

/// An invitation as who is invited sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnInvitation {
    /// The invitation.
    pub invitation: Invitation,
    /// The organization that it is to.
    pub organization: Organization,
    /// How many principals belong to the organization.
    pub member_count: u64,
    /// Who made it, as long as that one belongs to the organization.
    pub inviter: Option<Arc<Principal>>,
}

impl Core {
    /// The invitations to an organization itself, answered ones too; or only those that wait for an answer.
    pub async fn list_invitation_records(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        query: ListQuery<InvitationField>,
        only_pending: bool,
    ) -> Result<Page<InvitationRecord>> {
        let data = (self.act(caller), organization, query, only_pending);
        self.store()
            .scan(data, |session, (act, organization, query, only_pending)| {
                Box::pin(async move {
                    let needed = Permission::ReadOrganizationInvitations;
                    let scope =
                        authz::require(session, &act.caller, needed, organization, View::Both).await?;
                    let page = if *only_pending {
                        let place = authz::PlaceScope::Organization(scope.clone());
                        session.list_invitations(&place, act.now, query).await?
                    } else {
                        session.list_every_invitation(&scope, query).await?
                    };
                    let mut items = Vec::with_capacity(page.items.len());
                    for invitation in page.items {
                        items.push(record(session, act, &scope, invitation).await?);
                    }
                    Ok(Page { items, next: page.next })
                })
            })
            .await
    }

    /// The caller's own invitations that wait for an answer: the newest hundred, first of all the newest. None for who has
    /// an address by hearsay.
    pub async fn list_own_invitations(&self, caller: &Caller) -> Result<Vec<OwnInvitation>> {
        self.store()
            .scan(self.act(caller), |session, act| {
                Box::pin(async move {
                    let server = authz::server(session, &act.caller).await?;
                    let own = session.find_user_account(&server, act.caller.principal).await?;
                    let own = own.filter(|own| own.user.is_active_user() && own.owns_address());
                    let Some(email) = own.and_then(|own| own.user.email) else { return Ok(Vec::new()) };
                    let all = session.invitations_to(&server, &text::fold(&email), act.now, OWN_MAX).await?;
                    let mut shown = Vec::with_capacity(all.len());
                    for invitation in all {
                        let by = OrganizationRef::Id(invitation.organization);
                        let found = authz::invited(session, &act.caller, &by, (invitation.id, None)).await?;
                        if let Some((scope, invitation)) = found {
                            shown.push(own_invitation(session, &scope, invitation).await?);
                        }
                    }
                    Ok(shown)
                })
            })
            .await
    }

    /// One of the caller's own invitations that wait for an answer.
    pub async fn get_own_invitation(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        id: InvitationId,
    ) -> Result<OwnInvitation> {
        self.store()
            .point((self.act(caller), organization, id), |session, (act, organization, id)| {
                Box::pin(async move {
                    let hidden = || Error::hidden("invitation");
                    let found = authz::invited(session, &act.caller, organization, (*id, None)).await?;
                    let (scope, invitation) = found.ok_or_else(hidden)?;
                    if !invitation.is_open(act.now) {
                        return Err(hidden());
                    }
                    own_invitation(session, &scope, invitation).await
                })
            })
            .await
    }
}

pub(super) async fn record(
    session: &dyn Session,
    act: &Act,
    scope: &OrganizationScope,
    mut invitation: Invitation,
) -> Result<InvitationRecord> {
    if invitation.status == InvitationStatus::Pending && !invitation.is_open(act.now) {
        invitation.status = InvitationStatus::Expired;
    }
    let roles = match invitation.status {
        InvitationStatus::Pending => session.offered_roles(scope, invitation.id).await?,
        _ => Vec::new(),
    };
    let inviter = inviter(session, scope, &invitation).await?;
    Ok(InvitationRecord { invitation, roles, inviter })
}

async fn own_invitation(
    session: &dyn Session,
    scope: &OrganizationScope,
    invitation: Invitation,
) -> Result<OwnInvitation> {
    let organization = session.find_organization(scope).await?;
    let organization = organization.ok_or_else(|| Error::hidden("invitation"))?;
    let member_count = session.count_members(scope).await?;
    let inviter = inviter(session, scope, &invitation).await?;
    Ok(OwnInvitation { invitation, organization, member_count, inviter })
}

async fn inviter(
    session: &dyn Session,
    scope: &OrganizationScope,
    invitation: &Invitation,
) -> Result<Option<Arc<Principal>>> {
    Ok(session.people(scope, &[invitation.invited_by]).await?.remove(&invitation.invited_by))
}
