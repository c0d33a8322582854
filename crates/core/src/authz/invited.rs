//! Who is invited: the one way into an organization for who has no right in it yet, as far as its own invitation goes; by
//! the account of its address, or by its secret for who has none.

use super::{Located, OrganizationRef, OrganizationScope, ServerScope, Writable, server};
use crate::caller::{Caller, Narrowing};
use crate::error::{Error, Result};
use crate::ids::{InvitationId, OrganizationId, PrincipalId};
use crate::invitation::Invitation;
use crate::permission::PermissionSet;
use crate::principal::Account;
use crate::store::Session;
use crate::text;
use crate::throttle::WRONG;

/// The invitation of this id, if the caller is signed in with its address. Where that address is hearsay, only the
/// invitation's secret, of which `shown` is the hash, tells that the caller is who is meant.
pub async fn invited(
    session: &dyn Session,
    caller: &Caller,
    organization: &OrganizationRef,
    (id, shown): (InvitationId, Option<&[u8; 32]>),
) -> Result<Option<(OrganizationScope, Invitation)>> {
    let Some(located) = session.locate_organization(organization).await? else { return Ok(None) };
    addressed(session, caller, located, (id, shown)).await
}

/// The same for an invitation that is to be answered. Without it nobody learns that there is one. A credential that is
/// narrower than the account does not answer for it.
pub async fn invited_change(
    session: &dyn Session,
    caller: &Caller,
    organization: &OrganizationRef,
    (id, shown): (InvitationId, Option<&[u8; 32]>),
) -> Result<(Writable<OrganizationScope>, Invitation)> {
    let hidden = || Error::hidden("invitation");
    let located = session.locate_organization(organization).await?.ok_or_else(hidden)?;
    session.lock_organization(located.organization).await?;
    let found = addressed(session, caller, located, (id, shown)).await?;
    let (scope, invitation) = found.ok_or_else(|| hidden().within(located.organization))?;
    if caller.narrowing != Narrowing::default() {
        return Err(Error::forbidden("this credential is limited and may not answer invitations"));
    }
    Ok((Writable(scope), invitation))
}

async fn addressed(
    session: &dyn Session,
    caller: &Caller,
    Located { organization, version }: Located,
    (id, shown): (InvitationId, Option<&[u8; 32]>),
) -> Result<Option<(OrganizationScope, Invitation)>> {
    if !caller.narrowing.admits_organization(organization) {
        return Ok(None);
    }
    let own = session.find_user_account(&server(session, caller).await?, caller.principal).await?;
    let Some(own) = own.filter(|own| own.user.is_active_user()) else { return Ok(None) };
    let scope = scope_of_invitee(Located { organization, version }, caller);
    let found = session.find_invitation(&scope, id).await?;
    let is_own = |email: &str| own.user.email.as_deref().map(text::fold) == Some(text::fold(email));
    let Some(invitation) = found.filter(|invitation| is_own(&invitation.email)) else { return Ok(None) };
    let is_theirs = own.owns_address()
        || match shown {
            Some(hash) => session.invitation_has_secret(&scope, id, hash).await?,
            None => false,
        };
    Ok(is_theirs.then_some((scope, invitation)))
}

/// The account of a person, for a rule that has to know of it; whoever asks need not be told.
pub(crate) async fn account_of(session: &dyn Session, person: PrincipalId) -> Result<Option<Account>> {
    let permissions = PermissionSet::NONE;
    let scope = ServerScope { principal: person, permissions, only_organization: None };
    session.find_user_account(&scope, person).await
}

fn scope_of_invitee(Located { organization, version }: Located, caller: &Caller) -> OrganizationScope {
    OrganizationScope {
        organization,
        version,
        principal: caller.principal,
        permissions: PermissionSet::NONE,
        in_every_workspace: PermissionSet::NONE,
        by_own_roles: PermissionSet::NONE,
        only_workspaces: None,
    }
}

/// The invitation of this id, for who has no account and shows its secret. Without it nobody learns that there is one.
pub async fn invited_by_secret(
    session: &dyn Session,
    caller: &Caller,
    organization: &OrganizationRef,
    (id, hash): (InvitationId, &[u8; 32]),
) -> Result<(ServerScope, OrganizationScope, Invitation)> {
    let located = session.locate_organization(organization).await?.ok_or_else(wrong_secret)?;
    let scope = scope_of_invitee(located, caller);
    let invitation = session.find_invitation(&scope, id).await?.ok_or_else(wrong_secret)?;
    if !session.invitation_has_secret(&scope, id, hash).await? {
        return Err(wrong_secret());
    }
    let server = ServerScope {
        principal: caller.principal,
        permissions: PermissionSet::NONE,
        only_organization: None,
    };
    Ok((server, scope, invitation))
}

/// The same for an invitation that is to be answered, and for the account that is made for it.
pub async fn invited_by_secret_change(
    session: &dyn Session,
    caller: &Caller,
    organization: &OrganizationRef,
    shown: (InvitationId, &[u8; 32]),
) -> Result<(Writable<ServerScope>, Writable<OrganizationScope>, Invitation)> {
    session.lock_organization(OrganizationId::SERVER).await?;
    super::lock(session, organization).await?;
    let (server, scope, invitation) = invited_by_secret(session, caller, organization, shown).await?;
    Ok((Writable(server), Writable(scope), invitation))
}

/// The refusal of who shows a secret that is not the invitation's.
pub(crate) fn wrong_secret() -> Error {
    Error::invalid("secret", WRONG, "expected the invitation's secret")
}
