//! The port of usage.

use async_trait::async_trait;

use crate::authz::{OrganizationScope, WorkspaceScope, Writable};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::OrganizationId;

/// How much of a feature an organization uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The organization.
    pub organization: OrganizationId,
    /// The feature, such as `pipeline`.
    pub feature: String,
    /// How many there are in all workspaces that are not deleted.
    pub total: i64,
    /// How many there may be; none is no limit.
    pub allowed: Option<i64>,
}

impl Usage {
    /// Of a feature that nobody has counted or limited.
    pub(crate) fn none(scope: &OrganizationScope, feature: &str) -> Self {
        Self { organization: scope.organization(), feature: feature.to_owned(), total: 0, allowed: None }
    }
}

/// Usage of metered features, in one session.
#[async_trait]
pub trait UsageStore {
    /// Adds to the count of a feature in a workspace, which never falls below zero. Answers the count after it.
    async fn add_usage(&self, scope: &Writable<WorkspaceScope>, feature: &str, step: i64) -> Result<i64>;

    /// Remembers that this was counted now, by its step, and forgets steps the other way of the same thing. False if it is
    /// remembered already from after `expired`.
    async fn remember_usage(
        &self,
        scope: &Writable<WorkspaceScope>,
        counted: (&str, &str, i64),
        now: Timestamp,
        expired: Timestamp,
    ) -> Result<bool>;

    /// Forgets at most `limit` of what was counted up to this time. Answers how many there were.
    async fn forget_usage(&self, before: Timestamp, limit: u32) -> Result<u64>;

    /// Every feature that the organization uses or has a limit for, by name.
    async fn list_usage(&self, scope: &OrganizationScope) -> Result<Vec<Usage>>;

    /// One of them.
    async fn find_usage(&self, scope: &OrganizationScope, feature: &str) -> Result<Option<Usage>>;

    /// Sets how many there may be; none is no limit.
    async fn set_entitlement(
        &self,
        scope: &Writable<OrganizationScope>,
        feature: &str,
        allowed: Option<i64>,
    ) -> Result<()>;
}
