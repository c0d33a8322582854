//! Roles: named sets of permissions, built-in ones with a row in each organization, and custom ones.

mod service;
mod store;

use uuid::Uuid;

use crate::audit::Act;
use crate::authz::{self, OrganizationScope, PlaceScope};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{OrganizationId, RoleId, WorkspaceId};
use crate::page::{Cursor, KeyValue, Order};
use crate::permission::{BuiltinRole, Level, PermissionSet};
use crate::resource::{ContentRights, Rights};
use crate::store::Session;

pub(crate) use service::create;
pub use service::{NewRole, ROLE_TITLE_MAX, RoleChange};
pub use store::{BuiltinTitles, RoleField, RoleStore};

/// The built-in roles that every organization has.
pub fn builtin_of_organization() -> impl Iterator<Item = BuiltinRole> {
    BuiltinRole::ALL.into_iter().filter(|role| role.level() != Level::Server)
}

/// A role of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its id.
    pub id: RoleId,
    /// The organization that has it; `SERVER` for the server's own.
    pub organization: OrganizationId,
    /// The only workspace in which it can be granted, for a role made there.
    pub workspace: Option<WorkspaceId>,
    /// The level at which it is granted.
    pub level: Level,
    /// Which built-in role it is; a custom one has none.
    pub builtin: Option<BuiltinRole>,
    /// What a custom role is called; a built-in one is called by each dialect's own word.
    pub title: String,
    /// Free text.
    pub description: Option<String>,
    /// What it holds.
    pub permissions: PermissionSet,
    /// What it holds inside the servers of workspaces, beside what follows from its permissions.
    pub content: ContentRights,
    /// Raised by every change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Role {
    /// The row of a built-in role.
    pub(crate) fn builtin(role: BuiltinRole, organization: OrganizationId, act: &Act) -> Self {
        Self {
            id: RoleId::generate(&*act.ids),
            organization,
            workspace: None,
            level: role.level(),
            builtin: Some(role),
            title: role.word().to_owned(),
            description: None,
            permissions: role.permissions(),
            content: role.content(),
            version: 1,
            created_at: act.now,
            updated_at: act.now,
        }
    }

    /// Everything that it holds.
    pub const fn rights(&self) -> Rights {
        Rights { permissions: self.permissions, content: self.content }
    }

    /// Whether it can be granted at the place.
    pub(crate) fn fits(&self, place: &PlaceScope) -> bool {
        self.fits_in(place, place.level())
    }

    /// Whether it can be granted at this level of the place.
    pub(crate) fn fits_in(&self, place: &PlaceScope, level: Level) -> bool {
        self.level == level && (self.workspace.is_none() || self.workspace == place.workspace())
    }

    /// What it is called where built-in roles have these titles.
    pub fn shown_title(&self, titles: BuiltinTitles) -> &str {
        self.builtin.map_or(&self.title, titles)
    }

    /// The role's place in an order.
    pub fn cursor(&self, order: &[Order<RoleField>], titles: BuiltinTitles) -> Cursor {
        let keys = order.iter().map(|by| match by.field {
            RoleField::Title => KeyValue::Text(self.shown_title(titles).to_owned()),
            RoleField::Level => KeyValue::Int(self.level as i64),
            RoleField::CreatedAt => KeyValue::Int(self.created_at.as_micros()),
            RoleField::UpdatedAt => KeyValue::Int(self.updated_at.as_micros()),
            // Not sortable: the store refuses such an order.
            RoleField::Builtin | RoleField::AnyOf | RoleField::Content | RoleField::HeldBy => {
                KeyValue::Int(0)
            }
        });
        Cursor { keys: keys.collect(), id: *self.id.as_uuid() }
    }
}

/// The row of a built-in role of the scope's organization. The server's own role is not to be had there.
pub async fn builtin(session: &dyn Session, scope: &OrganizationScope, role: BuiltinRole) -> Result<Role> {
    if role.level() == Level::Server {
        return Err(Error::invalid("role", "level", "this role cannot be granted in an organization"));
    }
    let found = session.find_builtin_role(scope, role).await?;
    found.ok_or_else(|| {
        Error::internal(format!("organization {} lacks {}", scope.organization(), role.word()))
    })
}

/// Nobody gives, takes or changes a role that holds more than they hold at the place themselves.
/// In a project, what one holds there counts as well.
pub(crate) async fn require_to_hold(
    session: &dyn Session,
    scope: &PlaceScope,
    project: Option<Uuid>,
    role: &Role,
) -> Result<()> {
    let mut held = Rights::from(scope.permissions());
    if !held.permissions.includes(role.permissions) || !held.all_content().includes(&role.content) {
        held = held_at(session, scope, project).await?;
    }
    authz::require_to_hold(held, role.rights())
}

/// What the caller holds at the place, and in a project of its server if one is named.
pub(crate) async fn held_at(
    session: &dyn Session,
    scope: &PlaceScope,
    project: Option<Uuid>,
) -> Result<Rights> {
    let held = Rights::from(scope.permissions());
    let PlaceScope::Workspace(workspace) = scope else { return Ok(held) };
    let own = session.inside_rights(workspace, workspace.workspace(), workspace.principal()).await?;
    let own = own.at(project);
    // A narrowed credential leaves the pairs that its permissions would.
    let left = workspace.by_own_roles();
    let own = Rights {
        permissions: own.permissions.intersection(left),
        content: own.content.intersection(&ContentRights::implied_by(left)),
    };
    Ok(held.union(&own))
}
