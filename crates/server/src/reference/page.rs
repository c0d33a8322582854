//! The document as a page of HTML: operations by dialect, then schemas. It reads without its script, which only searches.

use serde_json::{Map, Value};

use super::schema;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The page of a document.
pub(super) fn write(document: &Value) -> String {
    let title = text(&document["info"]["title"]);
    let version = text(&document["info"]["version"]);
    let about = prose(&document["info"]["description"]);
    let operations = operations(document);
    let links: String = list(&document["tags"]).iter().map(link).collect();
    let dialects: String = list(&document["tags"]).iter().map(|tag| dialect(tag, &operations)).collect();
    let schemas: String = members(&document["components"]["schemas"]).map(shape).collect();
    format!(
        r##"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}: the API</title>
<link rel="stylesheet" href="docs/page.css">
<script src="docs/page.js" defer></script>
<header>
<h1>{title} <small>{version}</small></h1>
<input id="search" type="search" placeholder="Search ( / )" aria-label="Search" autocomplete="off" spellcheck="false">
<nav>{links}<a href="#schemas">Schemas</a><a href="openapi.json">OpenAPI</a></nav>
</header>
<main>
{about}
{dialects}<section><h2 id="schemas">Schemas</h2>
{schemas}</section>
<p id="nothing" hidden>Nothing of that name.</p>
</main>
"##
    )
}

struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    what: &'a Value,
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    members(&document["paths"])
        .flat_map(|(path, item)| {
            let found = METHODS.into_iter().filter_map(move |method| Some((method, item.get(method)?)));
            found.map(move |(method, what)| Operation { method, path, what })
        })
        .collect()
}

fn link(tag: &Value) -> String {
    format!("<a href=\"#{}\">{}</a>", text(&tag["name"]), text(&tag["x-displayName"]))
}

fn dialect(tag: &Value, operations: &[Operation<'_>]) -> String {
    let (name, shown, about) = (text(&tag["name"]), text(&tag["x-displayName"]), prose(&tag["description"]));
    let own = operations.iter().filter(|operation| operation.what["tags"][0] == tag["name"]);
    let own: String = own.map(Operation::write).collect();
    format!("<section><h2 id=\"{name}\">{shown}</h2>\n{about}\n{own}</section>\n")
}

fn shape((name, schema): (&String, &Value)) -> String {
    let (id, shown, about) = (schema::anchor(name), escape(name), prose(&schema["description"]));
    let inside = schema::write(schema);
    format!(
        "<details id=\"{id}\"><summary><code>{shown}</code></summary><div>{about}{inside}</div></details>\n"
    )
}

impl Operation<'_> {
    fn write(&self) -> String {
        let Self { method, path, what } = self;
        let (id, summary, about) =
            (text(&what["operationId"]), text(&what["summary"]), prose(&what["description"]));
        let (path, shouted) = (escape(path), method.to_uppercase());
        let (parameters, body, answers) = (self.parameters(), self.body(), self.answers());
        let credentials: Vec<String> =
            list(&what["security"]).iter().flat_map(members).map(|(name, _)| escape(name)).collect();
        let credential = if credentials.is_empty() { "none".to_owned() } else { credentials.join(" or ") };
        format!(
            r#"<details class="operation" id="{id}">
<summary><b class="{method}">{shouted}</b> <code>{path}</code> <span>{summary}</span></summary>
<div>{about}{parameters}{body}{answers}<p class="note">Credential: {credential} · <code>{id}</code></p></div>
</details>
"#
        )
    }

    fn parameters(&self) -> String {
        let rows: String = list(&self.what["parameters"]).iter().map(parameter).collect();
        if rows.is_empty() { rows } else { format!("<h3>Parameters</h3><table>{rows}</table>") }
    }

    fn body(&self) -> String {
        let body = &self.what["requestBody"];
        let need = if body["required"] == true { "" } else { ", may be left out" };
        let write = |(media_type, content): (&String, &Value)| {
            let (media_type, inside) = (escape(media_type), schema::write(&content["schema"]));
            format!("<h3>Body <small>{media_type}{need}</small></h3>{inside}")
        };
        members(&body["content"]).map(write).collect::<Vec<_>>().concat()
    }

    fn answers(&self) -> String {
        let rows: String = members(&self.what["responses"]).map(answer).collect();
        format!("<h3>Answers</h3><table>{rows}</table>")
    }
}

fn parameter(parameter: &Value) -> String {
    let (name, place, about) =
        (text(&parameter["name"]), text(&parameter["in"]), prose(&parameter["description"]));
    let shape = schema::inline(&parameter["schema"]);
    format!("<tr><th><code>{name}</code> <small>{place}</small></th><td>{shape}</td><td>{about}</td></tr>")
}

fn answer((status, answer): (&String, &Value)) -> String {
    let shapes = members(&answer["content"]).map(|(_, content)| schema::inline(&content["schema"]));
    let (shapes, about) = (shapes.collect::<Vec<_>>().join(" or "), text(&answer["description"]));
    format!("<tr><th>{}</th><td>{shapes}</td><td>{about}</td></tr>", escape(status))
}

/// The members of an object, in their order; of anything else there are none.
pub(super) fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A text, escaped.
pub(super) fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

/// Paragraphs, with what stands in backticks as code; empty if there are none.
pub(super) fn prose(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    text.split("\n\n").filter(|text| !text.is_empty()).map(paragraph).collect()
}

fn paragraph(text: &str) -> String {
    let code = |(place, piece): (usize, &str)| match place % 2 {
        0 => escape(piece),
        _ => ["<code>", &escape(piece), "</code>"].concat(),
    };
    let words: String = text.split('`').enumerate().map(code).collect();
    format!("<p>{words}</p>")
}

/// Text that cannot be taken for markup.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
