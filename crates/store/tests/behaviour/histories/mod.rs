//! Random histories of random people, step by step against a model of tenancy: what is done and what is refused, and what
//! everybody is shown afterwards, is what the rules say.
//!
//! `model`, `rules`, `people` and `invitations` are the rules, in plain sets and lists; `deeds` draws histories, `settle`
//! has their numbers mean something; `world` asks the core the same.
//! A history that fails is shrunk and its number printed: `TENANTRY_HISTORY=<number>` plays that one alone, and
//! `TENANTRY_HISTORIES=<count>` plays so many.

mod deeds;
mod invitations;
mod model;
mod people;
mod rules;
mod settle;
mod world;

use std::collections::BTreeMap;
use std::env;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use tenantry_testkit::{Member, TestCore};

use deeds::{DEEDS, Step, histories};
use model::{HIDDEN, Model, OWNER, Outcome, PEOPLE, Place, SUSPENDED, View, WORKSPACE_OWNER, Who};
use world::World;

/// The steps of a history, and after how many of them everybody looks around.
const STEPS: usize = 120;
const LOOK_AROUND: usize = 30;

type Verdict = Result<(), TestCaseError>;

fn same<T: Debug, U: Debug>(what: &str, core: &T, model: &U) -> Verdict {
    let (core, model) = (format!("{core:?}"), format!("{model:?}"));
    if core == model {
        return Ok(());
    }
    Err(TestCaseError::fail(format!("{what}\n  core:  {core}\n  model: {model}")))
}

/// A request of somebody suspended that was let in just before finds nothing; a later one is not let in.
fn as_suspended<T>(outcome: Outcome<T>) -> Outcome<T> {
    outcome.map_err(|refusal| if refusal == HIDDEN { SUSPENDED } else { refusal })
}

/// How often which kind of deed was done.
type Done = Mutex<BTreeMap<String, u32>>;

async fn live(world: &mut World<'_>, history: Vec<Step>, done: &Done) -> Verdict {
    let mut model = Model::default();
    for (number, step) in history.into_iter().enumerate() {
        let Step { by, deed, .. } = if model.organizations.is_empty() { step } else { step.settle(&model) };
        let expected = model.apply(by, &deed);
        let mut outcome = world.apply(by, &deed).await;
        if expected == Err(SUSPENDED) {
            outcome = as_suspended(outcome);
        }
        same(&format!("step {number}: {by} asks for {deed:?}"), &outcome, &expected)?;
        if outcome.is_ok() {
            *done.lock().unwrap().entry(deed.kind()).or_default() += 1;
        }
        nobody_is_ownerless(&model)?;
        if (number + 1) % LOOK_AROUND == 0 {
            look_around(world, &model).await?;
        }
    }
    look_around(world, &model).await
}

/// Whatever was done, an organization's own user has its owner's role, and every workspace has an owner.
fn nobody_is_ownerless(model: &Model) -> Verdict {
    for (number, organization) in model.organizations.iter().enumerate() {
        let place = Place::organization(number);
        let own = model.grants_of(organization.owner, place).any(|grant| grant.role == OWNER);
        same("the owner's role", &own, &true)?;
    }
    for (number, workspace) in model.workspaces.iter().enumerate() {
        let place = Place::workspace(workspace.organization, number);
        let owns = |who| model.grants_of(who, place).any(|grant| grant.role == WORKSPACE_OWNER);
        let owned = (0..PEOPLE).any(owns);
        same("a workspace's owner", &owned, &true)?;
    }
    Ok(())
}

/// Everybody is shown everything that the rules show.
async fn look_around(world: &World<'_>, model: &Model) -> Verdict {
    for who in 0..PEOPLE {
        if model.suspended.contains(&who) {
            let shut_out: Outcome = Err(SUSPENDED);
            same(&format!("{who} is let in"), &world.authenticate(who).await, &shut_out)?;
            let seen = as_suspended(world.organizations(who).await.map(drop));
            same(&format!("{who} sees organizations"), &seen, &shut_out)?;
            continue;
        }
        same(&format!("{who} is let in"), &world.authenticate(who).await, &Outcome::Ok(()))?;
        let expected: Outcome<_> = Ok(model.organizations(who));
        same(&format!("organizations of {who}"), &world.organizations(who).await, &expected)?;
        for organization in 0..model.organizations.len() {
            for (own_roles, administered) in [(true, false), (false, true), (true, true)] {
                let view = View { own_roles, administered };
                let seen = world.workspaces(who, organization, view).await;
                let what = format!("workspaces of {organization} that {who} sees by {view:?}");
                same(&what, &seen, &model.workspaces(who, organization, view))?;
            }
            look_at(world, model, who, Place::organization(organization)).await?;
        }
        for (number, workspace) in model.workspaces.iter().enumerate() {
            look_at(world, model, who, Place::workspace(workspace.organization, number)).await?;
        }
        for (number, invitation) in model.invitations.iter().enumerate() {
            let seen = world.invitation(who, invitation.place.organization, number).await;
            same(&format!("invitation {number} for {who}"), &seen, &model.invitation(who, number))?;
        }
    }
    Ok(())
}

async fn look_at(world: &World<'_>, model: &Model, who: Who, place: Place) -> Verdict {
    let what = |what| format!("{what} {who} at {place:?}");
    same(&what("held by"), &world.held_at(who, place).await, &model.held_at(who, place))?;
    same(&what("people for"), &world.users(who, place).await, &model.users(who, place))?;
    same(&what("roles for"), &world.custom_roles(who, place).await, &model.custom_roles(who, place))?;
    let open = world.open_invitations(who, place).await;
    same(&what("invitations for"), &open, &model.open_invitations(who, place))
}

/// The histories that are played, by number.
fn numbers(modest: u32) -> Range<u32> {
    let told = |name| env::var(name).ok().map(|value| value.parse().expect("a number is expected"));
    match (told("TENANTRY_HISTORY"), told("TENANTRY_HISTORIES")) {
        (Some(one), _) => one..one + 1,
        (None, count) => 0..count.unwrap_or(modest),
    }
}

fn hold(open: impl Future<Output = TestCore>, modest: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (core, root): (TestCore, Member) = runtime.block_on(async {
        let core = open.await;
        let root = core.root().await;
        (core, root)
    });
    let (worlds, done) = (AtomicU32::new(0), Done::default());
    let numbers = numbers(modest);
    for number in numbers.clone() {
        let mut seed = [0; 32];
        seed[..4].copy_from_slice(&number.to_le_bytes());
        let config =
            Config { cases: 1, failure_persistence: None, max_shrink_iters: 1000, ..Config::default() };
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let outcome = TestRunner::new_with_rng(config, rng).run(&histories(STEPS), |history| {
            runtime.block_on(async {
                let mut world = World::new(&core, &root, worlds.fetch_add(1, Ordering::Relaxed)).await;
                live(&mut world, history, &done).await
            })
        });
        if let Err(TestError::Fail(why, history)) = outcome {
            let steps: Vec<_> = history.iter().map(|step| format!("\n  {step:?}")).collect();
            panic!("{why}\n(replay with TENANTRY_HISTORY={number}){}", steps.concat());
        }
    }
    assert_eq!(runtime.block_on(core.examine()).unwrap(), []);
    let done = done.into_inner().unwrap();
    // Where most deeds are refused, histories prove little.
    assert!(numbers.len() < modest as usize || done.len() == DEEDS, "only these were ever done: {done:?}");
}

#[test]
fn follow_the_rules_on_sqlite() {
    hold(TestCore::sqlite(), 20);
}

#[test]
fn follow_the_rules_on_postgres() {
    hold(TestCore::postgres(), 8);
}
