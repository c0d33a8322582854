//! Use cases of device logins and devices.

use std::net::IpAddr;

use super::{
    Approval, DEVICE_NAME_MAX, DEVICES_MAX, Decision, Device, DeviceChange, DeviceLogin, DeviceRequest,
    LOGIN_SECONDS, LoginState, StartedLogin, UserCode, checked_metadata,
};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz;
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::credential::{self, Secret, TokenKind};
use crate::error::{Error, Kind, Result};
use crate::ids::{DeviceId, OrganizationId};
use crate::oauth::{self, Authorization, GrantType, Refusal, refused};
use crate::store::Session;
use crate::text;
use crate::throttle::{Attempts, Purpose};
use crate::version::{self, Seen, Versions};

/// How long a device is logged in that its owner does not trust, in seconds.
const DEVICE_SECONDS: i64 = 24 * 60 * 60;
/// How long a trusted one is, in seconds.
const TRUSTED_DEVICE_SECONDS: i64 = 30 * DEVICE_SECONDS;
/// How many rows one transaction forgets.
const BATCH: u32 = 500;

impl Core {
    /// Begins a device login.
    ///
    /// # Errors
    /// [`Refusal::UnauthorizedClient`] for a client that may not, [`Refusal::InvalidScope`] for more than it may ask for,
    /// `Kind::RateLimited` after about a hundred logins from one source in a quarter of an hour.
    pub async fn start_device_login(&self, request: DeviceRequest) -> Result<StartedLogin> {
        let DeviceRequest { client, scopes, device, interval_seconds, from } = request;
        client.client.require_grant(GrantType::DeviceCode)?;
        let scopes = client.client.usable(scopes);
        if !client.client.scopes.contains(scopes) {
            return Err(refused(
                Refusal::InvalidScope,
                "scope: expected no more than the client may ask for",
            ));
        }
        self.spend_attempt(&Attempts::of_source(Purpose::DeviceLogin, from.source)).await?;
        let device_code = Secret::random(TokenKind::DeviceCode, self.entropy());
        let user_code = UserCode::random(self.entropy());
        let now = self.clock().now();
        let login = DeviceLogin {
            id: DeviceId::generate(&*self.ids),
            client: client.client.id,
            client_name: client.client.name,
            scopes,
            device,
            source: from.source.map(|source| source.to_string()),
            user_agent: from.user_agent,
            created_at: now,
            expires_at: now.plus_seconds(LOGIN_SECONDS),
            interval_seconds,
            polled_at: None,
            state: LoginState::Pending,
        };
        let (id, expires_at) = (login.id, login.expires_at);
        let hashes = (device_code.hash(), user_code.hash());
        self.store()
            .write((login, hashes), |session, (login, (device_code, user_code))| {
                Box::pin(session.insert_device_login(login, device_code, user_code))
            })
            .await?;
        Ok(StartedLogin { id, device_code, user_code, expires_at, interval_seconds })
    }

    /// Which program shows the code, for the person who is about to answer.
    ///
    /// # Errors
    /// The field `user_code` is wrong if no login waits for it.
    pub async fn look_at_device(
        &self,
        caller: &Caller,
        user_code: &str,
        source: Option<IpAddr>,
    ) -> Result<DeviceLogin> {
        require_user(caller)?;
        let look = async {
            let hash = hash_of(user_code)?;
            let found = self.store().point(hash, |session, hash| {
                Box::pin(async move { session.device_login_by_user_code(hash).await })
            });
            let now = self.clock().now();
            found.await?.filter(|login| waits(login, now)).ok_or_else(wrong_code)
        };
        self.guess(caller, source, look).await
    }

    /// Answers the program that shows the code; with a yes, answers what device it will be. What a device is given ends with
    /// the authorization of the program that said yes.
    ///
    /// # Errors
    /// [`Kind::Forbidden`] for a yes by a credential that is narrower than its owner and no browser's session: the device's
    /// login would outlive it.
    /// The field `user_code` is wrong if no login waits for it.
    pub async fn decide_device(
        &self,
        caller: &Caller,
        (user_code, source): (&str, Option<IpAddr>),
        decision: Decision,
    ) -> Result<Option<Device>> {
        require_user(caller)?;
        if let Decision::Approve(Approval { metadata, signed_in_at, .. }) = &decision {
            // A browser's session is narrow only where an organization's issuer spoke for the person, and ends with that.
            if signed_in_at.is_none() {
                credential::require_whole_person(caller)?;
            }
            checked_metadata(metadata)?;
        }
        let decide = async {
            let secret = Secret::random(TokenKind::Authorization, self.entropy());
            let data = (self.act(caller), hash_of(user_code)?, decision, secret);
            self.store()
                .write(data, |session, (act, hash, decision, secret)| {
                    Box::pin(decide(session, act, hash, (decision, secret)))
                })
                .await
        };
        self.guess(caller, source, decide).await
    }

    /// Does what somebody wants to do with a code that they typed in: the one place where codes can be guessed, and
    /// wrong guesses counted. A wrong code is a violation of the rule `wrong`.
    async fn guess<T>(
        &self,
        caller: &Caller,
        source: Option<IpAddr>,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let attempts = Attempts::new(Purpose::UserCode, &caller.principal.to_string(), source);
        self.throttled(&attempts, work).await
    }

    /// The caller's devices, the newest first.
    pub async fn list_own_devices(&self, caller: &Caller) -> Result<Vec<Device>> {
        credential::require_whole_person(caller)?;
        self.store()
            .scan((caller.principal, self.clock().now()), |session, (owner, now)| {
                Box::pin(session.devices_of(*owner, *now))
            })
            .await
    }

    /// A device of the caller's own.
    pub async fn get_own_device(&self, caller: &Caller, id: DeviceId) -> Result<Device> {
        credential::require_whole_person(caller)?;
        self.store()
            .point((caller.principal, id, self.clock().now()), |session, (owner, id, now)| {
                Box::pin(async move {
                    let found = session.find_device(*owner, *id, *now).await?;
                    found.ok_or_else(|| Error::not_found("device"))
                })
            })
            .await
    }

    /// Renames a device of the caller's own, keeps it out, or lets it log in again.
    pub async fn update_own_device(
        &self,
        caller: &Caller,
        id: DeviceId,
        change: DeviceChange,
    ) -> Result<Device> {
        credential::require_whole_person(caller)?;
        self.store()
            .write((self.act(caller), id, change), |session, (act, id, change)| {
                Box::pin(async move {
                    let mut device = own(session, act, *id).await?;
                    version::require(Seen::Device, device.version, change.expected_version.as_ref())?;
                    if let Some(name) = &change.name {
                        device.name = text::name("name", name, DEVICE_NAME_MAX)?;
                    }
                    match change.locked {
                        Some(true) if device.locked_at.is_none() => {
                            end(session, act, &device).await?;
                            (device.locked_at, device.is_allowed) = (Some(act.now), false);
                        }
                        Some(false) => device.locked_at = None,
                        _ => {}
                    }
                    device.version += 1;
                    device.updated_at = act.now;
                    session.put_device(&device).await?;
                    record(session, act, "device.update", &device).await?;
                    Ok(device)
                })
            })
            .await
    }

    /// Forgets a device of the caller's own and ends what it has.
    pub async fn delete_own_device(
        &self,
        caller: &Caller,
        id: DeviceId,
        expected_version: Option<Versions>,
    ) -> Result<()> {
        credential::require_whole_person(caller)?;
        self.store()
            .write((self.act(caller), id, expected_version), |session, (act, id, expected)| {
                Box::pin(async move {
                    let device = own(session, act, *id).await?;
                    version::require(Seen::Device, device.version, expected.as_ref())?;
                    end(session, act, &device).await?;
                    session.delete_device(device.owner, device.id).await?;
                    record(session, act, "device.delete", &device).await
                })
            })
            .await
    }

    /// Removes a batch of device logins and devices whose time is over, and answers how many there were. A login is
    /// kept as long again as it counts, so that its program learns why it gets nothing.
    pub async fn forget_devices(&self) -> Result<u64> {
        let now = self.clock().now();
        self.store()
            .write(now, |session, now| {
                Box::pin(session.forget_devices(now.plus_seconds(-LOGIN_SECONDS), *now, BATCH))
            })
            .await
    }
}

fn require_user(caller: &Caller) -> Result<()> {
    if caller.is_service_account {
        return Err(Error::forbidden("a service account has no devices"));
    }
    Ok(())
}

fn hash_of(user_code: &str) -> Result<[u8; 32]> {
    UserCode::parse(user_code).map(|code| code.hash()).ok_or_else(wrong_code)
}

fn wrong_code() -> Error {
    Error::invalid("user_code", "wrong", "expected a code that a device shows, and that was not answered yet")
}

fn waits(login: &DeviceLogin, now: Timestamp) -> bool {
    login.state == LoginState::Pending && login.expires_at > now
}

async fn decide(
    session: &dyn Session,
    act: &Act,
    user_code: &[u8; 32],
    (decision, secret): (&Decision, &Secret),
) -> Result<Option<Device>> {
    // Refuses who was suspended meanwhile.
    authz::server(session, &act.caller).await?;
    let found = session.device_login_by_user_code(user_code).await?.ok_or_else(wrong_code)?;
    let mut login = session.hold_device_login(found.id).await?.ok_or_else(wrong_code)?;
    if !waits(&login, act.now) {
        return Err(wrong_code());
    }
    let device = match decision {
        Decision::Approve(approval) => {
            let device = approve(session, act, &login, (approval, secret)).await?;
            login.device = Some(device.id);
            login.state = LoginState::Approved(act.caller.principal);
            Some(device)
        }
        Decision::Deny => {
            login.state = LoginState::Denied;
            None
        }
    };
    session.update_device_login(&login).await?;
    if let Some(device) = &device {
        record(session, act, "device.approve", device).await?;
    } else {
        let targets = vec![Target::new("device", login.id.as_uuid())];
        act.record(session, OrganizationId::SERVER, "device.deny", targets).await?;
    }
    Ok(device)
}

/// Makes the device of what was confirmed, or the one that it was before another time.
async fn approve(
    session: &dyn Session,
    act: &Act,
    login: &DeviceLogin,
    (approval, secret): (&Approval, &Secret),
) -> Result<Device> {
    let owner = act.caller.principal;
    oauth::require_to_speak_for_itself(&act.caller, login.scopes, None)?;
    session.hold_owner(owner).await?;
    let before = match login.device {
        Some(id) => session.find_device(owner, id, act.now).await?.filter(|one| one.client == login.client),
        None => None,
    };
    match &before {
        Some(device) if device.locked_at.is_some() => {
            let message = "the device is locked, unlock it before it logs in again";
            return Err(Error::new(Kind::Precondition, "device.locked", message));
        }
        Some(device) => end(session, act, device).await?,
        None if session.devices_of(owner, act.now).await?.len() >= DEVICES_MAX => {
            let message = format!("a user may have {DEVICES_MAX} devices");
            return Err(Error::new(Kind::LimitReached, "device.limit", message));
        }
        None => {}
    }
    let seconds = if approval.trusted { TRUSTED_DEVICE_SECONDS } else { DEVICE_SECONDS };
    let expires_at = act.now.plus_seconds(seconds);
    let name = match &approval.name {
        Some(name) => text::name("name", name, DEVICE_NAME_MAX)?,
        None => before.as_ref().map_or_else(|| login.client_name.clone(), |device| device.name.clone()),
    };
    // Until the program takes its tokens, what was confirmed lives no longer than its code.
    let allowed = Authorization {
        credential: oauth::allow(session, act, &login.client_name, secret, login.expires_at).await?,
        client: login.client.clone(),
        scopes: login.scopes,
        audience: None,
        session: approval.signed_in_at.map(|_| act.caller.credential),
        signed_in_at: approval.signed_in_at.unwrap_or(act.now),
        ends_at: Some(expires_at),
    };
    session.insert_authorization(&allowed).await?;
    let device = Device {
        id: before.as_ref().map_or(login.id, |device| device.id),
        owner,
        client: login.client.clone(),
        name,
        source: login.source.clone(),
        user_agent: login.user_agent.clone(),
        metadata: approval.metadata.clone(),
        trusted: approval.trusted,
        locked_at: None,
        authorization: allowed.id(),
        is_allowed: true,
        created_at: before.as_ref().map_or(act.now, |device| device.created_at),
        updated_at: act.now,
        last_login_at: None,
        expires_at,
        version: before.map_or(1, |device| device.version + 1),
    };
    session.put_device(&device).await?;
    Ok(device)
}

async fn own(session: &dyn Session, act: &Act, id: DeviceId) -> Result<Device> {
    let found = session.find_device(act.caller.principal, id, act.now).await?;
    found.ok_or_else(|| Error::not_found("device"))
}

/// Ends what the device has.
async fn end(session: &dyn Session, act: &Act, device: &Device) -> Result<()> {
    session.revoke_credential(device.owner, device.authorization, act.now).await.map(drop)
}

pub(super) async fn record(
    session: &dyn Session,
    act: &Act,
    action: &'static str,
    device: &Device,
) -> Result<()> {
    let targets = vec![
        Target::new("device", device.id.as_uuid()),
        Target::new("authorization", device.authorization.as_uuid()),
    ];
    act.record(session, OrganizationId::SERVER, action, targets).await
}
