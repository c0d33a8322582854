//! API keys: personal access tokens that count in one organization, for a time, with some or all of their owner's rights.

use super::{Access, Credential, Issued, Secret, TokenKind, for_others, hold_basis, issue, lifetime};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{self, OrganizationRef, OrganizationScope, View, WorkspaceRef, Writable};
use crate::caller::{Caller, Narrowing};
use crate::clock::Timestamp;
use crate::error::{Error, Kind, Result};
use crate::filter::{Comparison, Filter, ListQuery, Test};
use crate::ids::{CredentialId, PrincipalId, WorkspaceId};
use crate::page::{Cursor, KeyValue, Order, Page, PageRequest, Start};
use crate::permission::Permission;
use crate::store::Session;
use crate::text::{self, DESCRIPTION_MAX};
use crate::version::{self, Seen, Versions};

/// How many days an API key may live: one of these.
pub const API_KEY_DAYS: [i64; 6] = [7, 30, 60, 90, 180, 365];
/// How many API keys that count a person may have in one organization.
pub const API_KEYS_MAX: u64 = 10;
/// To how many workspaces an API key can be limited.
pub const API_KEY_WORKSPACES_MAX: usize = 100;
/// Longest title of an API key, in characters.
pub const API_KEY_TITLE_MAX: usize = 60;

/// An API key, or another personal token, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The credential. One of an organization always has an end.
    pub credential: Credential,
    /// When it was last used, to within a few seconds.
    pub last_used_at: Option<Timestamp>,
    /// The address that it was last used from.
    pub last_source: Option<String>,
    /// What the program called itself that used it last.
    pub last_user_agent: Option<String>,
    /// Whether who shows it may end it.
    pub ends_itself: bool,
    /// What its owner says of it.
    pub description: Option<String>,
    /// Since when it is put to sleep: it counts for nothing until it is woken.
    pub disabled_at: Option<Timestamp>,
    /// When it got the secret that it has, if that is not its first.
    pub rotated_at: Option<Timestamp>,
    /// When it was last changed otherwise, if it was.
    pub changed_at: Option<Timestamp>,
}

impl ApiKey {
    /// A key just made.
    pub const fn new(credential: Credential, description: Option<String>) -> Self {
        Self {
            credential,
            last_used_at: None,
            last_source: None,
            last_user_agent: None,
            ends_itself: false,
            description,
            disabled_at: None,
            rotated_at: None,
            changed_at: None,
        }
    }

    /// When it became what it is: made, changed or rotated.
    pub fn updated_at(&self) -> Timestamp {
        self.changed_at.max(self.rotated_at).unwrap_or(self.credential.created_at)
    }

    /// Whether it counts at `now`: neither put to sleep nor expired.
    pub fn counts(&self, now: Timestamp) -> bool {
        self.disabled_at.is_none() && self.credential.expires_at.is_none_or(|at| at > now)
    }

    /// Puts in what a change says beside the rights of the key.
    pub(crate) fn take(&mut self, change: &ApiKeyChange, now: Timestamp) -> Result<()> {
        if let Some(title) = &change.title {
            self.credential.title = text::name("title", title, API_KEY_TITLE_MAX)?;
        }
        if let Some(description) = &change.description {
            self.description = checked_description(description.as_deref())?;
        }
        if let Some(active) = change.active {
            self.disabled_at = (!active).then(|| self.disabled_at.unwrap_or(now));
        }
        self.changed_at = Some(now);
        Ok(())
    }

    /// The same where the title that is changed to may have to be unique. To be called while the owner's keys stay as they are.
    pub(crate) async fn take_checked(
        &mut self,
        session: &dyn Session,
        change: &ApiKeyChange,
        now: Timestamp,
    ) -> Result<()> {
        let before = self.credential.title.clone();
        self.take(change, now)?;
        if change.unique_title && self.credential.title != before {
            self.require_unique_title(session).await?;
        }
        Ok(())
    }

    /// Refuses where another of its owner's keys has its title, likewise.
    pub(crate) async fn require_unique_title(&self, session: &dyn Session) -> Result<()> {
        let Credential { id, principal, kind, title, .. } = &self.credential;
        let filter = Filter::Is(ApiKeyField::Title, Test::Text(Comparison::Equal, title.clone()));
        let order = vec![Order::ascending(ApiKeyField::CreatedAt)];
        let page = PageRequest { order, start: Start::Beginning, limit: 2 };
        let found = session.keys_of(*principal, *kind, &ListQuery { filter, page }).await?;
        if found.items.iter().any(|other| other.credential.id != *id) {
            let message = "there is a key of this name";
            return Err(Error::new(Kind::AlreadyExists, "api_key.name_taken", message));
        }
        Ok(())
    }

    /// The key's place in an order.
    pub fn cursor(&self, order: &[Order<ApiKeyField>]) -> Cursor {
        let key = &self.credential;
        let keys = order.iter().map(|by| match by.field {
            // Not sortable: the store refuses such an order.
            ApiKeyField::Id => KeyValue::Int(0),
            ApiKeyField::Title => KeyValue::Text(key.title.clone()),
            ApiKeyField::Access => KeyValue::Text(key.access.word().to_owned()),
            ApiKeyField::CreatedAt => KeyValue::Int(key.created_at.as_micros()),
            ApiKeyField::ExpiresAt => KeyValue::Int(key.expires_at.map_or(i64::MAX, Timestamp::as_micros)),
            ApiKeyField::LastUsedAt => KeyValue::Int(self.last_used_at.map_or(-1, Timestamp::as_micros)),
        });
        Cursor { keys: keys.collect(), id: *key.id.as_uuid() }
    }
}

/// The fields by which API keys are sorted and filtered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ApiKeyField {
    /// Its id, by which lists are filtered alone.
    Id,
    /// What its owner calls it.
    Title,
    /// What it leaves of its owner's rights, by [`Access::word`].
    Access,
    /// When it was made.
    CreatedAt,
    /// When it ends; one that does not ends last.
    ExpiresAt,
    /// When it was last used; one that never was, before all others.
    LastUsedAt,
}

/// What a new API key is made of.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// Whose it is to be; the caller's own if nobody is named.
    pub owner: Option<PrincipalId>,
    /// What its owner calls it, 1 to 60 characters.
    pub title: String,
    /// How many days it lives: one of [`API_KEY_DAYS`].
    pub days: i64,
    /// What it leaves of its owner's rights.
    pub access: Access,
    /// The only workspaces where it counts, at most 100; none leaves all.
    pub workspaces: Vec<WorkspaceId>,
}

/// What is to become of an API key. `None` leaves a field alone.
#[derive(Clone, Debug, Default)]
pub struct ApiKeyChange {
    /// A new title.
    pub title: Option<String>,
    /// What its owner says of it; `Some(None)` for nothing.
    pub description: Option<Option<String>>,
    /// Whether it is to count, or be put to sleep.
    pub active: Option<bool>,
    /// Whether the title must be no other key's of the owner, for clients that find keys by it.
    pub unique_title: bool,
    /// What it is to leave of its owner's rights.
    pub access: Option<Access>,
    /// The only workspaces where it is to count, all of them; none leaves all.
    pub workspaces: Option<Vec<WorkspaceId>>,
    /// Whose it is, which is fixed: anybody else is refused.
    pub owner: Option<PrincipalId>,
    /// How many days it lives, likewise.
    pub days: Option<i64>,
    /// The versions of which the client saw one last; another one is a conflict.
    pub expected_version: Option<Versions>,
}

impl Core {
    /// The caller's API keys in the organization; those of everybody for who manages its users; itself alone for a key that
    /// is limited.
    pub async fn list_api_keys(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        query: impl Into<ListQuery<ApiKeyField>>,
    ) -> Result<Page<ApiKey>> {
        self.store()
            .scan((caller.clone(), organization, query.into()), |session, (caller, organization, query)| {
                Box::pin(async move {
                    let scope = authz::enter(session, caller, organization, View::Both).await?;
                    let owner = if manages(&scope) { None } else { Some(caller.principal) };
                    if caller.narrowing.is_limited() {
                        let itself = Filter::Is(ApiKeyField::Id, Test::Id(*caller.credential.as_uuid()));
                        let filter = query.filter.clone().and(itself);
                        let query = ListQuery { filter, page: query.page.clone() };
                        return session.list_api_keys(&scope, owner, &query).await;
                    }
                    session.list_api_keys(&scope, owner, query).await
                })
            })
            .await
    }

    /// One API key: of the caller's own, or anybody's for who manages the organization's users; itself for a key that is
    /// limited.
    pub async fn get_api_key(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        id: CredentialId,
    ) -> Result<ApiKey> {
        self.store()
            .point((caller.clone(), organization, id), |session, (caller, organization, id)| {
                Box::pin(async move {
                    let scope = authz::enter(session, caller, organization, View::Both).await?;
                    visible(session, caller, &scope, *id).await
                })
            })
            .await
    }

    /// Makes an API key for the caller, or for a user whom the caller administers where the server's setting
    /// `keys_for_others` allows it; its secret is shown this once.
    pub async fn create_api_key(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        new: NewApiKey,
    ) -> Result<Issued> {
        let secret = Secret::random(TokenKind::PersonalAccess, self.entropy());
        let policy = (self.settings().keys_for_others, self.settings().token_seconds);
        self.store()
            .write(
                (self.act(caller), organization, new, secret, policy),
                |session, (act, organization, new, secret, (allowed, longest))| {
                    Box::pin(async move {
                        let scope = enter_whole(session, act, organization).await?;
                        let other = match new.owner.filter(|user| *user != act.caller.principal) {
                            Some(user) => {
                                let at = (&scope, &*organization);
                                Some(for_others::owner(session, act, at, user, new.access, *allowed).await?)
                            }
                            None => None,
                        };
                        let (owner, access) = match &other {
                            Some((owner, access)) => (owner.principal, *access),
                            None => (act.caller.principal, new.access),
                        };
                        let count = session.count_api_keys(&scope, owner, act.now).await?;
                        if count >= API_KEYS_MAX {
                            let message =
                                format!("a user may have {API_KEYS_MAX} API keys in an organization");
                            return Err(Error::new(Kind::LimitReached, "api_key.limit", message));
                        }
                        if !API_KEY_DAYS.contains(&new.days) {
                            let expected = "expected 7, 30, 60, 90, 180 or 365 days";
                            return Err(Error::invalid("ttl", "choice", expected));
                        }
                        let title = text::name("title", &new.title, API_KEY_TITLE_MAX)?;
                        let workspaces =
                            checked_workspaces(session, &act.caller, organization, &new.workspaces).await?;
                        if let Some((owner, _)) = &other {
                            checked_workspaces(session, owner, organization, &new.workspaces).await?;
                        }
                        let seconds = lifetime(Some(new.days * 24 * 60 * 60), Some(*longest))?;
                        let ends = seconds.map(|seconds| act.now.plus_seconds(seconds));
                        let narrowing = (Some(scope.organization()), access, workspaces);
                        let holder = (owner, narrowing);
                        let until = (ends, hold_basis(session, act).await?);
                        let issued = issue(session, act, holder, &title, secret, until).await?;
                        let mut targets = vec![Target::new("credential", issued.credential.id.as_uuid())];
                        let action = if other.is_some() {
                            targets.push(Target::new("principal", owner.as_uuid()));
                            "api_key.create_for"
                        } else {
                            "api_key.create"
                        };
                        act.record(session, scope.organization(), action, targets).await?;
                        Ok(issued)
                    })
                },
            )
            .await
    }

    /// Changes an API key of the caller's own. Whatever it was exchanged for ends.
    pub async fn update_api_key(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        id: CredentialId,
        change: ApiKeyChange,
    ) -> Result<ApiKey> {
        self.store()
            .write(
                (self.act(caller), organization, id, change),
                |session, (act, organization, id, change)| {
                    Box::pin(async move {
                        let scope = enter_whole(session, act, organization).await?;
                        let mut key = visible(session, &act.caller, &scope, *id).await?;
                        if key.credential.principal != act.caller.principal {
                            return Err(Error::forbidden("an API key is changed by its owner alone"));
                        }
                        version::require(
                            Seen::ApiKey,
                            key.credential.version,
                            change.expected_version.as_ref(),
                        )?;
                        require_fixed(&key.credential, change)?;
                        key.take(change, act.now)?;
                        if let Some(access) = change.access {
                            key.credential.access = access;
                        }
                        if let Some(workspaces) = &change.workspaces {
                            key.credential.workspaces =
                                checked_workspaces(session, &act.caller, organization, workspaces).await?;
                        }
                        key.credential.version += 1;
                        session.update_api_key(&scope, &key).await?;
                        session.revoke_given_for(*id, act.now).await?;
                        record(session, act, &scope, "api_key.update", *id).await?;
                        Ok(key)
                    })
                },
            )
            .await
    }

    /// Ends an API key at once: one of the caller's own, or anybody's for who manages the organization's users.
    pub async fn delete_api_key(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        id: CredentialId,
        expected_version: Option<Versions>,
    ) -> Result<()> {
        let data = (self.act(caller), organization, id, expected_version);
        self.store()
            .write(data, |session, (act, organization, id, expected)| {
                Box::pin(async move {
                    let scope = enter_whole(session, act, organization).await?;
                    let key = visible(session, &act.caller, &scope, *id).await?;
                    version::require(Seen::ApiKey, key.credential.version, expected.as_ref())?;
                    session.revoke_credential(key.credential.principal, *id, act.now).await?;
                    record(session, act, &scope, "api_key.delete", *id).await
                })
            })
            .await
    }
}

/// What is said of a key.
pub(crate) fn checked_description(text: Option<&str>) -> Result<Option<String>> {
    let checked = text.map(|text| text::prose("description", text, DESCRIPTION_MAX)).transpose()?;
    Ok(checked.flatten())
}

fn manages(scope: &OrganizationScope) -> bool {
    scope.permissions().contains(Permission::ManageOrganizationUsers)
}

/// Enters the organization to change API keys. Keys are people's, and a credential that is narrower than its owner changes
/// none: it could make itself a wider one.
async fn enter_whole(
    session: &dyn Session,
    act: &Act,
    organization: &OrganizationRef,
) -> Result<Writable<OrganizationScope>> {
    let scope = authz::enter_change(session, &act.caller, organization, View::Both).await?;
    if act.caller.is_service_account {
        return Err(Error::forbidden("a service account may not have API keys of a user"));
    }
    if act.caller.narrowing != Narrowing::default() {
        return Err(Error::forbidden("this credential is limited and may not change API keys"));
    }
    Ok(scope)
}

/// Refuses a change of what is fixed.
fn require_fixed(key: &Credential, change: &ApiKeyChange) -> Result<()> {
    if change.owner.is_some_and(|owner| owner != key.principal) {
        return Err(Error::immutable("user"));
    }
    let ends = |days: i64| Some(key.created_at.plus_seconds(days * 24 * 60 * 60));
    if change.days.is_some_and(|days| !API_KEY_DAYS.contains(&days) || ends(days) != key.expires_at) {
        return Err(Error::immutable("ttl"));
    }
    Ok(())
}

async fn visible(
    session: &dyn Session,
    caller: &Caller,
    scope: &OrganizationScope,
    id: CredentialId,
) -> Result<ApiKey> {
    let found = session.find_api_key(scope, id).await?;
    found
        .filter(|key| key.credential.principal == caller.principal || manages(scope))
        .filter(|key| key.credential.id == caller.credential || !caller.narrowing.is_limited())
        .ok_or_else(|| Error::not_found("API key"))
}

/// Workspaces that somebody sees who makes the key or is to have it; none leaves all.
pub(super) async fn checked_workspaces(
    session: &dyn Session,
    caller: &Caller,
    organization: &OrganizationRef,
    ids: &[WorkspaceId],
) -> Result<Option<Vec<WorkspaceId>>> {
    if ids.len() > API_KEY_WORKSPACES_MAX {
        let expected = format!("expected at most {API_KEY_WORKSPACES_MAX} workspaces");
        return Err(Error::invalid("workspace_ids", "too_many", expected));
    }
    for id in ids {
        let workspace = WorkspaceRef::Id(*id);
        let target = (organization, &workspace);
        let seen = authz::require_workspace(session, caller, Permission::ReadWorkspace, target, View::Both);
        seen.await.map_err(|_| {
            Error::invalid(
                "workspace_ids",
                "unknown",
                "expected workspaces of the organization that you and the owner of the key see",
            )
        })?;
    }
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    Ok(if ids.is_empty() { None } else { Some(ids) })
}

async fn record(
    session: &dyn Session,
    act: &Act,
    scope: &OrganizationScope,
    action: &'static str,
    id: CredentialId,
) -> Result<()> {
    act.record(session, scope.organization(), action, vec![Target::new("credential", id.as_uuid())]).await
}
