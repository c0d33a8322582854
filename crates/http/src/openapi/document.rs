//! The document, written as JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::operation::{Answer, Described, Operation};
use super::{Api, Schemas};

/// What stands on top of a document.
#[derive(Clone, Copy, Debug)]
pub struct Contents<'a> {
    /// What it is of.
    pub title: &'a str,
    /// Of which version.
    pub version: &'a str,
    /// What its readers should know first, in Markdown.
    pub about: &'a str,
    /// The address by which clients reach the server.
    pub address: &'a str,
}

/// The document of all these dialects.
///
/// # Panics
/// When an operation is described twice, a parameter of a path not at all, or two schemas differ under one name. All of
/// that is constant, so the first start of the program tells.
pub fn document(contents: Contents<'_>, apis: &[Api]) -> Value {
    let mut schemas = Schemas::default();
    let (mut paths, mut credentials) = (Map::<String, Value>::new(), Map::new());
    for api in apis {
        credentials.extend(api.credentials.clone());
        for described in &api.operations {
            let method = described.method.as_str().to_ascii_lowercase();
            let item = paths.entry(&described.path).or_insert_with(|| json!({}));
            assert!(item.get(&method).is_none(), "{method} {} is described twice", described.path);
            item[&method] = operation(api, described, &mut schemas);
        }
    }
    let tags =
        apis.iter().map(|api| json!({"name": api.tag, "x-displayName": api.title, "description": api.about}));
    json!({
        "openapi": "3.1.0",
        "info": {"title": contents.title, "version": contents.version, "description": contents.about},
        "servers": [{"url": contents.address}],
        "tags": tags.collect::<Vec<_>>(),
        "paths": paths,
        "components": {"securitySchemes": credentials, "schemas": schemas.into_named()},
    })
}

fn operation(api: &Api, described: &Described, schemas: &mut Schemas) -> Value {
    let operation = &described.operation;
    let parameters = api.parameters_of(&described.path).into_iter().chain(&operation.parameters);
    let mut written = json!({
        "operationId": format!("{}_{}", api.tag, operation.name),
        "tags": [api.tag],
        "summary": operation.summary,
        "description": operation.about,
        "parameters": parameters.map(super::Parameter::write).collect::<Vec<_>>(),
        "security": security(api, operation),
    });
    if let Some(body) = &operation.body {
        let content = json!({body.media_type: {"schema": body.shape.schema(schemas)}});
        written["requestBody"] = json!({"required": body.is_required, "content": content});
    }
    let framing = operation.framing.as_ref().unwrap_or(&api.framing);
    let mut answers = framing.write(operation, schemas);
    answers.extend(operation.answers.iter().map(|told| (told.status, answer(told, schemas))));
    let answers: BTreeMap<String, Value> =
        answers.into_iter().map(|(status, answer)| (status.to_string(), answer)).collect();
    written["responses"] = json!(answers);
    written
}

fn answer(answer: &Answer, schemas: &mut Schemas) -> Value {
    match &answer.shape {
        None => json!({"description": answer.about}),
        Some(shape) => json!({
            "description": answer.about,
            "content": {answer.media_type: {"schema": shape.schema(schemas)}},
        }),
    }
}

/// Any one of the dialect's credentials, or none.
fn security(api: &Api, operation: &Operation) -> Value {
    if operation.is_open {
        return json!([]);
    }
    api.credentials.keys().map(|name| json!({name: []})).collect()
}
