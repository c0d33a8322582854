//! What the program asks again and again: whether it was confirmed (RFC 8628, section 3.5).

use super::service::record;
use super::{DeviceLogin, DeviceTokens, LoginState, TokenLife};
use crate::Core;
use crate::audit::Between;
use crate::clock::Timestamp;
use crate::credential::{Secret, TokenKind};
use crate::error::{Error, Result};
use crate::ids::DeviceId;
use crate::oauth::{self, GrantType, Minted, ProvenClient, Refusal, refused};
use crate::store::Session;

/// How many seconds a program has to wait longer each time that it asks too early.
const SLOWER_SECONDS: i64 = 5;
/// How much too early a question may come, since not all of them are equally long on their way, in seconds.
const JITTER_SECONDS: i64 = 1;

/// What comes of a question. What it changes stays, whatever the answer.
enum Polled {
    Tokens(Box<DeviceTokens>),
    Refused(Refusal),
}

impl Core {
    /// How far the device login has come, for the program that began it. May be asked at any time.
    ///
    /// # Errors
    /// [`Refusal::InvalidGrant`] for a code that is not the client's, [`Refusal::ExpiredToken`] for an old one.
    pub async fn device_login(&self, client: &ProvenClient, device_code: &str) -> Result<DeviceLogin> {
        let hash = hash_of(device_code)?;
        let found = self.store().point(hash, |session, hash| {
            Box::pin(async move { session.device_login_by_device_code(hash).await })
        });
        let login = found.await?.filter(|login| login.client == client.client.id).ok_or_else(bad_code)?;
        if login.expires_at <= self.clock().now() { Err(error(Refusal::ExpiredToken)) } else { Ok(login) }
    }

    /// Gives the program its tokens, once, when a person has confirmed it.
    ///
    /// # Errors
    /// [`Refusal::AuthorizationPending`] while nobody has answered, [`Refusal::SlowDown`] when that is asked too early,
    /// [`Refusal::AccessDenied`] for a no, or when who said yes has taken it back or is suspended,
    /// [`Refusal::ExpiredToken`] for an old code, [`Refusal::InvalidGrant`] for one that was spent or is not the client's.
    pub async fn redeem_device_code(
        &self,
        client: &ProvenClient,
        device_code: &str,
        life: TokenLife,
    ) -> Result<DeviceTokens> {
        client.client.require_grant(GrantType::DeviceCode)?;
        // Codes that are made up write nothing.
        let login = self.device_login(client, device_code).await?;
        let mut minted = self.mint();
        if life == TokenLife::WithDevice {
            minted.live_with_authorization();
        }
        let data = (client.clone(), login.id, minted, self.between());
        let polled = self
            .store()
            .write(data, |session, (client, id, minted, between)| {
                Box::pin(poll(session, client, *id, (minted, between)))
            })
            .await?;
        match polled {
            Polled::Tokens(tokens) => Ok(*tokens),
            Polled::Refused(refusal) => Err(error(refusal)),
        }
    }
}

async fn poll(
    session: &dyn Session,
    client: &ProvenClient,
    id: DeviceId,
    (minted, between): (&Minted, &Between),
) -> Result<Polled> {
    let now = between.now;
    let mut login = session.hold_device_login(id).await?.ok_or_else(bad_code)?;
    match login.state {
        LoginState::Denied => Ok(Polled::Refused(Refusal::AccessDenied)),
        LoginState::Spent(_) => Ok(Polled::Refused(Refusal::InvalidGrant)),
        LoginState::Pending => {
            let early = is_early(&login, now);
            if early {
                login.interval_seconds += SLOWER_SECONDS;
            }
            login.polled_at = Some(now);
            session.update_device_login(&login).await?;
            Ok(Polled::Refused(if early { Refusal::SlowDown } else { Refusal::AuthorizationPending }))
        }
        LoginState::Approved(owner) => {
            login.state = LoginState::Spent(owner);
            session.update_device_login(&login).await?;
            let Some(id) = login.device else { return Ok(Polled::Refused(Refusal::AccessDenied)) };
            let Some(mut device) = session.find_device(owner, id, now).await? else {
                return Ok(Polled::Refused(Refusal::AccessDenied));
            };
            let allowed = session.find_authorization(device.authorization, now).await?;
            let held = session.hold_credential(device.authorization, now).await?;
            let Some((authorization, person)) = allowed.filter(|_| held) else {
                return Ok(Polled::Refused(Refusal::AccessDenied));
            };
            client.require_resource(authorization.audience.as_deref())?;
            let caller = oauth::caller_of(&authorization, &person, client.request_id.clone());
            let act = between.act(caller);
            let given = (authorization.scopes, None);
            let tokens = oauth::give(session, &act, (authorization, person), given, minted).await?;
            device.last_login_at = Some(now);
            session.put_device(&device).await?;
            record(session, &act, "device.login", &device).await?;
            Ok(Polled::Tokens(Box::new(DeviceTokens { tokens, device })))
        }
    }
}

fn is_early(login: &DeviceLogin, now: Timestamp) -> bool {
    let wait = login.interval_seconds - JITTER_SECONDS;
    login.polled_at.is_some_and(|at| at.plus_seconds(wait) > now)
}

fn hash_of(device_code: &str) -> Result<[u8; 32]> {
    let code = Secret::parse(device_code).filter(|code| code.kind() == TokenKind::DeviceCode);
    code.map(|code| code.hash()).ok_or_else(bad_code)
}

fn bad_code() -> Error {
    error(Refusal::InvalidGrant)
}

fn error(refusal: Refusal) -> Error {
    let message = match refusal {
        Refusal::AuthorizationPending => "nobody has answered yet",
        Refusal::SlowDown => "nobody has answered yet, ask less often",
        Refusal::AccessDenied => "the login was refused",
        Refusal::ExpiredToken => "the device code is too old, begin anew",
        _ => "the device code is not valid for this client, or was used before",
    };
    refused(refusal, message)
}
