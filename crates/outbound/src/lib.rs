//! Asking other servers, whose addresses come from people who may not be trusted with this server's network.
//!
//! [`Guarded`] is the client: https, a public address, connected to as it was checked, no redirects, no proxy, little time
//! and few bytes. Behind it, [`OpenIdIssuers`] fulfils the core's port to external issuers: discovery, keys that are
//! remembered for a while, codes, signatures; and
//! [`WorkspaceServers`] the one to the servers of workspaces, which are asked whether they are up.

mod address;
mod guarded;
mod issuers;
mod keys;
mod memory;
mod servers;
mod signature;

pub use guarded::Guarded;
pub use issuers::OpenIdIssuers;
pub use servers::WorkspaceServers;
