//! The table of what lists can be filtered and ordered by, in `docs/dialects/aip.md`, against the code. `UPDATE_FIELDS=1`
//! writes it anew.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::fmt::Write;

use serde_json::Value;
use tenantry_http::openapi::{Contents, document};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/dialects/aip.md");
const BEGIN: &str = "<!-- fields -->\n";
const END: &str = "<!-- end of fields -->";

#[test]
fn the_page_tells_every_field() {
    let table = table();
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (told, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE_FIELDS").is_some() {
        std::fs::write(PAGE, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert!(told == table, "the page tells other fields than\n{table}\nUPDATE_FIELDS=1 writes it anew");
}

/// One row for each field of each list.
fn table() -> String {
    let contents = Contents { title: "", version: "", about: "", address: "" };
    let document = document(contents, &[tenantry_api_aip::api()]);
    let mut table =
        "| list | field | type | operators of `filter` | in `order_by` |\n|---|---|---|---|---|\n".to_owned();
    for (path, item) in document["paths"].as_object().unwrap() {
        let parameters = item["get"]["parameters"].as_array().map_or(&[][..], Vec::as_slice);
        let told = |name: &str| parameters.iter().find_map(|parameter| parameter.get(name));
        let filtered = told("x-filter-fields").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let ordered: Vec<&str> = texts(told("x-order-fields").map_or(&Value::Null, |order| &order["fields"]));
        let default = told("x-order-fields").map_or("", |order| order["default"].as_str().unwrap());
        let order = |field: &str| match default.split(' ').next() {
            _ if !ordered.contains(&field) => String::new(),
            Some(first) if first == field => format!("yes; `{default}` unless said"),
            _ => "yes".to_owned(),
        };
        let short = path.strip_prefix("/api/v1").unwrap_or(path);
        for row in filtered {
            let field = row["field"].as_str().unwrap();
            let mut kind = row["type"].as_str().unwrap().to_owned();
            if !row["values"].is_null() {
                write!(kind, ": `{}`", texts(&row["values"]).join("`, `")).unwrap();
            }
            if row["searched"] == true {
                kind.push_str("; bare words");
            }
            let operators = row["operators"].as_str().unwrap();
            writeln!(table, "| `{short}` | `{field}` | {kind} | {operators} | {} |", order(field)).unwrap();
        }
        for field in ordered.iter().filter(|field| filtered.iter().all(|row| row["field"] != **field)) {
            writeln!(table, "| `{short}` | `{field}` | | | {} |", order(field)).unwrap();
        }
    }
    table.replace("|  |", "| |")
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().map(|texts| texts.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}
