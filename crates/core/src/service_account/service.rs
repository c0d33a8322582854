//! Use cases of service accounts and their secrets.

use super::{SERVICE_ACCOUNTS_MAX, ServiceAccount, ServiceAccountChange, ServiceAccountField};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{self, OrganizationRef, OrganizationScope, PlaceScope, View, Writable};
use crate::caller::Caller;
use crate::credential;
use crate::error::{Error, Kind, Result};
use crate::filter::ListQuery;
use crate::grant::{self, Subject};
use crate::ids::PrincipalId;
use crate::page::Page;
use crate::permission::Permission;
use crate::principal::{DISPLAY_NAME_MAX, NewServiceAccount, Principal};
use crate::resource;
use crate::store::Session;
use crate::text::{self, DESCRIPTION_MAX};
use crate::version::{self, Seen, Versions};

impl Core {
    /// The service accounts of an organization.
    pub async fn list_service_accounts(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        query: ListQuery<ServiceAccountField>,
    ) -> Result<Page<ServiceAccount>> {
        self.store()
            .scan((caller.clone(), organization, query), |session, (caller, organization, query)| {
                Box::pin(async move {
                    let scope = readable(session, caller, organization).await?;
                    session.list_service_accounts(&scope, query).await
                })
            })
            .await
    }

    /// One service account.
    pub async fn get_service_account(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        id: PrincipalId,
    ) -> Result<ServiceAccount> {
        self.store()
            .point((caller.clone(), organization, id), |session, (caller, organization, id)| {
                Box::pin(async move {
                    let scope = readable(session, caller, organization).await?;
                    account(session, &scope, *id).await
                })
            })
            .await
    }

    /// Makes a service account that has no secret yet.
    pub async fn add_service_account(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        new: NewServiceAccount,
    ) -> Result<ServiceAccount> {
        self.store()
            .write((self.act(caller), organization, new), |session, (act, organization, new)| {
                Box::pin(async move {
                    let scope = writable(session, act, organization).await?;
                    if session.count_service_accounts(&scope).await? >= SERVICE_ACCOUNTS_MAX {
                        let message =
                            format!("an organization may have {SERVICE_ACCOUNTS_MAX} service accounts");
                        return Err(Error::new(Kind::LimitReached, "service_account.limit", message));
                    }
                    let made = insert(session, act, &scope, new).await?;
                    let targets = vec![Target::new("principal", made.principal.id.as_uuid())];
                    act.record(session, scope.organization(), "service_account.create", targets).await?;
                    Ok(made)
                })
            })
            .await
    }

    /// Changes a service account, by who holds whatever it holds.
    pub async fn update_service_account(
        &self,
        caller: &Caller,
        (organization, id): (OrganizationRef, PrincipalId),
        change: ServiceAccountChange,
    ) -> Result<ServiceAccount> {
        self.store()
            .write(
                (self.act(caller), organization, id, change),
                |session, (act, organization, id, change)| {
                    Box::pin(async move {
                        let scope = writable(session, act, organization).await?;
                        let mut account = answered_for(session, &scope, *id).await?;
                        let found = &mut account.principal;
                        let expected = change.expected_version.as_ref();
                        version::require(Seen::ServiceAccount, found.version, expected)?;
                        if let Some(name) = &change.name {
                            found.username = text::username("name", name)?;
                        }
                        if let Some(name) = &change.display_name {
                            found.display_name = checked_display_name(name.as_deref())?;
                        }
                        if let Some(text) = &change.description {
                            account.description = checked_description(text.as_deref())?;
                        }
                        let action = match change.suspended {
                            None => "service_account.update",
                            Some(true) => "service_account.suspend",
                            Some(false) => "service_account.resume",
                        };
                        if let Some(suspended) = change.suspended {
                            found.suspended_at = suspended.then(|| found.suspended_at.unwrap_or(act.now));
                            found.auth_version += 1;
                        }
                        found.version += 1;
                        found.updated_at = act.now;
                        session.update_service_account(&scope, &account).await?;
                        let targets = vec![Target::new("principal", id.as_uuid())];
                        act.record(session, scope.organization(), action, targets).await?;
                        Ok(account)
                    })
                },
            )
            .await
    }

    /// Deletes a service account, by who holds whatever it holds: its roles and secrets end at once, and its name is free.
    /// While it alone owns a workspace that needs `force`, by which those go to the organization's owner.
    pub async fn delete_service_account(
        &self,
        caller: &Caller,
        (organization, id): (OrganizationRef, PrincipalId),
        expected_version: Option<Versions>,
        force: bool,
    ) -> Result<()> {
        let data = (self.act(caller), (organization, id), expected_version, force);
        self.store()
            .write(data, |session, (act, (organization, id), expected, force)| {
                Box::pin(async move {
                    let scope = writable(session, act, organization).await?;
                    let found = answered_for(session, &scope, *id).await?.principal;
                    version::require(Seen::ServiceAccount, found.version, expected.as_ref())?;
                    let leaving = (found.id, "service_account.delete");
                    grant::depart(session, act, &scope, leaving, *force).await?;
                    credential::end_all(session, act, found.id).await?;
                    session.bury_service_account(&scope, found.id, act.now).await
                })
            })
            .await
    }
}

/// Makes a service account with its role, by who holds whatever that holds.
pub(crate) async fn insert(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<OrganizationScope>,
    new: &NewServiceAccount,
) -> Result<ServiceAccount> {
    let place = PlaceScope::Organization((**scope).clone());
    let roles = grant::resolve(session, &place, std::slice::from_ref(&new.role)).await?;
    let principal = Principal {
        id: PrincipalId::generate(&*act.ids),
        organization: Some(scope.organization()),
        username: text::username("name", &new.name)?,
        email: None,
        display_name: checked_display_name(new.display_name.as_deref())?,
        suspended_at: None,
        auth_version: 1,
        version: 1,
        created_at: act.now,
        updated_at: act.now,
    };
    let description = checked_description(new.description.as_deref())?;
    let subject = Subject::Principal(principal.id);
    let account = ServiceAccount { principal, description, api_keys: 0, last_used_at: None };
    session.insert_service_account(scope, &account).await?;
    for role in &roles {
        grant::give(session, act, scope, subject, role, grant::Scope::Organization).await?;
    }
    Ok(account)
}

fn checked_display_name(name: Option<&str>) -> Result<Option<String>> {
    name.map(|name| text::name("display_name", name, DISPLAY_NAME_MAX)).transpose()
}

fn checked_description(text: Option<&str>) -> Result<Option<String>> {
    Ok(text.map(|text| text::prose("description", text, DESCRIPTION_MAX)).transpose()?.flatten())
}

pub(super) async fn readable(
    session: &dyn Session,
    caller: &Caller,
    organization: &OrganizationRef,
) -> Result<OrganizationScope> {
    authz::require(session, caller, Permission::ReadServiceAccounts, organization, View::Both).await
}

pub(super) async fn writable(
    session: &dyn Session,
    act: &Act,
    organization: &OrganizationRef,
) -> Result<Writable<OrganizationScope>> {
    let needed = Permission::ManageServiceAccounts;
    authz::require_change(session, &act.caller, needed, organization, View::Both).await
}

pub(super) async fn account(
    session: &dyn Session,
    scope: &OrganizationScope,
    id: PrincipalId,
) -> Result<ServiceAccount> {
    let found = session.find_service_account(scope, id).await?;
    found.ok_or_else(|| Error::not_found("service account"))
}

/// A service account that holds nothing which the caller does not.
pub(super) async fn answered_for(
    session: &dyn Session,
    scope: &OrganizationScope,
    id: PrincipalId,
) -> Result<ServiceAccount> {
    let found = account(session, scope, id).await?;
    for role in session.roles_held(scope, found.principal.id).await? {
        authz::require_to_hold(scope.permissions(), role.rights())?;
    }
    resource::require_to_hold_shares(session, scope, Subject::Principal(id)).await?;
    Ok(found)
}
