//! The person whom a request means.

use std::sync::Arc;

use super::{Scope, Subject, give, inside};
use crate::audit::Act;
use crate::authz::{self, PlaceScope, Writable};
use crate::error::{Error, Result};
use crate::ids::PrincipalId;
use crate::permission::{BuiltinRole, Permission};
use crate::principal::{DISPLAY_NAME_MAX, Principal};
use crate::role;
use crate::settings::{AddPeople, Settings};
use crate::store::Session;
use crate::text;

/// How a request names a person.
#[derive(Clone, Debug)]
pub enum Person {
    /// By id.
    Id(PrincipalId),
    /// By e-mail address, with a name for a new account where the server makes one.
    Email {
        /// The address.
        email: String,
        /// What a new account's person is called.
        display_name: Option<String>,
    },
}

/// A person by id: of the organization; or, to join it, any active user for who runs the server, to whom alone accounts are
/// known by id.
pub(super) async fn by_id(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<PlaceScope>,
    id: PrincipalId,
) -> Result<Principal> {
    let unknown = || Error::invalid("user.name", "unknown", "expected a user of the organization");
    if let Some(person) = of_organization(session, scope, id).await? {
        return Ok(person);
    }
    if scope.workspace().is_some() {
        return Err(unknown());
    }
    let server = authz::server(session, &act.caller).await?;
    authz::require_server(&server, Permission::ManageServer).map_err(|_| unknown())?;
    let account = session.find_account(&server, id).await?;
    account.filter(Principal::is_active_user).ok_or_else(unknown)
}

/// Somebody who holds a role directly at the place, or was let in by something inside its server.
pub(super) async fn holder(session: &dyn Session, scope: &PlaceScope, id: PrincipalId) -> Result<Principal> {
    let subject = Subject::Principal(id);
    if session.grants_of(scope, &subject, &scope.at()).await?.is_empty()
        && !inside::holds_any(session, scope, &subject).await?
    {
        return Err(Error::not_found("user"));
    }
    of_organization(session, scope, id).await?.ok_or_else(|| Error::not_found("user"))
}

/// Somebody of the organization.
async fn of_organization(
    session: &dyn Session,
    scope: &PlaceScope,
    id: PrincipalId,
) -> Result<Option<Principal>> {
    Ok(session.people(scope, &[id]).await?.remove(&id).map(Arc::unwrap_or_clone))
}

/// Who this address belongs to, as far as the server's setting lets the caller find out: a member of the organization
/// always, another account where accounts may be `known`, a new account where they are `provision`ed: then `newcomer` is
/// the right to make one and the name that it gets. Who comes to a workspace from outside becomes a member as well. Whose
/// account has the address by hearsay alone may be somebody else.
pub(super) async fn known(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<PlaceScope>,
    email: &str,
    newcomer: Option<(&Writable<authz::ServerScope>, &str)>,
    settings: &Settings,
) -> Result<Option<Principal>> {
    let everybody = authz::server(session, &act.caller).await?;
    let found = session.user_called(&everybody, &text::fold(email)).await?;
    if let Some(user) = &found
        && session.people(scope, &[user.id]).await?.contains_key(&user.id)
    {
        return Ok(found);
    }
    if settings.add_people == AddPeople::Invite {
        return Ok(None);
    }
    let organization = scope.organization_scope();
    if !organization.permissions().contains(Permission::ManageOrganizationUsers) {
        return Ok(None);
    }
    if let Some(user) = &found
        && !authz::account_of(session, user.id).await?.is_some_and(|account| account.owns_address())
    {
        return Ok(None);
    }
    let user = match (found, newcomer) {
        (Some(user), _) => user,
        (None, Some((accounts, name))) => provision(session, act, accounts, (email, name)).await?,
        (None, _) => return Ok(None),
    };
    if scope.workspace().is_some() {
        let member = role::builtin(session, scope, BuiltinRole::OrganizationMember).await?;
        give(session, act, &organization, Subject::Principal(user.id), &member, Scope::Organization).await?;
    }
    Ok(Some(user))
}

async fn provision(
    session: &dyn Session,
    act: &Act,
    accounts: &Writable<authz::ServerScope>,
    (email, name): (&str, &str),
) -> Result<Principal> {
    let user = Principal {
        id: PrincipalId::generate(&*act.ids),
        organization: None,
        username: text::username("user.email", email)?,
        email: Some(email.to_owned()),
        display_name: Some(text::name("user.display_name", name, DISPLAY_NAME_MAX)?),
        suspended_at: None,
        auth_version: 1,
        version: 1,
        created_at: act.now,
        updated_at: act.now,
    };
    session.insert_user(accounts, &user, None).await?;
    Ok(user)
}
