//! What people do to their own accounts.

use super::account::{self, Account, AccountChange};
use super::{Principal, ProfileChange};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{self, ServerScope, Writable};
use crate::caller::{Caller, Narrowing};
use crate::credential::{self, Verdict};
use crate::error::{Error, Kind, Result};
use crate::ids::{OrganizationId, PrincipalId};
use crate::store::Session;
use crate::throttle::{Attempts, Purpose, WRONG};
use crate::version::{self, Seen, Versions};

/// What is to become of one's own account. `None` leaves a field alone. Another address has to be proved first.
#[derive(Clone, Debug, Default)]
pub struct OwnChange {
    /// Another sign-in name.
    pub username: Option<String>,
    /// What the person is called; `Some(None)` for nothing of its own.
    pub display_name: Option<Option<String>>,
    /// What the person tells.
    pub profile: ProfileChange,
    /// The version that the client saw last; another one is a conflict.
    pub expected_version: Option<Versions>,
}

impl Core {
    /// The account of the caller's own.
    pub async fn get_own_account(&self, caller: &Caller) -> Result<Principal> {
        self.store()
            .point(caller.clone(), |session, caller| {
                Box::pin(async move {
                    let scope = authz::server(session, caller).await?;
                    let own = session.find_account(&scope, caller.principal).await?;
                    own.ok_or_else(Error::bad_credential)
                })
            })
            .await
    }

    /// The same with what only people have; none for a service account.
    pub async fn find_own_account(&self, caller: &Caller) -> Result<Option<Account>> {
        self.store()
            .point(caller.clone(), |session, caller| {
                Box::pin(async move {
                    let scope = authz::server(session, caller).await?;
                    session.find_user_account(&scope, caller.principal).await
                })
            })
            .await
    }

    /// Whether the person has proved to get what is mailed to the account's address.
    pub async fn has_proved_address(&self, person: PrincipalId) -> Result<bool> {
        self.store()
            .point(person, |session, person| {
                Box::pin(async move {
                    let found = authz::account_of(session, *person).await?;
                    Ok(found.is_some_and(|account| account.email_verified_at.is_some()))
                })
            })
            .await
    }

    /// Changes the caller's own account.
    pub async fn update_own_account(&self, caller: &Caller, change: OwnChange) -> Result<Principal> {
        self.store()
            .write((self.act(caller), change), |session, (act, change)| {
                Box::pin(async move {
                    let (scope, mut own) = own(session, act).await?;
                    version::require(Seen::Account, own.user.version, change.expected_version.as_ref())?;
                    let change = AccountChange {
                        username: change.username.clone(),
                        display_name: change.display_name.clone(),
                        profile: change.profile.clone(),
                        ..AccountChange::default()
                    };
                    account::apply(session, &scope, &mut own, &change).await?;
                    account::write(session, act, &scope, &mut own).await?;
                    record(session, act, "user.update_own").await?;
                    Ok(own.user)
                })
            })
            .await
    }

    /// Changes the caller's own password, which needs the current one. Every other sign-in of the person ends.
    pub async fn change_password(&self, caller: &Caller, current: String, new: String) -> Result<()> {
        let (user, before) = self.prove_current(caller, &current).await?;
        let after = self.hash_password("new_password", &new, &user.names()).await?;
        self.store()
            .write((self.act(caller), before, after), |session, (act, before, after)| {
                Box::pin(async move {
                    let (scope, mut own) = own(session, act).await?;
                    require_still(session, &scope, own.user.id, before).await?;
                    set_password(session, act, &scope, (&mut own, after), true).await?;
                    record(session, act, "user.change_password").await
                })
            })
            .await
    }

    /// The caller's account and the hash of its password, for who knows that. A credential alone changes nothing by which the
    /// account is entered: it may be a program's, and would outlive what the program was allowed.
    pub(crate) async fn prove_current(&self, caller: &Caller, password: &str) -> Result<(Principal, String)> {
        let (user, hash) = self
            .store()
            .point(caller.clone(), |session, caller| {
                Box::pin(async move {
                    require_whole(caller)?;
                    let scope = authz::server(session, caller).await?;
                    let own = account::find(session, &scope, caller.principal).await?;
                    Ok((own.user, session.find_password(&scope, caller.principal).await?))
                })
            })
            .await?;
        let Some(hash) = hash else {
            let message = "the account has no password yet: have a link sent to set one";
            return Err(Error::new(Kind::Precondition, "password.none", message));
        };
        let attempts = Attempts::new(Purpose::SignIn, &caller.principal.to_string(), caller.source);
        self.throttled(&attempts, self.require_current(password, &hash)).await?;
        Ok((user, hash))
    }

    async fn require_current(&self, password: &str, hash: &str) -> Result<()> {
        match self.passwords().verify(password, Some(hash)).await? {
            Verdict::Wrong => Err(Error::invalid("current_password", WRONG, "expected the current password")),
            Verdict::Right | Verdict::Outdated => Ok(()),
        }
    }
}

/// The caller's own account, to be changed.
pub(crate) async fn own(session: &dyn Session, act: &Act) -> Result<(Writable<ServerScope>, Account)> {
    require_whole(&act.caller)?;
    let scope = authz::server_change(session, &act.caller).await?;
    let own = account::find(session, &scope, act.caller.principal).await?;
    Ok((scope, own))
}

/// Refuses where the password whose hash was `before` is another one by now.
pub(crate) async fn require_still(
    session: &dyn Session,
    scope: &ServerScope,
    user: PrincipalId,
    before: &str,
) -> Result<()> {
    if has_still(session, scope, user, before).await? {
        return Ok(());
    }
    Err(Error::new(Kind::Conflict, "password.stale", "the password was changed meanwhile"))
}

/// Whether the account has the password still whose hash was `before`.
pub(crate) async fn has_still(
    session: &dyn Session,
    scope: &ServerScope,
    user: PrincipalId,
    before: &str,
) -> Result<bool> {
    Ok(session.find_password(scope, user).await?.as_deref() == Some(before))
}

/// A credential that is narrower than its owner changes nothing of the account: it could make itself a wider one.
pub(crate) fn require_whole(caller: &Caller) -> Result<()> {
    if caller.is_service_account {
        return Err(Error::forbidden("a service account is changed by its organization"));
    }
    if caller.narrowing != Narrowing::default() {
        return Err(Error::forbidden("this credential is limited and may not change the account"));
    }
    Ok(())
}

/// Writes the hash of another password, and ends what the old one had led to: sign-ins, but for the caller's own where it is
/// to be kept, and links.
pub(crate) async fn set_password(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<ServerScope>,
    (account, hash): (&mut Account, &str),
    keep_own: bool,
) -> Result<()> {
    (account.has_password, account.password_expired) = (true, false);
    account::write(session, act, scope, account).await?;
    session.set_password(scope, account.user.id, Some(hash)).await?;
    session.end_links(account.user.id, None).await?;
    let keep = keep_own.then_some(act.caller.credential);
    credential::end_others(session, act, account.user.id, keep).await
}

async fn record(session: &dyn Session, act: &Act, action: &'static str) -> Result<()> {
    let own: PrincipalId = act.caller.principal;
    let targets = vec![Target::new("principal", own.as_uuid())];
    act.record(session, OrganizationId::SERVER, action, targets).await
}
