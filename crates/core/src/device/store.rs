//! The port of device logins and devices.

use async_trait::async_trait;

use super::{Device, DeviceLogin, LoginState};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{DeviceId, PrincipalId};

/// Device logins and devices, in one session. Like credentials, they do not lead with an organization.
#[async_trait]
pub trait DeviceStore {
    /// Writes a device login with the hashes of its two codes.
    async fn insert_device_login(
        &self,
        login: &DeviceLogin,
        device_code: &[u8; 32],
        user_code: &[u8; 32],
    ) -> Result<()>;

    /// The device login with this hash of its device code.
    async fn device_login_by_device_code(&self, hash: &[u8; 32]) -> Result<Option<DeviceLogin>>;

    /// The device login with this hash of its user code.
    async fn device_login_by_user_code(&self, hash: &[u8; 32]) -> Result<Option<DeviceLogin>>;

    /// Keeps the device login from being changed by others before this transaction ends, and reads it again.
    async fn hold_device_login(&self, id: DeviceId) -> Result<Option<DeviceLogin>>;

    /// Writes how far the device login has come, the device that it leads to, and when it was asked for last, how often
    /// it may be.
    async fn update_device_login(&self, login: &DeviceLogin) -> Result<()>;

    /// Removes at most `limit` device logins that ended before `logins_before` and devices before `devices_before`.
    async fn forget_devices(
        &self,
        logins_before: Timestamp,
        devices_before: Timestamp,
        limit: u32,
    ) -> Result<u64>;

    /// The person's devices that are logged in until later than `now`, the newest first.
    async fn devices_of(&self, owner: PrincipalId, now: Timestamp) -> Result<Vec<Device>>;

    /// The person's device of this id, if it is logged in until later than `now`.
    async fn find_device(&self, owner: PrincipalId, id: DeviceId, now: Timestamp) -> Result<Option<Device>>;

    /// Writes the device, a new one or one that is there.
    async fn put_device(&self, device: &Device) -> Result<()>;

    /// Removes the device.
    async fn delete_device(&self, owner: PrincipalId, id: DeviceId) -> Result<()>;
}

impl LoginState {
    /// The word in the database, and who answered.
    pub const fn word(self) -> (&'static str, Option<PrincipalId>) {
        match self {
            Self::Pending => ("pending", None),
            Self::Approved(by) => ("approved", Some(by)),
            Self::Denied => ("denied", None),
            Self::Spent(by) => ("spent", Some(by)),
        }
    }

    /// The state of this word.
    pub fn from_word(word: &str, by: Option<PrincipalId>) -> Option<Self> {
        match (word, by) {
            ("pending", None) => Some(Self::Pending),
            ("approved", Some(by)) => Some(Self::Approved(by)),
            ("denied", None) => Some(Self::Denied),
            ("spent", Some(by)) => Some(Self::Spent(by)),
            _ => None,
        }
    }
}
