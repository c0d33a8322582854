//! The port to the servers of workspaces themselves. Whoever fulfils it goes only where the server may go, follows no
//! redirects, and bounds the time that it waits.

use async_trait::async_trait;

/// How a server answers when it is asked whether it is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It says so.
    Up,
    /// It does not, or cannot be reached.
    Down,
    /// It was not asked: its address is none to which this server may go.
    Unasked,
}

/// Servers of workspaces, by the addresses that they report.
#[async_trait]
pub trait Servers: Send + Sync {
    /// Whether the server at the address is up. What it says besides is not read.
    async fn health(&self, server_url: &str) -> Health;
}
