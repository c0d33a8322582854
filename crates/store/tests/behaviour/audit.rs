//! The audit trail: one event for every committed change, none for what was refused, rolled back or rehearsed.

use tenantry_core::authz::OrganizationRef;
use tenantry_core::grant::{Person, RoleName};
use tenantry_core::organization::{DefaultWorkspaces, NewOrganization, OrganizationChange};
use tenantry_core::permission::{BuiltinRole, Level, PermissionSet};
use tenantry_core::principal::NewServiceAccount;
use tenantry_core::role::NewRole;
use tenantry_core::workspace::{StatusReport, WorkspaceChange};
use tenantry_testkit::TestCore;
use tenantry_testkit::estate::target;

use crate::asking::called;

on_both_engines!(one_event_for_each_change);

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

    let made = core.create_workspace(&ann.caller, at(), called("W"), false).await.unwrap().seen.workspace;
    let by = || target(org, made.id);
    events(&["workspace.create"]);
    core.create_workspace(&ann.caller, at(), called("w"), false).await.unwrap_err();
    core.create_workspace(&ann.caller, at(), called("V"), true).await.unwrap();
    core.update_workspace(&ann.caller, by(), WorkspaceChange::default(), true).await.unwrap();
    core.update_workspace(&bob.caller, by(), WorkspaceChange::default(), false).await.unwrap_err();
    events(&[]);
    core.update_workspace(&ann.caller, by(), WorkspaceChange::default(), false).await.unwrap();
    core.report_workspace_status(&ann.caller, by(), StatusReport::default()).await.unwrap();
    events(&["workspace.update", "workspace.report"]);

    let viewer = vec![RoleName::Builtin(BuiltinRole::WorkspaceViewer)];
    core.add_workspace_user(&ann.caller, by(), Person::Id(bob.id()), viewer.clone()).await.unwrap();
    core.update_workspace_user(&ann.caller, by(), bob.id(), viewer.clone()).await.unwrap();
    core.remove_workspace_user(&ann.caller, by(), bob.id()).await.unwrap();
    core.remove_workspace_user(&ann.caller, by(), ann.id()).await.unwrap_err();
    events(&["workspace_user.add", "workspace_user.update", "workspace_user.remove"]);
    core.invite_to_workspace(&ann.caller, by(), "x@example.org".into(), viewer.clone()).await.unwrap();
    core.invite_to_workspace(&ann.caller, by(), "x@example.org".into(), viewer.clone()).await.unwrap_err();
    let stranger = Person::Email { email: "y@example.org".into(), display_name: None };
    core.add_workspace_user(&ann.caller, by(), stranger, viewer).await.unwrap();
    core.invite_to_organization(&ann.caller, at(), "x@example.org".into(), member).await.unwrap();
    events(&["invitation.create"; 3]);

    let role = NewRole {
        level: Level::Workspace,
        title: "R".into(),
        description: None,
        permissions: PermissionSet::NONE,
    };
    core.create_role(&ann.caller, at(), role).await.unwrap();
    let account = NewServiceAccount { name: "bot".into(), role: member };
    core.create_service_account(&ann.caller, at(), account).await.unwrap();
    events(&["role.create", "service_account.create"]);
    core.exchange_bearer(&ann.token).await.unwrap();
    core.revoke_own_credential(&ann.caller, ann.caller.credential).await.unwrap();
    core.set_suspended(&root.caller, bob.id(), true).await.unwrap();
    core.set_suspended(&root.caller, bob.id(), false).await.unwrap();
    events(&["credential.issue", "credential.revoke", "principal.suspend", "principal.resume"]);

    core.delete_workspace(&ann.caller, by(), None, false, false).await.unwrap_err();
    core.delete_workspace(&ann.caller, by(), None, true, false).await.unwrap();
    core.undelete_workspace(&ann.caller, by(), None, false).await.unwrap();
    core.delete_organization(&ann.caller, at()).await.unwrap();
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
