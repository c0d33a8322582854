//! What the server of a workspace is told, held against the rules once more in plain sets: whatever roles are given and
//! taken, in the workspace and in projects, resources shared and forgotten, people removed, and teams joined and left, both
//! questions answer exactly what follows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tenantry_core::authz::{OrganizationRef, WorkspaceRef};
use tenantry_core::grant::{RoleName, RolePlace, Subject};
use tenantry_core::ids::TeamId;
use tenantry_core::permission::{Level, Permission, PermissionSet};
use tenantry_core::resource::{Action, ActionSet, Allowed, Resource, ResourceKind, ShareSubject};
use tenantry_core::role::{NewRole, Role};
use tenantry_core::team::{NewTeam, TeamMemberId};
use tenantry_testkit::estate::target;
use tenantry_testkit::{Member, TestCore};
use uuid::Uuid;

use crate::content::{ENTER, Scene, enrolled};

/// Two people, and a team that they join and leave.
const SUBJECTS: usize = 3;
const TEAM: usize = 2;
const ROLES: usize = 5;
/// Roles that are given in projects.
const INNER: usize = 3;
const PROJECTS: usize = 2;
const IDS: usize = 3;
const ACTIONS: [Action; 4] = [Action::Create, Action::Read, Action::Update, Action::Share];

#[derive(Clone, Debug)]
enum Step {
    Give(usize, usize),
    Take(usize, usize),
    GiveInside(usize, usize, usize),
    TakeInside(usize, usize, usize),
    Share(usize, usize, usize, Vec<Action>),
    Forget(usize, usize),
    Remove(usize),
    Join(usize),
    Leave(usize),
}

fn histories() -> impl Strategy<Value = Vec<Step>> {
    let actions = prop::sample::subsequence(&ACTIONS[1..], 0..=3);
    let step = prop_oneof![
        4 => (0..SUBJECTS, 0..ROLES).prop_map(|(who, role)| Step::Give(who, role)),
        2 => (0..SUBJECTS, 0..ROLES).prop_map(|(who, role)| Step::Take(who, role)),
        4 => (0..SUBJECTS, 0..INNER, 0..PROJECTS).prop_map(|(who, role, at)| Step::GiveInside(who, role, at)),
        2 => (0..SUBJECTS, 0..INNER, 0..PROJECTS).prop_map(|(who, role, at)| Step::TakeInside(who, role, at)),
        2 => (0..KINDS, 0..IDS).prop_map(|(of, id)| Step::Forget(of, id)),
        1 => (0..TEAM).prop_map(Step::Remove),
        4 => (0..KINDS, 0..IDS, 0..SUBJECTS, actions).prop_map(|(of, id, who, for_)| Step::Share(of, id, who, for_)),
        2 => (0..TEAM).prop_map(Step::Join),
        1 => (0..TEAM).prop_map(Step::Leave),
    ];
    prop::collection::vec(step, 1..20)
}

const KINDS: usize = 4;

/// Stacks, the pipelines of two projects, and projects.
fn kinds() -> [Resource; KINDS] {
    let outside = |kind| Resource { project: None, kind, id: None };
    let pipelines = |at| Resource { project: Some(project(at)), kind: ResourceKind::Pipeline, id: None };
    [outside(ResourceKind::Stack), pipelines(0), pipelines(1), outside(ResourceKind::Project)]
}

/// One of the projects.
fn project(number: usize) -> Uuid {
    Uuid::from_u128(number as u128 + 7)
}

/// One of the resources of a kind. There is one project more than those that anybody holds a role in.
fn id(of: usize, number: usize) -> Uuid {
    if kinds()[of].kind == ResourceKind::Project {
        project(number)
    } else {
        Uuid::from_u128(number as u128 + 1)
    }
}

/// A role, with what it holds in the words of the model.
type Made = (Role, PermissionSet, Vec<(ResourceKind, Action)>);

struct Ground {
    scene: Scene,
    people: [Member; TEAM],
    roles: Vec<Made>,
    inner: Vec<Made>,
}

async fn ground(core: TestCore) -> Ground {
    let scene = Scene::of(core).await;
    let people = [scene.bob.clone(), scene.member("carl").await];
    let (stack, pipeline) = (ResourceKind::Stack, ResourceKind::Pipeline);
    let content = ENTER.with(Permission::ReadContent).with(Permission::UpdateContent);
    let wanted: [(PermissionSet, Vec<(ResourceKind, Action)>); ROLES] = [
        (ENTER, vec![]),
        (ENTER, vec![(stack, Action::Update), (pipeline, Action::Read)]),
        // Good for nothing without another that lets in.
        (PermissionSet::NONE, vec![(stack, Action::Read), (pipeline, Action::Share)]),
        (content, vec![]),
        (PermissionSet::of(&[Permission::ManageWorkspaceUsers]), vec![(pipeline, Action::Create)]),
    ];
    let project = ResourceKind::Project;
    let wanted_inside: [(PermissionSet, Vec<(ResourceKind, Action)>); INNER] = [
        (PermissionSet::of(&[Permission::ReadContent]), vec![]),
        (PermissionSet::NONE, vec![(pipeline, Action::Update), (project, Action::Share)]),
        (PermissionSet::of(&[Permission::UpdateContent]), vec![(pipeline, Action::Share)]),
    ];
    let mut made = Vec::new();
    let levels = [Level::Workspace; ROLES].into_iter().chain([Level::Project; INNER]);
    for (level, (permissions, pairs)) in levels.zip(wanted.into_iter().chain(wanted_inside)) {
        let new = NewRole {
            id: None,
            level,
            title: format!("R{}", made.len()),
            description: None,
            permissions,
            content: pairs.iter().copied().collect(),
        };
        let by = OrganizationRef::Id(scene.org);
        made.push((scene.core.create_role(&scene.ann.caller, by, new).await.unwrap(), permissions, pairs));
    }
    let inner = made.split_off(ROLES);
    Ground { scene, people, roles: made, inner }
}

#[derive(Default)]
struct Model {
    held: BTreeSet<(usize, usize)>,
    inside: BTreeSet<(usize, usize, usize)>,
    shared: BTreeMap<(usize, usize, usize), Vec<Action>>,
    joined: BTreeSet<usize>,
}

/// Whether a role holds this, by a permission or a pair.
fn holds((_, permissions, pairs): &Made, kind: ResourceKind, action: Action) -> bool {
    let suffices = match (kind, action) {
        (_, Action::Read) => Permission::ReadContent,
        (_, Action::Share) => Permission::ManageWorkspaceUsers,
        (ResourceKind::Project, Action::Create) => Permission::OperateWorkspace,
        _ => Permission::UpdateContent,
    };
    permissions.contains(suffices) || pairs.contains(&(kind, action))
}

impl Model {
    /// As whom somebody holds anything.
    fn is(&self, person: usize, subject: usize) -> bool {
        person == subject || (subject == TEAM && self.joined.contains(&person))
    }

    /// Nothing for who may not enter; else whether everything is allowed, and which ids are.
    fn allowed(&self, ground: &Ground, person: usize, of: usize, action: Action) -> (bool, BTreeSet<Uuid>) {
        let every = kinds()[of];
        let roles: Vec<_> = self.held.iter().filter(|(who, _)| self.is(person, *who)).collect();
        let inside: Vec<_> = self.inside.iter().filter(|(who, ..)| self.is(person, *who)).collect();
        let shared: Vec<_> = self.shared.iter().filter(|((.., who), _)| self.is(person, *who)).collect();
        let lets_in = |role: &usize| ground.roles[*role].1.contains(Permission::ReadWorkspace);
        let something = !inside.is_empty() || shared.iter().any(|(_, actions)| !actions.is_empty());
        if !something && !roles.iter().any(|(_, role)| lets_in(role)) {
            return (false, BTreeSet::new());
        }
        let holds_inside = |role: &usize| holds(&ground.inner[*role], every.kind, action);
        let all = roles.iter().any(|(_, role)| holds(&ground.roles[*role], every.kind, action))
            || inside.iter().any(|(_, role, at)| every.project == Some(project(*at)) && holds_inside(role));
        let mut ids: BTreeSet<Uuid> = shared
            .iter()
            .filter(|((which, ..), actions)| *which == of && actions.contains(&action))
            .map(|((_, number, _), _)| id(of, *number))
            .collect();
        if every.kind == ResourceKind::Project {
            ids.extend(inside.iter().filter(|(_, role, _)| holds_inside(role)).map(|(.., at)| project(*at)));
        }
        (all, ids)
    }

    /// The server tells that the resource is gone, and with a project what is in it.
    fn forget(&mut self, of: usize, number: usize) {
        self.shared.retain(|(which, id, _), _| (*which, *id) != (of, number));
        if kinds()[of].kind == ResourceKind::Project {
            self.shared.retain(|(which, ..), _| kinds()[*which].project != Some(project(number)));
            self.inside.retain(|(.., at)| *at != number);
        }
    }

    /// Whether somebody who is removed from the workspace had anything there.
    fn remove(&mut self, person: usize) -> bool {
        let had = self.held.iter().any(|(who, _)| *who == person)
            || self.inside.iter().any(|(who, ..)| *who == person)
            || self.shared.iter().any(|((.., who), actions)| *who == person && !actions.is_empty());
        if had {
            self.held.retain(|(who, _)| *who != person);
            self.inside.retain(|(who, ..)| *who != person);
            self.shared.retain(|(.., who), _| *who != person);
        }
        had
    }
}

async fn live(ground: &Ground, history: &[Step], number: u32) {
    let Ground { scene, people, roles, inner } = ground;
    let (core, ann, org) = (&scene.core, &scene.ann.caller, scene.org);
    let (workspace, server) = enrolled(core, &scene.ann, org, &format!("W{number}")).await;
    let new = NewTeam { name: format!("T{number}"), description: None };
    let team: TeamId = core.create_team(ann, OrganizationRef::Id(org), new).await.unwrap().id;
    let subject = |who: usize| people.get(who).map_or(Subject::Team(team), |it| Subject::Principal(it.id()));
    let place = || target(org, workspace);
    let within =
        |at: usize| RolePlace::Project(OrganizationRef::Id(org), WorkspaceRef::Id(workspace), project(at));
    let mut model = Model::default();
    for step in history {
        match step {
            Step::Give(who, role) => {
                let name = RoleName::Id(roles[*role].0.id);
                let given = core.assign_role(ann, place(), name, subject(*who)).await;
                assert_eq!(given.is_ok(), model.held.insert((*who, *role)));
            }
            Step::Take(who, role) => {
                let name = RoleName::Id(roles[*role].0.id);
                let taken = core.unassign_role(ann, place(), name, subject(*who)).await;
                assert_eq!(taken.is_ok(), model.held.remove(&(*who, *role)));
            }
            Step::GiveInside(who, role, at) => {
                let name = RoleName::Id(inner[*role].0.id);
                let given = core.assign_role(ann, within(*at), name, subject(*who)).await;
                assert_eq!(given.is_ok(), model.inside.insert((*who, *role, *at)));
            }
            Step::TakeInside(who, role, at) => {
                let name = RoleName::Id(inner[*role].0.id);
                let taken = core.unassign_role(ann, within(*at), name, subject(*who)).await;
                assert_eq!(taken.is_ok(), model.inside.remove(&(*who, *role, *at)));
            }
            Step::Forget(of, number) => {
                let gone = Resource { id: Some(id(*of, *number)), ..kinds()[*of] };
                core.forget_resources(&server.caller, vec![gone]).await.unwrap();
                model.forget(*of, *number);
            }
            Step::Remove(who) => {
                let at = (OrganizationRef::Id(org), WorkspaceRef::Id(workspace));
                let removed = core.remove_workspace_user(ann, at, people[*who].id(), None).await;
                assert_eq!(removed.is_ok(), model.remove(*who));
            }
            Step::Share(of, number, who, actions) => {
                let with = people
                    .get(*who)
                    .map_or(ShareSubject::Team(team), |person| ShareSubject::Principal(person.id()));
                let resource = Resource { id: Some(id(*of, *number)), ..kinds()[*of] };
                let set: ActionSet = actions.iter().copied().collect();
                let share = (resource, with, set);
                core.share_resource(&server.caller, scene.ann.id(), share).await.unwrap();
                model.shared.insert((*of, *number, *who), actions.clone());
            }
            Step::Join(who) => {
                let member = TeamMemberId::Principal(people[*who].id());
                let joined = core.add_team_member(ann, (OrganizationRef::Id(org), team), member).await;
                assert_eq!(joined.is_ok(), model.joined.insert(*who));
            }
            Step::Leave(who) => {
                let member = TeamMemberId::Principal(people[*who].id());
                let left = core.remove_team_member(ann, (OrganizationRef::Id(org), team), member).await;
                assert_eq!(left.is_ok(), model.joined.remove(who));
            }
        }
    }
    for (who, person) in people.iter().enumerate() {
        for (of, every) in kinds().into_iter().enumerate() {
            for action in ACTIONS {
                let (all, ids) = model.allowed(ground, who, of, action);
                let told = core.allowed_resources(&server.caller, person.id(), action, every).await.unwrap();
                let expected = if all { Allowed::All } else { Allowed::Only(ids.iter().copied().collect()) };
                assert_eq!(told, expected, "person {who}, kind {of}, {action:?}");
                let one = |number| Resource { id: Some(id(of, number)), ..every };
                let asked: Vec<_> = (0..IDS).map(one).chain([every]).collect();
                let answers = core.check_resources(&server.caller, person.id(), action, asked).await.unwrap();
                let each = (0..IDS).map(|number| all || ids.contains(&id(of, number)));
                assert_eq!(
                    answers,
                    each.chain([all]).collect::<Vec<_>>(),
                    "person {who}, kind {of}, {action:?}"
                );
            }
        }
    }
}

fn hold(open: impl Future<Output = TestCore>, cases: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let ground = runtime.block_on(async { ground(open.await).await });
    let number = AtomicU32::new(0);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&histories(), |history| {
        runtime.block_on(live(&ground, &history, number.fetch_add(1, Ordering::Relaxed)));
        Ok(())
    });
    runtime.block_on(async { assert_eq!(ground.scene.core.examine().await.unwrap(), []) });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn follows_from_roles_and_shares_on_sqlite() {
    hold(TestCore::sqlite(), 40);
}

#[test]
fn follows_from_roles_and_shares_on_postgres() {
    hold(TestCore::postgres(), 10);
}
