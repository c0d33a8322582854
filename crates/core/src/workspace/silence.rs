//! Which servers of workspaces are up, as far as that can be told from here.
//!
//! A server is heard when it comes in with a token of its own, which it needs for the requests of its users alone. So one that
//! was not heard for long is asked; what it answers is all that is taken from it.

use super::State;
use super::health::Health;
use super::lifecycle::{SERVER_SILENT, USER_ACTION};
use super::store::SilentServer;
use crate::Core;
use crate::audit::{AuditEvent, Target};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{AuditEventId, PrincipalId};
use crate::store::Session;

/// How many servers are looked at together.
const BATCH: u32 = 100;
/// Until a silent server is asked again.
const ASK_AGAIN_SECONDS: i64 = 5 * 60;

impl Core {
    /// Shows enrolled workspaces as failed whose server was not heard for longer than the settings allow and does not say
    /// that it is up when it is asked, and as available again once it was heard. A server has nothing to say while nobody
    /// uses it. Answers how many were looked at.
    pub async fn note_silent_servers(&self) -> Result<u64> {
        let Some(seconds) = self.settings().server_silence_seconds else { return Ok(0) };
        let now = self.clock().now();
        let (before, asked_before) = (now.plus_seconds(-seconds), now.plus_seconds(-ASK_AGAIN_SECONDS));
        let found = self.store().scan((before, asked_before), |session, (before, asked_before)| {
            Box::pin(session.silent_servers(*before, *asked_before, BATCH))
        });
        let found = found.await?;
        let health = futures_util::future::join_all(found.iter().map(|server| self.health(server))).await;
        let looked_at = found.len() as u64;
        for (server, health) in found.into_iter().zip(health) {
            let turn = turn_of(&server, health, self.settings().unasked_servers_fail);
            let data = (now, before, server, (turn, health), AuditEventId::generate(&*self.ids));
            self.store()
                .write(data, |session, (now, before, server, (turn, health), id)| {
                    Box::pin(async move {
                        if let Some(turn) = turn {
                            turn_server(session, (*now, *before), server, *turn, *id).await?;
                        }
                        session.note_asked(server, *health == Some(Health::Up), *now).await
                    })
                })
                .await?;
        }
        Ok(looked_at)
    }

    /// What the server of a workspace says when it is asked; none where there is nothing to ask.
    async fn health(&self, server: &SilentServer) -> Option<Health> {
        match &server.url {
            Some(url) if !server.has_come => Some(self.servers.health(url).await),
            _ => None,
        }
    }
}

/// What becomes of a workspace whose server nobody heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    FallsSilent,
    Returns,
}

/// `unasked_fail` is whether silence counts as well where nobody may ask.
fn turn_of(server: &SilentServer, health: Option<Health>, unasked_fail: bool) -> Option<Turn> {
    let is_shown_up = server.status == State::Available;
    let has_failed = server.status == State::Failed;
    match health {
        _ if server.has_come => Some(Turn::Returns),
        Some(Health::Up) => (!is_shown_up).then_some(Turn::Returns),
        _ if has_failed => None,
        Some(Health::Down) => Some(Turn::FallsSilent),
        Some(Health::Unasked) => unasked_fail.then_some(Turn::FallsSilent),
        // It never said where it is: one that shows as up has come in all the same.
        None => (unasked_fail || !is_shown_up).then_some(Turn::FallsSilent),
    }
}

async fn turn_server(
    session: &dyn Session,
    (now, before): (Timestamp, Timestamp),
    server: &SilentServer,
    turn: Turn,
    id: AuditEventId,
) -> Result<()> {
    session.lock_organization(server.organization).await?;
    let (has_turned, action) = match turn {
        Turn::FallsSilent => {
            let becomes = (State::Failed, SERVER_SILENT);
            (session.fall_silent(server, before, becomes, now).await?, "workspace.fall_silent")
        }
        Turn::Returns => {
            let becomes = (State::Available, USER_ACTION);
            (session.return_server(server, becomes, now).await?, "workspace.return")
        }
    };
    if !has_turned {
        return Ok(());
    }
    let targets = vec![Target::new("workspace", server.workspace.as_uuid())];
    session
        .append_audit(&AuditEvent {
            id,
            organization: server.organization,
            at: now,
            // The server acts by itself, as where it purges.
            actor: PrincipalId::from_uuid(uuid::Uuid::nil()),
            credential: None,
            request_id: None,
            action,
            targets,
        })
        .await
}
