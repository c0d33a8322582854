//! The lifecycle: what a workspace is to become, what it is, and who says so.
//!
//! A wish ([`Workspace::desire`]) raises the generation. Who runs the servers answers it with a report, and says by the
//! generation which wish it has seen. Deactivating is answered at once: it closes the workspace here, whatever its server does.

use super::{State, Workspace};
use crate::clock::Timestamp;
use crate::error::{Error, Kind, Result};

/// Why a workspace is what it is: somebody wished it.
pub const USER_ACTION: &str = "user_action";
/// Why a workspace failed: its server said so.
pub const SERVER_FAILED: &str = "server_failed";
/// Why a workspace failed: nobody heard from its server.
pub const SERVER_SILENT: &str = "server_silent";

/// Where the lifecycle of a workspace stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifecycle {
    /// What it is to become.
    pub desired: State,
    /// Why it is what it is: [`USER_ACTION`], [`SERVER_FAILED`] or [`SERVER_SILENT`].
    pub reason: String,
    /// What it is.
    pub status: State,
    /// When the status last changed.
    pub changed_at: Timestamp,
    /// Raised by every wish.
    pub generation: i64,
    /// The generation that was answered last.
    pub observed_generation: i64,
}

impl Lifecycle {
    /// Of a workspace that has no server yet.
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            desired: State::NotInitialized,
            reason: USER_ACTION.to_owned(),
            status: State::NotInitialized,
            changed_at: now,
            generation: 1,
            observed_generation: 1,
        }
    }
}

impl Workspace {
    /// Wishes that the workspace become this. Wishing what is wished already changes nothing.
    ///
    /// # Errors
    /// `Kind::Invalid` for what cannot be wished; `Kind::Precondition` for wishing the server away that somebody else runs.
    pub(super) fn desire(&mut self, desired: State, now: Timestamp) -> Result<()> {
        let shown = self.status();
        let before = (self.is_active, self.lifecycle.desired);
        match desired {
            State::Pending | State::Failed => {
                let message = "pending and failed cannot be desired";
                return Err(Error::invalid("desired_state", "not_desirable", message));
            }
            State::Deactivated => self.is_active = false,
            State::Available => (self.is_active, self.lifecycle.desired) = (true, desired),
            State::NotInitialized | State::Deleted if self.details.is_enrolled => {
                return Err(Error::new(
                    Kind::Precondition,
                    "workspace.enrolled",
                    "somebody else runs the server of this workspace: it can be deactivated, not taken down",
                ));
            }
            State::NotInitialized | State::Deleted => self.lifecycle.desired = desired,
        }
        if before == (self.is_active, self.lifecycle.desired) {
            return Ok(());
        }
        let lifecycle = &mut self.lifecycle;
        lifecycle.generation += 1;
        USER_ACTION.clone_into(&mut lifecycle.reason);
        let nothing_runs = matches!(lifecycle.status, State::NotInitialized | State::Deleted);
        match desired {
            // The server that was up before may still be.
            State::Available if lifecycle.status == State::Available => {}
            State::NotInitialized | State::Deleted if nothing_runs => lifecycle.status = desired,
            State::Available | State::NotInitialized | State::Deleted => lifecycle.status = State::Pending,
            State::Pending | State::Failed | State::Deactivated => {}
        }
        if desired == State::Deactivated || lifecycle.status == desired {
            lifecycle.observed_generation = lifecycle.generation;
        }
        self.note_status(shown, now);
        Ok(())
    }

    /// Opens it again with what was wished before it was deactivated.
    pub(super) fn reactivate(&mut self, now: Timestamp) {
        let shown = self.status();
        self.is_active = true;
        self.lifecycle.generation += 1;
        USER_ACTION.clone_into(&mut self.lifecycle.reason);
        if self.lifecycle.status == self.lifecycle.desired {
            self.lifecycle.observed_generation = self.lifecycle.generation;
        }
        self.note_status(shown, now);
    }

    /// Takes what its server, or who runs it, says that it is. `generation` is the wish that this answers; the last one
    /// unless said.
    ///
    /// # Errors
    /// `Kind::Invalid` for a generation that was never wished; `Kind::Conflict` for one older than what was answered.
    pub(super) fn observe(&mut self, status: State, generation: Option<i64>, now: Timestamp) -> Result<()> {
        let lifecycle = &mut self.lifecycle;
        let generation = generation.unwrap_or(lifecycle.generation);
        if generation < 1 || generation > lifecycle.generation {
            let expected = format!("expected a generation of 1 to {}", lifecycle.generation);
            return Err(Error::invalid("generation", "range", expected));
        }
        if generation < lifecycle.observed_generation {
            let message = "a later wish has been answered already";
            return Err(Error::new(Kind::Conflict, "workspace.generation", message));
        }
        lifecycle.observed_generation = generation;
        let reason = if status == State::Failed { SERVER_FAILED } else { USER_ACTION };
        self.become_(status, reason, now);
        Ok(())
    }

    /// Shows as this from now on, for this reason.
    pub(super) fn become_(&mut self, status: State, reason: &str, now: Timestamp) {
        let shown = self.status();
        self.lifecycle.status = status;
        reason.clone_into(&mut self.lifecycle.reason);
        self.note_status(shown, now);
    }

    fn note_status(&mut self, before: State, now: Timestamp) {
        if self.status() != before {
            self.lifecycle.changed_at = now;
        }
    }
}
