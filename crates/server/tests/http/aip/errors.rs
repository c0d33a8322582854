//! The shape of every kind of refusal.

use reqwest::Method;
use serde_json::Value;

use crate::harness::{Answer, TestServer, both, client};

both!(speaks_status, refuses_what_is_no_request);

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
    {"code":7,"message":"permission denied on the resource, or it does not exist","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"TARGET_HIDDEN","domain":"tenantry","metadata":{}}]}
    {"code":7,"message":"this needs the permission read:WorkspaceInvitation","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"PERMISSION_DENIED","domain":"tenantry","metadata":{}}]}
    {"code":5,"message":"workspace not found","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"TARGET_NOT_FOUND","domain":"tenantry","metadata":{}}]}
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
