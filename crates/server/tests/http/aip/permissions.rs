//! Asking in advance what may be done.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{TestServer, both};

both!(
    tells_what_is_held_in_a_workspace,
    tells_what_is_held_in_an_organization,
    hides_what_may_not_be_known,
    refuses_bad_input,
);

const NORTHWIND: &str = "/api/v1/organizations/northwind";

async fn test(server: &TestServer, who: &str, target: &str, permissions: &Value) -> crate::harness::Answer {
    let path = format!("{NORTHWIND}{target}:testPermissions");
    server.send(who, Method::POST, &path, Some(json!({"permissions": permissions}))).await
}

async fn tells_what_is_held_in_a_workspace(server: &TestServer) {
    // `create:Workspace` is held on the way to the workspace, but there is nothing in a workspace that it is good for.
    let asked = json!(["delete:Workspace", "update:Workspace", "read:Workspace", "create:Workspace"]);
    for (who, workspace, held) in [
        ("ben", "north-sea", json!(["update:Workspace", "read:Workspace"])),
        ("cleo", "reservoir-models", json!(["read:Workspace"])),
        ("ada", "north-sea", json!(["delete:Workspace", "update:Workspace", "read:Workspace"])),
        ("root", "north-sea", json!(["delete:Workspace", "update:Workspace", "read:Workspace"])),
    ] {
        let answer = test(server, who, &format!("/workspaces/{workspace}"), &asked).await.expect(200);
        assert_eq!(answer, json!({"permissions": held}), "{who}");
    }
    let none = test(server, "cleo", "/workspaces/reservoir-models", &json!(["update:Content"])).await;
    assert_eq!(none.expect(200), json!({"permissions": []}));
}

async fn tells_what_is_held_in_an_organization(server: &TestServer) {
    let asked = json!(["manage:Server", "read:Workspace", "delete:Organization", "read:Organization"]);
    for (who, held) in [
        ("cleo", json!(["read:Organization"])),
        ("ada", json!(["read:Workspace", "delete:Organization", "read:Organization"])),
        ("oscar", json!(["read:Workspace", "read:Organization"])),
        ("root", json!(["read:Workspace", "delete:Organization", "read:Organization"])),
    ] {
        let answer = test(server, who, "", &asked).await.expect(200);
        assert_eq!(answer, json!({"permissions": held}), "{who}");
    }
}

/// That a permission is not held tells that there is something to hold it in, so it is not told to everybody.
async fn hides_what_may_not_be_known(server: &TestServer) {
    let asked = json!(["read:Workspace"]);
    test(server, "dan", "", &asked).await.expect(403);
    test(server, "cleo", "/workspaces/north-sea", &asked).await.expect(403);
    test(server, "cleo", "/workspaces/nowhere", &asked).await.expect(403);
    test(server, "ada", "/workspaces/nowhere", &asked).await.expect(404);
    test(server, "", "", &asked).await.expect(401);
}

async fn refuses_bad_input(server: &TestServer) {
    let read = "read:Workspace";
    for target in ["", "/workspaces/north-sea"] {
        for (permissions, field) in [
            (json!([read, read, read, "read:workspace"]), "permissions[3]"),
            (json!([read, 5]), "permissions[1]"),
            (json!([]), "permissions"),
            (json!(null), "permissions"),
            (json!(read), "permissions"),
            (json!(vec![read; 101]), "permissions"),
        ] {
            let refused = test(server, "ada", target, &permissions).await.expect(400);
            let violation = &refused["details"][1]["field_violations"][0];
            assert_eq!(violation["field"], field, "{target} {permissions}");
            // Permission is judged before the request is.
            test(server, "dan", target, &permissions).await.expect(403);
        }
        test(server, "ada", target, &json!(vec![read; 100])).await.expect(200);
        let path = format!("{NORTHWIND}{target}:testPermissions");
        let unknown = Some(json!({"permissions": [read], "resource": "x"}));
        server.send("ada", Method::POST, &path, unknown).await.expect(400);
        server.send("ada", Method::POST, &format!("{path}?a=b"), Some(json!({}))).await.expect(400);
        server.send("ada", Method::POST, &path, None).await.expect(400);
        let path = format!("{NORTHWIND}{target}:forget");
        server.send("ada", Method::POST, &path, Some(json!({}))).await.expect(404);
    }
}
