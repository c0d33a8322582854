//! Who is asking: a principal, seen through the credential that came with the request.

use std::net::IpAddr;

use crate::ids::{CredentialId, OrganizationId, PrincipalId, WorkspaceId};
use crate::permission::PermissionSet;

/// The principal behind a request and what the credential leaves of its rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user or service account.
    pub principal: PrincipalId,
    /// Whether it is a service account.
    pub is_service_account: bool,
    /// The credential that was shown.
    pub credential: CredentialId,
    /// What the credential leaves of the principal's rights.
    pub narrowing: Narrowing,
    /// Raised whenever a credential of the principal is revoked, or the principal is suspended or changed.
    pub auth_version: i64,
    /// The request's id, for the audit trail.
    pub request_id: Option<String>,
    /// Where the request came from, as far as that is known.
    pub source: Option<IpAddr>,
}

/// A credential may be narrower than its principal, never wider.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Narrowing {
    /// Only these permissions; `None` leaves all.
    pub permissions: Option<PermissionSet>,
    /// Only in this organization; `None` leaves all.
    pub organization: Option<OrganizationId>,
    /// Only these workspaces, and nothing of the organization that is not theirs; `None` leaves all.
    pub workspaces: Option<Vec<WorkspaceId>>,
}

impl Narrowing {
    /// The same, with only these permissions left (`None` leaves all).
    pub fn within(self, permissions: Option<PermissionSet>) -> Self {
        let permissions = match (self.permissions, permissions) {
            (Some(ours), Some(others)) => Some(ours.intersection(others)),
            (ours, others) => ours.or(others),
        };
        Self { permissions, ..self }
    }

    /// Whether it leaves less than all rights in all workspaces of wherever it may be used.
    pub const fn is_limited(&self) -> bool {
        self.permissions.is_some() || self.workspaces.is_some()
    }

    /// What is left of `held`.
    pub fn apply(&self, held: PermissionSet) -> PermissionSet {
        self.permissions.map_or(held, |allowed| held.intersection(allowed))
    }

    /// Whether the credential may be used in the organization at all.
    pub fn admits_organization(&self, organization: OrganizationId) -> bool {
        self.organization.is_none_or(|only| only == organization)
    }

    /// Whether the credential may be used in the workspace, given that it may in its organization.
    pub fn admits_workspace(&self, workspace: WorkspaceId) -> bool {
        self.workspaces.as_ref().is_none_or(|only| only.contains(&workspace))
    }
}
