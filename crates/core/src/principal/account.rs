//! Accounts of people, as who runs the server administers them: nobody else learns by these use cases who has one.

use super::service::{Names, require_free};
use super::{DISPLAY_NAME_MAX, Principal, Profile, ProfileChange};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{self, OrganizationRef, ServerScope, View, Writable};
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::credential;
use crate::error::{Error, Kind, Result};
use crate::filter::Filter;
use crate::grant::{self, Scope, Subject};
use crate::ids::{OrganizationId, PrincipalId};
use crate::mail::{Letter, Post};
use crate::page::{Cursor, KeyValue, Order, Page, PageRequest};
use crate::permission::{BuiltinRole, Permission};
use crate::store::Session;
use crate::text;
use crate::version::{self, Seen, Versions};

/// The account of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each of them is a fact of its own")]
pub struct Account {
    /// Who it is.
    pub user: Principal,
    /// Whether there is a password. Without one it is entered by tokens and links alone.
    pub has_password: bool,
    /// Whether it runs the server.
    pub is_administrator: bool,
    /// When its person last proved to get what is mailed to its address.
    pub email_verified_at: Option<Timestamp>,
    /// What the person tells.
    pub profile: Profile,
    /// Whether the password is one that somebody else has chosen, and has to be changed at the next sign-in on the pages.
    pub password_expired: bool,
    /// Whether an inviter alone has said that the address is the person's. Once it is proved, that is of no account.
    pub email_is_hearsay: bool,
}

/// The fields by which accounts are sorted and filtered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccountField {
    /// The name shown.
    DisplayName,
    /// The e-mail address.
    Email,
    /// The sign-in name.
    Username,
    /// Since when it is suspended. Not sortable.
    SuspendedAt,
    /// When it was made.
    CreatedAt,
    /// When it was last changed.
    UpdatedAt,
}

/// Which accounts to list.
#[derive(Clone, Debug)]
pub struct AccountQuery {
    /// The condition.
    pub filter: Filter<AccountField>,
    /// The page.
    pub page: PageRequest<AccountField>,
}

/// What is to become of an account. `None` leaves a field alone.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// Another sign-in name.
    pub username: Option<String>,
    /// The e-mail address. Another one than before is not verified; none is hearsay any more.
    pub email: Option<String>,
    /// What the person is called; `Some(None)` for nothing of its own.
    pub display_name: Option<Option<String>>,
    /// What the person tells.
    pub profile: ProfileChange,
    /// Whether the account is to run the server.
    pub administrator: Option<bool>,
    /// Whether it may do nothing, at once and until that is lifted.
    pub suspended: Option<bool>,
    /// The version that the client saw last; another one is a conflict.
    pub expected_version: Option<Versions>,
}

impl Account {
    /// Whether what is meant for the address is meant for this account: its person has proved it, or who runs the server
    /// has made the account with it.
    pub const fn owns_address(&self) -> bool {
        self.email_verified_at.is_some() || !self.email_is_hearsay
    }

    /// The account's place in an order.
    pub fn cursor(&self, order: &[Order<AccountField>]) -> Cursor {
        let user = &self.user;
        let keys = order.iter().map(|by| match by.field {
            AccountField::DisplayName => KeyValue::Text(user.shown_name().to_owned()),
            AccountField::Email => KeyValue::Text(user.email.clone().unwrap_or_default()),
            AccountField::Username => KeyValue::Text(user.username.clone()),
            AccountField::CreatedAt => KeyValue::Int(user.created_at.as_micros()),
            AccountField::UpdatedAt => KeyValue::Int(user.updated_at.as_micros()),
            // Not sortable: the store refuses such an order.
            AccountField::SuspendedAt => KeyValue::Int(0),
        });
        Cursor { keys: keys.collect(), id: *user.id.as_uuid() }
    }
}

impl Core {
    /// The accounts of people. Needs the right to run the server.
    pub async fn list_accounts(&self, caller: &Caller, query: AccountQuery) -> Result<Page<Account>> {
        self.store()
            .scan((caller.clone(), query), |session, (caller, query)| {
                Box::pin(async move {
                    let scope = authz::server(session, caller).await?;
                    authz::require_server(&scope, Permission::ManageServer)?;
                    session.list_accounts(&scope, &query.filter, &query.page).await
                })
            })
            .await
    }

    /// The account of a person. Needs the right to run the server.
    pub async fn get_account(&self, caller: &Caller, user: PrincipalId) -> Result<Account> {
        self.store()
            .point((caller.clone(), user), |session, (caller, user)| {
                Box::pin(async move {
                    let scope = authz::server(session, caller).await?;
                    authz::require_server(&scope, Permission::ManageServer)?;
                    find(session, &scope, *user).await
                })
            })
            .await
    }

    /// Changes the account of a person. An address that it had is told of another one. Needs the right to run the server.
    pub async fn update_account(
        &self,
        caller: &Caller,
        user: PrincipalId,
        change: AccountChange,
    ) -> Result<Account> {
        self.store()
            .write((self.act(caller), user, change, self.post()), |session, (act, user, change, post)| {
                Box::pin(async move {
                    let (scope, mut account) =
                        administer(session, act, *user, change.expected_version.as_ref()).await?;
                    let before = account.user.clone();
                    if change.email.is_some() {
                        hand_over(session, act, &scope, &mut account).await?;
                    }
                    apply(session, &scope, &mut account, change).await?;
                    if account.user.email != before.email {
                        session.end_links(*user, None).await?;
                    }
                    tell_of_move(session, act, post, (&before, &account.user)).await?;
                    if let Some(wanted) = change.administrator {
                        set_administrator(session, act, &scope, *user, wanted).await?;
                        account.is_administrator = wanted;
                    }
                    write(session, act, &scope, &mut account).await?;
                    let suspended = account.user.suspended_at.is_some();
                    if let Some(wanted) = change.suspended.filter(|wanted| *wanted != suspended) {
                        set_suspended(session, act, &scope, *user, wanted).await?;
                        account = find(session, &scope, *user).await?;
                    }
                    record(session, act, "user.update", *user).await?;
                    Ok(account)
                })
            })
            .await
    }

    /// Suspends the account of a person, or lifts the suspension. Needs the right to run the server.
    pub async fn suspend_account(
        &self,
        caller: &Caller,
        user: PrincipalId,
        suspended: bool,
        expected_version: Option<Versions>,
    ) -> Result<Account> {
        let data = (self.act(caller), user, suspended, expected_version);
        self.store()
            .write(data, |session, (act, user, suspended, expected)| {
                Box::pin(async move {
                    let (scope, _) = administer(session, act, *user, expected.as_ref()).await?;
                    suspend(session, act, &scope, *user, *suspended).await?;
                    find(session, &scope, *user).await
                })
            })
            .await
    }

    /// Suspends a principal, or lifts the suspension. Needs the right to run the server.
    pub async fn set_suspended(
        &self,
        caller: &Caller,
        principal: PrincipalId,
        suspended: bool,
    ) -> Result<()> {
        self.store()
            .write((self.act(caller), principal, suspended), |session, (act, principal, suspended)| {
                Box::pin(async move {
                    let scope = authz::server_change(session, &act.caller).await?;
                    authz::require_server(&scope, Permission::ManageServer)?;
                    suspend(session, act, &scope, *principal, *suspended).await
                })
            })
            .await
    }

    /// Deletes the account of a person: every role, key, token and link of it ends at once, and address and sign-in name
    /// are free again. What the person made stays, and says who made it by an id that nobody has any more. Who answers for
    /// an organization cannot be deleted; while the person alone owns a workspace it needs `force`, by which those go to
    /// the organization's owner. Needs the right to run the server.
    pub async fn delete_account(
        &self,
        caller: &Caller,
        user: PrincipalId,
        expected_version: Option<Versions>,
        force: bool,
    ) -> Result<()> {
        let data = (self.act(caller), user, expected_version, force);
        self.store()
            .write(data, |session, (act, user, expected, force)| {
                Box::pin(async move {
                    let (scope, account) = administer(session, act, *user, expected.as_ref()).await?;
                    if account.is_administrator {
                        require_another_administrator(session, &scope, *user).await?;
                    }
                    for (organization, is_live) in session.organizations_of(&scope, *user).await? {
                        leave(session, act, (organization, is_live), *user, *force).await?;
                    }
                    let server = authz::scope_of_new_organization(&scope, OrganizationId::SERVER);
                    session.end_membership(&server, *user, *user).await?;
                    credential::end_all(session, act, *user).await?;
                    session.bury_account(&scope, *user, act.now).await?;
                    record(session, act, "user.delete", *user).await
                })
            })
            .await
    }
}

/// The account, with the right to change it.
async fn administer(
    session: &dyn Session,
    act: &Act,
    user: PrincipalId,
    expected_version: Option<&Versions>,
) -> Result<(Writable<ServerScope>, Account)> {
    let scope = authz::server_change(session, &act.caller).await?;
    authz::require_server(&scope, Permission::ManageServer)?;
    let account = find(session, &scope, user).await?;
    version::require(Seen::Account, account.user.version, expected_version)?;
    Ok((scope, account))
}

pub(crate) async fn find(session: &dyn Session, scope: &ServerScope, user: PrincipalId) -> Result<Account> {
    session.find_user_account(scope, user).await?.ok_or_else(|| Error::not_found("user"))
}

/// Puts the new names into the account, if they are well formed and nobody else's.
pub(crate) async fn apply(
    session: &dyn Session,
    scope: &ServerScope,
    account: &mut Account,
    change: &AccountChange,
) -> Result<()> {
    let user = &mut account.user;
    let email = change.email.as_deref().or(user.email.as_deref()).unwrap_or_default();
    let username = change.username.as_deref().unwrap_or(&user.username);
    // Whose sign-in name was the address keeps it that way.
    let follows = change.username.is_none() && user.email.as_deref() == Some(&*user.username);
    // What was kept before there was a rule stays, until it is given anew.
    let names = match (&change.email, &change.username) {
        (None, None) => Names { email: email.to_owned(), username: username.to_owned() },
        _ => Names::checked(email, if follows { email } else { username })?,
    };
    require_free(session, scope, &names, Some(user.id)).await?;
    if user.email.as_deref() != Some(&*names.email) {
        account.email_verified_at = None;
    }
    user.email = Some(names.email);
    account.email_is_hearsay &= change.email.is_none();
    user.username = names.username;
    if let Some(name) = &change.display_name {
        let name = name.as_deref().map(|name| text::name("display_name", name, DISPLAY_NAME_MAX));
        user.display_name = name.transpose()?;
    }
    account.profile.apply(&change.profile)
}

/// Gives an account whose address was hearsay until now to whom the address is: whoever had it may have been anybody, so
/// nothing by which it was entered counts any more, the password neither. Another one is set by a link.
pub(crate) async fn hand_over(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<ServerScope>,
    account: &mut Account,
) -> Result<()> {
    if account.owns_address() {
        return Ok(());
    }
    account.email_is_hearsay = false;
    (account.has_password, account.password_expired) = (false, false);
    session.set_password(scope, account.user.id, None).await?;
    credential::end_all(session, act, account.user.id).await
}

/// Tells the address that an account had that it has another one now: whoever reads that there may not have wanted it.
pub(crate) async fn tell_of_move(
    session: &dyn Session,
    act: &Act,
    post: &Post,
    (before, after): (&Principal, &Principal),
) -> Result<()> {
    let folded = |user: &Principal| user.email.as_deref().map(text::fold);
    let Some(to) = before.email.clone().filter(|_| folded(before) != folded(after)) else { return Ok(()) };
    if !post.is_delivered() {
        return Ok(());
    }
    post.put(session, act, &Letter::Moved { to, name: after.shown_name().to_owned() }).await
}

/// Writes the account as a new version of it.
pub(crate) async fn write(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<ServerScope>,
    account: &mut Account,
) -> Result<()> {
    account.user.version += 1;
    account.user.updated_at = act.now;
    session.update_account(scope, account).await
}

async fn suspend(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<ServerScope>,
    principal: PrincipalId,
    suspended: bool,
) -> Result<()> {
    set_suspended(session, act, scope, principal, suspended).await?;
    let action = if suspended { "principal.suspend" } else { "principal.resume" };
    record(session, act, action, principal).await
}

/// Suspends or resumes, as long as somebody is left who runs the server.
async fn set_suspended(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<ServerScope>,
    principal: PrincipalId,
    suspended: bool,
) -> Result<()> {
    if suspended && session.find_user_account(scope, principal).await?.is_some_and(|it| it.is_administrator) {
        require_another_administrator(session, scope, principal).await?;
    }
    if !session.set_suspended(scope, principal, suspended.then_some(act.now), act.now).await? {
        return Err(Error::not_found("principal"));
    }
    Ok(())
}

/// Gives the role that runs the server, or takes it.
pub(super) async fn set_administrator(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<ServerScope>,
    user: PrincipalId,
    wanted: bool,
) -> Result<()> {
    let server = authz::scope_of_new_organization(scope, OrganizationId::SERVER);
    let role = session.find_builtin_role(&server, BuiltinRole::ServerAdministrator).await?;
    let role = role.ok_or_else(|| Error::internal("the server lacks its role"))?;
    let subject = Subject::Principal(user);
    if wanted {
        return grant::give(session, act, &server, subject, &role, Scope::Server).await;
    }
    require_another_administrator(session, scope, user).await?;
    for held in session.grants_of(&server, &subject, &Scope::Server).await? {
        session.delete_grant(&server, &held).await?;
    }
    Ok(())
}

/// Refuses when nobody would be left who runs the server.
async fn require_another_administrator(
    session: &dyn Session,
    scope: &Writable<ServerScope>,
    user: PrincipalId,
) -> Result<()> {
    if session.has_administrator_beside(scope, user).await? {
        return Ok(());
    }
    let message = "the server would be left without an administrator";
    Err(Error::new(Kind::Precondition, "server.last_administrator", message))
}

/// Ends what the person has in an organization. In a deleted one nobody minds who owns what.
async fn leave(
    session: &dyn Session,
    act: &Act,
    (organization, is_live): (OrganizationId, bool),
    user: PrincipalId,
    force: bool,
) -> Result<()> {
    let by = OrganizationRef::Id(organization);
    if !is_live {
        let scope = authz::require_deleted_change(session, &act.caller, &by).await?;
        return session.end_membership(&scope, user, user).await.map(drop);
    }
    let needed = Permission::ManageOrganizationUsers;
    let scope = authz::require_change(session, &act.caller, needed, &by, View::Both).await?;
    let left = grant::leave(session, act, &scope, user, force).await;
    left.map(drop).map_err(|mut error| {
        error.metadata.push(("organization", organization.to_string()));
        error
    })
}

async fn record(session: &dyn Session, act: &Act, action: &'static str, user: PrincipalId) -> Result<()> {
    let targets = vec![Target::new("principal", user.as_uuid())];
    act.record(session, OrganizationId::SERVER, action, targets).await
}
