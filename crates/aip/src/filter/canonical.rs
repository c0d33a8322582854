//! The JSON structure of a filter.

use serde_json::{Value as Json, json};

use super::ast::{Arg, Comparable, Expr, Form, Value};

pub(super) fn expr(expr: &Expr) -> Json {
    match expr {
        Expr::And(parts) => list("and", parts),
        Expr::Seq(parts) => list("seq", parts),
        Expr::Or(parts) => list("or", parts),
        Expr::Not(inner) => json!(["not", self::expr(inner)]),
        Expr::Compare(comparison) => {
            json!(["cmp", comparison.op.as_str(), comparable(&comparison.left), arg(&comparison.right)])
        }
        Expr::Bare(bare) => comparable(bare),
    }
}

fn list(word: &str, parts: &[Expr]) -> Json {
    std::iter::once(json!(word)).chain(parts.iter().map(expr)).collect()
}

fn arg(arg: &Arg) -> Json {
    match arg {
        Arg::Comparable(inner) => comparable(inner),
        Arg::Group { expr: inner, .. } => expr(inner),
    }
}

fn comparable(comparable: &Comparable) -> Json {
    match &comparable.form {
        Form::Value(inner) => value(inner),
        Form::Member { base, fields } => {
            let fields = fields.iter().map(|field| json!(text(field)));
            [json!("member"), value(base)].into_iter().chain(fields).collect()
        }
        Form::Call { name, args } => {
            [json!("call"), json!(name)].into_iter().chain(args.iter().map(arg)).collect()
        }
    }
}

fn value(value: &Value) -> Json {
    json!([if value.quoted { "str" } else { "text" }, text(value)])
}

fn text(value: &Value) -> String {
    let pieces: Vec<String> = value.text.pieces().iter().map(|piece| piece.replace('*', r"\*")).collect();
    pieces.join("*")
}
