//! What people do in a history, and how a history is drawn.
//!
//! Everything is named by its number in the order of making. The numbers of a history are drawn before anything exists;
//! `settle` turns each into one of what there is by then, so that a shorter history is a history too.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::model::{PEOPLE, Place, ROOT, RoleName, Who};

/// How a person is named who is to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    ById,
    ByAddress,
}

/// Which secret is shown with the answer to an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SecretShown {
    None,
    Right,
    Wrong,
}

/// How many kinds of deeds there are.
pub(super) const DEEDS: usize = 23;

/// One change that somebody asks for.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    CreateOrganization {
        name: &'static str,
    },
    RenameOrganization {
        organization: usize,
        name: &'static str,
    },
    Transfer {
        organization: usize,
        to: Who,
    },
    DeleteOrganization {
        organization: usize,
        force: bool,
    },
    RestoreOrganization {
        organization: usize,
    },
    CreateWorkspace {
        organization: usize,
        name: &'static str,
    },
    RenameWorkspace {
        place: Place,
        name: &'static str,
    },
    DeleteWorkspace {
        place: Place,
        force: bool,
    },
    RestoreWorkspace {
        place: Place,
    },
    CreateRole {
        place: Place,
        of_workspaces: bool,
        title: &'static str,
        rights: Vec<&'static str>,
    },
    ChangeRole {
        place: Place,
        role: RoleName,
        title: &'static str,
        rights: Option<Vec<&'static str>>,
    },
    DeleteRole {
        place: Place,
        role: RoleName,
        force: bool,
    },
    Add {
        place: Place,
        who: Who,
        named: Named,
        roles: Vec<RoleName>,
    },
    /// Gives a built-in role of the organization beside those that are held.
    Join {
        organization: usize,
        who: Who,
        role: RoleName,
    },
    SetRoles {
        place: Place,
        who: Who,
        roles: Vec<RoleName>,
    },
    Remove {
        place: Place,
        who: Who,
        force: bool,
    },
    Invite {
        place: Place,
        who: Who,
        roles: Vec<RoleName>,
    },
    Accept {
        organization: usize,
        invitation: usize,
        secret: SecretShown,
    },
    Decline {
        organization: usize,
        invitation: usize,
    },
    Resend {
        organization: usize,
        invitation: usize,
    },
    Cancel {
        place: Place,
        invitation: usize,
    },
    Suspend {
        who: Who,
        suspended: bool,
    },
    /// Days pass, after which the server may or may not have swept.
    Wait {
        days: u32,
        sweep: bool,
    },
}

impl Deed {
    /// The variant's name.
    pub(super) fn kind(&self) -> String {
        let text = format!("{self:?}");
        text.split([' ', '{']).next().unwrap_or_default().to_owned()
    }
}

/// Who asks for what. One that is `stray` takes anybody and anything, such as a workspace and another organization than
/// its own.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) by: Who,
    pub(super) deed: Deed,
    pub(super) stray: bool,
}

/// Names that are one name ignoring case, and one that a key with a number may look like.
const NAMES: [&str; 5] = ["Fen", "FEN", "Moor", "Fen-2", "Default"];
const TITLES: [&str; 4] = ["Scout", "SCOUT", "Guide", "workspace-viewer"];
const BUILTIN: [&str; 8] = [
    "server-administrator",
    "organization-owner",
    "organization-admin",
    "organization-member",
    "organization-viewer",
    "workspace-owner",
    "workspace-editor",
    "workspace-viewer",
];
/// The permissions that custom roles are made of: all that decide about the deeds of a history.
const RIGHTS: [&str; 18] = [
    "list:AnyOrganization",
    "read:Organization",
    "update:Organization",
    "delete:Organization",
    "transfer:Organization",
    "read:OrganizationUser",
    "manage:OrganizationUser",
    "manage:OrganizationInvitation",
    "manage:OrganizationRole",
    "create:Workspace",
    "read:Workspace",
    "update:Workspace",
    "delete:Workspace",
    "read:WorkspaceUser",
    "manage:WorkspaceUser",
    "read:WorkspaceInvitation",
    "manage:WorkspaceInvitation",
    "manage:WorkspaceRole",
];

fn places() -> impl Strategy<Value = Place> {
    (0..16usize, proptest::option::weighted(0.6, 0..16usize))
        .prop_map(|(organization, workspace)| Place { organization, workspace })
}

fn workspaces() -> impl Strategy<Value = Place> {
    (0..16usize, 0..16usize).prop_map(|(organization, workspace)| Place::workspace(organization, workspace))
}

fn role() -> impl Strategy<Value = RoleName> {
    prop_oneof![
        3 => select(&BUILTIN[1..]).prop_map(RoleName::Builtin),
        2 => (0..16usize).prop_map(RoleName::Custom),
    ]
}

fn changed_role() -> impl Strategy<Value = RoleName> {
    prop_oneof![9 => (0..16usize).prop_map(RoleName::Custom), 1 => select(&BUILTIN[1..]).prop_map(RoleName::Builtin)]
}

fn deeds() -> impl Strategy<Value = Deed> {
    let organization = || 0..16usize;
    let invitation = || 0..16usize;
    let who = || 0..PEOPLE;
    let name = || select(&NAMES[..]);
    let title = || select(&TITLES[..]);
    let rights = || subsequence(&RIGHTS[1..], 0..6);
    let force = any::<bool>;
    let roles = || prop::collection::vec(role(), 1..3);
    let named = prop_oneof![Just(Named::ById), Just(Named::ByAddress)];
    let secret = select(vec![SecretShown::None, SecretShown::Right, SecretShown::Wrong]);
    let organizations = prop_oneof![
        2 => name().prop_map(|name| Deed::CreateOrganization { name }),
        2 => (organization(), name())
            .prop_map(|(organization, name)| Deed::RenameOrganization { organization, name }),
        2 => (organization(), who()).prop_map(|(organization, to)| Deed::Transfer { organization, to }),
        1 => (organization(), force())
            .prop_map(|(organization, force)| Deed::DeleteOrganization { organization, force }),
        2 => organization().prop_map(|organization| Deed::RestoreOrganization { organization }),
    ];
    let of_workspaces = prop_oneof![
        3 => (organization(), name())
            .prop_map(|(organization, name)| Deed::CreateWorkspace { organization, name }),
        2 => (workspaces(), name()).prop_map(|(place, name)| Deed::RenameWorkspace { place, name }),
        2 => (workspaces(), force()).prop_map(|(place, force)| Deed::DeleteWorkspace { place, force }),
        2 => workspaces().prop_map(|place| Deed::RestoreWorkspace { place }),
    ];
    let custom_roles = prop_oneof![
        4 => (places(), any::<bool>(), title(), rights()).prop_map(|(place, of_workspaces, title, rights)| {
            Deed::CreateRole { place, of_workspaces, title, rights }
        }),
        2 => (places(), changed_role(), title(), proptest::option::of(rights()))
            .prop_map(|(place, role, title, rights)| Deed::ChangeRole { place, role, title, rights }),
        1 => (places(), changed_role(), force()).prop_map(|(place, role, force)| Deed::DeleteRole { place, role, force }),
    ];
    let people = prop_oneof![
        5 => (places(), who(), named, roles())
            .prop_map(|(place, who, named, roles)| Deed::Add { place, who, named, roles }),
        2 => (organization(), who(), select(&BUILTIN[..])).prop_map(|(organization, who, word)| {
            Deed::Join { organization, who, role: RoleName::Builtin(word) }
        }),
        4 => (places(), who(), roles()).prop_map(|(place, who, roles)| Deed::SetRoles { place, who, roles }),
        2 => (places(), who(), force()).prop_map(|(place, who, force)| Deed::Remove { place, who, force }),
    ];
    let invitations = prop_oneof![
        5 => (places(), who(), roles()).prop_map(|(place, who, roles)| Deed::Invite { place, who, roles }),
        4 => (organization(), invitation(), secret).prop_map(|(organization, invitation, secret)| {
            Deed::Accept { organization, invitation, secret }
        }),
        1 => (organization(), invitation())
            .prop_map(|(organization, invitation)| Deed::Decline { organization, invitation }),
        1 => (organization(), invitation())
            .prop_map(|(organization, invitation)| Deed::Resend { organization, invitation }),
        1 => (places(), invitation()).prop_map(|(place, invitation)| Deed::Cancel { place, invitation }),
    ];
    let circumstances = prop_oneof![
        2 => (1..PEOPLE, any::<bool>()).prop_map(|(who, suspended)| Deed::Suspend { who, suspended }),
        1 => (1..5u32, any::<bool>()).prop_map(|(days, sweep)| Deed::Wait { days, sweep }),
    ];
    prop_oneof![
        2 => organizations,
        3 => of_workspaces,
        3 => custom_roles,
        5 => people,
        5 => invitations,
        1 => circumstances,
    ]
}

/// Histories of up to so many steps. In the beginning one person has an organization, with another as its
/// administrator, and a workspace.
pub(super) fn histories(steps: usize) -> impl Strategy<Value = Vec<Step>> {
    let opening = [
        (1, Deed::CreateOrganization { name: "Fen" }),
        (1, Deed::CreateWorkspace { organization: 0, name: "Fen" }),
        (ROOT, Deed::Join { organization: 0, who: 2, role: RoleName::Builtin("organization-admin") }),
    ];
    let opening = opening.map(|(by, deed)| Step { by, deed, stray: false });
    let stray = prop::bool::weighted(0.1);
    let step = (0..PEOPLE, deeds(), stray).prop_map(|(by, deed, stray)| Step { by, deed, stray });
    prop::collection::vec(step, 0..=steps).prop_map(move |steps| [opening.to_vec(), steps].concat())
}
