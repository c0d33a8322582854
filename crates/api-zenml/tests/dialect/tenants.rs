//! `/organizations/{organization}/tenants`.

use serde_json::{Value, json};
use tenantry_core::authz::{OrganizationRef, WorkspaceRef};
use tenantry_core::grant::{Person, RoleName};
use tenantry_core::permission::BuiltinRole;
use tenantry_core::workspace::{NewWorkspace, State, StatusReport, WorkspaceChange};

use tenantry_testkit::Member;

use crate::world::World;

async fn make(
    world: &World,
    who: &Member,
    organization: &str,
    name: &str,
    fields: WorkspaceChange,
) -> String {
    world.tick();
    let new = NewWorkspace { name: name.to_owned(), fields, ..NewWorkspace::default() };
    let made = world.core.create_workspace(&who.caller, OrganizationRef::parse(organization), new).await;
    made.unwrap().seen.workspace.id.to_string()
}

fn target(organization: &str, workspace: &str) -> (OrganizationRef, WorkspaceRef) {
    (OrganizationRef::parse(organization), WorkspaceRef::parse(workspace))
}

fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = object.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[tokio::test]
async fn the_whole_object() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let north = world.organization(&ada, "North Sea").await;
    let fields = WorkspaceChange {
        description: Some(Some("Porosity".to_owned())),
        logo_url: Some(Some("https://north.example/r.svg".to_owned())),
        zenml_configuration: Some(
            r#"{"version":"0.98.0","admin":{"debug":true,"secret_environment_vars":{"KEY":"hush"}}}"#
                .to_owned(),
        ),
        mlflow_configuration: Some(r#"{"version":"2.14.2"}"#.to_owned()),
        desired_state: Some(State::Available),
        ..WorkspaceChange::default()
    };
    make(&world, &ada, &north, "Reservoir Models", fields).await;
    world.tick();
    let report = StatusReport {
        generation: None,
        status: Some(State::Available),
        zenml_status: Some(r#"{"server_url":"https://r.example","version":"0.98.0"}"#.to_owned()),
        mlflow_status: None,
        usage: Some([("users".to_owned(), 3)].into()),
    };
    let target = target(&north, "reservoir-models");
    world.core.report_workspace_status(&world.admin.caller, target, report).await.unwrap();
    let list = world.get(&format!("/organizations/{north}/tenants?limit=1"), &ada).await.ok();
    insta::assert_json_snapshot!(list[0], @r#"
    {
      "id": "019b76da-a800-7000-8000-00000000001d",
      "name": "reservoir-models",
      "display_name": "Reservoir Models",
      "description": "Porosity",
      "logo_url": "https://north.example/r.svg",
      "organization": {
        "name": "North Sea",
        "description": null,
        "logo_url": null,
        "id": "019b76da-a800-7000-8000-000000000009",
        "created": "2026-01-01T00:00:00.000000Z",
        "updated": "2026-01-01T00:00:00.000000Z",
        "owner": {
          "password": null,
          "password_expired": false,
          "name": null,
          "avatar_url": null,
          "company": null,
          "job_title": null,
          "metadata": null,
          "id": "019b76da-a800-7000-8000-000000000006",
          "username": "ada",
          "email": "ada@tenantry.example",
          "oauth_provider": null,
          "oauth_id": null,
          "is_active": true,
          "is_superuser": false,
          "is_service_account": false,
          "organization_id": null,
          "is_onboarded": false
        },
        "has_active_subscription": null,
        "trial_expiry": null
      },
      "owner": {
        "password": null,
        "password_expired": false,
        "name": null,
        "avatar_url": null,
        "company": null,
        "job_title": null,
        "metadata": null,
        "id": "019b76da-a800-7000-8000-000000000006",
        "username": "ada",
        "email": "ada@tenantry.example",
        "oauth_provider": null,
        "oauth_id": null,
        "is_active": true,
        "is_superuser": false,
        "is_service_account": false,
        "organization_id": null,
        "is_onboarded": false
      },
      "is_managed": true,
      "enrollment_key": null,
      "workspace_type": "zenml",
      "zenml_service": {
        "configuration": {
          "version": "0.98.0",
          "admin": {
            "debug": true,
            "secret_environment_vars": null
          }
        },
        "status": {
          "server_url": "https://r.example",
          "version": "0.98.0"
        }
      },
      "mlflow_service": {
        "configuration": {
          "version": "2.14.2"
        },
        "status": null
      },
      "kitaru_service": null,
      "usage_counts": {
        "users": 3
      },
      "desired_state": "available",
      "state_reason": "user_action",
      "status": "available",
      "created": "2026-01-01T00:00:01.000000Z",
      "updated": "2026-01-01T00:00:02.000000Z",
      "status_updated": "2026-01-01T00:00:02.000000Z"
    }
    "#);
}

/// The keys of the vendor's published page, and the two that its newer client asks for.
#[tokio::test]
async fn the_keys_are_those_of_the_vendors_page() {
    let world = World::start().await;
    let north = world.organization(&world.admin, "North Sea").await;
    let list = world.get(&format!("/organizations/{north}/tenants"), &world.admin).await.ok();
    let mut published = vec![
        "id",
        "name",
        "display_name",
        "description",
        "logo_url",
        "organization",
        "owner",
        "is_managed",
        "enrollment_key",
        "zenml_service",
        "mlflow_service",
        "usage_counts",
        "desired_state",
        "state_reason",
        "status",
        "created",
        "updated",
        "status_updated",
    ];
    published.extend(["workspace_type", "kitaru_service"]);
    published.sort_unstable();
    assert_eq!(keys(&list[0]), published);
    let mut organization = vec![
        "name",
        "description",
        "logo_url",
        "id",
        "created",
        "updated",
        "owner",
        "has_active_subscription",
        "trial_expiry",
    ];
    organization.sort_unstable();
    assert_eq!(keys(&list[0]["organization"]), organization);
    let mut user = vec![
        "password",
        "password_expired",
        "name",
        "avatar_url",
        "company",
        "job_title",
        "metadata",
        "id",
        "username",
        "email",
        "oauth_provider",
        "oauth_id",
        "is_active",
        "is_superuser",
        "is_service_account",
        "organization_id",
        "is_onboarded",
    ];
    user.sort_unstable();
    assert_eq!(keys(&list[0]["owner"]), user);
    assert_eq!(keys(&list[0]["organization"]["owner"]), user);
    assert_eq!(list[0]["zenml_service"], json!({ "configuration": null, "status": null }));
}

/// One row that the client cannot read would cost it the whole page.
#[tokio::test]
async fn documents_that_the_client_cannot_read_show_as_null() {
    let world = World::start().await;
    let north = world.organization(&world.admin, "North Sea").await;
    let fields = WorkspaceChange {
        zenml_configuration: Some(r#"{"helm":{}}"#.to_owned()),
        mlflow_configuration: Some(r#"{"any":1}"#.to_owned()),
        ..WorkspaceChange::default()
    };
    make(&world, &world.admin, &north, "Odd", fields).await;
    let report =
        StatusReport { zenml_status: Some(r#"{"server_url":1}"#.to_owned()), ..StatusReport::default() };
    world.core.report_workspace_status(&world.admin.caller, target(&north, "odd"), report).await.unwrap();
    let list = world.get(&format!("/organizations/{north}/tenants"), &world.admin).await.ok();
    assert_eq!(list[0]["zenml_service"], json!({ "configuration": null, "status": null }));
    assert_eq!(list[0]["mlflow_service"], json!({ "configuration": { "any": 1 }, "status": null }));
}

#[tokio::test]
async fn the_newest_come_first_and_walk_in_pages() {
    let world = World::start().await;
    let north = world.organization(&world.admin, "North Sea").await;
    for name in ["One", "Two", "Three", "Four"] {
        make(&world, &world.admin, &north, name, WorkspaceChange::default()).await;
    }
    let path = format!("/organizations/{north}/tenants");
    let all = world.get(&path, &world.admin).await.all("name");
    assert_eq!(all, ["four", "three", "two", "one", "default"]);
    let mut walked = Vec::new();
    for offset in [0, 2, 4, 6] {
        let page = world.get(&format!("{path}?offset={offset}&limit=2"), &world.admin).await;
        walked.extend(page.all("name"));
    }
    assert_eq!(walked, all);
    assert_eq!(world.get(&format!("{path}?limit=0"), &world.admin).await.ok(), json!([]));
}

#[tokio::test]
async fn a_status_is_one_word_and_can_be_asked_for() {
    let world = World::start().await;
    let north = world.organization(&world.admin, "North Sea").await;
    for name in ["Up", "Off", "Gone", "Emptied"] {
        make(&world, &world.admin, &north, name, WorkspaceChange::default()).await;
    }
    let (core, root) = (&world.core, &world.admin.caller);
    for (workspace, status) in
        [("up", State::Available), ("off", State::Available), ("emptied", State::Deleted)]
    {
        let report = StatusReport { status: Some(status), ..StatusReport::default() };
        core.report_workspace_status(root, target(&north, workspace), report).await.unwrap();
    }
    let off = WorkspaceChange { is_active: Some(false), ..WorkspaceChange::default() };
    core.update_workspace(root, target(&north, "off"), off).await.unwrap();
    world.tick();
    core.delete_workspace(root, target(&north, "gone"), None, true).await.unwrap();
    let cases: [(&str, &[&str]); 8] = [
        ("", &["off", "up", "default"]),
        ("status=", &["off", "up", "default"]),
        ("status=available", &["up"]),
        ("status=deactivated", &["off"]),
        ("status=not_initialized", &["default"]),
        ("status=deleted", &["emptied", "gone"]),
        ("status=pending", &[]),
        ("status=failed", &[]),
    ];
    for (query, names) in cases {
        let list = world.get(&format!("/organizations/{north}/tenants?{query}"), &world.admin).await;
        assert_eq!(list.all("name"), names, "{query}");
    }
    let deleted =
        world.get(&format!("/organizations/{north}/tenants?status=deleted"), &world.admin).await.ok();
    for (index, desired) in [(0, "not_initialized"), (1, "deleted")] {
        let workspace = &deleted[index];
        assert_eq!((&workspace["status"], &workspace["desired_state"]), (&json!("deleted"), &json!(desired)));
    }
    assert_eq!(deleted[1]["status_updated"], deleted[1]["updated"]);
    let off =
        world.get(&format!("/organizations/{north}/tenants?status=deactivated"), &world.admin).await.ok();
    assert_eq!(off[0]["desired_state"], "deactivated");
}

#[tokio::test]
async fn a_member_sees_what_it_may_enter_and_an_administrator_all() {
    let world = World::start().await;
    let (ada, bob) = (world.user("ada").await, world.user("bob").await);
    let north = world.organization(&ada, "North Sea").await;
    for name in ["One", "Two"] {
        make(&world, &ada, &north, name, WorkspaceChange::default()).await;
    }
    let organization = OrganizationRef::parse(&north);
    let role = BuiltinRole::OrganizationMember;
    world.core.add_organization_user(&world.admin.caller, organization, bob.id(), role).await.unwrap();
    let path = format!("/organizations/{north}/tenants");
    assert_eq!(world.get(&path, &bob).await.ok(), json!([]));
    let viewer = vec![RoleName::Builtin(BuiltinRole::WorkspaceViewer)];
    let one = target(&north, "one");
    world.core.add_user(&ada.caller, one, Person::Id(bob.id()), viewer).await.unwrap();
    assert_eq!(world.get(&path, &bob).await.all("name"), ["one"]);
    for all in [&ada, &world.admin] {
        assert_eq!(world.get(&path, all).await.all("name"), ["two", "one", "default"]);
    }
}

/// Whoever has left the organization is nobody that its members may know.
#[tokio::test]
async fn somebody_unknown_shows_as_an_id() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let north = world.organization(&ada, "North Sea").await;
    let (core, root) = (&world.core, &world.admin);
    make(&world, root, &north, "Foreign", WorkspaceChange::default()).await;
    let owner = async || {
        let list = world.get(&format!("/organizations/{north}/tenants"), &ada).await.ok();
        list[0]["owner"].clone()
    };
    assert_eq!(owner().await["username"], "root");
    let owners = vec![RoleName::Builtin(BuiltinRole::WorkspaceOwner)];
    let foreign = || target(&north, "foreign");
    core.add_user(&ada.caller, foreign(), Person::Id(ada.id()), owners).await.unwrap();
    core.remove_workspace_user(&ada.caller, foreign(), root.id(), None).await.unwrap();
    let id = root.id().to_string();
    let unknown = owner().await;
    assert_eq!((&unknown["id"], &unknown["username"]), (&json!(id), &json!(id)));
    assert_eq!((&unknown["email"], &unknown["name"]), (&json!(null), &json!(null)));
}
