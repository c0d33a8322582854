//! The audit trail: one event for every committed change, none for what was refused, rolled back or rehearsed. What was
//! denied has a record of its own.

use tenantry_core::audit::{Attempt, Denial};
use tenantry_core::authz::{OrganizationRef, View};
use tenantry_core::clock::Timestamp;
use tenantry_core::credential::{Secret, TokenKind};
use tenantry_core::grant::{Person, RoleName};
use tenantry_core::ids::OrganizationId;
use tenantry_core::organization::{DefaultWorkspaces, NewOrganization, OrganizationChange};
use tenantry_core::permission::{BuiltinRole, Level, PermissionSet};
use tenantry_core::principal::NewServiceAccount;
use tenantry_core::resource::ContentRights;
use tenantry_core::role::NewRole;
use tenantry_core::workspace::{StatusReport, WorkspaceChange};
use tenantry_core::{Error, Shower};
use tenantry_testkit::chance::SeededEntropy;
use tenantry_testkit::estate::target;
use tenantry_testkit::{Member, TestCore};
use uuid::Uuid;

use crate::asking::called;

on_both_engines!(one_event_for_each_change, denied_attempts_are_recorded_apart, old_denied_attempts_go);

/// The actions since the last call, in order, after checking that each names actor, credential, request and target.
async fn one_event_for_each_change(core: TestCore) {
    let root = core.root().await;
    let mut ann = core.user(&root, "ann").await;
    let bob = core.user(&root, "bob").await;
    ann.caller.request_id = Some("request-1".into());
    let mut seen = core.sql("SELECT COUNT(*) FROM audit_events").parse::<usize>().unwrap();
    assert_eq!(seen, 3);
    let mut events = |expected: &[&str]| {
        let all = core.sql("SELECT action FROM audit_events ORDER BY id");
        let all: Vec<_> = all.lines().map(str::to_owned).collect();
        assert_eq!(&all[seen..], expected);
        seen = all.len();
    };

    let new = NewOrganization {
        name: "Org".into(),
        default_workspaces: DefaultWorkspaces::Shared,
        ..NewOrganization::default()
    };
    let org = core.create_organization(&ann.caller, new.clone()).await.unwrap().id;
    let at = || OrganizationRef::Id(org);
    events(&["organization.create"]);
    core.create_organization(&bob.caller, new).await.unwrap_err();
    core.get_organization(&ann.caller, at()).await.unwrap();
    events(&[]);
    core.update_organization(&ann.caller, at(), OrganizationChange::default()).await.unwrap();
    events(&["organization.update"]);
    let member = BuiltinRole::OrganizationMember;
    core.add_organization_user(&root.caller, at(), bob.id(), member).await.unwrap();
    events(&["organization_user.add"]);

    let made = core.create_workspace(&ann.caller, at(), called("W")).await.unwrap().seen.workspace;
    let by = || target(org, made.id);
    events(&["workspace.create"]);
    core.create_workspace(&ann.caller, at(), called("w")).await.unwrap_err();
    core.rehearsal().create_workspace(&ann.caller, at(), called("V")).await.unwrap();
    core.rehearsal().update_workspace(&ann.caller, by(), WorkspaceChange::default()).await.unwrap();
    core.update_workspace(&bob.caller, by(), WorkspaceChange::default()).await.unwrap_err();
    events(&[]);
    let change = WorkspaceChange { name: Some("W1".into()), ..WorkspaceChange::default() };
    core.update_workspace(&ann.caller, by(), change).await.unwrap();
    core.report_workspace_status(&ann.caller, by(), StatusReport::default()).await.unwrap();
    events(&["workspace.update", "workspace.report"]);

    let viewer = vec![RoleName::Builtin(BuiltinRole::WorkspaceViewer)];
    core.add_user(&ann.caller, by(), Person::Id(bob.id()), viewer.clone()).await.unwrap();
    core.update_user(&ann.caller, by(), bob.id(), viewer.clone(), None).await.unwrap();
    core.remove_workspace_user(&ann.caller, by(), bob.id(), None).await.unwrap();
    core.remove_workspace_user(&ann.caller, by(), ann.id(), None).await.unwrap_err();
    events(&["workspace_user.add", "workspace_user.update", "workspace_user.remove"]);
    core.invite(&ann.caller, by(), "x@example.org".into(), viewer.clone()).await.unwrap();
    core.invite(&ann.caller, by(), "x@example.org".into(), viewer.clone()).await.unwrap_err();
    let stranger = Person::Email { email: "y@example.org".into(), display_name: None };
    core.add_user(&ann.caller, by(), stranger, viewer).await.unwrap();
    core.invite(&ann.caller, at(), "x@example.org".into(), vec![RoleName::Builtin(member)]).await.unwrap();
    events(&["invitation.create"; 3]);

    let role = NewRole {
        id: None,
        level: Level::Workspace,
        title: "R".into(),
        description: None,
        permissions: PermissionSet::NONE,
        content: ContentRights::NONE,
    };
    core.create_role(&ann.caller, at(), role).await.unwrap();
    let account = NewServiceAccount::new("bot", member);
    core.create_service_account(&ann.caller, at(), account).await.unwrap();
    events(&["role.create", "service_account.create"]);
    core.exchange_bearer(&ann.token, Shower::default()).await.unwrap();
    core.revoke_own_credential(&ann.caller, ann.caller.credential).await.unwrap();
    core.set_suspended(&root.caller, bob.id(), true).await.unwrap();
    core.set_suspended(&root.caller, bob.id(), false).await.unwrap();
    events(&["credential.issue", "credential.revoke", "principal.suspend", "principal.resume"]);

    core.delete_workspace(&ann.caller, by(), None, false).await.unwrap_err();
    core.delete_workspace(&ann.caller, by(), None, true).await.unwrap();
    core.undelete_workspace(&ann.caller, by(), None, None).await.unwrap();
    core.delete_organization(&ann.caller, at(), None, true).await.unwrap();
    events(&["workspace.delete", "workspace.undelete", "organization.delete"]);

    let in_org = core.literal(org.as_uuid());
    let of_ann = core.literal(ann.id().as_uuid());
    let whole = format!(
        "SELECT COUNT(*) FROM audit_events WHERE org_id = {in_org} AND actor_id = {of_ann} \
         AND request_id = 'request-1' AND credential_id IS NOT NULL AND targets LIKE '[[%'"
    );
    let all = format!("SELECT COUNT(*) FROM audit_events WHERE org_id = {in_org} AND actor_id = {of_ann}");
    assert_eq!(core.sql(&whole), core.sql(&all));
    // No secret, and nothing of who was invited, stands in the trail.
    assert_eq!(
        core.sql("SELECT COUNT(*) FROM audit_events WHERE targets LIKE '%tny_%' OR targets LIKE '%@%'"),
        "0"
    );
}

/// The attempt that the edge of the server makes of a refusal.
fn attempt(error: &Error, asker: Option<&Member>) -> Attempt {
    let told = error.circumstances();
    Attempt {
        denial: Denial::of(error).unwrap(),
        principal: told.principal.or(asker.map(Member::id)),
        source: None,
        organization: told.organization,
        permission: told.permission,
        route: "/{workspace}".into(),
        request_id: Some("request-1".into()),
    }
}

async fn denied_attempts_are_recorded_apart(core: TestCore) {
    let root = core.root().await;
    let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
    let org = core.organization(&ann, "Org").await.id;
    let made = core.workspace(&ann, org, "W").await;
    let at = || OrganizationRef::Id(org);
    let rows = async |last| {
        core.flush_denied(last).await.unwrap();
        let all = core.sql(
            "SELECT kind, principal_id, org_id, permission, route, request_id, suppressed FROM denied_attempts ORDER BY at, id",
        );
        all.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let row = |kind, who: Option<&Member>, org: OrganizationId, permission, suppressed| {
        let hex = |id: &Uuid| format!("\\x{}", id.simple());
        let who = who.map(|who| hex(who.id().as_uuid())).unwrap_or_default();
        format!("{kind}|{who}|{}|{permission}|/{{workspace}}|request-1|{suppressed}", hex(org.as_uuid()))
    };

    // A hundred times the same is one row, and a count.
    let hidden = core.get_workspace(&bob.caller, target(org, made.id), View::Both).await.unwrap_err();
    for _ in 0..100 {
        core.note_denied(attempt(&hidden, Some(&bob)));
    }
    let mut expected = vec![row("hidden", Some(&bob), org, "", 0)];
    assert_eq!(rows(false).await, expected);
    core.clock().advance_seconds(60);
    expected.push(row("hidden", Some(&bob), org, "", 98));
    assert_eq!(rows(false).await, expected);

    let member = BuiltinRole::OrganizationMember;
    core.add_organization_user(&root.caller, at(), bob.id(), member).await.unwrap();
    core.clock().advance_seconds(1);
    let change = OrganizationChange::default();
    let forbidden = core.update_organization(&bob.caller, at(), change).await.unwrap_err();
    core.note_denied(attempt(&forbidden, Some(&bob)));
    expected.push(row("forbidden", Some(&bob), org, "update:Organization", 0));
    assert_eq!(rows(false).await, expected);

    // Who shows a credential that counted once is known, and so is who is guessed at.
    core.revoke_own_credential(&ann.caller, ann.caller.credential).await.unwrap();
    let server = OrganizationId::SERVER;
    let unknown = TokenKind::PersonalAccess;
    let unknown = Secret::random(unknown, &SeededEntropy::new(99));
    for (refused, row) in [
        (
            core.authenticate(&ann.token).await.unwrap_err(),
            row("refused_credential", Some(&ann), server, "", 0),
        ),
        (
            core.authenticate(unknown.expose()).await.unwrap_err(),
            row("refused_credential", None, server, "", 0),
        ),
        (
            core.sign_in_user("bob", "a wrong password", None).await.unwrap_err(),
            row("failed_sign_in", Some(&bob), server, "", 0),
        ),
        (
            core.sign_in_user("nobody", "a wrong password", None).await.unwrap_err(),
            row("failed_sign_in", None, server, "", 0),
        ),
        (
            core.exchange_bearer(&ann.token, Shower::default()).await.unwrap_err(),
            row("failed_sign_in", Some(&ann), server, "", 0),
        ),
    ] {
        core.clock().advance_seconds(1);
        core.note_denied(attempt(&refused, None));
        expected.push(row);
    }
    let client = core.sign_in_client("", unknown.expose(), Shower::default()).await.unwrap_err();
    assert_eq!(Denial::of(&client), Some(Denial::SignIn));
    assert_eq!(Denial::of(&Error::no_credential()), None);
    assert_eq!(rows(true).await, expected);
    assert_eq!(core.sql("SELECT COUNT(*) FROM audit_events WHERE action LIKE '%denied%'"), "0");
}

async fn old_denied_attempts_go(core: TestCore) {
    let made = async |times: i64| {
        for _ in 0..times {
            core.clock().advance_seconds(60);
            core.note_denied(attempt(&Error::hidden("workspace"), None));
            core.flush_denied(false).await.unwrap();
        }
        core.sql("SELECT COUNT(*) FROM denied_attempts").parse::<i64>().unwrap()
    };
    assert_eq!(made(5).await, 5);
    let newest = |kept: u64| {
        core.store()
            .write(kept, |session, kept| Box::pin(session.purge_denied(Timestamp::from_micros(0), *kept)))
    };
    newest(5).await.unwrap();
    assert_eq!(core.sql("SELECT COUNT(*) FROM denied_attempts"), "5");
    newest(3).await.unwrap();
    assert_eq!(core.sql("SELECT COUNT(*) FROM denied_attempts"), "3");
    core.clock().advance_seconds(90 * 24 * 60 * 60);
    assert_eq!(made(1).await, 1, "what is older than ninety days goes when another comes");
}
