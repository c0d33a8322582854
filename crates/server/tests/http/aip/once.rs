//! Requests with a `request_id` (AIP-155) and with preconditions (AIP-154, RFC 9110).

use reqwest::Method;
use reqwest::header::IF_MATCH;
use serde_json::json;

use crate::harness::{Answer, TestServer, both_alone, client};
use crate::matrix::{rows, things};
use crate::reference::Reference;

both_alone!(
    repeats_the_answer,
    belongs_to_one_request,
    minds_preconditions,
    goes_on_with_the_tag_of_the_answer,
    makes_nothing_for_who_relies_on_something,
    repeats_the_answer_of_every_operation,
);

const LIST: &str = "/api/v1/organizations/northwind/workspaces";
const ID: &str = "0190b0a0-0000-7000-8000-0000000000aa";

async fn repeats_the_answer(server: &TestServer) {
    let made = format!("{LIST}?request_id={ID}");
    let rehearsed = format!("{made}&validate_only=true");
    let body = json!({"title": "Dogger Bank", "workspace_icon": "wave"});
    // A rehearsal has no effect, so it does not use up the id.
    server.send("ada", Method::POST, &rehearsed, Some(body.clone())).await.expect(200);
    let first = server.send("ada", Method::POST, &made, Some(body)).await;
    first.expect(200);
    let path = format!("/api/v1/{}", first.json()["name"].as_str().unwrap());
    server.send("ada", Method::PATCH, &path, Some(json!({"title": "Viking Bank"}))).await.expect(200);
    // The members in another order, the id in other letters, and a resource that has changed since.
    let made = format!("{LIST}?request_id={}", ID.to_uppercase());
    let body = json!({"workspace_icon": "wave", "title": "Dogger Bank"});
    let again = server.send("ada", Method::POST, &made, Some(body)).await;
    assert_eq!((again.status, &again.text), (200, &first.text));
    assert_eq!(again.headers["etag"], "\"1\"");

    // What is gone answers a repetition of its own deletion.
    let delete = format!("{path}?request_id={ID}&force=true");
    server.send("ben", Method::DELETE, &delete, None).await.expect(403);
    let delete = delete.replace("aa&", "ab&");
    let gone = server.send("ada", Method::DELETE, &delete, None).await;
    gone.expect(200);
    assert_eq!(server.send("ada", Method::DELETE, &delete, None).await.text, gone.text);
    server.send("ada", Method::DELETE, &path, None).await.expect(404);
}

async fn belongs_to_one_request(server: &TestServer) {
    let made = format!("{LIST}?request_id={ID}");
    server.send("ada", Method::POST, &made, Some(json!({"title": "Fen"}))).await.expect(200);
    let other = server.send("ada", Method::POST, &made, Some(json!({"title": "Moor"}))).await.expect(400);
    assert_eq!(other["details"][1]["field_violations"][0]["field"], "request_id");
    server.send("oscar", Method::POST, &made, Some(json!({"title": "Moor"}))).await.expect(200);
    for bad in ["x", "00000000000000000000000000000000", "1"] {
        let made = format!("{LIST}?request_id={bad}");
        server.send("ada", Method::POST, &made, Some(json!({"title": "Heath"}))).await.expect(400);
        server.send("cleo", Method::POST, &made, Some(json!({"title": "Heath"}))).await.expect(403);
    }
}

async fn minds_preconditions(server: &TestServer) {
    let sea = format!("{LIST}/north-sea");
    let seen = server.get("ada", &sea).await.expect(200);
    let etag = seen["etag"].as_str().unwrap().to_owned();
    let change = |if_match: &str| {
        let request = client().patch(format!("{}{sea}", server.url)).bearer_auth(server.token("ada"));
        request.header(IF_MATCH, if_match.to_owned()).json(&json!({"workspace_icon": "wave"}))
    };
    Answer::of(change(&etag)).await.expect(200);
    for stale in [etag.as_str(), "W/\"1\"", "\"x\"", "none"] {
        let refused = Answer::of(change(stale)).await.expect(412);
        assert_eq!(
            (refused["code"].clone(), refused["details"][0]["reason"].clone()),
            (json!(10), json!("IF_MATCH_STALE"))
        );
    }
    Answer::of(change("*")).await.expect(200);
    // One of several is enough, and where the body names one as well, it is the one that both have.
    let current = server.get("ada", &sea).await.expect(200)["etag"].as_str().unwrap().to_owned();
    Answer::of(change("\"1\", \"x,y\"")).await.expect(412);
    let changed = Answer::of(change(&format!("{etag}, W/\"9\" ,{current}"))).await.expect(200);
    let current = changed["etag"].as_str().unwrap();
    let request = client().patch(format!("{}{sea}", server.url)).bearer_auth(server.token("ada"));
    let request = request.header(IF_MATCH, format!("\"1\", {current}"));
    Answer::of(request.json(&json!({"workspace_icon": "fish", "etag": "\"1\""}))).await.expect(412);
    let stale = json!({"workspace_icon": "", "etag": etag});
    server.send("ada", Method::PATCH, &sea, Some(stale)).await.expect(409);
    // What has no version is not changed by whoever relies on one.
    for (path, body) in [
        (LIST.to_owned(), json!({"title": "Dale"})),
        (format!("{LIST}/north-sea/invites"), json!({"email": "x@y.example", "roles": ["workspace-viewer"]})),
        (format!("{LIST}/north-sea/roles"), json!({"title": "Reader", "permissions": ["read:Workspace"]})),
    ] {
        let relying = format!("{path}?etag=%221%22");
        let refused = server.send("ada", Method::POST, &relying, Some(body)).await.expect(400);
        assert_eq!(refused["details"][1]["field_violations"][0]["field"], "etag", "{path}");
    }
}

/// What is read and what is answered to a change bear the tag that the next change is held to, whether the body has a
/// member for it or not.
async fn goes_on_with_the_tag_of_the_answer(server: &TestServer) {
    let northwind = "/api/v1/organizations/northwind";
    let roles = |role: &str| json!({"roles": [{"name": role}]});
    let time_zone = |zone: &str| json!({"general": {"time_zone": zone}});
    let cleo = server.principal("cleo");
    let cases = [
        (format!("{northwind}/preferences"), [time_zone("Europe/Oslo"), time_zone("Asia/Tokyo")]),
        (format!("{LIST}/north-sea/preferences"), [time_zone("Europe/Oslo"), time_zone("Asia/Tokyo")]),
        (format!("{LIST}/north-sea"), [json!({"workspace_icon": "wave"}), json!({"workspace_icon": "fish"})]),
        (northwind.to_owned(), [json!({"description": "Wind"}), json!({"description": "North"})]),
        (
            format!("{LIST}/reservoir-models/users/{cleo}"),
            [roles("automation-author"), roles("workspace-viewer")],
        ),
        (format!("{northwind}/users/{}", server.principal("oscar")), [roles("member"), roles("org-admin")]),
    ];
    for (place, (path, [first, second])) in cases.into_iter().enumerate() {
        let change = async |tag: &str, query: &str, body: &serde_json::Value| {
            let request = client().patch(format!("{}{path}?{query}", server.url));
            Answer::of(request.bearer_auth(server.token("ada")).header(IF_MATCH, tag).json(body)).await
        };
        let tag = |answer: &Answer| answer.headers["etag"].to_str().unwrap().to_owned();
        let read = server.get("ada", &path).await;
        read.expect(200);
        let once = format!("request_id=0190b0a0-0000-7000-8000-00000000000{place}");
        let changed = change(&tag(&read), &once, &first).await;
        changed.expect(200);
        let again = change(&tag(&read), &once, &first).await;
        assert_eq!((&again.text, tag(&again)), (&changed.text, tag(&changed)), "{path}");
        change(&tag(&read), "", &second).await.expect(412);
        assert_eq!(tag(&server.get("ada", &path).await), tag(&changed), "{path}");
        change(&tag(&changed), "", &second).await.expect(200);
    }
}

/// Where there is nothing, there is no version of it, and nothing for `If-Match: *` to match either (RFC 9110).
async fn makes_nothing_for_who_relies_on_something(server: &TestServer) {
    let missing = format!("{LIST}/{ID}?allow_missing=true");
    let relying = json!({"title": "Dale", "etag": "\"1\""});
    let refused = server.send("ada", Method::PATCH, &missing, Some(relying)).await.expect(409);
    assert_eq!((&refused["code"], &refused["details"][0]["reason"]), (&json!(10), &json!("ETAG_STALE")));
    server
        .send("ada", Method::PATCH, &format!("{missing}&etag=%221%22"), Some(json!({"title": "Dale"})))
        .await
        .expect(409);
    let relying = async |method: &Method, path: &str, tag: &str, body: &serde_json::Value| {
        let request = client()
            .request(method.clone(), format!("{}{path}", server.url))
            .bearer_auth(server.token("root"));
        Answer::of(request.header(IF_MATCH, tag).json(body)).await
    };
    let northwind = "/api/v1/organizations/northwind";
    let (user, email) = (json!({"name": server.principal("kit")}), "x@y.example");
    for (method, path, body) in [
        (Method::PATCH, missing.clone(), json!({"title": "Dale"})),
        (Method::POST, LIST.to_owned(), json!({"title": "Dale"})),
        (Method::POST, "/api/v1/organizations".to_owned(), json!({"title": "Dale"})),
        (Method::POST, "/api/v1/users".to_owned(), json!({"email": email})),
        (Method::POST, format!("{northwind}/roles"), json!({"title": "Dale"})),
        (Method::POST, format!("{northwind}/invites"), json!({"email": email})),
        (Method::POST, format!("{northwind}/apiKeys"), json!({"title": "Dale"})),
        (
            Method::POST,
            format!("{northwind}/users"),
            json!({"user": user, "roles": [{"name": "organization-member"}]}),
        ),
    ] {
        for tag in ["*", "\"1\""] {
            let refused = relying(&method, &path, tag, &body).await.expect(412);
            assert_eq!(refused["details"][0]["reason"], "IF_MATCH_STALE", "{method} {path}");
        }
    }
    server.get("ada", &format!("{LIST}/{ID}")).await.expect(404);
    // What is there fulfils it.
    let invited = server
        .send("ada", Method::POST, &format!("{northwind}/invites"), Some(json!({"email": email})))
        .await;
    let invite = format!("{northwind}/invites/{}", invited.expect(200)["invitation_id"].as_str().unwrap());
    relying(&Method::DELETE, &invite, "*", &json!({})).await.expect(200);
}

/// What the body of the matrix does not bring about, or what was taken away before.
const UNPROVED: [&str; 27] = [
    "400 POST /api/v1/me:requestEmailVerification",
    "409 PATCH /api/v1/organizations/{organization}",
    "409 POST /api/v1/organizations/{organization}:undelete",
    "403 POST /api/v1/organizations/{organization}/invitations/{invitation}:accept",
    "403 POST /api/v1/organizations/{organization}/invitations/{invitation}:decline",
    "400 POST /api/v1/organizations/{organization}/users",
    "400 PATCH /api/v1/organizations/{organization}/users/{user}",
    "409 PATCH /api/v1/organizations/{organization}/workspaces/{workspace}",
    "409 POST /api/v1/organizations/{organization}/workspaces/{workspace}:undelete",
    "400 POST /api/v1/organizations/{organization}/workspaces/{workspace}:rotateEnrollmentKey",
    "404 PATCH /api/v1/organizations/{organization}/workspaces/{workspace}/roles/{role}",
    "400 POST /api/v1/organizations/{organization}/workspaces/{workspace}/users",
    "400 PATCH /api/v1/organizations/{organization}/workspaces/{workspace}/users/{user}",
    "400 POST /api/v1/me/devices:approve",
    "400 POST /api/v1/me/devices:deny",
    "403 POST /api/v1/issuers",
    "403 PATCH /api/v1/issuers/{issuer}",
    "404 DELETE /api/v1/organizations/{organization}/workspaces/{workspace}/invites/{invitation}",
    "404 DELETE /api/v1/organizations/{organization}/workspaces/{workspace}/roles/{role}",
    "404 DELETE /api/v1/organizations/{organization}/workspaces/{workspace}/roleAssignments/{assignment}",
    "400 DELETE /api/v1/organizations/{organization}/users/{user}",
    "404 DELETE /api/v1/organizations/{organization}/roleAssignments/{assignment}",
    "404 DELETE /api/v1/me/tokens/{token}",
    "404 DELETE /api/v1/me/sessions/{session}",
    "404 DELETE /api/v1/me/authorizations/{authorization}",
    "400 DELETE /api/v1/users/{user}",
    "403 DELETE /api/v1/issuers/{issuer}",
];

/// Every operation that takes a `request_id`, with the body that the matrix has for it, in earnest: what was done is answered
/// the same again, without its secrets, and nothing fails.
async fn repeats_the_answer_of_every_operation(server: &TestServer) {
    let reference = Reference::of(&server.url);
    let takes: Vec<_> = reference
        .operations()
        .filter(|(_, _, operation)| {
            let parameters = operation["parameters"].as_array().unwrap();
            parameters.iter().any(|parameter| parameter["name"] == "request_id")
        })
        .map(|(method, path, _)| (method, path.to_owned()))
        .collect();
    assert!(takes.len() > 50, "{}", takes.len());
    let mut ids = things(server, "ada", "northwind", "cleo").await;
    ids.workspace = server.workspace("northwind", "ada", "Reservoir Models").await;
    let mut wanted: Vec<_> = rows()
        .into_iter()
        .filter(|row| takes.iter().any(|(method, path)| method == row.method && path == row.path))
        .collect();
    assert_eq!(wanted.len(), takes.len());
    // What is taken away is taken away last, and what holds other things last of all.
    let holds_others = |path: &str| path.split('/').count();
    wanted.sort_by_key(|row| match row.method {
        "DELETE" => (1, usize::MAX - holds_others(row.path)),
        _ => (0, 0),
    });
    let mut unproved = Vec::new();
    for (at, row) in wanted.iter().enumerate() {
        let of_the_server =
            row.path.starts_with("/api/v1/users") || row.path.ends_with("/entitlements/{feature}");
        let who = if of_the_server { "root" } else { "ada" };
        let query = row.query.replace("validate_only=true", "");
        let id = format!("0190b0a0-0000-7000-8000-{at:012x}");
        let path = format!("{}?{query}&request_id={id}", ids.fill(row.path));
        let body = || -> Option<serde_json::Value> {
            row.body.as_ref().map(|body| serde_json::from_str(&ids.fill(&body.to_string())).unwrap())
        };
        let method = || Method::from_bytes(row.method.as_bytes()).unwrap();
        let first = server.send(who, method(), &path, body()).await;
        assert!(first.status < 500, "{} {}: {} {}", row.method, row.path, first.status, first.text);
        if first.status != 200 {
            unproved.push(format!("{} {} {}", first.status, row.method, row.path));
            continue;
        }
        let again = server.send(who, method(), &path, body()).await.expect(200);
        let mut told = first.json();
        for secret in ["secret", "link", "token", "api_key", "client_secret"] {
            told.as_object_mut().unwrap().remove(secret);
        }
        assert_eq!(again, told, "{} {}", row.method, row.path);
    }
    assert_eq!(unproved, UNPROVED);
}
