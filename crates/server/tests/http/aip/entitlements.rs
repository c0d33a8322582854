//! How much of each metered feature an organization uses, and how much it may.

use reqwest::Method;
use serde_json::json;

use crate::harness::{TestServer, both_alone};

both_alone!(limits_are_set_and_lifted, a_trial_is_set_by_who_runs_the_server);

const ALL: &str = "/api/v1/organizations/northwind/entitlements";

async fn limits_are_set_and_lifted(server: &TestServer) {
    assert_eq!(server.get("ada", ALL).await.expect(200)["entitlements"], json!([]));
    let one = format!("{ALL}/pipeline");
    let unused = server.get("cleo", &one).await.expect(200);
    assert_eq!((&unused["used_count"], unused.get("limit")), (&json!(0), None));
    let rehearsed = format!("{one}?validate_only=true");
    server.send("root", Method::PATCH, &rehearsed, Some(json!({"limit": 3}))).await.expect(200);
    assert!(server.get("ada", &one).await.expect(200).get("limit").is_none());
    for (feature, limit) in [("pipeline", json!(3)), ("model", json!(0)), ("stack", json!((1u64 << 53) - 1))]
    {
        let path = format!("{ALL}/{feature}");
        let set = server.send("root", Method::PATCH, &path, Some(json!({"limit": limit}))).await.expect(200);
        assert_eq!((&set["feature"], &set["limit"]), (&json!(feature), &limit));
        assert_eq!(server.get("ada", &path).await.expect(200), set);
        let name = set["name"].as_str().unwrap();
        assert_eq!(server.get("ada", &format!("/api/v1/{name}")).await.expect(200), set);
    }
    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let page = server.get("ada", &format!("{ALL}?page_size=2&page_token={token}")).await.expect(200);
        let rows = page["entitlements"].as_array().unwrap().iter();
        seen.extend(rows.map(|row| row["feature"].as_str().unwrap().to_owned()));
        page["next_page_token"].as_str().unwrap().clone_into(&mut token);
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["model", "pipeline", "stack"]);
    // The vendor's client hears of it at the next thing that it makes.
    let northwind = server.organization("northwind");
    let asked = format!("/organizations/{northwind}/entitlement/model");
    server.get("ada", &asked).await.expect(402);
    let lifted =
        server.send("root", Method::PATCH, &format!("{ALL}/model"), Some(json!({"limit": null}))).await;
    assert!(lifted.expect(200).get("limit").is_none());
    server.get("ada", &asked).await.expect(200);
    // By who runs the server alone; whoever else asks is told nothing.
    for who in ["ada", "oscar", "cleo", "dan", "northwind-ci"] {
        for body in [json!({"limit": 1}), json!({"limit": -1})] {
            server.send(who, Method::PATCH, &one, Some(body)).await.expect(403);
        }
    }
    server.get("dan", ALL).await.expect(403);
    server.get("dan", &one).await.expect(403);
    for body in [
        json!({}),
        json!({"limit": -1}),
        json!({"limit": 1.5}),
        json!({"limit": "3"}),
        json!({"limit": 1u64 << 53}),
        json!({"limit": 1, "colour": "red"}),
    ] {
        let answer = server.send("root", Method::PATCH, &one, Some(body.clone())).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
    }
    let long = format!("{ALL}/{}", "x".repeat(61));
    server.send("root", Method::PATCH, &long, Some(json!({"limit": 1}))).await.expect(400);
}

async fn a_trial_is_set_by_who_runs_the_server(server: &TestServer) {
    let path = "/api/v1/organizations/northwind";
    let end = "2031-02-03T04:05:06.000000Z";
    let wanted = json!({"trial_end_time": "2031-02-03T05:05:06+01:00"});
    server.send("ada", Method::PATCH, path, Some(wanted.clone())).await.expect(403);
    assert!(server.get("ada", path).await.expect(200).get("trial_end_time").is_none());
    let set = server.send("root", Method::PATCH, path, Some(wanted)).await.expect(200);
    assert_eq!(set["trial_end_time"], end);
    // Who writes back what is shown, changes nothing of it; who leaves it out neither.
    let mut shown = server.get("ada", path).await.expect(200);
    shown["description"] = json!("Above the Arctic circle");
    shown.as_object_mut().unwrap().remove("etag");
    let changed = server.send("ada", Method::PATCH, path, Some(shown)).await.expect(200);
    assert_eq!(
        (&changed["trial_end_time"], &changed["description"]),
        (&json!(end), &json!("Above the Arctic circle"))
    );
    for body in [json!({"trial_end_time": null}), json!({"trial_end_time": "2041-02-03T04:05:06Z"})] {
        server.send("ada", Method::PATCH, path, Some(body)).await.expect(403);
    }
    let wrong = server.send("root", Method::PATCH, path, Some(json!({"trial_end_time": "soon"}))).await;
    assert_eq!(wrong.expect(400)["details"][1]["field_violations"][0]["field"], "trial_end_time");
    let lifted = server.send("root", Method::PATCH, path, Some(json!({"trial_end_time": null}))).await;
    assert!(lifted.expect(200).get("trial_end_time").is_none());
    let all = "/api/v1/organizations";
    let new = json!({"title": "Trial", "trial_end_time": end});
    server.send("ada", Method::POST, all, Some(new.clone())).await.expect(403);
    assert_eq!(server.send("root", Method::POST, all, Some(new)).await.expect(200)["trial_end_time"], end);
}
