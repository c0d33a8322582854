//! The audit trail of an organization's life, its roles, invitations, people and keys: one event for each change.

use tenantry_core::authz::OrganizationRef;
use tenantry_core::credential::{Access, ApiKeyChange, NewApiKey};
use tenantry_core::grant::{Person, RoleName};
use tenantry_core::permission::{BuiltinRole, Level, PermissionSet};
use tenantry_core::preferences::PreferencesChange;
use tenantry_core::resource::ContentRights;
use tenantry_core::role::{NewRole, RoleChange};
use tenantry_testkit::TestCore;
use tenantry_testkit::estate::target;

on_both_engines!(one_event_for_each_change_at_either_level);

async fn one_event_for_each_change_at_either_level(core: TestCore) {
    let root = core.root().await;
    let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
    let org = core.organization(&ann, "Org").await.id;
    let made = core.workspace(&ann, org, "W").await.id;
    let (by, at, caller) = (|| OrganizationRef::Id(org), || target(org, made), &ann.caller);
    let mut seen = core.sql("SELECT COUNT(*) FROM audit_events").parse::<usize>().unwrap();
    let mut events = |expected: &[&str]| {
        let all = core.sql("SELECT action FROM audit_events ORDER BY id");
        let all: Vec<_> = all.lines().map(str::to_owned).collect();
        assert_eq!(&all[seen..], expected);
        seen = all.len();
    };

    let change = PreferencesChange { support_team_access: Some(true), ..Default::default() };
    core.update_organization_preferences(caller, by(), change.clone(), None).await.unwrap();
    core.update_workspace_preferences(caller, at(), change, None).await.unwrap();
    events(&["organization_preferences.update", "workspace_preferences.update"]);

    let new = |level, title: &str| NewRole {
        id: None,
        level,
        title: title.into(),
        description: None,
        permissions: PermissionSet::NONE,
        content: ContentRights::NONE,
    };
    let wide = core.create_role(caller, by(), new(Level::Organization, "A")).await.unwrap().id;
    core.create_role(caller, at(), new(Level::Workspace, "B")).await.unwrap();
    core.update_role(caller, by(), RoleName::Id(wide), RoleChange::default()).await.unwrap();
    core.rehearsal().delete_role(caller, by(), RoleName::Id(wide), None, true).await.unwrap();
    core.delete_role(caller, by(), RoleName::Id(wide), None, true).await.unwrap();
    events(&["role.create", "role.create", "role.update", "role.delete"]);

    let email = || "bob@example.org".to_owned();
    let first = core.invite(caller, at(), email(), vec![]).await.unwrap().0.id;
    core.cancel_invitation(caller, at(), first).await.unwrap();
    core.cancel_invitation(caller, at(), first).await.unwrap_err();
    let second = core.invite(caller, by(), email(), vec![]).await.unwrap().0.id;
    core.resend_invitation(caller, by(), second).await.unwrap();
    core.decline_invitation(&bob.caller, by(), second, None).await.unwrap();
    let third = core.invite(caller, by(), email(), vec![]).await.unwrap().0.id;
    core.accept_invitation(&bob.caller, by(), third, None).await.unwrap();
    core.accept_invitation(&bob.caller, by(), third, None).await.unwrap_err();
    events(&[
        "invitation.create",
        "invitation.revoke",
        "invitation.create",
        "invitation.resend",
        "invitation.decline",
        "invitation.create",
        "invitation.accept",
    ]);

    let roles = |role| vec![RoleName::Builtin(role)];
    core.update_user(caller, by(), bob.id(), roles(BuiltinRole::OrganizationAdmin), None).await.unwrap();
    let viewer = roles(BuiltinRole::WorkspaceViewer);
    core.add_user(caller, at(), Person::Id(bob.id()), viewer).await.unwrap();
    let new = NewApiKey {
        owner: None,
        title: "k".into(),
        days: 7,
        access: Access::Reading,
        workspaces: vec![made],
    };
    let key = core.create_api_key(&bob.caller, by(), new).await.unwrap().credential.id;
    core.update_api_key(&bob.caller, by(), key, ApiKeyChange::default()).await.unwrap();
    core.delete_api_key(caller, by(), key, None).await.unwrap();
    core.remove_organization_user(caller, by(), ann.id(), None, true).await.unwrap_err();
    core.transfer_organization(caller, by(), bob.id(), None).await.unwrap();
    core.remove_organization_user(&bob.caller, by(), ann.id(), None, true).await.unwrap();
    events(&[
        "organization_user.update",
        "workspace_user.add",
        "api_key.create",
        "api_key.update",
        "api_key.delete",
        "organization.transfer",
        "organization_user.remove",
    ]);
    core.delete_organization(&bob.caller, by(), None, true).await.unwrap();
    core.undelete_organization(&bob.caller, by(), None).await.unwrap();
    events(&["organization.delete", "organization.undelete"]);
    assert_eq!(core.examine().await.unwrap(), []);
    let complete = "SELECT COUNT(*) FROM audit_events WHERE credential_id IS NULL OR targets = '[]'";
    assert_eq!(core.sql(complete), "0", "each names the credential and what it touched");
}
