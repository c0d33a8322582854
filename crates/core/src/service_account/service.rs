//! Use cases of service accounts and their secrets.

use super::{
    ACCOUNT_SECRETS_MAX, AccountSecret, NewAccountSecret, SERVICE_ACCOUNTS_MAX, ServiceAccountChange,
    ServiceAccountField,
};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{self, OrganizationRef, OrganizationScope, View, Writable};
use crate::caller::Caller;
use crate::credential::{
    self, API_KEY_TITLE_MAX, Access, ApiKey, ApiKeyField, Issued, Rotation, Secret, issue, rotate,
};
use crate::error::{Error, Kind, Result};
use crate::filter::ListQuery;
use crate::grant::{self, Subject};
use crate::ids::{CredentialId, PrincipalId};
use crate::page::{Page, PageRequest};
use crate::permission::Permission;
use crate::principal::{NewServiceAccount, Principal};
use crate::role;
use crate::store::Session;
use crate::text;
use crate::version::{self, Seen, Versions};

impl Core {
    /// The service accounts of an organization.
    pub async fn list_service_accounts(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        page: PageRequest<ServiceAccountField>,
    ) -> Result<Page<Principal>> {
        self.store()
            .scan((caller.clone(), organization, page), |session, (caller, organization, page)| {
                Box::pin(async move {
                    let scope = readable(session, caller, organization).await?;
                    session.list_service_accounts(&scope, page).await
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
    ) -> Result<Principal> {
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
    ) -> Result<Principal> {
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
                    let targets = vec![Target::new("principal", made.id.as_uuid())];
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
    ) -> Result<Principal> {
        self.store()
            .write(
                (self.act(caller), organization, id, change),
                |session, (act, organization, id, change)| {
                    Box::pin(async move {
                        let scope = writable(session, act, organization).await?;
                        let mut found = answered_for(session, &scope, *id).await?;
                        let expected = change.expected_version.as_ref();
                        version::require(Seen::ServiceAccount, found.version, expected)?;
                        if let Some(name) = &change.name {
                            found.username = text::username("name", name)?;
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
                        session.update_service_account(&scope, &found).await?;
                        let targets = vec![Target::new("principal", id.as_uuid())];
                        act.record(session, scope.organization(), action, targets).await?;
                        Ok(found)
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
                    let found = answered_for(session, &scope, *id).await?;
                    version::require(Seen::ServiceAccount, found.version, expected.as_ref())?;
                    let leaving = (found.id, "service_account.delete");
                    grant::depart(session, act, &scope, leaving, *force).await?;
                    credential::end_all(session, act, found.id).await?;
                    session.bury_service_account(&scope, found.id, act.now).await
                })
            })
            .await
    }

    /// The secrets of a kind that a service account has.
    pub async fn list_account_secrets(
        &self,
        caller: &Caller,
        (organization, id): (OrganizationRef, PrincipalId),
        kind: AccountSecret,
        query: ListQuery<ApiKeyField>,
    ) -> Result<Page<ApiKey>> {
        self.store()
            .scan(
                (caller.clone(), organization, id, kind, query),
                |session, (caller, organization, id, kind, query)| {
                    Box::pin(async move {
                        let scope = readable(session, caller, organization).await?;
                        let owner = account(session, &scope, *id).await?;
                        session.keys_of(owner.id, kind.kind(), query).await
                    })
                },
            )
            .await
    }

    /// Gives a service account another secret; it is shown this once.
    pub async fn create_account_secret(
        &self,
        caller: &Caller,
        (organization, id): (OrganizationRef, PrincipalId),
        kind: AccountSecret,
        new: NewAccountSecret,
    ) -> Result<Issued> {
        let secret = Secret::random(kind.kind(), self.entropy());
        let data = (self.act(caller), (organization, id), kind, new, secret);
        self.store()
            .write(data, |session, (act, (organization, id), kind, new, secret)| {
                Box::pin(async move {
                    let scope = writable(session, act, organization).await?;
                    let owner = answered_for(session, &scope, *id).await?;
                    if session.count_keys(owner.id, kind.kind(), act.now).await? >= ACCOUNT_SECRETS_MAX {
                        let message = format!("a service account may have {ACCOUNT_SECRETS_MAX} of these");
                        return Err(Error::new(Kind::LimitReached, "service_account.secrets", message));
                    }
                    if new.seconds.is_some_and(|seconds| seconds < 1) {
                        return Err(Error::invalid("ttl", "range", "expected a second at least"));
                    }
                    let title = text::name("title", &new.title, API_KEY_TITLE_MAX)?;
                    let rights = (Some(scope.organization()), Access::Everything, None);
                    let ends = new.seconds.map(|seconds| act.now.plus_seconds(seconds));
                    let lifetime = (ends, None);
                    let issued = issue(session, act, (owner.id, rights), &title, secret, lifetime).await?;
                    record(
                        session,
                        act,
                        &scope,
                        "service_account.add_secret",
                        &issued.credential.id,
                        owner.id,
                    )
                    .await?;
                    Ok(issued)
                })
            })
            .await
    }

    /// Gives a service account's API key or client another secret, which is shown this once.
    pub async fn rotate_account_secret(
        &self,
        caller: &Caller,
        (organization, id): (OrganizationRef, PrincipalId),
        (kind, key): (AccountSecret, CredentialId),
        rotation: Rotation,
    ) -> Result<(ApiKey, Secret)> {
        let secret = Secret::random(kind.kind(), self.entropy());
        let data = (self.act(caller), (organization, id), (kind, key), rotation, secret);
        self.store()
            .write(data, |session, (act, (organization, id), (kind, key), rotation, secret)| {
                Box::pin(async move {
                    let scope = writable(session, act, organization).await?;
                    let owner = answered_for(session, &scope, *id).await?;
                    let found = own(session, owner.id, (*kind, *key)).await?;
                    let found = rotate(session, act, found, (rotation, secret)).await?;
                    record(session, act, &scope, "service_account.rotate_secret", key, owner.id).await?;
                    Ok((found, secret.clone()))
                })
            })
            .await
    }

    /// Ends an API key or client of a service account, and everything that was given for it.
    pub async fn delete_account_secret(
        &self,
        caller: &Caller,
        (organization, id): (OrganizationRef, PrincipalId),
        (kind, key): (AccountSecret, CredentialId),
        expected_version: Option<Versions>,
    ) -> Result<()> {
        let data = (self.act(caller), (organization, id), (kind, key), expected_version);
        self.store()
            .write(data, |session, (act, (organization, id), (kind, key), expected)| {
                Box::pin(async move {
                    let scope = writable(session, act, organization).await?;
                    let owner = account(session, &scope, *id).await?;
                    let found = own(session, owner.id, (*kind, *key)).await?;
                    version::require(Seen::ApiKey, found.credential.version, expected.as_ref())?;
                    session.revoke_credential(owner.id, *key, act.now).await?;
                    record(session, act, &scope, "service_account.end_secret", key, owner.id).await
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
) -> Result<Principal> {
    authz::require_to_hold(scope.permissions(), new.role.permissions())?;
    let account = Principal {
        id: PrincipalId::generate(&*act.ids),
        organization: Some(scope.organization()),
        username: text::username("name", &new.name)?,
        email: None,
        display_name: None,
        suspended_at: None,
        auth_version: 1,
        version: 1,
        created_at: act.now,
        updated_at: act.now,
    };
    session.insert_service_account(scope, &account).await?;
    let role = role::builtin(session, scope, new.role).await?;
    let subject = Subject::Principal(account.id);
    grant::give(session, act, scope, subject, &role, grant::Scope::Organization).await?;
    Ok(account)
}

async fn readable(
    session: &dyn Session,
    caller: &Caller,
    organization: &OrganizationRef,
) -> Result<OrganizationScope> {
    authz::require(session, caller, Permission::ReadServiceAccounts, organization, View::Both).await
}

async fn writable(
    session: &dyn Session,
    act: &Act,
    organization: &OrganizationRef,
) -> Result<Writable<OrganizationScope>> {
    let needed = Permission::ManageServiceAccounts;
    authz::require_change(session, &act.caller, needed, organization, View::Both).await
}

async fn account(session: &dyn Session, scope: &OrganizationScope, id: PrincipalId) -> Result<Principal> {
    let found = session.find_service_account(scope, id).await?;
    found.ok_or_else(|| Error::not_found("service account"))
}

/// A service account that holds nothing which the caller does not.
async fn answered_for(
    session: &dyn Session,
    scope: &OrganizationScope,
    id: PrincipalId,
) -> Result<Principal> {
    let found = account(session, scope, id).await?;
    for role in session.roles_held(scope, found.id).await? {
        authz::require_to_hold(scope.permissions(), role.rights())?;
    }
    Ok(found)
}

async fn own(
    session: &dyn Session,
    owner: PrincipalId,
    (kind, id): (AccountSecret, CredentialId),
) -> Result<ApiKey> {
    session.find_key(owner, kind.kind(), id).await?.ok_or_else(|| Error::not_found(kind.noun()))
}

async fn record(
    session: &dyn Session,
    act: &Act,
    scope: &OrganizationScope,
    action: &'static str,
    key: &CredentialId,
    owner: PrincipalId,
) -> Result<()> {
    let targets = vec![Target::new("credential", key.as_uuid()), Target::new("principal", owner.as_uuid())];
    act.record(session, scope.organization(), action, targets).await
}
