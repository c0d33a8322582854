//! What the server of a workspace is told, held against the rules once more in plain sets: whatever roles are given and
//! taken, resources shared, and teams joined and left, both questions answer exactly what follows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tenantry_core::authz::OrganizationRef;
use tenantry_core::grant::{RoleName, Subject};
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
const IDS: usize = 3;
const ACTIONS: [Action; 4] = [Action::Create, Action::Read, Action::Update, Action::Share];

#[derive(Clone, Debug)]
enum Step {
    Give(usize, usize),
    Take(usize, usize),
    Share(usize, usize, usize, Vec<Action>),
    Join(usize),
    Leave(usize),
}

fn histories() -> impl Strategy<Value = Vec<Step>> {
    let actions = prop::sample::subsequence(&ACTIONS[1..], 0..=3);
    let step = prop_oneof![
        4 => (0..SUBJECTS, 0..ROLES).prop_map(|(who, role)| Step::Give(who, role)),
        2 => (0..SUBJECTS, 0..ROLES).prop_map(|(who, role)| Step::Take(who, role)),
        4 => (0..3_usize, 0..IDS, 0..SUBJECTS, actions).prop_map(|(of, id, who, for_)| Step::Share(of, id, who, for_)),
        2 => (0..TEAM).prop_map(Step::Join),
        1 => (0..TEAM).prop_map(Step::Leave),
    ];
    prop::collection::vec(step, 1..16)
}

/// Stacks, and the pipelines of two projects.
fn kinds() -> [Resource; 3] {
    let pipelines = |project| Resource {
        project: Some(Uuid::from_u128(project)),
        kind: ResourceKind::Pipeline,
        id: None,
    };
    [Resource { project: None, kind: ResourceKind::Stack, id: None }, pipelines(7), pipelines(8)]
}

fn id(number: usize) -> Uuid {
    Uuid::from_u128(number as u128 + 1)
}

/// A role, with what it holds in the words of the model.
type Made = (Role, PermissionSet, Vec<(ResourceKind, Action)>);

struct Ground {
    scene: Scene,
    people: [Member; TEAM],
    roles: Vec<Made>,
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
    let mut roles = Vec::new();
    for (number, (permissions, pairs)) in wanted.into_iter().enumerate() {
        let new = NewRole {
            id: None,
            level: Level::Workspace,
            title: format!("R{number}"),
            description: None,
            permissions,
            content: pairs.iter().copied().collect(),
        };
        let by = OrganizationRef::Id(scene.org);
        roles.push((scene.core.create_role(&scene.ann.caller, by, new).await.unwrap(), permissions, pairs));
    }
    Ground { scene, people, roles }
}

#[derive(Default)]
struct Model {
    held: BTreeSet<(usize, usize)>,
    shared: BTreeMap<(usize, usize, usize), Vec<Action>>,
    joined: BTreeSet<usize>,
}

impl Model {
    /// As whom somebody holds anything.
    fn is(&self, person: usize, subject: usize) -> bool {
        person == subject || (subject == TEAM && self.joined.contains(&person))
    }

    /// Nothing for who may not enter; else whether everything is allowed, and which ids are shared.
    fn allowed(&self, ground: &Ground, person: usize, of: usize, action: Action) -> (bool, BTreeSet<Uuid>) {
        let roles: Vec<_> = self.held.iter().filter(|(who, _)| self.is(person, *who)).collect();
        let held = |permission| roles.iter().any(|(_, role)| ground.roles[*role].1.contains(permission));
        if !held(Permission::ReadWorkspace) {
            return (false, BTreeSet::new());
        }
        let suffices = match action {
            Action::Read => Permission::ReadContent,
            Action::Share => Permission::ManageWorkspaceUsers,
            _ => Permission::UpdateContent,
        };
        let pair = (kinds()[of].kind, action);
        let all = held(suffices) || roles.iter().any(|(_, role)| ground.roles[*role].2.contains(&pair));
        let shared = self.shared.iter().filter(|((which, _, who), actions)| {
            *which == of && self.is(person, *who) && actions.contains(&action)
        });
        (all, shared.map(|((_, number, _), _)| id(*number)).collect())
    }
}

async fn live(ground: &Ground, history: &[Step], number: u32) {
    let Ground { scene, people, roles } = ground;
    let (core, ann, org) = (&scene.core, &scene.ann.caller, scene.org);
    let (workspace, server) = enrolled(core, &scene.ann, org, &format!("W{number}")).await;
    let new = NewTeam { name: format!("T{number}"), description: None };
    let team: TeamId = core.create_team(ann, OrganizationRef::Id(org), new).await.unwrap().id;
    let subject = |who: usize| people.get(who).map_or(Subject::Team(team), |it| Subject::Principal(it.id()));
    let place = || target(org, workspace);
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
            Step::Share(of, number, who, actions) => {
                let with = people
                    .get(*who)
                    .map_or(ShareSubject::Team(team), |person| ShareSubject::Principal(person.id()));
                let resource = Resource { id: Some(id(*number)), ..kinds()[*of] };
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
                let one = |number| Resource { id: Some(id(number)), ..every };
                let asked: Vec<_> = (0..IDS).map(one).chain([every]).collect();
                let answers = core.check_resources(&server.caller, person.id(), action, asked).await.unwrap();
                let each = (0..IDS).map(|number| all || ids.contains(&id(number)));
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
