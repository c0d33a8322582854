//! `/rbac`: what the servers of workspaces ask about people and resources.

use serde_json::{Value, json};
use tenantry_core::authz::{OrganizationRef, WorkspaceRef};
use tenantry_core::grant::{Person, RoleName};
use tenantry_core::permission::{BuiltinRole, Level, Permission, PermissionSet};
use tenantry_core::resource::ContentRights;
use tenantry_core::role::NewRole;

use tenantry_testkit::Member;

use crate::world::{Answer, World};

const STACK: &str = "0190b0a0-0000-7000-8000-0000000000aa";
const OTHER: &str = "0190b0a0-0000-7000-8000-0000000000bb";

/// An enrolled workspace with its server, and people with roles in it.
struct Scene {
    world: World,
    north: String,
    workspace: String,
    server: String,
    ada: Member,
    editor: Member,
    viewer: Member,
    outsider: Member,
}

impl Scene {
    async fn set() -> Self {
        let world = World::start().await;
        let ada = world.user("ada").await;
        let north = world.organization(&ada, "North").await;
        let body = json!({"name": "reservoirs", "organization_id": north});
        let made = world.json("POST", "/workspaces?enroll=True", &ada.token, &body).await.ok();
        let (workspace, key) = (made["id"].as_str().unwrap(), made["enrollment_key"].as_str().unwrap());
        let form = format!("client_id={workspace}&client_secret={key}");
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let token = world.send("POST", "/auth/login", &headers, &form).await.ok();
        let server = token["access_token"].as_str().unwrap().to_owned();
        let (editor, viewer) = (world.user("ed").await, world.user("vi").await);
        let outsider = world.user("out").await;
        let target = (OrganizationRef::parse(&north), WorkspaceRef::parse(workspace));
        for (member, role) in
            [(&editor, BuiltinRole::WorkspaceEditor), (&viewer, BuiltinRole::WorkspaceViewer)]
        {
            let organization = OrganizationRef::parse(&north);
            let root = &world.admin.caller;
            let id = member.caller.principal;
            let member_role = BuiltinRole::OrganizationMember;
            world.core.add_organization_user(root, organization, id, member_role).await.unwrap();
            let roles = vec![RoleName::Builtin(role)];
            world.core.add_user(&ada.caller, target.clone(), Person::Id(id), roles).await.unwrap();
        }
        let workspace = workspace.to_owned();
        Self { world, north, workspace, server, ada, editor, viewer, outsider }
    }

    async fn check(&self, who: &Member, action: &str, resources: &Value) -> Answer {
        let path = format!("/rbac/check_permissions?user_id={}&action={action}", who.caller.principal);
        self.world.json("POST", &path, &self.server, resources).await
    }

    /// Whether somebody may do something with every resource of this type.
    async fn may(&self, who: &Member, action: &str, resource: &str) -> bool {
        self.check(who, action, &json!([resource])).await.ok()[resource].as_bool().unwrap()
    }

    async fn allowed(&self, who: &Member, action: &str, resource: &str) -> Value {
        let user = who.caller.principal;
        let query = format!("user_id={user}&action={action}&resource={resource}");
        let server = self.world.core.member(&self.server).await;
        self.world.get(&format!("/rbac/allowed_resource_ids?{query}"), &server).await.ok()
    }

    async fn share(&self, by: &Member, with: &Member, resource: &str, actions: &[&str]) -> Answer {
        let body = json!({
            "user_id": with.caller.principal.to_string(),
            "team_id": null,
            "sharing_user_id": by.caller.principal.to_string(),
            "resource": resource,
            "actions": actions,
        });
        self.world.json("POST", "/rbac/resource_members", &self.server, &body).await
    }
}

#[tokio::test]
async fn roles_in_a_workspace_hold_inside_its_server() {
    let scene = Scene::set().await;
    let pipeline = format!("{OTHER}:pipeline");
    for (action, resource, expected) in [
        ("read", "stack", [true, true, true, false]),
        ("read", pipeline.as_str(), [true, true, true, false]),
        ("create", "stack", [true, true, false, false]),
        ("delete", pipeline.as_str(), [true, true, false, false]),
        ("read_secret_value", "secret", [true, true, false, false]),
        ("client", "service_connector", [true, true, false, false]),
        ("create", "project", [true, false, false, false]),
        ("create", "service_account", [true, false, false, false]),
        ("backup_restore", "secret", [true, false, false, false]),
        ("share", "stack", [true, false, false, false]),
    ] {
        let people = [&scene.ada, &scene.editor, &scene.viewer, &scene.outsider];
        for (who, expected) in people.into_iter().zip(expected) {
            let told = (action, resource, &who.caller.principal);
            assert_eq!(scene.may(who, action, resource).await, expected, "{told:?}");
            let ids = json!({"full_access": expected, "ids": []});
            assert_eq!(scene.allowed(who, action, resource).await, ids, "{told:?}");
        }
    }
    // Whoever is suspended may nothing from the next question on.
    let id = scene.editor.caller.principal;
    scene.world.core.set_suspended(&scene.world.admin.caller, id, true).await.unwrap();
    assert!(!scene.may(&scene.editor, "read", "stack").await);
}

#[tokio::test]
async fn resources_are_shared_one_by_one() {
    let scene = Scene::set().await;
    let stack = format!("stack/{STACK}");
    let other = format!("stack/{OTHER}");
    scene.share(&scene.ada, &scene.viewer, &stack, &["update", "share"]).await.ok();
    let both = scene.check(&scene.viewer, "update", &json!([stack, other, "stack"])).await.ok();
    assert_eq!(both, json!({&stack: true, &other: false, "stack": false}));
    let ids = json!({"full_access": false, "ids": [STACK]});
    assert_eq!(scene.allowed(&scene.viewer, "update", "stack").await, ids);
    assert_eq!(scene.allowed(&scene.viewer, "delete", "stack").await["ids"], json!([]));
    let server = scene.world.core.member(&scene.server).await;
    let members = scene.world.get(&format!("/rbac/resource_members?resource={stack}"), &server).await.ok();
    assert_eq!(
        (&members[0]["user"]["username"], &members[0]["actions"]),
        (&json!("vi"), &json!(["update", "share"]))
    );
    // Who got it may share it on, for what it was shared for, and for no more.
    scene.share(&scene.viewer, &scene.editor, &stack, &["update"]).await.ok();
    assert_eq!(scene.share(&scene.viewer, &scene.editor, &stack, &["delete"]).await.status, 403);
    assert_eq!(scene.share(&scene.editor, &scene.viewer, &stack, &["read"]).await.status, 403);
    assert_eq!(scene.share(&scene.outsider, &scene.viewer, &stack, &["read"]).await.status, 403);
    assert_eq!(scene.share(&scene.ada, &scene.outsider, &stack, &["read"]).await.status, 422);
    assert_eq!(scene.share(&scene.ada, &scene.viewer, "stack", &["read"]).await.status, 422);
    // Taken back, or gone.
    scene.share(&scene.ada, &scene.viewer, &stack, &[]).await.ok();
    assert_eq!(scene.allowed(&scene.viewer, "update", "stack").await["ids"], json!([]));
    scene.share(&scene.ada, &scene.viewer, &other, &["update"]).await.ok();
    let gone = format!("/rbac/resources?resources={other}&resources={stack}");
    scene.world.json("DELETE", &gone, &scene.server, &Value::Null).await.ok();
    assert_eq!(scene.allowed(&scene.viewer, "update", "stack").await["ids"], json!([]));
}

/// Who manages people shares no more than they hold.
#[tokio::test]
async fn nobody_shares_what_they_lack() {
    let scene = Scene::set().await;
    let core = &scene.world.core;
    let place = (OrganizationRef::parse(&scene.north), WorkspaceRef::parse(&scene.workspace));
    let new = NewRole {
        id: None,
        level: Level::Workspace,
        title: "People".to_owned(),
        description: None,
        permissions: PermissionSet::of(&[Permission::ReadWorkspace, Permission::ManageWorkspaceUsers]),
        content: ContentRights::NONE,
    };
    let role = core.create_role(&scene.ada.caller, place.clone(), new).await.unwrap();
    let (who, organization) = (scene.outsider.caller.principal, OrganizationRef::parse(&scene.north));
    let member = BuiltinRole::OrganizationMember;
    core.add_organization_user(&scene.world.admin.caller, organization, who, member).await.unwrap();
    let roles = vec![RoleName::Id(role.id)];
    core.add_user(&scene.ada.caller, place, Person::Id(who), roles).await.unwrap();
    let secret = format!("secret/{STACK}");
    let refused = scene.share(&scene.outsider, &scene.outsider, &secret, &["read_secret_value"]).await;
    assert_eq!(refused.status, 403);
    scene.share(&scene.ada, &scene.viewer, &secret, &["read_secret_value"]).await.ok();
    // Nor do they take it from others.
    assert_eq!(scene.share(&scene.outsider, &scene.viewer, &secret, &[]).await.status, 403);
}

#[tokio::test]
async fn a_server_asks_about_its_own_workspace_alone() {
    let scene = Scene::set().await;
    let ask = format!("user_id={}&action=read", scene.ada.caller.principal);
    let path = format!("/rbac/check_permissions?{ask}");
    let people = scene.world.json("POST", &path, &scene.ada.token, &json!(["stack"])).await;
    assert_eq!(people.status, 403);
    for (query, body) in [
        ("action=read", json!(["stack"])),
        ("user_id=x&action=read", json!(["stack"])),
        (ask.as_str(), json!(["horse"])),
        (ask.as_str(), json!(["pipeline"])),
        (ask.as_str(), json!({})),
        (ask.replace("read", "ride").as_str(), json!(["stack"])),
    ] {
        let path = format!("/rbac/check_permissions?{query}");
        let refused = scene.world.json("POST", &path, &scene.server, &body).await;
        assert_eq!(refused.status, 422, "{query} {body}: {refused:?}");
    }
    let server = scene.world.core.member(&scene.server).await;
    let older = format!("/rbac/check_permissions?{ask}&resources=stack&resources=tag");
    assert_eq!(scene.world.get(&older, &server).await.ok(), json!({"stack": true, "tag": true}));
    // A deactivated workspace answers its server nothing.
    let off = format!("/workspaces/{}/deactivate", scene.workspace);
    scene.world.json("PATCH", &off, &scene.ada.token, &Value::Null).await.ok();
    assert_eq!(scene.check(&scene.ada, "read", &json!(["stack"])).await.status, 403);
    let gone = format!("/organizations/{}", scene.north);
    scene.world.json("DELETE", &gone, &scene.ada.token, &Value::Null).await.ok();
    assert!(matches!(scene.check(&scene.ada, "read", &json!(["stack"])).await.status, 401 | 404));
}

/// Custom roles hold pairs, which are written like permissions.
#[tokio::test]
async fn a_custom_role_holds_what_is_inside() {
    let scene = Scene::set().await;
    let pair = |resource: &str, action: &str| json!({"resource": resource, "action": action});
    let body = json!({
        "name": "Stacker",
        "organization_id": scene.north,
        "level": "workspace",
        "permissions": [pair("stack", "create"), pair("workspace", "read"), pair("project", "read")],
    });
    let made = scene.world.json("POST", "/roles", &scene.ada.token, &body).await.ok();
    let path = format!("/roles/{}", made["id"].as_str().unwrap());
    let shown = [pair("workspace", "read"), pair("project", "read"), pair("stack", "create")];
    assert_eq!(made["permissions"], json!(shown));
    let user = scene.viewer.caller.principal;
    let give = format!("{path}/assignments?user_id={user}&workspace_id={}", scene.workspace);
    assert!(!scene.may(&scene.viewer, "create", "stack").await);
    scene.world.ask("POST", &give, &scene.ada.token).await.ok();
    assert!(scene.may(&scene.viewer, "create", "stack").await);
    assert!(!scene.may(&scene.viewer, "delete", "stack").await);
    assert!(!scene.may(&scene.viewer, "create", "flavor").await);
    let change = json!({
        "add_permissions": [pair("flavor", "create"), pair("tag", "delete")],
        "remove_permissions": [pair("stack", "create"), pair("project", "read")],
    });
    let changed = scene.world.json("PATCH", &path, &scene.ada.token, &change).await.ok();
    let shown = [pair("workspace", "read"), pair("flavor", "create"), pair("tag", "delete")];
    assert_eq!(changed["permissions"], json!(shown));
    assert!(scene.may(&scene.viewer, "create", "flavor").await);
    assert!(!scene.may(&scene.viewer, "create", "stack").await);
    let listed = format!("/organizations/{}/roles", scene.north);
    for (query, found) in [
        ("resource=flavor&action=create", true),
        ("resource=flavor", true),
        ("action=create&resource=tag", false),
        ("resource=tag&action=ride", false),
    ] {
        let roles = scene.world.get(&format!("{listed}?{query}"), &scene.ada).await.all("name");
        assert_eq!(roles.iter().any(|name| name == "Stacker"), found, "{query}: {roles:?}");
    }
    // An unknown pair is refused where it stands, and one that roles of the level do not hold.
    let wrong = json!({"add_permissions": [pair("tag", "read"), pair("tag", "ride")]});
    let refused = scene.world.json("PATCH", &path, &scene.ada.token, &wrong).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.body["detail"][0]["loc"], json!(["body", "add_permissions", 1]));
    let organization = json!({
        "name": "Wide",
        "organization_id": scene.north,
        "permissions": [pair("stack", "create")],
    });
    assert_eq!(scene.world.json("POST", "/roles", &scene.ada.token, &organization).await.status, 422);
    // What may be held is listed, each once.
    let all = scene.world.get("/permissions?level=workspace", &scene.ada).await.ok();
    let all = all.as_array().unwrap();
    let times = |wanted: &Value| all.iter().filter(|it| *it == wanted).count();
    for wanted in [pair("stack", "create"), pair("project", "read"), pair("content", "read")] {
        assert_eq!(times(&wanted), 1, "{wanted}");
    }
    let of_organizations = scene.world.get("/permissions", &scene.ada).await.ok();
    assert!(!of_organizations.as_array().unwrap().contains(&pair("stack", "create")));
}

/// The vendor's further built-in roles, by the names that its documentation has for them.
#[tokio::test]
async fn built_in_roles_hold_what_is_inside() {
    let scene = Scene::set().await;
    let listed = format!("/organizations/{}/roles?system_managed=True", scene.north);
    let roles = scene.world.get(&listed, &scene.ada).await.ok();
    let roles = roles.as_array().unwrap();
    let called = |name: &str| roles.iter().find(|role| role["name"] == name).unwrap();
    for (name, level) in [
        ("Billing Admin", "organization"),
        ("Workspace Contributor", "workspace"),
        ("Stack Admin", "workspace"),
        ("Project Admin", "project"),
        ("Project Developer", "project"),
        ("Project Contributor", "project"),
        ("Project Viewer", "project"),
    ] {
        assert_eq!(
            (&called(name)["level"], &called(name)["type"]),
            (&json!(level), &json!("normal")),
            "{name}"
        );
    }
    let pipeline = format!("{OTHER}:pipeline");
    for (name, may) in [
        ("Workspace Contributor", [true, false, false, false, true]),
        ("Stack Admin", [true, true, false, false, false]),
    ] {
        let (user, role) = (scene.viewer.caller.principal, called(name)["id"].as_str().unwrap());
        let path = format!("/roles/{role}/assignments?user_id={user}&workspace_id={}", scene.workspace);
        scene.world.ask("POST", &path, &scene.ada.token).await.ok();
        let asked = [
            ("create", "stack"),
            ("update", "stack"),
            ("create", &*pipeline),
            ("delete", &*pipeline),
            ("create", "tag"),
        ];
        for ((action, resource), expected) in asked.into_iter().zip(may) {
            assert_eq!(
                scene.may(&scene.viewer, action, resource).await,
                expected,
                "{name} {action} {resource}"
            );
        }
        scene.world.ask("DELETE", &path, &scene.ada.token).await.ok();
        // Nobody changes what is built in.
        let change = json!({"add_permissions": [{"resource": "tag", "action": "update"}]});
        let refused = scene.world.json("PATCH", &format!("/roles/{role}"), &scene.ada.token, &change).await;
        assert_eq!(refused.status, 403);
    }
    let reserved = json!({"name": "stack admin", "organization_id": scene.north, "level": "workspace"});
    assert_eq!(scene.world.json("POST", "/roles", &scene.ada.token, &reserved).await.status, 409);
}

/// Roles in a project of the server, made, given, listed and taken as the vendor's own page does it.
#[tokio::test]
async fn roles_are_given_in_projects() {
    let scene = Scene::set().await;
    let (world, ada) = (&scene.world, &scene.ada.token);
    let (root, member) = (&world.admin.caller, BuiltinRole::OrganizationMember);
    let newcomer = scene.outsider.caller.principal;
    let north = OrganizationRef::parse(&scene.north);
    world.core.add_organization_user(root, north, newcomer, member).await.unwrap();
    let pipelines = format!("{STACK}:pipeline");
    let elsewhere = format!("{OTHER}:pipeline");
    let role = json!({
        "name": "Operator",
        "organization_id": scene.north,
        "level": "project",
        "permissions": [
            {"resource": "pipeline", "action": "read"},
            {"resource": "project", "action": "read"},
            {"resource": "pipeline_run", "action": "create"},
        ],
    });
    let role = world.json("POST", "/roles", ada, &role).await.ok();
    assert_eq!(role["level"], "project");
    let outside = json!({
        "name": "Wide",
        "organization_id": scene.north,
        "level": "project",
        "permissions": [{"resource": "stack", "action": "read"}],
    });
    assert_eq!(world.json("POST", "/roles", ada, &outside).await.status, 422);
    let given = format!("/roles/{}/assignments", role["id"].as_str().unwrap());
    let at = |workspace: &str, project: &str| format!("{given}?user_id={newcomer}{workspace}{project}");
    let (in_workspace, in_project) =
        (format!("&workspace_id={}", scene.workspace), format!("&project_id={STACK}"));
    // A project is one of a workspace, and a role of projects is given in one.
    assert_eq!(world.ask("POST", &at("", &in_project), ada).await.status, 422);
    assert_eq!(world.ask("POST", &at(&in_workspace, ""), ada).await.status, 403);
    assert_eq!(world.ask("POST", &at(&in_workspace, "&project_id=nothing"), ada).await.status, 422);
    let made = world.ask("POST", &at(&in_workspace, &in_project), ada).await.ok();
    assert_eq!((&made["workspace_id"], &made["project_id"]), (&json!(scene.workspace), &json!(STACK)));
    assert_eq!(world.ask("POST", &at(&in_workspace, &in_project), ada).await.status, 409);
    // It lets into the workspace, and counts in the project alone.
    let seen = world.get(&format!("/workspaces/{}", scene.workspace), &scene.outsider).await;
    assert_eq!(seen.ok()["id"], json!(scene.workspace));
    assert!(scene.may(&scene.outsider, "read", &pipelines).await);
    assert!(!scene.may(&scene.outsider, "read", &elsewhere).await);
    assert!(!scene.may(&scene.outsider, "read", "stack").await);
    let (full, ids) = ("full_access", "ids");
    let projects = scene.allowed(&scene.outsider, "read", "project").await;
    assert_eq!((&projects[full], &projects[ids]), (&json!(false), &json!([STACK])));
    let of_kind = scene.allowed(&scene.outsider, "read", &pipelines).await;
    assert_eq!(of_kind[full], json!(true));
    // It is listed by role, by workspace, and by project.
    for (query, rows) in [
        (String::new(), 1),
        (format!("?workspace_id={}", scene.workspace), 1),
        (format!("?workspace_id={}&project_id={STACK}", scene.workspace), 1),
        (format!("?workspace_id={}&project_id={OTHER}", scene.workspace), 0),
    ] {
        let listed = world.get(&format!("{given}{query}"), &scene.ada).await.ok();
        assert_eq!(listed.as_array().unwrap().len(), rows, "{query}");
    }
    let roles = format!(
        "/organizations/{}/roles?workspace_scope={}&project_scope={STACK}",
        scene.north, scene.workspace
    );
    let roles = world.get(&roles, &scene.ada).await.ok();
    let mut names: Vec<_> =
        roles.as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["Operator", "Project Admin", "Project Contributor", "Project Developer", "Project Viewer"]
    );
    // The server tells that the project is gone.
    let gone = format!("/rbac/resources?resources=project/{STACK}");
    world.ask("DELETE", &gone, &scene.server).await.ok();
    assert_eq!(world.ask("DELETE", &at(&in_workspace, &in_project), ada).await.status, 404);
    assert!(!scene.may(&scene.outsider, "read", &pipelines).await);
    let unseen = world.get(&format!("/workspaces/{}", scene.workspace), &scene.outsider).await;
    assert_eq!(unseen.status, 404);
}

/// The client shows the place of what is wrong.
#[tokio::test]
async fn what_is_wrong_is_told_where_it_stands() {
    let scene = Scene::set().await;
    let user = scene.ada.caller.principal;
    let nil = "00000000-0000-0000-0000-000000000000";
    let checked = format!("/rbac/check_permissions?user_id={user}&action=read&resources={nil}:pipeline");
    let wrong = format!("/rbac/allowed_resource_ids?user_id={user}&action=read&resource=horse");
    let whole = format!("/rbac/allowed_resource_ids?user_id={user}&action=read&resource=stack/{STACK}");
    for (method, path, place) in [
        ("GET", "/rbac/check_permissions?action=read", json!(["query", "user_id"])),
        ("GET", &*format!("/rbac/check_permissions?user_id={user}"), json!(["query", "action"])),
        ("GET", &checked, json!(["query", "resources"])),
        (
            "GET",
            &format!("/rbac/allowed_resource_ids?user_id={user}&action=read"),
            json!(["query", "resource"]),
        ),
        ("GET", &wrong, json!(["query", "resource"])),
        ("GET", &whole, json!(["query", "resource"])),
        ("GET", "/rbac/resource_members", json!(["query", "resource"])),
        ("DELETE", "/rbac/resources?resources=horse", json!(["query", "resources"])),
        ("DELETE", "/rbac/resources", json!(["query", "resources"])),
        ("GET", "/users/authorize_server", json!(["query", "server_id"])),
        ("DELETE", "/workspaces", json!(["query", "workspace_id"])),
    ] {
        let answer = scene.world.ask(method, path, &scene.server).await;
        assert_eq!((answer.status, &answer.body["detail"][0]["loc"]), (422, &place), "{method} {path}");
    }
    let share = json!({
        "user_id": user.to_string(),
        "sharing_user_id": user.to_string(),
        "resource": format!("{nil}:pipeline/{STACK}"),
        "actions": ["read"],
    });
    let answer = scene.world.json("POST", "/rbac/resource_members", &scene.server, &share).await;
    assert_eq!((answer.status, &answer.body["detail"][0]["loc"]), (422, &json!(["body", "resource"])));
    let of_items = [
        ("/rbac/check_permissions", json!([1]), json!(["body", 0])),
        ("/rbac/check_permissions", json!(["stack", "x:stack"]), json!(["body", 1])),
        ("/rbac/check_permissions", json!(["stack", "\u{0}"]), json!(["body", 1])),
    ];
    for (path, body, place) in of_items {
        let path = format!("{path}?user_id={user}&action=read");
        let answer = scene.world.json("POST", &path, &scene.server, &body).await;
        assert_eq!((answer.status, &answer.body["detail"][0]["loc"]), (422, &place), "{body}");
    }
    let event = json!({"organization_id": scene.north, "feature": "run", "total": 1});
    for (member, value) in
        [("total", json!(2_000_000)), ("total", json!(null)), ("feature", json!("")), ("total", json!("x"))]
    {
        let mut wrong = event.clone();
        wrong[member] = value;
        let answer = scene.world.json("POST", "/usage-event", &scene.server, &wrong).await;
        assert_eq!(
            (answer.status, &answer.body["detail"][0]["loc"]),
            (422, &json!(["body", member])),
            "{wrong}"
        );
        let answer = scene.world.json("POST", "/usage-batch", &scene.server, &json!([event, wrong])).await;
        assert_eq!(
            (answer.status, &answer.body["detail"][0]["loc"]),
            (422, &json!(["body", 1, member])),
            "{wrong}"
        );
    }
    let long = "x".repeat(80);
    for (path, field) in [
        (format!("/organizations/{}/validation/workspace_name/{long}", scene.north), "name"),
        (format!("/organizations/validation/name/{long}"), "name"),
        (format!("/organizations/{}/entitlement/{long}", scene.north), "feature"),
    ] {
        let answer = scene.world.get(&path, &scene.ada).await;
        assert_eq!(
            (answer.status, &answer.body["detail"][0]["loc"]),
            (422, &json!(["path", field])),
            "{path}"
        );
    }
    let answer = scene.world.json("PUT", "/devices/verify", &scene.ada.token, &json!({})).await;
    let told = (&answer.body["detail"][0]["loc"], &answer.body["detail"][0]["msg"]);
    assert_eq!(told, (&json!(["body", "user_code"]), &json!("Field required")));
    let long = format!("/workspaces?name={}", "x".repeat(51));
    let answer = scene.world.json("POST", &long, &scene.ada.token, &json!({})).await;
    assert_eq!((answer.status, &answer.body["detail"][0]["loc"]), (422, &json!(["query", "name"])));
}
