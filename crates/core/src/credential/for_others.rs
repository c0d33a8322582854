//! API keys that administrators make for the users they administer, as far as the server's settings allow it. Who makes a
//! key has its secret and acts in its owner's name, so the key gives nobody more than they hold themselves: neither now
//! nor when its owner comes to hold more.

use super::Access;
use crate::audit::Act;
use crate::authz::{self, OrganizationRef, OrganizationScope, View, Writable};
use crate::caller::{Caller, Narrowing};
use crate::error::{Error, Kind, Result};
use crate::ids::PrincipalId;
use crate::permission::{Permission, PermissionSet};
use crate::principal::Principal;
use crate::settings::KeysForOthers;
use crate::store::Session;

/// The user for whom the caller may make a key of this access, as they would ask by themselves, and what the access comes
/// to today, which is what the key is to have.
pub(super) async fn owner(
    session: &dyn Session,
    act: &Act,
    (scope, organization): (&Writable<OrganizationScope>, &OrganizationRef),
    user: PrincipalId,
    access: Access,
    allowed: KeysForOthers,
) -> Result<(Caller, Access)> {
    if allowed == KeysForOthers::Nobody {
        return Err(Error::invalid("user", "own", "expected your own name: keys are made for oneself"));
    }
    let needed = Permission::ManageOrganizationUsers;
    if !scope.permissions().contains(needed) {
        return Err(authz::lacking(needed).within(scope.organization()));
    }
    // One who is suspended or belongs elsewhere is answered as one whom nobody knows.
    let unknown = || Error::invalid("user", "unknown", "expected an active user of the organization");
    let found = session.people(scope, &[user]).await?.remove(&user);
    if !found.is_some_and(|user| Principal::is_active_user(&user)) {
        return Err(unknown());
    }
    let owner = Caller { principal: user, narrowing: Narrowing::default(), ..act.caller.clone() };
    let entered = authz::enter(session, &owner, organization, View::Both).await?;
    let roles = session.roles_held(scope, user).await?;
    let held = roles.iter().fold(entered.permissions(), |held, role| held.union(role.permissions));
    let left = match access {
        Access::Only(only) if !held.includes(only) => {
            let expected = "expected permissions that the owner of the key holds";
            return Err(Error::invalid("permissions", "exceeds_owner", expected));
        }
        access => access.permissions().map_or(held, |only| held.intersection(only)),
    };
    require_no_more(scope.permissions(), left)?;
    Ok((owner, Access::Only(left)))
}

/// What is held in a workspace alone counts as held by the owner, and not by the maker: the key would outlive the maker's
/// role there.
fn require_no_more(own: PermissionSet, left: PermissionSet) -> Result<()> {
    match left.difference(own).iter().next() {
        None => Ok(()),
        Some(missing) => Err(Error::new(
            Kind::Forbidden,
            "api_key.exceeds_own",
            format!("the key would give {}, which you do not hold in the organization", missing.name()),
        )),
    }
}
