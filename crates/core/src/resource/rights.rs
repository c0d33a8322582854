//! Rights to what the servers of workspaces keep: pairs of a kind of resource and an action.

use std::collections::BTreeMap;
use std::fmt;

use uuid::Uuid;

use super::{Action, ActionSet, Resource, ResourceKind, needed};
use crate::permission::{Level, PermissionSet};

const KINDS: usize = ResourceKind::ALL.len();

/// What may be done with every resource of each kind.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentRights([ActionSet; KINDS]);

impl ContentRights {
    /// Nothing.
    pub const NONE: Self = Self([ActionSet::NONE; KINDS]);

    /// What follows from permissions: each pair for which they hold what is [`needed`].
    pub fn implied_by(held: PermissionSet) -> Self {
        Self::every(|kind, action| held.contains(needed(kind, action)))
    }

    /// Every pair that a role of this level may hold. Roles of projects hold what is in projects, and the project itself.
    pub fn everything_at(level: Level) -> Self {
        Self::every(|kind, _| match level {
            Level::Server | Level::Organization => false,
            Level::Workspace => true,
            Level::Project => kind.is_in_project() || kind == ResourceKind::Project,
        })
    }

    /// Every pair that is `wanted`.
    pub fn every(wanted: impl Fn(ResourceKind, Action) -> bool) -> Self {
        ResourceKind::ALL
            .iter()
            .flat_map(|kind| Action::ALL.iter().map(move |action| (*kind, *action)))
            .filter(|(kind, action)| wanted(*kind, *action))
            .collect()
    }

    /// Whether the pair is in it.
    pub const fn contains(&self, kind: ResourceKind, action: Action) -> bool {
        self.0[kind as usize].contains(action)
    }

    /// Whether every pair of `other` is in it.
    pub fn includes(&self, other: &Self) -> bool {
        other.difference(self).is_empty()
    }

    /// Both together.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.with_each(other, ActionSet::union)
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.with_each(other, ActionSet::intersection)
    }

    /// What is in this and not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.with_each(other, ActionSet::difference)
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        *self == Self::NONE
    }

    /// The pairs, by kind and action in the order of their enums.
    pub fn iter(&self) -> impl Iterator<Item = (ResourceKind, Action)> {
        let kinds = ResourceKind::ALL.iter().zip(self.0);
        kinds.flat_map(|(kind, actions)| actions.iter().map(move |action| (*kind, action)))
    }

    /// For the database: a letter for the kind and a sign for the action of each pair, `A0A1` for creating and reading
    /// artifacts. No sign stands for a kind and an action, so that a pair, a kind or an action is found by its [`needle`].
    pub fn to_code(&self) -> String {
        self.iter().flat_map(|(kind, action)| [letter(kind), sign(action)]).collect()
    }

    /// From the database. What this program does not know is passed over.
    pub fn from_code(code: &str) -> Self {
        let pairs = code.as_bytes().chunks_exact(2).filter_map(|pair| {
            let kind = ResourceKind::ALL.iter().find(|kind| letter(**kind) == char::from(pair[0]))?;
            let action = Action::ALL.iter().find(|action| sign(**action) == char::from(pair[1]))?;
            Some((*kind, *action))
        });
        pairs.collect()
    }

    fn with_each(&self, other: &Self, join: fn(ActionSet, ActionSet) -> ActionSet) -> Self {
        let mut joined = *self;
        for (ours, theirs) in joined.0.iter_mut().zip(other.0) {
            *ours = join(*ours, theirs);
        }
        joined
    }
}

/// What the [code](ContentRights::to_code) of every role contains that holds the pair; or, without one of them, any pair
/// of the kind or of the action. `None` without both.
pub fn needle(kind: Option<ResourceKind>, action: Option<Action>) -> Option<String> {
    let needle: String = kind.map(letter).into_iter().chain(action.map(sign)).collect();
    (!needle.is_empty()).then_some(needle)
}

/// `A` for the first kind, and so on.
fn letter(kind: ResourceKind) -> char {
    char::from(b'A' + kind as u8)
}

/// `0` for the first action, and so on.
fn sign(action: Action) -> char {
    char::from(b'0' + action as u8)
}

impl Default for ContentRights {
    fn default() -> Self {
        Self::NONE
    }
}

impl FromIterator<(ResourceKind, Action)> for ContentRights {
    fn from_iter<I: IntoIterator<Item = (ResourceKind, Action)>>(pairs: I) -> Self {
        let mut all = Self::NONE;
        for (kind, action) in pairs {
            let actions = &mut all.0[kind as usize];
            *actions = actions.union([action].into_iter().collect());
        }
        all
    }
}

impl fmt::Debug for ContentRights {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.iter().map(|(kind, action)| format!("{}:{}", action.word(), kind.word()));
        out.debug_set().entries(named).finish()
    }
}

/// What a role holds, or somebody by roles: permissions, and rights to content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// The permissions.
    pub permissions: PermissionSet,
    /// The pairs that are held beside those which follow from the permissions.
    pub content: ContentRights,
}

impl Rights {
    /// Everything that may be done with content: what is held, and what follows from the permissions.
    pub fn all_content(&self) -> ContentRights {
        self.content.union(&ContentRights::implied_by(self.permissions))
    }

    /// What a role holds in a project: nothing of what is in none, and every pair said.
    #[must_use]
    pub fn in_project(&self) -> Self {
        let content = self.all_content().intersection(&ContentRights::everything_at(Level::Project));
        Self { permissions: self.permissions, content }
    }

    /// Both together.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self {
            permissions: self.permissions.union(other.permissions),
            content: self.content.union(&other.content),
        }
    }
}

/// What somebody has inside the server of a workspace, beside permissions in the workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InsideRights {
    /// By roles in the workspace, in every project and outside of all.
    pub everywhere: ContentRights,
    /// By roles in single projects, whose rights are [`Rights::in_project`].
    pub in_projects: BTreeMap<Uuid, Rights>,
    /// Whether anything is shared with them there, too.
    pub by_shares: bool,
}

impl InsideRights {
    /// What is held in the project; or, without one, outside of all.
    pub fn at(&self, project: Option<Uuid>) -> Rights {
        let everywhere = Rights { permissions: PermissionSet::NONE, content: self.everywhere };
        let here = project.and_then(|project| self.in_projects.get(&project));
        here.map_or(everywhere, |here| everywhere.union(here))
    }

    /// Whether this may be done with the resource by a role.
    pub fn allow(&self, resource: &Resource, action: Action) -> bool {
        let here = || self.in_projects.get(&resource.its_project()?);
        self.everywhere.contains(resource.kind, action)
            || here().is_some_and(|rights| rights.content.contains(resource.kind, action))
    }

    /// The projects with which this may be done by a role.
    pub fn projects_for(&self, action: Action) -> impl Iterator<Item = Uuid> {
        let held = move |rights: &Rights| rights.content.contains(ResourceKind::Project, action);
        self.in_projects.iter().filter(move |(_, rights)| held(rights)).map(|(project, _)| *project)
    }
}

impl From<PermissionSet> for Rights {
    fn from(permissions: PermissionSet) -> Self {
        Self { permissions, content: ContentRights::NONE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::Permission;

    /// The signs must stay apart from each other and from the wildcards of `LIKE`, which ignores case.
    #[test]
    fn codes_survive_the_database_and_are_found_in_it() {
        let all = ContentRights::everything_at(Level::Workspace);
        let code = all.to_code();
        assert_eq!(code.len(), 2 * KINDS * Action::ALL.len());
        assert!(code.bytes().all(|sign| (b'0'..b'_').contains(&sign)), "{code}");
        assert!(
            letter(ResourceKind::ALL[KINDS - 1]) <= 'Z' && sign(Action::ALL[Action::ALL.len() - 1]) < 'A'
        );
        assert_eq!(ContentRights::from_code(&code), all);
        assert_eq!(ContentRights::from_code(""), ContentRights::NONE);
        let some = ContentRights::from_iter([
            (ResourceKind::Stack, Action::Share),
            (ResourceKind::Artifact, Action::Create),
        ]);
        assert_eq!(some.to_code(), "A0S9");
        assert_eq!(ContentRights::from_code("A0S9"), some);
        assert_eq!(needle(Some(ResourceKind::Stack), Some(Action::Share)).as_deref(), Some("S9"));
        assert_eq!(needle(None, Some(Action::Share)).as_deref(), Some("9"));
        assert_eq!(needle(None, None), None);
    }

    #[test]
    fn sets_are_joined_pair_by_pair() {
        let (stack, tag) = (ResourceKind::Stack, ResourceKind::Tag);
        let a = ContentRights::from_iter([(stack, Action::Read), (tag, Action::Read)]);
        let b = ContentRights::from_iter([(stack, Action::Read), (stack, Action::Update)]);
        assert_eq!(a.union(&b).iter().count(), 3);
        assert_eq!(a.intersection(&b), ContentRights::from_iter([(stack, Action::Read)]));
        assert_eq!(a.difference(&b), ContentRights::from_iter([(tag, Action::Read)]));
        assert!(a.union(&b).includes(&a) && !a.includes(&b));
        assert!(a.contains(tag, Action::Read) && !b.contains(tag, Action::Read));
    }

    #[test]
    fn unspecific_permissions_hold_their_pairs() {
        let reader = ContentRights::implied_by(PermissionSet::of(&[Permission::ReadContent]));
        assert_eq!(reader, ContentRights::every(|_, action| action == Action::Read));
        let all = ContentRights::implied_by(PermissionSet::everything_at(Level::Workspace));
        assert_eq!(all, ContentRights::everything_at(Level::Workspace));
    }
}
