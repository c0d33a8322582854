//! `/teams` and `/organizations/{organization}/teams`.

use serde_json::{Value, json};

use crate::world::{Answer, World};

const RANDOM: &str = "01900000-0000-7000-8000-000000000000";

impl World {
    /// A team made through the dialect: its id.
    pub(crate) async fn team(&self, token: &str, organization: &str, name: &str) -> String {
        let body = json!({ "name": name, "organization_id": organization });
        let made = self.json("POST", "/teams", token, &body).await.ok();
        made["id"].as_str().unwrap().to_owned()
    }

    /// A request without a body: ZenML carries many of its changes in the query.
    pub(crate) async fn ask(&self, method: &str, path: &str, token: &str) -> Answer {
        self.send(method, path, &[("authorization", &format!("Bearer {token}"))], "").await
    }

    /// The id of a role by its name.
    pub(crate) async fn role(&self, token: &str, organization: &str, name: &str) -> String {
        let path = format!("/organizations/{organization}/roles?name={}", name.replace(' ', "%20"));
        let found = self.ask("GET", &path, token).await.ok();
        found[0]["id"].as_str().unwrap_or_else(|| panic!("no role {name}: {found}")).to_owned()
    }

    /// A member of the organization, made so by the owner through the dialect.
    pub(crate) async fn member_of(&self, organization: &str, name: &str) -> tenantry_testkit::Member {
        let user = self.user(name).await;
        let role = self.role(&self.admin.token, organization, "Organization Member").await;
        let path = format!("/roles/{role}/assignments?user_id={}", user.id());
        self.ask("POST", &path, &self.admin.token).await.ok();
        user
    }
}

#[tokio::test]
async fn one_is_made_changed_and_deleted() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let org = world.organization(&ada, "North Sea").await;
    let body = json!({ "name": "Tides", "organization_id": org, "colour": "blue" });
    let made = world.json("POST", "/teams", &ada.token, &body).await.ok();
    let expected = json!({
        "id": made["id"],
        "name": "Tides",
        "description": null,
        "created": made["created"],
        "updated": made["created"],
        "member_count": 0,
        "organization_id": org,
    });
    assert_eq!(made, expected);
    let path = format!("/teams/{}", made["id"].as_str().unwrap());
    assert_eq!(world.get(&path, &ada).await.ok(), made);
    let again = json!({ "name": "TIDES", "organization_id": org });
    assert_eq!(world.json("POST", "/teams", &ada.token, &again).await.status, 409);
    world.tick();
    let described = json!({ "description": "Twice a day." });
    let changed = world.json("PATCH", &path, &ada.token, &described).await.ok();
    assert_eq!((&changed["name"], &changed["description"]), (&json!("Tides"), &json!("Twice a day.")));
    assert!(changed["updated"].as_str() > made["updated"].as_str());
    let renamed = world.json("PATCH", &path, &ada.token, &json!({ "name": "Ebb" })).await.ok();
    assert_eq!(renamed["description"], "Twice a day.");
    let cleared = json!({ "name": null, "description": null });
    let cleared = world.json("PATCH", &path, &ada.token, &cleared).await.ok();
    assert_eq!((&cleared["name"], &cleared["description"]), (&json!("Ebb"), &json!(null)));
    world.team(&ada.token, &org, "Flow").await;
    let list = format!("/organizations/{org}/teams");
    assert_eq!(world.get(&list, &ada).await.all("name"), ["Flow", "Ebb"]);
    assert_eq!(world.get(&format!("{list}?limit=1&offset=1"), &ada).await.all("name"), ["Ebb"]);
    assert_eq!(world.get(&format!("{list}?name=Flow"), &ada).await.all("name"), ["Flow"]);
    assert_eq!(world.ask("DELETE", &path, &ada.token).await.ok(), json!(null));
    world.get(&path, &ada).await.refused(404, &json!(["KeyError", "team not found"]));
}

#[tokio::test]
async fn members_come_go_and_wait() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let org = world.organization(&ada, "North Sea").await;
    let bob = world.member_of(&org, "bob").await;
    let team = world.team(&ada.token, &org, "Tides").await;
    let path = format!("/teams/{team}/members");
    let with_bob = format!("{path}?user_id={}", bob.id());
    assert_eq!(world.ask("POST", &with_bob, &ada.token).await.ok(), json!(null));
    assert_eq!(world.ask("POST", &with_bob, &ada.token).await.status, 409);
    let role = world.role(&ada.token, &org, "Organization Member").await;
    let invite = json!({ "email": "eve@tenantry.example", "role_id": role });
    let invitations = format!("/organizations/{org}/invitations");
    let invited = world.json("POST", &invitations, &ada.token, &invite).await.ok();
    let invitation = invited["id"].as_str().unwrap();
    let with_eve = format!("{path}?invitation_id={invitation}");
    world.ask("POST", &with_eve, &ada.token).await.ok();
    let members = world.get(&path, &ada).await.ok();
    let members = members.as_array().unwrap();
    assert_eq!(members.len(), 2);
    assert!(members.iter().any(|it| it["user"]["username"] == "bob" && it["invitation"] == json!(null)));
    let waits = |it: &Value| it["invitation"]["email"] == "eve@tenantry.example" && it["user"] == json!(null);
    assert!(members.iter().any(waits));
    assert_eq!(world.get(&format!("/teams/{team}"), &bob).await.ok()["member_count"], 1);
    // Members see the team, and not who is invited to it.
    assert_eq!(world.get(&path, &bob).await.ok().as_array().unwrap().len(), 1);
    let eve = world.user("eve").await;
    let accepted = world.ask("POST", &format!("/invitations/{invitation}?accept=True"), &eve.token).await;
    assert_eq!(accepted.ok(), json!(org));
    let users: Vec<_> = world.get(&path, &ada).await.ok().as_array().unwrap().clone();
    assert!(users.iter().any(|it| it["user"]["username"] == "eve"));
    world.ask("DELETE", &with_bob, &ada.token).await.ok();
    world.ask("DELETE", &with_bob, &ada.token).await.refused(404, &json!(["KeyError", "member not found"]));
    let both = format!("{with_bob}&invitation_id={invitation}");
    for wrong in [path.as_str(), &both] {
        let expected = json!(["ValueError", "expected either user_id or invitation_id"]);
        world.ask("POST", wrong, &ada.token).await.refused(400, &expected);
    }
    let malformed = world.ask("POST", &format!("{path}?user_id=bob"), &ada.token).await;
    assert_eq!(malformed.status, 422);
    assert_eq!(malformed.body["detail"][0]["loc"], json!(["query", "user_id"]));
}

#[tokio::test]
async fn bodies_are_refused_by_field() {
    let world = World::start().await;
    let org = world.organization(&world.admin, "North Sea").await;
    let cases = [
        (json!({ "organization_id": org, "name": "" }), 422, json!(["body", "name"])),
        (json!({ "organization_id": org, "name": "x".repeat(51) }), 422, json!(["body", "name"])),
        (json!({ "organization_id": "north-sea", "name": "T" }), 422, json!(["body", "organization_id"])),
        (json!({ "organization_id": RANDOM, "name": "T" }), 404, json!(null)),
    ];
    for (body, status, loc) in cases {
        let answer = world.json("POST", "/teams", &world.admin.token, &body).await;
        assert_eq!(answer.status, status, "{body}: {answer:?}");
        if status == 422 {
            assert_eq!(answer.body["detail"][0]["loc"], loc, "{body}");
        }
    }
    for body in [json!({}), json!([]), json!({ "name": 1, "organization_id": org })] {
        assert_eq!(world.json("POST", "/teams", &world.admin.token, &body).await.status, 422, "{body}");
    }
}

/// Real or not, what the caller may not know of gets the same answer, to the last header.
#[tokio::test]
async fn what_is_another_tenants_is_as_unknown_as_any() {
    let world = World::start().await;
    let (ada, eve) = (world.user("ada").await, world.user("eve").await);
    let theirs = world.organization(&ada, "North Sea").await;
    let ours = world.organization(&eve, "South").await;
    let role = world.role(&ada.token, &theirs, "Organization Member").await;
    let team = world.team(&ada.token, &theirs, "Tides").await;
    let own_team = world.team(&eve.token, &ours, "Own").await;
    let own_role = world.role(&eve.token, &ours, "Organization Viewer").await;
    let invite = json!({ "email": "x@tenantry.example", "role_id": role });
    let invited = format!("/organizations/{theirs}/invitations");
    let invited = world.json("POST", &invited, &ada.token, &invite).await.ok();
    let invited = invited["id"].as_str().unwrap().to_owned();
    let user = ada.id().to_string();
    let cases: Vec<(&str, String, &str)> = vec![
        ("GET", "/teams/{}".into(), &team),
        ("PATCH", "/teams/{}".into(), &team),
        ("DELETE", "/teams/{}".into(), &team),
        ("GET", "/teams/{}/members".into(), &team),
        ("POST", format!("/teams/{{}}/members?user_id={}", eve.id()), &team),
        ("DELETE", format!("/teams/{{}}/members?user_id={user}"), &team),
        ("POST", format!("/teams/{own_team}/members?user_id={{}}"), &user),
        ("DELETE", format!("/teams/{own_team}/members?user_id={{}}"), &user),
        ("POST", format!("/teams/{own_team}/members?invitation_id={{}}"), &invited),
        ("GET", "/roles/{}".into(), &role),
        ("PATCH", "/roles/{}".into(), &role),
        ("DELETE", "/roles/{}".into(), &role),
        ("GET", "/roles/{}/assignments".into(), &role),
        ("POST", format!("/roles/{{}}/assignments?user_id={}", eve.id()), &role),
        ("DELETE", format!("/roles/{{}}/assignments?user_id={user}"), &role),
        ("POST", format!("/roles/{own_role}/assignments?user_id={{}}"), &user),
        ("POST", format!("/roles/{own_role}/assignments?team_id={{}}"), &team),
        ("POST", format!("/roles/{own_role}/assignments?invitation_id={{}}"), &invited),
        ("DELETE", format!("/roles/{own_role}/assignments?team_id={{}}"), &team),
        ("GET", "/invitations/{}".into(), &invited),
        ("POST", "/invitations/{}?accept=True".into(), &invited),
        ("POST", "/invitations/{}?accept=False".into(), &invited),
        ("DELETE", format!("/organizations/{ours}/invitations/{{}}"), &invited),
        ("GET", "/users/{}".into(), &user),
        ("GET", "/organizations/{}/members".into(), &theirs),
        ("DELETE", format!("/organizations/{ours}/members?user_id={{}}"), &user),
        ("GET", format!("/organizations/{ours}/roles?user_id={{}}"), &user),
    ];
    for (method, path, real) in cases {
        let body = if method == "PATCH" { "{}" } else { "" };
        let bearer = format!("Bearer {}", eve.token);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let mut answers = Vec::new();
        for id in [real, RANDOM] {
            answers.push(world.send(method, &path.replace("{}", id), &headers, body).await);
        }
        let [real, random] = <[Answer; 2]>::try_from(answers).unwrap();
        assert_eq!((real.status, &real.body), (random.status, &random.body), "{method} {path}");
        assert_eq!(real.headers, random.headers, "{method} {path}");
        if !path.contains("roles?") {
            assert_eq!(real.status, 404, "{method} {path}: {:?}", real.body);
        }
    }
}
