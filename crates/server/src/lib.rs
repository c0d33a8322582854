//! The composition root: configuration, wiring, mounts, background work, signals, and the demo estate. The binary
//! `tenantry` is a thin shell around it, and tests start servers from it.

pub mod config;
pub mod connections;
pub mod demo;
mod descriptors;
pub mod init;
pub mod keys;
pub mod load;
pub mod log;
pub mod mail;
mod metrics;
pub mod output;
mod passwords;
pub mod prefix;
pub mod reference;
pub mod router;
mod seal;
pub mod serve;
mod static_answers;
mod sweep;
pub mod world;
