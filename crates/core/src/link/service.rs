//! Use cases of links: asking for one, looking at one, using one.

use std::net::IpAddr;

use super::{Link, LinkKind, RESET_SECONDS, VERIFICATION_SECONDS, make};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{self, ServerScope, Writable};
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::credential::{Proved, Secret};
use crate::error::{Error, Kind, Result};
use crate::ids::{MailId, OrganizationId, PrincipalId};
use crate::mail::{Letter, Post};
use crate::permission::Permission;
use crate::principal::{Account, AccountChange, Principal, account, own};
use crate::store::Session;
use crate::text;
use crate::throttle::{self, Attempts, Purpose, WRONG};
use crate::version::{self, Seen, Versions};

/// What a link is, for who has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkView {
    /// What it is for.
    pub kind: LinkKind,
    /// The account: its person's name.
    pub shown_name: String,
    /// The address that it proves, or the account's.
    pub email: Option<String>,
    /// From when on it does not count.
    pub expires_at: Timestamp,
}

impl Core {
    /// Makes a link by which the person can set a password: the first one, or another one where there is one already. It
    /// is mailed; without a mail server its secret is given here, this once. Needs the right to run the server.
    pub async fn send_activation(
        &self,
        caller: &Caller,
        user: PrincipalId,
        expected_version: Option<Versions>,
    ) -> Result<(Account, Option<Secret>)> {
        let secrets = [LinkKind::Activation, LinkKind::PasswordReset]
            .map(|kind| Secret::random(kind.token(), self.entropy()));
        let seconds = [self.settings().invitation_seconds, RESET_SECONDS];
        let data = (self.act(caller), user, expected_version, (secrets, seconds), self.post());
        self.store()
            .write(data, |session, (act, user, expected, (secrets, seconds), post)| {
                Box::pin(async move {
                    let scope = authz::server_change(session, &act.caller).await?;
                    authz::require_server(&scope, Permission::ManageServer)?;
                    let found = account::find(session, &scope, *user).await?;
                    version::require(Seen::Account, found.user.version, expected.as_ref())?;
                    if found.user.suspended_at.is_some() {
                        let message = "the account is suspended: resume it first";
                        return Err(Error::new(Kind::Precondition, "user.suspended", message));
                    }
                    let (kind, which) = if found.has_password {
                        (LinkKind::PasswordReset, 1)
                    } else {
                        (LinkKind::Activation, 0)
                    };
                    let shown =
                        send(session, act, post, (kind, &found.user), &secrets[which], seconds[which]);
                    let shown = shown.await?;
                    record(session, act, "user.send_activation", *user).await?;
                    Ok((found, shown))
                })
            })
            .await
    }

    /// Asks for a link by which the person of this address or sign-in name can set another password. Whether there is such
    /// an account makes no difference here, neither in the answer nor in the work: that is found out when the mail is
    /// written. Without a mail server nothing comes of it.
    ///
    /// # Errors
    /// `Kind::RateLimited` after several requests.
    pub async fn request_password_reset(&self, login: &str, source: Option<IpAddr>) -> Result<()> {
        let login = text::login(login);
        self.spend_attempt(&Attempts::new(Purpose::Reset, &login, source)).await?;
        let data = (self.clock().now(), std::sync::Arc::clone(&self.ids), login, self.post());
        self.store()
            .write(data, |session, (now, ids, login, post)| {
                Box::pin(async move { post.ask_for_reset(session, (*now, &**ids), login).await })
            })
            .await
    }

    /// Has a link mailed that proves the address of the caller's account.
    pub async fn request_email_verification(&self, caller: &Caller) -> Result<()> {
        self.mail_verification(caller, None).await
    }

    /// Has a link mailed to another address, which is the account's once the link is used. That is a way into the account,
    /// so it needs the current password; who has none yet sets one first.
    ///
    /// # Errors
    /// `Kind::Invalid` for `email` and `current_password`; `Kind::Precondition` without a password, or a mail server;
    /// `Kind::Conflict` if the password is another one by the time that the link is written.
    pub async fn request_email_change(
        &self,
        caller: &Caller,
        email: &str,
        current_password: &str,
    ) -> Result<()> {
        let email = text::email("email", email)?;
        own::require_whole(caller)?;
        require_delivered(&self.post())?;
        let (_, password) = self.prove_current(caller, current_password).await?;
        self.mail_verification(caller, Some((email, password))).await
    }

    /// Mails the link: to the account's address, or to another one for who knew the password with this hash.
    async fn mail_verification(&self, caller: &Caller, other: Option<(String, String)>) -> Result<()> {
        let account = caller.principal.to_string();
        let attempts = Attempts::new(Purpose::Verification, &account, caller.source);
        let secret = Secret::random(LinkKind::EmailVerification.token(), self.entropy());
        let data = (self.act(caller), other, (secret, attempts), self.post());
        self.store()
            .write(data, |session, (act, other, (secret, attempts), post)| {
                Box::pin(async move {
                    let (scope, mut found) = own::own(session, act).await?;
                    require_delivered(post)?;
                    if let Some((other, password)) = other {
                        own::require_still(session, &scope, found.user.id, password).await?;
                        found.user.email = Some(other.clone());
                    }
                    // In the transaction that writes the letter: what comes to no letter is no attempt.
                    throttle::spend(session, attempts, act.now).await?;
                    let what = (LinkKind::EmailVerification, &found.user);
                    send(session, act, post, what, secret, VERIFICATION_SECONDS).await?;
                    record(session, act, "user.request_verification", found.user.id).await
                })
            })
            .await
    }

    /// What a link is for. It is as good afterwards as before.
    ///
    /// # Errors
    /// `Kind::Invalid` for `secret` if it was used, replaced or is too old, or never was.
    pub async fn look_at_link(&self, secret: &str, source: Option<IpAddr>) -> Result<LinkView> {
        self.throttled(&Attempts::of_source(Purpose::Link, source), self.look(secret)).await
    }

    async fn look(&self, secret: &str) -> Result<LinkView> {
        let (link, found) = self.read_link(hash_of(secret)?).await?;
        let email = link.email.or(found.user.email.clone());
        let shown_name = found.user.shown_name().to_owned();
        Ok(LinkView { kind: link.kind, shown_name, email, expires_at: link.expires_at })
    }

    /// Uses a link to set a password, the first or another one. Every sign-in of the person ends, and so does every other
    /// link.
    pub async fn reset_password(&self, secret: &str, password: &str, source: Option<IpAddr>) -> Result<()> {
        self.throttled(&Attempts::of_source(Purpose::Link, source), self.reset(secret, password)).await
    }

    /// Makes a link by which who knows an expired password sets another one. It is nobody's proof of an address.
    ///
    /// # Errors
    /// `Kind::Unauthenticated`, whatever of it is wrong; `Kind::Conflict` if another password was set meanwhile.
    pub async fn renew_password(
        &self,
        login: &str,
        password: &str,
        source: Option<IpAddr>,
    ) -> Result<Secret> {
        let Proved { user, hash } = self.prove_user(login, password, source).await?;
        let secret = Secret::random(LinkKind::PasswordReset.token(), self.entropy());
        let act = self.act(&Caller { source, ..self.caller_of_user(&user) });
        self.store()
            .write((act, hash, secret), |session, (act, hash, secret)| {
                Box::pin(async move {
                    let scope = authz::server_change(session, &act.caller).await?;
                    let user = act.caller.principal;
                    own::require_still(session, &scope, user, hash).await?;
                    make(session, act, (LinkKind::PasswordReset, user, None), secret, RESET_SECONDS).await?;
                    record(session, act, "user.request_reset", user).await?;
                    Ok(secret.clone())
                })
            })
            .await
    }

    async fn reset(&self, secret: &str, password: &str) -> Result<()> {
        let hash = hash_of(secret)?;
        let (link, found) = self.read_link(hash).await?;
        if link.kind == LinkKind::EmailVerification {
            return Err(void());
        }
        let password = self.hash_password("password", password, &found.user.names()).await?;
        let act = self.act(&self.caller_of_user(&found.user));
        self.store()
            .write((act, hash, password), |session, (act, hash, password)| {
                Box::pin(async move {
                    let (scope, link, mut found) = spend(session, act, hash).await?;
                    if link.email.is_some() {
                        account::hand_over(session, act, &scope, &mut found).await?;
                        found.email_verified_at = Some(act.now);
                    }
                    own::set_password(session, act, &scope, (&mut found, password), false).await?;
                    record(session, act, "user.reset_password", link.principal).await
                })
            })
            .await
    }

    /// Uses a link that proves an address, which is the account's from then on. The one that it had is told.
    pub async fn verify_email(&self, secret: &str, source: Option<IpAddr>) -> Result<Principal> {
        self.throttled(&Attempts::of_source(Purpose::Link, source), self.verify(secret)).await
    }

    async fn verify(&self, secret: &str) -> Result<Principal> {
        let hash = hash_of(secret)?;
        let (link, found) = self.read_link(hash).await?;
        if link.kind != LinkKind::EmailVerification {
            return Err(void());
        }
        let act = self.act(&self.caller_of_user(&found.user));
        self.store()
            .write((act, hash, self.post()), |session, (act, hash, post)| {
                Box::pin(async move {
                    let (scope, link, mut found) = spend(session, act, hash).await?;
                    let before = found.user.clone();
                    account::hand_over(session, act, &scope, &mut found).await?;
                    let change = AccountChange { email: link.email, ..AccountChange::default() };
                    account::apply(session, &scope, &mut found, &change).await?;
                    found.email_verified_at = Some(act.now);
                    account::write(session, act, &scope, &mut found).await?;
                    account::tell_of_move(session, act, post, (&before, &found.user)).await?;
                    session.end_links(link.principal, None).await?;
                    record(session, act, "user.verify_email", link.principal).await?;
                    Ok(found.user)
                })
            })
            .await
    }

    async fn read_link(&self, hash: [u8; 32]) -> Result<(Link, Account)> {
        self.store()
            .point((hash, self.clock().now()), |session, (hash, now)| Box::pin(open(session, hash, *now)))
            .await
    }

    /// Removes links that expired, a bounded number of them. Answers how many there were.
    pub async fn sweep_links(&self) -> Result<u64> {
        self.store().write(self.clock().now(), |session, now| Box::pin(session.sweep_links(*now, 500))).await
    }

    /// Writes the link that a person asked for by this address or sign-in name, if there is such an account: the letter to
    /// be sent.
    pub(crate) async fn draft_reset(&self, login: String, of: MailId) -> Result<Option<Letter>> {
        let kind = LinkKind::PasswordReset;
        let secret = Secret::random(kind.token(), self.entropy());
        let found =
            self.store().point(login.clone(), |session, login| Box::pin(session.find_sign_in(login))).await?;
        let Some((user, _)) = found.filter(|(user, _)| user.is_active_user() && user.email.is_some()) else {
            self.store().write(of, |session, id| Box::pin(session.remove_mail(*id))).await?;
            return Ok(None);
        };
        let act = self.act(&self.caller_of_user(&user));
        self.store()
            .write((act, user, secret, of, self.post()), |session, (act, user, secret, of, post)| {
                Box::pin(async move {
                    let what = (LinkKind::PasswordReset, user.id, user.email.clone());
                    make(session, act, what, secret, RESET_SECONDS).await?;
                    let letter = letter(LinkKind::PasswordReset, user, secret);
                    post.replace(session, *of, &letter).await?;
                    record(session, act, "user.request_reset", user.id).await?;
                    Ok(Some(letter))
                })
            })
            .await
    }
}

fn require_delivered(post: &Post) -> Result<()> {
    if post.is_delivered() {
        return Ok(());
    }
    let message = "this server sends no mail: ask who runs it to change the address";
    Err(Error::new(Kind::Precondition, "mail.none", message))
}

fn void() -> Error {
    Error::invalid("secret", WRONG, "expected a link that was not used or replaced and is not too old")
}

fn hash_of(secret: &str) -> Result<[u8; 32]> {
    let read = Secret::parse(secret).filter(|secret| LinkKind::of(secret.kind()).is_some());
    read.map(|secret| secret.hash()).ok_or_else(void)
}

/// The link of this hash and its account, if it counts. One that was mailed to where the account is no longer, a moment too
/// late to end with that, is no good; a link that moves the account is to be.
async fn open(session: &dyn Session, hash: &[u8; 32], now: Timestamp) -> Result<(Link, Account)> {
    let link = session.find_link(hash).await?;
    let link = link.filter(|link| link.expires_at > now).ok_or_else(void)?;
    let found = session.account_by_link(hash).await?;
    let found = found.filter(|found| found.user.is_active_user()).ok_or_else(void)?;
    let folded = |email: &Option<String>| email.as_deref().map(text::fold);
    let moves = link.kind == LinkKind::EmailVerification;
    if link.email.is_some() && !moves && folded(&link.email) != folded(&found.user.email) {
        return Err(void());
    }
    Ok((link, found))
}

/// The same, used up.
async fn spend(
    session: &dyn Session,
    act: &Act,
    hash: &[u8; 32],
) -> Result<(Writable<ServerScope>, Link, Account)> {
    let scope = authz::server_change(session, &act.caller).await?;
    let (link, found) = open(session, hash, act.now).await?;
    if !session.spend_link(hash).await? {
        return Err(void());
    }
    Ok((scope, link, found))
}

/// Makes a link and puts it into the post; gives it back where nothing is mailed.
async fn send(
    session: &dyn Session,
    act: &Act,
    post: &Post,
    (kind, user): (LinkKind, &Principal),
    secret: &Secret,
    seconds: i64,
) -> Result<Option<Secret>> {
    let mailed = post.is_delivered() && user.email.is_some();
    let email = user.email.clone().filter(|_| mailed);
    make(session, act, (kind, user.id, email), secret, seconds).await?;
    if !mailed {
        return Ok(Some(secret.clone()));
    }
    post.put(session, act, &letter(kind, user, secret)).await?;
    Ok(None)
}

fn letter(kind: LinkKind, user: &Principal, secret: &Secret) -> Letter {
    Letter::Link {
        kind: kind.word().to_owned(),
        to: user.email.clone().unwrap_or_default(),
        name: user.shown_name().to_owned(),
        secret: secret.expose().to_owned(),
    }
}

async fn record(session: &dyn Session, act: &Act, action: &'static str, user: PrincipalId) -> Result<()> {
    let targets = vec![Target::new("principal", user.as_uuid())];
    act.record(session, OrganizationId::SERVER, action, targets).await
}
