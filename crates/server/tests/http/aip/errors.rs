//! The shape of every kind of refusal.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, TestServer, both, client};

both!(speaks_status, refuses_what_is_no_request, names_the_resource);

const LIST: &str = "/api/v1/organizations/northwind/workspaces";

/// Each answer in a line.
fn lines(said: &[Value]) -> String {
    said.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

async fn speaks_status(server: &TestServer) {
    let mut said = Vec::new();
    let none = server.get("", LIST).await;
    assert_eq!(none.headers["www-authenticate"], "Bearer");
    said.push(none.expect(401));
    said.push(server.get("tny_pat_wrong", LIST).await.expect(401));
    said.push(server.get("dan", LIST).await.expect(403));
    said.push(server.get("cleo", &format!("{LIST}/reservoir-models/invites")).await.expect(403));
    said.push(server.get("ada", &format!("{LIST}/nowhere")).await.expect(404));
    said.push(server.get("ada", &format!("{LIST}?order_by=size")).await.expect(400));
    said.push(server.get("ada", &format!("{LIST}?page_size=-1")).await.expect(400));
    said.push(server.get("ada", "/api/v1/organizations/x/y/z").await.expect(404));
    said.push(server.send("ada", Method::PUT, LIST, None).await.expect(405));
    insta::allow_duplicates! { insta::assert_snapshot!(lines(&said), @r#"
    {"code":16,"message":"a credential is required","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"CREDENTIAL_MISSING","domain":"tenantry","metadata":{}}]}
    {"code":16,"message":"the credential is not valid","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"CREDENTIAL_INVALID","domain":"tenantry","metadata":{}}]}
    {"code":7,"message":"permission denied on the resource, or it does not exist","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"TARGET_HIDDEN","domain":"tenantry","metadata":{}},{"@type":"type.googleapis.com/google.rpc.ResourceInfo","resource_type":"tenantry/Organization","resource_name":"organizations/northwind"}]}
    {"code":7,"message":"this needs the permission read:WorkspaceInvitation","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"PERMISSION_DENIED","domain":"tenantry","metadata":{}},{"@type":"type.googleapis.com/google.rpc.ResourceInfo","resource_type":"tenantry/Workspace","resource_name":"organizations/northwind/workspaces/reservoir-models"}]}
    {"code":5,"message":"workspace not found","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"TARGET_NOT_FOUND","domain":"tenantry","metadata":{}},{"@type":"type.googleapis.com/google.rpc.ResourceInfo","resource_type":"tenantry/Workspace","resource_name":"organizations/northwind/workspaces/nowhere"}]}
    {"code":3,"message":"Invalid order_by at position 0: unknown path size, expected one of: title, create_time, update_time.","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"INVALID_ORDER_BY","domain":"tenantry","metadata":{"parameter":"order_by","rule":"form","position":"0","field":"size","expected":"title, create_time, update_time"}},{"@type":"type.googleapis.com/google.rpc.BadRequest","field_violations":[{"field":"order_by","description":"Invalid order_by at position 0: unknown path size, expected one of: title, create_time, update_time."}]}]}
    {"code":3,"message":"Invalid page_size: expected an integer from 0 to 2147483647, found \"-1\".","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"INVALID_PAGE_SIZE","domain":"tenantry","metadata":{"parameter":"page_size","rule":"form","expected":"an integer from 0 to 2147483647","found":"-1"}},{"@type":"type.googleapis.com/google.rpc.BadRequest","field_violations":[{"field":"page_size","description":"Invalid page_size: expected an integer from 0 to 2147483647, found \"-1\"."}]}]}
    {"code":5,"message":"there is no such method or resource","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"ROUTE_UNKNOWN","domain":"tenantry","metadata":{}}]}
    {"code":12,"message":"the resource has no such method","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"METHOD_UNKNOWN","domain":"tenantry","metadata":{}}]}
    "#); }
}

async fn refuses_what_is_no_request(server: &TestServer) {
    let mut said = Vec::new();
    let post = |body: &'static str, kind: &'static str| {
        let request = client().post(format!("{}{LIST}", server.url)).bearer_auth(server.token("ada"));
        Answer::of(request.header("content-type", kind).body(body))
    };
    said.push(post("{", "application/json").await.expect(400));
    said.push(post("title=a", "application/x-www-form-urlencoded").await.expect(415));
    assert_eq!(post("{\"title\":\"\\ud800\"}", "application/json").await.status, 400);
    assert_eq!(post("{\"title\":\"a\\u0000\"}", "application/json").await.status, 400);
    let large = client().post(format!("{}{LIST}", server.url)).bearer_auth(server.token("ada"));
    let large = large.header("content-type", "application/json").body("x".repeat(10 << 20));
    said.push(Answer::of(large).await.expect(413));
    insta::allow_duplicates! { insta::assert_snapshot!(lines(&said), @r#"
    {"code":3,"message":"not JSON: EOF while parsing an object at line 1 column 1","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"BODY_MALFORMED","domain":"tenantry","metadata":{}}]}
    {"code":3,"message":"expected a body of the media type application/json","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"BODY_MEDIA_TYPE","domain":"tenantry","metadata":{}}]}
    {"code":3,"message":"the body is larger than 1048576 bytes","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"BODY_TOO_LARGE","domain":"tenantry","metadata":{}}]}
    "#); }
    for query in [
        "filter=%00",
        "filter=%ff",
        "page_size=99999999999",
        "page_size=1&page_size=2",
        "filter=%22",
        "order_by=a,,b",
    ] {
        server.get("ada", &format!("{LIST}?{query}")).await.expect(400);
    }
    for path in ["/api/v1/organizations/%00/workspaces", "/api/v1/organizations/%ff/workspaces"] {
        server.get("ada", path).await.expect(403);
    }
}

/// Each as the request has it, by whatever name; what is hidden tells nothing else.
async fn names_the_resource(server: &TestServer) {
    const NORTHWIND: &str = "organizations/northwind";
    const SEA: &str = "organizations/northwind/workspaces/north-sea";
    let none = "0190b0a0-0000-7000-8000-0000000000ff";
    let cleo = server.principal("cleo");
    let ada = server.principal("ada");
    let [get, post, patch, delete] = [Method::GET, Method::POST, Method::PATCH, Method::DELETE];
    let cases = [
        // Hidden or forbidden: the target.
        ("dan", &get, NORTHWIND.to_owned(), None, 403, "Organization", NORTHWIND.to_owned()),
        ("dan", &get, format!("{NORTHWIND}/users"), None, 403, "Organization", NORTHWIND.to_owned()),
        ("dan", &get, format!("me/{NORTHWIND}/workspaces"), None, 403, "Organization", NORTHWIND.to_owned()),
        (
            "dan",
            &get,
            "organizations/No%20One/roles/x".to_owned(),
            None,
            403,
            "Role",
            "organizations/No One/roles/x".to_owned(),
        ),
        ("cleo", &delete, SEA.to_owned(), None, 403, "Workspace", SEA.to_owned()),
        ("dan", &post, format!("{SEA}:undelete"), None, 403, "Workspace", SEA.to_owned()),
        ("dan", &get, format!("{SEA}/preferences"), None, 403, "Workspace", SEA.to_owned()),
        // Missing: what of the path it is.
        (
            "ada",
            &get,
            format!("{NORTHWIND}/workspaces/nowhere/users"),
            None,
            404,
            "Workspace",
            format!("{NORTHWIND}/workspaces/nowhere"),
        ),
        (
            "ada",
            &get,
            format!("{NORTHWIND}/users/{none}"),
            None,
            404,
            "User",
            format!("{NORTHWIND}/users/{none}"),
        ),
        ("ada", &get, format!("{SEA}/roles/nothing"), None, 404, "Role", format!("{SEA}/roles/nothing")),
        (
            "ada",
            &get,
            format!("{NORTHWIND}/apiKeys/{none}"),
            None,
            404,
            "ApiKey",
            format!("{NORTHWIND}/apiKeys/{none}"),
        ),
        (
            "ada",
            &post,
            format!("{NORTHWIND}/invitations/{none}:resend"),
            None,
            404,
            "Invitation",
            format!("{NORTHWIND}/invitations/{none}"),
        ),
        (
            "ada",
            &delete,
            format!("{SEA}/invites/{none}"),
            None,
            404,
            "Invitation",
            format!("{SEA}/invites/{none}"),
        ),
        // Missing: what the body names.
        (
            "ada",
            &post,
            format!("{NORTHWIND}/workspaces:countUsers"),
            Some(json!({"workspace_ids": [none]})),
            404,
            "Workspace",
            format!("{NORTHWIND}/workspaces/{none}"),
        ),
        // Taken: what has the name.
        (
            "ada",
            &post,
            format!("{NORTHWIND}/workspaces"),
            Some(json!({"title": "NORTH sea"})),
            409,
            "Workspace",
            format!("{NORTHWIND}/workspaces/NORTH sea"),
        ),
        (
            "ada",
            &patch,
            SEA.to_owned(),
            Some(json!({"title": "Reservoir Models"})),
            409,
            "Workspace",
            format!("{NORTHWIND}/workspaces/Reservoir Models"),
        ),
        (
            "root",
            &post,
            format!("{NORTHWIND}/workspaces?workspace_id={ada}"),
            Some(json!({"title": "New"})),
            409,
            "Workspace",
            format!("{NORTHWIND}/workspaces/{ada}"),
        ),
        (
            "ada",
            &post,
            format!("{NORTHWIND}/roles"),
            Some(json!({"title": "release manager", "role_scope": "ROLE_SCOPE_WORKSPACE"})),
            409,
            "Role",
            format!("{NORTHWIND}/roles/release manager"),
        ),
        (
            "root",
            &post,
            "organizations".to_owned(),
            Some(json!({"title": "Southgate"})),
            409,
            "Organization",
            "organizations/Southgate".to_owned(),
        ),
        (
            "ada",
            &post,
            format!("{NORTHWIND}/users"),
            Some(json!({"user": {"name": cleo}, "roles": [{"name": "member"}]})),
            409,
            "User",
            format!("{NORTHWIND}/users/{cleo}"),
        ),
        (
            "ada",
            &post,
            format!("{NORTHWIND}/invites"),
            Some(json!({"email": "cleo@tenantry.example"})),
            409,
            "User",
            format!("{NORTHWIND}/users/cleo@tenantry.example"),
        ),
        // In the way.
        (
            "ada",
            &patch,
            SEA.to_owned(),
            Some(json!({"workspace_icon": "x", "etag": "\"0\""})),
            409,
            "Workspace",
            SEA.to_owned(),
        ),
        ("ada", &delete, format!("{SEA}/users/{ada}"), None, 400, "User", format!("{SEA}/users/{ada}")),
        (
            "ada",
            &delete,
            format!("{NORTHWIND}/roles/member"),
            None,
            400,
            "Role",
            format!("{NORTHWIND}/roles/member"),
        ),
    ];
    for (who, method, path, body, status, of, name) in cases {
        let said = server.send(who, method.clone(), &format!("/api/v1/{path}"), body).await.expect(status);
        let details = said["details"].as_array().unwrap();
        let wanted = json!({
            "@type": "type.googleapis.com/google.rpc.ResourceInfo",
            "resource_type": format!("tenantry/{of}"),
            "resource_name": name,
        });
        assert_eq!(details.iter().skip(1).collect::<Vec<_>>(), [&wanted], "{who} {method} {path}: {said}");
    }
    // Where the request names nothing, nothing is named.
    let relying = format!("/api/v1/{NORTHWIND}/workspaces");
    let request = client().post(format!("{}{relying}", server.url)).bearer_auth(server.token("ada"));
    let said = Answer::of(request.header("if-match", "*").json(&json!({"title": "New"}))).await.expect(412);
    assert_eq!(said["details"].as_array().unwrap().len(), 1);
    for path in ["organizations/%ff", "organizations/northwind:nothing"] {
        let said = server.send("ada", post.clone(), &format!("/api/v1/{path}"), None).await;
        assert!(!said.text.contains("ResourceInfo"), "{}", said.text);
    }
}
