//! Requests with a `request_id` (AIP-155) and with preconditions (AIP-154, RFC 9110).

use reqwest::Method;
use reqwest::header::IF_MATCH;
use serde_json::json;

use crate::harness::{Answer, TestServer, both_alone, client};

both_alone!(
    repeats_the_answer,
    belongs_to_one_request,
    minds_preconditions,
    goes_on_with_the_tag_of_the_answer,
    makes_nothing_for_who_relies_on_something,
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
