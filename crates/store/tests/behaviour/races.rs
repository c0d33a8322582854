//! What happens at once: of two that cannot both be, exactly one is.

use std::sync::Arc;

use serde_json::json;
use tenantry_core::authz::{OrganizationRef, View};
use tenantry_core::browser::Origin;
use tenantry_core::error::{Kind, Result};
use tenantry_core::grant::{Person, RoleName};
use tenantry_core::issuer::IssuerChange;
use tenantry_core::organization::{DefaultWorkspaces, NewOrganization};
use tenantry_core::permission::BuiltinRole;
use tenantry_core::workspace::WorkspaceChange;
use tenantry_testkit::TestCore;
use tenantry_testkit::estate::target;

use crate::asking::{called, every_workspace, kind, names};
use crate::browser::{PASSWORD, person};
use crate::issuers::{link, signed_in, trusted};

on_both_engines!(
    one_name_is_given_once,
    one_organization_name_is_given_once,
    keys_part_by_their_numbers,
    the_last_owner_stays_whoever_goes_first,
    one_of_two_changes_of_a_version_wins,
    different_organizations_change_at_once,
    counts_are_exact_while_people_come_and_go,
    a_password_that_is_changed_meanwhile_is_worth_nothing,
    who_hashes_a_password_anew_stands_in_nobodys_way,
    who_is_signed_out_meanwhile_links_nothing,
);

/// Runs all at once, and gives what came of each.
async fn at_once<T: Send + 'static>(
    tasks: impl Iterator<Item = impl Future<Output = Result<T>> + Send + 'static>,
) -> Vec<Result<T>> {
    let started: Vec<_> = tasks.map(tokio::spawn).collect();
    let mut outcomes = vec![];
    for task in started {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

/// How many went well; all others must have been refused with this kind.
fn winners<T: std::fmt::Debug>(outcomes: Vec<Result<T>>, refused: Kind) -> usize {
    let (well, rest): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    for outcome in rest {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind, refused, "{error:?}");
    }
    well.len()
}

async fn one_name_is_given_once(core: TestCore) {
    let core = Arc::new(core);
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    let outcomes = at_once((0..20).map(|number| {
        let (core, caller) = (Arc::clone(&core), root.caller.clone());
        let name = if number % 2 == 0 { "Moor" } else { "MOOR" };
        async move { core.create_workspace(&caller, OrganizationRef::Id(org), called(name)).await }
    }));
    assert_eq!(winners(outcomes.await, Kind::AlreadyExists), 1);
    assert_eq!(names(&core, &root, org, every_workspace()).await.len(), 1);
    assert_eq!(core.sql("SELECT COUNT(*) FROM audit_events WHERE action = 'workspace.create'"), "1");
    assert_eq!(core.examine().await.unwrap(), []);
}

async fn one_organization_name_is_given_once(core: TestCore) {
    let core = Arc::new(core);
    let root = core.root().await;
    let outcomes = at_once((0..20).map(|_| {
        let (core, caller) = (Arc::clone(&core), root.caller.clone());
        async move {
            core.create_organization(&caller, NewOrganization { name: "Org".into(), ..Default::default() })
                .await
        }
    }));
    assert_eq!(winners(outcomes.await, Kind::AlreadyExists), 1);
    assert_eq!(core.examine().await.unwrap(), []);
}

async fn keys_part_by_their_numbers(core: TestCore) {
    let core = Arc::new(core);
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    let outcomes = at_once((0..20).map(|number| {
        let (core, caller) = (Arc::clone(&core), root.caller.clone());
        let name = format!("Moor{}", "!".repeat(number));
        async move { core.create_workspace(&caller, OrganizationRef::Id(org), called(&name)).await }
    }));
    let mut keys: Vec<_> = outcomes.await.into_iter().map(|made| made.unwrap().seen.workspace.key).collect();
    keys.sort_by_key(String::len);
    keys.dedup();
    assert_eq!((keys.len(), keys[0].as_str()), (20, "moor"));
}

/// Ann and Bob both own a workspace, and each throws the other out.
async fn the_last_owner_stays_whoever_goes_first(core: TestCore) {
    let core = Arc::new(core);
    let root = core.root().await;
    let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
    let org = core.organization(&root, "Org").await.id;
    for who in [&ann, &bob] {
        let member = BuiltinRole::OrganizationMember;
        core.add_organization_user(&root.caller, OrganizationRef::Id(org), who.id(), member).await.unwrap();
    }
    for round in 0..10 {
        let made = core.workspace(&ann, org, &format!("W{round}")).await;
        let by = move || target(org, made.id);
        let owner = || vec![RoleName::Builtin(BuiltinRole::WorkspaceOwner)];
        core.add_user(&ann.caller, by(), Person::Id(bob.id()), owner()).await.unwrap();
        let outcomes = at_once([(&ann, &bob), (&bob, &ann)].into_iter().map(|(who, whom)| {
            let (core, caller, whom) = (Arc::clone(&core), who.caller.clone(), whom.id());
            async move { core.remove_workspace_user(&caller, by(), whom, None).await }
        }));
        assert_eq!(winners(outcomes.await, Kind::Hidden), 1, "who was thrown out sees nothing any more");
        let outcomes = at_once([&ann, &bob].into_iter().map(|who| {
            let (core, caller, whom) = (Arc::clone(&core), root.caller.clone(), who.id());
            async move { core.remove_workspace_user(&caller, by(), whom, None).await }
        }));
        let outcomes = outcomes.await;
        assert!(outcomes.iter().all(Result::is_err), "one is gone, the other is the last");
    }
    assert_eq!(core.examine().await.unwrap(), []);
}

async fn one_of_two_changes_of_a_version_wins(core: TestCore) {
    let core = Arc::new(core);
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    let made = core.workspace(&root, org, "W").await;
    for version in 1..=5 {
        let outcomes = at_once((0..4).map(|number| {
            let (core, caller) = (Arc::clone(&core), root.caller.clone());
            let change = WorkspaceChange {
                description: Some(Some(format!("{version} {number}"))),
                expected_version: Some(version.into()),
                ..Default::default()
            };
            async move { core.update_workspace(&caller, target(org, made.id), change).await }
        }));
        assert_eq!(winners(outcomes.await, Kind::Conflict), 1);
    }
    let found = core.get_workspace(&root.caller, target(org, made.id), View::Both).await.unwrap();
    assert_eq!(found.seen.workspace.version, 6);
}

async fn different_organizations_change_at_once(core: TestCore) {
    let core = Arc::new(core);
    let root = core.root().await;
    let outcomes = at_once((0..8).map(|number| {
        let (core, root) = (Arc::clone(&core), root.clone());
        async move {
            let new = NewOrganization {
                name: format!("Org {number}"),
                default_workspaces: DefaultWorkspaces::Shared,
                ..Default::default()
            };
            let org = core.create_organization(&root.caller, new).await?.id;
            for name in ["a", "b", "c"] {
                let made =
                    core.create_workspace(&root.caller, OrganizationRef::Id(org), called(name)).await?;
                let by = target(org, made.seen.workspace.id);
                core.delete_workspace(&root.caller, by, None, true).await?;
            }
            core.delete_organization(&root.caller, OrganizationRef::Id(org), None, true).await
        }
    }));
    assert_eq!(winners(outcomes.await, Kind::Unavailable), 8);
    assert_eq!(core.examine().await.unwrap(), []);
}

/// Two people stay, six come and six go, all at once and several times over. Whoever counts meanwhile counts the ones who
/// stay and at most all, and in the end exactly those who are there.
async fn counts_are_exact_while_people_come_and_go(core: TestCore) {
    let core = Arc::new(core);
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    let made = core.workspace(&root, org, "W").await;
    let by = move || target(org, made.id);
    let viewer = || vec![RoleName::Builtin(BuiltinRole::WorkspaceViewer)];
    let mut people = vec![];
    for number in 0..13 {
        let person = core.user(&root, &format!("p{number}")).await;
        let member = BuiltinRole::OrganizationMember;
        core.add_organization_user(&root.caller, OrganizationRef::Id(org), person.id(), member)
            .await
            .unwrap();
        people.push(person.id());
    }
    let (staying, rest) = people.split_first().unwrap();
    core.add_user(&root.caller, by(), Person::Id(*staying), viewer()).await.unwrap();
    let (mut here, mut away) = (rest[..6].to_vec(), rest[6..].to_vec());
    for who in &here {
        core.add_user(&root.caller, by(), Person::Id(*who), viewer()).await.unwrap();
    }
    for _ in 0..3 {
        let changes = here.iter().map(|who| (*who, false)).chain(away.iter().map(|who| (*who, true)));
        let changes = at_once(changes.collect::<Vec<_>>().into_iter().map(|(who, comes)| {
            let (core, caller) = (Arc::clone(&core), root.caller.clone());
            async move {
                if comes {
                    core.add_user(&caller, by(), Person::Id(who), viewer()).await.map(drop)
                } else {
                    core.remove_workspace_user(&caller, by(), who, None).await
                }
            }
        }));
        let counts =
            at_once(
                (0..8).map(|_| {
                    let (core, caller) = (Arc::clone(&core), root.caller.clone());
                    async move {
                        core.count_workspace_users(&caller, OrganizationRef::Id(org), vec![made.id]).await
                    }
                }),
            );
        let (changes, counts) = tokio::join!(changes, counts);
        assert!(changes.iter().all(Result::is_ok), "{changes:?}");
        assert!(counts.into_iter().all(|counted| (2..=14).contains(&counted.unwrap()[0].1)));
        std::mem::swap(&mut here, &mut away);
        let counted = core.count_workspace_users(&root.caller, OrganizationRef::Id(org), vec![made.id]).await;
        assert_eq!(counted.unwrap(), [(made.id, 8)]);
    }
    assert_eq!(core.examine().await.unwrap(), []);
}

/// To verify a password takes long enough for the person to set another one: what ends with it ends for those as well who
/// were being let in.
async fn a_password_that_is_changed_meanwhile_is_worth_nothing(core: TestCore) {
    let core = Arc::new(core);
    let root = core.root().await;
    let ann = person(&core, &root, "ann").await;
    let caller =
        core.member(core.sign_in_user("ann", PASSWORD, None).await.unwrap().secret.expose()).await.caller;
    let others = ["other horse 1", "other horse 2", "other horse 3", "other horse 4"];
    let mut password = PASSWORD;
    for (attempt, other) in others.into_iter().enumerate() {
        let (_, link) = core.send_activation(&root.caller, ann, None).await.unwrap();
        let (resetting, link) = (Arc::clone(&core), link.unwrap());
        core.passwords().meanwhile.set(async move {
            resetting.reset_password(link.expose(), other, None).await.unwrap();
        });
        let before = std::mem::replace(&mut password, other).to_owned();
        let (came_of_it, expected) = match attempt {
            0 => (kind(core.sign_in_user("ann", &before, None).await), Kind::Unauthenticated),
            1 => {
                let begun = core.sign_in_browser("ann", &before, (Origin::default(), None)).await;
                (kind(begun), Kind::Unauthenticated)
            }
            2 => (kind(core.renew_password("ann", &before, None).await), Kind::Conflict),
            _ => (kind(core.change_password(&caller, before, "x".repeat(20)).await), Kind::Conflict),
        };
        assert_eq!(came_of_it, expected, "{attempt}");
        assert_eq!(core.sql("SELECT COUNT(*) FROM links"), "0");
    }
    core.sign_in_user("ann", password, None).await.unwrap();
}

async fn who_hashes_a_password_anew_stands_in_nobodys_way(core: TestCore) {
    let core = Arc::new(core);
    let root = core.root().await;
    person(&core, &root, "ann").await;
    core.sql("UPDATE principals SET password_hash = 'old:correct horse' WHERE username = 'ann'");
    let other = Arc::clone(&core);
    core.passwords().meanwhile.set(async move {
        other.sign_in_user("ann", PASSWORD, None).await.unwrap();
    });
    core.sign_in_user("ann", PASSWORD, None).await.unwrap();
    assert_eq!(
        core.sql("SELECT password_hash FROM principals WHERE username = 'ann'"),
        "plain:correct horse"
    );
}

/// To hear an issuer out takes long enough for the session to end: an identity is a way in that outlives it.
async fn who_is_signed_out_meanwhile_links_nothing(core: TestCore) {
    let core = Arc::new(core);
    let root = core.root().await;
    let ann = signed_in(&core, &root, "ann").await;
    let issuer = trusted(&core, &root, IssuerChange::default()).await;
    let (ending, caller) = (Arc::clone(&core), ann.caller.clone());
    core.issuers().meanwhile.set(async move {
        ending.revoke_own_credential(&caller, caller.credential).await.unwrap();
    });
    assert_eq!(kind(link(&core, &issuer, &json!({"sub": "a-1"}), &ann).await), Kind::Unauthenticated);
    assert_eq!(core.sql("SELECT COUNT(*) FROM identities"), "0");
}
