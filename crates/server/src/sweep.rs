//! Background work that makes room: what was kept long enough goes, in batches, so that no writer waits long for it.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use tenantry_core::{Core, Result};
use tokio_util::sync::CancellationToken;

/// How often it is looked whether there is something to remove.
const PAUSE: Duration = Duration::from_mins(1);

/// Sweeps until `stop`.
pub(crate) async fn sweep(core: Arc<Core>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = sweep_once(&core, &stop).await {
            tracing::warn!(%error, source = error.source().map(tracing::field::display), "could not remove what was kept long enough");
        }
    }
}

/// Removes everything that is due, a batch at a time.
async fn sweep_once(core: &Core, stop: &CancellationToken) -> Result<()> {
    while !stop.is_cancelled() && core.forget_answers().await? > 0 {}
    while !stop.is_cancelled() && core.forget_usage().await? > 0 {}
    while !stop.is_cancelled() && core.expire_invitations().await? > 0 {}
    while !stop.is_cancelled() && core.forget_devices().await? > 0 {}
    while !stop.is_cancelled() && core.sweep_links().await? > 0 {}
    while !stop.is_cancelled() && core.sweep_attempts().await? > 0 {}
    while !stop.is_cancelled() && core.forget_credentials().await? > 0 {}
    while !stop.is_cancelled() && core.purge().await? {}
    // Last: it waits for others.
    while !stop.is_cancelled() && core.note_silent_servers().await? > 0 {}
    Ok(())
}
