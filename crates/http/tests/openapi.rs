//! The document of a small dialect: what is taken from routes and refusals, and what it does not put up with.

use axum::http::{HeaderMap, Method, StatusCode, header::CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tenantry_core::{Error, Kind};
use tenantry_http::openapi::{Api, Contents, Framing, Operation, Operations, Parameter, Shape, document};
use tenantry_http::{Dialect, Refusal, Routes};

struct Small;

impl Dialect for Small {
    fn refuse(refusal: &Refusal) -> Response {
        let status = match refusal {
            Refusal::Core(error) if error.kind == Kind::Hidden => StatusCode::NOT_FOUND,
            Refusal::Core(error) if error.kind == Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
            Refusal::MalformedBody { .. } => StatusCode::BAD_REQUEST,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, [(CONTENT_TYPE, "application/problem+json")], "{}").into_response()
    }

    fn credential(_: &HeaderMap) -> Result<Option<String>, Error> {
        Ok(None)
    }
}

fn thing(schema: Value) -> Shape {
    Shape::made(move |schemas| schemas.named("Thing", schema.clone()))
}

fn get_thing() -> Operation {
    Operation::new("get_thing", "Get a thing")
        .takes([Parameter::query("fields", "Which to show.", json!({"type": "string"}))])
        .answers(200, "It.", thing(json!({"type": "object"})))
        .refuses(&[Kind::Hidden])
}

fn written(routes: impl FnOnce(Routes) -> Routes, known: &'static str) -> Value {
    let framing = Framing::of::<Small>(Shape::made(|_| json!({"type": "string"})));
    let api = Api::new("small", "Small", framing, routes(Routes::default()))
        .credential("bearer", json!({"type": "http", "scheme": "bearer"}))
        .path(known, "Its id.");
    let contents = Contents { title: "T", version: "1", about: "", address: "https://tenantry.example" };
    document(contents, &[api])
}

fn route(routes: Routes, method: Method, path: &'static str, operations: impl Into<Operations>) -> Routes {
    routes.route(method, path, async || "", operations)
}

#[test]
fn routes_and_refusals_tell_the_rest() {
    let document = written(
        |routes| {
            let routes = route(routes, Method::GET, "/things/{thing}", get_thing());
            let shape = || Shape::made(|_| json!({"type": "object"}));
            let wake = Operation::new("wake", "Wake it").may_read("application/json", shape());
            let lull = Operation::new("lull", "Lull it").open().answers_nothing(204, "It sleeps.");
            route(routes, Method::POST, "/things/{thing}", [("wake", wake), ("lull", lull)])
        },
        "thing",
    );
    let get = &document["paths"]["/things/{thing}"]["get"];
    assert_eq!(get["operationId"], "small_get_thing");
    assert_eq!(get["security"], json!([{"small_bearer": []}]));
    let parameters: Vec<_> =
        get["parameters"].as_array().unwrap().iter().map(|it| (&it["in"], &it["name"])).collect();
    assert_eq!(parameters, [(&json!("path"), &json!("thing")), (&json!("query"), &json!("fields"))]);
    let statuses = |operation: &Value| -> Vec<String> {
        operation["responses"].as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(statuses(get), ["200", "401", "404", "503"]);
    assert!(get["responses"]["404"]["content"]["application/problem+json"].is_object());
    assert_eq!(document["components"]["schemas"], json!({"Thing": {"type": "object"}}));
    // Custom methods are operations of their own.
    let wake = &document["paths"]["/things/{thing}:wake"]["post"];
    assert_eq!(wake["requestBody"]["required"], false);
    assert_eq!(statuses(wake), ["400", "401", "503"]);
    let lull = &document["paths"]["/things/{thing}:lull"]["post"];
    assert_eq!((&lull["security"], statuses(lull)), (&json!([]), vec!["204".to_owned(), "503".to_owned()]));
}

#[test]
#[should_panic(expected = "/things/{thing}: nobody says what thing is")]
fn every_parameter_of_a_path_is_told() {
    written(|routes| route(routes, Method::GET, "/things/{thing}", get_thing()), "other");
}

#[test]
#[should_panic(expected = "two schemas are called Thing")]
fn one_name_is_one_schema() {
    let other = || Operation::new("other", "Other").answers(200, "It.", thing(json!({"type": "string"})));
    written(
        |routes| {
            let routes = route(routes, Method::GET, "/things/{thing}", get_thing());
            route(routes, Method::POST, "/things/{thing}", other())
        },
        "thing",
    );
}

#[test]
#[should_panic(expected = "post /things/{thing}:wake is described twice")]
fn an_operation_is_described_once() {
    let wake = || ("wake", Operation::new("wake", "Wake it"));
    written(|routes| route(routes, Method::POST, "/things/{thing}", [wake(), wake()]), "thing");
}
