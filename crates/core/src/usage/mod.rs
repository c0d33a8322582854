//! Usage: what the servers of workspaces count of metered features, and how much of each an organization may have.

mod service;
mod store;

pub use service::UsageEvent;
pub use store::{Usage, UsageStore};

/// Longest name of a feature, in characters.
pub const FEATURE_MAX: usize = 60;
/// How many features are counted in a workspace.
pub const FEATURES_MAX: usize = 100;
/// The most that one event may add or take away.
pub const STEP_MAX: i64 = 1_000_000;
/// Longest name of what was made or is gone, in characters.
pub const RESOURCE_MAX: usize = 100;
/// For how long the same event counts once.
pub const REMEMBERED_SECONDS: i64 = 24 * 60 * 60;
/// The most events that come together.
pub const EVENTS_MAX: usize = 1_000;
