//! Invitations: made, seen, answered by who is meant and by nobody else, withdrawn, sent again, expired.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{TestServer, both_alone};

both_alone!(
    lead_into_an_organization,
    lead_into_a_workspace,
    are_answered_once_by_the_address,
    are_withdrawn_and_sent_again,
    stand_while_the_inviter_does,
    refuse_bad_input,
);

const ORG: &str = "/api/v1/organizations/northwind";
const KIT: &str = "kit@tenantry.example";

async fn invite(server: &TestServer, who: &str, parent: &str, email: &str, roles: &[&str]) -> Value {
    let body = json!({"email": email, "roles": roles});
    let made = server.send(who, Method::POST, &format!("{parent}/invites"), Some(body)).await.expect(200);
    assert_eq!(made["email"], email);
    assert!(made["secret"].as_str().unwrap().starts_with("tny_inv_"));
    made
}

fn record(made: &Value) -> String {
    format!("{ORG}/invitations/{}", made["invitation_id"].as_str().unwrap())
}

async fn lead_into_an_organization(server: &TestServer) {
    let northwind = server.organization("northwind");
    let admin = format!("organizations/{northwind}/roles/org-admin");
    let made = invite(server, "ada", ORG, KIT, &[&admin, "member"]).await;
    let path = record(&made);
    let pending = server.get("oscar", &format!("{ORG}/invites")).await.expect(200);
    assert!(
        pending["invitations"]
            .as_array()
            .unwrap()
            .contains(&json!({"email": KIT, "invitation_id": made["invitation_id"]}))
    );
    let expected = json!({
        "name": format!("organizations/{northwind}/invitations/{}", made["invitation_id"].as_str().unwrap()),
        "organization_display_name": "northwind",
        "roles": [admin, format!("organizations/{northwind}/roles/member")],
        "is_accepted": false,
    });
    for who in ["kit", "oscar", "root"] {
        assert_eq!(server.get(who, &path).await.expect(200), expected, "{who}");
    }
    for who in ["ben", "dan"] {
        server.get(who, &path).await.expect(403);
    }
    server.get("kit", ORG).await.expect(403);
    let accepted =
        server.send("kit", Method::POST, &format!("{path}:accept"), Some(json!({}))).await.expect(200);
    assert_eq!(
        (accepted["is_accepted"].clone(), accepted["redirect_organization_id"].clone()),
        (json!(true), json!(northwind))
    );
    let kit = server.get("kit", &format!("{ORG}/users?filter=search:kit")).await.expect(200);
    assert_eq!(kit["users"][0]["roles"].as_array().unwrap().len(), 2);
    let again = json!({"email": KIT});
    let member = server.send("ada", Method::POST, &format!("{ORG}/invites"), Some(again)).await.expect(409);
    assert_eq!(member["details"][0]["reason"], "MEMBER_EXISTS");
}

async fn lead_into_a_workspace(server: &TestServer) {
    let sea = format!("{ORG}/workspaces/north-sea");
    let made = invite(server, "ada", &sea, &KIT.to_uppercase(), &[]).await;
    let path = record(&made);
    let seen = server.get("kit", &path).await.expect(200);
    assert_eq!(seen["workspace_display_name"], "North Sea");
    let roles = seen["roles"][0].as_str().unwrap();
    assert!(roles.ends_with("/roles/workspace-viewer") && roles.contains("/workspaces/"));
    // With the secret it is accepted as well, with another one not.
    let accept = format!("{path}:accept");
    let wrong = json!({"secret": "tny_inv_0"});
    server.send("kit", Method::POST, &accept, Some(wrong)).await.expect(400);
    let right = json!({"secret": made["secret"]});
    let accepted = server.send("kit", Method::POST, &accept, Some(right)).await.expect(200);
    assert_eq!(accepted["redirect_workspace_id"], seen["workspace_id"]);
    server.get("kit", &sea).await.expect(200);
    server.get("kit", &format!("{ORG}/workspaces/reservoir-models")).await.expect(403);
}

async fn are_answered_once_by_the_address(server: &TestServer) {
    let made = invite(server, "ada", ORG, KIT, &[]).await;
    let (accept, decline) = (format!("{}:accept", record(&made)), format!("{}:decline", record(&made)));
    let secret = json!({"secret": made["secret"]});
    // Nobody else, whatever they know and hold: the answer is that of an id which nobody has.
    let random = "0190b0a0-0000-7000-8000-0000000000ff";
    let nobodys = format!("{ORG}/invitations/{random}:accept");
    let id = made["invitation_id"].as_str().unwrap();
    for who in ["dan", "ben", "ada", "northwind-ci"] {
        let other = server.send(who, Method::POST, &accept, Some(secret.clone())).await;
        let unknown = server.send(who, Method::POST, &nobodys, Some(secret.clone())).await;
        assert_eq!((other.status, other.text), (403, unknown.text.replace(random, id)), "{who}");
    }
    server.send("kit", Method::POST, &decline, None).await.expect(200);
    for answer in [&accept, &decline] {
        let closed = server.send("kit", Method::POST, answer, None).await.expect(400);
        assert_eq!(
            (closed["code"].clone(), closed["details"][0]["reason"].clone()),
            (json!(9), json!("INVITATION_CLOSED"))
        );
    }
    server.get("kit", ORG).await.expect(403);
    invite(server, "ada", ORG, KIT, &[]).await;
    let pending = json!({"email": "Kit@Tenantry.example"});
    server.send("ada", Method::POST, &format!("{ORG}/invites"), Some(pending)).await.expect(409);
}

async fn are_withdrawn_and_sent_again(server: &TestServer) {
    let made = invite(server, "ada", ORG, KIT, &[]).await;
    let path = record(&made);
    server.send("ben", Method::POST, &format!("{path}:resend"), None).await.expect(403);
    let id = "0190b0a0-0000-7000-8000-0000000000aa";
    let again_path = format!("{path}:resend?request_id={id}");
    let resent = server.send("oscar", Method::POST, &again_path, Some(json!({}))).await.expect(200);
    assert_ne!(resent["secret"], made["secret"]);
    // A repetition is answered, but no secret is shown twice, and none is kept.
    let again = server.send("oscar", Method::POST, &again_path, Some(json!({}))).await.expect(200);
    assert_eq!((again["name"].clone(), again.get("secret")), (resent["name"].clone(), None));
    let accept = format!("{path}:accept");
    let old = json!({"secret": made["secret"]});
    server.send("kit", Method::POST, &accept, Some(old)).await.expect(400);
    let invite_path = format!("{ORG}/invites/{}", made["invitation_id"].as_str().unwrap());
    server.send("ben", Method::DELETE, &invite_path, None).await.expect(403);
    // It is none of a workspace's.
    let elsewhere = invite_path.replace("/invites/", "/workspaces/north-sea/invites/");
    server.send("ada", Method::DELETE, &elsewhere, None).await.expect(404);
    server.send("ada", Method::DELETE, &invite_path, None).await.expect(200);
    server.send("ada", Method::DELETE, &invite_path, None).await.expect(404);
    let new = json!({"secret": resent["secret"]});
    server.send("kit", Method::POST, &accept, Some(new)).await.expect(400);
    server.send("ada", Method::POST, &format!("{path}:resend"), None).await.expect(400);
}

async fn stand_while_the_inviter_does(server: &TestServer) {
    let made = invite(server, "oscar", ORG, KIT, &["org-admin"]).await;
    let oscar = format!("{ORG}/users/{}", server.principal("oscar"));
    let member = json!({"roles": [{"name": "member"}]});
    server.send("ada", Method::PATCH, &oscar, Some(member)).await.expect(200);
    let accept = format!("{}:accept", record(&made));
    let refused = server.send("kit", Method::POST, &accept, None).await.expect(400);
    assert_eq!(refused["details"][0]["reason"], "INVITATION_INVITER");
    // Who sends it again answers for it.
    server.send("ada", Method::POST, &format!("{}:resend", record(&made)), None).await.expect(200);
    server.send("kit", Method::POST, &accept, None).await.expect(200);
    let refused = json!({"email": "x@partner.example", "roles": ["account-owner"]});
    server.send("kit", Method::POST, &format!("{ORG}/invites"), Some(refused)).await.expect(403);
}

async fn refuse_bad_input(server: &TestServer) {
    let invites = format!("{ORG}/invites");
    for (body, field) in [
        (json!({}), "email"),
        (json!({"email": "nobody"}), "email"),
        (json!({"email": "a@b", "roles": ["no such role"]}), "roles"),
        (json!({"email": "a@b", "roles": ["workspace-viewer"]}), "roles"),
        (json!({"email": "a@b", "roles": [1]}), "roles"),
        (json!({"email": "a@b", "colour": 1}), "colour"),
    ] {
        let refused = server.send("ada", Method::POST, &invites, Some(body.clone())).await.expect(400);
        assert_eq!(refused["details"][1]["field_violations"][0]["field"], field, "{body}");
        server.send("ben", Method::POST, &invites, Some(body)).await.expect(403);
    }
}
