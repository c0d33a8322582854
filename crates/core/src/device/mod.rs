//! Device login (RFC 8628): a program without a browser shows a code, a person confirms it elsewhere, and the program
//! comes to its tokens by asking again and again.
//!
//! A [`DeviceLogin`] lives for minutes and is asked for by nobody in particular. What comes of it is a [`Device`] of the
//! person who confirmed it: an authorization ([`crate::oauth`]) with a name, which lives as long as the person trusts it.

mod redeem;
mod service;
mod store;
mod user_code;

use std::collections::BTreeMap;

use crate::browser::Origin;
use crate::clock::Timestamp;
use crate::credential::Secret;
use crate::error::{Error, Result};
use crate::ids::{CredentialId, DeviceId, PrincipalId};
use crate::oauth::{ProvenClient, Scopes, Tokens};
use crate::version::Versions;

pub use store::DeviceStore;
pub use user_code::UserCode;

/// How long a device login may take, in seconds.
pub const LOGIN_SECONDS: i64 = 10 * 60;
/// How many devices a person may have.
pub const DEVICES_MAX: usize = 100;
/// Longest name of a device, in characters.
pub const DEVICE_NAME_MAX: usize = 60;
/// How many facts a person may leave for a device.
const METADATA_MAX: usize = 16;
/// Longest name of a fact, in bytes.
const METADATA_NAME_MAX: usize = 60;
/// Longest fact, in bytes.
const METADATA_VALUE_MAX: usize = 500;

/// What a program asks for that wants to be logged in.
#[derive(Clone, Debug)]
pub struct DeviceRequest {
    /// The program.
    pub client: ProvenClient,
    /// What it wants to be allowed.
    pub scopes: Scopes,
    /// The device that it was before, which it becomes again if the same person confirms it.
    pub device: Option<DeviceId>,
    /// How many seconds it is to wait between two questions.
    pub interval_seconds: i64,
    /// Where it is.
    pub from: Origin,
}

/// A device login just begun.
#[derive(Clone, Debug)]
pub struct StartedLogin {
    /// Its id, which is the device's if it is a new one.
    pub id: DeviceId,
    /// What the program shows to have its tokens.
    pub device_code: Secret,
    /// What the person types in.
    pub user_code: UserCode,
    /// From when on neither counts.
    pub expires_at: Timestamp,
    /// How many seconds the program is to wait between two questions.
    pub interval_seconds: i64,
}

/// How far a device login has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginState {
    /// Nobody has answered.
    Pending,
    /// Somebody has confirmed it.
    Approved(PrincipalId),
    /// Somebody has refused it.
    Denied,
    /// The tokens were given.
    Spent(PrincipalId),
}

/// A program that wants to be logged in, as the person sees it who is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceLogin {
    /// Its id, which is the device's if it is a new one.
    pub id: DeviceId,
    /// The client.
    pub client: String,
    /// What the client is called.
    pub client_name: String,
    /// What it wants to be allowed.
    pub scopes: Scopes,
    /// The device that it says it was before.
    pub device: Option<DeviceId>,
    /// The address that it asked from.
    pub source: Option<String>,
    /// What it calls itself.
    pub user_agent: Option<String>,
    /// When it asked.
    pub created_at: Timestamp,
    /// From when on it does not count.
    pub expires_at: Timestamp,
    /// How many seconds it is to wait between two questions.
    pub interval_seconds: i64,
    /// When it asked last whether it was confirmed.
    pub polled_at: Option<Timestamp>,
    /// How far it has come.
    pub state: LoginState,
}

/// How a person answers a device login.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Yes.
    Approve(Approval),
    /// No.
    Deny,
}

/// The fact of a device that names the workspace which its owner chose for it.
pub const WORKSPACE: &str = "workspace_id";

/// What a person says with a yes.
#[derive(Clone, Debug, Default)]
pub struct Approval {
    /// What the device is to be called, up to 60 characters; the name of its client if nothing is said.
    pub name: Option<String>,
    /// Whether it stays logged in for long.
    pub trusted: bool,
    /// Facts for the device, which it is told with its tokens: at most 16.
    pub metadata: BTreeMap<String, String>,
    /// When the person had signed in, if the answer is given in a browser session.
    pub signed_in_at: Option<Timestamp>,
}

/// How a device stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceStatus {
    /// Confirmed; it has not taken its tokens.
    Verified,
    /// It has tokens.
    Active,
    /// Its owner keeps it out.
    Locked,
    /// What it had has ended; it may log in again.
    Ended,
}

/// A device that a person has logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// Whose it is.
    pub owner: PrincipalId,
    /// The client.
    pub client: String,
    /// What its owner calls it.
    pub name: String,
    /// The address at its last login.
    pub source: Option<String>,
    /// What it called itself at its last login.
    pub user_agent: Option<String>,
    /// Facts that its owner left for it.
    pub metadata: BTreeMap<String, String>,
    /// Whether it stays logged in for long.
    pub trusted: bool,
    /// Since when its owner keeps it out.
    pub locked_at: Option<Timestamp>,
    /// What it was allowed at its last login.
    pub authorization: CredentialId,
    /// Whether that has not ended.
    pub is_allowed: bool,
    /// When it was first logged in.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it last took tokens for a login.
    pub last_login_at: Option<Timestamp>,
    /// Until when it is logged in.
    pub expires_at: Timestamp,
    /// Raised by every change; makes the `ETag`.
    pub version: i64,
}

impl Device {
    /// How it stands.
    pub const fn status(&self) -> DeviceStatus {
        match (self.locked_at, self.is_allowed, self.last_login_at) {
            (Some(_), ..) => DeviceStatus::Locked,
            (None, false, _) => DeviceStatus::Ended,
            (None, true, None) => DeviceStatus::Verified,
            (None, true, Some(_)) => DeviceStatus::Active,
        }
    }
}

/// What is to become of a device. `None` leaves a field alone.
#[derive(Clone, Debug, Default)]
pub struct DeviceChange {
    /// Another name.
    pub name: Option<String>,
    /// Whether to keep it out: what it has ends at once, and it cannot log in again.
    pub locked: Option<bool>,
    /// The version that the client saw last; another one is a conflict.
    pub expected_version: Option<Versions>,
}

/// How long the access token of a device lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenLife {
    /// As every other one: the program refreshes it.
    Usual,
    /// As long as the device is logged in: the program knows no refresh tokens.
    WithDevice,
}

/// What a logged in device gets.
#[derive(Clone, Debug)]
pub struct DeviceTokens {
    /// Its tokens.
    pub tokens: Tokens,
    /// What it is from now on.
    pub device: Device,
}

/// Facts that fit.
fn checked_metadata(metadata: &BTreeMap<String, String>) -> Result<()> {
    let wrong = |rule, expected: String| Err(Error::invalid("device_metadata", rule, expected));
    if metadata.len() > METADATA_MAX {
        return wrong("too_many", format!("expected at most {METADATA_MAX} members"));
    }
    let fits = |(name, value): (&String, &String)| {
        !name.is_empty() && name.len() <= METADATA_NAME_MAX && value.len() <= METADATA_VALUE_MAX
    };
    if !metadata.iter().all(fits) {
        let expected = format!(
            "expected names of at most {METADATA_NAME_MAX} bytes and texts of at most {METADATA_VALUE_MAX}"
        );
        return wrong("too_long", expected);
    }
    Ok(())
}
