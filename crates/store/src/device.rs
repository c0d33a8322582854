//! Device logins and devices.

use std::collections::BTreeMap;

use async_trait::async_trait;
use tenantry_core::clock::Timestamp;
use tenantry_core::device::{Device, DeviceLogin, DeviceStore, LoginState};
use tenantry_core::error::{Error, Result};
use tenantry_core::ids::{CredentialId, DeviceId, PrincipalId};
use tenantry_core::oauth::Scopes;

use crate::driver::{Row, Sql, params, sql};
use crate::session::Db;

/// The columns that [`read_login`] expects.
macro_rules! login_columns {
    () => {
        "id, client_id, client_name, scopes, device_id, source, user_agent, created_at, expires_at, interval_seconds, \
         polled_at, state, principal_id"
    };
}

const INSERT_LOGIN: Sql = sql!(concat!(
    "INSERT INTO device_logins (",
    login_columns!(),
    ", device_code_hash, user_code_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
));
const BY_ID: Sql = sql!(concat!("SELECT ", login_columns!(), " FROM device_logins WHERE id = $1"));
const BY_DEVICE_CODE: Sql =
    sql!(concat!("SELECT ", login_columns!(), " FROM device_logins WHERE device_code_hash = $1"));
const BY_USER_CODE: Sql =
    sql!(concat!("SELECT ", login_columns!(), " FROM device_logins WHERE user_code_hash = $1"));
const HOLD: Sql = sql!("UPDATE device_logins SET state = state WHERE id = $1");
const UPDATE_LOGIN: Sql = sql!(
    "UPDATE device_logins SET device_id = $2, interval_seconds = $3, polled_at = $4, state = $5, principal_id = $6 \
     WHERE id = $1"
);
const FORGET_LOGINS: Sql = sql!(
    "DELETE FROM device_logins WHERE id IN \
     (SELECT id FROM device_logins WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)"
);
const FORGET_DEVICES: Sql = sql!(
    "DELETE FROM devices WHERE id IN \
     (SELECT id FROM devices WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)"
);
/// The columns that [`read_device`] expects, of a device `d` and the credential `c` of what it was allowed.
macro_rules! device_columns {
    () => {
        "d.id, d.client_id, d.name, d.source, d.user_agent, d.metadata, d.trusted, d.locked_at, d.authorization_id, \
         d.created_at, d.updated_at, d.last_login_at, d.expires_at, d.version, c.revoked_at, c.expires_at"
    };
}
const OF_OWNER: Sql = sql!(concat!(
    "SELECT ",
    device_columns!(),
    " FROM devices d CROSS JOIN credentials c WHERE d.principal_id = $1 AND d.expires_at > $2 \
     AND c.id = d.authorization_id ORDER BY d.created_at DESC, d.id"
));
const FIND: Sql = sql!(concat!(
    "SELECT ",
    device_columns!(),
    " FROM devices d CROSS JOIN credentials c WHERE d.id = $3 AND d.principal_id = $1 AND d.expires_at > $2 \
     AND c.id = d.authorization_id"
));
const PUT: Sql = sql!(
    "INSERT INTO devices (id, principal_id, client_id, name, source, user_agent, metadata, trusted, locked_at, \
       authorization_id, created_at, updated_at, last_login_at, expires_at, version) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, source = excluded.source, user_agent = excluded.user_agent, \
       metadata = excluded.metadata, trusted = excluded.trusted, locked_at = excluded.locked_at, \
       authorization_id = excluded.authorization_id, updated_at = excluded.updated_at, \
       last_login_at = excluded.last_login_at, expires_at = excluded.expires_at, version = excluded.version"
);
const DELETE: Sql = sql!("DELETE FROM devices WHERE id = $1 AND principal_id = $2");

fn read_login(row: &Row<'_>) -> Result<DeviceLogin> {
    let by = row.opt_id(12)?.map(PrincipalId::from_uuid);
    let state = LoginState::from_word(row.text(11)?, by);
    Ok(DeviceLogin {
        id: DeviceId::from_uuid(row.id(0)?),
        client: row.text(1)?.to_owned(),
        client_name: row.text(2)?.to_owned(),
        scopes: Scopes::parse(row.text(3)?).map_err(Error::internal)?,
        device: row.opt_id(4)?.map(DeviceId::from_uuid),
        source: row.opt_string(5)?,
        user_agent: row.opt_string(6)?,
        created_at: Timestamp::from_micros(row.int(7)?),
        expires_at: Timestamp::from_micros(row.int(8)?),
        interval_seconds: row.int(9)?,
        polled_at: row.opt_int(10)?.map(Timestamp::from_micros),
        state: state.ok_or_else(|| Error::internal("unknown state of a device login"))?,
    })
}

/// Reads [`device_columns`] of a device of this person at `now`.
fn read_device(row: &Row<'_>, owner: PrincipalId, now: Timestamp) -> Result<Device> {
    let metadata: BTreeMap<String, String> = serde_json::from_str(row.text(5)?).map_err(Error::internal)?;
    let ended = row.opt_int(14)?.is_some() || row.opt_int(15)?.is_some_and(|at| at <= now.as_micros());
    Ok(Device {
        id: DeviceId::from_uuid(row.id(0)?),
        owner,
        client: row.text(1)?.to_owned(),
        name: row.text(2)?.to_owned(),
        source: row.opt_string(3)?,
        user_agent: row.opt_string(4)?,
        metadata,
        trusted: row.int(6)? != 0,
        locked_at: row.opt_int(7)?.map(Timestamp::from_micros),
        authorization: CredentialId::from_uuid(row.id(8)?),
        is_allowed: !ended,
        created_at: Timestamp::from_micros(row.int(9)?),
        updated_at: Timestamp::from_micros(row.int(10)?),
        last_login_at: row.opt_int(11)?.map(Timestamp::from_micros),
        expires_at: Timestamp::from_micros(row.int(12)?),
        version: row.int(13)?,
    })
}

#[async_trait]
impl DeviceStore for Db<'_> {
    async fn insert_device_login(
        &self,
        login: &DeviceLogin,
        device_code: &[u8; 32],
        user_code: &[u8; 32],
    ) -> Result<()> {
        let (state, by) = login.state.word();
        let params = params![
            login.id.as_uuid(),
            &login.client,
            &login.client_name,
            login.scopes.to_string(),
            login.device.as_ref().map(DeviceId::as_uuid),
            login.source.as_deref(),
            login.user_agent.as_deref(),
            login.created_at.as_micros(),
            login.expires_at.as_micros(),
            login.interval_seconds,
            login.polled_at.map(Timestamp::as_micros),
            state,
            by.as_ref().map(PrincipalId::as_uuid),
            device_code,
            user_code,
        ];
        self.conn.run(&INSERT_LOGIN, params).await.map(drop)
    }

    async fn device_login_by_device_code(&self, hash: &[u8; 32]) -> Result<Option<DeviceLogin>> {
        self.conn.first(&BY_DEVICE_CODE, params![hash], read_login).await
    }

    async fn device_login_by_user_code(&self, hash: &[u8; 32]) -> Result<Option<DeviceLogin>> {
        self.conn.first(&BY_USER_CODE, params![hash], read_login).await
    }

    async fn hold_device_login(&self, id: DeviceId) -> Result<Option<DeviceLogin>> {
        self.conn.run(&HOLD, params![id.as_uuid()]).await?;
        self.conn.first(&BY_ID, params![id.as_uuid()], read_login).await
    }

    async fn update_device_login(&self, login: &DeviceLogin) -> Result<()> {
        let (state, by) = login.state.word();
        let params = params![
            login.id.as_uuid(),
            login.device.as_ref().map(DeviceId::as_uuid),
            login.interval_seconds,
            login.polled_at.map(Timestamp::as_micros),
            state,
            by.as_ref().map(PrincipalId::as_uuid),
        ];
        self.conn.run(&UPDATE_LOGIN, params).await.map(drop)
    }

    async fn forget_devices(
        &self,
        logins_before: Timestamp,
        devices_before: Timestamp,
        limit: u32,
    ) -> Result<u64> {
        let logins =
            self.conn.run(&FORGET_LOGINS, params![logins_before.as_micros(), i64::from(limit)]).await?;
        let devices =
            self.conn.run(&FORGET_DEVICES, params![devices_before.as_micros(), i64::from(limit)]).await?;
        Ok(logins + devices)
    }

    async fn devices_of(&self, owner: PrincipalId, now: Timestamp) -> Result<Vec<Device>> {
        let params = params![owner.as_uuid(), now.as_micros()];
        self.conn.all(&OF_OWNER, params, |row| read_device(row, owner, now)).await
    }

    async fn find_device(&self, owner: PrincipalId, id: DeviceId, now: Timestamp) -> Result<Option<Device>> {
        let params = params![owner.as_uuid(), now.as_micros(), id.as_uuid()];
        self.conn.first(&FIND, params, |row| read_device(row, owner, now)).await
    }

    async fn put_device(&self, device: &Device) -> Result<()> {
        let metadata = serde_json::to_string(&device.metadata).map_err(Error::internal)?;
        let params = params![
            device.id.as_uuid(),
            device.owner.as_uuid(),
            &device.client,
            &device.name,
            device.source.as_deref(),
            device.user_agent.as_deref(),
            metadata,
            device.trusted,
            device.locked_at.map(Timestamp::as_micros),
            device.authorization.as_uuid(),
            device.created_at.as_micros(),
            device.updated_at.as_micros(),
            device.last_login_at.map(Timestamp::as_micros),
            device.expires_at.as_micros(),
            device.version,
        ];
        self.conn.run(&PUT, params).await.map(drop)
    }

    async fn delete_device(&self, owner: PrincipalId, id: DeviceId) -> Result<()> {
        self.conn.run(&DELETE, params![id.as_uuid(), owner.as_uuid()]).await.map(drop)
    }
}
