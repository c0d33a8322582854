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
    {"code":16,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"tenantry","metadata":{},"reason":"CREDENTIAL_MISSING"}],"message":"a credential is required"}
    {"code":16,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"tenantry","metadata":{},"reason":"CREDENTIAL_INVALID"}],"message":"the credential is not valid"}
    {"code":7,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"tenantry","metadata":{},"reason":"TARGET_HIDDEN"}],"message":"permission denied on the resource, or it does not exist"}
    {"code":7,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"tenantry","metadata":{},"reason":"PERMISSION_DENIED"}],"message":"this needs the permission read:WorkspaceInvitation"}
    {"code":5,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"tenantry","metadata":{},"reason":"TARGET_NOT_FOUND"}],"message":"workspace not found"}
    {"code":3,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"tenantry","metadata":{"expected":"title, create_time, update_time","field":"size","parameter":"order_by","position":"0","rule":"form"},"reason":"INVALID_ORDER_BY"},{"@type":"type.googleapis.com/google.rpc.BadRequest","field_violations":[{"description":"Invalid order_by at position 0: unknown path size, expected one of: title, create_time, update_time.","field":"order_by"}]}],"message":"Invalid order_by at position 0: unknown path size, expected one of: title, create_time, update_time."}
    {"code":3,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"tenantry","metadata":{"expected":"an integer from 0 to 2147483647","found":"-1","parameter":"page_size","rule":"form"},"reason":"INVALID_PAGE_SIZE"},{"@type":"type.googleapis.com/google.rpc.BadRequest","field_violations":[{"description":"Invalid page_size: expected an integer from 0 to 2147483647, found \"-1\".","field":"page_size"}]}],"message":"Invalid page_size: expected an integer from 0 to 2147483647, found \"-1\"."}
    {"code":5,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"tenantry","metadata":{},"reason":"ROUTE_UNKNOWN"}],"message":"there is no such method or resource"}
    {"code":12,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"tenantry","metadata":{},"reason":"METHOD_UNKNOWN"}],"message":"the resource has no such method"}
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
    {"code":3,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"tenantry","metadata":{},"reason":"BODY_MALFORMED"}],"message":"not JSON: EOF while parsing an object at line 1 column 1"}
    {"code":3,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"tenantry","metadata":{},"reason":"BODY_MEDIA_TYPE"}],"message":"expected a body of the media type application/json"}
    {"code":3,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"tenantry","metadata":{},"reason":"BODY_TOO_LARGE"}],"message":"the body is larger than 1048576 bytes"}
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
