//! Schemas as HTML: a row for each member, in words where that is shorter.

use serde_json::Value;

use super::page::{escape, list, members, prose, text};

/// A schema with its members.
pub(super) fn write(schema: &Value) -> String {
    let parts = list(&schema["allOf"]);
    if !parts.is_empty() {
        return parts.iter().map(write).collect();
    }
    let required = list(&schema["required"]);
    let row =
        |(name, member): (&String, &Value)| row(name, member, required.iter().any(|known| known == name));
    let rows: String = members(&schema["properties"]).map(row).collect();
    if rows.is_empty() { format!("<p>{}</p>", inline(schema)) } else { format!("<table>{rows}</table>") }
}

fn row(name: &str, member: &Value, is_required: bool) -> String {
    let need = if is_required { " <small>required</small>" } else { "" };
    let (name, shape, about) = (escape(name), inline(member), prose(&member["description"]));
    format!("<tr><th><code>{name}</code>{need}</th><td>{shape}</td><td>{about}</td></tr>")
}

/// A schema in a few words.
pub(super) fn inline(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return format!("<a href=\"#{}\">{}</a>", anchor(name), escape(name));
    }
    for (keyword, between) in [("anyOf", " or "), ("allOf", " and ")] {
        let parts: Vec<String> = list(&schema[keyword]).iter().map(inline).collect();
        if !parts.is_empty() {
            return parts.join(between);
        }
    }
    if let Some(only) = schema.get("const") {
        return code(&only.to_string());
    }
    let words: Vec<String> = list(&schema["enum"]).iter().filter_map(Value::as_str).map(code).collect();
    if !words.is_empty() {
        return format!("<span class=\"choice\">{}</span>", words.join(" "));
    }
    let mut shown = of_type(schema);
    // How many bits a number has is nobody's concern: its bounds are told.
    let format = schema["format"].as_str().filter(|format| !format.contains("int"));
    for more in format.map(escape).into_iter().chain(bounds(schema)) {
        shown = format!("{shown} <small>{more}</small>");
    }
    shown
}

fn of_type(schema: &Value) -> String {
    match &schema["type"] {
        Value::Array(several) => several.iter().map(text).collect::<Vec<_>>().join(" or "),
        Value::String(array) if array == "array" => format!("list of {}", inline(&schema["items"])),
        Value::String(object) if object == "object" => inner(schema),
        Value::String(other) => escape(other),
        _ => "anything".to_owned(),
    }
}

/// An object without a name of its own.
fn inner(schema: &Value) -> String {
    let names: Vec<String> = members(&schema["properties"]).map(member).collect();
    match &schema["additionalProperties"] {
        rest @ Value::Object(_) if names.is_empty() => format!("object of {} by name", inline(rest)),
        _ if schema["maxProperties"] == 0 => "nothing".to_owned(),
        _ if names.is_empty() => "object".to_owned(),
        _ => format!("{{ {} }}", names.join(", ")),
    }
}

fn member((name, schema): (&String, &Value)) -> String {
    format!("{}: {}", code(name), inline(schema))
}

fn bounds(schema: &Value) -> Option<String> {
    const BOUNDS: [(&str, &str, &str); 3] = [
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " of them"),
    ];
    BOUNDS.into_iter().find_map(|(least, most, unit)| match (&schema[least], &schema[most]) {
        (Value::Null, Value::Null) => None,
        (least, Value::Null) => Some(format!("at least {least}{unit}")),
        (Value::Null, most) => Some(format!("at most {most}{unit}")),
        (least, most) => Some(format!("{least} to {most}{unit}")),
    })
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}

/// Where the page has the schema of this name.
pub(super) fn anchor(name: &str) -> String {
    format!("schema-{}", escape(name))
}
