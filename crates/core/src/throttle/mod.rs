//! Throttling of what can be guessed: passwords, codes, links. Failures are counted in the database, so that replicas and
//! restarts do not forget them, for each account and source network together, and for each source network alone. They are
//! never counted for an account alone, so nobody can lock its person out from elsewhere. What strangers may have written
//! down is counted alike, whether it fails or not: mails that they ask for, and logins of devices that they begin.
//!
//! What may fail is looked at before the costly work and counted after it ([`Core::throttled`]); how much can be tried at
//! once between the two is bounded by the queue in front of the password hasher. What counts however it ends is counted
//! first ([`Core::spend_attempt`]). Whether an account exists makes no difference to any of it.

mod store;

use std::net::IpAddr;

use sha2::{Digest, Sha256};

use crate::Core;
use crate::audit::network;
use crate::clock::Timestamp;
use crate::error::{Error, Kind, Result};
use crate::store::Session;

pub use store::{Counted, ThrottleStore};

/// How failures are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Allowance {
    /// How many are free.
    free: i64,
    /// The longest time until the next attempt, in seconds.
    longest_wait: i64,
    /// How long after the first one counting begins anew, in seconds.
    window: i64,
}

/// For an account and a source: about a hundred guesses a day.
const OF_ACCOUNT: Allowance = Allowance { free: 5, longest_wait: 15 * 60, window: LONGEST_WINDOW };
/// For a source, whatever the account. Many people may share it.
const OF_SOURCE: Allowance = Allowance { free: 50, longest_wait: 60, window: 60 * 60 };
/// For a source that begins device logins, which it need not guess at: each of them is a row.
const OF_DEVICES: Allowance = Allowance { free: 100, longest_wait: 15 * 60, window: 15 * 60 };
const LONGEST_WINDOW: i64 = 24 * 60 * 60;

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// To sign in with a password or a secret.
    SignIn,
    /// To begin a device login.
    DeviceLogin,
    /// To approve a device by the code that it shows.
    UserCode,
    /// To answer an invitation.
    Invitation,
    /// To have a link sent by which another password can be set.
    Reset,
    /// To have an address proved.
    Verification,
    /// To use a link.
    Link,
}

impl Purpose {
    /// The word in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::DeviceLogin => "device_login",
            Self::UserCode => "user_code",
            Self::Invitation => "invitation",
            Self::Reset => "reset",
            Self::Verification => "verification",
            Self::Link => "link",
        }
    }

    /// What a source is allowed.
    const fn of_source(self) -> Allowance {
        match self {
            Self::DeviceLogin => OF_DEVICES,
            _ => OF_SOURCE,
        }
    }
}

/// What is counted together: by account and source, and by source alone. Hashes, so that the database does not tell who
/// tried what from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempts {
    purpose: Purpose,
    subjects: Vec<([u8; 32], Allowance)>,
}

impl Attempts {
    /// Attempts on the account that is called `account`, from this source. Requests whose source nobody knows have one
    /// source.
    pub fn new(purpose: Purpose, account: &str, source: Option<IpAddr>) -> Self {
        let subjects =
            vec![(subject(Some(account), source), OF_ACCOUNT), (subject(None, source), purpose.of_source())];
        Self { purpose, subjects }
    }

    /// Attempts from this source, where what is tried tells of no account.
    pub fn of_source(purpose: Purpose, source: Option<IpAddr>) -> Self {
        Self { purpose, subjects: vec![(subject(None, source), purpose.of_source())] }
    }

    fn keys(&self) -> Vec<[u8; 32]> {
        self.subjects.iter().map(|(subject, _)| *subject).collect()
    }
}

fn subject(account: Option<&str>, source: Option<IpAddr>) -> [u8; 32] {
    let mut digest = Sha256::new();
    match source.map(network) {
        None => digest.update([0]),
        Some(IpAddr::V4(address)) => digest.update(address.octets()),
        Some(IpAddr::V6(address)) => digest.update(address.octets()),
    }
    if let Some(account) = account {
        digest.update([0]);
        digest.update(account);
    }
    digest.finalize().into()
}

/// The rule of a violation that may be a guess.
pub const WRONG: &str = "wrong";

/// Whether somebody may have guessed, and not found it.
fn is_guess(error: &Error) -> bool {
    error.kind == Kind::Unauthenticated || error.violations.iter().any(|violation| violation.rule == WRONG)
}

impl Core {
    /// Does the work unless it was tried too often, and counts how it ends: a refusal of who asks, or of a field by the
    /// rule [`WRONG`], is a failure.
    ///
    /// # Errors
    /// `Kind::RateLimited`, which says when to come back, and those of the work.
    pub async fn throttled<T>(
        &self,
        attempts: &Attempts,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        self.check_attempts(attempts).await?;
        let outcome = work.await;
        match &outcome {
            Ok(_) => self.note_passed(attempts).await?,
            Err(error) if is_guess(error) => self.note_failed(attempts).await?,
            Err(_) => {}
        }
        outcome
    }

    /// Refuses another attempt while the time for it has not come.
    ///
    /// # Errors
    /// `Kind::RateLimited`, which says when to come back.
    pub async fn check_attempts(&self, attempts: &Attempts) -> Result<()> {
        let now = self.clock().now();
        let counted = self
            .store()
            .point(attempts.clone(), |session, attempts| {
                Box::pin(async move { session.counted(attempts.purpose, &attempts.keys()).await })
            })
            .await?;
        require_open(counted.iter().map(|counted| counted.blocked_until).max().unwrap_or_default(), now)
    }

    /// Counts an attempt that failed. The more of them, the longer until the next one is heard.
    pub async fn note_failed(&self, attempts: &Attempts) -> Result<()> {
        self.counting
            .write((attempts.clone(), self.clock().now()), |session, (attempts, now)| {
                Box::pin(async move {
                    for (subject, allowance) in &attempts.subjects {
                        count(session, attempts.purpose, (subject, *allowance), *now).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Counts one of the attempts that count however they end, unless its time has not come. However many begin at once,
    /// no more pass than may.
    ///
    /// # Errors
    /// `Kind::RateLimited`, which says when to come back. Such an attempt is not counted.
    pub async fn spend_attempt(&self, attempts: &Attempts) -> Result<()> {
        self.counting
            .write((attempts.clone(), self.clock().now()), |session, (attempts, now)| {
                Box::pin(spend(session, attempts, *now))
            })
            .await
    }

    /// Forgets what failed for the account from this source, since its person is there. What the source has tried on other
    /// accounts stays counted.
    pub async fn note_passed(&self, attempts: &Attempts) -> Result<()> {
        let Some((own, _)) = attempts.subjects.first().filter(|_| attempts.subjects.len() > 1) else {
            return Ok(());
        };
        let counted = self
            .store()
            .point((attempts.purpose, *own), |session, (purpose, own)| {
                Box::pin(async move { session.counted(*purpose, &[*own]).await })
            })
            .await?;
        if counted.is_empty() {
            return Ok(());
        }
        self.counting
            .write((attempts.purpose, *own), |session, (purpose, own)| {
                Box::pin(session.forget_failures(*purpose, own))
            })
            .await
    }

    /// Forgets what was counted long ago, a bounded number of rows. Answers how many there were.
    pub async fn sweep_attempts(&self) -> Result<u64> {
        let before = self.clock().now().plus_seconds(-LONGEST_WINDOW);
        self.counting.write(before, |session, before| Box::pin(session.sweep_failures(*before, 1000))).await
    }
}

/// The same in the transaction of what is attempted: one that comes to nothing, or is rehearsed, is not counted.
pub(crate) async fn spend(session: &dyn Session, attempts: &Attempts, now: Timestamp) -> Result<()> {
    for (subject, allowance) in &attempts.subjects {
        let before = count(session, attempts.purpose, (subject, *allowance), now).await?;
        require_open(before, now)?;
    }
    Ok(())
}

/// Counts an attempt, and answers until when one was refused before it. Who counts the same at the same time waits.
async fn count(
    session: &dyn Session,
    purpose: Purpose,
    (subject, allowance): (&[u8; 32], Allowance),
    now: Timestamp,
) -> Result<Timestamp> {
    let failures = session.count_failure(purpose, subject, now, now.plus_seconds(-allowance.window)).await?;
    let before = session.counted(purpose, &[*subject]).await?;
    session.block(purpose, subject, now.plus_seconds(allowance.wait(failures))).await?;
    Ok(before.first().map(|counted| counted.blocked_until).unwrap_or_default())
}

fn require_open(until: Timestamp, now: Timestamp) -> Result<()> {
    if until <= now {
        return Ok(());
    }
    let micros = until.as_micros() - now.as_micros();
    let seconds = micros.div_euclid(1_000_000) + i64::from(micros % 1_000_000 > 0);
    let message = format!("too many attempts: try again in {seconds} seconds");
    Err(Error::new(Kind::RateLimited, "attempts.too_many", message).with_retry_after(seconds))
}

impl Allowance {
    /// Seconds until the next attempt: none while failures are free, then 1, 2, 4 and so on.
    fn wait(self, failures: i64) -> i64 {
        match u32::try_from(failures - self.free) {
            Err(_) if failures < self.free => 0,
            Ok(doublings @ 0..32) => (1 << doublings).min(self.longest_wait),
            _ => self.longest_wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_doubles_to_a_bound() {
        let waits: Vec<i64> = (1..=8).map(|failures| OF_ACCOUNT.wait(failures)).collect();
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8]);
        for many in [15, 16, 36, 37, 60, 69, 70, 1000, i64::MAX] {
            assert_eq!(OF_ACCOUNT.wait(many), 900, "{many}");
        }
        assert_eq!(OF_SOURCE.wait(1000), 60);
    }

    #[test]
    fn accounts_and_networks_are_told_apart() {
        let from = |address: &str| Some(address.parse().unwrap());
        let a = subject(Some("ann"), from("192.0.2.1"));
        assert_eq!(a, subject(Some("ann"), from("::ffff:192.0.2.1")));
        assert_ne!(a, subject(Some("bob"), from("192.0.2.1")));
        assert_ne!(a, subject(Some("ann"), from("192.0.2.2")));
        assert_ne!(a, subject(None, from("192.0.2.1")));
        assert_ne!(a, subject(Some("ann"), None));
        assert_eq!(subject(None, from("2001:db8::1")), subject(None, from("2001:db8::ffff")));
    }
}
