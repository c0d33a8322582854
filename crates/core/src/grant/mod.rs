//! Grants: which subject holds which role at which scope. Membership is a grant.
//!
//! Grants are the truth; what a principal reaches by them is derived by the store in the same transaction.

mod assignment;
mod held;
mod inside;
mod leave;
mod person;
mod service;
mod store;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::audit::Act;
use crate::authz::{OrganizationScope, Writable};
use crate::clock::Timestamp;
use crate::error::{Error, Kind, Result};
use crate::ids::{GrantId, InvitationId, OrganizationId, PrincipalId, RoleId, TeamId, WorkspaceId};
use crate::page::{Cursor, KeyValue, Order};
use crate::permission::{BuiltinRole, Level};
use crate::principal::{Principal, UserField};
use crate::role::Role;
use crate::store::Session;

pub use held::{Assignment, Member, Party, SeenParties};
pub use inside::{RolePlace, ServerProject};
pub use leave::{Departure, LeftWorkspace};
pub(crate) use leave::{depart, leave};
pub use person::Person;
pub(crate) use service::resolve;
pub use service::{Added, RoleName, RolesWanted};
pub use store::{AssignmentField, GrantStore, PartyQuery};

/// Who holds a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A user or service account.
    Principal(PrincipalId),
    /// Everybody in a team.
    Team(TeamId),
    /// Whoever accepts the invitation.
    Invitation(InvitationId),
}

impl Subject {
    /// The kind's word in the database.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Principal(_) => "principal",
            Self::Team(_) => "team",
            Self::Invitation(_) => "invitation",
        }
    }

    /// The id, whatever its kind.
    pub const fn uuid(&self) -> &Uuid {
        match self {
            Self::Principal(id) => id.as_uuid(),
            Self::Team(id) => id.as_uuid(),
            Self::Invitation(id) => id.as_uuid(),
        }
    }
}

/// Where a role is held, inside the organization of the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// On the server. Only in `OrganizationId::SERVER`.
    Server,
    /// On the organization.
    Organization,
    /// On one workspace.
    Workspace(WorkspaceId),
    /// In one project of a workspace's server.
    Project(ServerProject),
}

impl Scope {
    /// The level of the chain.
    pub const fn level(&self) -> Level {
        match self {
            Self::Server => Level::Server,
            Self::Organization => Level::Organization,
            Self::Workspace(_) => Level::Workspace,
            Self::Project(_) => Level::Project,
        }
    }

    /// The id of the object: the organization's own where it is the scope.
    pub const fn object(&self, organization: OrganizationId) -> Uuid {
        match self {
            Self::Server => *OrganizationId::SERVER.as_uuid(),
            Self::Organization => *organization.as_uuid(),
            Self::Workspace(id) => *id.as_uuid(),
            Self::Project(project) => *project.id.as_uuid(),
        }
    }
}

/// One binding of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Who holds the role.
    pub subject: Subject,
    /// Which role.
    pub role: RoleId,
    /// Where.
    pub scope: Scope,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: PrincipalId,
}

/// A user and the roles held at a place: in an organization, or in a workspace and its organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserWithRoles {
    /// The organization in which the roles are held.
    pub organization: OrganizationId,
    /// The user.
    pub user: Principal,
    /// Roles in the organization first, then in the workspace, each in the order of granting.
    pub roles: Vec<HeldRole>,
}

/// A role as it stands beside a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldRole {
    /// Its id.
    pub id: RoleId,
    /// Where it is held.
    pub level: Level,
    /// Which built-in role it is.
    pub builtin: Option<BuiltinRole>,
    /// What a custom role is called.
    pub title: String,
}

impl UserWithRoles {
    /// The version of what is shown of the user: another number whenever a role comes or goes, or the user is changed.
    pub fn version(&self) -> i64 {
        let mut digest = Sha256::new();
        digest.update(self.user.id.as_uuid().as_bytes());
        digest.update(self.user.version.to_be_bytes());
        for role in &self.roles {
            digest.update(role.id.as_uuid().as_bytes());
            digest.update(role.title.len().to_be_bytes());
            digest.update(&role.title);
        }
        let first =
            digest.finalize().iter().take(8).fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
        i64::try_from(first >> 1).unwrap_or_default()
    }

    /// The user's place in an order.
    pub fn cursor(&self, order: &[Order<UserField>]) -> Cursor {
        let user = &self.user;
        let keys = order.iter().map(|by| match by.field {
            UserField::DisplayName => KeyValue::Text(user.shown_name().to_owned()),
            UserField::Email => KeyValue::Text(user.email.clone().unwrap_or_default()),
            UserField::UpdatedAt => KeyValue::Int(user.updated_at.as_micros()),
            UserField::CreatedAt => KeyValue::Int(user.created_at.as_micros()),
            // Not sortable: the store refuses such an order.
            UserField::Role | UserField::CustomRole | UserField::RoleLevel | UserField::Search => {
                KeyValue::Int(0)
            }
        });
        Cursor { keys: keys.collect(), id: *user.id.as_uuid() }
    }
}

/// Gives a role unless the subject holds it there already. Whether the caller may is the use case's to ask.
pub(crate) async fn give(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<OrganizationScope>,
    subject: Subject,
    role: &Role,
    at: Scope,
) -> Result<()> {
    if role.level != at.level() {
        return Err(Error::invalid("role", "level", "this role cannot be granted at this level"));
    }
    if session.grants_of(scope, &subject, &at).await?.iter().any(|held| held.role == role.id) {
        return Ok(());
    }
    let grant = Grant {
        id: GrantId::generate(&*act.ids),
        subject,
        role: role.id,
        scope: at,
        created_at: act.now,
        created_by: act.caller.principal,
    };
    session.insert_grant(scope, &grant).await
}

/// Refuses when nobody would be left who owns the scope.
pub(crate) async fn require_an_owner(
    session: &dyn Session,
    scope: &Writable<OrganizationScope>,
    at: Scope,
) -> Result<()> {
    let owner = match at.level() {
        Level::Organization => BuiltinRole::OrganizationOwner,
        Level::Workspace => BuiltinRole::WorkspaceOwner,
        Level::Server | Level::Project => return Ok(()),
    };
    if session.count_direct_holders(scope, owner, &at).await? > 0 {
        return Ok(());
    }
    let what = if at.level() == Level::Workspace { "workspace" } else { "organization" };
    Err(Error::new(
        Kind::Precondition,
        "member.last_owner",
        format!("the {what} would be left without an owner"),
    ))
}

/// Refuses what would take the owner's role from who answers for the organization.
pub(crate) async fn require_not_account_owner(
    session: &dyn Session,
    scope: &Writable<OrganizationScope>,
    user: PrincipalId,
) -> Result<()> {
    let organization = session.find_organization(scope).await?;
    if organization.is_some_and(|organization| organization.owner == user) {
        return Err(Error::new(
            Kind::Precondition,
            "member.account_owner",
            "the organization is this user's: hand it over first",
        ));
    }
    Ok(())
}
