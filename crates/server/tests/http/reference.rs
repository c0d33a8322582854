//! The document of the API: held to the routers, to the matrix, and to what is answered.

use std::collections::{BTreeSet, HashMap};

use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, TestServer, both, client};
use crate::matrix::{operations, route_of, served};

both!(is_served_once, tells_every_parameter_that_writes_know);

/// The document, and what is needed to hold answers against it.
pub(crate) struct Reference {
    document: Value,
    validators: HashMap<String, Validator>,
}

impl Reference {
    pub(crate) fn of(url: &str) -> Self {
        Self { document: tenantry_server::reference::document(url, None), validators: HashMap::new() }
    }

    /// Every operation: method, path, and what is said of it.
    pub(crate) fn operations(&self) -> impl Iterator<Item = (String, &str, &Value)> {
        let paths = self.document["paths"].as_object().unwrap();
        paths.iter().flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (method.to_uppercase(), path.as_str(), operation))
        })
    }

    /// Whether the operation reads a body.
    pub(crate) fn reads_a_body(&self, method: &str, path: &str) -> bool {
        self.document["paths"][path][method.to_lowercase()].get("requestBody").is_some()
    }

    /// Fails unless the answer is one that the document tells: its status, its media type and its shape.
    pub(crate) fn check(&mut self, method: &str, path: &str, answer: &Answer) {
        let at = format!("{method} {path}: {} {}", answer.status, answer.text);
        let status = answer.status.to_string();
        let told = &self.document["paths"][path][method.to_lowercase()]["responses"][&status];
        assert!(told.is_object(), "the document does not tell of {at}");
        let media_type = answer.headers.get("content-type").map(|it| it.to_str().unwrap());
        let media_type = media_type.map(|it| it.split(';').next().unwrap().to_owned());
        let Some(media_type) = media_type else {
            assert!(told.get("content").is_none(), "the document tells of a body in {at}");
            return;
        };
        assert!(
            told["content"].get(&media_type).is_some(),
            "the document does not tell of {media_type} in {at}"
        );
        if media_type.starts_with("text/") {
            return;
        }
        let schema = &told["content"][&media_type]["schema"];
        // Most refusals share one. A validator holds all that can be referred to, so one for each answer would be gigabytes.
        let validator = self.validators.entry(schema.to_string()).or_insert_with(|| {
            let mut root = schema.clone();
            root["components"] = self.document["components"].clone();
            jsonschema::options().should_validate_formats(true).build(&root).unwrap()
        });
        let faults: Vec<String> = validator
            .iter_errors(&answer.json())
            .map(|fault| format!("{} at {}", fault, fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{at}\nis not of the shape that the document tells: {faults:?}");
    }
}

/// Nothing is served that the document does not tell, nothing is told that is not served, and custom methods are those
/// of which the matrix has rows.
#[test]
fn tells_what_is_served() {
    let reference = Reference::of("https://tenantry.example");
    let told: BTreeSet<_> =
        reference.operations().map(|(method, path, _)| (method, path.to_owned())).collect();
    let routes: BTreeSet<_> =
        served().into_iter().map(|(method, path)| (method, route_of(path).to_owned())).collect();
    let told_routes: BTreeSet<_> =
        told.iter().map(|(method, path)| (method.clone(), route_of(path).to_owned())).collect();
    assert_eq!(told_routes, routes);
    let rows: BTreeSet<_> =
        operations().into_iter().map(|(method, path)| (method.to_owned(), path.to_owned())).collect();
    assert_eq!(told, rows);
}

/// Whatever reads the document by the rules of OpenAPI finds its way.
#[test]
fn is_sound() {
    let reference = Reference::of("https://tenantry.example");
    let mut ids = BTreeSet::new();
    for (method, path, operation) in reference.operations() {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id), "{id} is the id of two operations");
        let in_template: BTreeSet<_> =
            path.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0).collect();
        let parameters = operation["parameters"].as_array().unwrap();
        let of_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
        let of_path: BTreeSet<_> = of_path.map(|parameter| parameter["name"].as_str().unwrap()).collect();
        assert_eq!(of_path, in_template, "{method} {path}");
        let names: BTreeSet<_> = parameters
            .iter()
            .map(|parameter| (parameter["in"].to_string(), parameter["name"].to_string()))
            .collect();
        assert_eq!(names.len(), parameters.len(), "{method} {path} has a parameter twice");
        for scheme in operation["security"].as_array().unwrap() {
            for name in scheme.as_object().unwrap().keys() {
                assert!(reference.document["components"]["securitySchemes"].get(name).is_some(), "{name}");
            }
        }
    }
    let mut left = vec![&reference.document];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(target)) = members.get("$ref") {
                    let found = reference.document.pointer(target.trim_start_matches('#'));
                    assert!(found.is_some(), "{target} leads nowhere");
                }
                left.extend(members.values());
            }
            Value::Array(items) => left.extend(items),
            _ => {}
        }
    }
}

async fn is_served_once(server: &TestServer) {
    let document = server.get("", "/openapi.json").await;
    let expected = tenantry_server::reference::document(&server.url, None);
    assert_eq!(document.expect(200), expected);
    let page = server.get("", "/docs").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    for (_, _, operation) in Reference::of(&server.url).operations() {
        let id = operation["operationId"].as_str().unwrap();
        assert!(page.text.contains(&format!("id=\"{id}\"")), "the page has no {id}");
    }
    // What it needs comes from here, and a browser is told to take nothing from elsewhere.
    assert!(!page.text.contains("src=\"http") && !page.text.contains("href=\"http"));
    assert!(!page.text.contains("<style") && !page.text.contains(" style="));
    assert!(page.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    for path in ["/openapi.json", "/docs", "/docs/page.css", "/docs/page.js"] {
        let first = server.get("", path).await;
        let request = client().get(format!("{}{path}", server.url));
        let again = Answer::of(request.header("if-none-match", &first.headers["etag"])).await;
        assert_eq!((first.status, again.status, &*again.text), (200, 304, ""), "{path}");
    }
}

/// The AIP dialect refuses parameters that a write does not know, by name: none of those that the document tells.
async fn tells_every_parameter_that_writes_know(server: &TestServer) {
    let reference = Reference::of(&server.url);
    for (method, path, operation) in reference.operations() {
        if method == "GET" || operation["tags"][0] != "aip" {
            continue;
        }
        let parameters = operation["parameters"].as_array().unwrap();
        let of_query = parameters.iter().filter(|parameter| parameter["in"] == "query");
        // Empty values are absent ones, and what is only rehearsed leaves things as they are.
        let query: Vec<_> = of_query
            .map(|parameter| match parameter["name"].as_str().unwrap() {
                "validate_only" => "validate_only=true".to_owned(),
                // Nothing was ever at this version.
                "etag" => "etag=%220%22".to_owned(),
                name => format!("{name}="),
            })
            .collect();
        let path = path.replace("{organization}", "northwind").replace("{workspace}", "north-sea");
        let path = path.replace("{user}", &server.principal("ben"));
        let path = format!("{path}?{}", query.join("&"));
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let body = operation.get("requestBody").map(|_| json!({}));
        let answer = server.send("ada", method.clone(), &path, body.clone()).await;
        let refused = ["unknown parameter", "no version"].iter().any(|words| answer.text.contains(words));
        assert!(!refused, "{path}: {}", answer.text);
        // Who minds a version says so.
        if path.contains("validate_only=") && !path.contains("etag=") {
            let held = server.send("ada", method, &format!("{path}&etag=%220%22"), body).await;
            assert_ne!(held.status, 409, "{path} minds a version that the document does not tell");
        }
    }
}
