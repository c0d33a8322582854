//! `/roles`, their assignments, `/permissions`, and who has roles.

use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn a_list_has_every_role_and_is_filtered() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let org = world.organization(&ada, "North Sea").await;
    let bob = world.member_of(&org, "bob").await;
    world.tick();
    let body = json!({
        "name": "Night Watch",
        "organization_id": org,
        "level": "workspace",
        "permissions": [{ "resource": "workspace", "action": "read" }],
    });
    let made = world.json("POST", "/roles", &ada.token, &body).await.ok();
    let expected = json!({
        "id": made["id"],
        "name": "Night Watch",
        "description": null,
        "organization_id": org,
        "level": "workspace",
        "system_managed": false,
        "type": "normal",
        "permissions": [{ "resource": "workspace", "action": "read" }],
    });
    assert_eq!(made, expected);
    let list = |query: &str| format!("/organizations/{org}/roles?{query}");
    let all = world.get(&list(""), &bob).await.all("name");
    assert_eq!((all.len(), &*all[0]), (15, "Night Watch"));
    for name in ["Organization Admin", "Organization Manager", "Workspace Developer", "Workspace Viewer"] {
        assert!(all.iter().any(|it| it == name), "{name}");
    }
    let team = world.team(&ada.token, &org, "Tides").await;
    let viewer = world.role(&ada.token, &org, "Organization Viewer").await;
    world.ask("POST", &format!("/roles/{viewer}/assignments?team_id={team}"), &ada.token).await.ok();
    for (query, expected) in [
        ("system_managed=False".to_owned(), vec!["Night Watch"]),
        ("level=workspace&system_managed=true&name=Workspace%20Viewer".into(), vec!["Workspace Viewer"]),
        (
            "level=project".into(),
            vec!["Project Admin", "Project Developer", "Project Contributor", "Project Viewer"],
        ),
        ("type=share".into(), vec![]),
        (format!("user_id={}", bob.id()), vec!["Organization Member"]),
        ("assigned_to_current_user=True".into(), vec!["Organization Member"]),
        (format!("team_id={team}"), vec!["Organization Viewer"]),
        ("resource=organization&action=delete".into(), vec!["Organization Admin"]),
        ("resource=moon".into(), vec![]),
        ("limit=0".into(), vec![]),
    ] {
        assert_eq!(world.get(&list(&query), &bob).await.all("name"), expected, "{query}");
    }
    for wrong in ["level=moon", "type=odd", "user_id=bob", "system_managed=maybe", "limit=101"] {
        assert_eq!(world.get(&list(wrong), &bob).await.status, 422, "{wrong}");
    }
    let twice = list(&format!("assigned_to_current_user=True&user_id={}", bob.id()));
    assert_eq!(world.get(&twice, &bob).await.status, 422);
}

#[tokio::test]
async fn a_custom_role_changes_and_goes() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let org = world.organization(&ada, "North Sea").await;
    let bob = world.member_of(&org, "bob").await;
    let permission = |action: &str, resource: &str| json!({ "resource": resource, "action": action });
    let body = json!({
        "name": "Scout",
        "organization_id": org,
        "permissions": [permission("read", "organization"), permission("read", "team")],
    });
    let made = world.json("POST", "/roles", &ada.token, &body).await.ok();
    assert_eq!(made["level"], "organization");
    let path = format!("/roles/{}", made["id"].as_str().unwrap());
    let change = json!({
        "description": "Looks around.",
        "add_permissions": [permission("read", "organization_role")],
        "remove_permissions": [permission("read", "team")],
    });
    let changed = world.json("PATCH", &path, &ada.token, &change).await.ok();
    let expected = [permission("read", "organization"), permission("read", "organization_role")];
    assert_eq!(changed["permissions"], json!(expected));
    assert_eq!(changed["description"], "Looks around.");
    assert_eq!(world.get(&path, &bob).await.ok(), changed);
    assert_eq!(world.json("PATCH", &path, &bob.token, &json!({ "name": "Mine" })).await.status, 403);
    let unknown = json!({ "permissions": [permission("read", "organization"), permission("read", "moon")] });
    let refused = world.json("PATCH", &path, &ada.token, &unknown).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.body["detail"][0]["loc"], json!(["body", "permissions", 1]));
    for name in ["organization admin", "Workspace Viewer"] {
        let body = json!({ "name": name, "organization_id": org });
        assert_eq!(world.json("POST", "/roles", &ada.token, &body).await.status, 409, "{name}");
    }
    assert_eq!(world.json("POST", "/roles", &ada.token, &body).await.status, 409);
    let on_the_server = json!({ "name": "P", "organization_id": org, "level": "server" });
    assert_eq!(world.json("POST", "/roles", &ada.token, &on_the_server).await.status, 422);
    let admin = world.role(&ada.token, &org, "Organization Admin").await;
    let builtin = json!(["IllegalOperationError", "built-in roles cannot be changed"]);
    world.ask("DELETE", &format!("/roles/{admin}"), &ada.token).await.refused(403, &builtin);
    // Deleted, it is taken from who has it.
    world.ask("POST", &format!("{path}/assignments?user_id={}", bob.id()), &ada.token).await.ok();
    assert_eq!(world.ask("DELETE", &path, &ada.token).await.ok(), json!(null));
    world.get(&path, &ada).await.refused(404, &json!(["KeyError", "role not found"]));
    let held = format!("/organizations/{org}/roles?assigned_to_current_user=True");
    assert_eq!(world.get(&held, &bob).await.all("name"), ["Organization Member"]);
}

#[tokio::test]
async fn roles_are_given_and_taken_by_the_query() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let org = world.organization(&ada, "North Sea").await;
    let bob = world.member_of(&org, "bob").await;
    let workspace = world.core.workspace(&ada, tenantry_core::ids::OrganizationId::parse(&org).unwrap(), "W");
    let workspace = workspace.await.id.to_string();
    let viewer = world.role(&ada.token, &org, "Workspace Viewer").await;
    let member = world.role(&ada.token, &org, "Organization Member").await;
    let manager = world.role(&ada.token, &org, "Organization Manager").await;
    let admin = world.role(&ada.token, &org, "Organization Admin").await;
    let given = format!("/roles/{viewer}/assignments?user_id={}&workspace_id={workspace}", bob.id());
    let made = world.ask("POST", &given, &ada.token).await.ok();
    assert_eq!(made["user"]["username"], "bob");
    assert_eq!(made["role"]["name"], "Workspace Viewer");
    let rest = ["team", "invitation", "project_id"].map(|name| made[name].clone());
    assert_eq!(rest, [Value::Null, Value::Null, Value::Null]);
    assert_eq!((&made["organization_id"], &made["workspace_id"]), (&json!(org), &json!(workspace)));
    world
        .ask("POST", &given, &ada.token)
        .await
        .refused(409, &json!(["EntityExistsError", "the role is given already"]));
    let elsewhere = json!(["IllegalOperationError", "the role is not one that is given at this place"]);
    let (of_bob, of_ada) = (format!("user_id={}", bob.id()), format!("user_id={}", ada.id()));
    for wrong in [
        format!("/roles/{viewer}/assignments?{of_bob}"),
        format!("/roles/{member}/assignments?{of_bob}&workspace_id={workspace}"),
    ] {
        world.ask("POST", &wrong, &ada.token).await.refused(403, &elsewhere);
    }
    let list = format!("/roles/{viewer}/assignments");
    assert_eq!(world.get(&list, &ada).await.ok(), json!([made]));
    assert_eq!(world.get(&format!("{list}?workspace_id={workspace}"), &bob).await.ok(), json!([made]));
    // Nobody takes the owner's role from the owner, nor the last one from anybody.
    for (role, who) in [(&admin, &of_ada), (&member, &of_bob)] {
        let taken = world.ask("DELETE", &format!("/roles/{role}/assignments?{who}"), &ada.token).await;
        assert_eq!((taken.status, &taken.body["detail"][0]), (403, &json!("IllegalOperationError")));
    }
    let of_manager = format!("/roles/{manager}/assignments?{of_bob}");
    assert_eq!(world.ask("POST", &of_manager, &bob.token).await.status, 403);
    world.ask("POST", &of_manager, &ada.token).await.ok();
    world.ask("DELETE", &format!("/roles/{member}/assignments?{of_bob}"), &ada.token).await.ok();
    // Who manages hands out no more than that.
    let exceeds = world.ask("POST", &format!("/roles/{admin}/assignments?{of_bob}"), &bob.token).await;
    assert_eq!(exceeds.status, 403);
    assert_eq!(world.ask("DELETE", &given, &ada.token).await.ok(), json!(null));
    world.ask("DELETE", &given, &ada.token).await.refused(404, &json!(["KeyError", "assignment not found"]));
    let none = format!("/roles/{member}/assignments");
    let expected = json!(["ValueError", "expected exactly one of user_id, team_id and invitation_id"]);
    world.ask("POST", &none, &ada.token).await.refused(400, &expected);
    world.ask("POST", &format!("{none}?{of_bob}&team_id={org}"), &ada.token).await.refused(400, &expected);
    let project = world.ask("POST", &format!("{none}?{of_bob}&project_id={org}"), &ada.token).await;
    assert_eq!(project.body["detail"][0]["loc"], json!(["query", "workspace_id"]));
}

#[tokio::test]
async fn permissions_are_listed_by_level() {
    let world = World::start().await;
    let all = world.get("/permissions", &world.admin).await.ok();
    let of_workspaces = world.get("/permissions?level=workspace", &world.admin).await.ok();
    let (all, some) = (all.as_array().unwrap(), of_workspaces.as_array().unwrap());
    // A role of workspaces holds what is inside servers, too; one of organizations nothing but permissions.
    let content = json!({ "resource": "workspace", "action": "read" });
    assert!(all.contains(&content) && some.contains(&content));
    let inside = json!({ "resource": "pipeline_run", "action": "prune" });
    assert!(!all.contains(&inside) && some.contains(&inside));
    let people = json!({ "resource": "organization_user", "action": "read" });
    assert!(all.contains(&people) && !some.contains(&people));
    assert!(all.contains(&json!({ "resource": "organization_user", "action": "manage" })));
    assert!(!all.iter().any(|it| it["resource"] == "server"), "nothing of the server is given here");
    assert_eq!(world.get("/permissions?level=moon", &world.admin).await.status, 422);
}

#[tokio::test]
async fn members_are_all_who_have_a_role() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let org = world.organization(&ada, "North Sea").await;
    world.tick();
    let bob = world.member_of(&org, "bob").await;
    world.tick();
    world.robot(&ada, &org).await;
    world.tick();
    let team = world.team(&ada.token, &org, "Tides").await;
    let viewer = world.role(&ada.token, &org, "Organization Viewer").await;
    world.ask("POST", &format!("/roles/{viewer}/assignments?team_id={team}"), &ada.token).await.ok();
    world.tick();
    let invite = json!({ "email": "eve@tenantry.example", "role_id": viewer });
    world.json("POST", &format!("/organizations/{org}/invitations"), &ada.token, &invite).await.ok();
    let path = format!("/organizations/{org}/members");
    let all = world.get(&path, &ada).await.ok();
    let named = |all: &Value| -> Vec<String> {
        let name = |it: &Value| {
            let names = [&it["user"]["username"], &it["team"]["name"], &it["invitation"]["email"]];
            names.iter().find_map(|name| name.as_str()).unwrap().to_owned()
        };
        all.as_array().unwrap().iter().map(name).collect()
    };
    assert_eq!(named(&all), ["eve@tenantry.example", "Tides", "robot", "bob", "ada"]);
    assert_eq!(all[4]["roles"][0]["name"], "Organization Admin");
    assert_eq!(all[0]["invitation"]["role"]["name"], "Organization Viewer");
    let some = world.get(&format!("{path}?include_users=False&include_invitations=False"), &ada).await.ok();
    assert_eq!(named(&some), ["Tides", "robot"]);
    let people = format!("{path}?include_service_accounts=False&include_teams=False&offset=1&limit=1");
    assert_eq!(named(&world.get(&people, &ada).await.ok()), ["bob"]);
    assert_eq!(named(&world.get(&format!("{path}?role_id={viewer}"), &bob).await.ok()), ["Tides"]);
    assert_eq!(world.ask("DELETE", &path, &ada.token).await.status, 422);
    let gone = format!("{path}?user_id={}", bob.id());
    assert_eq!(world.ask("DELETE", &gone, &bob.token).await.status, 403);
    assert_eq!(world.ask("DELETE", &gone, &ada.token).await.ok(), json!(null));
    assert_eq!(world.ask("DELETE", &gone, &ada.token).await.status, 404);
    let owner = format!("{path}?user_id={}", ada.id());
    assert_eq!(world.ask("DELETE", &owner, &ada.token).await.status, 403);
    let robot = all[2]["user"]["id"].as_str().unwrap();
    assert_eq!(world.ask("DELETE", &format!("{path}?user_id={robot}"), &ada.token).await.status, 404);
}

/// A team is taken out of a workspace by who holds everything that it has there, or not at all.
#[tokio::test]
async fn a_team_leaves_a_workspace_whole() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let org = world.organization(&ada, "North Sea").await;
    let bob = world.member_of(&org, "bob").await;
    let id = tenantry_core::ids::OrganizationId::parse(&org).unwrap();
    let workspace = world.core.workspace(&ada, id, "W").await.id.to_string();
    let path = format!("/workspaces/{workspace}/members");
    let permission = |action: &str, resource: &str| json!({ "resource": resource, "action": action });
    let body = json!({
        "name": "Steward",
        "organization_id": org,
        "level": "workspace",
        "permissions": [
            permission("read", "workspace"),
            permission("read", "workspace_user"),
            permission("manage", "workspace_user"),
        ],
    });
    let steward = world.json("POST", "/roles", &ada.token, &body).await.ok()["id"].clone();
    let reads = json!({
        "name": "Reader", "organization_id": org, "level": "workspace", "permissions": [permission("read", "workspace")],
    });
    let reader = world.json("POST", "/roles", &ada.token, &reads).await.ok()["id"].clone();
    let team = world.team(&ada.token, &org, "Tides").await;
    let developer = world.role(&ada.token, &org, "Workspace Developer").await;
    for (holder, role) in [
        (format!("user_id={}", bob.id()), steward.as_str().unwrap()),
        (format!("team_id={team}"), reader.as_str().unwrap()),
        (format!("team_id={team}"), &developer),
    ] {
        world.tick();
        world.ask("POST", &format!("{path}?{holder}&role_id={role}"), &ada.token).await.ok();
    }
    let before = world.get(&path, &ada).await.ok();
    let leave = format!("{path}?team_id={team}");
    assert_eq!(world.ask("DELETE", &leave, &bob.token).await.status, 403);
    assert_eq!(world.get(&path, &ada).await.ok(), before, "all of it or nothing");
    world.ask("DELETE", &leave, &ada.token).await.ok();
    assert_eq!(world.get(&path, &ada).await.ok().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn workspaces_have_members_under_both_names() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let org = world.organization(&ada, "North Sea").await;
    let bob = world.member_of(&org, "bob").await;
    let id = tenantry_core::ids::OrganizationId::parse(&org).unwrap();
    let workspace = world.core.workspace(&ada, id, "W").await.id.to_string();
    world.tick();
    let (path, former) =
        (format!("/workspaces/{workspace}/members"), format!("/tenants/{workspace}/members"));
    assert_eq!(world.get(&path, &bob).await.status, 404);
    let made = world.ask("POST", &format!("{path}?user_id={}", bob.id()), &ada.token).await.ok();
    assert_eq!(made["role"]["name"], "Workspace Viewer");
    let list = world.get(&path, &bob).await.ok();
    assert_eq!(list[0]["user"]["username"], "bob");
    assert_eq!(list[1]["roles"][0]["name"], "Workspace Admin");
    assert_eq!(world.get(&former, &bob).await.ok(), list);
    let team = world.team(&ada.token, &org, "Tides").await;
    let developer = world.role(&ada.token, &org, "Workspace Developer").await;
    let with_team = format!("{former}?team_id={team}&role_id={developer}");
    assert_eq!(world.ask("POST", &with_team, &ada.token).await.ok()["team"]["name"], "Tides");
    assert_eq!(world.ask("DELETE", &format!("{path}?team_id={team}"), &ada.token).await.ok(), json!(null));
    assert_eq!(world.ask("DELETE", &format!("{path}?team_id={team}"), &ada.token).await.status, 404);
    let alone = world.ask("DELETE", &format!("{path}?user_id={}", ada.id()), &ada.token).await;
    assert_eq!((alone.status, &alone.body["detail"][0]), (400, &json!("ValueError")));
    world.ask("DELETE", &format!("{former}?user_id={}", bob.id()), &ada.token).await.ok();
    assert_eq!(world.get(&path, &bob).await.status, 404);
    let unknown = world.ask("POST", &format!("{path}?user_id={org}"), &ada.token).await;
    unknown.refused(404, &json!(["KeyError", "user not found"]));
}
