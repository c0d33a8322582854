//! Permissions, sets of them, and the built-in roles.
//!
//! The order of the enum is the order of the bits in the database: new permissions are added at the end and none is
//! ever taken away. What a built-in role holds may change; [`fingerprint`] tells the store that it did.

use std::fmt;

use crate::resource::{Action, ContentRights, ResourceKind};

macro_rules! permissions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal at $level:ident,)*) => {
        /// One thing that may be done, at the level where it is usually held.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Permission { $($(#[$doc])* $variant,)* }

        impl Permission {
            /// Every permission, in the order of the bits.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The published name, `action:Resource`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The permission of this published name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|permission| permission.name() == name)
            }

            /// The level at which a role may hold it at the lowest.
            pub const fn level(self) -> Level {
                match self { $(Self::$variant => Level::$level,)* }
            }
        }
    };
}

permissions! {
    /// Run the server: its settings, every account, every organization.
    ManageServer = "manage:Server" at Server,
    /// See every organization of the server.
    ListEveryOrganization = "list:AnyOrganization" at Server,
    /// Create an organization in somebody else's name.
    CreateOrganizationForOthers = "create:AnyOrganization" at Server,
    /// See the organization.
    ReadOrganization = "read:Organization" at Organization,
    /// Change name, description, logo, links.
    UpdateOrganization = "update:Organization" at Organization,
    /// Delete the organization.
    DeleteOrganization = "delete:Organization" at Organization,
    /// Make somebody else the owner.
    TransferOrganization = "transfer:Organization" at Organization,
    /// See the organization's preferences.
    ReadOrganizationPreferences = "read:OrganizationPreferences" at Organization,
    /// Change the organization's preferences.
    UpdateOrganizationPreferences = "update:OrganizationPreferences" at Organization,
    /// See who belongs to the organization.
    ReadOrganizationUsers = "read:OrganizationUser" at Organization,
    /// Add and remove people and change their roles in the organization.
    ManageOrganizationUsers = "manage:OrganizationUser" at Organization,
    /// See the organization's invitations.
    ReadOrganizationInvitations = "read:OrganizationInvitation" at Organization,
    /// Invite to the organization and withdraw invitations.
    ManageOrganizationInvitations = "manage:OrganizationInvitation" at Organization,
    /// See the organization's roles.
    ReadOrganizationRoles = "read:OrganizationRole" at Organization,
    /// Create, change and delete custom roles of the organization.
    ManageOrganizationRoles = "manage:OrganizationRole" at Organization,
    /// See service accounts.
    ReadServiceAccounts = "read:ServiceAccount" at Organization,
    /// Create, change and delete service accounts and their keys.
    ManageServiceAccounts = "manage:ServiceAccount" at Organization,
    /// See teams.
    ReadTeams = "read:Team" at Organization,
    /// Create, change and delete teams.
    ManageTeams = "manage:Team" at Organization,
    /// Read the audit trail.
    ReadAudit = "read:AuditEvent" at Organization,
    /// Create a workspace.
    CreateWorkspace = "create:Workspace" at Organization,
    /// See the workspace.
    ReadWorkspace = "read:Workspace" at Workspace,
    /// Change the workspace.
    UpdateWorkspace = "update:Workspace" at Workspace,
    /// Delete and restore the workspace.
    DeleteWorkspace = "delete:Workspace" at Workspace,
    /// Set the lifecycle state and service status of the workspace.
    OperateWorkspace = "operate:Workspace" at Workspace,
    /// See the workspace's preferences.
    ReadWorkspacePreferences = "read:WorkspacePreferences" at Workspace,
    /// Change the workspace's preferences.
    UpdateWorkspacePreferences = "update:WorkspacePreferences" at Workspace,
    /// See who has a role in the workspace.
    ReadWorkspaceUsers = "read:WorkspaceUser" at Workspace,
    /// Give and take roles in the workspace.
    ManageWorkspaceUsers = "manage:WorkspaceUser" at Workspace,
    /// See the workspace's invitations.
    ReadWorkspaceInvitations = "read:WorkspaceInvitation" at Workspace,
    /// Invite to the workspace and withdraw invitations.
    ManageWorkspaceInvitations = "manage:WorkspaceInvitation" at Workspace,
    /// See the roles that can be given in the workspace.
    ReadWorkspaceRoles = "read:WorkspaceRole" at Workspace,
    /// Create, change and delete custom roles of the workspace.
    ManageWorkspaceRoles = "manage:WorkspaceRole" at Workspace,
    /// See projects.
    ReadProject = "read:Project" at Project,
    /// Create and change projects.
    UpdateProject = "update:Project" at Project,
    /// Delete projects.
    DeleteProject = "delete:Project" at Project,
    /// Read what the workspace's own server keeps.
    ReadContent = "read:Content" at Project,
    /// Change what the workspace's own server keeps.
    UpdateContent = "update:Content" at Project,
}

/// A level of the chain of scopes, from the widest to the narrowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// The whole server.
    Server,
    /// One organization.
    Organization,
    /// One workspace.
    Workspace,
    /// One project.
    Project,
}

impl Level {
    /// Every level, widest first.
    pub const ALL: [Self; 4] = [Self::Server, Self::Organization, Self::Workspace, Self::Project];

    /// The level of this number in the database.
    pub fn from_number(number: i64) -> Option<Self> {
        usize::try_from(number).ok().and_then(|index| Self::ALL.get(index).copied())
    }
}

/// A set of permissions: one bit for each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct PermissionSet(u64);

impl PermissionSet {
    /// No permission.
    pub const NONE: Self = Self(0);

    /// The set of these.
    pub const fn of(permissions: &[Permission]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < permissions.len() {
            bits |= 1 << permissions[index] as u8;
            index += 1;
        }
        Self(bits)
    }

    /// Everything that can be held at `level` or below it.
    pub fn everything_at(level: Level) -> Self {
        Permission::ALL.iter().filter(|p| p.level() >= level).fold(Self::NONE, |set, p| set.with(*p))
    }

    /// Everything that changes nothing: what is only read or listed.
    pub fn reading() -> Self {
        let reads = |p: &&Permission| p.name().starts_with("read:") || p.name().starts_with("list:");
        Permission::ALL.iter().filter(reads).fold(Self::NONE, |set, p| set.with(*p))
    }

    /// From the bits in the database.
    pub const fn from_bits(bits: i64) -> Self {
        Self(bits.cast_unsigned())
    }

    /// The bits for the database.
    pub const fn bits(self) -> i64 {
        self.0.cast_signed()
    }

    /// Whether the permission is in the set.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u8) != 0
    }

    /// Whether every permission of `other` is in this set.
    pub const fn includes(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Both sets together.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both sets.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in this set and not in the other.
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The set with one more.
    pub const fn with(self, permission: Permission) -> Self {
        Self(self.0 | 1 << permission as u8)
    }

    /// Whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The permissions in the order of the enum.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |p| self.contains(*p))
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        permissions.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.iter().map(Permission::name)).finish()
    }
}

/// The built-in roles. At each level those that hold permissions alone come first, strongest first; behind them those that
/// also hold rights to content, for which no dialect has a word but ZenML's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BuiltinRole {
    /// Runs the server and holds everything in it.
    ServerAdministrator,
    /// Holds everything in the organization.
    OrganizationOwner,
    /// Everything but deleting the organization and handing it over.
    OrganizationAdmin,
    /// Belongs to the organization and may create workspaces.
    OrganizationMember,
    /// Sees the organization and who is in it.
    OrganizationViewer,
    /// Knows the organization and its preferences, and is told nothing of who is in it.
    OrganizationBilling,
    /// Holds everything in the workspace.
    WorkspaceOwner,
    /// Works in the workspace.
    WorkspaceEditor,
    /// Looks at the workspace.
    WorkspaceViewer,
    /// Makes what the workspace's server keeps outside of projects.
    WorkspaceContributor,
    /// Looks after what pipelines run on, and sees no project.
    StackAdmin,
    /// Holds everything in a project of a workspace's server.
    ProjectAdmin,
    /// Works in the project.
    ProjectDeveloper,
    /// Looks at the project and makes what it keeps.
    ProjectContributor,
    /// Looks at the project.
    ProjectViewer,
}

use Permission as P;

const ORGANIZATION_VIEWER: PermissionSet = PermissionSet::of(&[
    P::ReadOrganization,
    P::ReadOrganizationPreferences,
    P::ReadOrganizationUsers,
    P::ReadOrganizationRoles,
    P::ReadTeams,
]);
/// Sees the workspace, and nothing inside.
const WORKSPACE_VISITOR: PermissionSet = PermissionSet::of(&[
    P::ReadWorkspace,
    P::ReadWorkspacePreferences,
    P::ReadWorkspaceUsers,
    P::ReadWorkspaceRoles,
]);
const WORKSPACE_VIEWER: PermissionSet = WORKSPACE_VISITOR.with(P::ReadProject).with(P::ReadContent);
const PROJECT_VIEWER: PermissionSet = PermissionSet::of(&[P::ReadProject, P::ReadContent]);

impl BuiltinRole {
    /// Every built-in role.
    pub const ALL: [Self; 15] = [
        Self::ServerAdministrator,
        Self::OrganizationOwner,
        Self::OrganizationAdmin,
        Self::OrganizationMember,
        Self::OrganizationViewer,
        Self::OrganizationBilling,
        Self::WorkspaceOwner,
        Self::WorkspaceEditor,
        Self::WorkspaceViewer,
        Self::WorkspaceContributor,
        Self::StackAdmin,
        Self::ProjectAdmin,
        Self::ProjectDeveloper,
        Self::ProjectContributor,
        Self::ProjectViewer,
    ];

    /// The level at which it is granted.
    pub const fn level(self) -> Level {
        match self {
            Self::ServerAdministrator => Level::Server,
            Self::OrganizationOwner
            | Self::OrganizationAdmin
            | Self::OrganizationMember
            | Self::OrganizationViewer
            | Self::OrganizationBilling => Level::Organization,
            Self::WorkspaceOwner
            | Self::WorkspaceEditor
            | Self::WorkspaceViewer
            | Self::WorkspaceContributor
            | Self::StackAdmin => Level::Workspace,
            Self::ProjectAdmin | Self::ProjectDeveloper | Self::ProjectContributor | Self::ProjectViewer => {
                Level::Project
            }
        }
    }

    /// The word of the core: stored in the database, never shown by a dialect.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ServerAdministrator => "server-administrator",
            Self::OrganizationOwner => "organization-owner",
            Self::OrganizationAdmin => "organization-admin",
            Self::OrganizationMember => "organization-member",
            Self::OrganizationViewer => "organization-viewer",
            Self::WorkspaceOwner => "workspace-owner",
            Self::WorkspaceEditor => "workspace-editor",
            Self::WorkspaceViewer => "workspace-viewer",
            Self::OrganizationBilling => "organization-billing",
            Self::WorkspaceContributor => "workspace-contributor",
            Self::StackAdmin => "stack-admin",
            Self::ProjectAdmin => "project-admin",
            Self::ProjectDeveloper => "project-developer",
            Self::ProjectContributor => "project-contributor",
            Self::ProjectViewer => "project-viewer",
        }
    }

    /// The role of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// What it holds, at its own level and below.
    pub fn permissions(self) -> PermissionSet {
        match self {
            Self::ServerAdministrator => PermissionSet::everything_at(Level::Server),
            Self::OrganizationOwner => PermissionSet::everything_at(Level::Organization),
            Self::OrganizationAdmin => PermissionSet::everything_at(Level::Organization)
                .difference(PermissionSet::of(&[P::DeleteOrganization, P::TransferOrganization])),
            Self::OrganizationMember => ORGANIZATION_VIEWER.with(P::CreateWorkspace),
            Self::OrganizationViewer => ORGANIZATION_VIEWER,
            Self::WorkspaceOwner => PermissionSet::everything_at(Level::Workspace),
            Self::WorkspaceEditor => WORKSPACE_VIEWER
                .with(P::UpdateWorkspace)
                .with(P::UpdateProject)
                .with(P::DeleteProject)
                .with(P::UpdateContent),
            Self::WorkspaceViewer => WORKSPACE_VIEWER,
            Self::WorkspaceContributor | Self::StackAdmin => WORKSPACE_VISITOR,
            Self::OrganizationBilling => {
                PermissionSet::of(&[P::ReadOrganization, P::ReadOrganizationPreferences])
            }
            Self::ProjectAdmin => PermissionSet::everything_at(Level::Project),
            Self::ProjectDeveloper => PROJECT_VIEWER.with(P::UpdateContent),
            Self::ProjectContributor | Self::ProjectViewer => PROJECT_VIEWER,
        }
    }

    /// What it holds inside the servers of workspaces beside what follows from its permissions. `docs/resources.md` has the
    /// tables.
    pub fn content(self) -> ContentRights {
        let holds = |kind: ResourceKind, action: Action| match self {
            Self::WorkspaceContributor => {
                !kind.is_in_project()
                    && !matches!(kind, ResourceKind::ServiceAccount | ResourceKind::Project)
                    && matches!(action, Action::Create | Action::Client)
            }
            Self::StackAdmin => {
                matches!(
                    kind,
                    ResourceKind::Flavor
                        | ResourceKind::ServiceConnector
                        | ResourceKind::Stack
                        | ResourceKind::StackComponent
                ) && action != Action::BackupRestore
            }
            Self::ProjectAdmin => action != Action::BackupRestore,
            Self::ProjectContributor => kind != ResourceKind::Project && action == Action::Create,
            Self::ServerAdministrator
            | Self::OrganizationOwner
            | Self::OrganizationAdmin
            | Self::OrganizationMember
            | Self::OrganizationViewer
            | Self::OrganizationBilling
            | Self::WorkspaceOwner
            | Self::WorkspaceEditor
            | Self::WorkspaceViewer
            | Self::ProjectDeveloper
            | Self::ProjectViewer => false,
        };
        let beside = ContentRights::every(holds).difference(&ContentRights::implied_by(self.permissions()));
        beside.intersection(&ContentRights::everything_at(self.level()))
    }

    /// The strongest built-in role of `level` whose permissions are all in `held`: how a custom role, or several
    /// grants at once, show in a dialect that has only the built-in words. Roles that are more than permissions are none.
    pub fn strongest_in(level: Level, held: PermissionSet) -> Option<Self> {
        let says_all = |role: &Self| role.content().is_empty() && held.includes(role.permissions());
        Self::ALL.into_iter().find(|role| role.level() == level && says_all(role))
    }
}

/// Changes whenever what the built-in roles hold changes, so that the store derives anew what it derived from them.
pub fn fingerprint() -> i64 {
    let mut hash = crc32fast::Hasher::new();
    for role in BuiltinRole::ALL {
        hash.update(role.word().as_bytes());
        hash.update(&role.permissions().bits().to_be_bytes());
        hash.update(role.content().to_code().as_bytes());
    }
    i64::from(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_bit_for_each() {
        assert!(Permission::ALL.len() <= 63);
        assert_eq!(PermissionSet::everything_at(Level::Server).iter().count(), Permission::ALL.len());
    }

    #[test]
    fn strongest_word_is_the_one_that_is_wholly_held() {
        let editor = BuiltinRole::WorkspaceEditor.permissions();
        let strongest = |set| BuiltinRole::strongest_in(Level::Workspace, set);
        assert_eq!(strongest(editor), Some(BuiltinRole::WorkspaceEditor));
        assert_eq!(strongest(editor.with(P::DeleteWorkspace)), Some(BuiltinRole::WorkspaceEditor));
        assert_eq!(
            strongest(PermissionSet::everything_at(Level::Workspace)),
            Some(BuiltinRole::WorkspaceOwner)
        );
        assert_eq!(strongest(PermissionSet::of(&[P::ReadWorkspace])), None);
    }

    #[test]
    fn member_and_viewer_hold_nothing_inside_workspaces() {
        let inside = PermissionSet::everything_at(Level::Workspace);
        for role in [BuiltinRole::OrganizationMember, BuiltinRole::OrganizationViewer] {
            assert!(role.permissions().intersection(inside).is_empty(), "{role:?}");
        }
        for role in [BuiltinRole::OrganizationOwner, BuiltinRole::OrganizationAdmin] {
            assert!(role.permissions().includes(inside), "{role:?}");
        }
    }

    #[test]
    fn an_admin_cannot_hand_out_ownership() {
        let admin = BuiltinRole::OrganizationAdmin.permissions();
        assert!(!admin.includes(BuiltinRole::OrganizationOwner.permissions()));
    }
}
