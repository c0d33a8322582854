//! Use cases of what service accounts come in with.

use super::service::{account, answered_for, readable, writable};
use super::{ACCOUNT_SECRETS_MAX, AccountSecret, NewAccountSecret};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{OrganizationRef, OrganizationScope};
use crate::caller::Caller;
use crate::credential::{
    API_KEY_TITLE_MAX, Access, ApiKey, ApiKeyChange, ApiKeyField, Rotation, Secret, checked_description,
    issue, lifetime, rotate,
};
use crate::error::{Error, Kind, Result};
use crate::filter::ListQuery;
use crate::ids::{CredentialId, PrincipalId};
use crate::page::Page;
use crate::store::Session;
use crate::text;
use crate::version::{self, Seen, Versions};

impl Core {
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
                        let owner = account(session, &scope, *id).await?.principal;
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
    ) -> Result<(ApiKey, Secret)> {
        let secret = Secret::random(kind.kind(), self.entropy());
        let longest = self.settings().service_key_seconds;
        let data = (self.act(caller), (organization, id), kind, new, (secret, longest));
        self.store()
            .write(data, |session, (act, (organization, id), kind, new, (secret, longest))| {
                Box::pin(async move {
                    let scope = writable(session, act, organization).await?;
                    let owner = answered_for(session, &scope, *id).await?.principal;
                    if session.count_keys(owner.id, kind.kind(), act.now).await? >= ACCOUNT_SECRETS_MAX {
                        let message = format!("a service account may have {ACCOUNT_SECRETS_MAX} of these");
                        return Err(Error::new(Kind::LimitReached, "service_account.secrets", message));
                    }
                    let seconds = lifetime(new.seconds, *longest)?;
                    let title = text::name("title", &new.title, API_KEY_TITLE_MAX)?;
                    let description = checked_description(new.description.as_deref())?;
                    let rights = (Some(scope.organization()), Access::Everything, None);
                    let ends = seconds.map(|seconds| act.now.plus_seconds(seconds));
                    let issued =
                        issue(session, act, (owner.id, rights), &title, secret, (ends, None)).await?;
                    let made = ApiKey::new(issued.credential, description);
                    if new.unique_title {
                        made.require_unique_title(session).await?;
                    }
                    if made.description.is_some() {
                        session.update_key(&made).await?;
                    }
                    let (action, id) = ("service_account.add_secret", made.credential.id);
                    record(session, act, &scope, action, &id, owner.id).await?;
                    Ok((made, secret.clone()))
                })
            })
            .await
    }

    /// One secret of a service account.
    pub async fn get_account_secret(
        &self,
        caller: &Caller,
        (organization, id): (OrganizationRef, PrincipalId),
        (kind, key): (AccountSecret, CredentialId),
    ) -> Result<ApiKey> {
        let data = (caller.clone(), (organization, id), (kind, key));
        self.store()
            .point(data, |session, (caller, (organization, id), key)| {
                Box::pin(async move {
                    let scope = readable(session, caller, organization).await?;
                    let owner = account(session, &scope, *id).await?.principal;
                    own(session, owner.id, *key).await
                })
            })
            .await
    }

    /// Changes title, description or state of a service account's API key or client. What sleeps counts for nothing, and
    /// whatever was given for it ends. Its rights are the account's.
    pub async fn update_account_secret(
        &self,
        caller: &Caller,
        (organization, id): (OrganizationRef, PrincipalId),
        (kind, key): (AccountSecret, CredentialId),
        change: ApiKeyChange,
    ) -> Result<ApiKey> {
        let data = (self.act(caller), (organization, id), (kind, key), change);
        self.store()
            .write(data, |session, (act, (organization, id), (kind, key), change)| {
                Box::pin(async move {
                    let scope = writable(session, act, organization).await?;
                    let owner = answered_for(session, &scope, *id).await?.principal;
                    let mut found = own(session, owner.id, (*kind, *key)).await?;
                    let expected = change.expected_version.as_ref();
                    version::require(Seen::ApiKey, found.credential.version, expected)?;
                    found.take_checked(session, change, act.now).await?;
                    found.credential.version += 1;
                    session.update_key(&found).await?;
                    if found.disabled_at.is_some() {
                        session.revoke_given_for(*key, act.now).await?;
                    }
                    record(session, act, &scope, "service_account.update_secret", key, owner.id).await?;
                    Ok(found)
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
                    let owner = answered_for(session, &scope, *id).await?.principal;
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
                    let owner = answered_for(session, &scope, *id).await?.principal;
                    let found = own(session, owner.id, (*kind, *key)).await?;
                    version::require(Seen::ApiKey, found.credential.version, expected.as_ref())?;
                    session.revoke_credential(owner.id, *key, act.now).await?;
                    record(session, act, &scope, "service_account.end_secret", key, owner.id).await
                })
            })
            .await
    }
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
