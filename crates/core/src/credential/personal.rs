//! Personal access tokens as their owner sees them all: those for one organization, which are its API keys too, and those
//! for all of them.

use super::api_key::{
    API_KEY_TITLE_MAX, ApiKey, ApiKeyChange, ApiKeyField, checked_description, checked_workspaces,
};
use super::service::hash_of_bearer;
use super::{
    Access, Secret, TokenKind, caller_of, hold_basis, issue, lifetime, require_whole_person, rotation,
};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{self, OrganizationRef, View};
use crate::caller::Caller;
use crate::error::{Error, Kind, Result};
use crate::filter::ListQuery;
use crate::ids::{CredentialId, OrganizationId, WorkspaceId};
use crate::page::Page;
use crate::store::Session;
use crate::text;
use crate::version::{self, Seen, Versions};

use super::rotation::{Rotation, root_of};

/// How many personal access tokens that count a person may have.
pub const TOKENS_MAX: u64 = 50;

/// What a new personal access token is made of.
#[derive(Clone, Debug, Default)]
pub struct NewToken {
    /// What its owner calls it, 1 to 60 characters.
    pub title: String,
    /// How many seconds it lives, at most as many as the server's setting `token_seconds`, which is how long if nothing is
    /// said.
    pub seconds: Option<i64>,
    /// The only organization where it counts; none leaves all.
    pub organization: Option<OrganizationRef>,
    /// The only workspaces of that organization where it counts, at most 100; none leaves all.
    pub workspaces: Vec<WorkspaceId>,
    /// What it leaves of its owner's rights.
    pub access: Access,
    /// Whether who shows it may end it.
    pub ends_itself: bool,
    /// Whether it is to look like the key of a service account, for clients that take nothing else.
    pub as_key: bool,
    /// What its owner says of it.
    pub description: Option<String>,
    /// Whether the title must be no other token's of the owner, for clients that find them by it.
    pub unique_title: bool,
}

impl Core {
    /// The caller's personal access tokens.
    pub async fn list_own_tokens(
        &self,
        caller: &Caller,
        query: ListQuery<ApiKeyField>,
    ) -> Result<Page<ApiKey>> {
        require_whole_person(caller)?;
        self.store()
            .scan((caller.principal, query), |session, (owner, query)| {
                Box::pin(session.keys_of(*owner, TokenKind::PersonalAccess, query))
            })
            .await
    }

    /// A personal access token of the caller's own.
    pub async fn get_own_token(&self, caller: &Caller, id: CredentialId) -> Result<ApiKey> {
        require_whole_person(caller)?;
        self.store()
            .point((caller.clone(), id), |session, (caller, id)| Box::pin(own(session, caller, *id)))
            .await
    }

    /// Makes a personal access token for the caller; its secret is shown this once.
    pub async fn create_own_token(&self, caller: &Caller, new: NewToken) -> Result<(ApiKey, Secret)> {
        require_whole_person(caller)?;
        let secret = if new.as_key {
            Secret::random_personal_key(self.entropy())
        } else {
            Secret::random(TokenKind::PersonalAccess, self.entropy())
        };
        let longest = self.settings().token_seconds;
        self.store()
            .write((self.act(caller), new, secret, longest), |session, (act, new, secret, longest)| {
                Box::pin(
                    async move { Ok((create(session, act, new, secret, *longest).await?, secret.clone())) },
                )
            })
            .await
    }

    /// Changes a personal access token of the caller's own. Whatever it was exchanged for ends.
    pub async fn update_own_token(
        &self,
        caller: &Caller,
        id: CredentialId,
        change: ApiKeyChange,
    ) -> Result<ApiKey> {
        require_whole_person(caller)?;
        self.store()
            .write((self.act(caller), id, change), |session, (act, id, change)| {
                Box::pin(async move {
                    session.hold_owner(act.caller.principal).await?;
                    let mut key = own(session, &act.caller, *id).await?;
                    version::require(Seen::ApiKey, key.credential.version, change.expected_version.as_ref())?;
                    key.take_checked(session, change, act.now).await?;
                    if let Some(access) = change.access {
                        key.credential.access = access;
                    }
                    if let Some(workspaces) = &change.workspaces {
                        let organization = key.credential.organization.map(OrganizationRef::Id);
                        key.credential.workspaces =
                            workspaces_of(session, act, organization.as_ref(), workspaces).await?;
                    }
                    key.credential.version += 1;
                    session.update_key(&key).await?;
                    session.revoke_given_for(*id, act.now).await?;
                    record(session, act, "token.update", *id).await?;
                    Ok(key)
                })
            })
            .await
    }

    /// Gives a personal access token of the caller's own another secret, which is shown this once and looks like the one before:
    /// what takes keys alone takes it too.
    pub async fn rotate_own_token(
        &self,
        caller: &Caller,
        id: CredentialId,
        rotation: Rotation,
    ) -> Result<(ApiKey, Secret)> {
        let before = self.get_own_token(caller, id).await?;
        let secret = Secret::random_for(&before.credential, self.entropy());
        self.store()
            .write((self.act(caller), id, rotation, secret), |session, (act, id, rotation, secret)| {
                Box::pin(async move {
                    session.hold_owner(act.caller.principal).await?;
                    let key = own(session, &act.caller, *id).await?;
                    let key = rotation::rotate(session, act, key, (rotation, secret)).await?;
                    record(session, act, "token.rotate", *id).await?;
                    Ok((key, secret.clone()))
                })
            })
            .await
    }

    /// Ends a personal access token of the caller's own at once.
    pub async fn delete_own_token(
        &self,
        caller: &Caller,
        id: CredentialId,
        expected_version: Option<Versions>,
    ) -> Result<()> {
        require_whole_person(caller)?;
        self.store()
            .write((self.act(caller), id, expected_version), |session, (act, id, expected)| {
                Box::pin(async move {
                    let key = own(session, &act.caller, *id).await?;
                    version::require(Seen::ApiKey, key.credential.version, expected.as_ref())?;
                    session.revoke_credential(key.credential.principal, *id, act.now).await?;
                    record(session, act, "token.delete", *id).await
                })
            })
            .await
    }

    /// Ends the personal access token that is shown, if it was made to be ended so.
    pub async fn end_shown_token(&self, text: &str, request_id: Option<String>) -> Result<()> {
        let data = (hash_of_bearer(text)?, request_id, self.between());
        self.store()
            .write(data, |session, (hash, request_id, between)| {
                Box::pin(async move {
                    let found = session.find_credential(hash).await?.ok_or_else(Error::bad_credential)?;
                    let caller = Caller { request_id: request_id.clone(), ..caller_of(&found, between.now)? };
                    let root = root_of(session, &found.credential).await?;
                    let own = found.credential.kind == TokenKind::PersonalAccess;
                    let key = session.find_key(caller.principal, TokenKind::PersonalAccess, root).await?;
                    if !own || !key.is_some_and(|key| key.ends_itself) {
                        return Err(Error::forbidden("this key was not made to be ended by itself"));
                    }
                    let act = between.act(caller);
                    session.revoke_credential(act.caller.principal, root, act.now).await?;
                    record(session, &act, "token.delete", root).await
                })
            })
            .await
    }
}

async fn create(
    session: &dyn Session,
    act: &Act,
    new: &NewToken,
    secret: &Secret,
    longest: i64,
) -> Result<ApiKey> {
    let owner = act.caller.principal;
    let basis = hold_basis(session, act).await?;
    authz::server(session, &act.caller).await?;
    if session.count_keys(owner, TokenKind::PersonalAccess, act.now).await? >= TOKENS_MAX {
        let message = format!("a user may have {TOKENS_MAX} personal access tokens");
        return Err(Error::new(Kind::LimitReached, "token.limit", message));
    }
    let seconds = lifetime(new.seconds, Some(longest))?.unwrap_or(longest);
    let title = text::name("title", &new.title, API_KEY_TITLE_MAX)?;
    let organization = match &new.organization {
        Some(organization) => {
            let scope = authz::enter(session, &act.caller, organization, View::Both).await;
            Some(scope.map_err(|_| unknown_organization())?.organization())
        }
        None => None,
    };
    let workspaces = workspaces_of(session, act, new.organization.as_ref(), &new.workspaces).await?;
    let holder = (owner, (organization, new.access, workspaces));
    let ends = act.now.plus_seconds(seconds);
    let until = (Some(ends), basis);
    let description = checked_description(new.description.as_deref())?;
    let issued = issue(session, act, holder, &title, secret, until).await?;
    let made = ApiKey { ends_itself: new.ends_itself, ..ApiKey::new(issued.credential, description) };
    if new.ends_itself {
        session.let_end_itself(made.credential.id).await?;
    }
    if new.unique_title {
        made.require_unique_title(session).await?;
    }
    if made.description.is_some() {
        session.update_key(&made).await?;
    }
    record(session, act, "token.create", made.credential.id).await?;
    Ok(made)
}

fn unknown_organization() -> Error {
    Error::invalid("organization", "unknown", "expected an organization that you belong to")
}

async fn workspaces_of(
    session: &dyn Session,
    act: &Act,
    organization: Option<&OrganizationRef>,
    workspaces: &[WorkspaceId],
) -> Result<Option<Vec<WorkspaceId>>> {
    match organization {
        Some(organization) => checked_workspaces(session, &act.caller, organization, workspaces).await,
        None if workspaces.is_empty() => Ok(None),
        None => {
            let expected = "expected the organization of these workspaces as well";
            Err(Error::invalid("workspace_ids", "without_organization", expected))
        }
    }
}

async fn own(session: &dyn Session, caller: &Caller, id: CredentialId) -> Result<ApiKey> {
    let found = session.find_key(caller.principal, TokenKind::PersonalAccess, id).await?;
    found.ok_or_else(|| Error::not_found("token"))
}

async fn record(session: &dyn Session, act: &Act, action: &'static str, id: CredentialId) -> Result<()> {
    let targets = vec![Target::new("credential", id.as_uuid())];
    act.record(session, OrganizationId::SERVER, action, targets).await
}
