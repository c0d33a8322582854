//! Versions: whoever changes something may say which version they saw last (AIP-154).

use crate::error::{Error, Kind, Result};

/// What a client can have seen in a version that is no more.
#[derive(Clone, Copy)]
pub(crate) enum Seen {
    Account,
    ApiKey,
    Device,
    Issuer,
    Membership,
    Organization,
    Role,
    ServiceAccount,
    Team,
    Workspace,
}

/// Versions of which one is expected to be current; none of them is if there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions(pub Vec<i64>);

impl From<i64> for Versions {
    fn from(version: i64) -> Self {
        Self(vec![version])
    }
}

/// Refuses a change by somebody who expects another version than the current one.
pub(crate) fn require(seen: Seen, current: i64, expected: Option<&Versions>) -> Result<()> {
    if expected.is_none_or(|Versions(expected)| expected.contains(&current)) {
        return Ok(());
    }
    let (reason, message) = match seen {
        Seen::Account => ("user.stale", "the account was changed meanwhile, read it again"),
        Seen::ApiKey => ("api_key.stale", "the API key was changed meanwhile, read it again"),
        Seen::Device => ("device.stale", "the device was changed meanwhile, read it again"),
        Seen::Issuer => ("issuer.stale", "the issuer was changed meanwhile, read it again"),
        Seen::Membership => ("member.stale", "the user or the roles were changed meanwhile, read them again"),
        Seen::Organization => ("organization.stale", "the organization was changed meanwhile, read it again"),
        Seen::Role => ("role.stale", "the role was changed meanwhile, read it again"),
        Seen::ServiceAccount => {
            ("service_account.stale", "the service account was changed meanwhile, read it again")
        }
        Seen::Team => ("team.stale", "the team was changed meanwhile, read it again"),
        Seen::Workspace => ("workspace.stale", "the workspace was changed meanwhile, read it again"),
    };
    Err(Error::new(Kind::Conflict, reason, message))
}
