//! Use cases of browser sessions.

use super::{BrowserSession, OpenSession, Origin};
use crate::Core;
use crate::audit::{Act, Target};
use crate::caller::{Caller, Narrowing};
use crate::clock::Timestamp;
use crate::credential::{self, Access, Found, Issued, Proved, Secret, TokenKind, caller_of};
use crate::error::{Error, Result};
use crate::ids::{CredentialId, OrganizationId};
use crate::store::Session;

/// How often it is written down that something was done in a session, in seconds.
const TOUCH_SECONDS: i64 = 60;

impl Core {
    /// Signs a person in with a browser: a new session, whatever session the browser had before.
    ///
    /// # Errors
    /// `Kind::Unauthenticated`, with the reason [`credential::PASSWORD_EXPIRED`] for who has to choose another password
    /// first.
    pub async fn sign_in_browser(
        &self,
        login: &str,
        password: &str,
        (from, before): (Origin, Option<&str>),
    ) -> Result<Issued> {
        let Proved { user, hash } = self.admit_by_password(login, password, from.source).await?;
        let caller =
            Caller { request_id: from.request_id.clone(), source: from.source, ..self.caller_of_user(&user) };
        let data = (self.act(&caller), self.beginning((from, before), self.clock().now()), hash);
        self.store()
            .write(data, |session, (act, beginning, hash)| {
                Box::pin(async move {
                    credential::hold_password(session, &act.caller, hash).await?;
                    begin(session, act, beginning, None).await
                })
            })
            .await
    }

    /// The session of a cookie. It lives on from this moment.
    ///
    /// # Errors
    /// [`Error::bad_credential`] when it does not count (any more).
    pub async fn browser_session(&self, cookie: &str) -> Result<BrowserSession> {
        let hash = hash_of(cookie).ok_or_else(Error::bad_credential)?;
        let now = self.clock().now();
        let found = self
            .store()
            .point(hash, |session, hash| {
                Box::pin(async move {
                    let found = session.find_credential(hash).await?.ok_or_else(Error::bad_credential)?;
                    let used_at = session.browser_session_used_at(found.credential.id).await?;
                    Ok((found, used_at))
                })
            })
            .await?;
        let (found, used_at) = found;
        let caller = caller_of(&found, now)?;
        if used_at.is_none_or(|at| at.plus_seconds(TOUCH_SECONDS) <= now) {
            let until = self.end_of_session(found.credential.created_at, now);
            self.store()
                .write((found.credential.id, now, until), |session, (id, now, until)| {
                    Box::pin(session.touch_browser_session(*id, *now, *until))
                })
                .await?;
        }
        let signed_in_at = found.credential.created_at;
        Ok(BrowserSession { caller, person: found.principal.clone(), signed_in_at })
    }

    /// Gives a session another secret: whoever knew the old one is out. To be called when the person gains rights.
    pub async fn renew_browser_session(&self, cookie: &str, from: Origin) -> Result<Issued> {
        let BrowserSession { caller, signed_in_at, .. } = self.browser_session(cookie).await?;
        let caller = Caller { request_id: from.request_id.clone(), source: from.source, ..caller };
        let data = (self.act(&caller), self.beginning((from, Some(cookie)), signed_in_at));
        self.store()
            .write(data, |session, (act, beginning)| {
                Box::pin(async move {
                    let parent = credential::hold_basis(session, act).await?;
                    begin(session, act, beginning, parent).await
                })
            })
            .await
    }

    /// Signs out. A cookie that does not count is none the worse.
    pub async fn sign_out_browser(&self, cookie: &str, request_id: Option<String>) -> Result<()> {
        let Ok(session) = self.browser_session(cookie).await else { return Ok(()) };
        let caller = Caller { request_id, ..session.caller };
        self.revoke_own_credential(&caller, caller.credential).await
    }

    /// The caller's open sessions, the newest first.
    pub async fn list_own_sessions(&self, caller: &Caller) -> Result<Vec<OpenSession>> {
        self.store()
            .scan((caller.principal, self.clock().now()), |session, (principal, now)| {
                Box::pin(session.browser_sessions_of(*principal, *now))
            })
            .await
    }

    /// Ends a session of the caller's own.
    pub async fn end_own_session(&self, caller: &Caller, id: CredentialId) -> Result<()> {
        credential::require_whole_person(caller)?;
        self.store()
            .write((self.act(caller), id), |session, (act, id)| {
                Box::pin(async move {
                    let missing = || Error::not_found("session");
                    session.browser_session_used_at(*id).await?.ok_or_else(missing)?;
                    if !session.revoke_credential(act.caller.principal, *id, act.now).await? {
                        return Err(missing());
                    }
                    let targets = vec![Target::new("credential", id.as_uuid())];
                    act.record(session, OrganizationId::SERVER, "session.end", targets).await
                })
            })
            .await
    }

    /// Ends all sessions of the caller but the one that is used for it.
    pub async fn end_other_sessions(&self, caller: &Caller) -> Result<u64> {
        self.store()
            .write(self.act(caller), |session, act| {
                Box::pin(async move {
                    let caller = &act.caller;
                    let ended = session
                        .end_browser_sessions(caller.principal, Some(caller.credential), act.now)
                        .await?;
                    let targets = vec![Target::new("principal", caller.principal.as_uuid())];
                    act.record(session, OrganizationId::SERVER, "session.end_others", targets).await?;
                    Ok(ended)
                })
            })
            .await
    }

    /// What a session is begun with; `before` is the cookie of the one that the browser had.
    pub(crate) fn beginning(
        &self,
        (from, before): (Origin, Option<&str>),
        signed_in_at: Timestamp,
    ) -> Beginning {
        Beginning {
            secret: Secret::random(TokenKind::BrowserSession, self.entropy()),
            from,
            before: before.and_then(hash_of),
            signed_in_at,
            until: self.end_of_session(signed_in_at, self.clock().now()),
        }
    }

    /// Until when a session lives in which something is done now.
    fn end_of_session(&self, signed_in_at: Timestamp, now: Timestamp) -> Timestamp {
        let settings = self.settings();
        let end = signed_in_at.plus_seconds(settings.session_seconds);
        now.plus_seconds(settings.session_idle_seconds).min(end)
    }
}

/// What a session is begun with.
pub(crate) struct Beginning {
    secret: Secret,
    from: Origin,
    before: Option<[u8; 32]>,
    signed_in_at: Timestamp,
    until: Timestamp,
}

/// Begins a session of the caller, as narrow as the caller is; one that is given for a `parent` ends with it.
pub(crate) async fn begin(
    session: &dyn Session,
    act: &Act,
    beginning: &Beginning,
    parent: Option<CredentialId>,
) -> Result<Issued> {
    let Beginning { secret, from, before, signed_in_at, until } = beginning;
    end_before(session, act, before.as_ref()).await?;
    let Narrowing { permissions, organization, workspaces } = act.caller.narrowing.clone();
    let access = permissions.map_or(Access::Everything, Access::Only);
    let holder = (act.caller.principal, (organization, access, workspaces));
    let made = Act { now: *signed_in_at, ..act.clone() };
    let lifetime = (Some(*until), parent);
    let issued = credential::issue(session, &made, holder, "browser session", secret, lifetime).await?;
    session.insert_browser_session(issued.credential.id, from, act.now).await?;
    let targets = vec![Target::new("credential", issued.credential.id.as_uuid())];
    act.record(session, OrganizationId::SERVER, "session.begin", targets).await?;
    Ok(issued)
}

/// Ends the session that the browser had before.
async fn end_before(session: &dyn Session, act: &Act, hash: Option<&[u8; 32]>) -> Result<()> {
    let Some(hash) = hash else { return Ok(()) };
    let Some(found) = session.find_credential(hash).await? else { return Ok(()) };
    let Found { credential, principal, .. } = &*found;
    session.revoke_credential(principal.id, credential.id, act.now).await.map(drop)
}

fn hash_of(cookie: &str) -> Option<[u8; 32]> {
    Secret::parse(cookie)
        .filter(|secret| secret.kind() == TokenKind::BrowserSession)
        .map(|secret| secret.hash())
}
