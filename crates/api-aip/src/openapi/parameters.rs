//! The parameters that operations share.

use serde_json::{Value, json};
use tenantry_aip::page::{DEFAULT_SIZE, MAX_SIZE};
use tenantry_aip::{EnumType, FieldType, Schema};
use tenantry_http::openapi::Parameter;

use crate::page::Ordering;

/// Which fields to show (AIP-157).
pub(super) fn fields(paths: &[String]) -> Parameter {
    let about = format!("Shows these fields alone: paths with commas between, of {}.", listed(paths));
    Parameter::query("fields", about, paths_schema(paths))
}

/// Which fields to write (AIP-134).
pub(super) fn update_mask(paths: &[String]) -> Parameter {
    let about = format!(
        "Changes these fields alone: paths with commas between, of {}. Without it, what the body has is changed.",
        listed(paths)
    );
    Parameter::query("update_mask", about, paths_schema(paths))
}

pub(super) fn page_size() -> Parameter {
    let about = format!("How many rows at most: {DEFAULT_SIZE} unless said, never more than {MAX_SIZE}.");
    Parameter::query("page_size", about, json!({"type": "integer", "minimum": 0, "maximum": i32::MAX}))
}

pub(super) fn page_token() -> Parameter {
    let about = "The `next_page_token` of the page before; everything else but `page_size` stays as it was.";
    Parameter::query("page_token", about, json!({"type": "string"}))
}

/// By what a list can be filtered (AIP-160).
pub(super) fn filter(schema: &Schema) -> Parameter {
    let fields: Vec<String> = schema.fields().iter().map(|field| format!("`{}`", field.path)).collect();
    let about = format!(
        "An expression (AIP-160) over {}. A bare word is looked for in {}.",
        fields.join(", "),
        schema.searched().join(" and ")
    );
    let example = schema.fields().iter().find_map(|field| match field.kind {
        FieldType::Text => Some(format!("{} = \"North *\"", field.path)),
        _ => None,
    });
    let told = schema.fields().iter().map(|field| {
        let of_enum = |names: EnumType| names.names.iter().map(|name| name.name).collect::<Vec<_>>();
        json!({
            "field": field.path,
            "type": field.kind.describe(),
            "operators": field.kind.operators(),
            "values": if let FieldType::Enum(names) = field.kind { of_enum(names).into() } else { Value::Null },
            "searched": schema.searched().contains(&field.path),
        })
    });
    Parameter::query("filter", about, json!({"type": "string", "examples": example.as_slice()}))
        .with("x-filter-fields", told.collect())
}

/// By what a list can be ordered (AIP-132).
pub(super) fn order_by<F>(ordering: &Ordering<F>) -> Parameter {
    let direction = if ordering.default.descending { " desc" } else { "" };
    let about = format!(
        "Paths with commas between, each with ` desc` behind it for the other way: {}. `{}{direction}` unless said.",
        listed(ordering.paths),
        ordering.default.field,
    );
    let path = format!(r"({})(\s+(asc|desc))?", escaped(ordering.paths).join("|"));
    let pattern = format!(r"^\s*({path}(\s*,\s*{path})*)?\s*$");
    let told = json!({"fields": ordering.paths, "default": format!("{}{direction}", ordering.default.field)});
    Parameter::query("order_by", about, json!({"type": "string", "pattern": pattern}))
        .with("x-order-fields", told)
}

pub(super) fn show_deleted() -> Parameter {
    flag("show_deleted", "Also shows what is deleted and not purged yet.")
}

/// AIP-163.
pub(super) fn validate_only() -> Parameter {
    flag("validate_only", "Does everything but commit, and answers as if it had.")
}

/// AIP-155.
pub(super) fn request_id() -> Parameter {
    let about =
        "Under the same id a request has its effect once; sent again, it is answered the same for 24 hours.";
    Parameter::query("request_id", about, json!({"type": "string", "format": "uuid"}))
}

pub(super) fn force() -> Parameter {
    flag("force", "Also where it ends what others have.")
}

/// AIP-135.
pub(super) fn allow_missing() -> Parameter {
    flag("allow_missing", "Answers success where there is nothing to delete.")
}

/// AIP-134.
pub(super) fn or_made() -> Parameter {
    flag("allow_missing", "Makes it where there is none, if the path has its id.")
}

/// AIP-154.
pub(super) fn etag() -> Parameter {
    let about = "The version that was read; where there is another one by now, nothing is done: 409.";
    Parameter::query("etag", about, json!({"type": "string"}))
}

/// RFC 9110.
pub(super) fn if_match() -> Parameter {
    let about = "The same as a header; where there is another version by now, nothing is done: 412.";
    Parameter::header("If-Match", about, json!({"type": "string"}))
}

/// RFC 9110.
pub(super) fn if_none_match() -> Parameter {
    let about = "The `ETag` of an earlier answer; where it would be the same now, it is not sent again: 304.";
    Parameter::header("If-None-Match", about, json!({"type": "string"}))
}

/// An id of the client's own choice (AIP-133).
pub(super) fn own_id(name: &'static str) -> Parameter {
    Parameter::query(
        name,
        "An id of your own choice, which is taken only from who runs the server.",
        json!({"type": "string", "format": "uuid"}),
    )
}

fn flag(name: &'static str, about: &'static str) -> Parameter {
    Parameter::query(name, about, json!({"type": "boolean", "default": false}))
}

fn listed(paths: &[impl AsRef<str>]) -> String {
    let quoted: Vec<String> = paths.iter().map(|path| format!("`{}`", path.as_ref())).collect();
    quoted.join(", ")
}

fn escaped(paths: &[impl AsRef<str>]) -> Vec<String> {
    paths.iter().map(|path| path.as_ref().replace('.', r"\.")).collect()
}

/// `*`, or some of the paths.
fn paths_schema(paths: &[String]) -> Value {
    let path = format!("({})", escaped(paths).join("|"));
    json!({"type": "string", "pattern": format!(r"^(\*|{path}(,{path})*)?$")})
}
