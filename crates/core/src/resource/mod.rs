//! Resources: what the server behind a workspace keeps, such as pipelines and stacks. Only the server knows which there are;
//! here is decided who may do what with them.
//!
//! For each pair of kind and action one permission in the workspace suffices (`docs/resources.md` has the table); roles
//! may also hold single pairs. Beside that, single resources are shared with people and teams.

mod rights;
mod service;
mod store;

use uuid::Uuid;

use crate::error::{Error, Result};
use crate::ids::parse_uuid;
use crate::permission::Permission;

pub use rights::{ContentRights, InsideRights, Rights, needle};
pub(crate) use service::require_to_hold_shares;
pub use service::{Allowed, SharedWith};
pub use store::{ResourceStore, Share, ShareSubject};

/// The most resources that are asked for at once.
pub const RESOURCES_MAX: usize = 10_000;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$each])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word that servers use.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// What has this word.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.word() == word)
            }
        }
    };
}

words! {
    /// What kind of thing a resource is.
    ResourceKind {
        /// An artifact.
        Artifact = "artifact",
        /// A version of an artifact.
        ArtifactVersion = "artifact_version",
        /// A code repository.
        CodeRepository = "code_repository",
        /// A flavor of stack components.
        Flavor = "flavor",
        /// A model.
        Model = "model",
        /// A version of a model.
        ModelVersion = "model_version",
        /// A pipeline.
        Pipeline = "pipeline",
        /// A run of a pipeline.
        PipelineRun = "pipeline_run",
        /// A snapshot of a pipeline.
        PipelineDeployment = "pipeline_deployment",
        /// A build of a pipeline.
        PipelineBuild = "pipeline_build",
        /// A deployment.
        Deployment = "deployment",
        /// A schedule.
        Schedule = "schedule",
        /// A template of runs.
        RunTemplate = "run_template",
        /// A service.
        Service = "service",
        /// Metadata of runs.
        RunMetadata = "run_metadata",
        /// A secret.
        Secret = "secret",
        /// A service account of the server.
        ServiceAccount = "service_account",
        /// A service connector.
        ServiceConnector = "service_connector",
        /// A stack.
        Stack = "stack",
        /// A component of stacks.
        StackComponent = "stack_component",
        /// A tag.
        Tag = "tag",
        /// A project.
        Project = "project",
        /// A trigger.
        Trigger = "trigger",
        /// A webhook.
        Webhook = "webhook",
    }
}

words! {
    /// What may be done with a resource.
    Action {
        /// Make one.
        Create = "create",
        /// Look at it.
        Read = "read",
        /// Change it.
        Update = "update",
        /// Delete it.
        Delete = "delete",
        /// Read the value of a secret.
        ReadSecretValue = "read_secret_value",
        /// Remove what is no longer used.
        Prune = "prune",
        /// Use a service connector.
        Client = "client",
        /// Promote a version of a model.
        Promote = "promote",
        /// Back secrets up and restore them.
        BackupRestore = "backup_restore",
        /// Share it with others.
        Share = "share",
    }
}

impl ResourceKind {
    /// Whether each is in a project.
    pub const fn is_in_project(self) -> bool {
        !matches!(
            self,
            Self::Flavor
                | Self::Secret
                | Self::ServiceConnector
                | Self::Stack
                | Self::StackComponent
                | Self::Tag
                | Self::ServiceAccount
                | Self::Project
        )
    }
}

/// The permission in the workspace that suffices for this.
pub const fn needed(kind: ResourceKind, action: Action) -> Permission {
    match (kind, action) {
        (_, Action::Read) => Permission::ReadContent,
        (_, Action::Share) => Permission::ManageWorkspaceUsers,
        (_, Action::BackupRestore)
        | (ResourceKind::ServiceAccount, _)
        | (ResourceKind::Project, Action::Create | Action::Delete) => Permission::OperateWorkspace,
        _ => Permission::UpdateContent,
    }
}

/// Actions, a bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ActionSet(u16);

impl ActionSet {
    /// No action.
    pub const NONE: Self = Self(0);

    /// From the bits in the database.
    pub fn from_bits(bits: i64) -> Self {
        Self(u16::try_from(bits).unwrap_or_default())
    }

    /// The bits for the database.
    pub const fn bits(self) -> i64 {
        self.0 as i64
    }

    /// Whether the action is in it.
    pub const fn contains(self, action: Action) -> bool {
        self.0 & (1 << action as u8) != 0
    }

    /// Both together.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in this and not in the other.
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The actions in it.
    pub fn iter(self) -> impl Iterator<Item = Action> {
        Action::ALL.iter().copied().filter(move |action| self.contains(*action))
    }
}

impl FromIterator<Action> for ActionSet {
    fn from_iter<I: IntoIterator<Item = Action>>(actions: I) -> Self {
        Self(actions.into_iter().fold(0, |bits, action| bits | 1 << action as u8))
    }
}

/// A resource, or every one of a kind: `[project:]kind[/id]`, as servers write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Resource {
    /// The project of the server that it is in.
    pub project: Option<Uuid>,
    /// What it is.
    pub kind: ResourceKind,
    /// Which one; none is every one.
    pub id: Option<Uuid>,
}

impl Resource {
    /// The project in which it is, or which it is itself.
    pub const fn its_project(&self) -> Option<Uuid> {
        match self.kind {
            ResourceKind::Project => self.id,
            _ => self.project,
        }
    }

    /// Reads the words of a server; `field` is where they came from.
    ///
    /// # Errors
    /// `Kind::Invalid` for another form, an unknown kind, and a project where there is none or none where there is one.
    pub fn parse(field: &'static str, text: &str) -> Result<Self> {
        let wrong =
            || Error::invalid(field, "form", "expected [project:]type[/id], such as stack or tag/<uuid>");
        // Nil is nobody's id: where shares are kept, it stands for no project.
        let parse_uuid = |text: &str| parse_uuid(text).filter(|id| !id.is_nil());
        let (project, rest) = match text.split_once(':') {
            Some((project, rest)) => (Some(parse_uuid(project).ok_or_else(wrong)?), rest),
            None => (None, text),
        };
        let (kind, id) = match rest.split_once('/') {
            Some((kind, id)) => (kind, Some(parse_uuid(id).ok_or_else(wrong)?)),
            None => (rest, None),
        };
        let kind = ResourceKind::from_word(kind).ok_or_else(wrong)?;
        match (kind.is_in_project(), project) {
            (true, None) => Err(Error::invalid(field, "project", "expected a project before the type")),
            (false, Some(_)) => Err(Error::invalid(field, "project", "this type is in no project")),
            _ => Ok(Self { project, kind, id }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::BuiltinRole;

    #[test]
    fn resources_are_read_as_servers_write_them() {
        let (a, b) = ("0190b0a0-0000-7000-8000-00000000000a", "0190b0a0-0000-7000-8000-00000000000b");
        let read = |text: &str| Resource::parse("resource", text).map_err(|error| error.violations[0].rule);
        let whole = read(&format!("{a}:pipeline/{b}")).unwrap();
        assert_eq!((whole.project, whole.kind), (parse_uuid(a), ResourceKind::Pipeline));
        assert_eq!(whole.id, parse_uuid(b));
        assert_eq!(read("stack").unwrap(), Resource { project: None, kind: ResourceKind::Stack, id: None });
        for (text, rule) in [
            ("", "form"),
            ("horse", "form"),
            ("stack/", "form"),
            ("stack/x", "form"),
            ("x:pipeline", "form"),
            ("pipeline", "project"),
            (&format!("{a}:stack"), "project"),
            ("00000000-0000-0000-0000-000000000000:pipeline", "form"),
            ("stack/00000000-0000-0000-0000-000000000000", "form"),
            (&format!("{a}:pipeline/{b}/{b}"), "form"),
        ] {
            assert_eq!(read(text), Err(rule), "{text}");
        }
    }

    #[test]
    fn the_page_has_the_table() {
        let row = |first: String, cell: &dyn Fn(Action) -> &'static str| {
            let cells = Action::ALL.iter().map(|action| format!(" `{}` |", cell(*action)));
            format!("|{first} |{}\n", cells.collect::<String>())
        };
        let mut table = row(String::new(), &Action::word);
        table.extend(["|---|", &"---|".repeat(Action::ALL.len()), "\n"]);
        for kind in ResourceKind::ALL {
            table.push_str(&row(format!(" `{}`", kind.word()), &|action| needed(*kind, action).name()));
        }
        assert!(include_str!("../../../../docs/resources.md").ends_with(&table), "expected:\n{table}");
    }

    /// A row for each role and for each set of actions that it holds beside its permissions, with the kinds.
    #[test]
    fn the_page_has_what_built_in_roles_hold() {
        let listed =
            |words: Vec<&str>| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        let mut table = "| role | actions | on |\n|---|---|---|\n".to_owned();
        for role in BuiltinRole::ALL {
            let content = role.content();
            let actions = |kind: ResourceKind| -> ActionSet {
                Action::ALL.iter().copied().filter(|action| content.contains(kind, *action)).collect()
            };
            let mut rows: Vec<(ActionSet, Vec<&str>)> = Vec::new();
            for (kind, held) in ResourceKind::ALL.iter().map(|kind| (kind.word(), actions(*kind))) {
                match rows.iter_mut().find(|(set, _)| *set == held) {
                    Some((_, kinds)) => kinds.push(kind),
                    None => rows.push((held, vec![kind])),
                }
            }
            for (held, kinds) in rows.into_iter().filter(|(held, _)| !held.is_empty()) {
                let held = listed(held.iter().map(Action::word).collect());
                table.extend(["| `", role.word(), "` | ", &held, " | ", &listed(kinds), " |\n"]);
            }
        }
        assert!(include_str!("../../../../docs/resources.md").contains(&table), "expected:\n{table}");
    }

    #[test]
    fn sets_of_actions_survive_the_database() {
        let set: ActionSet = [Action::Read, Action::Share].into_iter().collect();
        assert_eq!(
            ActionSet::from_bits(set.bits()).iter().collect::<Vec<_>>(),
            [Action::Read, Action::Share]
        );
        assert!(ActionSet::default().is_empty() && !set.contains(Action::Update));
    }
}
