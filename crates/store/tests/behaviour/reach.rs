//! What everybody reaches, after any history of giving and taking, is what follows from the grants that are left.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tenantry_core::audit::Act;
use tenantry_core::authz::{self, OrganizationRef, View};
use tenantry_core::caller::Caller;
use tenantry_core::clock::Clock;
use tenantry_core::error::Result;
use tenantry_core::grant::{Grant, Scope, Subject};
use tenantry_core::ids::{GrantId, InvitationId, OrganizationId, PrincipalId, RoleId, TeamId, WorkspaceId};
use tenantry_core::permission::{BuiltinRole, Level, Permission, PermissionSet};
use tenantry_core::resource::ContentRights;
use tenantry_core::role::NewRole;
use tenantry_core::workspace::WorkspaceQuery;
use tenantry_testkit::chance::SeededIds;
use tenantry_testkit::{Member, TestCore};
use uuid::Uuid;

use crate::asking::every_workspace;

/// Subjects 0 and 1 are people, 2 is a team of both, 3 a team of the second, 4 an invitation.
const SUBJECTS: usize = 5;
const PLACES: usize = 3;
const ROLES: usize = 4;

#[derive(Clone, Debug)]
enum Step {
    /// Gives the subject the role at the place, unless it has it there.
    Give(usize, usize, usize),
    /// Takes it again.
    Take(usize, usize, usize),
    /// The invitation's grants become this person's.
    Redeem(usize),
}

fn histories() -> impl Strategy<Value = Vec<Step>> {
    let what = (0..SUBJECTS, 0..PLACES, 0..ROLES);
    let step = prop_oneof![
        4 => what.clone().prop_map(|(who, place, role)| Step::Give(who, place, role)),
        3 => what.prop_map(|(who, place, role)| Step::Take(who, place, role)),
        1 => (0..2usize).prop_map(Step::Redeem),
    ];
    prop::collection::vec(step, 0..40)
}

struct Ground {
    core: TestCore,
    ann: Member,
    people: [Member; 2],
}

struct Field {
    org: OrganizationId,
    subjects: [Subject; SUBJECTS],
    places: [WorkspaceId; PLACES],
    roles: [(RoleId, PermissionSet); ROLES],
}

async fn ground(core: TestCore) -> Ground {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let people = [core.user(&root, "bob").await, core.user(&root, "carl").await];
    Ground { core, ann, people }
}

async fn field(ground: &Ground, number: u32) -> Field {
    let Ground { core, ann, people } = ground;
    let org = core.organization(ann, &format!("Org {number}")).await.id;
    let mut places = [WorkspaceId::from_uuid(Uuid::nil()); PLACES];
    for (number, place) in places.iter_mut().enumerate() {
        *place = core.workspace(ann, org, &format!("W{number}")).await.id;
    }
    let blind = PermissionSet::of(&[Permission::DeleteWorkspace]);
    let custom = NewRole {
        id: None,
        level: Level::Workspace,
        title: "Blind".into(),
        description: None,
        permissions: blind,
        content: ContentRights::NONE,
    };
    let custom = core.create_role(&ann.caller, OrganizationRef::Id(org), custom).await.unwrap();
    let builtin = |role: BuiltinRole| {
        let sql = format!(
            "SELECT id FROM roles WHERE org_id = {} AND builtin = '{}'",
            core.literal(org.as_uuid()),
            role.word()
        );
        let hex = core.sql(&sql);
        (RoleId::from_uuid(Uuid::parse_str(hex.trim_start_matches("\\x")).unwrap()), role.permissions())
    };
    let [owner, editor, viewer] =
        [BuiltinRole::WorkspaceOwner, BuiltinRole::WorkspaceEditor, BuiltinRole::WorkspaceViewer]
            .map(builtin);
    let roles = [owner, editor, viewer, (custom.id, blind)];
    let id = |place: u128| Uuid::from_u128(0xf1e1_0000 + (u128::from(number) << 64) + place);
    let (both, second) = (TeamId::from_uuid(id(1)), TeamId::from_uuid(id(2)));
    for (team, members) in [(both, &people[..]), (second, &people[1..])] {
        let (in_org, of) = (core.literal(org.as_uuid()), core.literal(team.as_uuid()));
        core.sql(&format!(
            "INSERT INTO teams (org_id, id, name, name_folded, created_at) \
             VALUES ({in_org}, {of}, '{team}', '{team}', 0)"
        ));
        for member in members {
            let who = core.literal(member.id().as_uuid());
            core.sql(&format!(
                "INSERT INTO team_members (org_id, team_id, principal_id) VALUES ({in_org}, {of}, {who})"
            ));
        }
    }
    let subjects = [
        Subject::Principal(people[0].id()),
        Subject::Principal(people[1].id()),
        Subject::Team(both),
        Subject::Team(second),
        Subject::Invitation(InvitationId::from_uuid(id(3))),
    ];
    Field { org, subjects, places, roles }
}

enum Deed {
    Give(Grant),
    Take(Subject, Scope, RoleId),
    Redeem(InvitationId, PrincipalId),
}

/// Does it through the store's ports, as the use cases of teams and invitations do.
async fn deed(ground: &Ground, org: OrganizationId, deed: Deed) -> Result<()> {
    let data: (Caller, OrganizationId, Deed) = (ground.ann.caller.clone(), org, deed);
    let work = ground.core.store().write(data, |session, (caller, org, deed)| {
        Box::pin(async move {
            let needed = Permission::ManageOrganizationUsers;
            let org = OrganizationRef::Id(*org);
            let scope = authz::require_change(session, caller, needed, &org, View::Both).await?;
            match deed {
                Deed::Give(grant) => session.insert_grant(&scope, grant).await,
                Deed::Take(subject, at, role) => {
                    for grant in session.grants_of(&scope, subject, at).await? {
                        if grant.role == *role {
                            session.delete_grant(&scope, &grant).await?;
                        }
                    }
                    Ok(())
                }
                Deed::Redeem(invitation, principal) => {
                    session.redeem_grants(&scope, *invitation, *principal).await.map(drop)
                }
            }
        })
    });
    work.await
}

async fn live(ground: &Ground, field: &Field, history: &[Step], ids: &Arc<SeededIds>) {
    let mut held: BTreeSet<(usize, usize, usize)> = BTreeSet::new();
    for step in history {
        match *step {
            Step::Give(who, place, role) => {
                if !held.insert((who, place, role)) {
                    continue;
                }
                let act = Act {
                    caller: ground.ann.caller.clone(),
                    now: ground.core.clock().now(),
                    ids: Arc::<SeededIds>::clone(ids),
                };
                let grant = Grant {
                    id: GrantId::generate(&*act.ids),
                    subject: field.subjects[who],
                    role: field.roles[role].0,
                    scope: Scope::Workspace(field.places[place]),
                    created_at: act.now,
                    created_by: act.caller.principal,
                };
                deed(ground, field.org, Deed::Give(grant)).await.unwrap();
            }
            Step::Take(who, place, role) => {
                held.remove(&(who, place, role));
                let at = Scope::Workspace(field.places[place]);
                let take = Deed::Take(field.subjects[who], at, field.roles[role].0);
                deed(ground, field.org, take).await.unwrap();
            }
            Step::Redeem(who) => {
                let offered: Vec<_> = held.iter().copied().filter(|(subject, ..)| *subject == 4).collect();
                for (subject, place, role) in offered {
                    held.remove(&(subject, place, role));
                    held.insert((who, place, role));
                }
                let Subject::Invitation(invitation) = field.subjects[4] else { unreachable!() };
                let redeem = Deed::Redeem(invitation, ground.people[who].id());
                deed(ground, field.org, redeem).await.unwrap();
            }
        }
    }
    assert_eq!(ground.core.examine().await.unwrap(), []);
    for (who, person) in ground.people.iter().enumerate() {
        let subjects: &[usize] = if who == 0 { &[0, 2] } else { &[1, 2, 3] };
        let mut expected: BTreeMap<WorkspaceId, PermissionSet> = BTreeMap::new();
        for (_, place, role) in held.iter().filter(|(subject, ..)| subjects.contains(subject)) {
            let own = expected.entry(field.places[*place]).or_default();
            *own = own.union(field.roles[*role].1);
        }
        let belongs = !expected.is_empty();
        expected.retain(|_, own| own.contains(Permission::ReadWorkspace));
        let query = WorkspaceQuery { view: View::OwnRoles, ..every_workspace() };
        let list = ground.core.list_workspaces(&person.caller, OrganizationRef::Id(field.org), query).await;
        assert_eq!(list.is_ok(), belongs);
        let seen = list.map(|list| list.page.items).unwrap_or_default();
        let seen: BTreeMap<_, _> =
            seen.into_iter().map(|seen| (seen.workspace.id, seen.own.unwrap())).collect();
        assert_eq!(seen, expected, "person {who}");
    }
}

fn hold(open: impl Future<Output = TestCore>, cases: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let ground = runtime.block_on(async { ground(open.await).await });
    let number = AtomicU32::new(0);
    let ids = Arc::new(SeededIds::new(77));
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&histories(), |history| {
        runtime.block_on(async {
            let field = field(&ground, number.fetch_add(1, Ordering::Relaxed)).await;
            live(&ground, &field, &history, &ids).await;
        });
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn follows_from_the_grants_on_sqlite() {
    hold(TestCore::sqlite(), 40);
}

#[test]
fn follows_from_the_grants_on_postgres() {
    hold(TestCore::postgres(), 10);
}
