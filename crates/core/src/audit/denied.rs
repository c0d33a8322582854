//! Denied attempts: what was refused, to whom, and how often. They are no changes, so they stand apart from the trail.
//!
//! Anybody can be refused as often as they like. So of one principal (or source, where nobody is known) and one kind of
//! refusal, the first is recorded, and what follows within a minute is counted and recorded as one. What waits to be
//! written is bounded, and is written together.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::Core;
use crate::clock::Timestamp;
use crate::error::{Error, Kind, Result};
use crate::ids::{DeniedAttemptId, OrganizationId, PrincipalId};
use crate::permission::Permission;

/// How long further attempts are only counted.
const WINDOW_SECONDS: i64 = 60;
/// How many subjects are told apart at once, and how many rows may wait. Others are counted together.
const BOUND: usize = 1024;
/// Rows older than this are removed when others are written, and so are the oldest beyond [`KEPT`].
const RETENTION_SECONDS: i64 = 90 * 24 * 60 * 60;
const KEPT: u64 = 50_000;

/// How somebody was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Denial {
    /// A credential was shown that does not count.
    Credential,
    /// A sign-in failed: a wrong password, or a secret that does not count.
    SignIn,
    /// The caller may know the target but not do this.
    Forbidden,
    /// The target is hidden from the caller, real or not.
    Hidden,
}

impl Denial {
    /// How the error refuses; `None` if it denies nothing to anybody. A missing credential is no attempt.
    pub fn of(error: &Error) -> Option<Self> {
        match error.kind {
            Kind::Forbidden => Some(Self::Forbidden),
            Kind::Hidden => Some(Self::Hidden),
            Kind::Unauthenticated if error.circumstances().sign_in => Some(Self::SignIn),
            Kind::Unauthenticated if error.is_no_credential() => None,
            Kind::Unauthenticated => Some(Self::Credential),
            _ => None,
        }
    }

    /// The word in the database and in metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Credential => "refused_credential",
            Self::SignIn => "failed_sign_in",
            Self::Forbidden => "forbidden",
            Self::Hidden => "hidden",
        }
    }
}

/// What was refused, as the edge of the server saw it. No secret, no typed text and no value of a path is part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// How.
    pub denial: Denial,
    /// To whom, as far as that is known.
    pub principal: Option<PrincipalId>,
    /// Where the request came from. Tells strangers apart, and is not recorded.
    pub source: Option<IpAddr>,
    /// In which organization, as far as that is known.
    pub organization: Option<OrganizationId>,
    /// Which permission was lacking.
    pub permission: Option<Permission>,
    /// The template of the route.
    pub route: String,
    /// The id of the request.
    pub request_id: Option<String>,
}

/// A row of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeniedAttempt {
    /// Its id.
    pub id: DeniedAttemptId,
    /// When the attempt was made.
    pub at: Timestamp,
    /// The attempt.
    pub attempt: Attempt,
    /// How many more of its kind were made by the same before it, in the same minute, and have no row.
    pub suppressed: u64,
}

impl Core {
    /// Remembers a denied attempt, to be written down with others.
    pub fn note_denied(&self, attempt: Attempt) {
        let id = DeniedAttemptId::generate(&*self.ids);
        self.denials().note(DeniedAttempt { id, at: self.clock().now(), attempt, suppressed: 0 });
    }

    /// Writes down which attempts were denied since the last time, and removes what is too old. At the `last` time of a
    /// process, attempts that were only counted so far are written as well. What cannot be written waits, within bounds.
    pub async fn flush_denied(&self, last: bool) -> Result<()> {
        let now = self.clock().now();
        let rows = self.denials().take(now, last);
        if rows.is_empty() {
            return Ok(());
        }
        let written = self.store().write((rows.clone(), now), |session, (rows, now)| {
            Box::pin(async move {
                session.append_denied(rows).await?;
                session.purge_denied(now.plus_seconds(-RETENTION_SECONDS), KEPT).await
            })
        });
        written.await.inspect_err(|_| self.denials().put_back(rows))
    }
}

/// Whose attempts are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Subject {
    Principal(PrincipalId),
    Source(Option<IpAddr>),
    /// Everybody for whom there is no room.
    Others,
}

impl Subject {
    fn of(attempt: &Attempt) -> Self {
        attempt.principal.map_or_else(|| Self::Source(attempt.source.map(network)), Self::Principal)
    }
}

/// The network that counts as one source: a client has a whole IPv6 network of 64 bits to come from.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// Attempts that are not written down yet.
#[derive(Default)]
pub(crate) struct Denials(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    windows: HashMap<(Subject, Denial), Window>,
    waiting: Vec<DeniedAttempt>,
}

/// The minute behind an attempt that was recorded.
struct Window {
    end: Timestamp,
    /// The latest attempt in it, with how many there were before it.
    latest: Option<DeniedAttempt>,
}

impl Denials {
    fn note(&self, made: DeniedAttempt) {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Remembered { windows, waiting } = &mut *remembered;
        let denial = made.attempt.denial;
        let own = (Subject::of(&made.attempt), denial);
        let full = windows.len() >= BOUND && !windows.contains_key(&own);
        match windows.entry(if full { (Subject::Others, denial) } else { own }) {
            Entry::Occupied(mut open) => {
                let latest = &mut open.get_mut().latest;
                let suppressed = latest.as_ref().map_or(0, |before| before.suppressed + 1);
                *latest = Some(DeniedAttempt { suppressed, ..made });
            }
            Entry::Vacant(none) => {
                let window = none.insert(Window { end: made.at.plus_seconds(WINDOW_SECONDS), latest: None });
                if waiting.len() < BOUND {
                    waiting.push(made);
                } else {
                    window.latest = Some(made);
                }
            }
        }
    }

    /// Hands over what is to be written: first attempts, and what was counted in minutes that are over, or in `all`.
    fn take(&self, now: Timestamp, all: bool) -> Vec<DeniedAttempt> {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Remembered { windows, waiting } = &mut *remembered;
        let over = windows.extract_if(|_, window| all || window.end <= now);
        waiting.extend(over.filter_map(|(_, window)| window.latest));
        std::mem::take(waiting)
    }

    /// Takes back what could not be written, as far as there is room.
    fn put_back(&self, mut rows: Vec<DeniedAttempt>) {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.truncate(BOUND.saturating_sub(remembered.waiting.len()));
        remembered.waiting.extend(rows);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn attempt(principal: u128, denial: Denial, at: i64) -> DeniedAttempt {
        let id = Uuid::from_u128(principal);
        DeniedAttempt {
            id: DeniedAttemptId::from_uuid(id),
            at: Timestamp::default().plus_seconds(at),
            attempt: Attempt {
                denial,
                principal: Some(PrincipalId::from_uuid(id)),
                source: None,
                organization: None,
                permission: None,
                route: "/{workspace}".to_owned(),
                request_id: None,
            },
            suppressed: 0,
        }
    }

    fn rows(denials: &Denials, at: i64, all: bool) -> Vec<(i64, u64)> {
        let rows = denials.take(Timestamp::default().plus_seconds(at), all);
        rows.iter().map(|row| (row.at.as_micros() / 1_000_000, row.suppressed)).collect()
    }

    #[test]
    fn a_flood_is_a_row_a_minute_and_nothing_is_uncounted() {
        let denials = Denials::default();
        for at in 0..150 {
            denials.note(attempt(1, Denial::Hidden, at));
            if at == 5 {
                denials.note(attempt(1, Denial::Forbidden, at));
                denials.note(attempt(2, Denial::Hidden, at));
            }
            let written = rows(&denials, at, false);
            let expected: &[_] = match at {
                0 => &[(0, 0)],
                5 => &[(5, 0), (5, 0)],
                // The 59 after the first, and this one.
                60 => &[(60, 59)],
                61 => &[(61, 0)],
                121 => &[(121, 59)],
                122 => &[(122, 0)],
                _ => &[],
            };
            assert_eq!(written, expected, "{at}");
        }
        assert_eq!(rows(&denials, 150, false), []);
        assert_eq!(rows(&denials, 150, true), [(149, 26)]);
        assert_eq!(rows(&denials, 500, true), []);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_counted() {
        let denials = Denials::default();
        let many = 10 * u128::try_from(BOUND).unwrap();
        for principal in 0..many {
            denials.note(attempt(principal, Denial::Hidden, 0));
        }
        let first = rows(&denials, 0, false);
        assert_eq!(first.len(), BOUND);
        denials.put_back((0..many).map(|principal| attempt(principal, Denial::Hidden, 0)).collect());
        assert_eq!(rows(&denials, 0, false).len(), BOUND);
        let rest = rows(&denials, 60, false);
        let told: u64 = rest.iter().map(|(_, suppressed)| suppressed + 1).sum();
        assert_eq!(u128::from(told) + u128::try_from(BOUND).unwrap(), many);
        assert_eq!(rest.len(), 1);
    }

    #[test]
    fn strangers_are_told_apart_by_network() {
        for (address, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ] {
            assert_eq!(network(address.parse().unwrap()), expected.parse::<IpAddr>().unwrap());
        }
    }
}
